//! One batch: its quota lines as rows, its junior schools as columns, through the policy's method.

use std::collections::{BTreeMap, BTreeSet};

use super::matrix::{self, Column, Row, Unrounded};
use super::pool::{self, Draw, Unshared};
use super::{
    BatchDistribution, Cell, DrawLine, Fraction, Ground, JuniorTotal, Origin, QuotaError,
    QuotaLine, rows,
};
use crate::domain::{BatchIx, Graduates, Lottery, QuotaCell, SchoolIx, Season};
use crate::policy::{QuotaMethod, QuotaRule};

/// Distributes the lines of a batch; those with cells of their own keep them and stay out of the sums.
pub(super) fn distribute(
    season: &Season,
    rule: &QuotaRule,
    (batch, lines): (BatchIx, Vec<QuotaLine>),
    places: &Places,
    lottery: &Lottery,
) -> Result<BatchDistribution, QuotaError> {
    let open: Vec<&QuotaLine> = lines.iter().filter(|l| l.origin != Origin::KeptCells).collect();
    let rows: Vec<Row<'_>> = open
        .iter()
        .map(|l| {
            let id = &season.school(l.school).id;
            Row { id, seats: l.seats, places: places.left.get(&l.school).copied() }
        })
        .collect();
    let graduates = season.graduates();
    let given = GivenCells::of(season, batch, &lines);
    let columns: Vec<Column<'_>> = graduates
        .iter()
        .map(|g| {
            let least = rule.min_per_junior.min(g.eligible);
            Column {
                id: &season.school(g.junior).id,
                eligible: g.eligible,
                tilt: g.tilt,
                // Cells that are given count: a school that has them needs fewer of the others.
                least: least.saturating_sub(given.to_junior(g.junior)),
                boards: g.boarding,
            }
        })
        .collect();
    let run = Run { season, rule, batch, rows: &rows, columns: &columns, lottery };
    let mut done = match rule.method {
        _ if open.is_empty() => run.nothing(),
        QuotaMethod::Matrix => run.matrix(&open)?,
        QuotaMethod::Pool => run.pool(&open)?,
    };
    for line in lines.iter().filter(|l| l.origin == Origin::KeptCells) {
        done.cells.extend(given.cells(season, line));
    }
    let id = |school: SchoolIx| &season.school(school).id;
    done.cells.sort_by(|a, b| (id(a.school), id(a.junior)).cmp(&(id(b.school), id(b.junior))));
    Ok(BatchDistribution { lines, ..done })
}

/// The beds that senior schools have left for boarders with quota seats, where they say how many.
pub(super) struct Places {
    left: BTreeMap<SchoolIx, u32>,
    /// The junior schools whose pupils board.
    board: BTreeSet<SchoolIx>,
}

impl Places {
    /// The beds beside those that the `given` cells of any batch take: they stand, whatever is computed.
    pub(super) fn beside<'s>(
        season: &'s Season,
        given: impl Iterator<Item = &'s QuotaCell>,
    ) -> Self {
        let all = (0..).zip(season.schools());
        let left = all.filter_map(|(at, s)| Some((SchoolIx::from(at), s.boarding_places?)));
        let board = season.graduates().iter().filter(|g| g.boarding).map(|g| g.junior);
        let mut places = Self { left: left.collect(), board: board.collect() };
        for cell in given {
            places.take(cell.school, cell.junior, cell.seats);
        }
        places
    }

    /// Takes the beds that the cells computed for a batch use, so that a later batch has the rest.
    pub(super) fn take_computed(&mut self, done: &BatchDistribution) {
        let kept =
            |school| done.lines.iter().any(|l| l.school == school && l.origin == Origin::KeptCells);
        for cell in done.cells.iter().filter(|c| !kept(c.school)) {
            self.take(cell.school, cell.junior, cell.seats);
        }
    }

    fn take(&mut self, school: SchoolIx, junior: SchoolIx, seats: u32) {
        if self.board.contains(&junior)
            && let Some(left) = self.left.get_mut(&school)
        {
            *left = left.saturating_sub(seats);
        }
    }
}

/// One batch with what its two methods read.
struct Run<'a> {
    season: &'a Season,
    rule: &'a QuotaRule,
    batch: BatchIx,
    rows: &'a [Row<'a>],
    columns: &'a [Column<'a>],
    lottery: &'a Lottery,
}

