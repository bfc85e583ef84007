//! The pool: who gets how many, and a draw that anyone can repeat.

use luqu_engine::domain::Lottery;
use luqu_engine::policy::Rounding;
use luqu_engine::quota::matrix::{Column, Row, Why};
use luqu_engine::quota::pool::{Unshared, draw, share_out};
use proptest::prelude::*;

fn column(id: &str, eligible: u32, tilt: bool) -> Column<'_> {
    Column { id, eligible, tilt, least: 0, boards: false }
}

#[test]
fn tilted_schools_get_theirs_first_and_the_rest_goes_by_largest_remainder() {
    // 45/30 = 1.5 → 2 first; 8 of the 10 remain: 45 + 75 + 80 = 200 eligible, 1.8 3.0 3.2.
    let columns = [column("J1", 45, true), column("J2", 75, false), column("J3", 80, false)];
    let tilt = Some((30, Rounding::HalfUp));
    let shares = share_out(10, &columns, tilt, &Lottery::new("pool")).expect("shares");
    assert_eq!(shares.iter().map(|s| s.seats).collect::<Vec<_>>(), [4, 3, 3]);
    assert_eq!(shares.iter().map(|s| s.tilt).collect::<Vec<_>>(), [2, 0, 0]);
    assert_eq!(shares[0].ideal.exact(), "19/5");
    assert_eq!(shares[0].why, Why::Up { rank: 1, of: 1, lot: false });
    assert_eq!(shares[1].why, Why::Whole);
    assert_eq!(shares[2].why, Why::Down { rank: 2, of: 1, lot: false });
}

