//! `luqu reconcile`: the admissions beside a dump of the registry, offline and in both directions.

use std::path::PathBuf;

use luqu_engine::domain::Severity;
use luqu_engine::reconcile::{Kind, reconcile};

use super::{Exit, data, say};
use crate::error::Failure;
use crate::tables::audit_inputs::{Elsewhere, load_dump, load_inputs};
use crate::tables::load::{self, Purpose};
use crate::tables::write::reconciliation;
use crate::tables::{answer, report};

/// 学籍对账：谁录取未建籍、谁建籍未录取、谁重复、谁在他校
#[derive(clap::Args)]
pub(super) struct Args {
    /// 招生季：含 policy.toml 和各表的文件夹，或其中的 .xlsx
    season: PathBuf,
    /// 学籍系统导出的表：CSV（UTF-8 或 GB18030），或含“学籍”表的 .xlsx
    #[arg(long, value_name = "FILE")]
    registry: PathBuf,
    /// 以一次录取的结果（csv、json 或 xlsx）为录取名单
    #[arg(long, value_name = "DIR")]
    answer: Option<PathBuf>,
    /// 录取名单（默认取招生季中的 admissions / 录取名单）
    #[arg(long, value_name = "FILE", conflicts_with = "answer")]
    admissions: Option<PathBuf>,
    /// 把差异写入该文件：.csv 或 .xlsx
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// 以 JSON 数组输出差异
    #[arg(long)]
    json: bool,
    /// 随机号种子，代替政策文件中的
    #[arg(long, value_name = "SEED")]
    seed: Option<String>,
}

/// Reconciles. Exit 5 when a difference has to be acted on; the differences go to stdout, or to `--out`.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let Some(season) =
        load::season_or_report_for(Purpose::Audit, &args.season, args.seed.as_deref())?
    else {
        return Ok(Exit::Faults);
    };
    let roll = args.answer.as_deref().map(|dir| answer::roll(&season, dir)).transpose()?.flatten();
    let placements = args.answer.as_deref().filter(|_| roll.is_none());
    let placements = placements.map(|dir| dir.join("placements.csv"));
    let elsewhere = Elsewhere {
        admissions: args.admissions.as_deref().or(placements.as_deref()),
        ..Elsewhere::default()
    };
    let read = load_inputs(&args.season, elsewhere, &season)?;
    let dump = load_dump(&args.registry, &season)?;
    let faults: Vec<_> = read.faults.iter().chain(&dump.faults).cloned().collect();
    let mut err = anstream::stderr().lock();
    // A closed stderr is nobody's fault.
    drop(report::list(&mut err, &faults, read.omitted + dump.omitted, report::DEFAULT_MOST));
    drop(err);
    if read.blocked() || dump.blocked() {
        say(format_args!("名单或学籍表中有错误，未作对账。"));
        return Ok(Exit::Faults);
    }
    let mut inputs = read.inputs;
    if roll.is_some() {
        inputs.admissions = roll;
    }
    if inputs.admissions.is_none() {
        return Err(Failure::NotFound(format!(
            "{} 中没有录取名单：请放入 admissions.csv，或用 --admissions、--answer 指明",
            args.season.display()
        )));
    }
    inputs.registry = dump.records;
    let found = reconcile(&season, &inputs, None);
    let rows = reconciliation::rows(&season, &found, &inputs.registry, &dump.rows);
    if let Some(path) = &args.out {
        let book = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("xlsx"));
        let bytes =
            if book { reconciliation::workbook(&rows)? } else { reconciliation::csv(&rows) };
        std::fs::write(path, bytes).map_err(Failure::io(path))?;
    }
    if args.json {
        let text =
            serde_json::to_string_pretty(&rows).map_err(|e| Failure::Internal(e.to_string()))?;
        data(format_args!("{text}\n"))?;
    } else if args.out.is_none() {
        data(format_args!("{}", String::from_utf8_lossy(&reconciliation::csv(&rows))))?;
    }
    for kind in Kind::ALL {
        let count = found.iter().filter(|d| d.kind == kind).count();
        if count > 0 {
            say(format_args!("{} {count}：{}", kind.label(), kind.remedy()));
        }
    }
    let errors = found.iter().filter(|d| d.severity == Severity::Error).count();
    let records = inputs.registry.len();
    let admitted = inputs.admissions.as_ref().map_or(0, Vec::len);
    say(format_args!(
        "录取 {admitted} 人，学籍 {records} 条：须处理 {errors} 处，提醒 {} 处。",
        found.len() - errors
    ));
    Ok(if errors > 0 { Exit::Findings } else { Exit::Ok })
}
