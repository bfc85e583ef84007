//! Explanation 为什么: for every wish of an applicant, in words that a parent understands, what became of
//! it and what would have changed it; and who moved, and why, between two answers.
//!
//! Policy: item 19, 「保证学生家长及社会公众对学校重要事项的知情权」. Reads a season and its answer; where a
//! condition is claimed, it has been tried by placing again.

pub mod compare;
mod decide;
mod fact;
mod hall;
mod outcome;
mod remedy;
mod said;
pub mod whatif;
mod why;
mod words;

use self::decide::{decided, overtakes_at};
use self::hall::{Hall, Step};
use self::remedy::Remedy;
use self::words::Voice;
use crate::domain::{Answer, ApplicantIx, BatchIx, Outcome, Reason, ReasonKind, Score, Season};
use crate::placement::priority::Claim;
use crate::policy::Predicate;

pub use compare::{Comparison, compare};
pub use said::{
    BatchSaid, Decided, Explanation, FloorSaid, Lang, LeastTotal, ProposalSaid, Seat, WishSaid,
};

/// Explains every wish of an applicant in Chinese.
///
/// The answer must be of this season and hold its reasons. Conditions are tried by placing the season
/// again, some four times for each wish that was turned down.
pub fn explain(season: &Season, answer: &Answer, applicant: ApplicantIx) -> Explanation {
    explain_in(season, answer, applicant, Lang::Zh)
}

/// As [`explain`], in a language.
pub fn explain_in(
    season: &Season,
    answer: &Answer,
    applicant: ApplicantIx,
    lang: Lang,
) -> Explanation {
    let hall = Hall::new(season, answer);
    let steps = hall.steps(applicant);
    let outcome = answer.outcomes.get(applicant.at()).copied().unwrap_or(Outcome::NoWishes);
    let mut case = Case {
        hall: &hall,
        me: applicant,
        steps: &steps,
        outcome,
        voice: Voice { season, lang },
        remedy: Remedy::new(&hall, applicant, &steps),
        steady: steady(season),
    };
    let batches = (0..season.policy().batches.len()).map(BatchIx::from);
    let batches = batches.filter_map(|batch| case.batch(batch)).collect();
    let person = season.applicant(applicant);
    Explanation {
        applicant_id: person.id.to_string(),
        total: person.total,
        outcome: outcome.key(),
        seat: seat_of(season, outcome),
        sentence: case.voice.outcome(applicant, outcome),
        next_step: case.voice.next_step(outcome),
        batches,
    }
}

/// A seat in names.
fn seat_of(season: &Season, outcome: Outcome) -> Option<Seat> {
    let (batch, position, school, category) = outcome.seat()?;
    let policy = season.policy();
    Some(Seat {
        batch: policy.batch(batch).id.to_string(),
        position,
        school_id: season.school(school).id.to_string(),
        school: season.school(school).name.to_string(),
        category: policy.category(category).id.to_string(),
        category_name: policy.category(category).name.clone(),
    })
}

/// Whether a higher total can never cost a seat: nothing is returned, no floor follows a line of its own
/// batch, and nobody is adjusted.
fn steady(season: &Season) -> bool {
    let policy = season.policy();
    let moves = policy.categories.iter().any(|c| {
        let follows = c.floor.as_ref().and_then(|f| f.relative.as_ref());
        c.returns_to.is_some() || follows.is_some_and(|line| line.batch.is_none())
    });
    !moves && policy.batches.iter().all(|b| b.adjustment.is_empty())
}

/// One applicant's case.
struct Case<'h, 's> {
    hall: &'h Hall<'s>,
    me: ApplicantIx,
    steps: &'h [Step],
    outcome: Outcome,
    voice: Voice<'s>,
    remedy: Remedy<'h, 's>,
    steady: bool,
}

impl Case<'_, '_> {
    fn batch(&mut self, batch: BatchIx) -> Option<BatchSaid> {
        let season = self.hall.season;
        let held_here = self.outcome.seat().is_some_and(|(b, ..)| b == batch);
        let wishes = season.wishes_in(self.me, batch);
        if wishes.is_empty() && !held_here {
            return None;
        }
        let rule = season.policy().batch(batch);
        let said = wishes.iter().map(|wish| {
            let steps: Vec<usize> = (0..self.steps.len())
                .filter(|&at| {
                    let step = &self.steps[at];
                    (step.batch, step.position) == (batch, wish.position)
                })
                .collect();
            WishSaid {
                position: wish.position,
                school_id: season.school(wish.school).id.to_string(),
                school: season.school(wish.school).name.to_string(),
                category: wish.category.map(|c| season.policy().category(c).id.to_string()),
                adjust: wish.adjust,
                proposals: steps.into_iter().map(|at| self.proposal(at)).collect(),
            }
        });
        let wishes = said.collect();
        Some(BatchSaid {
            batch: rule.id.to_string(),
            name: rule.name.clone(),
            note: self.voice.batch_note(self.me, batch, self.outcome),
            wishes,
        })
    }

