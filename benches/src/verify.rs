//! Verification against placement, both on one thread and by turns: `verify district|general APPLICANTS [RUNS]`
//! prints the milliseconds of processor time of a run, and the ratio.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;
use std::time::Instant;

use luqu_benches::seasons::{district_season, general_season};
use luqu_engine::domain::Season;
use luqu_engine::placement::place;
use luqu_engine::verify::verify;

/// Milliseconds of processor time of this thread, on which other work of the machine does not weigh; those of
/// the clock where the system does not tell.
fn spent(start: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|t| t.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64() * 1e3, |n| n / 1e6)
}

/// Places and verifies by turns; what both took in all, since the system counts in steps of some milliseconds.
/// Nothing if the answer does not hold.
fn measure(season: &Season, runs: u32) -> Option<(f64, f64)> {
    let start = Instant::now();
    let (mut placing, mut verifying) = (0.0, 0.0);
    for _ in 0..runs {
        let begun = spent(start);
        let answer = place(season).ok()?;
        let placed = spent(start);
        let report = verify(season, &answer);
        verifying += spent(start) - placed;
        placing += placed - begun;
        if !report.clean() {
            return None;
        }
    }
    Some((placing, verifying))
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize| arguments.get(at).and_then(|a| a.parse::<u32>().ok());
    let (Some(kind), Some(count)) = (arguments.get(1), number(2)) else {
        eprintln!("usage: verify district|general APPLICANTS [RUNS]");
        return ExitCode::from(2);
    };
    let runs = number(3).unwrap_or(21).max(1);
    let made =
        if kind == "general" { general_season(count as usize) } else { district_season(count) };
    let Some(season) = made else { return ExitCode::from(3) };
    let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(1).build() else {
        return ExitCode::FAILURE;
    };
    let Some((placing, verifying)) = pool.install(|| measure(&season, runs)) else {
        return ExitCode::from(5);
    };
    let (place, verify) = (placing / f64::from(runs), verifying / f64::from(runs));
    println!(
        "{kind} of {count}: place {place:.2} ms, verify {verify:.2} ms: {:.2} × (aim 1)",
        verify / place
    );
    ExitCode::SUCCESS
}
