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
//! 5. among such tables, the sum of the lots of the cells rounded up is least, the lot of a cell being the first 12
//!    hex digits of the lottery number of the message `school_id/junior_id`.
//!
//! Without a least number such a table always exists; with one it may not, and then there is none. Rounding a cell of remainder r/E up instead of down changes E·Σ|x − t| by E − 2r, an
//! integer: the cells are unit arcs of that cost from rows to columns, columns flow to one sink between their bounds,
//! and the whole is a minimum-cost flow ([`super::flow`]). Its optimality is then proved again from the
//! potentials alone. Schools are ordered by id, bytewise, so that the order of the tables does not matter.
//!
//! Not promised: house monotonicity of a cell or of one junior school. As in every quota method, one more
//! seat in the whole can move the rounding and cost some junior school one; the total, the floors and the ceilings never fall.

use super::flow::{Arc, Cost, Network};
use super::fraction::Fraction;
use super::start;
use crate::domain::Lottery;

/// A senior school with the seats to distribute.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The school's id.
    pub id: &'a str,
    /// Its quota q(h).
    pub seats: u32,
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
}

/// A rounded table, rows and columns in the order in which they were given.
#[derive(Clone, Debug)]
pub struct Table {
    /// The cells, row by row.
    pub cells: Vec<Cell>,
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
    },
    /// The solver's answer did not pass the proof: a fault of this program.
    Unproven,
}

/// Rounds the proportional table of the rows and columns as the module says.
///
/// A row without seats and a column without eligible graduates get zeros. Time is that of a flow with one arc
/// per cell: a city of 10 × 40 takes well under 50 ms, 100 × 400 under two seconds.
///
/// # Errors
/// [`Unrounded::NoEligible`] when there are seats and the eligible graduates add up to zero; [`Unrounded::Least`]
/// when the least numbers cannot be kept.
pub fn round(
    rows: &[Row<'_>],
    columns: &[Column<'_>],
    lottery: &Lottery,
) -> Result<Table, Unrounded> {
    let eligible: u64 = columns.iter().map(|c| u64::from(c.eligible)).sum();
    if eligible == 0 && rows.iter().any(|r| r.seats > 0) {
        return Err(Unrounded::NoEligible);
    }
    let grid = Grid::new(rows, columns, eligible.max(1), lottery);
    let (network, cells) = grid.network();
    let need = (0..columns.len()).map(|m| grid.column_bounds(m).0).sum();
    let bounded = columns.iter().any(|c| c.least > 0);
    let seats: u64 = rows.iter().map(|r| u64::from(r.seats)).sum();
    if bounded && need > seats {
        return Err(Unrounded::Least { need });
    }
    let solution = network
        .solve(start::potentials(&network, rows.len(), cells.len()))
        .ok_or(if bounded { Unrounded::Least { need } } else { Unrounded::Unproven })?;
    let mut up = vec![false; rows.len() * columns.len()];
    for (arc, &cell) in cells.iter().enumerate() {
        up[cell] = solution.flow[arc] == 1;
    }
    if !(solution.is_optimal(&network) && grid.keeps_the_rules(&up)) {
        return Err(Unrounded::Unproven);
    }
    Ok(Table { cells: grid.cells(&up), deviation: grid.deviation(&up) })
}

/// The order of ids, bytewise: the canonical places of rows and columns.
pub(super) fn by_id<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let ids: Vec<&str> = ids.collect();
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by_key(|&at| ids[at]);
    order
}

struct Grid<'a> {
    rows: &'a [Row<'a>],
    columns: &'a [Column<'a>],
    /// E, at least 1.
    eligible: u64,
    /// The lot of each cell, row by row; zero where the ideal is whole and nothing is decided.
    lots: Vec<u64>,
}

