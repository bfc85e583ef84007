//! `luqu verify`: judges an answer folder against its season and says, property by property, what holds.

use std::io::Write;
use std::path::PathBuf;

use luqu_engine::verify::{Property, Report};

use super::Exit;
use crate::error::Failure;
use crate::tables::answer::{self, Judged};
use crate::tables::season_or_report;

/// 核验结果：逐条核对性质、理由与证书
#[derive(clap::Args)]
pub(super) struct Args {
    /// 招生季：含 policy.toml 和各表的目录，或与 policy.toml 同目录的 .xlsx
    season: PathBuf,
    /// 结果目录：place 写出的 csv、json 或 xlsx，连同 certificate.json
    answer: PathBuf,
    /// 以 JSON 输出核验结果
    #[arg(long)]
    json: bool,
    /// 随机号种子，代替政策文件中的种子
    #[arg(long)]
    seed: Option<String>,
}

/// Verifies; the report is data and goes to stdout.
pub(super) fn run(args: Args) -> Result<Exit, Failure> {
    if !args.answer.is_dir() {
        return Err(Failure::NotFound(format!("{}：没有这个结果目录", args.answer.display())));
    }
    let Some(season) = season_or_report(&args.season, args.seed.as_deref())? else {
        return Ok(Exit::Faults);
    };
    // Without all of its files an answer is not judged, and silence is no praise.
    let Judged { report, complete } = answer::judge(&season, &args.answer)?;
    let mut out = anstream::stdout().lock();
    let written = if args.json {
        serde_json::to_writer_pretty(&mut out, &as_json(&report, complete))
            .map_err(std::io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        print(&mut out, &report, complete)
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            return Err(Failure::Io { path: PathBuf::from("stdout"), source: error });
        }
        _ => {}
    }
    Ok(if report.clean() { Exit::Ok } else { Exit::Findings })
}

/// One line per property, each with what was found below it.
fn print(out: &mut impl Write, report: &Report, complete: bool) -> std::io::Result<()> {
    for property in Property::ALL {
        let count = report.count(property);
        if count == 0 && !complete {
            writeln!(out, "– {} {}：未检查，结果文件不全", property.code(), property.words())?;
            continue;
        }
        if count == 0 {
            writeln!(out, "✓ {} {}", property.code(), property.words())?;
            continue;
        }
        writeln!(out, "✗ {} {}：{count} 处不符", property.code(), property.words())?;
        for finding in report.findings.iter().filter(|f| f.property == property) {
            let detail = finding.sentence.strip_prefix(property.words());
            let detail = detail.and_then(|d| d.strip_prefix('：')).unwrap_or(&finding.sentence);
            writeln!(out, "    {detail}")?;
        }
        if let Some((_, more)) = report.omitted.iter().find(|(p, _)| *p == property) {
            writeln!(out, "    ……另有 {more} 处未列出")?;
        }
    }
    Ok(())
}

fn as_json(report: &Report, complete: bool) -> serde_json::Value {
    let properties: Vec<_> = Property::ALL
        .iter()
        .map(|&p| {
            let count = report.count(p);
            serde_json::json!({
                "property": p.code(), "words": p.words(), "holds": (complete || count > 0).then_some(count == 0), "findings": count,
            })
        })
        .collect();
    serde_json::json!({
        "clean": report.clean(),
        "properties": properties,
        "findings": report.findings,
    })
}
