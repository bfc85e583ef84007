//! Adjustment 服从调剂: those who ticked it and hold nothing take what seats are left (SPEC §5.5).

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::classes::{Classes, first_failing};
use super::floors::Floored;
use super::market::Market;
use super::priority::{Claim, Reader};
use super::run::NOTHING;
use super::ties::UndecidedTie;
use crate::domain::{ApplicantIx, BatchIx, Lottery, SchoolIx, Season};

/// Someone who got a seat by adjustment: the participant and the class.
pub type Adjusted = (u32, u32);

/// Fills what seats are left.
///
/// 1. The walkers are the participants who ticked `adjust` on any wish of the batch and hold nothing, in
///    the batch's order with wish keys read as 0.
/// 2. Each looks through the schools in the order of their table and, at each, through the batch's
///    adjustment categories in their order, and takes the first free seat they may hold.
/// 3. A seat lent to another class and occupied there is not free.
/// 4. Lines are all known by now, so that a floor relative to one binds everybody alike.
///
/// Changes `run.holdings`: counts, and the seats of classes that others return to.
///
/// # Errors
/// Under a `manual` order, the equals whose order decides who gets what and who have no recorded order.
pub fn adjust(
    season: &Season,
    batch: BatchIx,
    classes: &Classes,
    market: &Market,
    participants: &[ApplicantIx],
    run: &mut Floored,
    lottery: &Lottery,
) -> Result<Vec<Adjusted>, Vec<UndecidedTie>> {
    let rule = season.policy().batch(batch);
    if rule.adjustment.is_empty() {
        return Ok(Vec::new());
    }
    let reader = Reader::new(season, batch, None, lottery);
    let claim = |p: u32| Claim::of(participants[p as usize]);
    let ticked =
        |p: u32| season.wishes_in(participants[p as usize], batch).iter().any(|w| w.adjust);
    let mut walkers: Vec<u32> = (0..market.participants())
        .into_par_iter()
        .filter(|&p| run.holdings.held[p as usize] == NOTHING && ticked(p))
        .collect();
    walkers.par_sort_by(|&a, &b| reader.compare(claim(a), claim(b)));

    let mut open = Open { all: open_classes(season, batch, classes), own: BTreeMap::new() };
    let mut adjusted = Vec::new();
    let manual = reader.list().manual();
    for equals in walkers.chunk_by(|&a, &b| reader.compare_before_last(claim(a), claim(b)).is_eq())
    {
        let ordered = |p: &u32| season.tie_decision(batch, participants[*p as usize]);
        let mut orders: Vec<_> = equals.iter().map(ordered).collect();
        orders.sort_unstable();
        let decided = orders.iter().all(Option::is_some) && orders.windows(2).all(|w| w[0] != w[1]);
        // What each would take if they went first among equals.
        let first: Vec<Option<u32>> = if manual && !decided && equals.len() > 1 {
            let mut choose = |&p: &u32| {
                let own = open.of(season, classes, participants[p as usize]);
                choice(season, classes, market, participants, run, own, p)
            };
            equals.iter().map(&mut choose).collect()
        } else {
            Vec::new()
        };
        for (at, &walker) in equals.iter().enumerate() {
            let own = open.of(season, classes, participants[walker as usize]);
            // A seat that is taken is never free again.
            own.retain(|&class| free(market, run, class as usize));
            let taken = choice(season, classes, market, participants, run, own, walker);
            if first.get(at).is_some_and(|&would| would != taken) {
                let class = first[at].map_or(0, |class| class as usize);
                let class = &classes.list[class];
                let mut applicants: Vec<ApplicantIx> =
                    equals.iter().map(|&p| participants[p as usize]).collect();
                applicants.sort_unstable();
                return Err(vec![UndecidedTie {
                    batch,
                    school: class.school,
                    category: class.category,
                    junior: class.junior,
                    applicants,
                }]);
            }
            if let Some(class) = taken {
                take(market, run, class as usize);
                adjusted.push((walker, class));
            }
        }
    }
    set_last_holders(season, batch, classes, market, participants, run, &adjusted, lottery);
    Ok(adjusted)
}

