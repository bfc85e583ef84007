//! Arrivals and the registry gate: a record for whoever is published, arrived and cleared, and for nobody else.

use std::collections::{BTreeMap, BTreeSet};

use luqu_engine::audit;
use luqu_engine::domain::Moment;
use luqu_engine::rules::{AuditInputs, RollAdmission, Violation};
use serde_json::{Value, json};

use super::{ActError, Actor, Office, digest, now};
use crate::ledger::Event;
use crate::store::{Admission, DecisionKind, Mode, Record, Role, Tx};

/// What an audit of the published admissions gave.
#[derive(Debug)]
pub struct Cleared {
    /// How many admissions may have a record.
    pub cleared: usize,
    /// How many may not.
    pub held: usize,
    /// What was found.
    pub violations: Vec<Violation>,
}

/// What the registry gate did for one school.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Opened {
    /// Records opened now.
    pub opened: usize,
    /// Who has none, each with the reason.
    pub refused: Vec<(String, &'static str)>,
}

/// How an admission stands at the registry gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A record may be opened.
    Eligible,
    /// Not yet: the holder has not arrived.
    NotArrived,
    /// The audit has not cleared it.
    NotCleared,
    /// There is a record.
    Registered,
}

impl Standing {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Eligible => "可建学籍",
            Self::NotArrived => "尚未报到",
            Self::NotCleared => "未通过合规核查",
            Self::Registered => "已建学籍",
        }
    }
}

impl Office {
    /// Notes that an admitted applicant has arrived at the school, or takes it back.
    ///
    /// # Errors
    /// Not admitted to a school that the actor serves; a record rests on the arrival.
    pub async fn arrive(
        &self,
        actor: &Actor,
        season: &str,
        applicant: &str,
        arrived: bool,
    ) -> Result<Admission, ActError> {
        let admission = self.active_admission(season, applicant).await?;
        actor.must_serve(&admission.school)?;
        let tx = self.store.write().await?;
        tx.set_arrived(season, &admission, arrived, &actor.name, now()).await?;
        let kind = if arrived { "arrived" } else { "arrival_undone" };
        let told = json!({"school": admission.school, "admission": admission.id});
        self.record_about(&tx, (kind, actor), (season, applicant), told, Value::Null).await?;
        tx.commit().await?;
        Ok(admission)
    }

