//! The second algorithm: raise the line of every class from nothing to the least that clears it.
//!
//! Policy: SPEC §5.2–5.3 and §7. In rounds: every applicant without a seat moves, all at once, to the
//! first of its proposals that stands at or above the present line; every class over its seats raises
//! its line to the last that fits and drops the rest. Lines only rise and seats lent to a class only
//! shrink, so that a proposal once below a line stays below it, and the order of the moves cannot matter.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::floors::Floors;
use super::market::Market;
use super::order::{Context, Order};
use crate::domain::ApplicantIx;

/// The proposals of a batch that region and eligibility allow, participant by participant.
pub struct Candidates {
    /// The participants, ascending.
    pub applicants: Vec<ApplicantIx>,
    /// One more than participants: where the proposals of each begin.
    offsets: Vec<usize>,
    class: Vec<usize>,
    position: Vec<u16>,
    /// Smaller goes first; comparable inside one class.
    key: Vec<u64>,
}

impl Candidates {
    /// Gathers the proposals of the participants and gives each its key.
    pub fn gather(market: &Market<'_>, lottery: &[u32], applicants: Vec<ApplicantIx>) -> Self {
        let mut offsets = Vec::with_capacity(applicants.len() + 1);
        let (mut class, mut position) = (Vec::new(), Vec::new());
        offsets.push(0);
        for &applicant in &applicants {
            for p in market.proposals(applicant).iter().filter(|p| p.open) {
                if let Some(at) = p.class {
                    class.push(at);
                    position.push(p.position);
                }
            }
            offsets.push(class.len());
        }
        let mut found = Self { applicants, offsets, key: vec![0; class.len()], class, position };
        found.give_keys(market, lottery);
        found
    }

    fn give_keys(&mut self, market: &Market<'_>, lottery: &[u32]) {
        let contexts: Vec<Context> =
            (0..market.classes.len()).map(|c| Order::context(market, c)).collect();
        let mut distinct: Vec<(Context, usize)> =
            contexts.iter().copied().zip(0..market.classes.len()).collect();
        distinct.sort_unstable();
        distinct.dedup_by_key(|(context, _)| *context);
        // Each proposal goes to the list of its context: the items to order, and where their keys belong.
        let place = |class: usize| {
            distinct.binary_search_by_key(&contexts[class], |(c, _)| *c).unwrap_or_default()
        };
        let places: Vec<usize> = (0..market.classes.len()).map(place).collect();
        let orders: Vec<Order<'_>> =
            distinct.iter().map(|&(_, class)| Order::of_class(market, lottery, class)).collect();
        let mut lists: Vec<KeyList> = vec![KeyList::default(); distinct.len()];
        for (at, &applicant) in self.applicants.iter().enumerate() {
            for p in self.offsets[at]..self.offsets[at + 1] {
                let place = places[self.class[p]];
                let list = &mut lists[place];
                let position = if orders[place].wish_free() { 0 } else { self.position[p] };
                if list.items.last() != Some(&(applicant, position)) {
                    list.items.push((applicant, position));
                }
                list.slots.push((p, list.items.len() - 1));
            }
        }
        for (order, list) in orders.iter().zip(lists) {
            let keys = order.keys(&list.items);
            for (proposal, item) in list.slots {
                self.key[proposal] = keys[item];
            }
        }
    }

    /// Which proposals the floors let through.
    fn open(&self, market: &Market<'_>, lottery: &[u32], floors: &Floors) -> Vec<bool> {
        let mut open = vec![false; self.class.len()];
        let orders: Vec<Order<'_>> =
            (0..market.classes.len()).map(|c| Order::of_class(market, lottery, c)).collect();
        let mut slices: Vec<(ApplicantIx, &mut [bool], &[usize])> = Vec::new();
        let mut rest = open.as_mut_slice();
        for (at, &applicant) in self.applicants.iter().enumerate() {
            let range = self.offsets[at]..self.offsets[at + 1];
            let (mine, others) = rest.split_at_mut(range.len());
            rest = others;
            slices.push((applicant, mine, &self.class[range]));
        }
        slices.into_par_iter().for_each(|(applicant, mine, classes)| {
            let total = market.season().applicant(applicant).total;
            for (open, &class) in mine.iter_mut().zip(classes) {
                *open = floors.passes(class, applicant, &orders[class], total);
            }
        });
        open
    }
}

/// What one order has to order: applicants with wish positions, and the proposals that get their keys.
#[derive(Clone, Default)]
struct KeyList {
    items: Vec<(ApplicantIx, u16)>,
    slots: Vec<(usize, usize)>,
}

/// Who holds what when all lines clear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cleared {
    /// Per participant: the class and the wish position.
    pub seat: Vec<Option<(usize, u16)>>,
    /// Per class: how many hold it.
    pub held: Vec<u32>,
    /// Per class: the last holder by priority where the class is full, with seats.
    pub last: Vec<Option<ApplicantIx>>,
}

/// So many moves are worth sharing out over threads.
const TOGETHER: usize = 1 << 12;