impl Run<'_> {
    fn seats(&self) -> u64 {
        self.rows.iter().map(|r| u64::from(r.seats)).sum()
    }

    fn no_eligible(&self) -> QuotaError {
        QuotaError::NoEligible { batch: self.batch_id(), seats: self.seats() }
    }

    fn least(&self, need: u64, beds: bool) -> QuotaError {
        let least = self.rule.min_per_junior;
        QuotaError::Least { batch: self.batch_id(), seats: self.seats(), least, need, beds }
    }

    /// Seats that nobody can take: of one senior school, or of all in a pool.
    fn beds(&self, line: Option<&QuotaLine>, (seats, places): (u64, u64)) -> QuotaError {
        let who = line.map_or_else(
            || "各高中".to_owned(),
            |line| {
                let school = self.season.school(line.school);
                format!("{} {} ", school.id, school.name)
            },
        );
        QuotaError::Beds { batch: self.batch_id(), who, seats, places }
    }

    fn batch_id(&self) -> String {
        rows::batch_id(self.season, self.batch)
    }

    /// A batch that has its cells already.
    fn nothing(&self) -> BatchDistribution {
        BatchDistribution {
            batch: self.batch,
            method: self.rule.method,
            lines: Vec::new(),
            juniors: Vec::new(),
            cells: Vec::new(),
            draws: Vec::new(),
            deviation: None,
            beds: Vec::new(),
        }
    }

    fn matrix(&self, lines: &[&QuotaLine]) -> Result<BatchDistribution, QuotaError> {
        let table = matrix::round(self.rows, self.columns, self.lottery).map_err(|e| match e {
            Unrounded::NoEligible => self.no_eligible(),
            Unrounded::Least { need, beds } => self.least(need, beds),
            Unrounded::Beds { row } => {
                let row_of = &self.rows[row];
                let places = row_of.places.unwrap_or(0);
                self.beds(lines.get(row).copied(), (row_of.seats.into(), places.into()))
            }
            Unrounded::Unproven => QuotaError::Unproven { batch: self.batch_id() },
        })?;
        let graduates = self.season.graduates();
        let width = graduates.len();
        let cell = |(at, c): (usize, &matrix::Cell)| Cell {
            school: lines[at / width].school,
            junior: graduates[at % width].junior,
            ideal: c.ideal,
            seats: c.seats,
            ground: Ground::Rounded(c.why),
            beds: c.beds,
        };
        let eligible: u128 = graduates.iter().map(|g| u128::from(g.eligible)).sum();
        let due = |g: &Graduates| {
            Fraction::new(u128::from(self.seats()) * u128::from(g.eligible), eligible)
        };
        let total = |(at, g): (usize, &Graduates)| JuniorTotal {
            junior: g.junior,
            eligible: g.eligible,
            tilt: 0,
            ideal: table.totals[at],
            due: Some(due(g)).filter(|due| *due != table.totals[at]),
            seats: table.cells.iter().skip(at).step_by(width).map(|c| u64::from(c.seats)).sum(),
            why: None,
            edited: false,
        };
        Ok(BatchDistribution {
            juniors: graduates.iter().enumerate().map(total).collect(),
            beds: (lines.iter().zip(table.cells.chunks(width.max(1))))
                .filter_map(|(line, cells)| Some((Some(line.school), cells.first()?.beds?)))
                .filter(|(_, beds)| beds.short())
                .collect(),
            cells: table.cells.iter().enumerate().map(cell).collect(),
            deviation: Some(table.deviation),
            ..self.nothing()
        })
    }

    fn pool(&self, lines: &[&QuotaLine]) -> Result<BatchDistribution, QuotaError> {
        let pool = self.seats();
        let shared = pool::share_out_in_beds(self.rows, self.columns, self.rule.tilt, self.lottery);
        let (shares, beds) = shared.map_err(|e| match e {
            Unshared::NoEligible => self.no_eligible(),
            Unshared::Least { need } => self.least(need, false),
            Unshared::TiltOverPool { tilt } => {
                QuotaError::TiltOverPool { batch: self.batch_id(), tilt, pool }
            }
            Unshared::Beds { places } => self.beds(None, (pool, places)),
            Unshared::BedsForFirst { places, need } => {
                QuotaError::BedsForFirst { batch: self.batch_id(), places, need }
            }
        })?;
        let seats: Vec<u64> = shares.iter().map(|s| s.seats).collect();
        let draws = pool::draw(&self.batch_id(), self.rows, self.columns, &seats, self.lottery);
        let graduates = self.season.graduates();
        let mut drawn = vec![Vec::new(); lines.len() * graduates.len()];
        for draw in &draws {
            drawn[draw.school * graduates.len() + draw.junior].push(draw.number);
        }
        let cell = |(at, numbers): (usize, Vec<u32>)| {
            let (line, m) = (lines[at / graduates.len()], at % graduates.len());
            Cell {
                school: line.school,
                junior: graduates[m].junior,
                ideal: Fraction::new(u128::from(line.seats) * u128::from(seats[m]), pool.into()),
                seats: u32::try_from(numbers.len()).unwrap_or(u32::MAX),
                ground: Ground::Drawn(numbers),
                beds: None,
            }
        };
        let total = |(g, s): (&Graduates, &pool::JuniorShare)| JuniorTotal {
            junior: g.junior,
            eligible: g.eligible,
            tilt: s.tilt,
            ideal: s.ideal,
            seats: s.seats,
            why: Some(s.why),
            edited: false,
            due: s.due,
        };
        let line = |d: &Draw| DrawLine {
            number: d.number,
            junior: graduates[d.junior].junior,
            seat: d.seat,
            school: lines[d.school].school,
            lot: d.lot,
        };
        Ok(BatchDistribution {
            juniors: graduates.iter().zip(&shares).map(total).collect(),
            cells: drawn.into_iter().enumerate().map(cell).collect(),
            draws: draws.iter().map(line).collect(),
            beds: beds.into_iter().map(|beds| (None, beds)).collect(),
            ..self.nothing()
        })
    }
}

