//! Placement 录取: applicant-proposing deferred acceptance over seat classes with declarative orders
//! (SPEC §5). Batches are run in the order of the policy; whoever is admitted leaves.
//!
//! Policy: item 18, 「落实区属市级重点高中指标到校招生办法，规范体育、艺术等特殊类型招生」.

pub mod adjustment;
pub mod classes;
pub mod floors;
pub mod market;
pub mod priority;
mod reasons;
pub mod run;
mod ties;

use rayon::prelude::*;

use self::classes::{Carried, Classes};
use self::floors::Floored;
use self::market::Market;
use self::run::NOTHING;
use crate::domain::{
    Answer, ApplicantIx, BatchIx, FrozenLine, Line, Lottery, Outcome, Reason, Season,
};

pub use ties::{Undecided, UndecidedTie};

/// Places the applicants of a season.
///
/// The answer is the same for the same season and seed whatever the order of rows (but that of `schools`)
/// and the number of threads. Quota seats still to be computed count as none; the caller asks
/// [`Season::pending`] first. O(proposals × log seats) and one sort per distinct order.
///
/// # Errors
/// The ties that straddle a cut of a `manual` class without a recorded order, of the first such batch.
pub fn place(season: &Season) -> Result<Answer, Undecided> {
    Placement { general: false, reasons: true }.run(season)
}

/// The same by deferred acceptance even where one pass in the common order would do: to test the one
/// against the other.
///
/// # Errors
/// As [`place`].
pub fn place_general(season: &Season) -> Result<Answer, Undecided> {
    Placement { general: true, reasons: true }.run(season)
}

/// The outcomes and lines of [`place`], without the reasons: for asking "what if" many times.
///
/// # Errors
/// As [`place`].
pub fn place_outcomes(season: &Season) -> Result<Answer, Undecided> {
    Placement { general: false, reasons: false }.run(season)
}

struct Placement {
    general: bool,
    reasons: bool,
}

impl Placement {
    fn run(&self, season: &Season) -> Result<Answer, Undecided> {
        let lottery = Lottery::new(season.policy().seed.as_deref().unwrap_or_default());
        let mut carried = Carried::default();
        let mut answer = Answer { outcomes: at_first(season), ..Answer::default() };
        let mut batches_of_reasons: Vec<Vec<Vec<Reason>>> = Vec::new();
        for at in 0..season.policy().batches.len() {
            let batch = BatchIx::from(at);
            let participants: Vec<ApplicantIx> = (0..season.applicants().len())
                .into_par_iter()
                .map(ApplicantIx::from)
                .filter(|&a| {
                    answer.outcomes[a.at()] == Outcome::Unplaced
                        && !season.wishes_in(a, batch).is_empty()
                })
                .collect();
            let classes = Classes::of(season, batch, &carried);
            let market = Market::of(season, batch, &classes, &participants, &lottery);
            let mut run = floors::run(&market, &classes, self.general);
            let ties =
                ties::undecided(season, batch, &classes, &market, &participants, &run, &lottery);
            if !ties.is_empty() {
                return Err(Undecided { ties });
            }
            for (participant, &applicant) in participants.iter().enumerate() {
                let held = run.holdings.held[participant];
                if held != NOTHING {
                    let proposal = market.proposals[held as usize];
                    let class = &classes.list[proposal.class as usize];
                    answer.outcomes[applicant.at()] = Outcome::Placed {
                        batch,
                        position: proposal.position,
                        school: class.school,
                        category: class.category,
                    };
                }
            }
            if self.reasons {
                batches_of_reasons.push(reasons::reasons(
                    season,
                    batch,
                    &classes,
                    &market,
                    &participants,
                    &run,
                ));
            }
            let adjusted = adjustment::adjust(
                season,
                batch,
                &classes,
                &market,
                &participants,
                &mut run,
                &lottery,
            )
            .map_err(|ties| Undecided { ties })?;
            for (participant, class) in adjusted {
                let class = &classes.list[class as usize];
                let applicant = participants[participant as usize];
                answer.outcomes[applicant.at()] =
                    Outcome::Adjusted { batch, school: class.school, category: class.category };
            }
            close(season, batch, &classes, &market, &run, &mut carried, &mut answer);
        }
        answer.reasons = in_order(batches_of_reasons);
        Ok(answer)
    }
}

/// Everybody before the first batch: barred, without a wish, or still unplaced.
fn at_first(season: &Season) -> Vec<Outcome> {
    let outcome = |(at, applicant): (usize, &crate::domain::Applicant)| {
        if applicant.barred {
            Outcome::Barred
        } else if season.wishes(ApplicantIx::from(at)).is_empty() {
            Outcome::NoWishes
        } else {
            Outcome::Unplaced
        }
    };
    season.applicants().par_iter().enumerate().map(outcome).collect()
}

/// Writes down the lines of a batch and what it passes on to later ones.
fn close(
    season: &Season,
    batch: BatchIx,
    classes: &Classes,
    market: &Market,
    run: &Floored,
    carried: &mut Carried,
    answer: &mut Answer,
) {
    for (at, class) in classes.list.iter().enumerate() {
        let last = run.holdings.last[at];
        let line = Line {
            batch,
            school: class.school,
            category: class.category,
            junior: class.junior,
            seats: run.holdings.seats[at],
            placed: run.holdings.count[at],
            lowest_total: last.map(|(p, _)| market.totals[p as usize]),
            lowest_position: last.map(|(_, place)| {
                if place == NOTHING { 0 } else { market.proposals[place as usize].position }
            }),
            floor: run.floors[at],
        };
        answer.lines.push(line);
    }
    let closed = answer.lines.len() - classes.list.len();
    carried.close(season, classes, &answer.lines[closed..]);
    answer.frozen.extend(run.frozen.iter().map(|&(at, total)| FrozenLine {
        batch,
        school: classes.list[at].school,
        category: classes.list[at].category,
        total,
    }));
}

/// All reasons by applicant, and for each in the order of the batches; those of a batch come by applicant, in pieces.
fn in_order(batches: Vec<Vec<Vec<Reason>>>) -> Vec<Reason> {
    let mut all = Vec::with_capacity(batches.iter().flatten().map(Vec::len).sum());
    let mut rest: Vec<_> =
        batches.into_iter().map(|pieces| pieces.into_iter().flatten().peekable()).collect();
    while let Some(next) = rest.iter_mut().filter_map(|r| Some(r.peek()?.applicant)).min() {
        for reasons in &mut rest {
            all.extend(std::iter::from_fn(|| reasons.next_if(|r| r.applicant == next)));
        }
    }
    all
}
