//! Manual ties 同分裁定: equals who straddle a cut must have a recorded order, or the run stops (SPEC §4).

use rustc_hash::FxHashSet;

use super::classes::Classes;
use super::floors::Floored;
use super::market::Market;
use super::priority::{Claim, Reader};
use super::run::NOTHING;
use crate::domain::{ApplicantIx, BatchIx, CategoryIx, Lottery, SchoolIx, Season};

/// Applicants who are equal on every key, of whom a class can hold some and not all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UndecidedTie {
    /// The batch.
    pub batch: BatchIx,
    /// The senior school.
    pub school: SchoolIx,
    /// The category.
    pub category: CategoryIx,
    /// The junior school of a cell.
    pub junior: Option<SchoolIx>,
    /// Everybody in the tie, by id; those without a recorded order among them.
    pub applicants: Vec<ApplicantIx>,
}

/// The run cannot be finished: ties at a cut have no recorded order.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{} 处录取线上的同分考生尚无裁定", ties.len())]
pub struct Undecided {
    /// Every such tie of the batch, in the order of the classes.
    pub ties: Vec<UndecidedTie>,
}

/// The undecided ties of a run: a class's last holder and a rejected claim are equal before the last key,
/// that key is `manual`, and not both have different recorded orders.
///
/// The cuts of a first pass count too, of every class: they decide the lines that are frozen and published,
/// and even where the equals share a total, the one turned down may fill another class and raise its line.
pub(super) fn undecided(
    season: &Season,
    batch: BatchIx,
    classes: &Classes,
    market: &Market,
    participants: &[ApplicantIx],
    run: &Floored,
    lottery: &Lottery,
) -> Vec<UndecidedTie> {
    let of = |run| at_cuts(season, batch, classes, market, participants, run, lottery);
    let mut ties = of(run);
    if let Some(first) = run.first.as_deref() {
        let place = |t: &UndecidedTie| (t.school, t.category, t.junior);
        let before = of(first);
        ties.retain(|t| before.iter().all(|b| place(b) != place(t)));
        ties.extend(before);
        ties.sort_by_key(place);
    }
    ties
}

fn at_cuts(
    season: &Season,
    batch: BatchIx,
    classes: &Classes,
    market: &Market,
    participants: &[ApplicantIx],
    run: &Floored,
    lottery: &Lottery,
) -> Vec<UndecidedTie> {
    let manual = |c: CategoryIx| season.policy().priority(batch, c).manual();
    if !classes.list.iter().any(|c| manual(c.category)) {
        return Vec::new();
    }
    let claim = |participant: u32, at: usize| Claim {
        applicant: participants[participant as usize],
        position: market.proposals[at].position,
        school: classes.list[market.proposals[at].class as usize].school,
    };
    // Per class: those equal to the last holder, held and rejected.
    let mut equals: Vec<(Vec<ApplicantIx>, Vec<ApplicantIx>)> =
        vec![(Vec::new(), Vec::new()); classes.list.len()];
    for participant in 0..market.participants() {
        let held = run.holdings.held[participant as usize];
        for at in market.range(participant) {
            let class = market.proposals[at].class as usize;
            let category = classes.list[class].category;
            if manual(category)
                && let Some((last, last_at)) = run.holdings.last[class]
                && run.bars(market, participant, class).is_none()
            {
                let reader = Reader::new(season, batch, Some(category), lottery);
                let (mine, theirs) = (claim(participant, at), claim(last, last_at as usize));
                if reader.compare_before_last(mine, theirs).is_eq() {
                    let side = &mut equals[class];
                    let list = if held == at as u32 { &mut side.0 } else { &mut side.1 };
                    list.push(mine.applicant);
                }
            }
            if held != NOTHING && held == at as u32 {
                break;
            }
        }
    }
    let order = |a: ApplicantIx| season.tie_decision(batch, a);
    let mut ties = Vec::new();
    for (class, (held, mut rejected)) in classes.list.iter().zip(equals) {
        // Someone proposing to one class from two wishes is no tie with themselves.
        let holders: FxHashSet<ApplicantIx> = held.iter().copied().collect();
        rejected.retain(|r| !holders.contains(r));
        let orders: FxHashSet<Option<u32>> = held.iter().map(|&h| order(h)).collect();
        let unordered = |&r: &ApplicantIx| order(r).is_none() || orders.contains(&order(r));
        let apart = held.is_empty() || rejected.is_empty();
        let open = !apart && (orders.contains(&None) || rejected.iter().any(unordered));
        if open {
            let mut applicants = held;
            applicants.extend(rejected);
            applicants.sort_unstable();
            applicants.dedup();
            ties.push(UndecidedTie {
                batch,
                school: class.school,
                category: class.category,
                junior: class.junior,
                applicants,
            });
        }
    }
    ties
}