/// The classes that may still be filled: all of them, and for each junior school met so far those that are open
/// to it. A district has a cell for every junior school, of which a walker may look at one.
struct Open {
    all: Vec<u32>,
    own: BTreeMap<SchoolIx, Vec<u32>>,
}

impl Open {
    fn of(&mut self, season: &Season, classes: &Classes, applicant: ApplicantIx) -> &mut Vec<u32> {
        let junior = season.applicant(applicant).junior;
        let (all, own) = (&self.all, &mut self.own);
        own.entry(junior).or_insert_with(|| {
            let mine = |&at: &u32| classes.list[at as usize].junior.is_none_or(|j| j == junior);
            all.iter().copied().filter(mine).collect()
        })
    }
}

/// The classes that adjustment may fill, in the order in which each walker looks at them: schools in the
/// order of their table, the adjustment categories in theirs, cells by junior school id.
fn open_classes(season: &Season, batch: BatchIx, classes: &Classes) -> Vec<u32> {
    let order = &season.policy().batch(batch).adjustment;
    let place = |at: u32| {
        let class = &classes.list[at as usize];
        order.iter().position(|&c| c == class.category).map(|category| (class.school, category, at))
    };
    let mut open: Vec<_> = (0..classes.list.len() as u32).filter_map(place).collect();
    open.sort_unstable();
    open.into_iter().map(|(.., at)| at).collect()
}

/// The first free seat that a walker may hold.
fn choice(
    season: &Season,
    classes: &Classes,
    market: &Market,
    participants: &[ApplicantIx],
    run: &Floored,
    open: &[u32],
    walker: u32,
) -> Option<u32> {
    let applicant = participants[walker as usize];
    let person = season.applicant(applicant);
    open.iter().copied().find(|&at| {
        let class = &classes.list[at as usize];
        class.scope.covers(person.region)
            && first_failing(season, applicant, class.category, class.school).is_none()
            && run.floors[at as usize].is_none_or(|floor| market.totals[walker as usize] >= floor)
            && free(market, run, at as usize)
    })
}

/// Whether a class has an unfilled seat that is not occupied where it was lent to.
fn free(market: &Market, run: &Floored, class: usize) -> bool {
    let mut class = Some(class);
    while let Some(at) = class {
        if run.holdings.count[at] >= run.holdings.seats[at] {
            return false;
        }
        class = market.returns_to[at];
    }
    true
}

/// Takes a free seat, which is then no longer lent on.
fn take(market: &Market, run: &mut Floored, class: usize) {
    run.holdings.count[class] += 1;
    let mut next = market.returns_to[class];
    while let Some(at) = next {
        run.holdings.seats[at] -= 1;
        next = market.returns_to[at];
    }
}

/// Finds the last holder of every class again that adjustment filled.
#[allow(clippy::too_many_arguments)] // The whole state of a batch, once.
fn set_last_holders(
    season: &Season,
    batch: BatchIx,
    classes: &Classes,
    market: &Market,
    participants: &[ApplicantIx],
    run: &mut Floored,
    adjusted: &[Adjusted],
    lottery: &Lottery,
) {
    for &(walker, at) in adjusted {
        let class = &classes.list[at as usize];
        let reader = Reader::new(season, batch, Some(class.category), lottery);
        let claim = |(p, place): (u32, u32)| Claim {
            applicant: participants[p as usize],
            position: if place == NOTHING { 0 } else { market.proposals[place as usize].position },
            school: class.school,
        };
        let last = &mut run.holdings.last[at as usize];
        let mine = (walker, NOTHING);
        if last.is_none_or(|last| reader.compare(claim(last), claim(mine)).is_lt()) {
            *last = Some(mine);
        }
    }
}