/// The cells that the season gives the lines of a batch.
struct GivenCells<'s> {
    /// By senior school; those of a school in the order of the season.
    by_school: BTreeMap<SchoolIx, Vec<&'s QuotaCell>>,
    by_junior: BTreeMap<SchoolIx, u32>,
    /// The eligible graduates of each junior school, and of all.
    eligible: BTreeMap<SchoolIx, u32>,
    all: u128,
}

impl<'s> GivenCells<'s> {
    fn of(season: &'s Season, batch: BatchIx, lines: &[QuotaLine]) -> Self {
        let kept: BTreeSet<SchoolIx> =
            lines.iter().filter(|l| l.origin == Origin::KeptCells).map(|l| l.school).collect();
        let mut by_school: BTreeMap<SchoolIx, Vec<&QuotaCell>> = BTreeMap::new();
        let mut by_junior: BTreeMap<SchoolIx, u32> = BTreeMap::new();
        let cells = season.quotas().iter().filter(|c| c.batch == batch);
        for cell in cells.filter(|c| kept.contains(&c.school)) {
            by_school.entry(cell.school).or_default().push(cell);
            let sum = by_junior.entry(cell.junior).or_default();
            *sum = sum.saturating_add(cell.seats);
        }
        let graduates = season.graduates();
        let eligible = graduates.iter().map(|g| (g.junior, g.eligible)).collect();
        let all = graduates.iter().map(|g| u128::from(g.eligible)).sum();
        Self { by_school, by_junior, eligible, all }
    }

    fn to_junior(&self, junior: SchoolIx) -> u32 {
        self.by_junior.get(&junior).copied().unwrap_or(0)
    }

    /// The cells of a line, beside the ideals that they would have had on their own.
    fn cells(&self, season: &Season, line: &QuotaLine) -> Vec<Cell> {
        let given = self.by_school.get(&line.school).into_iter().flatten();
        given
            .map(|c| {
                let own = self.eligible.get(&c.junior).copied().unwrap_or(0);
                let part = u128::from(line.seats) * u128::from(own);
                let ground = match season.quota_paper(c) {
                    Some((reason, document)) => Ground::Edited {
                        was: None,
                        reason: reason.clone(),
                        document: document.clone(),
                    },
                    None => Ground::Kept,
                };
                Cell {
                    school: c.school,
                    junior: c.junior,
                    ideal: Fraction::new(part, self.all),
                    seats: c.seats,
                    ground,
                    beds: None,
                }
            })
            .collect()
    }
}
