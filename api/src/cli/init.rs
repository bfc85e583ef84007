//! `luqu init DIR`: a folder to start from. With `--demo` a generated season, ready to check and place.

use std::path::PathBuf;

use luqu_fixtures::policies::{self, SHIPPED};
use luqu_fixtures::{DistrictSpec, district};

use super::Exit;
use crate::error::Failure;
use crate::interrupt;
use crate::tables::season_csv::write_season;

/// The arguments of `luqu init`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 要新建的目录；已存在时必须为空
    dir: PathBuf,
    /// 生成 N 名虚构考生的完整招生季（CSV）
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    demo: Option<u32>,
    /// 生成数据的种子；同一种子生成同样的文件
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// 所用的政策，如 qijiang、chengdu-2024
    #[arg(long, value_name = "NAME", default_value = "qijiang-2026")]
    policy: String,
}

pub(super) fn run(args: Args) -> Result<Exit, Failure> {
    let shipped = policies::find(&args.policy).ok_or_else(|| {
        let names: Vec<&str> = SHIPPED.iter().map(|s| s.name).collect();
        Failure::Usage(format!("没有政策 {}；可用的有：{}", args.policy, names.join("、")))
    })?;
    interrupt::listen();
    match args.demo {
        Some(applicants) => demo(&args, applicants, shipped.text),
        None => Err(Failure::Usage(
            "请加 --demo N 生成示例招生季，例如：luqu init demo --demo 500".to_owned(),
        )),
    }
}

fn demo(args: &Args, applicants: u32, policy: &str) -> Result<Exit, Failure> {
    let spec = DistrictSpec::with_policy(applicants, args.seed, policy)
        .map_err(|refusals| Failure::Internal(format!("内置政策被拒绝：{refusals:?}")))?;
    let source = district(&spec);
    write_season(&args.dir, &source.policy, &source.draft)?;
    let dir = args.dir.display();
    anstream::eprintln!(
        "已生成 {dir}：{} 名考生，{} 个志愿，{} 所学校。下一步：luqu check {dir}",
        source.draft.applicants.rows.len(),
        source.draft.wishes.rows.len(),
        source.draft.schools.rows.len(),
    );
    Ok(Exit::Ok)
}
