//! The season as one applicant met it: the classes of each batch, and who stood in line for each.

use crate::domain::{
    Answer, ApplicantIx, BatchIx, CategoryIx, Line, Lottery, Outcome, Reason, ReasonKind, SchoolIx,
    Season,
};
use crate::placement::classes::{Carried, Classes, each_proposal};
use crate::placement::priority::{Claim, Reader};

/// A season, its answer, and the classes of each batch as the answer's lines imply them.
pub(super) struct Hall<'s> {
    pub(super) season: &'s Season,
    pub(super) answer: &'s Answer,
    pub(super) lottery: Lottery,
    pub(super) classes: Vec<Classes>,
}

/// One proposal of an applicant, in the order of proposing over all batches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Step {
    pub(super) batch: BatchIx,
    pub(super) position: u16,
    pub(super) school: SchoolIx,
    pub(super) category: CategoryIx,
    /// The place of the class in its batch.
    pub(super) class: Option<u32>,
}

/// Who stood in line for a class: everybody who proposed to it and may hold a seat of it.
pub(super) struct Queue {
    /// The best claim of each who was admitted on a wish.
    holders: Vec<Claim>,
    /// The claims that were turned down for want of a seat.
    rejected: Vec<Claim>,
}

impl<'s> Hall<'s> {
    pub(super) fn new(season: &'s Season, answer: &'s Answer) -> Self {
        let policy = season.policy();
        let mut carried = Carried::default();
        let mut classes = Vec::with_capacity(policy.batches.len());
        for batch in (0..policy.batches.len()).map(BatchIx::from) {
            let here = Classes::of(season, batch, &carried);
            carried.close(season, &here, answer.lines.iter().filter(|l| l.batch == batch));
            classes.push(here);
        }
        Self {
            season,
            answer,
            lottery: Lottery::new(policy.seed.as_deref().unwrap_or_default()),
            classes,
        }
    }

    /// Every proposal of the applicant's wishes, in order, batch after batch.
    pub(super) fn steps(&self, applicant: ApplicantIx) -> Vec<Step> {
        let mut steps = Vec::new();
        for (at, classes) in self.classes.iter().enumerate() {
            let batch = BatchIx::from(at);
            each_proposal(self.season, batch, classes, applicant, |wish, category, class| {
                let (position, school) = (wish.position, wish.school);
                steps.push(Step { batch, position, school, category, class });
            });
        }
        steps
    }

    /// The junior school of the cell that a step leads to, if it leads to one.
    pub(super) fn junior(&self, step: Step) -> Option<SchoolIx> {
        let class = step.class?;
        self.classes[step.batch.at()].list[class as usize].junior
    }

    /// The line of the class that a step leads to.
    pub(super) fn line(&self, step: Step) -> Option<&'s Line> {
        step.class?;
        let key = (step.batch, step.school, step.category, self.junior(step));
        self.answer.lines.iter().find(|l| (l.batch, l.school, l.category, l.junior) == key)
    }

    /// The reason recorded for a step, if it did not stick.
    pub(super) fn reason(&self, applicant: ApplicantIx, step: Step) -> Option<&'s Reason> {
        reasons_of(self.answer, applicant).iter().find(|r| {
            (r.batch, r.position, r.school, r.category)
                == (step.batch, step.position, step.school, step.category)
        })
    }

    /// The queue of the class that a step leads to.
    pub(super) fn queue(&self, step: Step) -> Queue {
        let junior = self.junior(step);
        let here = |a: ApplicantIx, school, category| {
            (school, category) == (step.school, step.category)
                && junior.is_none_or(|j| self.season.applicant(a).junior == j)
        };
        let holder = |(at, outcome): (usize, &Outcome)| match *outcome {
            Outcome::Placed { batch, position, school, category } if batch == step.batch => {
                let applicant = ApplicantIx::from(at);
                here(applicant, school, category).then_some(Claim { applicant, position, school })
            }
            _ => None,
        };
        let claim =
            |r: &Reason| Claim { applicant: r.applicant, position: r.position, school: r.school };
        let waited = |r: &&Reason| {
            r.batch == step.batch
                && matches!(r.kind, ReasonKind::BelowCutoff | ReasonKind::NoSeats)
                && here(r.applicant, r.school, r.category)
        };
        Queue {
            holders: self.answer.outcomes.iter().enumerate().filter_map(holder).collect(),
            rejected: self.answer.reasons.iter().filter(waited).map(claim).collect(),
        }
    }

    /// The reader of the order of a step's class.
    pub(super) fn reader(&self, step: Step) -> Reader<'_> {
        Reader::new(self.season, step.batch, Some(step.category), &self.lottery)
    }
}

/// The reasons of one applicant, in the order of proposing.
pub(super) fn reasons_of(answer: &Answer, applicant: ApplicantIx) -> &[Reason] {
    let start = answer.reasons.partition_point(|r| r.applicant < applicant);
    let end = answer.reasons.partition_point(|r| r.applicant <= applicant);
    &answer.reasons[start..end]
}

impl Queue {
    /// The place of a claim, from 1: everybody else with a better claim goes before it, once each.
    pub(super) fn place(&self, reader: &Reader<'_>, claim: Claim) -> u32 {
        let before =
            |c: &&Claim| c.applicant != claim.applicant && reader.compare(**c, claim).is_lt();
        let mut ahead: Vec<ApplicantIx> =
            self.holders.iter().chain(&self.rejected).filter(before).map(|c| c.applicant).collect();
        ahead.sort_unstable();
        ahead.dedup();
        1 + u32::try_from(ahead.len()).unwrap_or(u32::MAX - 1)
    }

    /// The claim of the last one admitted on a wish.
    pub(super) fn last(&self, reader: &Reader<'_>) -> Option<Claim> {
        self.holders.iter().copied().max_by(|&a, &b| reader.compare(a, b))
    }
}
