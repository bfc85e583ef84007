//! Controlled rounding: the rules of the table, least deviation against brute force, and order-independence.

use luqu_engine::domain::Lottery;
use luqu_engine::policy::Rounding;
use luqu_engine::quota::matrix::{Column, Row, Table, Unrounded, Why, round};
use luqu_engine::quota::{Fraction, rounded};
use proptest::prelude::*;

/// Generated ids that do not sort as numbers do, so that order by id is not order by place.
fn ids(prefix: &str, n: usize) -> Vec<String> {
    (0..n).map(|i| format!("{prefix}{}", (i * 7 + 3) % 101)).collect()
}

fn solve(rows: &[u32], columns: &[u32], seed: &str) -> Table {
    solve_with(rows, columns, seed, 0).expect("a table")
}

/// The same where every junior school gets `least` seats, or as many as it has eligible graduates.
fn solve_with(rows: &[u32], columns: &[u32], seed: &str, least: u32) -> Result<Table, Unrounded> {
    let (r, c) = (ids("S", rows.len()), ids("J", columns.len()));
    let rows: Vec<Row<'_>> =
        r.iter().zip(rows).map(|(id, &seats)| Row { id, seats, places: None }).collect();
    let columns: Vec<Column<'_>> = c
        .iter()
        .zip(columns)
        .map(|(id, &eligible)| Column {
            id,
            eligible,
            tilt: false,
            least: least.min(eligible),
            boards: false,
        })
        .collect();
    round(&rows, &columns, &Lottery::new(seed))
}

/// E·Σ|x − t| of the best table, by trying every rounding of every cell.
fn brute_force(rows: &[u32], columns: &[u32], least: u32) -> Option<u64> {
    let eligible: u64 = columns.iter().map(|&e| u64::from(e)).sum();
    let share = |h: usize, m: usize| u64::from(rows[h]) * u64::from(columns[m]);
    let cells: Vec<(usize, usize)> = (0..rows.len())
        .flat_map(|h| (0..columns.len()).map(move |m| (h, m)))
        .filter(|&(h, m)| share(h, m) % eligible > 0)
        .collect();
    let quota: u64 = rows.iter().map(|&q| u64::from(q)).sum();
    let mut best = None;
    for choice in 0_u32..1 << cells.len() {
        let mut table: Vec<Vec<u64>> = (0..rows.len())
            .map(|h| (0..columns.len()).map(|m| share(h, m) / eligible).collect())
            .collect();
        let mut deviation = 0;
        for (at, &(h, m)) in cells.iter().enumerate() {
            let up = u64::from(choice >> at & 1);
            table[h][m] += up;
            let rest = share(h, m) % eligible;
            deviation += if up == 1 { eligible - rest } else { rest };
        }
        let rows_hold =
            table.iter().zip(rows).all(|(row, &q)| row.iter().sum::<u64>() == u64::from(q));
        let columns_hold = columns.iter().enumerate().all(|(m, &e)| {
            let (sum, ideal) = (table.iter().map(|r| r[m]).sum::<u64>(), quota * u64::from(e));
            let due = u64::from(least.min(e));
            ((ideal / eligible).max(due)..=ideal.div_ceil(eligible).max(due)).contains(&sum)
        });
        if rows_hold && columns_hold {
            best = Some(best.map_or(deviation, |b: u64| b.min(deviation)));
        }
    }
    best
}

#[test]
fn a_table_worked_out_by_hand() {
    // E = 10. Ideals: 2.5 1.5 1.0 | 1.5 0.9 0.6, columns 4.0 2.4 1.6. Row 1 has one seat over, row 2 has two.
    // Column 1 must be 4, so exactly one of its halves goes up; 0.9 and 0.6 go up for certain if row 1's goes there.
    let table = solve(&[5, 3], &[5, 3, 2], "hand");
    let seats: Vec<u32> = table.cells.iter().map(|c| c.seats).collect();
    assert_eq!(seats, [3, 1, 1, 1, 1, 1]);
    // |0.5| + |0.5| + 0 + |0.5| + |0.1| + |0.4| = 2
    assert_eq!(table.deviation, Fraction::new(2, 1));
    assert_eq!(table.cells[2].why, Why::Whole);
    assert_eq!(table.cells[4].why, Why::Up { rank: 1, of: 2, lot: false });
    assert_eq!(table.cells[3].why, Why::Down { rank: 3, of: 2, lot: false });
    assert_eq!(table.cells[0].ideal.exact(), "5/2");
}

