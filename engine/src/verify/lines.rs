//! The second algorithm: raise the line of every class from nothing to the least that clears it.
//!
//! Policy: SPEC §5.2–5.3 and §7. In rounds: every applicant without a seat moves, all at once, to the
//! first of its proposals that stands at or above the present line; every class over its seats raises
//! its line to the last that fits and drops the rest. Lines only rise and seats lent to a class only
//! shrink, so that a proposal once below a line stays below it, and the order of the moves cannot matter.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::floors::Floors;
use super::market::Market;
use super::order::Order;
use crate::domain::ApplicantIx;

/// Who takes part in a batch.
pub struct Candidates<'m, 's> {
    market: &'m Market<'s>,
    /// Places among the wishers, ascending.
    places: Vec<u32>,
}

/// So many moves are worth a thread.
const TOGETHER: usize = 1 << 10;
/// A move that leads nowhere.
const NOWHERE: u32 = u32::MAX;

impl<'m, 's> Candidates<'m, 's> {
    /// The participants, by their places.
    pub const fn of(market: &'m Market<'s>, places: Vec<u32>) -> Self {
        Self { market, places }
    }

    /// Who of two in one class goes first: by key, then by applicant, then by wish.
    fn compare(&self, class: usize, a: Held, b: Held) -> Ordering {
        a.0.cmp(&b.0).then_with(|| {
            let claim = |held: Held| {
                let position = self.market.all_proposals()[held.2 as usize].position;
                (self.market.wishers()[held.1 as usize], position)
            };
            let order = Order::of_class(self.market, class);
            order.compare(claim(a), claim(b)).then((a.1, a.2).cmp(&(b.1, b.2)))
        })
    }
}

/// Who holds what when all lines clear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cleared {
    /// Per wisher: the class and the wish position.
    pub seat: Vec<Option<(usize, u16)>>,
    /// Per class: how many hold it.
    pub held: Vec<u32>,
    /// Per class: the last holder by priority where the class is full, with seats.
    pub last: Vec<Option<ApplicantIx>>,
}

/// One in a class: the front of the key, the place among the wishers, the proposal.
type Held = (u64, u32, u32);

/// What proposals to each class must not come after to stand. The fronts are by themselves, since nearly every
/// question ends with them.
struct Bars {
    /// The front of the last that fitted, of which only equals need a closer look.
    fronts: Vec<u64>,
    /// The last that fitted; nobody where nobody had to be dropped, or where there are no seats.
    last: Vec<Option<Held>>,
}

impl Bars {
    const OPEN: u64 = u64::MAX;
    const CLOSED: u64 = 0;

    fn open(classes: usize) -> Self {
        Self { fronts: vec![Self::OPEN; classes], last: vec![None; classes] }
    }

    /// Whether a proposal stands at or above the bar of a class.
    fn passes(&self, candidates: &Candidates<'_, '_>, class: usize, mine: Held) -> bool {
        let bar = self.fronts[class];
        match mine.0.cmp(&bar) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => {
                let ahead = |last| candidates.compare(class, mine, last).is_le();
                self.last[class].map_or(bar == Self::OPEN, ahead)
            }
        }
    }

    fn set(&mut self, class: usize, last: Held) {
        self.fronts[class] = last.0;
        self.last[class] = Some(last);
    }

    /// Nobody stands any more.
    fn close(&mut self, class: usize) {
        self.fronts[class] = Self::CLOSED;
        self.last[class] = None;
    }
}

