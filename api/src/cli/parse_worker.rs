//! `luqu parse-worker`: the process that reads a workbook for another; not for people.

use std::path::PathBuf;

use super::Exit;
use crate::error::Failure;
use crate::tables::worker;

/// Read a workbook under limits and write its rows to stdout as frames
#[derive(clap::Args)]
pub(super) struct Args {
    /// The workbook
    file: PathBuf,
}

/// Runs the worker. The pipe is the parent's; what goes wrong with it ends the worker and no more.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    worker::run(&args.file, std::io::stdout().lock()).map_err(Failure::io(&args.file))?;
    Ok(Exit::Ok)
}
