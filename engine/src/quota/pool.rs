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
//! The numbers are independent of one another and of the seats, so that every order of lots is equally likely, and
//! anyone who has the seed can repeat the draw line by line.

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
    let first = |c: &Column<'_>| match tilt {
        Some((per, rounding)) if c.tilt => rounded(c.eligible.into(), per.into(), rounding),
        _ => 0,
    };
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

/// Draws which senior school each seat belongs to: steps 4 and 5, in the order of drawing.
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
    let takers = by_id(columns.iter().map(|c| c.id))
        .into_iter()
        .flat_map(|m| (1..=seats[m]).map(move |seat| (m, u32::try_from(seat).unwrap_or(u32::MAX))));
    lots.iter()
        .zip(takers)
        .zip(1..)
        .map(|((&(lot, _, _, school), (junior, seat)), number)| Draw {
            number,
            junior,
            seat,
            school,
            lot,
        })
        .collect()
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
