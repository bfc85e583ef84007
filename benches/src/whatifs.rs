//! Many what-ifs at once: `whatifs [APPLICANTS] [POINTS]` changes seats, shares and floors of a made season,
//! places and verifies each, and compares one thread with two.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;
use std::time::Instant;

use luqu_benches::seasons::district_season;
use luqu_engine::domain::Season;
use luqu_engine::explain::whatif::Change;
use luqu_engine::explain::whatif::grid::{Grid, GridResult, GridRow, evaluate};

/// A third each: seats of one school after the other, shares, floors under the line.
fn points(season: &Season, count: usize) -> Vec<Change> {
    let lines: Vec<_> = season
        .plan()
        .iter()
        .filter(|line| !season.policy().category(line.category).by_junior)
        .map(|line| {
            let id = |text: &str| text.to_owned();
            let policy = season.policy();
            (
                id(&season.school(line.school).id),
                id(&policy.category(line.category).id),
                id(&policy.batch(line.batch).id),
            )
        })
        .collect();
    let change = |at: usize| match at % 3 {
        0 => {
            let (school, category, batch) = &lines[at / 3 % lines.len()];
            let fewer = 1 + at / 3 / lines.len();
            Change::seats(&format!("{school}:{category}@{batch}-{fewer}")).ok()
        }
        1 => Change::share(&format!("0.{:04}", 5000 + at)).ok(),
        _ => Change::floor(&format!("-{}.{:02}", 10 + at / 30, at % 100)).ok(),
    };
    (0..count).filter_map(change).collect()
}

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|a| a.parse::<u32>().ok());
    let applicants = numbers.next().flatten().unwrap_or(10_000);
    let count = numbers.next().flatten().unwrap_or(1_000) as usize;
    let Some(season) = district_season(applicants) else {
        eprintln!("the season has faults");
        return ExitCode::from(3);
    };
    let grid = Grid { points: points(&season, count), school: None };
    let run = |threads: usize| -> Option<(f64, Vec<GridRow>)> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok()?;
        let start = Instant::now();
        let rows = pool.install(|| evaluate(&season, &[], &grid));
        Some((start.elapsed().as_secs_f64(), rows))
    };
    let (Some((one, alone)), Some((two, together))) = (run(1), run(2)) else {
        return ExitCode::FAILURE;
    };
    let figures = |r: &&GridRow| matches!(&r.result, GridResult::Figures(f) if f.verified);
    let verified = alone.iter().filter(figures).count();
    println!("{} what-ifs of {applicants} applicants, {verified} verified", alone.len());
    println!("1 thread {one:.2} s · 2 threads {two:.2} s · {:.2} ×", one / two);
    if alone == together { ExitCode::SUCCESS } else { ExitCode::from(5) }
}
