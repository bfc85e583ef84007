//! The plan: frozen by two people over one digest, then its quota seats distributed by two.

use std::collections::BTreeMap;

use luqu_engine::domain::Season;
use luqu_engine::policy::Policy;
use luqu_engine::quota::{self, QuotaError, files};
use serde_json::{Value, json};

use super::memory::away;
use super::{ActError, Actor, Office, digest, now, typed};
use crate::error::Failure;
use crate::ledger::Event;
use crate::store::{Decision, DecisionKind, DecisionStatus, Proposal, Role, Tx};
use crate::tables::load::{POLICY_FILE, Purpose, load_layers};
use crate::tables::season_csv;

/// What is said of a plan that is frozen.
const FROZEN: &str = "招生计划已经冻结";

/// What was proposed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanProposal {
    /// The number of the decision.
    pub decision: i64,
    /// What the second person signs.
    pub digest: String,
}

impl Office {
    /// Proposes to freeze schools, graduates and plan as they stand in the committed imports.
    ///
    /// # Errors
    /// Faults; it is frozen already; no permission.
    pub async fn propose_freeze(
        &self,
        actor: &Actor,
        season: &str,
        note: &str,
    ) -> Result<PlanProposal, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let note = typed::note(note)?;
        let decisions = self.store.read().decisions(season).await?;
        must_be_unfrozen(&decisions, FROZEN)?;
        let found = self.folded_season(season).await?;
        let body = frozen_tables(&found)?.to_string();
        self.propose(actor, season, DecisionKind::FreezePlan, note, body).await
    }

    /// Approves a frozen plan: schools, graduates, and the lines if no quota seats are still to be distributed.
    ///
    /// # Errors
    /// The approver is the proposer; the digest is another; it is no longer proposed; the imports say another plan since;
    /// no permission.
    pub async fn approve_freeze(
        &self,
        actor: &Actor,
        season: &str,
        decision: i64,
        signed: &str,
    ) -> Result<(), ActError> {
        let proposed =
            self.to_approve(actor, season, decision, DecisionKind::FreezePlan, signed).await?;
        must_be_unfrozen(&self.store.read().decisions(season).await?, FROZEN)?;
        let imports = self.store.read().in_force(season).await?;
        let found = self.folded_season(season).await?;
        let changed = || {
            let words = "提交之后导入有变动，与提交的计划不同；请撤回后重新提交";
            ActError::Conflict(words.to_owned())
        };
        if digest(frozen_tables(&found)?.to_string().as_bytes()) != proposed.digest {
            return Err(changed());
        }
        let frozen = self.frozen_season(season, &proposed.body).await?;
        let tx = self.approved(actor, season, &proposed).await?;
        if tx.in_force(season).await? != imports {
            return Err(changed());
        }
        tx.store_schools(&frozen).await?;
        tx.store_flows(frozen.policy(), decision).await?;
        if frozen.pending().next().is_none() && !quotas_missing(&frozen) {
            tx.store_plan(&frozen, decision, DecisionKind::FreezePlan, now()).await?;
        }
        let facts = json!({"decision": decision, "digest": proposed.digest, "proposed_by": proposed.proposed_by});
        self.record(&tx, Event::new("plan_frozen", &actor.name, season, facts)).await?;
        self.seal(tx).await?;
        Ok(())
    }

    /// Proposes the distribution of the quota seats of the frozen plan.
    ///
    /// # Errors
    /// The plan is not frozen, or has its lines already; no distribution exists; no permission.
    pub async fn propose_quota(
        &self,
        actor: &Actor,
        season: &str,
        note: &str,
    ) -> Result<PlanProposal, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let note = typed::note(note)?;
        must_have_no_lines(self.store.read().has_plan(season).await?)?;
        let (_, distributed) = distributed(self.frozen(season).await?).await?;
        self.propose(actor, season, DecisionKind::Quota, note, distributed.to_string()).await
    }

    /// Approves a distribution: it is computed again, and the plan gets its lines.
    ///
    /// # Errors
    /// The approver is the proposer; computing again gives another digest; it is no longer proposed; no permission.
    pub async fn approve_quota(
        &self,
        actor: &Actor,
        season: &str,
        decision: i64,
        signed: &str,
    ) -> Result<(), ActError> {
        let proposed =
            self.to_approve(actor, season, decision, DecisionKind::Quota, signed).await?;
        let (frozen, again) = distributed(self.frozen(season).await?).await?;
        if digest(again.to_string().as_bytes()) != proposed.digest {
            return Err(ActError::Conflict("重新计算的指标分配与提交的不同".to_owned()));
        }
        let mut tables = frozen_tables(&frozen)?;
        for name in ["plan.csv", "quotas.csv"] {
            tables[name] = again[name].clone();
        }
        let complete = self.season_of_tables(frozen.policy(), &tables).await?;
        let tx = self.approved(actor, season, &proposed).await?;
        must_have_no_lines(tx.has_plan(season).await?)?;
        tx.store_plan(&complete, decision, DecisionKind::Quota, now()).await?;
        let facts = json!({"decision": decision, "digest": proposed.digest, "proposed_by": proposed.proposed_by});
        self.record(&tx, Event::new("quota_distributed", &actor.name, season, facts)).await?;
        self.seal(tx).await?;
        Ok(())
    }

    /// Withdraws what one proposed oneself, or rejects as a reviewer what another proposed.
    ///
    /// # Errors
    /// It is another's, and one is no reviewer; it is no longer proposed.
    pub async fn withdraw(
        &self,
        actor: &Actor,
        season: &str,
        decision: i64,
    ) -> Result<(), ActError> {
        let found = self.decision(season, decision).await?;
        let own = found.proposed_by == actor.name;
        if !own && actor.role != Role::Reviewer {
            return Err(ActError::NotPermitted("他人提交的事项由复核退回".to_owned()));
        }
        let tx = self.store.write().await?;
        if !tx.withdraw(decision).await? {
            return Err(ActError::Conflict("该事项已办结".to_owned()));
        }
        let kind = if own { "proposal_withdrawn" } else { "proposal_rejected" };
        let facts = json!({"decision": decision, "proposed_by": found.proposed_by});
        self.record(&tx, Event::new(kind, &actor.name, season, facts)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The season of the committed imports, without faults.
    pub(super) async fn folded_season(&self, season: &str) -> Result<Season, ActError> {
        let mut loaded = self.folded(season).await?;
        match loaded.season.take() {
            Some(found) => Ok(found),
            None => Err(ActError::Faults(loaded.faults)),
        }
    }

    /// Nothing more is proposed once the persons of a season are destroyed: what is said of them then would stay.
    pub(super) async fn propose(
        &self,
        actor: &Actor,
        season: &str,
        kind: DecisionKind,
        note: &str,
        body: String,
    ) -> Result<PlanProposal, ActError> {
        let digest = digest(body.as_bytes());
        let tx = self.write_kept(season).await?;
        let proposal = Proposal {
            season,
            kind,
            digest: &digest,
            note,
            body: &body,
            by: &actor.name,
            at: now(),
        };
        let decision = tx.propose(&proposal).await?;
        let facts = json!({"decision": decision, "kind": kind, "digest": digest});
        self.record(&tx, Event::new("proposed", &actor.name, season, facts)).await?;
        tx.commit().await?;
        Ok(PlanProposal { decision, digest })
    }

    /// What is to be approved, by somebody who may.
    pub(super) async fn to_approve(
        &self,
        actor: &Actor,
        season: &str,
        decision: i64,
        kind: DecisionKind,
        signed: &str,
    ) -> Result<Decision, ActError> {
        actor.must_be(&[Role::Reviewer])?;
        let found = self.decision(season, decision).await?;
        if found.kind != kind || found.status != DecisionStatus::Proposed {
            return Err(ActError::Conflict("该事项已办结，或不是此类事项".to_owned()));
        }
        if found.proposed_by == actor.name {
            return Err(ActError::NotPermitted("提交人与复核人不能是同一人".to_owned()));
        }
        if found.digest != signed {
            return Err(ActError::Conflict("签署的摘要与所提交的不同，请重新核对".to_owned()));
        }
        Ok(found)
    }

    /// A transaction in which the decision is approved.
    pub(super) async fn approved(
        &self,
        actor: &Actor,
        season: &str,
        proposed: &Decision,
    ) -> Result<Tx, ActError> {
        let tx = self.write_kept(season).await?;
        if tx.approve(proposed.id, &actor.name, now()).await? {
            return Ok(tx);
        }
        Err(ActError::Conflict("该事项已由他人办结".to_owned()))
    }

    async fn decision(&self, season: &str, id: i64) -> Result<Decision, ActError> {
        let all = self.store.read().decisions(season).await?;
        all.into_iter().find(|d| d.id == id).ok_or_else(|| ActError::NotFound(format!("事项 {id}")))
    }

    /// The season whose plan two people froze.
    async fn frozen(&self, season: &str) -> Result<Season, ActError> {
        let all = self.store.read().decisions(season).await?;
        match all.into_iter().find(|d| d.made(DecisionKind::FreezePlan)) {
            Some(decision) => self.frozen_season(season, &decision.body).await,
            None => Err(ActError::Conflict("请先冻结招生计划".to_owned())),
        }
    }

    async fn frozen_season(&self, season: &str, body: &str) -> Result<Season, ActError> {
        let (_, policy) = self.season_row(season).await?;
        let tables = serde_json::from_str(body)
            .map_err(|_| Failure::Internal("the frozen plan is not JSON".to_owned()))?;
        self.season_of_tables(&policy, &tables).await
    }

    /// The season of tables that stand in a decision.
    async fn season_of_tables(&self, policy: &Policy, tables: &Value) -> Result<Season, ActError> {
        let tables: BTreeMap<String, String> = serde_json::from_value(tables.clone())
            .map_err(|_| Failure::Internal("the tables of a decision are not text".to_owned()))?;
        let (text, seed) = (policy.text.clone(), policy.seed.clone());
        let read = away(move || {
            let folder = tempfile::tempdir().map_err(Failure::io(&std::env::temp_dir()))?;
            for (name, content) in
                tables.iter().map(|(n, c)| (n.as_str(), c)).chain([(POLICY_FILE, &text)])
            {
                let path = folder.path().join(name);
                std::fs::write(&path, content).map_err(Failure::io(&path))?;
            }
            let layers = [folder.path().to_owned()];
            load_layers(Purpose::Distribution, folder.path(), &layers, seed.as_deref())
        });
        let mut loaded = read.await??;
        loaded.season.take().ok_or(ActError::Faults(loaded.faults))
    }
}

/// A frozen plan and its distribution, as the files that say it.
async fn distributed(frozen: Season) -> Result<(Season, Value), ActError> {
    let work = move || {
        let distribution = quota::distribute(&frozen).map_err(|error| match error {
            QuotaError::Unproven { .. } => Failure::Internal(error.to_string()).into(),
            other => ActError::Conflict(format!("指标无法分配：{other}")),
        })?;
        let text = |bytes: Vec<u8>| Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let files = json!({
            "plan.csv": text(files::plan(&frozen, &distribution)),
            "quotas.csv": text(files::quotas(&frozen, &distribution)),
            "quota_report.csv": text(files::report(&frozen, &distribution)),
            "quota_juniors.csv": text(files::juniors(&frozen, &distribution)),
            "draw.csv": text(files::draws(&frozen, &distribution)),
        });
        Ok((frozen, files))
    };
    away(work).await?
}

/// Passes while the plan has no lines: they are written once.
fn must_have_no_lines(has_plan: bool) -> Result<(), ActError> {
    if has_plan {
        return Err(ActError::Conflict("指标已经分配，或没有要分配的指标".to_owned()));
    }
    Ok(())
}

/// Passes while no plan is frozen.
pub(super) fn must_be_unfrozen(decisions: &[Decision], words: &str) -> Result<(), ActError> {
    if decisions.iter().any(|d| d.made(DecisionKind::FreezePlan)) {
        return Err(ActError::Conflict(words.to_owned()));
    }
    Ok(())
}

/// Whether a by-junior line has seats and no cell yet.
fn quotas_missing(season: &Season) -> bool {
    season.plan().iter().any(|line| {
        season.policy().category(line.category).by_junior
            && line.seats != Some(0)
            && !season.quotas().iter().any(|c| (c.school, c.batch) == (line.school, line.batch))
    })
}

/// Schools, graduates, plan and cells of a season as CSV, by file name.
fn frozen_tables(season: &Season) -> Result<Value, ActError> {
    let files = season_csv::frozen(season)?;
    Ok(files.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text))).collect())
}