impl<'a> Grid<'a> {
    fn new(
        rows: &'a [Row<'a>],
        columns: &'a [Column<'a>],
        eligible: u64,
        lottery: &Lottery,
    ) -> Self {
        let mut grid = Self { rows, columns, eligible, lots: Vec::new() };
        grid.lots = (0..rows.len() * columns.len())
            .map(|cell| {
                let (h, m) = grid.place(cell);
                match grid.remainder(cell) {
                    0 => 0,
                    _ => lottery.number(&format!("{}/{}", rows[h].id, columns[m].id)) >> 16,
                }
            })
            .collect();
        grid
    }

    fn place(&self, cell: usize) -> (usize, usize) {
        (cell / self.columns.len(), cell % self.columns.len())
    }

    /// q(h)·e(m), the ideal in units of 1/E.
    fn share(&self, cell: usize) -> u64 {
        let (h, m) = self.place(cell);
        u64::from(self.rows[h].seats) * u64::from(self.columns[m].eligible)
    }

    fn floor(&self, cell: usize) -> u64 {
        self.share(cell) / self.eligible
    }

    fn remainder(&self, cell: usize) -> u64 {
        self.share(cell) % self.eligible
    }

    fn row(&self, h: usize) -> std::ops::Range<usize> {
        h * self.columns.len()..(h + 1) * self.columns.len()
    }

    fn column(&self, m: usize) -> impl Iterator<Item = usize> {
        let width = self.columns.len();
        (0..self.rows.len()).map(move |h| h * width + m)
    }

    /// The seats of the row over the floors of its cells.
    fn over_floors(&self, h: usize) -> u64 {
        u64::from(self.rows[h].seats) - self.row(h).map(|cell| self.floor(cell)).sum::<u64>()
    }

    /// T(m) as ⌊T⌋ and ⌈T⌉, neither below the least number.
    fn column_bounds(&self, m: usize) -> (u64, u64) {
        let seats: u128 = self.rows.iter().map(|r| u128::from(r.seats)).sum();
        let total =
            Fraction::new(seats * u128::from(self.columns[m].eligible), self.eligible.into());
        let least = u64::from(self.columns[m].least);
        (
            u64::try_from(total.floor()).unwrap_or(u64::MAX).max(least),
            u64::try_from(total.ceil()).unwrap_or(u64::MAX).max(least),
        )
    }

    /// The network with, for each of its first arcs, the cell it stands for. Nodes are rows, columns, then
    /// the sink, in the order of ids.
    fn network(&self) -> (Network, Vec<usize>) {
        let rows = by_id(self.rows.iter().map(|r| r.id));
        let columns = by_id(self.columns.iter().map(|c| c.id));
        let sink = rows.len() + columns.len();
        let mut network = Network { supply: vec![0; sink + 1], arcs: Vec::new() };
        let mut cells = Vec::new();
        for (from, &h) in rows.iter().enumerate() {
            let seats = signed(self.over_floors(h));
            network.supply[from] = seats;
            network.supply[sink] -= seats;
            for (to, &m) in columns.iter().enumerate() {
                let cell = h * self.columns.len() + m;
                let remainder = self.remainder(cell);
                if remainder > 0 {
                    let main = signed(self.eligible) - 2 * signed(remainder);
                    let cost = Cost { main, tie: signed(self.lots[cell]) };
                    network.arcs.push(Arc { from, to: rows.len() + to, lower: 0, upper: 1, cost });
                    cells.push(cell);
                }
            }
        }
        for (at, &m) in columns.iter().enumerate() {
            let (floor, ceil) = self.column_bounds(m);
            let floors: u64 = self.column(m).map(|cell| self.floor(cell)).sum();
            let (lower, upper) = (signed(floor) - signed(floors), signed(ceil) - signed(floors));
            let cost = Cost::default();
            network.arcs.push(Arc { from: rows.len() + at, to: sink, lower, upper, cost });
        }
        (network, cells)
    }

    fn seats(&self, cell: usize, up: &[bool]) -> u64 {
        self.floor(cell) + u64::from(up[cell])
    }

    /// Rules 1 to 3 of the module, from the table alone.
    fn keeps_the_rules(&self, up: &[bool]) -> bool {
        let rows = (0..self.rows.len()).all(|h| {
            let sum: u64 = self.row(h).map(|cell| self.seats(cell, up)).sum();
            sum == u64::from(self.rows[h].seats)
        });
        let columns = (0..self.columns.len()).all(|m| {
            let sum: u64 = self.column(m).map(|cell| self.seats(cell, up)).sum();
            let (floor, ceil) = self.column_bounds(m);
            (floor..=ceil).contains(&sum)
        });
        rows && columns && (0..up.len()).all(|cell| !up[cell] || self.remainder(cell) > 0)
    }

    fn deviation(&self, up: &[bool]) -> Fraction {
        let parts = (0..up.len()).map(|cell| {
            let remainder = self.remainder(cell);
            u128::from(if up[cell] { self.eligible - remainder } else { remainder })
        });
        Fraction::new(parts.sum(), self.eligible.into())
    }

    fn cells(&self, up: &[bool]) -> Vec<Cell> {
        let mut whys = vec![Why::Whole; up.len()];
        for h in 0..self.rows.len() {
            let of = u32::try_from(self.over_floors(h)).unwrap_or(u32::MAX);
            let mut order: Vec<usize> = self.row(h).filter(|&c| self.remainder(c) > 0).collect();
            order.sort_by_key(|&cell| {
                let (_, m) = self.place(cell);
                (std::cmp::Reverse(self.remainder(cell)), self.lots[cell], self.columns[m].id)
            });
            for (at, &cell) in order.iter().enumerate() {
                let rank = u32::try_from(at + 1).unwrap_or(u32::MAX);
                let remainder = self.remainder(cell);
                let lot =
                    order.iter().any(|&c| self.remainder(c) == remainder && up[c] != up[cell]);
                whys[cell] = match (up[cell], rank <= of) {
                    (true, true) => Why::Up { rank, of, lot },
                    (true, false) => Why::UpForTotal { rank, of },
                    (false, false) => Why::Down { rank, of, lot },
                    (false, true) => Why::DownForTotal { rank, of },
                };
            }
        }
        let cell = |at: usize| Cell {
            ideal: Fraction::new(self.share(at).into(), self.eligible.into()),
            seats: u32::try_from(self.seats(at, up)).unwrap_or(u32::MAX),
            why: whys[at],
        };
        (0..up.len()).map(cell).collect()
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
