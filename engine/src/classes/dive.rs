//! From parts of pupils to whole ones: a dealing close to the bound of [`super::prices`].
//!
//! At good prices the mean of who sits where leaves little open. Those of whom it is most certain sit down, prices are found for
//! the others beside them, and so on until everybody sits. Classes that are alike are filled as one and then dealt out like a
//! school of their own.

use std::cmp::Reverse;

use super::deal::{self, Room};
use super::model::{Counts, Model, Off};
use super::prices::{Aim, BEYOND, Came, Market, UNIT};

/// Steps for the first prices, and for those after some have sat down.
const FIRST: u32 = 2_000;
const AFTER: u32 = 150;

/// How much of the way the first of those steps go.
const PACE: i64 = UNIT / 20;
const PACE_AFTER: i64 = UNIT / 50;

/// Who sits in one place for so much of the mean sits down, in hundredths, and of the others one in so many who are left: tried
/// one after the other.
const ATTEMPTS: [(i64, usize); 3] = [(90, 12), (80, 20), (97, 30)];

/// The best dealing found of the free types around those `seated`, and what it costs; nothing where the search is stopped
/// before there is one. `found` is what a dealing known is off; one that costs `enough` ends the search.
pub(super) fn dive(
    model: &Model,
    seated: &Counts,
    found: Off,
    enough: i64,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<(Counts, i64)> {
    let market = Market::of(model, Some(seated));
    // Those who sit down may make the rest dearer than what is known.
    let aim = Aim { goal: found.priced(BEYOND), end: false };
    let first = market.volume(vec![0; market.held.len()], aim, (FIRST, PACE), stop);
    let mut best: Option<(Counts, i64)> = None;
    for attempt in ATTEMPTS {
        let Some(rooms) = seat_all(market.clone(), first.clone(), aim, attempt, stop) else {
            break;
        };
        let mut counts = seated.clone();
        for room in &rooms {
            deal::spread(model, &mut counts, room);
        }
        let counts = deal::evened_among(model, counts, &market.alike, stop);
        let made = deal::evened(model, counts, enough, stop);
        if best.as_ref().is_none_or(|(_, cost)| made.1 < *cost) {
            best = Some(made);
        }
        if best.as_ref().is_some_and(|(_, cost)| *cost <= enough) {
            break;
        }
    }
    best
}

/// Seats everybody in classes that are alike; nothing where the search is stopped.
fn seat_all(
    mut market: Market<'_>,
    mut came: Came,
    aim: Aim,
    (certain, of_those_left): (i64, usize),
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Vec<Room>> {
    let width = market.alike.len();
    let room = |alike: &Vec<usize>| Room { classes: alike.clone(), units: Vec::new() };
    let mut rooms: Vec<Room> = market.alike.iter().map(room).collect();
    while !market.payers.is_empty() {
        let most = |at: usize| came.shares[at * width..(at + 1) * width].iter().copied().max();
        let sure = |at: usize| most(at).unwrap_or(0) * 100 / market.payers[at].units;
        let mut order: Vec<(i64, usize)> =
            (0..market.payers.len()).map(|at| (sure(at), at)).collect();
        order.sort_unstable_by_key(|&(sure, at)| (Reverse(sure), at));
        let some = market.payers.len().div_ceil(of_those_left);
        for (nth, (sure, at)) in order.into_iter().enumerate() {
            if sure < certain * UNIT && nth >= some {
                break;
            }
            let row = &came.shares[at * width..(at + 1) * width];
            let open = (0..width).filter(|&place| market.room(place) > 0);
            let place = open.max_by_key(|&place| (row[place], Reverse(place)))?;
            let room = market.room(place);
            let payer = &mut market.payers[at];
            let units = ((row[place] + UNIT / 2) / UNIT).clamp(1, payer.units).min(room);
            payer.units -= units;
            rooms[place].units.push((payer.kind, units as u32));
            for &(row, many) in &payer.held {
                market.held[row * width + place] += many * units;
            }
        }
        market.payers.retain(|payer| payer.units > 0);
        market.bend();
        if stop() {
            return None;
        }
        came = market.volume(came.prices, aim, (AFTER, PACE_AFTER), stop);
    }
    Some(rooms)
}
