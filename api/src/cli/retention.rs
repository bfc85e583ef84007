//! `luqu retention`: destroys the personal data of a season past its date, signed by two at this machine.

use super::installation::{block_on, existing, of_store, office, two_people, witnesses};
use super::{Exit, data, refused, say};
use crate::config::{Config, Flags, ServerFlags};
use crate::error::Failure;

/// The arguments of `luqu retention`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    flags: Flags,
    /// 招生季编号
    season: String,
    /// 销毁的依据，记入日志
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// 提交人账号（经办或复核）；密码从标准输入读，每人一行
    #[arg(long, value_name = "NAME")]
    by: String,
    /// 复核人账号，须是另一人
    #[arg(long, value_name = "NAME")]
    and: String,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let config = Config::of(&args.flags, &ServerFlags::default())?;
    block_on(destroy(args, &config))
}

async fn destroy(args: &Args, config: &Config) -> Result<Exit, Failure> {
    let store = existing(config).await?;
    if let Some(difference) = store.difference().await.map_err(of_store)? {
        return Err(Failure::Usage(difference));
    }
    let office = office(config, store)?;
    office.stand_by(&witnesses(config)?).await.map_err(refused)?;
    let [first, second] = two_people(&office, [&args.by, &args.and]).await?;
    let season = args.season.as_str();
    let proposed = office.propose_retention(&first, season, &args.reason).await.map_err(refused)?;
    let destroyed = office
        .approve_retention(&second, season, proposed.decision, &proposed.digest)
        .await
        .map_err(refused)?;
    data(format_args!("{}\n", serde_json::json!(destroyed)))?;
    if !destroyed.scrubbed {
        let tables: Vec<&str> = destroyed.rows.keys().copied().collect();
        say(format_args!(
            "数据已清除，但本角色不能重写数据表：请以所有者执行 VACUUM FULL {}",
            tables.join(", ")
        ));
    }
    say(format_args!("此前的备份、核验包和导出文件中仍有这些数据，请一并销毁"));
    Ok(Exit::Ok)
}
