//! The second algorithm: raise the line of every class from nothing to the least that clears it.
//!
//! Policy: SPEC §5.2–5.3 and §7. In rounds: every applicant without a seat moves, all at once, to the
//! first of its proposals that stands at or above the present line; every class over its seats raises
//! its line to the last that fits and drops the rest. Lines only rise and seats lent to a class only
//! shrink, so that a proposal once below a line stays below it, and the order of the moves cannot matter.

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
        let lists: Vec<Vec<(usize, u16)>> = applicants
            .par_iter()
            .map(|&a| {
                market
                    .proposals(a)
                    .filter_map(|p| Some((p.class?, p.position)))
                    .filter(|&(class, _)| market.barrier(a, class).is_none())
                    .collect()
            })
            .collect();
        let mut offsets = Vec::with_capacity(lists.len() + 1);
        offsets.push(0);
        for list in &lists {
            offsets.push(offsets[offsets.len() - 1] + list.len());
        }
        let (class, position): (Vec<usize>, Vec<u16>) = lists.into_iter().flatten().unzip();
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
        for (context, class) in distinct {
            let order = Order::of_class(market, lottery, class);
            let wish_free = order.wish_free();
            let mut items: Vec<(ApplicantIx, u16)> = Vec::new();
            let mut slots: Vec<(usize, usize)> = Vec::new();
            for (at, &applicant) in self.applicants.iter().enumerate() {
                for p in self.offsets[at]..self.offsets[at + 1] {
                    if contexts[self.class[p]] == context {
                        let item = (applicant, if wish_free { 0 } else { self.position[p] });
                        if items.last() != Some(&item) {
                            items.push(item);
                        }
                        slots.push((p, items.len() - 1));
                    }
                }
            }
            let keys = order.keys(&items);
            for (proposal, item) in slots {
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
    let mut seats = base.to_vec();
    while !moving.is_empty() {
        let moves: Vec<(u32, usize)> = moving
            .par_iter()
            .map(|&who| {
                let end = candidates.offsets[who as usize + 1];
                let mut at = next[who as usize];
                while at < end {
                    let class = candidates.class[at];
                    let above = line[class].is_none_or(|l| (candidates.key[at], who) <= l);
                    if open[at] && !closed[class] && above {
                        break;
                    }
                    at += 1;
                }
                (who, at)
            })
            .collect();
        moving.clear();
        for (who, at) in moves {
            next[who as usize] = at;
            if at < candidates.offsets[who as usize + 1] {
                let proposal = u32::try_from(at).unwrap_or(u32::MAX);
                holders[candidates.class[at]].push((candidates.key[at], who, proposal));
            }
        }
        if returns {
            seats.copy_from_slice(base);
        }
        for &class in &market.forward {
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
                let lent = fits - here.len();
                seats[to] += u32::try_from(lent).unwrap_or(u32::MAX);
            }
        }
        moving.sort_unstable();
        for &who in &moving {
            next[who as usize] += 1;
        }
    }
    settle(candidates, &holders, &seats)
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