    fn proposal(&mut self, at: usize) -> ProposalSaid {
        let (season, step) = (self.hall.season, self.steps[at]);
        let policy = season.policy();
        let rule = policy.category(step.category);
        let line = self.hall.line(step);
        let mut said = ProposalSaid {
            category: rule.id.to_string(),
            category_name: rule.name.clone(),
            kind: String::new(),
            seats: line.map(|l| l.seats),
            placed: line.map(|l| l.placed),
            cutoff: line.and_then(crate::domain::Line::cutoff),
            floor: line.and_then(|l| self.floor(step, l.floor?)),
            place: None,
            last_place: None,
            gap_places: None,
            gap_points: None,
            decided_by: None,
            least_total: None,
            more_seats: None,
            source: rule.source.clone().or_else(|| policy.batch(step.batch).source.clone()),
            sentence: String::new(),
            condition: None,
        };
        let held = |s: Step| {
            matches!(self.outcome, Outcome::Placed { batch, position, school, category }
                if (s.batch, s.position, s.school, s.category)
                    == (batch, position, school, category))
        };
        let stuck = self.steps.iter().position(|&s| held(s));
        if self.outcome == Outcome::Barred {
            said.kind = "barred".to_owned();
            said.sentence = self.voice.barred_wish();
        } else if stuck == Some(at) {
            said.kind = "granted".to_owned();
            self.stand(step, &mut said);
            said.sentence = self.voice.granted(&said);
        } else if stuck.is_some_and(|stuck| at > stuck) || self.left_before(step.batch) {
            said.kind = "not_considered".to_owned();
            said.sentence = self.voice.not_considered(step, self.outcome);
        } else if let Some(reason) = self.hall.reason(self.me, step) {
            said.kind = reason.kind.key();
            self.turned_down(at, reason, &mut said);
        } else {
            // An answer made elsewhere may have no reason for what it did.
            said.kind = "unexplained".to_owned();
            said.sentence = self.voice.unexplained();
        }
        said
    }

    /// Whether the applicant was admitted in an earlier batch.
    fn left_before(&self, batch: BatchIx) -> bool {
        self.outcome.seat().is_some_and(|(held, ..)| held < batch)
    }

    /// Fills in the place in the queue, the last place admitted and how far they are apart.
    fn stand(&self, step: Step, said: &mut ProposalSaid) {
        let (reader, queue) = (self.hall.reader(step), self.hall.queue(step));
        let mine = self.claim(step);
        let place = queue.place(&reader, mine);
        let last = queue.last(&reader);
        let last_place = last.map_or(0, |last| queue.place(&reader, last));
        said.place = Some(place);
        said.last_place = Some(last_place);
        let short = place.saturating_sub(last_place);
        said.gap_places = (short > 0).then_some(short);
        said.decided_by = last.and_then(|last| decided(self.hall.season, &reader, last, mine));
        if let Some(Decided::Total { short }) = said.decided_by {
            said.gap_points = Some(short);
        }
    }

    fn turned_down(&mut self, at: usize, reason: &Reason, said: &mut ProposalSaid) {
        let (season, step) = (self.hall.season, self.steps[at]);
        let total = season.applicant(self.me).total;
        match &reason.kind {
            ReasonKind::BelowCutoff | ReasonKind::NoSeats => {
                self.stand(step, said);
                if let Some(gap) = said.gap_places {
                    said.more_seats = self.remedy.more_seats(at, gap);
                }
            }
            ReasonKind::BelowFloor => {
                said.gap_points = reason.bound.map(|floor| floor.minus(total));
                if let Some(floor) = reason.bound {
                    said.floor = self.floor(step, floor);
                }
            }
            ReasonKind::NoClass | ReasonKind::OutOfRegion | ReasonKind::Ineligible(_) => {}
        }
        let by_total = match &reason.kind {
            ReasonKind::BelowCutoff | ReasonKind::BelowFloor => true,
            ReasonKind::Ineligible(predicate) => matches!(predicate, Predicate::TotalAtLeast(_)),
            _ => false,
        };
        if by_total {
            let likely = self.likely(step, reason);
            said.least_total = self.remedy.least_total(at, likely).map(|(total, granted)| {
                let other = self.steps[granted];
                let instead = Outcome::Placed {
                    batch: other.batch,
                    position: other.position,
                    school: other.school,
                    category: other.category,
                };
                LeastTotal {
                    total,
                    least_of_all: self.steady,
                    instead: (granted != at).then(|| seat_of(season, instead)).flatten(),
                }
            });
        }
        said.sentence = self.voice.turned_down(self.me, step, reason, said);
        said.condition = self.voice.condition(self.me, step, reason, said);
    }

    /// The total that would do if nobody else moved.
    fn likely(&self, step: Step, reason: &Reason) -> Option<Score> {
        let season = self.hall.season;
        let mine = season.applicant(self.me).total;
        let rule = season.policy().category(step.category);
        let demanded = rule.eligible.iter().filter_map(|p| match p {
            Predicate::TotalAtLeast(total) => Some(*total),
            _ => None,
        });
        let line = self.hall.line(step)?;
        let floor = if reason.kind == ReasonKind::BelowFloor { reason.bound } else { line.floor };
        let least = demanded.chain(floor).max().unwrap_or(mine).max(mine);
        if !line.full() {
            return Some(least);
        }
        let reader = self.hall.reader(step);
        let last = self.hall.queue(step).last(&reader)?;
        let most = least.plus(Score::from_points(1000));
        overtakes_at(&reader, last, self.claim(step), least, most)
    }

    const fn claim(&self, step: Step) -> Claim {
        Claim { applicant: self.me, position: step.position, school: step.school }
    }

    /// The floor of a step's class and where it comes from.
    fn floor(&self, step: Step, total: Score) -> Option<FloorSaid> {
        let policy = self.hall.season.policy();
        let floor = policy.category(step.category).floor.as_ref()?;
        if floor.at_least == Some(total) {
            let announced = FloorSaid {
                total,
                announced: true,
                line_of: None,
                line: None,
                minus: None,
                batch: None,
            };
            return Some(announced);
        }
        let relative = floor.relative.as_ref()?;
        Some(FloorSaid {
            total,
            announced: false,
            line_of: Some(self.voice.category(relative.line)),
            line: Some(total.plus(relative.minus)),
            minus: Some(relative.minus),
            batch: relative
                .batch
                .filter(|&b| b != step.batch)
                .map(|b| policy.batch(b).name.clone()),
        })
    }
}
