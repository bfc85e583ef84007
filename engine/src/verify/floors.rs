//! Floors 录取下限 of the classes of a batch: announced, from an earlier batch, or from a line of the same batch.
//!
//! Policy: SPEC §5.4.

use std::cmp::Ordering;

use super::market::Market;
use super::order::Order;
use crate::domain::{ApplicantIx, BatchIx, CategoryIx, SchoolIx, Score};

/// A floor relative to a line of the same batch.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Moving {
    /// The class whose line counts.
    line: usize,
    minus: Score,
    /// The last holder of that class and the floor it makes, once the class is known to fill.
    bound: Option<(ApplicantIx, Score)>,
}

/// The floors of every class of a batch.
#[derive(Clone, PartialEq, Debug)]
pub struct Floors {
    /// What applies in the end, by class.
    figures: Vec<Option<Score>>,
    standing: Vec<Option<Score>>,
    moving: Vec<Option<Moving>>,
}

impl Floors {
    /// The floors known before the batch begins; `cutoff` gives the lines of earlier batches.
    pub fn announced(
        market: &Market<'_>,
        cutoff: impl Fn(BatchIx, SchoolIx, CategoryIx) -> Option<Score>,
    ) -> Self {
        let policy = market.season().policy();
        let mut standing = Vec::with_capacity(market.classes.len());
        let mut moving = Vec::with_capacity(market.classes.len());
        for class in &market.classes {
            let floor = policy.category(class.category).floor.as_ref();
            let mut stands = floor.and_then(|f| f.at_least);
            let mut moves = None;
            if let Some(relative) = floor.and_then(|f| f.relative.as_ref()) {
                match relative.batch {
                    Some(batch) if batch != market.batch => {
                        let line = cutoff(batch, class.school, relative.line);
                        stands = stands.max(line.map(|l| l.minus(relative.minus)));
                    }
                    _ => {
                        moves = market.open_class(class.school, relative.line).map(|line| Moving {
                            line,
                            minus: relative.minus,
                            bound: None,
                        });
                    }
                }
            }
            standing.push(stands);
            moving.push(moves);
        }
        Self::of(standing, moving)
    }

    fn of(standing: Vec<Option<Score>>, moving: Vec<Option<Moving>>) -> Self {
        let figure = |(&stands, moves): (&Option<Score>, &Option<Moving>)| {
            stands.max(moves.and_then(|m| m.bound).map(|b| b.1))
        };
        Self { figures: standing.iter().zip(&moving).map(figure).collect(), standing, moving }
    }

    /// Whether any floor depends on a line of the same batch.
    pub fn any_moving(&self) -> bool {
        self.moving.iter().any(Option::is_some)
    }

    /// The classes on whose lines floors of the same batch depend, ascending.
    pub fn line_classes(&self) -> Vec<usize> {
        let mut lines: Vec<usize> = self.moving.iter().flatten().map(|m| m.line).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// The same floors, given the last holder of every class that filled (nothing for the others).
    #[must_use]
    pub fn with_lines(
        &self,
        last: &[Option<ApplicantIx>],
        total: impl Fn(ApplicantIx) -> Score,
    ) -> Self {
        let moving = self.moving.iter().map(|moving| {
            moving
                .map(|m| Moving { bound: last[m.line].map(|a| (a, total(a).minus(m.minus))), ..m })
        });
        Self::of(self.standing.clone(), moving.collect())
    }

    /// The same floors for everybody alike, whoever comes before the last holder of a line.
    #[must_use]
    pub fn frozen(&self) -> Self {
        let standing = self
            .standing
            .iter()
            .zip(&self.moving)
            .map(|(&s, m)| s.max(m.and_then(|m| m.bound).map(|b| b.1)));
        Self::of(standing.collect(), vec![None; self.moving.len()])
    }

    /// Whether the applicant passes the floor of the class: a total of exactly the floor does.
    pub fn passes(&self, market: &Market<'_>, class: usize, applicant: ApplicantIx) -> bool {
        self.bars(market, class, applicant).is_none()
    }

    /// The floor that keeps the applicant out of the class, if one does.
    ///
    /// In front of the last holder of a line one passes its floor whatever the total, since the line had
    /// not filled then; an announced floor still binds.
    pub fn bars(&self, market: &Market<'_>, class: usize, applicant: ApplicantIx) -> Option<Score> {
        let floor = self.figure(class)?;
        let total = market.season().applicant(applicant).total;
        if total >= floor {
            return None;
        }
        let before = self.moving[class].and_then(|m| m.bound).is_some_and(|(last, _)| {
            let order = Order::of_class(market, class);
            let order = order.compare((applicant, 0), (last, 0)).then(applicant.cmp(&last));
            order != Ordering::Greater
        });
        if before { self.standing[class].filter(|&floor| total < floor) } else { Some(floor) }
    }

    /// The floor as printed, if one applies.
    pub fn figure(&self, class: usize) -> Option<Score> {
        self.figures[class]
    }
}
