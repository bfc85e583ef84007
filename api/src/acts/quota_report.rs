//! The quota cells of a plan as people read them: the ideal, the floor, and why a cell got its last seat.

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
            Some(QuotaCell {
                school_id: line.school,
                batch: line.batch,
                junior_id: line.junior?,
                ideal: None,
                floor: None,
                seats: line.seats,
                reason: None,
                ideal_exact: None,
            })
        };
        Ok(lines.into_iter().filter_map(cell).collect())
    }
}

fn reported(decision: &Decision) -> Result<Vec<QuotaCell>, ActError> {
    let body: serde_json::Value = serde_json::from_str(&decision.body)
        .map_err(|_| Failure::Internal("a distribution that is no JSON".to_owned()))?;
    let text = body["quota_report.csv"].as_str().unwrap_or_default();
    csv_rows(text.as_bytes())
}