/// One in a class: key, participant, proposal. Orders by priority, then by applicant.
type Held = (u64, u32, u32);

/// Clears the market: `base` are the seats before returns, and `returns` says whether seats are lent.
pub fn clear(
    market: &Market<'_>,
    lottery: &[u32],
    candidates: &Candidates,
    base: &[u32],
    floors: &Floors,
    returns: bool,
) -> Cleared {
    let open = candidates.open(market, lottery, floors);
    let classes = market.classes.len();
    let mut holders: Vec<Vec<Held>> = vec![Vec::new(); classes];
    // What a proposal must not be worse than; nothing while the class never had to drop anybody.
    let mut line: Vec<Option<(u64, u32)>> = vec![None; classes];
    let mut closed = vec![false; classes];
    let mut next: Vec<usize> = candidates.offsets[..candidates.applicants.len()].to_vec();
    let mut moving: Vec<u32> = (0u32..).take(candidates.applicants.len()).collect();
    let mut seats =
        if returns { market.capacities(base, &vec![0; classes]) } else { base.to_vec() };
    let mut lent = seats.clone();
    let mut rank = vec![0; classes];
    for (at, &class) in market.forward.iter().enumerate() {
        rank[class] = at;
    }
    // Classes that somebody joined or that lost a seat, sources before what they return to.
    let mut touched = Touched { waiting: BinaryHeap::new(), queued: vec![false; classes] };
    while !moving.is_empty() {
        let step = |&who: &u32| {
            let end = candidates.offsets[who as usize + 1];
            let stands = |at: &usize| {
                let class = candidates.class[*at];
                let above = line[class].is_none_or(|l| (candidates.key[*at], who) <= l);
                open[*at] && !closed[class] && above
            };
            (who, (next[who as usize]..end).find(stands).unwrap_or(end))
        };
        let moves: Vec<(u32, usize)> = if moving.len() < TOGETHER {
            moving.iter().map(step).collect()
        } else {
            moving.par_iter().map(step).collect()
        };
        moving.clear();
        for (who, at) in moves {
            next[who as usize] = at;
            if at < candidates.offsets[who as usize + 1] {
                let proposal = u32::try_from(at).unwrap_or(u32::MAX);
                let class = candidates.class[at];
                holders[class].push((candidates.key[at], who, proposal));
                touched.add(rank[class]);
            }
        }
        while let Some(at) = touched.next() {
            let class = market.forward[at];
            let here = &mut holders[class];
            let fits = seats[class] as usize;
            if here.len() > fits {
                if fits == 0 {
                    closed[class] = true;
                } else {
                    let (_, last, _) = here.select_nth_unstable(fits - 1);
                    line[class] = Some((last.0, last.1));
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
        moving.sort_unstable();
        for &who in &moving {
            next[who as usize] += 1;
        }
    }
    settle(candidates, &holders, &seats)
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

fn settle(candidates: &Candidates, holders: &[Vec<Held>], seats: &[u32]) -> Cleared {
    let mut seat = vec![None; candidates.applicants.len()];
    let mut last = Vec::with_capacity(holders.len());
    for (class, (here, &seats)) in holders.iter().zip(seats).enumerate() {
        for &(_, who, proposal) in here {
            seat[who as usize] = Some((class, candidates.position[proposal as usize]));
        }
        let full = seats > 0 && here.len() == seats as usize;
        let worst = here.iter().max().filter(|_| full);
        last.push(worst.map(|w| candidates.applicants[w.1 as usize]));
    }
    let held = holders.iter().map(|h| u32::try_from(h.len()).unwrap_or(u32::MAX)).collect();
    Cleared { seat, held, last }
}

/// Clears a batch whose floors depend on its own lines, without returned seats (SPEC §5.4, the walk).
///
/// 1. Clear with no relative floor.
/// 2. Take the last holder of every class that filled, and let a proposal to a floored class pass if the
///    applicant goes before that holder or reaches the floor it makes.
/// 3. Clear again from nothing, until the lines stay as they were.
///
/// There is exactly one consistent point and it is the walk. All classes share one order, so what
/// happens down to a place of that order depends only on lines that filled before that place. Let two
/// consistent points agree down to a place; the next class to fill in either fills there in both, so
/// they agree beyond it. By the same step every round agrees with the walk down to a strictly later
/// place than the round before, which is why the rounds end: at the latest after as many as participants.
pub fn clear_walk(
    market: &Market<'_>,
    lottery: &[u32],
    candidates: &Candidates,
    base: &[u32],
    floors: &Floors,
) -> (Cleared, Floors) {
    let total = |a: ApplicantIx| market.season().applicant(a).total;
    let mut used = floors.clone();
    let mut cleared = clear(market, lottery, candidates, base, &used, false);
    for _ in 0..=candidates.applicants.len() {
        used = floors.with_lines(&cleared.last, total);
        let again = clear(market, lottery, candidates, base, &used, false);
        let stable = again.last == cleared.last;
        cleared = again;
        if stable {
            break;
        }
    }
    (cleared, used)
}
