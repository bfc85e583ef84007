//! The lines of published batches, as they were signed.

use luqu_engine::domain::digest::of_bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::results::{csv_rows, packed_file};
use super::{ActError, Office};
use crate::error::Failure;
use crate::store::RoundStatus;

/// A published line: a row of `cutoffs.csv`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CutoffRow {
    /// 批次
    pub batch: String,
    /// The senior school.
    pub school_id: String,
    /// 类别
    pub category: String,
    /// The junior school of a cell; blank for none.
    pub junior_id: String,
    /// 计划数, after returns and carries.
    pub seats: u32,
    /// 录取数
    pub placed: u32,
    /// Whether it filled: `yes` or `no`.
    pub full: String,
    /// The total of the last one admitted, if it filled.
    pub lowest_total: String,
    /// The wish position of the last one admitted.
    pub lowest_position: String,
    /// The floor, where one bound.
    pub floor: String,
}

impl Office {
    /// The lines of the published batches, as signed.
    ///
    /// # Errors
    /// What the store said; files that are not as signed.
    pub async fn public_lines(&self, season: &str) -> Result<Vec<CutoffRow>, ActError> {
        let read = self.store().read();
        let rounds = read.rounds(season).await?;
        let mut lines: Vec<CutoffRow> = Vec::new();
        for round in rounds.iter().filter(|r| r.status == RoundStatus::Published) {
            let Some((_, packed)) = read.round(season, round.id).await? else { continue };
            let bytes = packed_file(&packed, "cutoffs.csv")?;
            let certificate: serde_json::Value =
                serde_json::from_str(&round.certificate).unwrap_or_default();
            if certificate["files"]["cutoffs.csv"].as_str() != Some(&of_bytes(&bytes).to_string()) {
                let text = "lines are not as they were signed".to_owned();
                return Err(Failure::Internal(text).into());
            }
            let rows: Vec<CutoffRow> = csv_rows(&bytes)?;
            lines.extend(rows.into_iter().filter(|r| r.batch == round.batch));
        }
        Ok(lines)
    }
}
