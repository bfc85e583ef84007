//! Quota-to-school distribution 指标分配: how many seats of each senior school belong to each junior school.
//!
//! Policy: item 18, 「落实区属市级重点高中指标到校招生办法」; `[quota]` of the policy file. The ways of spreading are
//! [`matrix`] and [`pool`]. Batches are distributed separately.
//!
//! Promised: same season and seed, same seats, whatever the order of rows; every row exact. Not promised: that a
//! junior school never loses a seat when the whole grows by one (see [`matrix`]).

mod batch;
mod beds;
mod edit;
mod error;
pub mod files;
mod flow;
mod fraction;
mod grid;
pub mod matrix;
pub mod pool;
mod reason;
mod rows;
mod start;

pub use beds::Beds;
pub use edit::{Edit, edited, resolve};
pub use error::QuotaError;
pub use fraction::{Fraction, rounded};

use crate::domain::{
    BatchIx, CategoryIx, Lottery, PlanLine, QuotaCell, SchoolIx, Season, Share, Text,
};
use crate::policy::{QuotaMethod, QuotaRule};
use matrix::Why;

/// What a run may do otherwise than the season says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Overrides {
    /// In place of every row's `quota_share` and of the policy's share.
    pub share: Option<Share>,
    /// Also compute the rows whose seats are given, from whole = unified + quota.
    pub all_rows: bool,
}

/// How a quota line came by its seats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// share × whole, rounded.
    Computed,
    /// Seats given in the plan, cells distributed.
    KeptSeats,
    /// Seats and cells given.
    KeptCells,
}

/// A quota line of the plan with its seats.
#[derive(Clone, Copy, Debug)]
pub struct QuotaLine {
    /// The senior school.
    pub school: SchoolIx,
    /// Whether the seats were computed or given.
    pub origin: Origin,
    /// Its quota seats.
    pub seats: u32,
    /// The whole plan, where the seats were computed from it.
    pub whole: Option<u32>,
    /// The share of the whole that was used, where it was.
    pub share: Option<Share>,
    /// The category that carried the whole plan, and what it keeps.
    pub unified: Option<(CategoryIx, u32)>,
}

/// Why a cell or a junior school has its seats.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ground {
    /// Given in `quotas`.
    Kept,
    /// Set by hand, for a reason and under a document.
    Edited {
        /// The seats before, where they were computed in the same run.
        was: Option<u32>,
        /// Why.
        reason: Text,
        /// The decision.
        document: Text,
    },
    /// Rounded.
    Rounded(Why),
    /// Drawn by lot, in these draws (from 1, ascending); none where nothing was drawn.
    Drawn(Vec<u32>),
}

/// The seats of a senior school for a junior school.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The senior school.
    pub school: SchoolIx,
    /// The junior school.
    pub junior: SchoolIx,
    /// The exact ideal. With a pool it is what the draw gives on average, and binds nothing.
    pub ideal: Fraction,
    /// The seats given.
    pub seats: u32,
    /// Why.
    pub ground: Ground,
    /// Where the beds of the senior school bound its cells; matrix only.
    pub beds: Option<Beds>,
}

/// The seats of a junior school over all senior schools that were distributed.
#[derive(Clone, Copy, Debug)]
pub struct JuniorTotal {
    /// The junior school.
    pub junior: SchoolIx,
    /// 具备指标资格人数
    pub eligible: u32,
    /// Seats that it got first, being tilted; pool method only.
    pub tilt: u64,
    /// The exact ideal.
    pub ideal: Fraction,
    /// The seats given: the floor or the ceiling of the ideal.
    pub seats: u64,
    /// Why it was rounded so; a matrix rounds cells and not totals, and gives no reason here.
    pub why: Option<Why>,
    /// A cell of it was set by hand, and with it the total.
    pub edited: bool,
    /// The exact ideal if there were beds enough, where that is another.
    pub due: Option<Fraction>,
}

/// One lot of a pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DrawLine {
    /// From 1, in the order of drawing.
    pub number: u32,
    /// The junior school whose turn it was.
    pub junior: SchoolIx,
    /// Which of its seats, from 1.
    pub seat: u32,
    /// The senior school drawn.
    pub school: SchoolIx,
    /// The lottery number of the lot: the first 16 hex digits of its hash.
    pub lot: u64,
}

