//! Beds as a bound of the distribution: worked out by hand, against brute force, and in the draw.

use luqu_engine::domain::Lottery;
use luqu_engine::policy::Rounding;
use luqu_engine::quota::matrix::{Column, Row, Table, Unrounded, Why, round};
use luqu_engine::quota::pool::{Unshared, draw, share_out_in_beds};
use luqu_engine::quota::{Beds, Fraction};
use proptest::prelude::*;

const fn day(id: &str, eligible: u32) -> Column<'_> {
    Column { id, eligible, tilt: false, least: 0, boards: false }
}

const fn boards(id: &str, eligible: u32) -> Column<'_> {
    Column { boards: true, ..day(id, eligible) }
}

const fn row(id: &str, seats: u32, places: Option<u32>) -> Row<'_> {
    Row { id, seats, places }
}

fn seats(table: &Table) -> Vec<u32> {
    table.cells.iter().map(|c| c.seats).collect()
}

#[test]
fn a_table_with_few_beds_worked_out_by_hand() {
    // 100 eligible, 50 of them board. S1 has 10 seats, 5 of them for boarders in proportion, and 3 beds: the boarding schools
    // share 3 as 30 : 20, that is 1.8 and 1.2, and J1 has the other 7. S2 has beds enough: 2.5, 1.5, 1.
    let columns = [day("J1", 50), boards("J2", 30), boards("J3", 20)];
    let rows = [row("S1", 10, Some(3)), row("S2", 5, Some(9))];
    let table = round(&rows, &columns, &Lottery::new("beds")).expect("a table");
    assert_eq!(seats(&table)[..3], [7, 2, 1]);
    let ideals: Vec<String> = table.cells.iter().map(|c| c.ideal.exact()).collect();
    assert_eq!(ideals, ["7", "9/5", "6/5", "5/2", "3/2", "1"]);
    // 0.2 + 0.2 in S1, 0.5 + 0.5 in S2.
    assert_eq!(table.deviation, Fraction::new(7, 5));
    let totals: Vec<String> = table.totals.iter().map(|t| t.exact()).collect();
    assert_eq!(totals, ["19/2", "33/10", "11/5"]);
    assert_eq!(table.cells[0].beds, Some(Beds { places: 3, due: Fraction::new(5, 1) }));
    assert_eq!(table.cells[1].why, Why::Up { rank: 1, of: 1, lot: false });
    assert_eq!(table.cells[3].beds, None);
}

#[test]
fn rounding_alone_never_goes_over_the_beds() {
    // Ten boarding schools at 0.9 each, K at 1: all ten rounded up would need ten beds.
    let names: Vec<String> = (0..10).map(|n| format!("J{n}")).collect();
    let mut columns: Vec<Column<'_>> = names.iter().map(|id| boards(id, 9)).collect();
    columns.push(day("K", 10));
    let beds = |places| {
        let rows = [row("S", 10, places)];
        let table = round(&rows, &columns, &Lottery::new("near")).expect("a table");
        seats(&table)[..10].iter().sum::<u32>()
    };
    assert_eq!(beds(Some(9)), 9);
    assert_eq!(beds(None), 9, "K is due 1 exactly");
    assert_eq!(beds(Some(8)), 8, "and the seats go to K");
}

#[test]
fn seats_without_beds_need_somebody_who_lives_at_home() {
    let rows = [row("S1", 4, None), row("S2", 5, Some(3))];
    let result = round(&rows, &[boards("J1", 9)], &Lottery::new(""));
    assert_eq!(result.map(|t| seats(&t)), Err(Unrounded::Beds { row: 1 }));
    let pool = share_out_in_beds(&rows, &[boards("J1", 9)], None, &Lottery::new(""));
    assert_eq!(pool.map(|_| ()), Err(Unshared::Beds { places: 7 }));
}

#[test]
fn least_numbers_that_only_beds_prevent_say_so() {
    // J2 is to have two seats at least; one bed in all.
    let columns = [day("J1", 50), Column { least: 2, ..boards("J2", 30) }];
    let few = [row("S1", 4, Some(1)), row("S2", 4, Some(0))];
    let result = round(&few, &columns, &Lottery::new("")).map(|t| seats(&t));
    assert_eq!(result, Err(Unrounded::Least { need: 9, beds: true }));
}

