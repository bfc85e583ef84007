//! The pool method (指标分配资金池法): junior schools share one pool of seats, and lots say whose seats they are.
//!
//! 1. All quota seats of the batch are one pool.
//! 2. Where the policy sets `tilt`, each tilted junior school first gets round(eligible / per).
//! 3. The rest goes to all junior schools in proportion to their eligible graduates by largest remainder; equal
//!    remainders by the lottery number of the junior school's id, smaller first. Where the policy sets
//!    `min_per_junior`, a school whose floor is below it starts from it, and the seats over are fewer by what that took.
//! 4. The seats so shared stand in a row, by junior school (ids bytewise), each school's seats together.
//! 5. Every seat of every senior school is a lot, with the lottery number of the message `batch/school_id/n`, n
//!    counting the school's seats from 1. The lots are drawn without being put back, smallest number first
//!    (equal numbers by school id, then n): the k-th lot goes to the k-th seat.
//!
//! 6. Where senior schools say how many beds they have, boarding junior schools together get no more seats than there are
//!    beds behind quota seats, Σ min(seats, beds): else they share those as in 2 and 3, and the others share the rest. Their
//!    seats then stand first in the row, and a lot of a senior school whose beds are used up is laid aside until the
//!    others draw, who take the lots left in their order.
//!
//! The numbers are independent of one another and of the seats, so that every order of lots is equally likely, and
//! anyone who has the seed can repeat the draw line by line.

use std::collections::VecDeque;

use super::beds::{Beds, Eligible};
use super::fraction::{Fraction, rounded};
use super::matrix::{Column, Row, Why, by_id};
use crate::domain::Lottery;
use crate::policy;

/// What a junior school gets of the pool.
#[derive(Clone, Copy, Debug)]
pub struct JuniorShare {
    /// The seats it gets first, being tilted.
    pub tilt: u64,
    /// What it would get exactly: the tilted seats and its part of the rest.
    pub ideal: Fraction,
    /// All its seats.
    pub seats: u64,
    /// Why the rest was rounded as it was; `of` counts the seats over all floors.
    pub why: Why,
    /// What it would get exactly if there were beds enough, where that is another.
    pub due: Option<Fraction>,
}

/// Why a pool cannot be shared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unshared {
    /// There are seats and nobody eligible.
    NoEligible,
    /// The tilted schools' first seats are more than the pool.
    TiltOverPool {
        /// The seats of the tilted schools.
        tilt: u64,
    },
    /// The least numbers of seats, all other schools at their floors, are more than the pool.
    Least {
        /// How many they are.
        need: u64,
    },
    /// More seats than beds, and no junior school whose pupils live at home.
    Beds {
        /// The beds behind quota seats.
        places: u64,
    },
    /// The first and least seats of boarding junior schools are more than the beds.
    BedsForFirst {
        /// The beds behind quota seats.
        places: u64,
        /// The seats.
        need: u64,
    },
}

/// One line of the draw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Draw {
    /// From 1, in the order of drawing.
    pub number: u32,
    /// The junior school, as a place in the columns given.
    pub junior: usize,
    /// Which of its seats, from 1.
    pub seat: u32,
    /// The senior school drawn, as a place in the rows given.
    pub school: usize,
    /// The lottery number of the lot.
    pub lot: u64,
}