/// The distribution of one batch.
#[derive(Clone, Debug)]
pub struct BatchDistribution {
    /// 批次
    pub batch: BatchIx,
    /// How it was done.
    pub method: QuotaMethod,
    /// The quota lines, ordered by school id.
    pub lines: Vec<QuotaLine>,
    /// The junior schools, ordered by school.
    pub juniors: Vec<JuniorTotal>,
    /// The cells, ordered by senior, then junior school id; cells without seats too, if they were distributed.
    pub cells: Vec<Cell>,
    /// The protocol of the draw; empty for a matrix.
    pub draws: Vec<DrawLine>,
    /// Σ |seats − ideal|, proved least; nothing for a pool.
    pub deviation: Option<Fraction>,
    /// Where beds are too few for the proportions: the senior schools of a matrix, or a pool as a whole (no school).
    pub beds: Vec<(Option<SchoolIx>, Beds)>,
}

/// The distribution of a season.
#[derive(Clone, Debug)]
pub struct Distribution {
    /// The batches that have a quota line, in the order of the policy.
    pub batches: Vec<BatchDistribution>,
    /// The whole plan, split: every line has its seats.
    pub plan: Vec<PlanLine>,
    /// All quota cells of the season.
    pub quotas: Vec<QuotaCell>,
}

/// Distributes the quota seats of a season: computes the seats that are blank, and the cells that are not given.
///
/// A season without quota lines has an empty distribution. The time is that of [`matrix::round`].
///
/// # Errors
/// The first [`QuotaError`] in the order of batches and schools.
pub fn distribute(season: &Season) -> Result<Distribution, QuotaError> {
    distribute_with(season, &Overrides::default())
}

/// As [`distribute`], with a share of one's own.
///
/// # Errors
/// As [`distribute`].
pub fn distribute_with(season: &Season, overrides: &Overrides) -> Result<Distribution, QuotaError> {
    let policy = season.policy();
    let rule = policy.quota.as_ref().ok_or(QuotaError::NoRule)?;
    let seed = policy.seed.as_deref().ok_or(QuotaError::NoSeed)?;
    let lottery = Lottery::new(seed);
    let mut batches = Vec::new();
    let given = season.quotas().iter().filter(|c| rows::keeps(season, rule, overrides, c));
    let mut places = batch::Places::beside(season, given);
    for batch in (0..policy.batches.len()).map(BatchIx::from) {
        let lines = rows::lines_of(season, rule, overrides, batch)?;
        if !lines.is_empty() {
            let done = batch::distribute(season, rule, (batch, lines), &places, &lottery)?;
            places.take_computed(&done);
            batches.push(done);
        }
    }
    let plan = split_plan(season, rule, overrides, &batches);
    let quotas = batches.iter().flat_map(cells_of).collect();
    Ok(Distribution { batches, plan, quotas })
}

/// The season as it would be under another share: the seats of quota and unified lines and all cells are
/// distributed anew, with whole = unified + quota for every school and batch.
///
/// # Errors
/// As [`distribute`]; a quota line without a unified one cannot be split.
pub fn with_share(season: &Season, share: Share) -> Result<Season, QuotaError> {
    let overrides = Overrides { share: Some(share), all_rows: true };
    let distribution = distribute_with(season, &overrides)?;
    Ok(season.with_plan(distribution.plan, distribution.quotas))
}

/// The season with a distribution in place of its plan and cells.
pub fn applied(season: &Season, distribution: &Distribution) -> Season {
    season.with_plan(distribution.plan.clone(), distribution.quotas.clone())
}

fn cells_of(done: &BatchDistribution) -> impl Iterator<Item = QuotaCell> {
    let batch = done.batch;
    done.cells.iter().map(move |c| QuotaCell {
        school: c.school,
        batch,
        junior: c.junior,
        seats: c.seats,
    })
}

fn split_plan(
    season: &Season,
    rule: &QuotaRule,
    overrides: &Overrides,
    batches: &[BatchDistribution],
) -> Vec<PlanLine> {
    let mut plan = season.plan().to_vec();
    for done in batches {
        for line in done.lines.iter().filter(|l| l.origin == Origin::Computed) {
            let mine = |p: &&mut PlanLine| (p.school, p.batch) == (line.school, done.batch);
            for row in plan.iter_mut().filter(mine) {
                match line.unified {
                    Some((unified, kept)) if row.category == unified => row.seats = Some(kept),
                    _ if row.category == rule.category => {
                        row.seats = Some(line.seats);
                        row.quota_share = overrides.share.or(row.quota_share);
                    }
                    _ => {}
                }
            }
        }
    }
    plan
}