#[test]
fn a_pool_within_its_beds_worked_out_by_hand() {
    // Eight seats, 60 eligible at home and 20 + 20 who board: 4.8, 1.6, 1.6. Beds behind quota seats: 2 of S1, none of S2.
    // So J2 and J3 share two and J1 has six.
    let columns = [day("J1", 60), boards("J2", 20), boards("J3", 20)];
    let rows = [row("S1", 5, Some(2)), row("S2", 3, Some(0))];
    let lottery = Lottery::new("pool");
    let (shares, beds) = share_out_in_beds(&rows, &columns, None, &lottery).expect("shares");
    assert_eq!(shares.iter().map(|s| s.seats).collect::<Vec<_>>(), [6, 1, 1]);
    assert_eq!(beds, Some(Beds { places: 2, due: Fraction::new(16, 5) }));
    assert_eq!(shares[1].due, Some(Fraction::new(8, 5)));
    let draws = draw("key", &rows, &columns, &[6, 1, 1], &lottery);
    assert_eq!(draws.len(), 8);
    // Boarders draw first and from S1 alone.
    assert!(draws[..2].iter().all(|d| d.junior > 0 && d.school == 0));
    let of = |school| draws.iter().filter(|d| d.school == school).count();
    assert_eq!((of(0), of(1)), (5, 3));
    // Everyone else takes the lots left in their order.
    assert!(draws[2..].windows(2).all(|w| w[0].lot <= w[1].lot));
}

#[test]
fn first_seats_need_beds() {
    let columns = [Column { tilt: true, ..boards("J1", 90) }, day("J2", 90)];
    let tilt = Some((30, Rounding::HalfUp));
    let rows = [row("S1", 9, Some(2))];
    let result = share_out_in_beds(&rows, &columns, tilt, &Lottery::new("")).map(|_| ());
    assert_eq!(result, Err(Unshared::BedsForFirst { places: 2, need: 3 }));
}

/// Numerators of the ideals over one common denominator, by the words of the module alone.
fn ideals(rows: &[(u32, Option<u32>)], columns: &[(u32, bool)]) -> (Vec<Vec<u64>>, u64) {
    let sum = |boards: Option<bool>| -> u64 {
        columns.iter().filter(|c| boards.is_none_or(|b| b == c.1)).map(|c| u64::from(c.0)).sum()
    };
    let (all, boarders, day) = (sum(None), sum(Some(true)).max(1), sum(Some(false)).max(1));
    let unit = all * boarders * day;
    let table = rows
        .iter()
        .map(|&(q, places)| {
            let q = u64::from(q);
            let cut = places.map(u64::from).filter(|p| q * sum(Some(true)) > p * all);
            let cell = |&(e, boards): &(u32, bool)| match (cut, boards) {
                (None, _) => q * u64::from(e) * (unit / all),
                (Some(p), true) => p * u64::from(e) * (unit / boarders),
                (Some(p), false) => (q - p) * u64::from(e) * (unit / day),
            };
            columns.iter().map(cell).collect()
        })
        .collect();
    (table, unit)
}