#[test]
fn the_lottery_decides_among_equals_and_nothing_else() {
    // One seat, two equal junior schools: either may get it, and both do under some seed.
    let winner = |seed: &str| solve(&[1], &[4, 4], seed).cells[0].seats;
    let wins: u32 = (0..64).map(|n| winner(&format!("seed {n}"))).sum();
    assert!((10..=54).contains(&wins), "{wins} of 64");
    // A larger remainder wins under every seed.
    assert!((0..64).all(|n| solve(&[1], &[5, 4], &format!("seed {n}")).cells[0].seats == 1));
    let tied = solve(&[1], &[4, 4], "seed");
    assert!(
        tied.cells
            .iter()
            .all(|c| matches!(c.why, Why::Up { lot: true, .. } | Why::Down { lot: true, .. }))
    );
}

#[test]
fn the_lots_of_the_cells_rounded_up_are_least() {
    // Three rows of one seat, three equal columns of one each: every permutation is equally near.
    let (rows, columns) = ([1, 1, 1], [5, 5, 5]);
    let (r, c) = (ids("S", 3), ids("J", 3));
    for n in 0..20 {
        let seed = format!("permutation {n}");
        let lottery = Lottery::new(&seed);
        let number =
            |h: usize, m: usize| u128::from(lottery.number(&format!("{}/{}", r[h], c[m])) >> 16);
        let least = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
            .into_iter()
            .min_by_key(|p| (0..3).map(|h| number(h, p[h])).sum::<u128>())
            .expect("six");
        let table = solve(&rows, &columns, &seed);
        for (h, &m) in least.iter().enumerate() {
            assert_eq!(table.cells[h * 3 + m].seats, 1, "{seed}");
        }
    }
}

#[test]
fn nobody_eligible_is_an_error_only_where_there_are_seats() {
    let columns = [Column { id: "J", eligible: 0, tilt: false, least: 0, boards: false }];
    let lottery = Lottery::new("");
    let some = round(&[Row { id: "S", seats: 1, places: None }], &columns, &lottery);
    assert_eq!(some.map(|t| t.cells.len()), Err(Unrounded::NoEligible));
    let none =
        round(&[Row { id: "S", seats: 0, places: None }], &columns, &lottery).expect("zeros");
    assert_eq!(none.cells[0].seats, 0);
    assert!(round(&[], &[], &lottery).expect("nothing").cells.is_empty());
}

#[test]
fn shares_round_as_published() {
    // Quota figures of Hangzhou's published 2026 plan (half up) and of an odd plan in Chengdu (up).
    let seats = |plan: u64, share: u64, rounding| rounded(plan * share, 1_000_000, rounding);
    for (plan, share, quota) in [
        (672, 700_000, 470),
        (624, 700_000, 437),
        (1008, 400_000, 403),
        (864, 400_000, 346),
        (672, 400_000, 269),
    ] {
        assert_eq!(seats(plan, share, Rounding::HalfUp), quota, "{plan} × {share}");
    }
    assert_eq!(seats(275, 500_000, Rounding::Up), 138);
    assert_eq!(seats(275, 500_000, Rounding::Down), 137);
    assert_eq!(seats(275, 500_000, Rounding::HalfUp), 138);
}

