//! `luqu compare`: who moved and why between two answers, or between two seasons placed on the fly.

use std::path::{Path, PathBuf};

use luqu_engine::domain::{Answer, Season};
use luqu_engine::explain::compare::compare_in;

use super::Exit;
use super::explain::placed;
use super::moved::Show;
use crate::error::Failure;
use crate::tables::{answer, season_or_report};

/// The arguments of `luqu compare`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 前一方：结果目录（须给 --season），或招生季目录（当场录取）
    a: PathBuf,
    /// 后一方：同上
    b: PathBuf,
    /// 两份结果所属的招生季
    #[arg(long, value_name = "SEASON")]
    season: Option<PathBuf>,
    /// 后一份结果所属的招生季，与前者不同时给出
    #[arg(long, value_name = "SEASON", requires = "season")]
    season_b: Option<PathBuf>,
    #[command(flatten)]
    show: Show,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let season_b = args.season_b.as_deref().or(args.season.as_deref());
    let (season_a, answer_a) = match side(&args.a, args.season.as_deref())? {
        Ok(side) => side,
        Err(exit) => return Ok(exit),
    };
    let (season_b, answer_b) = match side(&args.b, season_b)? {
        Ok(side) => side,
        Err(exit) => return Ok(exit),
    };
    let found = compare_in(&season_a, &answer_a, &season_b, &answer_b, args.show.lang());
    args.show.comparison(&found)?;
    Ok(Exit::Ok)
}

/// A season with the answer in `path`, or the season at `path` with its answer.
fn side(path: &Path, season: Option<&Path>) -> Result<Result<(Season, Answer), Exit>, Failure> {
    if season.is_none() && answer::is_answer(path) {
        return Err(Failure::Usage(format!(
            "{} 是结果目录，请用 --season 给出它所属的招生季",
            path.display()
        )));
    }
    let Some(loaded) = season_or_report(season.unwrap_or(path), None)? else {
        return Ok(Err(Exit::Faults));
    };
    if season.is_some() {
        let answer = answer::read(&loaded, path)?;
        return Ok(Ok((loaded, answer)));
    }
    Ok(placed(&loaded)?.map(|answer| (loaded, answer)))
}
