//! The quota cells of a plan as people read them: the ideal, the floor, and why a cell got its last seat.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::results::csv_rows;
use super::{ActError, Office};
use crate::error::Failure;
use crate::store::{Decision, DecisionKind, DecisionStatus};

/// A cell: the seats of a senior school for a junior school.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct QuotaCell {
    /// The senior school.
    pub school_id: String,
    /// 批次
    pub batch: String,
    /// The junior school.
    pub junior_id: String,
    /// What would be even, rounded for reading; absent where the plan came with its cells.
    pub ideal: Option<String>,
    /// The whole part of the ideal.
    pub floor: Option<u32>,
    /// 名额
    pub seats: u32,
    /// Why it got its last seat, or did not.
    pub reason: Option<String>,
    /// The ideal as a fraction.
    pub ideal_exact: Option<String>,
    /// Why it was set by hand, where it was 手工调整.
    #[serde(default)]
    pub edit_reason: Option<String>,
    /// Under which document it was set by hand.
    #[serde(default)]
    pub edit_document: Option<String>,
}

/// A cell as `quotas.csv` says it, where some of its table were set by hand.
#[derive(Deserialize)]
struct GivenCell {
    school_id: String,
    batch: String,
    junior_id: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    document: Option<String>,
}

/// A distribution: whose it is, how far it has come, and its cells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuotaReport {
    /// The decision; none where the plan came with its cells.
    pub decision: Option<Decision>,
    /// By senior school, batch and junior school.
    pub cells: Vec<QuotaCell>,
}

impl Office {
    /// The distribution of a decision, or else the one in force, or else the last one proposed.
    ///
    /// # Errors
    /// There is no such decision, or it distributes nothing.
    pub async fn quota_report(
        &self,
        season: &str,
        decision: Option<i64>,
    ) -> Result<QuotaReport, ActError> {
        self.season_row(season).await?;
        let all = self.store.read().decisions(season).await?;
        let mut quotas: Vec<Decision> =
            all.into_iter().filter(|d| d.kind == DecisionKind::Quota).collect();
        let found = match decision {
            Some(id) => {
                let at = quotas.iter().position(|d| d.id == id);
                let at = at.ok_or_else(|| ActError::NotFound(format!("指标分配 {id}")))?;
                Some(quotas.swap_remove(at))
            }
            None => {
                let approved = |d: &Decision| d.status == DecisionStatus::Approved;
                let open = |d: &Decision| d.status == DecisionStatus::Proposed;
                let at = quotas.iter().rposition(approved).or(quotas.iter().rposition(open));
                at.map(|at| quotas.swap_remove(at))
            }
        };
        let cells = match &found {
            Some(decision) => reported(decision)?,
            None => self.given(season).await?,
        };
        Ok(QuotaReport { decision: found, cells })
    }

    /// The cells that the plan came with.
    async fn given(&self, season: &str) -> Result<Vec<QuotaCell>, ActError> {
        let lines = self.store.read().seat_lines(season).await?;
        let cell = |line: crate::store::SeatLine| {
            let (edit_reason, edit_document) = line.edit.map(|e| (e.reason, e.document)).unzip();
            Some(QuotaCell {
                school_id: line.school,
                batch: line.batch,
                junior_id: line.junior?,
                ideal: None,
                floor: None,
                seats: line.seats,
                reason: None,
                ideal_exact: None,
                edit_reason,
                edit_document,
            })
        };
        Ok(lines.into_iter().filter_map(cell).collect())
    }
}

/// The cells of a distribution, the papers of those that came with the plan and had been set by hand among them.
fn reported(decision: &Decision) -> Result<Vec<QuotaCell>, ActError> {
    let body: serde_json::Value = serde_json::from_str(&decision.body)
        .map_err(|_| Failure::Internal("a distribution that is no JSON".to_owned()))?;
    let text = |name: &str| body[name].as_str().unwrap_or_default().as_bytes();
    let mut cells: Vec<QuotaCell> = csv_rows(text("quota_report.csv"))?;
    let given: Vec<GivenCell> = csv_rows(text("quotas.csv"))?;
    let mut papers: BTreeMap<_, _> = given
        .into_iter()
        .filter(|g| g.reason.is_some())
        .map(|g| ((g.school_id, g.batch, g.junior_id), (g.reason, g.document)))
        .collect();
    for cell in &mut cells {
        let place = (cell.school_id.clone(), cell.batch.clone(), cell.junior_id.clone());
        if let Some((reason, document)) = papers.remove(&place) {
            (cell.edit_reason, cell.edit_document) = (reason, document);
        }
    }
    Ok(cells)
}
