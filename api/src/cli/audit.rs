//! `luqu audit`: judges any admissions, registry records and class lists against a season.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use luqu_engine::audit::audit;

use super::Exit;
use crate::audit_report::{Findings, page, violations_csv, workbook};
use crate::error::Failure;
use crate::tables::audit_inputs::{Elsewhere, load_inputs};
use crate::tables::load::{self, Purpose};
use crate::tables::write::atomic;
use crate::tables::{answer, report, seals};

/// 核查录取名单、学籍和班级：无计划、超计划、提前、跨区域……
#[derive(clap::Args)]
pub(super) struct Args {
    /// 招生季：含 policy.toml 和各表的文件夹，或其中的 .xlsx
    season: PathBuf,
    /// 录取名单（默认取招生季中的 admissions / 录取名单）
    #[arg(long, value_name = "FILE", conflicts_with = "answer")]
    admissions: Option<PathBuf>,
    /// 学籍（默认取招生季中的 registry / 学籍）
    #[arg(long, value_name = "FILE")]
    registry: Option<PathBuf>,
    /// 行政班（默认取招生季中的 classes / 行政班）
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,
    /// 教学班（默认取招生季中的 sections / 教学班）
    #[arg(long, value_name = "FILE")]
    sections: Option<PathBuf>,
    /// 以一次录取的结果（csv、json 或 xlsx）为录取名单
    #[arg(long, value_name = "DIR")]
    answer: Option<PathBuf>,
    /// 封存的证书（certificate.json）：核对各表、政策和结果是否改动
    #[arg(long, value_name = "CERT")]
    sealed: Option<PathBuf>,
    /// 把 violations.csv、violations.html、violations.xlsx 写入该目录
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// 以 JSON 数组输出违规
    #[arg(long)]
    json: bool,
    /// 随机号种子，代替政策文件中的
    #[arg(long, value_name = "SEED")]
    seed: Option<String>,
}

/// Runs the audit. Exit 5 when anything was found, warnings too; what was found goes to stdout, or to `--out`.
pub(super) fn run(args: Args) -> Result<Exit, Failure> {
    if let Some(dir) = &args.out {
        may_write(&args.season, dir)?;
    }
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
        registry: args.registry.as_deref(),
        classes: args.classes.as_deref(),
        sections: args.sections.as_deref(),
    };
    let read = load_inputs(&args.season, elsewhere, &season)?;
    let mut err = anstream::stderr().lock();
    // A closed stderr is nobody's fault.
    drop(report::list(&mut err, &read.faults, read.omitted, report::DEFAULT_MOST));
    if read.blocked() {
        drop(writeln!(err, "核查的名单中有错误，未作核查。"));
        return Ok(Exit::Faults);
    }
    let mut inputs = read.inputs;
    if roll.is_some() {
        inputs.admissions = roll;
    }
    if let Some(certificate) = &args.sealed {
        inputs.sealed = seals::seals(&season, certificate, args.answer.as_deref())?;
    }
    if inputs == luqu_engine::rules::AuditInputs::default() {
        return Err(Failure::NotFound(format!(
            "{} 中没有可核查的名单：请放入 admissions.csv、registry.csv 或 classes.csv，\
             或用 --admissions、--registry、--classes、--answer 指明",
            args.season.display()
        )));
    }
    let violations = audit(&season, &inputs);
    let findings = Findings { season: &season, inputs: &inputs, violations: &violations };
    if let Some(dir) = &args.out {
        write_reports(dir, &findings)?;
    }
    if args.json {
        let text = serde_json::to_string_pretty(&violations)
            .map_err(|e| Failure::Internal(e.to_string()))?;
        to_stdout(format!("{text}\n").as_bytes())?;
    } else if args.out.is_none() {
        to_stdout(&violations_csv(&violations))?;
    }
    drop(summary(&mut err, &findings, args.out.as_deref()));
    Ok(if violations.is_empty() { Exit::Ok } else { Exit::Findings })
}

/// The names of the reports.
const REPORTS: [&str; 3] = ["violations.csv", "violations.html", "violations.xlsx"];

/// Reports do not mix with a season, nor with anybody's files.
fn may_write(season: &Path, dir: &Path) -> Result<(), Failure> {
    let home = if season.is_dir() { Some(season) } else { season.parent() };
    let home = home.filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let whole = |path: &Path| path.canonicalize().ok();
    if whole(dir).is_some_and(|dir| whole(home) == Some(dir)) {
        return Err(Failure::Usage(format!(
            "{} 是招生季目录，不写入核查结果；请换一个目录",
            dir.display()
        )));
    }
    atomic::may_replace(dir, |name| REPORTS.contains(&name))
}

/// Writes the three files; each appears whole or not at all.
fn write_reports(dir: &Path, findings: &Findings<'_>) -> Result<(), Failure> {
    std::fs::create_dir_all(dir).map_err(Failure::io(dir))?;
    let guard =
        tempfile::Builder::new().prefix(".luqu-").tempdir_in(dir).map_err(Failure::io(dir))?;
    for (name, bytes) in [
        (REPORTS[0], violations_csv(findings.violations)),
        (REPORTS[1], page(findings).into_bytes()),
        (REPORTS[2], workbook(findings)?),
    ] {
        let (made, path) = (guard.path().join(name), dir.join(name));
        std::fs::write(&made, bytes).map_err(Failure::io(&made))?;
        std::fs::rename(&made, &path).map_err(Failure::io(&path))?;
    }
    Ok(())
}

/// A reader that has seen enough, such as `head`, is no failure.
fn to_stdout(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Io { path: PathBuf::from("stdout"), source: e })
        }
        _ => Ok(()),
    }
}

const BAD: Style = AnsiColor::Red.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default();
const SOFT: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

fn summary(
    to: &mut impl std::io::Write,
    findings: &Findings<'_>,
    out: Option<&Path>,
) -> std::io::Result<()> {
    for rule in findings.by_rule() {
        let style = match (rule.errors(), rule.warnings()) {
            (0, 0) => SOFT,
            (0, _) => WARN,
            _ => BAD,
        };
        // Chinese characters are two columns wide; six of them are the longest name.
        let name = rule.rule.name;
        let pad = 14_usize.saturating_sub(2 * name.chars().count());
        let (code, state) = (rule.rule.code, rule.state());
        writeln!(to, "{code} {name}{:pad$} {style}{state}{style:#}", "")?;
    }
    let errors = findings.errors();
    let warnings = findings.violations.len() - errors;
    let scope = findings.scope();
    if errors > 0 {
        writeln!(to, "{BAD}发现违规 {errors} 处{BAD:#}，提醒 {warnings} 处（{scope}）。")?;
    } else {
        writeln!(to, "{BOLD}未发现违规{BOLD:#}，提醒 {warnings} 处（{scope}）。")?;
    }
    if let Some(dir) = out {
        let dir = dir.display();
        writeln!(to, "已写入 {dir}：violations.csv、violations.html、violations.xlsx")?;
    }
    to.flush()
}
