//! Seats that were given up: what a decision frees goes where the unfilled seats of its class go by the policy, to the
//! first batch that was not out by then.

use std::collections::{BTreeMap, BTreeSet};

use luqu_engine::domain::draft::PlanRow;
use luqu_engine::domain::{BatchIx, CategoryIx, Draft, Text};
use luqu_engine::policy::Policy;

use super::{ActError, Office};
use crate::store::SeatLine;

/// Seats for a class, and from which regions and under which approvals.
#[derive(Default)]
struct Supply<'l> {
    seats: u32,
    scope: BTreeSet<&'l str>,
    papers: BTreeSet<&'l str>,
}

impl Office {
    /// Adds to the plan of a run what was freed before each of its batches was published, or by now. `published` says
    /// when a batch was; `last` is the batch of the run.
    pub(super) async fn supply_freed(
        &self,
        season: &str,
        policy: &Policy,
        draft: &mut Draft,
        published: &BTreeMap<String, i64>,
        last: BatchIx,
    ) -> Result<(), ActError> {
        let read = self.store.read();
        let admissions = read.admissions(season).await?;
        if admissions.iter().all(|a| a.active) {
            return Ok(());
        }
        let decisions = read.decisions(season).await?;
        let made: BTreeMap<i64, i64> =
            decisions.iter().filter_map(|d| Some((d.id, d.approved_at?))).collect();
        let lines = read.seat_lines(season).await?;
        let lines: BTreeMap<i64, &SeatLine> = lines.iter().map(|l| (l.id, l)).collect();
        let mut supplies: BTreeMap<(&str, BatchIx, CategoryIx), Supply<'_>> = BTreeMap::new();
        for left in admissions.iter().filter(|a| !a.active) {
            let ended = left.ended_by.and_then(|decision| made.get(&decision));
            // A seat that a correction made was one person's.
            let line = lines.get(&left.plan).filter(|line| !line.added);
            let (Some(&ended), Some(line)) = (ended, line) else { continue };
            let from = policy.batch_ix(&line.batch).zip(policy.category_ix(&line.category));
            let next = from.and_then(|(batch, category)| {
                policy.held_as(batch, category).find(|&(to, _)| {
                    let out = published.get(policy.batch(to).id.as_str());
                    to > batch && out.is_none_or(|&out| ended < out)
                })
            });
            let Some((batch, category)) = next.filter(|&(batch, _)| batch <= last) else {
                continue;
            };
            let supply = supplies.entry((&line.school, batch, category)).or_default();
            supply.seats += 1;
            supply.scope.extend(line.scope.iter().map(String::as_str));
            supply.papers.insert(&line.approval_no);
        }
        for ((school, batch, category), supply) in supplies {
            add(draft, policy, (school, batch, category), &supply);
        }
        Ok(())
    }
}

/// Adds seats to a line of the plan, which is made where the class has none of its own.
fn add(
    draft: &mut Draft,
    policy: &Policy,
    (school, batch, category): (&str, BatchIx, CategoryIx),
    supply: &Supply<'_>,
) {
    let (batch, category) = (&policy.batch(batch).id, &policy.category(category).id);
    let own = |row: &PlanRow| {
        row.school_id.as_deref() == Some(school)
            && row.batch.as_ref() == Some(batch)
            && row.category.as_ref() == Some(category)
    };
    let joined = |texts: &BTreeSet<&str>, mark: &str| {
        Text::from(texts.iter().copied().collect::<Vec<_>>().join(mark))
    };
    if let Some((_, row)) = draft.plan.rows.iter_mut().find(|(_, row)| own(row)) {
        row.seats = row.seats.map(|seats| seats + supply.seats);
        row.classes = None;
        return;
    }
    let number = draft.plan.rows.last().map_or(2, |(row, _)| row + 1);
    let anywhere = supply.scope.contains("*");
    let row = PlanRow {
        school_id: Some(school.into()),
        batch: Some(batch.clone()),
        category: Some(category.clone()),
        seats: Some(supply.seats),
        region_scope: Some(if anywhere { "*".into() } else { joined(&supply.scope, ";") }),
        document: Some(joined(&supply.papers, "；")),
        ..PlanRow::default()
    };
    draft.plan.rows.push((number, row));
}
