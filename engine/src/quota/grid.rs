//! The table to be rounded, as a network and back: exact ideals, the rules of [`super::matrix`], and why each cell is as it is.

use super::beds::{Beds, Eligible, Part, Parts, common};
use super::flow::{Arc, Cost, Network};
use super::fraction::Fraction;
use super::matrix::{Cell, Column, Row, Why, by_id};
use crate::domain::Lottery;

pub(super) struct Grid<'a> {
    rows: &'a [Row<'a>],
    columns: &'a [Column<'a>],
    eligible: Eligible,
    /// How the seats of each row are shared.
    pub(super) parts: Vec<Parts>,
    /// The common denominator of the ideals.
    unit: u128,
    /// The lot of each cell, row by row; zero where the ideal is whole and nothing is decided.
    lots: Vec<u64>,
}

impl<'a> Grid<'a> {
    pub(super) fn new(
        rows: &'a [Row<'a>],
        columns: &'a [Column<'a>],
        eligible: Eligible,
        lottery: &Lottery,
    ) -> Self {
        let parts: Vec<Parts> = rows.iter().map(|r| Parts::of(r, eligible)).collect();
        let unit = common(parts.iter().flat_map(|p| [p.boarders.of, p.day.of]));
        let mut grid = Self { rows, columns, eligible, parts, unit, lots: Vec::new() };
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

    fn part(&self, cell: usize) -> Part {
        let (h, m) = self.place(cell);
        self.parts[h].part(self.columns[m].boards)
    }

    /// The ideal in units of one by the denominator of its part.
    fn share(&self, cell: usize) -> u64 {
        let (_, m) = self.place(cell);
        u64::from(self.part(cell).seats) * u64::from(self.columns[m].eligible)
    }

    fn floor(&self, cell: usize) -> u64 {
        self.share(cell) / self.part(cell).of
    }

    fn remainder(&self, cell: usize) -> u64 {
        self.share(cell) % self.part(cell).of
    }

    fn row(&self, h: usize) -> std::ops::Range<usize> {
        h * self.columns.len()..(h + 1) * self.columns.len()
    }

    fn column(&self, m: usize) -> impl Iterator<Item = usize> {
        let width = self.columns.len();
        (0..self.rows.len()).map(move |h| h * width + m)
    }

    fn boards(&self, cell: usize) -> bool {
        self.columns[self.place(cell).1].boards
    }

    /// The cells of a row that share seats of their own, with those seats: all, or boarders and others apart.
    fn shares(&self, h: usize) -> Vec<(Vec<usize>, u64)> {
        let parts = &self.parts[h];
        if !parts.cut {
            return vec![(self.row(h).collect(), self.rows[h].seats.into())];
        }
        let side = |boards: bool| {
            let cells = self.row(h).filter(|&cell| self.boards(cell) == boards).collect();
            (cells, u64::from(parts.part(boards).seats))
        };
        vec![side(true), side(false)]
    }

    /// The beds of a row, where they are fewer than its proportions or rounding up could go over them.
    fn scarce(&self, h: usize) -> Option<Beds> {
        let boarders = self.row(h).filter(|&cell| self.boards(cell));
        let most: u64 =
            boarders.map(|cell| self.floor(cell) + u64::from(self.remainder(cell) > 0)).sum();
        let places = self.rows[h].places?;
        (self.parts[h].cut || most > u64::from(places)).then(|| {
            let due = self.eligible.due(self.rows[h].seats.into());
            Beds { places, due }
        })
    }

    fn floors(&self, cells: impl Iterator<Item = usize>) -> u64 {
        cells.map(|cell| self.floor(cell)).sum()
    }

    /// T(m) as ⌊T⌋ and ⌈T⌉, neither below the least number.
    pub(super) fn column_bounds(&self, m: usize) -> (u64, u64) {
        let total = self.total(m);
        let least = u64::from(self.columns[m].least);
        (
            u64::try_from(total.floor()).unwrap_or(u64::MAX).max(least),
            u64::try_from(total.ceil()).unwrap_or(u64::MAX).max(least),
        )
    }

    /// T(m).
    pub(super) fn total(&self, m: usize) -> Fraction {
        let column = &self.columns[m];
        // Of rows that beds do not cut, and of those that they do.
        let (mut whole, mut cut) = (0_u128, 0_u128);
        for parts in &self.parts {
            let seats = u128::from(parts.part(column.boards).seats);
            *if parts.cut { &mut cut } else { &mut whole } += seats;
        }
        let own = if column.boards { self.eligible.boarders } else { self.eligible.day };
        let (all, own) = (u128::from(self.eligible.all.max(1)), u128::from(own.max(1)));
        let eligible = u128::from(column.eligible);
        match cut {
            0 => Fraction::new(whole * eligible, all),
            _ => Fraction::new(eligible * (whole * own + cut * all), all * own),
        }
    }

    /// The network with, for each of its first arcs, the cell it stands for, and the number of nodes that send. Nodes are
    /// rows, the boarders of rows whose beds are scarce, columns, then the sink, each in the order of ids.
    pub(super) fn network(&self) -> (Network, Vec<usize>, usize) {
        let rows = by_id(self.rows.iter().map(|r| r.id));
        let columns = by_id(self.columns.iter().map(|c| c.id));
        let scarce: Vec<Option<Beds>> = rows.iter().map(|&h| self.scarce(h)).collect();
        let senders = rows.len() + scarce.iter().flatten().count();
        let sink = senders + columns.len();
        let mut network = Network { supply: vec![0; sink + 1], arcs: Vec::new() };
        let mut cells = Vec::new();
        let mut between = Vec::new();
        let mut next = rows.len();
        for (from, &h) in rows.iter().enumerate() {
            let dorm = scarce[from].map(|beds| {
                next += 1;
                (next - 1, beds.places)
            });
            for (members, seats) in self.shares(h) {
                let over = signed(seats) - signed(self.floors(members.iter().copied()));
                let cut_off =
                    self.parts[h].cut && members.first().is_some_and(|&cell| self.boards(cell));
                let node = dorm.filter(|_| cut_off).map_or(from, |(node, _)| node);
                network.supply[node] += over;
                network.supply[sink] -= over;
            }
            if let Some((node, places)) = dorm.filter(|_| !self.parts[h].cut) {
                let floors = self.floors(self.row(h).filter(|&cell| self.boards(cell)));
                let upper = signed(places.into()) - signed(floors);
                between.push(Arc { from, to: node, lower: 0, upper, cost: Cost::ZERO });
            }
            for (to, &m) in columns.iter().enumerate() {
                let cell = h * self.columns.len() + m;
                let remainder = self.remainder(cell);
                if remainder > 0 {
                    let of = self.part(cell).of;
                    let weight = i128::try_from(self.unit / u128::from(of)).unwrap_or(i128::MAX);
                    let main = (i128::from(of) - 2 * i128::from(remainder)) * weight;
                    let cost = Cost { main, tie: signed(self.lots[cell]) };
                    let from = dorm.filter(|_| self.boards(cell)).map_or(from, |(node, _)| node);
                    network.arcs.push(Arc { from, to: senders + to, lower: 0, upper: 1, cost });
                    cells.push(cell);
                }
            }
        }
        for (at, &m) in columns.iter().enumerate() {
            let (floor, ceil) = self.column_bounds(m);
            let floors = self.floors(self.column(m));
            let (lower, upper) = (signed(floor) - signed(floors), signed(ceil) - signed(floors));
            let cost = Cost::default();
            network.arcs.push(Arc { from: senders + at, to: sink, lower, upper, cost });
        }
        network.arcs.extend(between);
        (network, cells, senders)
    }

    fn seats(&self, cell: usize, up: &[bool]) -> u64 {
        self.floor(cell) + u64::from(up[cell])
    }

    /// Rules 1 to 3 and 5 of the module, from the table alone.
    pub(super) fn keeps_the_rules(&self, up: &[bool]) -> bool {
        let sum = |cells: &mut dyn Iterator<Item = usize>| -> u64 {
            cells.map(|cell| self.seats(cell, up)).sum()
        };
        let rows = (0..self.rows.len()).all(|h| {
            let exact =
                self.shares(h).iter().all(|(c, seats)| sum(&mut c.iter().copied()) == *seats);
            let boarders = sum(&mut self.row(h).filter(|&cell| self.boards(cell)));
            exact && self.rows[h].places.is_none_or(|places| boarders <= u64::from(places))
        });
        let columns = (0..self.columns.len()).all(|m| {
            let (floor, ceil) = self.column_bounds(m);
            (floor..=ceil).contains(&sum(&mut self.column(m)))
        });
        rows && columns && (0..up.len()).all(|cell| !up[cell] || self.remainder(cell) > 0)
    }

    pub(super) fn deviation(&self, up: &[bool]) -> Fraction {
        let parts = (0..up.len()).map(|cell| {
            let (of, remainder) = (self.part(cell).of, self.remainder(cell));
            let off = if up[cell] { of - remainder } else { remainder };
            u128::from(off) * (self.unit / u128::from(of))
        });
        Fraction::new(parts.sum(), self.unit)
    }

    pub(super) fn cells(&self, up: &[bool]) -> Vec<Cell> {
        let mut whys = vec![Why::Whole; up.len()];
        let shares = (0..self.rows.len()).flat_map(|h| self.shares(h));
        for (members, seats) in shares {
            let over = seats - self.floors(members.iter().copied());
            let of = u32::try_from(over).unwrap_or(u32::MAX);
            let mut order: Vec<usize> =
                members.into_iter().filter(|&c| self.remainder(c) > 0).collect();
            order.sort_by_key(|&cell| {
                let (_, m) = self.place(cell);
                (std::cmp::Reverse(self.remainder(cell)), self.lots[cell], self.columns[m].id)
            });
            let mut rank = 0;
            for equals in order.chunk_by(|&a, &b| self.remainder(a) == self.remainder(b)) {
                let lot = equals.iter().any(|&cell| up[cell] != up[equals[0]]);
                for &cell in equals {
                    rank += 1;
                    whys[cell] = match (up[cell], rank <= of) {
                        (true, true) => Why::Up { rank, of, lot },
                        (true, false) => Why::UpForTotal { rank, of },
                        (false, false) => Why::Down { rank, of, lot },
                        (false, true) => Why::DownForTotal { rank, of },
                    };
                }
            }
        }
        let beds: Vec<Option<Beds>> = (0..self.rows.len()).map(|h| self.scarce(h)).collect();
        let cell = |at: usize| Cell {
            ideal: Fraction::new(self.share(at).into(), self.part(at).of.into()),
            seats: u32::try_from(self.seats(at, up)).unwrap_or(u32::MAX),
            why: whys[at],
            beds: beds[self.place(at).0],
        };
        (0..up.len()).map(cell).collect()
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
