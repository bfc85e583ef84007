//! Many what-ifs at once: one change stepped through a range, placed and verified in parallel.

use rayon::prelude::*;
use serde::Serialize;

use super::flags::whole;
use super::{Amount, Change, WhatIfError, changed};
use crate::domain::{CategoryIx, Line, SchoolIx, Score, Season};
use crate::explain::compare::Totals;
use crate::placement::place;
use crate::verify::{Property, verify};

/// The most points of a grid.
const MOST: usize = 10_000;

/// A range of changes, and the school whose lines to show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grid {
    /// The changes, each tried by itself.
    pub points: Vec<Change>,
    /// 学校代码 of the school whose seats are changed, if a school's are.
    pub school: Option<String>,
}

/// What one point gives.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct GridRow {
    /// The change as a flag.
    pub change: String,
    /// Its figures, or why there is no such season.
    #[serde(flatten)]
    pub result: GridResult,
}

/// The figures of a point, or why there are none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GridResult {
    /// Placed and verified.
    Figures(Figures),
    /// The season is refused, or its ties are undecided.
    Refused(String),
}

/// The figures of a point.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Figures {
    /// How many ended how.
    pub totals: Totals,
    /// No justified envy; from the verifier, which shares no code with placement.
    pub envy_free: bool,
    /// Whether every other property holds too.
    pub verified: bool,
    /// The lines of the grid's school, cells left out, in the order of `cutoffs.csv`.
    pub lines: Vec<GridLine>,
}

/// One line of the grid's school.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct GridLine {
    /// The batch's id.
    pub batch: String,
    /// The category's id.
    pub category: String,
    /// Its Chinese name.
    pub category_name: String,
    /// Seats after returns and carries.
    pub seats: u32,
    /// Holders.
    pub placed: u32,
    /// The cut-off, where the class filled.
    pub cutoff: Option<Score>,
}

impl Grid {
    /// Reads `seats=S01:unified:+0..+50/5`, `share=0.5..0.8/0.05` or `floor=-10..-60/10` (also
    /// `floor=quota:-10..-60/10`). Both ends are tried; the step is 1 (for shares 0.01) if left out.
    ///
    /// # Errors
    /// Any other form, a step of 0, or more than 10,000 points.
    pub fn parse(text: &str) -> Result<Self, WhatIfError> {
        let no = || WhatIfError::Unreadable {
            flag: "grid",
            text: text.to_owned(),
            expected: "应写成 seats=S01:unified:+0..+50/5、share=0.5..0.8/0.05 或 floor=-10..-60/10，至多 10000 格",
        };
        let (what, rest) = text.split_once('=').ok_or_else(no)?;
        let (target, range) = match rest.rsplit_once(':') {
            Some((target, range)) => (Some(target), range),
            None => (None, rest),
        };
        let (ends, step) = match range.split_once('/') {
            Some((ends, step)) => (ends, Some(step)),
            None => (range, None),
        };
        let (from, to) = ends.split_once("..").ok_or_else(no)?;
        let points = match (what.trim(), target) {
            ("seats", Some(target)) => {
                let step = step.map_or(Some(1), whole).map(i64::from);
                let relative = from.starts_with(['+', '-']) || to.starts_with(['+', '-']);
                let number = |t: &str| t.parse::<i64>().ok();
                let range = steps(number(from), number(to), step).ok_or_else(no)?;
                range
                    .into_iter()
                    .map(|n| {
                        let amount = match relative {
                            true => Amount::By(n),
                            false => Amount::To(u32::try_from(n).ok()?),
                        };
                        Change::seats_of(target, amount)
                    })
                    .collect::<Option<Vec<_>>>()
            }
            ("share", None) => {
                // Shares step in millionths, as they are kept.
                let number =
                    |t: &str| t.parse::<crate::domain::Share>().ok().map(|s| s.millionths() as i64);
                let step = number(step.unwrap_or("0.01"));
                let range = steps(number(from), number(to), step).ok_or_else(no)?;
                range
                    .into_iter()
                    .map(|n| Change::share(&format!("{}.{:06}", n / 1_000_000, n % 1_000_000)).ok())
                    .collect()
            }
            ("floor", category) => {
                let number = |t: &str| {
                    let t = t.strip_prefix('-').or((t == "0").then_some(t))?;
                    t.parse::<Score>().ok().map(|s| i64::from(s.hundredths()))
                };
                let step = step.unwrap_or("1").parse::<Score>().ok();
                let step = step.map(|s| i64::from(s.hundredths()));
                let range = steps(number(from), number(to), step).ok_or_else(no)?;
                range
                    .into_iter()
                    .map(|n| {
                        let minus = Score::from_hundredths(i32::try_from(n).ok()?);
                        let category = category.map(str::to_owned);
                        Some(Change::FloorMinus { category, minus })
                    })
                    .collect()
            }
            _ => None,
        };
        let points = points.ok_or_else(no)?;
        let school = match points.first() {
            Some(Change::Seats { school, .. }) => Some(school.clone()),
            _ => None,
        };
        Ok(Self { points, school })
    }
}

/// From one end to the other, both in, downward too.
fn steps(from: Option<i64>, to: Option<i64>, step: Option<i64>) -> Option<Vec<i64>> {
    let (from, to, step) = (from?, to?, step?);
    if step <= 0 {
        return None;
    }
    let count = usize::try_from(from.abs_diff(to) / step.unsigned_abs()).ok()?;
    if count >= MOST {
        return None;
    }
    let sign = if to < from { -step } else { step };
    let mut list: Vec<i64> = (0..=count as i64).map(|n| from + n * sign).collect();
    if list.last() != Some(&to) {
        list.push(to);
    }
    Some(list)
}

/// Places and verifies every point of a grid on top of other changes, in parallel; rows in the order of
/// the points whatever the number of threads.
pub fn evaluate(season: &Season, others: &[Change], grid: &Grid) -> Vec<GridRow> {
    let school = grid.school.as_deref().and_then(|text| season.school_called(text));
    let row = |point: &Change| {
        let mut changes = others.to_vec();
        changes.push(point.clone());
        let result = match figures(season, &changes, school) {
            Ok(figures) => GridResult::Figures(figures),
            Err(why) => GridResult::Refused(why),
        };
        GridRow { change: point.label(), result }
    };
    grid.points.par_iter().map(row).collect()
}

fn figures(
    season: &Season,
    changes: &[Change],
    school: Option<SchoolIx>,
) -> Result<Figures, String> {
    let other = changed(season, changes).map_err(|e| e.to_string())?;
    let answer = place(&other).map_err(|e| e.to_string())?;
    let report = verify(&other, &answer);
    let envy = report.findings.iter().any(|f| f.property == Property::NoEnvy);
    let category = |c: CategoryIx| other.policy().category(c);
    let line = |l: &Line| GridLine {
        batch: other.policy().batch(l.batch).id.to_string(),
        category: category(l.category).id.to_string(),
        category_name: category(l.category).name.clone(),
        seats: l.seats,
        placed: l.placed,
        cutoff: l.cutoff(),
    };
    let shown = |l: &&Line| l.junior.is_none() && school == Some(l.school);
    Ok(Figures {
        totals: Totals::of(&answer),
        envy_free: !envy,
        verified: report.findings.is_empty(),
        lines: answer.lines.iter().filter(shown).map(line).collect(),
    })
}
