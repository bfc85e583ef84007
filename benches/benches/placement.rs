//! Placement of made markets: `cargo bench -p luqu-benches --bench placement`.

use divan::{Bencher, black_box};
use luqu_benches::{floor, general, order_by_total, ordered, unordered, wishes_read};
use luqu_engine::placement::run::{FloorRule, deferred_acceptance, walk};
use luqu_fixtures::{Columns, market_columns};

fn main() {
    divan::main();
}

const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];

fn columns(size: usize) -> Columns {
    market_columns(size, u16::try_from(size / 500).unwrap_or(u16::MAX).max(20), 10, 7)
}

/// What the others are held against.
#[divan::bench(args = SIZES, max_time = 5)]
fn sort_and_read(bencher: Bencher<'_, '_>, size: usize) {
    let columns = columns(size);
    let market = ordered(unordered(&columns));
    let floors = vec![FloorRule::default(); market.own.len()];
    let order = market.common.clone().unwrap_or_default();
    let read = wishes_read(&market, &walk(&market, &order, &floors).held);
    bencher.bench(|| floor(black_box(&columns), black_box(&read)));
}

#[divan::bench(args = SIZES, max_time = 5)]
fn one_common_order(bencher: Bencher<'_, '_>, size: usize) {
    let market = unordered(&columns(size));
    let floors = vec![FloorRule::default(); market.own.len()];
    bencher.bench(|| walk(&market, &order_by_total(black_box(&market)), &floors));
}

#[divan::bench(args = SIZES, max_time = 5)]
fn own_orders_cells_and_returns(bencher: Bencher<'_, '_>, size: usize) {
    let market = general(&columns(size), 20);
    let floors = vec![None; market.own.len()];
    bencher.bench(|| deferred_acceptance(black_box(&market), &floors));
}
