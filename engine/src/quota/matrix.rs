//! Controlled rounding (指标分配矩阵法): a whole number of seats for every senior × junior school, as near as
//! can be to the proportional table.
//!
//! With q(h) the quota of senior school h, e(m) the eligible graduates of junior school m and E their sum, the ideal
//! is t(h,m) = q(h)·e(m)/E. [`round`] finds the whole table x in which
//!
//! 1. every row adds up to q(h);
//! 2. every cell is ⌊t⌋ or ⌈t⌉, so that a whole ideal is met exactly;
//! 3. every column's sum is ⌊T⌋ or ⌈T⌉ of T(m) = Σ t(h,m); where the policy sets `min_per_junior` to k, a column below
//!    min(k, e(m)) is raised to just that;
//! 4. Σ |x − t| is least;
//! 5. where a senior school has fewer beds than boarders in proportion, its ideals are those of `beds`; where rounding
//!    could go over its beds, it does not;
//! 6. among such tables, the sum of the lots of the cells rounded up is least, the lot of a cell being the first 12
//!    hex digits of the lottery number of the message `school_id/junior_id`.
//!
//! Without a least number such a table always exists – the ideals themselves keep every rule, and the rules are those of a
//! flow – with one it may not, and then there is none. Rounding a cell of remainder r/d up instead of down changes Σ|x − t| by
//! (d − 2r)/d, an integer over the common denominator: the cells are unit arcs of that cost from rows to columns, columns flow
//! to one sink between their bounds, rows with few beds send boarders through a node of their own, and the whole is a
//! minimum-cost flow (`flow`). Its optimality is then proved again from the potentials alone. Schools are ordered by
//! id, bytewise, so that the order of the tables does not matter.
//!
//! Not promised: house monotonicity of a cell or of one junior school. As in every quota method, one more
//! seat in the whole can move the rounding and cost some junior school one; the total, the floors and the ceilings never fall.

use super::beds::{Beds, Eligible, Parts};
use super::fraction::Fraction;
use super::grid::Grid;
use super::start;
use crate::domain::Lottery;

/// A senior school with the seats to distribute.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The school's id.
    pub id: &'a str,
    /// Its quota q(h).
    pub seats: u32,
    /// Seats for pupils of boarding junior schools at most; no bound where nothing is said.
    pub places: Option<u32>,
}

/// A junior school with what the distribution reads of it.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// The school's id.
    pub id: &'a str,
    /// Graduates who may hold quota seats, e(m).
    pub eligible: u32,
    /// Whether it is one of the schools that get seats first; read by the pool method alone.
    pub tilt: bool,
    /// The seats that it must get at least; no more than it has eligible graduates.
    pub least: u32,
    /// Whether its pupils board.
    pub boards: bool,
}

/// Why a cell of the matrix has the seats it has.
///
/// `rank` is the place of the cell's remainder in its row (from 1, larger first, ties by lottery) and `of` is how
/// many seats the row has over its floors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The ideal is whole.
    Whole,
    /// Raised to the least number of a junior school; of a pool's totals only.
    Least,
    /// Up, being among the `of` largest remainders of the row.
    Up {
        /// Its place.
        rank: u32,
        /// The seats to give.
        of: u32,
        /// A cell of the same remainder in the row went down: the lottery decided.
        lot: bool,
    },
    /// Up, though others of the row have larger remainders: the junior school's total needed it.
    UpForTotal {
        /// Its place.
        rank: u32,
        /// The seats to give.
        of: u32,
    },
    /// Down, not being among the `of` largest remainders of the row.
    Down {
        /// Its place.
        rank: u32,
        /// The seats to give.
        of: u32,
        /// A cell of the same remainder in the row went up: the lottery decided.
        lot: bool,
    },
    /// Down, though its remainder is large enough: the totals of the junior schools left no room.
    DownForTotal {
        /// Its place.
        rank: u32,
        /// The seats to give.
        of: u32,
    },
}

