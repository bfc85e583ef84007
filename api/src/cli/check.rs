//! `luqu check`: reads a season, checks everything and points at the cells.

use std::io::Write as _;
use std::path::PathBuf;

use super::Exit;
use crate::error::Failure;
use crate::tables::{load, report};

/// Check a season folder or workbook 检查数据
#[derive(clap::Args)]
pub(super) struct Args {
    /// The season: a folder with policy.toml and tables, or an .xlsx beside a policy.toml
    season: PathBuf,
    /// Print the faults as a JSON array
    #[arg(long)]
    json: bool,
    /// The lottery seed, instead of the policy's own
    #[arg(long)]
    seed: Option<String>,
    /// The most faults to print
    #[arg(long, default_value_t = report::DEFAULT_MOST)]
    max: usize,
}

/// Runs the check; the faults are data and go to stdout, the summary is talk and goes to stderr.
pub(super) fn run(args: Args) -> Result<Exit, Failure> {
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
    report::summary(&mut anstream::stderr().lock(), &loaded).or_else(closed_pipe)?;
    Ok(if loaded.blocked() { Exit::Faults } else { Exit::Ok })
}

/// A reader that has seen enough, such as `head`, is no failure.
pub(super) fn closed_pipe(error: std::io::Error) -> Result<(), Failure> {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::Io { path: PathBuf::from("stdout"), source: error }),
    }
}
