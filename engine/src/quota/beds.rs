//! Beds (住宿床位) as a bound: how a senior school's seats are shared where its boarders would be more than it has beds for.
//!
//! A junior school is marked `boarding` where its pupils have to board; `boarding_places` says how many such pupils a senior
//! school can take with quota seats (blank: any number). With q the seats of a senior school, P its beds, E the eligible
//! graduates, B those of boarding junior schools:
//!
//! * q·B ≤ P·E – the proportional table fits: its ideals stand, and rounding may not go over P;
//! * q·B > P·E – the boarding junior schools share P seats and the others q − P, each part in proportion to its eligible graduates.
//!
//! Seats that beds cost a junior school are not made up for elsewhere: other senior schools keep their proportions.

use super::fraction::Fraction;
use super::matrix::{Column, Row};

/// Beds that bound a row: fewer than the proportional table asks for, or so few that rounding could go over them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Beds {
    /// How many there are.
    pub places: u32,
    /// The seats of boarding junior schools in the proportional table.
    pub due: Fraction,
}

impl Beds {
    /// Whether the proportional table asks for more.
    #[must_use]
    pub fn short(&self) -> bool {
        self.due.ceil() > u128::from(self.places)
    }
}

/// The eligible graduates: all, those of boarding junior schools, those of the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Eligible {
    pub(super) all: u64,
    pub(super) boarders: u64,
    pub(super) day: u64,
}

impl Eligible {
    pub(super) fn of(columns: &[Column<'_>]) -> Self {
        let sum = |boards: bool| {
            columns.iter().filter(|c| c.boards == boards).map(|c| u64::from(c.eligible)).sum()
        };
        let (boarders, day) = (sum(true), sum(false));
        Self { all: boarders + day, boarders, day }
    }

    /// The seats that boarding junior schools have in proportion, of so many.
    pub(super) fn due(self, seats: u64) -> Fraction {
        Fraction::new(u128::from(seats) * u128::from(self.boarders), self.all.into())
    }
}

/// So many seats in proportion to eligible graduates that add up to `of`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Part {
    pub(super) seats: u32,
    pub(super) of: u64,
}

/// How the seats of a row are shared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    /// Among boarding junior schools.
    pub(super) boarders: Part,
    /// Among the others.
    pub(super) day: Part,
    /// Whether beds cut the row in two.
    pub(super) cut: bool,
}

impl Parts {
    pub(super) fn of(row: &Row<'_>, eligible: Eligible) -> Self {
        let whole = Part { seats: row.seats, of: eligible.all.max(1) };
        let due = eligible.due(row.seats.into());
        match row.places {
            Some(places) if (Beds { places, due }).short() => Self {
                boarders: Part { seats: places, of: eligible.boarders.max(1) },
                day: Part { seats: row.seats - places, of: eligible.day.max(1) },
                cut: true,
            },
            _ => Self { boarders: whole, day: whole, cut: false },
        }
    }

    pub(super) fn part(&self, boards: bool) -> Part {
        if boards { self.boarders } else { self.day }
    }
}

/// The least common multiple of the denominators of a table, so that what cells cost can be added up. Head counts above
/// 2³⁰ would be beyond whole numbers; there it is cut off, and least is least only nearly.
pub(super) fn common(denominators: impl Iterator<Item = u64>) -> u128 {
    let most = 1_u128 << 96;
    denominators.fold(1, |multiple, next| {
        let next = u128::from(next);
        let (mut a, mut b) = (multiple, next);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        multiple.checked_mul(next / a).filter(|&m| m <= most).unwrap_or(most)
    })
}
