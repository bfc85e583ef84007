//! Prints the growth curve: the common-order and the general run against the floor measured in the same
//! run, and the peak of resident memory. `growth [MOST]`, sizes 10⁴ … MOST (10⁶ unless given).
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use luqu_benches::{floor, general, order_by_total, unordered, wishes_read};
use luqu_engine::placement::run::{FloorRule, deferred_acceptance, walk};
use luqu_fixtures::market_columns;

fn median<T>(runs: usize, mut run: impl FnMut() -> T) -> (Duration, T) {
    let mut times = Vec::with_capacity(runs);
    let mut last = None;
    for _ in 0..runs {
        drop(last.take());
        let start = Instant::now();
        last = Some(run());
        times.push(start.elapsed());
    }
    times.sort_unstable();
    (times[runs / 2], last.unwrap_or_else(|| unreachable!("at least one run")))
}

/// Peak resident memory of this process in MiB, where the system tells (`VmHWM`).
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()).and_then(|k| k.parse().ok()).unwrap_or(0_u64)
        / 1024
}

fn main() {
    let most: usize = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(1_000_000);
    let general_most: usize =
        std::env::args().nth(2).and_then(|a| a.parse().ok()).unwrap_or(1_000_000);
    println!("applicants | floor ms | common ms | ratio | general ms | ratio | peak MiB");
    for size in [10_000, 100_000, 1_000_000, 10_000_000, 18_000_000] {
        if size > most {
            break;
        }
        let schools = u16::try_from(size / 500).unwrap_or(20_000).clamp(20, 20_000);
        let columns = market_columns(size, schools, 10, 7);
        let market = unordered(&columns);
        let floors = vec![FloorRule::default(); market.own.len()];
        let runs = if size > 1_000_000 { 3 } else { 7 };
        let (common, holdings) = median(runs, || walk(&market, &order_by_total(&market), &floors));
        let read = wishes_read(&market, &holdings.held);
        let (lowest, _) = median(runs, || floor(&columns, &read));
        drop((market, holdings, read));
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        print!(
            "{size:>10} | {:>8.2} | {:>9.2} | {:>5.2} |",
            ms(lowest),
            ms(common),
            ms(common) / ms(lowest)
        );
        if size <= general_most {
            let market = general(&columns, 20);
            let floors = vec![None; market.own.len()];
            let (time, _) = median(runs, || deferred_acceptance(&market, &floors));
            print!(" {:>10.2} | {:>5.1} |", ms(time), ms(time) / ms(lowest));
        } else {
            print!(" {:>10} | {:>5} |", "-", "-");
        }
        println!(" {:>8}", peak_mib());
    }
}
