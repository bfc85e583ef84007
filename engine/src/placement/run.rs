//! The two ways to run a market: one pass in one common order, and deferred acceptance in general.

use std::collections::BinaryHeap;

use rayon::slice::ParallelSliceMut as _;

use super::market::Market;
use crate::domain::Score;

/// No proposal: the participant holds nothing.
pub const NOTHING: u32 = u32::MAX;

/// What a run of a market found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// The place of the proposal that each participant holds, or [`NOTHING`].
    pub held: Vec<u32>,
    /// Seats of each class after what was lent to it.
    pub seats: Vec<u32>,
    /// Holders of each class.
    pub count: Vec<u32>,
    /// The last holder of each class by priority, and the place of their proposal.
    pub last: Vec<Option<(u32, u32)>>,
}

/// A floor of a class: none, a total, or relative to the line of another class once that has filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FloorRule {
    /// Not below this total.
    pub least: Option<Score>,
    /// Not below the line of that class minus so much, for those who come after its last holder.
    pub line: Option<(usize, Score)>,
}

/// Walks the participants once in their common order; each takes the first proposal that has a seat left
/// and a floor it passes. Nothing is returned: a class has its own seats only.
///
/// With one wish-free order this is deferred acceptance: nobody who comes later can push anybody out.
/// A relative floor binds from the moment its line class is full, and its last holder is then final
/// (SPEC §5.4). O(participants + proposals read).
pub fn walk(market: &Market, order: &[u32], floors: &[FloorRule]) -> Holdings {
    let classes = market.own.len();
    let mut found = Holdings {
        held: vec![NOTHING; market.totals.len()],
        seats: market.own.clone(),
        count: vec![0; classes],
        last: vec![None; classes],
    };
    for &participant in order {
        let total = market.totals[participant as usize];
        for at in market.range(participant) {
            let class = market.proposals[at].class as usize;
            if found.count[class] >= found.seats[class] {
                continue;
            }
            let floor = &floors[class];
            if floor.least.is_some_and(|least| total < least) {
                continue;
            }
            if let Some((line, minus)) = floor.line
                && found.count[line] >= found.seats[line]
                && let Some((last, _)) = found.last[line]
                && total < market.totals[last as usize].minus(minus)
            {
                continue;
            }
            let place = at as u32;
            found.held[participant as usize] = place;
            found.count[class] += 1;
            found.last[class] = Some((participant, place));
            break;
        }
    }
    found
}

/// Applicant-proposing deferred acceptance over seat classes with returned seats (SPEC §5.2, §5.3).
///
/// 1. A class that others return to starts with their seats beside its own.
/// 2. Each participant proposes down the list; a class keeps its best, by key, up to its seats.
/// 3. When a source gains a holder, the class that it returns to loses a seat, and with it, if it was
///    full, its last holder, who proposes on.
///
/// Seats of a class only shrink and keys do not change, so that rejections are final and the outcome does
/// not depend on who proposes first. O(proposals × log seats).
pub fn deferred_acceptance(market: &Market, floors: &[Option<Score>]) -> Holdings {
    let classes = market.own.len();
    let mut run = Run {
        market,
        seats: lent_seats(market),
        heaps: vec![BinaryHeap::new(); classes],
        next: market.offsets[..market.totals.len()].to_vec(),
        held: vec![NOTHING; market.totals.len()],
        free: Vec::new(),
    };
    // The best by total go first: the fewer are pushed out again, the less there is to do.
    for participant in by_total(market) {
        run.free.push(participant);
        while let Some(participant) = run.free.pop() {
            run.propose(participant, floors);
        }
    }
    let last = run.heaps.iter().map(|heap| {
        heap.peek().map(|&(_, participant)| (participant, run.held[participant as usize]))
    });
    Holdings {
        last: last.collect(),
        count: run.heaps.iter().map(|heap| heap.len() as u32).collect(),
        seats: run.seats,
        held: run.held,
    }
}

/// The participants by total, highest first, equals by place.
fn by_total(market: &Market) -> impl Iterator<Item = u32> {
    let mut packed: Vec<u64> = market
        .totals
        .iter()
        .zip(0_u64..)
        .map(|(total, at)| (u64::from(total.hundredths().cast_unsigned() ^ (1 << 31)) << 32) ^ at)
        .map(|packed| packed ^ (u64::from(u32::MAX) << 32))
        .collect();
    sort_packed(&mut packed);
    packed.into_iter().map(|packed| packed as u32)
}

/// Sorts in place; on all threads where there is enough to share out.
pub fn sort_packed(packed: &mut [u64]) {
    if packed.len() < 1 << 16 { packed.sort_unstable() } else { packed.par_sort_unstable() }
}

/// The seats of each class while nobody holds any: its own and all that others would return.
fn lent_seats(market: &Market) -> Vec<u32> {
    let mut seats = market.own.clone();
    for class in 0..seats.len() {
        let mut to = market.returns_to[class];
        while let Some(target) = to {
            seats[target] += market.own[class];
            to = market.returns_to[target];
        }
    }
    seats
}

struct Run<'m> {
    market: &'m Market,
    seats: Vec<u32>,
    /// Holders by key, the worst on top.
    heaps: Vec<BinaryHeap<(u64, u32)>>,
    /// The next proposal of each participant.
    next: Vec<u32>,
    held: Vec<u32>,
    /// Participants who hold nothing and may have proposals left.
    free: Vec<u32>,
}

impl Run<'_> {
    fn propose(&mut self, participant: u32, floors: &[Option<Score>]) {
        let total = self.market.totals[participant as usize];
        let end = self.market.offsets[participant as usize + 1];
        while self.next[participant as usize] < end {
            let at = self.next[participant as usize];
            self.next[participant as usize] += 1;
            let class = self.market.proposals[at as usize].class as usize;
            if self.seats[class] == 0 || floors[class].is_some_and(|floor| total < floor) {
                continue;
            }
            let key = self.market.key(participant, at as usize);
            if (self.heaps[class].len() as u32) < self.seats[class] {
                self.heaps[class].push((key, participant));
                self.held[participant as usize] = at;
                if let Some(target) = self.market.returns_to[class] {
                    self.shrink(target);
                }
                return;
            }
            if let Some(mut worst) = self.heaps[class].peek_mut()
                && (key, participant) < *worst
            {
                let (_, out) = std::mem::replace(&mut *worst, (key, participant));
                drop(worst);
                self.held[participant as usize] = at;
                self.held[out as usize] = NOTHING;
                self.free.push(out);
                return;
            }
        }
    }

    /// Takes one seat from a class, and its last holder with it if it was full; an unfilled class passes
    /// the loss on to where it returns its own unfilled seats.
    fn shrink(&mut self, class: usize) {
        let mut class = class;
        loop {
            self.seats[class] -= 1;
            if self.heaps[class].len() as u32 > self.seats[class] {
                if let Some((_, out)) = self.heaps[class].pop() {
                    self.held[out as usize] = NOTHING;
                    self.free.push(out);
                }
                return;
            }
            match self.market.returns_to[class] {
                Some(target) => class = target,
                None => return,
            }
        }
    }
}