/// The least deviation over every rounding of every cell, over the common denominator.
fn brute_force(rows: &[(u32, Option<u32>)], columns: &[(u32, bool)]) -> Option<(u64, u64)> {
    let (ideal, unit) = ideals(rows, columns);
    let cells: Vec<(usize, usize)> = (0..rows.len())
        .flat_map(|h| (0..columns.len()).map(move |m| (h, m)))
        .filter(|&(h, m)| ideal[h][m] % unit > 0)
        .collect();
    let mut best = None;
    for choice in 0_u32..1 << cells.len() {
        let mut table: Vec<Vec<u64>> =
            ideal.iter().map(|row| row.iter().map(|i| i / unit).collect()).collect();
        let mut off = 0;
        for (at, &(h, m)) in cells.iter().enumerate() {
            let up = u64::from(choice >> at & 1);
            table[h][m] += up;
            let rest = ideal[h][m] % unit;
            off += if up == 1 { unit - rest } else { rest };
        }
        let rows_hold = table.iter().zip(rows).all(|(row, &(q, places))| {
            let boarders: u64 = row.iter().zip(columns).filter(|(_, c)| c.1).map(|(x, _)| x).sum();
            // Where the proportions ask for more, the boarders have the beds, all of them.
            let of = |boards: bool| {
                columns.iter().filter(|c| c.1 == boards).map(|c| u64::from(c.0)).sum::<u64>()
            };
            let short = |p: u64| u64::from(q) * of(true) > p * (of(true) + of(false));
            row.iter().sum::<u64>() == u64::from(q)
                && places
                    .map(u64::from)
                    .is_none_or(|p| if short(p) { boarders == p } else { boarders <= p })
        });
        let columns_hold = (0..columns.len()).all(|m| {
            let (sum, total) =
                (table.iter().map(|r| r[m]).sum::<u64>(), ideal.iter().map(|r| r[m]).sum::<u64>());
            (total / unit..=total.div_ceil(unit)).contains(&sum)
        });
        if rows_hold && columns_hold {
            best = Some(best.map_or(off, |b: u64| b.min(off)));
        }
    }
    best.map(|off| (off, unit))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn prop_no_table_within_the_beds_is_nearer(
        rows in proptest::collection::vec((0_u32..12, proptest::option::of(0_u32..8)), 1..4),
        columns in proptest::collection::vec((0_u32..9, any::<bool>()), 1..5),
    ) {
        prop_assume!(columns.iter().any(|c| c.0 > 0));
        prop_assume!(rows.len() * columns.len() <= 12);
        let names: Vec<String> = (0..9).map(|n| format!("{}", n * 7 % 10)).collect();
        let r: Vec<Row<'_>> =
            names.iter().zip(&rows).map(|(id, &(seats, places))| row(id, seats, places)).collect();
        let c: Vec<Column<'_>> = names
            .iter()
            .zip(&columns)
            .map(|(id, &(eligible, boards))| Column { boards, ..day(id, eligible) })
            .collect();
        match round(&r, &c, &Lottery::new("brute")) {
            Ok(table) => {
                let (off, unit) = brute_force(&rows, &columns).expect("a table exists");
                prop_assert_eq!(table.deviation, Fraction::new(off.into(), unit.into()));
                for (h, cells) in table.cells.chunks(columns.len()).enumerate() {
                    let boarders: u32 =
                        cells.iter().zip(&columns).filter(|(_, c)| c.1).map(|(x, _)| x.seats).sum();
                    prop_assert!(rows[h].1.is_none_or(|places| boarders <= places));
                }
            }
            Err(Unrounded::Beds { row }) => {
                let (seats, places) = rows[row];
                prop_assert!(places.is_some_and(|p| p < seats));
                prop_assert!(columns.iter().all(|c| c.1 || c.0 == 0));
            }
            Err(error) => prop_assert!(false, "{:?}", error),
        }
    }

    #[test]
    fn prop_a_pool_is_dealt_out_within_the_beds(
        rows in proptest::collection::vec((0_u32..12, proptest::option::of(0_u32..8)), 1..6),
        columns in proptest::collection::vec((0_u32..40, any::<bool>()), 1..8),
    ) {
        prop_assume!(columns.iter().any(|c| c.0 > 0 && !c.1));
        let names: Vec<String> = (0..9).map(|n| format!("{}", n * 7 % 10)).collect();
        let r: Vec<Row<'_>> =
            names.iter().zip(&rows).map(|(id, &(seats, places))| row(id, seats, places)).collect();
        let c: Vec<Column<'_>> = names
            .iter()
            .zip(&columns)
            .map(|(id, &(eligible, boards))| Column { boards, ..day(id, eligible) })
            .collect();
        let lottery = Lottery::new("pool");
        let (shares, _) = share_out_in_beds(&r, &c, None, &lottery).expect("shares");
        let seats: Vec<u64> = shares.iter().map(|s| s.seats).collect();
        let draws = draw("b", &r, &c, &seats, &lottery);
        prop_assert_eq!(draws.len() as u32, rows.iter().map(|r| r.0).sum::<u32>());
        for (h, &(total, places)) in rows.iter().enumerate() {
            let mine = || draws.iter().filter(|d| d.school == h);
            prop_assert_eq!(mine().count() as u32, total);
            let boarders = mine().filter(|d| columns[d.junior].1).count() as u32;
            prop_assert!(places.is_none_or(|p| boarders <= p), "{} boarders", boarders);
        }
    }
}
