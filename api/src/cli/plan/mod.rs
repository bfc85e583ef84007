//! `luqu plan`: advice on a draft plan – what it breaks, what conflicts, what to change, the years ahead, one class more.

mod add_class;
mod check;
mod years;

use std::time::{Duration, Instant};

use luqu_engine::plan::Stage;
use luqu_engine::solver::{Backend, Effort};

use super::Exit;
use crate::error::Failure;
use crate::interrupt;

/// The arguments of `luqu plan`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// 体检：计划不符合哪些规定、哪些规定互相矛盾、最省的合法调整
    Check(check::Args),
    /// 分年化解：逐年消除大班额、压减大规模学校的时间表
    Years(years::Args),
    /// 增一个班放在哪所学校最有用：逐校重新录取
    AddClass(add_class::Args),
}

pub(super) fn run(args: Args) -> Result<Exit, Failure> {
    match args.command {
        Command::Check(args) => check::run(&args),
        Command::Years(args) => years::run(&args),
        Command::AddClass(args) => add_class::run(&args),
    }
}

/// How long a search may take.
#[derive(clap::Args)]
struct Search {
    /// 求解至多用时（秒）；到时或按 Ctrl-C 给出至此最好的方案，并注明
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    limit: u64,
}

/// Nodes of one search at most: far more than a district needs.
const NODES: u32 = 1_000_000;

impl Search {
    /// Runs a search that the limit of time or the user can stop.
    fn run<T>(&self, search: impl FnOnce(&Effort<'_>) -> T) -> T {
        interrupt::listen();
        let end = Instant::now() + Duration::from_secs(self.limit);
        let stop = || Instant::now() >= end || interrupt::check().is_err();
        search(&Effort { backend: Backend::best(), nodes: NODES, stop: &stop })
    }
}

/// The minima that a search found, with bound and gap, as one line each.
fn search_lines(stages: &[Stage], solver: &str, complete: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for stage in stages {
        let gap = match stage.bound {
            Some(bound) if bound == stage.cost => "已证明最小".to_owned(),
            Some(bound) => format!("下界 {bound}，差距 {}", stage.cost - bound),
            None => "下界未知".to_owned(),
        };
        lines.push(format!("  {} = {}（{gap}）", stage.label, stage.cost));
    }
    let version = env!("CARGO_PKG_VERSION");
    let end = if complete {
        "全部证明最小"
    } else {
        "搜索中止，以上为至此最好的方案，未必最省"
    };
    lines.push(format!("求解：{solver}，luqu {version}，单线程；{end}；结果已用整数逐条复核。"));
    lines
}

/// A value as pretty JSON with a line end.
fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Failure::Internal(e.to_string()))?;
    Ok(text + "\n")
}

/// A table as CSV: UTF-8 without BOM, LF.
fn csv(head: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>, Failure> {
    let failed = |e: csv::Error| Failure::Internal(e.to_string());
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(head).map_err(failed)?;
    for row in rows {
        out.write_record(row).map_err(failed)?;
    }
    out.into_inner().map_err(|e| Failure::Internal(e.to_string()))
}
