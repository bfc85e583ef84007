//! Retention: past its date the personal data of a season are destroyed, by two; what was done stays provable.
//!
//! What goes and what stays is listed table by table in `store/retention.rs`. The ledger keeps the commitments of what
//! is destroyed, so that every checkpoint still verifies; numbers, scores and seats stay as facts.

use std::collections::BTreeMap;

use luqu_engine::domain::Moment;
use serde_json::json;

use super::{ActError, Actor, Office, PlanProposal, now, typed};
use crate::ledger::Event;
use crate::store::{DecisionKind, Mode, Role, SeasonRow, Tx};

/// What a destruction did.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Destroyed {
    /// Rows that were emptied now, by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Whether the database file was rewritten without them. On PostgreSQL only the owner can.
    pub scrubbed: bool,
}

fn gone() -> ActError {
    ActError::Conflict("该招生季的个人数据已按保存期限销毁".to_owned())
}

impl Office {
    /// Proposes to destroy the personal data of a season.
    ///
    /// # Errors
    /// A real season before its date, or with a batch under way; it was done before; no permission.
    pub async fn propose_retention(
        &self,
        actor: &Actor,
        season: &str,
        reason: &str,
    ) -> Result<PlanProposal, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        self.must_be_due(season).await?;
        let reason = typed::reason(reason)?;
        let body = json!({"season": season, "reason": reason}).to_string();
        self.propose(actor, season, DecisionKind::Retention, reason, body).await
    }

    /// Approves it and destroys them.
    ///
    /// # Errors
    /// The approver is the proposer; it is no longer proposed, or no longer due; no permission.
    pub async fn approve_retention(
        &self,
        actor: &Actor,
        season: &str,
        decision: i64,
        signed: &str,
    ) -> Result<Destroyed, ActError> {
        let proposed =
            self.to_approve(actor, season, decision, DecisionKind::Retention, signed).await?;
        self.must_be_due(season).await?;
        let tx = self.approved(actor, season, &proposed).await?;
        let rows = tx.destroy(season).await?;
        let told = json!({
            "decision": decision, "proposed_by": proposed.proposed_by, "reason": proposed.note, "rows": rows,
        });
        self.record(&tx, Event::new("personal_data_destroyed", &actor.name, season, told)).await?;
        self.seal(tx).await?;
        let scrubbed = self.store.scrub().await.unwrap_or_else(|error| {
            // They are destroyed; the rewriting is the owner's where somebody is in its way.
            tracing::warn!(%error, season, "the database file could not be rewritten");
            false
        });
        Ok(Destroyed { rows, scrubbed })
    }

    /// Whether the personal data of a season were destroyed.
    pub(super) async fn is_destroyed(&self, season: &str) -> Result<bool, ActError> {
        Ok(self.store.read().is_destroyed(season).await?)
    }

    /// A transaction in which personal data of a season may be written: they are there, and nobody destroys them before
    /// it ends. What is written after that would stay for ever.
    pub(super) async fn write_kept(&self, season: &str) -> Result<Tx, ActError> {
        let tx = self.store.write().await?;
        if tx.is_destroyed(season).await? {
            return Err(gone());
        }
        Ok(tx)
    }

    /// Passes while the personal data of a season are there, without which nothing can be computed.
    pub(super) async fn must_be_kept(&self, season: &str) -> Result<(), ActError> {
        if self.is_destroyed(season).await? {
            return Err(gone());
        }
        Ok(())
    }

    /// A rehearsal may go at any time; a real season when its years are over and nothing is under way.
    async fn must_be_due(&self, season: &str) -> Result<(), ActError> {
        let (row, _) = self.season_row(season).await?;
        self.must_be_kept(season).await?;
        if row.mode == Mode::Drill {
            return Ok(());
        }
        let (due, words) = self.due(&row)?;
        if now() < due {
            return Err(ActError::Conflict(format!("保存期限未到，{words} 起才可销毁")));
        }
        let read = self.store.read();
        for batch in read.windows(season).await?.keys() {
            if read.published_round(season, batch).await?.is_none() {
                return Err(ActError::Conflict(format!("批次 {batch} 尚未公布，不能销毁")));
            }
        }
        Ok(())
    }

    /// The first moment after the years that a season's personal data are kept, and its date.
    fn due(&self, row: &SeasonRow) -> Result<(i64, String), ActError> {
        let date = format!("{:04}-09-01", u32::from(row.year) + u32::from(self.kept_years));
        let moment: Result<Moment, _> = format!("{date}T00:00:00+08:00").parse();
        let moment = moment.map_err(|_| ActError::Conflict("保存年限过长".to_owned()))?;
        Ok((moment.seconds().saturating_mul(1_000_000), date))
    }
}
