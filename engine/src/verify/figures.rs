//! The figures of a batch once everybody sits: adjustment 服从调剂, the line of every class, what is carried on.
//!
//! Policy: SPEC §5.5 and §6.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use rayon::prelude::*;

use super::floors::Floors;
use super::market::Market;
use super::order::Order;
use crate::domain::{ApplicantIx, BatchIx, CategoryIx, Line, SchoolIx};

/// Seats handed to a later batch: batch, school, category, seats.
pub type Carried = (BatchIx, SchoolIx, CategoryIx, u32);

/// Gives every walker the first free seat it may hold. `held` is brought up to date.
///
/// `walkers` are the participants without a seat who ticked `adjust`, in any order. A seat is free when
/// neither the class nor any class it lends to, one after the other, would be over its seats.
pub fn adjust(
    market: &Market<'_>,
    base: &[u32],
    floors: &Floors,
    held: &mut [u32],
    walkers: Vec<ApplicantIx>,
) -> Vec<(ApplicantIx, usize)> {
    if walkers.is_empty() {
        return Vec::new();
    }
    let season = market.season();
    let seats = market.capacities(base, held);
    let mut free: Vec<u32> =
        seats.iter().zip(held.iter()).map(|(s, h)| s.saturating_sub(*h)).collect();
    let mut stops: Vec<(SchoolIx, CategoryIx)> = Vec::new();
    for school in (0..season.schools().len()).map(SchoolIx::from) {
        for &category in &season.policy().batch(market.batch).adjustment {
            stops.push((school, category));
        }
    }
    let offered: BTreeSet<(SchoolIx, CategoryIx)> =
        market.classes.iter().map(|c| (c.school, c.category)).collect();
    stops.retain(|stop| offered.contains(stop));
    let mut given = Vec::new();
    for walker in Order::of_batch(market).sorted(walkers) {
        let total = season.applicant(walker).total;
        let found = stops.iter().find_map(|&(school, category)| {
            let class = market.class_for(walker, school, category)?;
            let takes = downstream(market, class).all(|c| free[c] > 0)
                && market.barrier(walker, class).is_none()
                && floors.figure(class).is_none_or(|floor| total >= floor);
            takes.then_some(class)
        });
        if let Some(class) = found {
            for c in downstream(market, class) {
                free[c] -= 1;
            }
            held[class] += 1;
            given.push((walker, class));
        }
    }
    given
}

/// The class and every class that its unfilled seats reach.
fn downstream<'m>(market: &'m Market<'_>, class: usize) -> impl Iterator<Item = usize> + 'm {
    std::iter::successors(Some(class), |&c| market.classes[c].to)
}

/// The rows of `cutoffs.csv` for the batch; `holders` per class with the wish position, 0 when adjusted.
pub fn lines(
    market: &Market<'_>,
    seats: &[u32],
    floors: &Floors,
    holders: &[Vec<(ApplicantIx, u16)>],
) -> Vec<Line> {
    let of = |at: usize| {
        let held = u32::try_from(holders[at].len()).unwrap_or(u32::MAX);
        let last = last_of(market, at, holders[at].iter().copied());
        line(market, at, seats[at], held, floors, last)
    };
    (0..market.classes.len()).into_par_iter().with_min_len(1 << 6).map(of).collect()
}

/// The row of `cutoffs.csv` of one class.
pub fn line(
    market: &Market<'_>,
    at: usize,
    seats: u32,
    held: u32,
    floors: &Floors,
    last: Option<(ApplicantIx, u16)>,
) -> Line {
    let class = &market.classes[at];
    Line {
        batch: market.batch,
        school: class.school,
        category: class.category,
        junior: class.junior,
        seats,
        placed: held,
        lowest_total: last.map(|(a, _)| market.season().applicant(a).total),
        lowest_position: last.map(|(_, p)| p),
        floor: floors.figure(at),
    }
}

/// The last holder of a class by priority, equals by applicant.
pub fn last_of(
    market: &Market<'_>,
    class: usize,
    holders: impl IntoIterator<Item = (ApplicantIx, u16)>,
) -> Option<(ApplicantIx, u16)> {
    let order = Order::of_class(market, class);
    let mut last: Option<(u64, (ApplicantIx, u16))> = None;
    for holder in holders {
        let front = market.front_in(class, holder.0, holder.1);
        let later = last.is_none_or(|(before, last)| {
            let exact = || order.compare(holder, last).then(holder.cmp(&last));
            front.cmp(&before).then_with(exact) == Ordering::Greater
        });
        if later {
            last = Some((front, holder));
        }
    }
    last.map(|(_, holder)| holder)
}

/// What the batch carries on: the seats that its carrying classes left unfilled.
pub fn carried(market: &Market<'_>, seats: &[u32], held: &[u32]) -> Vec<Carried> {
    let policy = market.season().policy();
    let of = |(at, class): (usize, &super::market::SeatClass)| {
        let (batch, to) = policy.category(class.category).carry_to?;
        (batch > market.batch)
            .then(|| (batch, class.school, to, seats[at].saturating_sub(held[at])))
    };
    market.classes.iter().enumerate().filter_map(of).collect()
}

/// The seats of every class before returns: its own and what earlier batches carried to it.
pub fn base(market: &Market<'_>, carried: &[Carried]) -> Vec<u32> {
    let mut base: Vec<u32> = market.classes.iter().map(|c| c.own).collect();
    for &(batch, school, category, seats) in carried {
        if batch == market.batch
            && let Some(class) = market.open_class(school, category)
        {
            base[class] += seats;
        }
    }
    base
}
