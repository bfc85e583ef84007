//! `luqu check`: reads a season, checks everything and points at the cells.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{Exit, say};
use crate::error::Failure;
use crate::tables::write::atomic;
use crate::tables::{annotate, load, report};

/// 检查招生季：每一处错误都指到单元格
#[derive(clap::Args)]
pub(super) struct Args {
    /// 招生季：含 policy.toml 和各表的目录，或与 policy.toml 同目录的 .xlsx
    season: PathBuf,
    /// 以 JSON 数组输出错误
    #[arg(long)]
    json: bool,
    /// 随机号种子，代替政策文件中的种子
    #[arg(long)]
    seed: Option<String>,
    /// 最多列出几处错误
    #[arg(long, default_value_t = report::DEFAULT_MOST)]
    max: usize,
    /// 写出标红的工作簿：原表、错误所在的单元格和错误清单
    #[arg(long, value_name = "OUT.xlsx")]
    annotate: Option<PathBuf>,
    /// 允许 --annotate 替换已有的文件
    #[arg(long, requires = "annotate")]
    force: bool,
}

/// Runs the check; the faults are data and go to stdout, the summary is talk and goes to stderr.
pub(super) fn run(args: Args) -> Result<Exit, Failure> {
    if let Some(out) = &args.annotate {
        may_annotate(&args, out)?;
    }
    let loaded = load::load(&args.season, args.seed.as_deref())?;
    let mut out = anstream::stdout().lock();
    let written = if args.json {
        serde_json::to_writer_pretty(&mut out, &loaded.faults)
            .map_err(std::io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        report::faults(&mut out, &loaded, args.max)
    };
    written.and_then(|()| out.flush()).or_else(closed_pipe)?;
    // A closed stderr is nobody's fault.
    drop(report::summary(&mut anstream::stderr().lock(), &loaded));
    if let Some(out) = &args.annotate {
        atomic::replace_file(out, &annotate::workbook(&args.season, &loaded)?)?;
        say(format_args!("已写出 {}：先看“错误清单”。", out.display()));
    }
    Ok(if loaded.blocked() { Exit::Faults } else { Exit::Ok })
}

/// A marked workbook must not become, or replace, an input of the season.
fn may_annotate(args: &Args, out: &Path) -> Result<(), Failure> {
    if !out.extension().is_some_and(|e| e.eq_ignore_ascii_case("xlsx")) {
        return Err(Failure::Usage(format!("{}：标注的工作簿须以 .xlsx 结尾", out.display())));
    }
    let folder = |path: &Path| {
        let own = if path.is_dir() { Some(path) } else { path.parent() };
        let own = own.filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::canonicalize(own).ok()
    };
    if folder(&args.season) == folder(out.parent().unwrap_or(Path::new("."))) {
        return Err(Failure::Usage(format!(
            "{} 在招生季目录里，会与原表混淆；请写到别的目录",
            out.display()
        )));
    }
    if out.exists() && !args.force {
        return Err(Failure::Usage(format!("{} 已存在；加 --force 可替换", out.display())));
    }
    Ok(())
}

/// A reader that has seen enough, such as `head`, is no failure.
pub(super) fn closed_pipe(error: std::io::Error) -> Result<(), Failure> {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::Io { path: PathBuf::from("stdout"), source: error }),
    }
}