    /// Audits all published admissions and issues a clearance for each that nothing blocks; clearances that the audit
    /// no longer gives are withdrawn.
    ///
    /// # Errors
    /// A clearance to be withdrawn carries a record, which has to be withdrawn first; no permission.
    pub async fn clear(&self, actor: &Actor, season: &str) -> Result<Cleared, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let (admissions, violations, clearances) = self.audited(season).await?;
        let by_applicant: BTreeMap<&str, i64> =
            admissions.iter().map(|a| (a.applicant.as_str(), a.id)).collect();
        let cleared: BTreeSet<i64> =
            clearances.iter().filter_map(|c| by_applicant.get(c.applicant()).copied()).collect();
        let report: Vec<String> = violations.iter().map(|v| format!("{v:?}")).collect();
        let sum = digest(report.join("\n").as_bytes());
        let tx = self.store.write().await?;
        tx.store_clearances(season, &cleared, &sum, now()).await?;
        let told = json!({"cleared": cleared.len(), "admissions": admissions.len(), "audit": sum});
        self.record(&tx, Event::new("audited", &actor.name, season, told)).await?;
        tx.commit().await?;
        Ok(Cleared { cleared: cleared.len(), held: admissions.len() - cleared.len(), violations })
    }

    /// What an audit of the published admissions finds now. Nothing is written.
    ///
    /// # Errors
    /// There is no such season; no permission.
    pub async fn violations(
        &self,
        actor: &Actor,
        season: &str,
    ) -> Result<Vec<Violation>, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Regulator])?;
        Ok(self.audited(season).await?.1)
    }

    /// The active admissions, what the audit finds of them, and the clearances that it gives.
    async fn audited(
        &self,
        season: &str,
    ) -> Result<(Vec<Admission>, Vec<Violation>, Vec<audit::Clearance>), ActError> {
        let (row, _) = self.season_row(season).await?;
        let known = self.current(season).await?;
        let admissions: Vec<Admission> =
            self.store.read().admissions(season).await?.into_iter().filter(|a| a.active).collect();
        let inputs = AuditInputs {
            admissions: Some(admissions.iter().map(|a| rolled(a, row.mode)).collect()),
            ..AuditInputs::default()
        };
        let (violations, clearances) = audit::clear(&known, &inputs);
        Ok((admissions, violations, clearances))
    }

    /// How the active admissions of a school stand at the gate, by applicant.
    ///
    /// # Errors
    /// What the store said.
    pub async fn standing(
        &self,
        season: &str,
        school: &str,
    ) -> Result<Vec<(Admission, Standing)>, ActError> {
        let read = self.store.read();
        let (arrived, cleared) = (read.arrived(season).await?, read.cleared().await?);
        let registered: BTreeSet<i64> = read
            .records(season)
            .await?
            .into_iter()
            .filter(|r| r.open)
            .map(|r| r.admission)
            .collect();
        let stands = |a: &Admission| match () {
            () if registered.contains(&a.id) => Standing::Registered,
            () if !arrived.contains(&a.id) => Standing::NotArrived,
            () if !cleared.contains(&a.id) => Standing::NotCleared,
            () => Standing::Eligible,
        };
        let all = read.admissions_of_school(season, school).await?;
        Ok(all.into_iter().map(|a| (a.clone(), stands(&a))).collect())
    }

    /// Opens records for everybody of a school who may have one.
    ///
    /// # Errors
    /// What the schema does not let be, such as a new school above 3000; no permission.
    pub async fn open_records(
        &self,
        actor: &Actor,
        season: &str,
        school: &str,
    ) -> Result<Opened, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        if !self.store.read().school_names(season).await?.contains_key(school) {
            return Err(ActError::NotFound(format!("学校 {school}")));
        }
        let standing = self.standing(season, school).await?;
        let eligible: Vec<Admission> = standing
            .iter()
            .filter(|(_, s)| *s == Standing::Eligible)
            .map(|(a, _)| a.clone())
            .collect();
        let refused = standing
            .iter()
            .filter(|(_, s)| matches!(s, Standing::NotArrived | Standing::NotCleared))
            .map(|(a, s)| (a.applicant.clone(), s.words()));
        let refused = refused.collect();
        let tx = self.store.write().await?;
        tx.open_records(season, school, &eligible, &actor.name, now()).await?;
        for admission in &eligible {
            let about = (season, admission.applicant.as_str());
            let told = json!({"school": school, "admission": admission.id});
            self.record_about(&tx, ("record_opened", actor), about, told, Value::Null).await?;
        }
        tx.commit().await?;
        Ok(Opened { opened: eligible.len(), refused })
    }

    /// Withdraws the record of an applicant.
    ///
    /// # Errors
    /// There is none that is open; a class rests on it; no permission.
    pub async fn withdraw_record(
        &self,
        actor: &Actor,
        season: &str,
        applicant: &str,
    ) -> Result<(), ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let tx = self.store.write().await?;
        self.withdraw_in(&tx, actor, season, applicant).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Proposes to revoke an admission.
    ///
    /// # Errors
    /// There is none; no permission.
    pub async fn propose_revocation(
        &self,
        actor: &Actor,
        season: &str,
        applicant: &str,
        reason: &str,
    ) -> Result<super::PlanProposal, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let admission = self.active_admission(season, applicant).await?;
        let body = json!({"admission": admission.id, "applicant": applicant, "reason": reason});
        self.propose(actor, season, DecisionKind::Revocation, reason, body.to_string()).await
    }

    /// Approves a revocation: its record, clearance and arrival go first, then the admission; the seat is free again.
    ///
    /// # Errors
    /// The approver is the proposer; a class rests on the record; it is no longer proposed; no permission.
    pub async fn approve_revocation(
        &self,
        actor: &Actor,
        season: &str,
        decision: i64,
        signed: &str,
    ) -> Result<(), ActError> {
        let proposed =
            self.to_approve(actor, season, decision, DecisionKind::Revocation, signed).await?;
        let body: serde_json::Value = serde_json::from_str(&proposed.body).unwrap_or_default();
        let applicant = body["applicant"].as_str().unwrap_or_default().to_owned();
        let admission = self.active_admission(season, &applicant).await?;
        if body["admission"].as_i64() != Some(admission.id) {
            return Err(ActError::Conflict("录取已有变动，须重新提交".to_owned()));
        }
        let tx = self.approved(actor, &proposed).await?;
        if tx.records(season).await?.iter().any(|r| r.open && r.admission == admission.id) {
            self.withdraw_in(&tx, actor, season, &applicant).await?;
        }
        tx.set_clearance(admission.id, false, &proposed.digest, now()).await?;
        tx.set_arrived(season, &admission, false, &actor.name, now()).await?;
        tx.revoke(admission.id, decision).await?;
        let about = (season, applicant.as_str());
        let told = json!({"decision": decision, "admission": admission.id, "proposed_by": proposed.proposed_by});
        let details = json!({"reason": body["reason"]});
        self.record_about(&tx, ("admission_revoked", actor), about, told, details).await?;
        self.seal(tx).await?;
        Ok(())
    }

    async fn withdraw_in(
        &self,
        tx: &Tx,
        actor: &Actor,
        season: &str,
        applicant: &str,
    ) -> Result<(), ActError> {
        let records = tx.records(season).await?;
        let open = records.iter().find(|r: &&Record| r.open && r.applicant == applicant);
        let Some(record) = open else {
            return Err(ActError::NotFound(format!("考生 {applicant} 的学籍")));
        };
        tx.withdraw_record(record.id, now()).await?;
        let told = json!({"school": record.school, "admission": record.admission});
        let about = (season, applicant);
        self.record_about(tx, ("record_withdrawn", actor), about, told, Value::Null).await?;
        Ok(())
    }

    pub(super) async fn active_admission(
        &self,
        season: &str,
        applicant: &str,
    ) -> Result<Admission, ActError> {
        let all = self.store.read().admissions(season).await?;
        all.into_iter()
            .find(|a| a.active && a.applicant == applicant)
            .ok_or_else(|| ActError::NotFound(format!("考生 {applicant} 的录取")))
    }
}

/// An admission as the audit reads it.
fn rolled(admission: &Admission, mode: Mode) -> RollAdmission {
    // A rehearsal takes place when it does; its clock is not that of the law.
    let at =
        (mode == Mode::Live).then(|| Moment::from_unix_seconds(admission.recorded_at / 1_000_000));
    RollAdmission {
        applicant: admission.applicant.as_str().into(),
        school: admission.school.as_str().into(),
        batch: admission.batch.as_str().into(),
        category: admission.category.as_str().into(),
        admitted_at: at,
    }
}
