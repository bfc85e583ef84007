//! Where the time of `luqu place` goes: `phases SEASON [RUNS]` prints the median milliseconds of each step in process.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use luqu::tables::load::load;
use luqu_engine::domain::answer_csv;
use luqu_engine::placement::{place, place_outcomes};
use luqu_engine::verify::{Certificate, verify};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let Some(season) = arguments.get(1) else {
        eprintln!("usage: phases SEASON [RUNS]");
        return ExitCode::from(2);
    };
    let runs: usize = arguments.get(2).and_then(|r| r.parse().ok()).unwrap_or(5);
    let mut steps: Vec<(&str, Vec<f64>)> =
        ["read and check", "place", "… without reasons", "verify", "certificate", "answer as CSV"]
            .map(|step| (step, Vec::new()))
            .into();
    for _ in 0..runs {
        let mut at = 0;
        let mut start = Instant::now();
        let mut lap = |steps: &mut Vec<(&str, Vec<f64>)>| {
            steps[at].1.push(start.elapsed().as_secs_f64() * 1e3);
            at += 1;
            start = Instant::now();
        };
        let Ok(Some(season)) = load(Path::new(season), None).map(|loaded| loaded.season) else {
            eprintln!("the season has faults");
            return ExitCode::from(3);
        };
        lap(&mut steps);
        let Ok(answer) = place(&season) else { return ExitCode::from(7) };
        lap(&mut steps);
        let outcomes = place_outcomes(&season);
        lap(&mut steps);
        drop(outcomes);
        let report = verify(&season, &answer);
        lap(&mut steps);
        let certificate = Certificate::of(&season, &answer, &report);
        lap(&mut steps);
        let bytes = answer_csv::placements(&season, &answer).len()
            + answer_csv::cutoffs(&season, &answer).len()
            + answer_csv::reasons(&season, &answer).len();
        lap(&mut steps);
        if certificate.is_none() || bytes == 0 {
            return ExitCode::from(5);
        }
    }
    for (step, mut times) in steps {
        times.sort_by(f64::total_cmp);
        println!("{step:<18} {:>9.2} ms", times[times.len() / 2]);
    }
    ExitCode::SUCCESS
}
