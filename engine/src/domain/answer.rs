//! The answer of a placement: outcomes, lines and reasons, as `placements.csv`, `cutoffs.csv` and
//! `reasons.csv` hold them (SPEC §6). Placement makes answers; verification judges them.

use super::{ApplicantIx, BatchIx, CategoryIx, SchoolIx, Score};
use crate::policy::Predicate;

/// What became of one applicant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Admitted on a wish; `position` from 1.
    Placed {
        /// The batch.
        batch: BatchIx,
        /// The wish that stuck.
        position: u16,
        /// The senior school.
        school: SchoolIx,
        /// The category of the seat.
        category: CategoryIx,
    },
    /// Admitted by adjustment 服从调剂, on no wish.
    Adjusted {
        /// The batch.
        batch: BatchIx,
        /// The senior school.
        school: SchoolIx,
        /// The category of the seat.
        category: CategoryIx,
    },
    /// Had wishes and holds nothing.
    Unplaced,
    /// Barred 取消资格, with or without wishes.
    Barred,
    /// Made no wish.
    NoWishes,
}

impl Outcome {
    /// The seat held: batch, wish position (0 when adjusted), school, category.
    pub const fn seat(self) -> Option<(BatchIx, u16, SchoolIx, CategoryIx)> {
        match self {
            Self::Placed { batch, position, school, category } => {
                Some((batch, position, school, category))
            }
            Self::Adjusted { batch, school, category } => Some((batch, 0, school, category)),
            Self::Unplaced | Self::Barred | Self::NoWishes => None,
        }
    }

    /// The word of `placements.csv`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Placed { .. } => "placed",
            Self::Adjusted { .. } => "adjusted",
            Self::Unplaced => "unplaced",
            Self::Barred => "barred",
            Self::NoWishes => "no_wishes",
        }
    }
}

/// The line of one seat class after its batch: a row of `cutoffs.csv`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// The batch.
    pub batch: BatchIx,
    /// The senior school.
    pub school: SchoolIx,
    /// The category.
    pub category: CategoryIx,
    /// The junior school, for a cell.
    pub junior: Option<SchoolIx>,
    /// Seats after what was returned and carried to the class.
    pub seats: u32,
    /// Holders, the adjusted included.
    pub placed: u32,
    /// The `total` of the last holder by priority, if there is a holder.
    pub lowest_total: Option<Score>,
    /// The wish position of that holder; 0 when adjusted.
    pub lowest_position: Option<u16>,
    /// The floor that applied, if one did.
    pub floor: Option<Score>,
}

impl Line {
    /// Whether the class had seats and filled them. Only then is there a cut-off 录取线.
    pub const fn full(&self) -> bool {
        self.seats > 0 && self.placed >= self.seats
    }

    /// The cut-off: the `total` of the last holder of a class that filled.
    pub const fn cutoff(&self) -> Option<Score> {
        if self.full() { self.lowest_total } else { None }
    }
}

/// A line of the planned open seats, frozen before the returned ones are placed (SPEC §5.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrozenLine {
    /// The batch.
    pub batch: BatchIx,
    /// The senior school.
    pub school: SchoolIx,
    /// The category whose line it is.
    pub category: CategoryIx,
    /// The total of the last holder in the first pass.
    pub total: Score,
}

/// Why a proposal did not stick: the first that applies, in this order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReasonKind {
    /// There is no such class or cell.
    NoClass,
    /// The applicant's region is outside the plan line's scope.
    OutOfRegion,
    /// The first predicate that fails.
    Ineligible(Predicate),
    /// The total is below the floor.
    BelowFloor,
    /// The class ended with no seats.
    NoSeats,
    /// Others went before.
    BelowCutoff,
}

impl ReasonKind {
    /// The word of `reasons.csv`; a missing class and an empty one are both `no_seats`.
    pub fn key(&self) -> String {
        let mut word = String::new();
        self.write_key(&mut word);
        word
    }

    /// Appends the word of `reasons.csv`.
    pub fn write_key(&self, out: &mut String) {
        out.push_str(match self {
            Self::NoClass | Self::NoSeats => "no_seats",
            Self::OutOfRegion => "out_of_region",
            Self::Ineligible(_) => "ineligible:",
            Self::BelowFloor => "below_floor",
            Self::BelowCutoff => "below_cutoff",
        });
        if let Self::Ineligible(predicate) = self {
            out.push_str(predicate.key());
        }
    }
}

/// A proposal that did not stick: a row of `reasons.csv`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// The applicant.
    pub applicant: ApplicantIx,
    /// The batch.
    pub batch: BatchIx,
    /// The wish.
    pub position: u16,
    /// The senior school.
    pub school: SchoolIx,
    /// The category proposed to.
    pub category: CategoryIx,
    /// Why not.
    pub kind: ReasonKind,
    /// The figure that decided: the floor of `BelowFloor`, the cut-off of `BelowCutoff`.
    pub bound: Option<Score>,
}

/// Everything a placement says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answer {
    /// One per applicant, in the season's order.
    pub outcomes: Vec<Outcome>,
    /// Every seat class, ordered by batch, school id, category id and junior school id.
    pub lines: Vec<Line>,
    /// The frozen lines, ordered like `lines`.
    pub frozen: Vec<FrozenLine>,
    /// Every proposal that did not stick, ordered by applicant, batch and order of proposing.
    pub reasons: Vec<Reason>,
}