#[test]
fn a_large_city_is_solved() {
    let rows: Vec<u32> = (0..40).map(|h| 150 + h * 37 % 300).collect();
    let columns: Vec<u32> = (0..100).map(|m| 40 + m * 61 % 400).collect();
    let table = solve(&rows, &columns, "city");
    for (h, &seats) in rows.iter().enumerate() {
        let sum: u32 = table.cells[h * 100..(h + 1) * 100].iter().map(|c| c.seats).sum();
        assert_eq!(sum, seats);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn prop_no_table_is_nearer(
        rows in proptest::collection::vec(0_u32..12, 1..4),
        columns in proptest::collection::vec(0_u32..9, 1..5),
        seed in 0_u32..1000,
    ) {
        prop_assume!(columns.iter().any(|&e| e > 0));
        prop_assume!(rows.len() * columns.len() <= 12);
        let eligible: u32 = columns.iter().sum();
        let least = brute_force(&rows, &columns, 0).expect("controlled roundings exist");
        let table = solve(&rows, &columns, &seed.to_string());
        prop_assert_eq!(table.deviation, Fraction::new(least.into(), eligible.into()));
    }

    /// With a least number too, and refused exactly where no table keeps it.
    #[test]
    fn prop_least_numbers_are_kept_or_refused(
        rows in proptest::collection::vec(0_u32..8, 1..=3),
        columns in proptest::collection::vec(0_u32..9, 1..=4),
        least in 1_u32..4,
    ) {
        prop_assume!(columns.iter().any(|&e| e > 0));
        let best = brute_force(&rows, &columns, least);
        match solve_with(&rows, &columns, "least", least) {
            Ok(table) => {
                let eligible = u128::from(columns.iter().sum::<u32>());
                let best = best.map(|b| Fraction::new(b.into(), eligible));
                prop_assert_eq!(Some(table.deviation), best);
            }
            Err(Unrounded::Least { .. }) => prop_assert_eq!(best, None),
            Err(error) => prop_assert!(false, "{:?}", error),
        }
    }

    #[test]
    fn prop_rows_are_exact_and_cells_and_columns_within_one(
        rows in proptest::collection::vec(0_u32..400, 1..12),
        columns in proptest::collection::vec(0_u32..300, 1..20),
    ) {
        prop_assume!(columns.iter().any(|&e| e > 0));
        let eligible: u64 = columns.iter().map(|&e| u64::from(e)).sum();
        let quota: u64 = rows.iter().map(|&q| u64::from(q)).sum();
        let table = solve(&rows, &columns, "rules");
        let mut totals = vec![0_u64; columns.len()];
        for (h, &q) in rows.iter().enumerate() {
            let row = &table.cells[h * columns.len()..(h + 1) * columns.len()];
            prop_assert_eq!(row.iter().map(|c| c.seats).sum::<u32>(), q);
            for (m, cell) in row.iter().enumerate() {
                let share = u64::from(q) * u64::from(columns[m]);
                let seats = u64::from(cell.seats);
                prop_assert!((share / eligible..=share.div_ceil(eligible)).contains(&seats));
                totals[m] += seats;
            }
        }
        for (&total, &e) in totals.iter().zip(&columns) {
            let ideal = quota * u64::from(e);
            prop_assert!((ideal / eligible..=ideal.div_ceil(eligible)).contains(&total));
        }
    }

    #[test]
    fn prop_the_order_of_rows_and_columns_does_not_matter(
        rows in proptest::collection::vec(0_u32..6, 2..6),
        columns in proptest::collection::vec(1_u32..4, 2..7),
        turn in 1_usize..6,
    ) {
        let (r, c) = (ids("S", rows.len()), ids("J", columns.len()));
        let lottery = Lottery::new("order");
        let mut some: Vec<Row<'_>> =
            r.iter().zip(&rows).map(|(id, &seats)| Row { id, seats, places: None }).collect();
        let mut others: Vec<Column<'_>> =
            c.iter().zip(&columns).map(|(id, &eligible)| Column { id, eligible, tilt: false, least: 0, boards: false }).collect();
        let named = |rows: &[Row<'_>], columns: &[Column<'_>]| {
            let table = round(rows, columns, &lottery).expect("a table");
            let mut named: Vec<(String, u32)> = table.cells.iter().enumerate().map(|(at, cell)| {
                let (h, m) = (at / columns.len(), at % columns.len());
                (format!("{}/{}", rows[h].id, columns[m].id), cell.seats)
            }).collect();
            named.sort();
            named
        };
        let before = named(&some, &others);
        let (by_rows, by_columns) = (turn % some.len(), turn % others.len());
        some.rotate_left(by_rows);
        others.rotate_left(by_columns);
        others.swap(0, 1);
        prop_assert_eq!(before, named(&some, &others));
    }

    #[test]
    fn prop_more_seats_lower_no_floor_and_no_ceiling(
        rows in proptest::collection::vec(0_u32..40, 1..6),
        columns in proptest::collection::vec(1_u32..50, 1..8),
        more in 1_u32..30,
    ) {
        let before = solve(&rows, &columns, "more");
        let mut larger = rows.clone();
        larger[0] += more;
        let after = solve(&larger, &columns, "more");
        let total = |t: &Table| t.cells.iter().map(|c| c.seats).sum::<u32>();
        prop_assert_eq!(total(&after), total(&before) + more);
        for (a, b) in after.cells.iter().zip(&before.cells) {
            prop_assert!(a.ideal.floor() >= b.ideal.floor() && a.ideal.ceil() >= b.ideal.ceil());
            // By a whole seat and more of ideal, a cell cannot lose.
            prop_assert!(a.ideal.floor() < b.ideal.ceil() || a.seats >= b.seats);
        }
    }

    /// What holds of more graduates: the ideal of the junior school grows and no other's does, so that it loses at most the
    /// rounding, and nothing once its ideal has grown by a seat. That it never loses one seat is not promised.
    #[test]
    fn prop_more_graduates_lower_no_floor_of_their_school_and_raise_none_of_others(
        rows in proptest::collection::vec(0_u32..40, 1..6),
        columns in proptest::collection::vec(1_u32..50, 2..8),
        more in 1_u32..60,
    ) {
        let before = solve(&rows, &columns, "graduates");
        let mut larger = columns.clone();
        larger[0] += more;
        let after = solve(&rows, &larger, "graduates");
        for (at, (a, b)) in after.cells.iter().zip(&before.cells).enumerate() {
            let own = at % columns.len() == 0;
            let (small, large) = if own { (b, a) } else { (a, b) };
            prop_assert!(small.ideal.floor() <= large.ideal.floor());
            prop_assert!(small.ideal.ceil() <= large.ideal.ceil());
            prop_assert!(large.seats + 1 >= small.seats);
            prop_assert!(large.ideal.floor() < small.ideal.ceil() || large.seats >= small.seats);
        }
    }
}