/// A cell of the table.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// The exact ideal t(h,m).
    pub ideal: Fraction,
    /// The seats given.
    pub seats: u32,
    /// Why.
    pub why: Why,
    /// Where beds bound its row.
    pub beds: Option<Beds>,
}

/// A rounded table, rows and columns in the order in which they were given.
#[derive(Clone, Debug)]
pub struct Table {
    /// The cells, row by row.
    pub cells: Vec<Cell>,
    /// The exact total of each column, T(m).
    pub totals: Vec<Fraction>,
    /// Σ |x − t|, the least possible.
    pub deviation: Fraction,
}

/// Why there is no table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unrounded {
    /// There are seats and nobody eligible.
    NoEligible,
    /// The least numbers of seats cannot be kept: `need` seats in all, or a cell that would leave its ideal.
    Least {
        /// What the junior schools need at least, all others at their floors.
        need: u64,
        /// With beds enough they could be kept.
        beds: bool,
    },
    /// A senior school, by its place in the rows, has more seats than beds, and no junior school whose pupils live at home.
    Beds {
        /// The place.
        row: usize,
    },
    /// The solver's answer did not pass the proof: a fault of this program.
    Unproven,
}

/// Rounds the proportional table of the rows and columns as the module says.
///
/// A row without seats and a column without eligible graduates get zeros. Time is that of a flow with one arc
/// per cell: a city of 10 × 40 takes well under a millisecond, 100 × 400 a tenth of a second, 400 × 1,600 ten.
///
/// # Errors
/// [`Unrounded::NoEligible`] when there are seats and the eligible graduates add up to zero; [`Unrounded::Least`]
/// when the least numbers cannot be kept; [`Unrounded::Beds`] when the seats of a row have no taker for want of beds.
pub fn round(
    rows: &[Row<'_>],
    columns: &[Column<'_>],
    lottery: &Lottery,
) -> Result<Table, Unrounded> {
    let eligible = Eligible::of(columns);
    if eligible.all == 0 && rows.iter().any(|r| r.seats > 0) {
        return Err(Unrounded::NoEligible);
    }
    let grid = Grid::new(rows, columns, eligible, lottery);
    let stuck = |p: &Parts| p.cut && p.day.seats > 0 && eligible.day == 0;
    if let Some(row) = grid.parts.iter().position(stuck) {
        return Err(Unrounded::Beds { row });
    }
    let bounded = columns.iter().any(|c| c.least > 0);
    let need = (0..columns.len()).map(|m| grid.column_bounds(m).0).sum();
    let seats: u64 = rows.iter().map(|r| u64::from(r.seats)).sum();
    let least = || {
        let free: Vec<Row<'_>> = rows.iter().map(|r| Row { places: None, ..*r }).collect();
        let beds =
            rows.iter().any(|r| r.places.is_some()) && round(&free, columns, lottery).is_ok();
        Unrounded::Least { need, beds }
    };
    if bounded && need > seats {
        return Err(least());
    }
    let (network, cells, senders) = grid.network();
    let start = start::potentials(&network, senders, cells.len());
    let Some(solution) = network.solve(start) else {
        return Err(if bounded { least() } else { Unrounded::Unproven });
    };
    let mut up = vec![false; rows.len() * columns.len()];
    for (arc, &cell) in cells.iter().enumerate() {
        up[cell] = solution.flow[arc] == 1;
    }
    if !(solution.is_optimal(&network) && grid.keeps_the_rules(&up)) {
        return Err(Unrounded::Unproven);
    }
    let totals = (0..columns.len()).map(|m| grid.total(m)).collect();
    Ok(Table { cells: grid.cells(&up), totals, deviation: grid.deviation(&up) })
}

/// The order of ids, bytewise: the canonical places of rows and columns.
pub(super) fn by_id<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let ids: Vec<&str> = ids.collect();
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by_key(|&at| ids[at]);
    order
}
