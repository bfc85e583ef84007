//! The condition that would have changed it, found by placing again: the smallest total, the fewest seats.

use std::collections::BTreeMap;

use super::hall::{Hall, Step};
use crate::domain::{ApplicantIx, Outcome, PlanLine, Score, Season};
use crate::placement::place_outcomes;

/// Places a season again and again with another total of one applicant.
pub(super) struct Remedy<'h, 's> {
    hall: &'h Hall<'s>,
    me: ApplicantIx,
    steps: &'h [Step],
    /// The season with my total changed; nobody else's copy.
    other: Season,
    /// By total in hundredths: the step that is granted.
    granted: BTreeMap<i32, Option<usize>>,
}

impl<'h, 's> Remedy<'h, 's> {
    pub(super) fn new(hall: &'h Hall<'s>, me: ApplicantIx, steps: &'h [Step]) -> Self {
        Self { hall, me, steps, other: hall.season.clone(), granted: BTreeMap::new() }
    }

    /// The step that is granted with this total, if one is; an undecided tie grants nothing.
    fn with_total(&mut self, total: i32) -> Option<usize> {
        if let Some(&known) = self.granted.get(&total) {
            return known;
        }
        self.other.set_total(self.me, Score::from_hundredths(total));
        let found = granted(&self.other, self.me, self.steps);
        self.granted.insert(total, found);
        found
    }

    /// A total with which a step or one before it is granted, and is not with 0.01 less, with the step that
    /// is granted then. `likely` is where to look first. Nothing if no total up to the full mark will do.
    ///
    /// 1. Look at the likely total and just below it; in a market where nobody else moves that is all.
    /// 2. Else halve between a total that does not do and one that does.
    pub(super) fn least_total(
        &mut self,
        step: usize,
        likely: Option<Score>,
    ) -> Option<(Score, usize)> {
        let mine = self.hall.season.applicant(self.me).total.hundredths();
        let full = full_mark(self.hall.season).hundredths();
        let reaches = |s: &mut Self, total: i32| s.with_total(total).is_some_and(|at| at <= step);
        let (mut low, mut high) = (mine, full.max(mine + 1));
        if let Some(likely) = likely.map(Score::hundredths).filter(|&t| t > mine && t <= high) {
            if reaches(self, likely) {
                high = likely;
                if likely - 1 > mine && !reaches(self, likely - 1) {
                    low = likely - 1;
                }
            } else {
                low = likely;
            }
        }
        if !reaches(self, high) {
            return None;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if reaches(self, middle) { high = middle } else { low = middle }
        }
        let at = self.with_total(high)?;
        Some((Score::from_hundredths(high), at))
    }

    /// The fewest seats more, up to `gap`, with which a step or one before it is granted. Nothing if even
    /// `gap` seats do not do, as with a floor that rises with them.
    pub(super) fn more_seats(&self, step: usize, gap: u32) -> Option<u32> {
        let reaches = |more: u32| {
            let season = seats_added(self.hall, self.steps[step], more)?;
            granted(&season, self.me, self.steps).filter(|&at| at <= step)
        };
        reaches(gap)?;
        let (mut low, mut high) = (0, gap);
        if gap > 1 && reaches(gap - 1).is_none() {
            low = gap - 1;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if reaches(middle).is_some() { high = middle } else { low = middle }
        }
        Some(high)
    }
}

/// The step that an applicant is granted when a season is placed.
fn granted(season: &Season, me: ApplicantIx, steps: &[Step]) -> Option<usize> {
    let answer = place_outcomes(season).ok()?;
    let Outcome::Placed { batch, position, school, category } = answer.outcomes[me.at()] else {
        return None;
    };
    steps.iter().position(|s| {
        (s.batch, s.position, s.school, s.category) == (batch, position, school, category)
    })
}

/// The highest total that anybody can have, or has.
fn full_mark(season: &Season) -> Score {
    let policy = season.policy();
    let sum = |total: Score, max: Score| total.plus(max);
    let full = match &policy.total {
        Some(rule) => rule.parts.iter().map(|s| policy.subjects[s.at()].max).fold(Score::ZERO, sum),
        None => policy.subjects.iter().map(|s| s.max).fold(Score::ZERO, sum),
    };
    let best = season.applicants().iter().map(|a| a.total).max().unwrap_or_default();
    full.max(best.plus(Score::from_hundredths(1)))
}

/// The season with more seats in the class of a step; a class without a plan line gets one.
fn seats_added(hall: &Hall<'_>, step: Step, more: u32) -> Option<Season> {
    let season = hall.season;
    let class = &hall.classes[step.batch.at()].list[step.class? as usize];
    let (mut plan, mut quotas) = (season.plan().to_vec(), season.quotas().to_vec());
    if let Some(junior) = class.junior {
        let key = (step.school, step.batch, junior);
        let cell = quotas.iter_mut().find(|c| (c.school, c.batch, c.junior) == key)?;
        cell.seats += more;
    } else {
        let key = (step.school, step.batch, step.category);
        match plan.iter_mut().find(|l| (l.school, l.batch, l.category) == key) {
            Some(line) => line.seats = Some(line.seats.unwrap_or(0) + more),
            None => plan.push(PlanLine {
                school: step.school,
                batch: step.batch,
                category: step.category,
                seats: Some(more),
                classes: None,
                quota_share: None,
                scope: class.scope.clone(),
                document: "".into(),
            }),
        }
    }
    Some(season.with_plan(plan, quotas))
}
