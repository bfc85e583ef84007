//! `luqu database`: makes the schema as its owner, and the roles of PostgreSQL that serve and audit.

use clap::Subcommand;

use super::installation::{block_on, existing, of_store, private_folder};
use super::{Exit, data, say};
use crate::config::{Config, Flags, ServerFlags};
use crate::error::Failure;
use crate::store::{Store, roles};

/// The arguments of `luqu database`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 以所有者身份建立或更新数据库结构
    Migrate {
        #[command(flatten)]
        flags: Flags,
    },
    /// 打印建立服务角色和审计角色的 SQL；--apply 直接执行（PostgreSQL，所有者身份）
    Roles {
        #[command(flatten)]
        flags: Flags,
        /// 服务角色：luqu serve 用它连接，不能删除、清空、改结构
        #[arg(long, value_name = "NAME", default_value = "luqu_app")]
        app: String,
        /// 审计角色：只读
        #[arg(long, value_name = "NAME", default_value = "luqu_audit")]
        audit: String,
        /// 直接执行
        #[arg(long)]
        apply: bool,
    },
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        Command::Migrate { flags } => {
            let config = Config::of(flags, &ServerFlags::default())?;
            if config.sqlite_file().is_some() {
                private_folder(&config.data)?;
            }
            block_on(async {
                Store::open(&config.database).await.map_err(of_store)?;
                say(format_args!("数据库结构与程序一致"));
                Ok(Exit::Ok)
            })
        }
        Command::Roles { flags, app, audit, apply } => {
            let config = Config::of(flags, &ServerFlags::default())?;
            block_on(give(&config, app, audit, *apply))
        }
    }
}

async fn give(config: &Config, app: &str, audit: &str, apply: bool) -> Result<Exit, Failure> {
    let usage = |e: crate::store::StoreError| Failure::Usage(e.to_string());
    let store = existing(config).await?;
    if apply {
        let given = store.give_roles(app, audit).await;
        if let Err(error) = &given
            && error.is_forbidden()
        {
            return Err(Failure::NotPermitted(format!(
                "建立角色须有 CREATEROLE 权限：由超级用户执行 ALTER ROLE 所有者 CREATEROLE 后再试，\
                 或由超级用户执行不带 --apply 时打印的 SQL（{error}）"
            )));
        }
        given.map_err(usage)?;
        say(format_args!(
            "已建立角色 {app}（服务）和 {audit}（审计）；请用 \\password 为它们设口令"
        ));
        return Ok(Exit::Ok);
    }
    let name = store.database_name().await.map_err(usage)?;
    for statement in roles::statements(&name, app, audit).map_err(usage)? {
        data(format_args!("{statement};\n"))?;
    }
    Ok(Exit::Ok)
}