/// Clears the market: `base` are the seats before returns, and `returns` says whether seats are lent.
pub fn clear(
    candidates: &Candidates<'_, '_>,
    base: &[u32],
    floors: &Floors,
    returns: bool,
) -> Cleared {
    let market = candidates.market;
    let proposals = market.all_proposals();
    let classes = market.classes.len();
    let mut holders: Vec<Vec<Held>> = vec![Vec::new(); classes];
    let mut bars = Bars::open(classes);
    let mut next: Vec<u32> =
        (0..market.wishers().len()).map(|place| market.range(place).start as u32).collect();
    let mut moving = candidates.places.clone();
    let mut seats =
        if returns { market.capacities(base, &vec![0; classes]) } else { base.to_vec() };
    let mut lent = seats.clone();
    let mut rank = vec![0; classes];
    for (at, &class) in market.forward.iter().enumerate() {
        rank[class] = at;
    }
    // Classes that somebody joined or that lost a seat, sources before what they return to.
    let mut touched = Touched { waiting: BinaryHeap::new(), queued: vec![false; classes] };
    let mut out = vec![false; market.wishers().len()];
    while !moving.is_empty() {
        let held = |who: u32, at: u32| -> Held {
            (market.front(market.wishers()[who as usize], at as usize), who, at)
        };
        let step = |&who: &u32| -> u32 {
            let end = market.range(who as usize).end as u32;
            let stands = |&at: &u32| {
                let proposal = &proposals[at as usize];
                proposal.open() && {
                    let class = proposal.open_class();
                    bars.passes(candidates, class, held(who, at))
                        && floors.passes(market, class, market.wishers()[who as usize])
                }
            };
            (next[who as usize]..end).find(stands).unwrap_or(NOWHERE)
        };
        let moves: Vec<u32> = if moving.len() < TOGETHER {
            moving.iter().map(step).collect()
        } else {
            moving.par_iter().with_min_len(TOGETHER / 4).map(step).collect()
        };
        for (&who, &at) in moving.iter().zip(&moves).filter(|(_, at)| **at != NOWHERE) {
            // Whoever has to move again begins behind this proposal.
            next[who as usize] = at + 1;
            let class = proposals[at as usize].open_class();
            holders[class].push(held(who, at));
            touched.add(rank[class]);
        }
        moving.clear();
        while let Some(at) = touched.next() {
            let class = market.forward[at];
            let here = &mut holders[class];
            let fits = seats[class] as usize;
            if here.len() > fits {
                if fits == 0 {
                    bars.close(class);
                } else {
                    let order = |a: &Held, b: &Held| candidates.compare(class, *a, *b);
                    let (_, last, _) = here.select_nth_unstable_by(fits - 1, order);
                    bars.set(class, *last);
                }
                moving.extend(here.drain(fits..).map(|(_, who, _)| who));
            }
            if returns && let Some(to) = market.classes[class].to {
                let left = seats[class] - u32::try_from(here.len()).unwrap_or(u32::MAX);
                if left < lent[class] {
                    seats[to] -= lent[class] - left;
                    lent[class] = left;
                    touched.add(rank[to]);
                }
            }
        }
        in_order(&mut moving, &mut out);
    }
    settle(candidates, &holders, &seats)
}

/// Puts places in order, so that the next round reads the wishes from front to back; many of them by marking.
/// `out` has no mark before and after.
fn in_order(places: &mut Vec<u32>, out: &mut [bool]) {
    if places.len() < TOGETHER {
        return places.sort_unstable();
    }
    places.drain(..).for_each(|place| out[place as usize] = true);
    let marked = |(place, out): (u32, &mut bool)| std::mem::take(out).then_some(place);
    places.extend((0..).zip(out).filter_map(marked));
}

/// Classes to look at again, each once, in the order of their ranks.
struct Touched {
    waiting: BinaryHeap<Reverse<usize>>,
    queued: Vec<bool>,
}

impl Touched {
    fn add(&mut self, rank: usize) {
        if !std::mem::replace(&mut self.queued[rank], true) {
            self.waiting.push(Reverse(rank));
        }
    }

    fn next(&mut self) -> Option<usize> {
        let Reverse(rank) = self.waiting.pop()?;
        self.queued[rank] = false;
        Some(rank)
    }
}

fn settle(candidates: &Candidates<'_, '_>, holders: &[Vec<Held>], seats: &[u32]) -> Cleared {
    let market = candidates.market;
    let mut seat = vec![None; market.wishers().len()];
    let mut last = Vec::with_capacity(holders.len());
    for (class, (here, &seats)) in holders.iter().zip(seats).enumerate() {
        for &(_, who, proposal) in here {
            seat[who as usize] = Some((class, market.all_proposals()[proposal as usize].position));
        }
        let full = seats > 0 && here.len() == seats as usize;
        let worst = here.iter().copied().filter(|_| full);
        let worst = worst.max_by(|&a, &b| candidates.compare(class, a, b));
        last.push(worst.map(|w| market.wishers()[w.1 as usize]));
    }
    let held = holders.iter().map(|h| u32::try_from(h.len()).unwrap_or(u32::MAX)).collect();
    Cleared { seat, held, last }
}

/// Clears a batch whose floors depend on its own lines, without returned seats (SPEC §5.4, the walk).
///
/// 1. Clear with no relative floor.
/// 2. Take the last holder of every class that filled, and let a proposal to a floored class pass if the
///    applicant goes before that holder or reaches the floor it makes.
/// 3. Clear again from nothing, until the lines that floors follow stay as they were.
///
/// There is exactly one consistent point and it is the walk. All classes share one order, so what
/// happens down to a place of that order depends only on lines that filled before that place. Let two
/// consistent points agree down to a place; the next class to fill in either fills there in both, so
/// they agree beyond it. By the same step every round agrees with the walk down to a strictly later
/// place than the round before, which is why the rounds end: at the latest after as many as participants.
pub fn clear_walk(
    candidates: &Candidates<'_, '_>,
    base: &[u32],
    floors: &Floors,
) -> (Cleared, Floors) {
    let total = |a: ApplicantIx| candidates.market.season().applicant(a).total;
    let mut used = floors.clone();
    let mut cleared = clear(candidates, base, &used, false);
    for _ in 0..=candidates.places.len() {
        let found = floors.with_lines(&cleared.last, total);
        if found == used {
            break;
        }
        cleared = clear(candidates, base, &found, false);
        used = found;
    }
    (cleared, used)
}
