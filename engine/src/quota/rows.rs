//! From the plan to the rows of a distribution: which line carries the whole plan, and how much of it is quota.

use super::error::QuotaError;
use super::fraction::rounded;
use super::{Origin, Overrides, QuotaLine};
use crate::domain::{BatchIx, CategoryIx, PlanLine, QuotaCell, SchoolIx, Season, Share};
use crate::policy::{Predicate, QuotaRule};

/// The quota lines of a batch with their seats, in the order of the plan.
///
/// A line is computed if its seats are blank or `overrides` says so; otherwise it keeps its seats, and its cells
/// too if it has any.
pub(super) fn lines_of(
    season: &Season,
    rule: &QuotaRule,
    overrides: &Overrides,
    batch: BatchIx,
) -> Result<Vec<QuotaLine>, QuotaError> {
    season
        .plan()
        .iter()
        .filter(|line| line.batch == batch && line.category == rule.category)
        .map(|line| match line.seats {
            Some(seats) if !overrides.all_rows => Ok(given(season, line, seats)),
            _ => computed(season, rule, overrides, line),
        })
        .collect()
}

/// Whether a cell of the season stays as it is: its line has its seats and is not computed anew.
pub(super) fn keeps(
    season: &Season,
    rule: &QuotaRule,
    overrides: &Overrides,
    cell: &QuotaCell,
) -> bool {
    let mine =
        |l: &&PlanLine| (l.school, l.batch, l.category) == (cell.school, cell.batch, rule.category);
    let line = season.plan().iter().find(mine);
    !overrides.all_rows && line.is_some_and(|l| l.seats.is_some())
}

fn given(season: &Season, line: &PlanLine, seats: u32) -> QuotaLine {
    // The cells are in the order of ids.
    let place = |school: SchoolIx, batch| (season.school(school).id.as_str(), batch);
    let mine = place(line.school, line.batch);
    let found = season.quotas().binary_search_by(|c| place(c.school, c.batch).cmp(&mine));
    let has_cells = found.is_ok();
    let origin = if has_cells { Origin::KeptCells } else { Origin::KeptSeats };
    QuotaLine { school: line.school, origin, seats, whole: None, share: None, unified: None }
}

fn computed(
    season: &Season,
    rule: &QuotaRule,
    overrides: &Overrides,
    line: &PlanLine,
) -> Result<QuotaLine, QuotaError> {
    let share = share_of(season, rule, overrides, line)?;
    let (unified, unified_seats) = unified_line(season, line)?;
    let whole = unified_seats.saturating_add(line.seats.unwrap_or(0));
    let seats = quota_of(whole, share, rule);
    Ok(QuotaLine {
        school: line.school,
        origin: Origin::Computed,
        seats,
        whole: Some(whole),
        share: Some(share),
        unified: Some((unified, whole - seats)),
    })
}

/// round(share × whole) under the rule's rounding; never more than the whole.
pub(super) fn quota_of(whole: u32, share: Share, rule: &QuotaRule) -> u32 {
    let seats = rounded(u64::from(whole) * share.millionths(), Share::ONE, rule.rounding);
    u32::try_from(seats).unwrap_or(u32::MAX).min(whole)
}

fn share_of(
    season: &Season,
    rule: &QuotaRule,
    overrides: &Overrides,
    line: &PlanLine,
) -> Result<Share, QuotaError> {
    overrides.share.or(line.quota_share).or(rule.share).ok_or_else(|| QuotaError::NoShare {
        school: school_name(season, line.school),
        batch: batch_id(season, line.batch),
    })
}

/// The line that carries the whole plan: of the lines of the same school and batch that are not split by junior
/// school, the one called `unified`, else the only one that is not special.
fn unified_line(season: &Season, quota: &PlanLine) -> Result<(CategoryIx, u32), QuotaError> {
    let policy = season.policy();
    let mates = season.plan().iter().filter(|l| {
        (l.school, l.batch) == (quota.school, quota.batch) && !policy.category(l.category).by_junior
    });
    let mut plain = Vec::new();
    for line in mates {
        let category = policy.category(line.category);
        let entry = (line.category, line.seats.unwrap_or(0));
        if category.id == "unified" {
            return Ok(entry);
        }
        if category.composite.is_none() && !category.eligible.contains(&Predicate::Qualified) {
            plain.push(entry);
        }
    }
    let (school, batch) = (school_name(season, quota.school), batch_id(season, quota.batch));
    match plain.as_slice() {
        [only] => Ok(*only),
        [] => Err(QuotaError::NoUnified { school, batch }),
        many => {
            let names: Vec<&str> =
                many.iter().map(|(c, _)| policy.category(*c).id.as_str()).collect();
            let categories = names.join("、");
            Err(QuotaError::ManyUnified { school, batch, found: many.len(), categories })
        }
    }
}

fn school_name(season: &Season, school: SchoolIx) -> String {
    let school = season.school(school);
    format!("{} {}", school.id, school.name)
}

pub(super) fn batch_id(season: &Season, batch: BatchIx) -> String {
    season.policy().batch(batch).id.to_string()
}
