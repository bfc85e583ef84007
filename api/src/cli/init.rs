//! `luqu init DIR`: a folder to start from – the template workbook and the commented policy. With `--demo`
//! a generated season, ready to check and place.

use std::path::PathBuf;

use luqu_engine::domain::Draft;
use luqu_engine::policy::Policy;
use luqu_fixtures::DistrictSpec;
use luqu_fixtures::policies::{self, SHIPPED};

use super::{Exit, say};
use crate::error::Failure;
use crate::interrupt;
use crate::tables::policy_comments::commented;
use crate::tables::season_csv::write_district;
use crate::tables::template;
use crate::tables::write::atomic;

/// The arguments of `luqu init`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 要新建的目录；已存在时必须为空
    dir: PathBuf,
    /// 生成 N 名虚构考生的完整招生季（CSV）
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000_000))]
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
        None => empty(&args, shipped.text),
    }
}

/// The template and the policy, both empty of people.
fn empty(args: &Args, policy: &str) -> Result<Exit, Failure> {
    let policy = commented(policy);
    let loaded = Policy::load(&policy, None)
        .map_err(|refusals| Failure::Internal(format!("内置政策被拒绝：{refusals:?}")))?;
    atomic::may_replace(&args.dir, |_| false)?;
    let book = template::workbook(&loaded, &Draft::default())?;
    let files = [("season.xlsx", book), ("policy.toml", policy.into_bytes())];
    let made = |name: &str| matches!(name, "season.xlsx" | "policy.toml");
    atomic::replace_folder(&args.dir, made, &files, interrupt::check)?;
    let dir = args.dir.display();
    say(format_args!(
        "已新建 {dir}：season.xlsx（模板，先看“说明”）、policy.toml（{}，标“local, pending”的须核定）。\n\
         填好后运行：luqu check {dir}",
        loaded.id
    ));
    Ok(Exit::Ok)
}

fn demo(args: &Args, applicants: u32, policy: &str) -> Result<Exit, Failure> {
    let spec = DistrictSpec::with_policy(applicants, args.seed, policy)
        .map_err(|refusals| Failure::Internal(format!("内置政策被拒绝：{refusals:?}")))?;
    let [applicants, wishes, schools] = write_district(&args.dir, &spec)?;
    let dir = args.dir.display();
    say(format_args!(
        "已生成 {dir}：{applicants} 名考生，{wishes} 个志愿，{schools} 所学校。下一步：luqu check {dir}"
    ));
    Ok(Exit::Ok)
}
