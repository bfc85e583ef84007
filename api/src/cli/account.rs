//! `luqu account`: the first administrator, made where the data are; nobody is born with a password that others know.

use std::sync::Arc;

use clap::Subcommand;

use super::installation::{existing, keys_of, of_store, private_folder};
use super::{Exit, data, refused, say};
use crate::acts::{ActError, Office};
use crate::config::{Config, Flags, ServerFlags};
use crate::error::Failure;
use crate::ledger::Guard;
use crate::store::Store;

/// The arguments of `luqu account`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 建立系统管理员，密码只显示一次，首次登录须修改
    AddAdmin {
        /// 用户名
        #[arg(default_value = "admin")]
        name: String,
        /// 显示名称
        #[arg(long, default_value = "系统管理员")]
        display: String,
        #[command(flatten)]
        flags: Flags,
    },
    /// 列出账号
    List {
        #[command(flatten)]
        flags: Flags,
    },
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::Internal(e.to_string()))?;
    runtime.block_on(act(args)).map_err(refused)?;
    Ok(Exit::Ok)
}

async fn act(args: &Args) -> Result<(), ActError> {
    let (Command::AddAdmin { flags, .. } | Command::List { flags }) = &args.command;
    let config = Config::of(flags, &ServerFlags::default())?;
    match &args.command {
        Command::AddAdmin { name, display, .. } => {
            private_folder(&config.data)?;
            let store = Store::open(&config.database).await;
            let store = store.map_err(|e| Failure::Usage(e.to_string()))?;
            let keys = keys_of(&config, &store).await?;
            let guard = Guard::at(config.guard.clone());
            let office = Office::new(store, Arc::new(keys)).guarded(guard);
            let password = office.bootstrap_admin(name, display).await?;
            say(format_args!("已建立管理员 {name}，密码只显示这一次，首次登录须修改："));
            data(format_args!("{password}\n"))?;
        }
        Command::List { .. } => {
            let store = existing(&config).await?;
            for account in store.read().accounts().await.map_err(of_store)? {
                let state = if account.disabled { "停用" } else { "启用" };
                let (name, role) = (&account.name, account.role.word());
                data(format_args!("{name}\t{role}\t{state}\t{}\n", account.display))?;
            }
        }
    }
    Ok(())
}
