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
use super::market::{Market, Proposal};
use super::order::Order;
use crate::domain::{ApplicantIx, CategoryIx, SchoolIx};

/// Who takes part in a batch, and the front of the key of each of their proposals.
pub struct Candidates<'m, 's> {
    market: &'m Market<'s>,
    /// Places among the wishers, ascending.
    places: Vec<u32>,
    /// By proposal of the market; comparable inside one class. Nothing for who takes no part.
    fronts: Vec<u64>,
}

/// So many wishers, or moves of theirs, are worth a thread.
const TOGETHER: usize = 1 << 10;

impl<'m, 's> Candidates<'m, 's> {
    /// Gives every proposal of the participants, by their places, the front of its key.
    pub fn gather(market: &'m Market<'s>, places: Vec<u32>) -> Self {
        let likes = Like::by_category(market);
        let open = |place: u32| {
            let range = market.range(place as usize);
            range.clone().zip(&market.all_proposals()[range]).filter(|(_, p)| p.open)
        };
        let applicant = |place: u32| market.wishers()[place as usize];
        let mut fronts = vec![0; market.all_proposals().len()];
        let mut slices: Vec<(&[u32], usize, &mut [u64])> = Vec::new();
        let (mut rest, mut start) = (fronts.as_mut_slice(), 0);
        for chunk in places.chunks(TOGETHER) {
            let end = chunk.last().map_or(start, |&place| market.range(place as usize).end);
            let (mine, others) = rest.split_at_mut(end - start);
            slices.push((chunk, start, mine));
            (rest, start) = (others, end);
        }
        slices.into_par_iter().for_each(|(chunk, start, fronts)| {
            for &place in chunk {
                let (mut before, mut front) = (None, 0);
                for (at, p) in open(place) {
                    let like = likes[p.category.at()];
                    if before.replace(like.of(p)) != Some(like.of(p)) {
                        let order = Order::of(market, p.school, p.category);
                        front = order.front(applicant(place), p.position);
                    }
                    fronts[at - start] = front;
                }
            }
        });
        Self { market, places, fronts }
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

/// A list, and the category, school and wish position as far as they matter.
type Alike = (Option<CategoryIx>, Option<CategoryIx>, Option<SchoolIx>, Option<u16>);

/// What the key of a category's proposals depends on beside the applicant.
#[derive(Clone, Copy)]
struct Like {
    /// The category with a list of its own; the others follow the batch's.
    list: Option<CategoryIx>,
    category: bool,
    school: bool,
    wish: bool,
}

impl Like {
    fn by_category(market: &Market<'_>) -> Vec<Self> {
        let season = market.season();
        let policy = season.policy();
        let like = |at: usize| {
            let category = CategoryIx::from(at);
            let list = policy.priority(market.batch, category);
            let special = list.reads_special();
            Self {
                list: policy.category(category).priority.as_ref().map(|_| category),
                category: special,
                school: special && season.special_by_school(category),
                wish: !list.wish_free(),
            }
        };
        (0..policy.categories.len()).map(like).collect()
    }

    /// Equal for two proposals of an applicant only if their keys are.
    fn of(&self, p: &Proposal) -> Alike {
        (
            self.list,
            self.category.then_some(p.category),
            self.school.then_some(p.school),
            self.wish.then_some(p.position),
        )
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

/// What a proposal must not come after to stand.
#[derive(Clone, Copy)]
struct Bar {
    /// The front of the last that fitted, of which only equals need a closer look.
    front: u64,
    /// The last that fitted; nobody where nobody had to be dropped, or where there are no seats.
    last: Option<Held>,
    /// There are no seats.
    closed: bool,
}

impl Bar {
    const OPEN: Self = Self { front: u64::MAX, last: None, closed: false };
    const CLOSED: Self = Self { front: 0, last: None, closed: true };

    const fn at(last: Held) -> Self {
        Self { front: last.0, last: Some(last), closed: false }
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
    let mut line = vec![Bar::OPEN; classes];
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
    while !moving.is_empty() {
        let step = |&who: &u32| -> (Held, bool) {
            let end = market.range(who as usize).end as u32;
            for at in next[who as usize]..end {
                let proposal = &proposals[at as usize];
                if !proposal.open {
                    continue;
                }
                let class = proposal.open_class();
                let mine = (candidates.fronts[at as usize], who, at);
                let bar = &line[class];
                let above = match mine.0.cmp(&bar.front) {
                    Ordering::Less => true,
                    Ordering::Greater => false,
                    Ordering::Equal => {
                        let ahead = |last| candidates.compare(class, mine, last).is_le();
                        bar.last.map_or(!bar.closed, ahead)
                    }
                };
                if above && floors.passes(market, class, market.wishers()[who as usize]) {
                    return (mine, true);
                }
            }
            ((0, who, end), false)
        };
        let moves: Vec<(Held, bool)> = if moving.len() < TOGETHER {
            moving.iter().map(step).collect()
        } else {
            moving.par_iter().with_min_len(TOGETHER / 4).map(step).collect()
        };
        moving.clear();
        for (held, stands) in moves {
            next[held.1 as usize] = held.2;
            if stands {
                let class = proposals[held.2 as usize].open_class();
                holders[class].push(held);
                touched.add(rank[class]);
            }
        }
        while let Some(at) = touched.next() {
            let class = market.forward[at];
            let here = &mut holders[class];
            let fits = seats[class] as usize;
            if here.len() > fits {
                if fits == 0 {
                    line[class] = Bar::CLOSED;
                } else {
                    let order = |a: &Held, b: &Held| candidates.compare(class, *a, *b);
                    let (_, last, _) = here.select_nth_unstable_by(fits - 1, order);
                    line[class] = Bar::at(*last);
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