#[test]
fn without_a_tilt_rule_the_mark_means_nothing() {
    let columns = [column("J1", 10, true), column("J2", 10, false)];
    let shares = share_out(4, &columns, None, &Lottery::new("")).expect("shares");
    assert_eq!(shares.iter().map(|s| s.seats).collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn first_seats_may_use_up_the_pool_and_no_more() {
    let columns = [column("J1", 90, true), column("J2", 10, false)];
    let tilt = Some((30, Rounding::HalfUp));
    let lottery = Lottery::new("");
    let shares = share_out(3, &columns, tilt, &lottery).expect("exactly used up");
    assert_eq!(shares.iter().map(|s| s.seats).collect::<Vec<_>>(), [3, 0]);
    let over = share_out(2, &columns, tilt, &lottery).map(|s| s.len());
    assert_eq!(over, Err(Unshared::TiltOverPool { tilt: 3 }));
    let nobody = share_out(2, &[column("J1", 0, false)], None, &lottery).map(|s| s.len());
    assert_eq!(nobody, Err(Unshared::NoEligible));
}

#[test]
fn equal_remainders_are_decided_by_the_lottery_of_the_junior_school() {
    let columns = [column("J1", 5, false), column("J2", 5, false), column("J3", 5, false)];
    for n in 0..20 {
        let lottery = Lottery::new(&format!("seed {n}"));
        let shares = share_out(1, &columns, None, &lottery).expect("shares");
        let first = columns.iter().min_by_key(|c| lottery.number(c.id)).expect("three").id;
        for (share, column) in shares.iter().zip(&columns) {
            assert_eq!(share.seats, u64::from(column.id == first));
            assert!(matches!(share.why, Why::Up { lot: true, .. } | Why::Down { .. }));
        }
    }
}

#[test]
fn the_draw_deals_the_lots_by_their_numbers() {
    let rows = [Row { id: "S2", seats: 2, places: None }, Row { id: "S1", seats: 3, places: None }];
    let columns = [column("J2", 1, false), column("J1", 1, false)];
    let lottery = Lottery::new("draw");
    let draws = draw("key", &rows, &columns, &[3, 2], &lottery);
    // Seats stand by junior school id: J1 (place 1) has two, J2 (place 0) three.
    let seats: Vec<_> = draws.iter().map(|d| (d.number, d.junior, d.seat)).collect();
    assert_eq!(seats, [(1, 1, 1), (2, 1, 2), (3, 0, 1), (4, 0, 2), (5, 0, 3)]);
    let mut lots: Vec<u64> = ["S1/1", "S1/2", "S1/3", "S2/1", "S2/2"]
        .iter()
        .map(|lot| lottery.number(&format!("key/{lot}")))
        .collect();
    lots.sort_unstable();
    assert_eq!(draws.iter().map(|d| d.lot).collect::<Vec<_>>(), lots);
    let of = |school| draws.iter().filter(|d| d.school == school).count();
    assert_eq!((of(0), of(1)), (2, 3));
    assert_eq!(draws, draw("key", &rows, &columns, &[3, 2], &lottery));
    assert_ne!(draws, draw("other", &rows, &columns, &[3, 2], &lottery), "batches draw apart");
}

#[test]
fn every_senior_school_is_drawn_about_as_often_as_it_has_lots() {
    // 1 lot of S1 against 3 of S2 for the first seat: a quarter of 400 seeds.
    let rows = [Row { id: "S1", seats: 1, places: None }, Row { id: "S2", seats: 3, places: None }];
    let columns = [column("J1", 1, false)];
    let first = |n: u32| draw("b", &rows, &columns, &[4], &Lottery::new(&format!("{n}")))[0].school;
    let hits = (0..400).filter(|&n| first(n) == 0).count();
    assert!((70..=130).contains(&hits), "{hits} of 400");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// Of two schools the one with more eligible graduates has no fewer seats, and a school that grows loses none.
    #[test]
    fn prop_more_graduates_never_cost_a_seat_of_a_pool(
        eligible in proptest::collection::vec(0_u32..90, 2..12),
        pool in 0_u64..200,
        more in 1_u32..60,
    ) {
        prop_assume!(eligible.iter().any(|&e| e > 0));
        let names: Vec<String> = (0..eligible.len()).map(|n| format!("J{}", n * 7 % 13)).collect();
        let shares = |eligible: &[u32]| -> Vec<u64> {
            let named = names.iter().zip(eligible);
            let columns: Vec<Column<'_>> = named.map(|(id, &e)| column(id, e, false)).collect();
            let shares = share_out(pool, &columns, None, &Lottery::new("more")).expect("shares");
            shares.iter().map(|s| s.seats).collect()
        };
        let before = shares(&eligible);
        for (a, b) in (0..eligible.len()).flat_map(|a| (0..eligible.len()).map(move |b| (a, b))) {
            prop_assert!(eligible[a] <= eligible[b] || before[a] >= before[b]);
        }
        let mut larger = eligible.clone();
        larger[0] += more;
        prop_assert!(shares(&larger)[0] >= before[0]);
    }

    /// The order of the tables changes nothing: neither the seats nor a line of the draw.
    #[test]
    fn prop_a_draw_is_the_same_for_any_order_of_schools(
        eligible in proptest::collection::vec(1_u32..30, 2..7),
        quota in proptest::collection::vec(0_u32..6, 1..6),
        turn in 1_usize..6,
    ) {
        let (r, c): (Vec<String>, Vec<String>) =
            (0..8).map(|n| (format!("S{}", n * 5 % 8), format!("J{}", n * 3 % 8))).unzip();
        let mut rows: Vec<Row<'_>> =
            r.iter().zip(&quota).map(|(id, &seats)| Row { id, seats, places: None }).collect();
        let mut columns: Vec<Column<'_>> =
            c.iter().zip(&eligible).map(|(id, &e)| column(id, e, false)).collect();
        let lottery = Lottery::new("order");
        let pool: u32 = quota.iter().sum();
        let protocol = |rows: &[Row<'_>], columns: &[Column<'_>]| -> Vec<(u32, String, u32, String, u64)> {
            let shares = share_out(pool.into(), columns, None, &lottery).expect("shares");
            let seats: Vec<u64> = shares.iter().map(|s| s.seats).collect();
            let line = |d: &luqu_engine::quota::pool::Draw| {
                (d.number, columns[d.junior].id.to_owned(), d.seat, rows[d.school].id.to_owned(), d.lot)
            };
            draw("key", rows, columns, &seats, &lottery).iter().map(line).collect()
        };
        let before = protocol(&rows, &columns);
        let (by_rows, by_columns) = (turn % rows.len(), turn % columns.len());
        rows.rotate_left(by_rows);
        columns.rotate_left(by_columns);
        columns.swap(0, 1);
        prop_assert_eq!(before, protocol(&rows, &columns));
    }

    #[test]
    fn prop_the_pool_is_used_up_and_the_rest_is_within_one(
        rest in 0_u64..500,
        eligible in proptest::collection::vec(1_u32..300, 1..12),
        tilted in proptest::collection::vec(any::<bool>(), 12),
    ) {
        let ids: Vec<String> = (0..eligible.len()).map(|m| format!("J{m:02}")).collect();
        let columns: Vec<Column<'_>> = ids
            .iter()
            .zip(eligible.iter().zip(&tilted))
            .map(|(id, (&eligible, &tilt))| Column { id, eligible, tilt, least: 0, boards: false })
            .collect();
        let first: u64 = columns
            .iter()
            .filter(|c| c.tilt)
            .map(|c| (2 * u64::from(c.eligible) + 30) / 60)
            .sum();
        let lottery = Lottery::new("pool");
        let shares = share_out(first + rest, &columns, Some((30, Rounding::HalfUp)), &lottery)
            .expect("shares");
        prop_assert_eq!(shares.iter().map(|s| s.seats).sum::<u64>(), first + rest);
        prop_assert_eq!(shares.iter().map(|s| s.tilt).sum::<u64>(), first);
        for share in &shares {
            let seats = u128::from(share.seats);
            prop_assert!((share.ideal.floor()..=share.ideal.ceil()).contains(&seats));
        }
    }
}

#[test]
fn a_least_number_comes_out_of_the_seats_over() {
    // 10 seats, 1 : 1 : 8 of ten – 1, 1, 8; three schools at least two each take two of the eight.
    let least = |k: u32| {
        let of = |id, eligible: u32| Column {
            id,
            eligible,
            tilt: false,
            least: k.min(eligible),
            boards: false,
        };
        let columns = [of("J1", 10), of("J2", 11), of("J3", 79), of("J4", 0)];
        share_out(10, &columns, None, &Lottery::new("least"))
    };
    let seats = |k| least(k).map(|s| s.iter().map(|s| s.seats).collect::<Vec<_>>());
    assert_eq!(seats(0), Ok(vec![1, 1, 8, 0]));
    assert_eq!(seats(1), Ok(vec![1, 1, 8, 0]));
    assert_eq!(seats(2), Err(Unshared::Least { need: 11 }));
    let of = |id, eligible| Column { id, eligible, tilt: false, least: 1, boards: false };
    // 0.75, 0.75 and 1.5 of three: the small ones by right, and none is over for the largest.
    let shares = share_out(3, &[of("J1", 5), of("J2", 5), of("J3", 10)], None, &Lottery::new("x"));
    let shares = shares.expect("shares");
    assert_eq!(shares.iter().map(|s| s.seats).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(shares.iter().map(|s| s.why).collect::<Vec<_>>()[..2], [Why::Least, Why::Least]);
}