/// Shares the pool among junior schools: steps 2 and 3, in the order of the columns given.
///
/// # Errors
/// As [`Unshared`] says. A pool that the tilted schools use up exactly is no error.
pub fn share_out(
    pool: u64,
    columns: &[Column<'_>],
    tilt: Option<(u32, policy::Rounding)>,
    lottery: &Lottery,
) -> Result<Vec<JuniorShare>, Unshared> {
    let eligible: u64 = columns.iter().map(|c| u64::from(c.eligible)).sum();
    if eligible == 0 && pool > 0 {
        return Err(Unshared::NoEligible);
    }
    let first = |c: &Column<'_>| tilted(c, tilt);
    let tilted: u64 = columns.iter().map(first).sum();
    let rest = pool.checked_sub(tilted).ok_or(Unshared::TiltOverPool { tilt: tilted })?;
    let whole = u128::from(eligible.max(1));
    let part = |c: &Column<'_>| u128::from(rest) * u128::from(c.eligible);
    let floor = |c: &Column<'_>| first(c) + u64::try_from(part(c) / whole).unwrap_or(u64::MAX);
    let need: u64 = columns.iter().map(|c| floor(c).max(c.least.into())).sum();
    // The remainders are below one each, so that fewer seats are over than there are schools.
    let over = pool.checked_sub(need).ok_or(Unshared::Least { need })?;
    let over = usize::try_from(over).unwrap_or(usize::MAX);
    let mut order: Vec<usize> = (0..columns.len())
        .filter(|&m| part(&columns[m]) % whole > 0 && floor(&columns[m]) >= columns[m].least.into())
        .collect();
    order.sort_by_cached_key(|&m| {
        let column = &columns[m];
        (std::cmp::Reverse(part(column) % whole), lottery.number(column.id), column.id)
    });
    let mut shares: Vec<JuniorShare> = columns
        .iter()
        .map(|c| JuniorShare {
            tilt: first(c),
            ideal: Fraction::new(u128::from(first(c)) * whole + part(c), whole),
            seats: floor(c).max(c.least.into()),
            why: if floor(c) < c.least.into() { Why::Least } else { Why::Whole },
            due: None,
        })
        .collect();
    let of = count(over);
    for (at, &m) in order.iter().enumerate() {
        let remainder = part(&columns[m]) % whole;
        let equal =
            |other: Option<&usize>| other.is_some_and(|&o| part(&columns[o]) % whole == remainder);
        let rank = count(at + 1);
        if at < over {
            shares[m].seats += 1;
            shares[m].why = Why::Up { rank, of, lot: equal(order.get(over)) };
        } else {
            let last_up = over.checked_sub(1).and_then(|last| order.get(last));
            shares[m].why = Why::Down { rank, of, lot: equal(last_up) };
        }
    }
    Ok(shares)
}

/// As [`share_out`] for the seats of the rows together, within their beds; with the beds, where they cut the pool in two.
///
/// # Errors
/// As [`Unshared`] says.
pub fn share_out_in_beds(
    rows: &[Row<'_>],
    columns: &[Column<'_>],
    tilt: Option<(u32, policy::Rounding)>,
    lottery: &Lottery,
) -> Result<(Vec<JuniorShare>, Option<Beds>), Unshared> {
    let pool: u64 = rows.iter().map(|r| u64::from(r.seats)).sum();
    let places: u64 =
        rows.iter().map(|r| u64::from(r.places.unwrap_or(r.seats).min(r.seats))).sum();
    let mut shares = share_out(pool, columns, tilt, lottery)?;
    let taken: u64 =
        shares.iter().zip(columns).filter(|(_, c)| c.boards).map(|(s, _)| s.seats).sum();
    if taken <= places {
        return Ok((shares, None));
    }
    let part = |boards: bool, seats: u64| {
        let own: Vec<Column<'_>> = columns.iter().filter(|c| c.boards == boards).copied().collect();
        share_out(seats, &own, tilt, lottery)
    };
    let boarders = part(true, places).map_err(|e| match e {
        Unshared::TiltOverPool { tilt: need } | Unshared::Least { need } => {
            Unshared::BedsForFirst { places, need }
        }
        other => other,
    })?;
    let day = part(false, pool - places).map_err(|e| match e {
        Unshared::NoEligible => Unshared::Beds { places },
        other => other,
    })?;
    let (mut boarders, mut day) = (boarders.into_iter(), day.into_iter());
    for (share, column) in shares.iter_mut().zip(columns) {
        let next = if column.boards { boarders.next() } else { day.next() };
        let Some(bound) = next else { continue };
        let was = Some(share.ideal).filter(|ideal| *ideal != bound.ideal);
        *share = JuniorShare { due: was, ..bound };
    }
    let places = u32::try_from(places).unwrap_or(u32::MAX);
    let first = |boards: Option<bool>| -> u64 {
        columns
            .iter()
            .filter(|c| boards.is_none_or(|b| b == c.boards))
            .map(|c| tilted(c, tilt))
            .sum()
    };
    // What is left after all first seats is shared by head count; boarders have their part of it and their first seats.
    let eligible = Eligible::of(columns);
    let rest = u128::from(pool - first(None)) * u128::from(eligible.boarders);
    let all = u128::from(eligible.all.max(1));
    let due = Fraction::new(u128::from(first(Some(true))) * all + rest, all);
    Ok((shares, Some(Beds { places, due })))
}

/// Draws which senior school each seat belongs to: steps 4 to 6, in the order of drawing.
///
/// `seats` are those of the columns and add up to the rows' own; what is over on either side is left out.
pub fn draw(
    batch: &str,
    rows: &[Row<'_>],
    columns: &[Column<'_>],
    seats: &[u64],
    lottery: &Lottery,
) -> Vec<Draw> {
    let mut lots: Vec<(u64, &str, u32, usize)> = rows
        .iter()
        .enumerate()
        .flat_map(|(at, row)| (1..=row.seats).map(move |n| (at, row.id, n)))
        .map(|(at, id, n)| (lottery.number(&format!("{batch}/{id}/{n}")), id, n, at))
        .collect();
    lots.sort_unstable();
    let scarce = rows.iter().any(|r| r.places.is_some_and(|places| places < r.seats));
    let mut order = by_id(columns.iter().map(|c| c.id));
    if scarce {
        order.sort_by_key(|&m| !columns[m].boards);
    }
    let takers = order
        .into_iter()
        .flat_map(|m| (1..=seats[m]).map(move |seat| (m, u32::try_from(seat).unwrap_or(u32::MAX))));
    let mut beds: Vec<u32> = rows.iter().map(|r| r.places.unwrap_or(r.seats)).collect();
    let mut lots = lots.into_iter();
    let mut aside = VecDeque::new();
    let mut draws = Vec::new();
    for ((junior, seat), number) in takers.zip(1..) {
        let boards = scarce && columns[junior].boards;
        // Whoever lives at home takes what was laid aside first: it stands before all lots not yet looked at.
        let mut next = if boards { None } else { aside.pop_front() }.or_else(|| lots.next());
        while let Some(lot) = next.filter(|&(_, _, _, school)| boards && beds[school] == 0) {
            aside.push_back(lot);
            next = lots.next();
        }
        let Some((lot, _, _, school)) = next else { break };
        if boards {
            beds[school] -= 1;
        }
        draws.push(Draw { number, junior, seat, school, lot });
    }
    draws
}

/// The seats that a junior school gets first.
fn tilted(column: &Column<'_>, tilt: Option<(u32, policy::Rounding)>) -> u64 {
    match tilt {
        Some((per, rounding)) if column.tilt => {
            rounded(column.eligible.into(), per.into(), rounding)
        }
        _ => 0,
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
