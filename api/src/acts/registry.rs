//! Arrivals and the registry gate: a record for whoever is published, arrived and cleared, and for nobody else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use luqu_engine::audit::{self, Published};
use luqu_engine::domain::{Moment, Season, Text};
use luqu_engine::policy::Policy;
use luqu_engine::rules::{AuditInputs, RollAdmission, Seal, Violation};
use serde_json::{Value, json};

use super::correct::{Made, put_right};
use super::memory::away;
use super::run::checked;
use super::{ActError, Actor, Office, digest, now, typed};
use crate::error::Failure;
use crate::ledger::Event;
use crate::store::{Admission, DecisionKind, GateKind, GateRow, Mode, Record, Role, Tx, Which};

/// What an audit of the published admissions gave.
#[derive(Debug)]
pub struct Cleared {
    /// How many admissions may have a record.
    pub cleared: usize,
    /// How many may not.
    pub held: usize,
    /// Who has a record and would not be cleared any more: it stays until somebody withdraws it.
    pub registered: Vec<String>,
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

/// How an active admission stands at the registry gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A record may be opened.
    Eligible,
    /// Not yet: the holder has not arrived.
    NotArrived,
    /// Not yet: no audit has looked at it.
    NotCleared,
    /// The audit found something against it.
    Blocked,
    /// There is a record.
    Registered,
}

impl Standing {
    /// How an active admission stands.
    #[must_use]
    pub fn of(row: &GateRow) -> Self {
        match &row.clearance {
            _ if row.record.is_some() => Self::Registered,
            Some(judged) if !judged.reason.is_empty() => Self::Blocked,
            _ if row.arrived_at.is_none() => Self::NotArrived,
            None => Self::NotCleared,
            Some(_) => Self::Eligible,
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Eligible => "可建学籍",
            Self::NotArrived => "尚未报到",
            Self::NotCleared => "尚未核查",
            Self::Blocked => "未通过合规核查",
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
        let admission = self.served_admission(actor, season, applicant).await?;
        let tx = self.store.write().await?;
        let rows = tx.gate_rows(season, Which::Applicant(applicant)).await?;
        let registered = |r: &GateRow| r.admission.id == admission.id && r.record.is_some();
        if !arrived && rows.iter().any(registered) {
            let words = "该生已建学籍，须先撤销学籍，才能撤回报到";
            return Err(ActError::Conflict(words.to_owned()));
        }
        if !tx.set_arrived(season, &admission, arrived, &actor.name, now()).await? {
            return Ok(admission);
        }
        let (kind, event) = if arrived {
            ("arrived", GateKind::Arrived)
        } else {
            ("arrival_undone", GateKind::ArrivalUndone)
        };
        let (about, told) =
            ((season, applicant), json!({"school": admission.school, "admission": admission.id}));
        let seq = self.record_about(&tx, (kind, actor), about, told, Value::Null).await?;
        tx.tell(season, seq, &[(event, admission.id)]).await?;
        tx.commit().await?;
        Ok(admission)
    }

    /// Audits all published admissions and issues a clearance for each that nothing blocks; clearances that the audit
    /// no longer gives are withdrawn, but for those that carry a record: they are named.
    ///
    /// # Errors
    /// No such season; no permission.
    pub async fn clear(&self, actor: &Actor, season: &str) -> Result<Cleared, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let (admissions, violations, clearances) = self.audited(season).await?;
        let cleared: BTreeSet<&str> = clearances.iter().map(|c| c.applicant()).collect();
        let mut judged: BTreeMap<i64, String> =
            admissions.iter().map(|a| (a.id, reason(a, &cleared, &violations))).collect();
        let said = judged.iter().map(|(id, reason)| format!("{id} {reason}"));
        let report: Vec<String> = said.chain(violations.iter().map(|v| format!("{v:?}"))).collect();
        let sum = digest(report.join("\n").as_bytes());
        let tx = self.store.write().await?;
        let mut registered = Vec::new();
        for record in tx.records(season).await?.into_iter().filter(|r| r.open) {
            let stands = judged.get(&record.admission).is_none_or(String::is_empty);
            if !stands {
                judged.remove(&record.admission);
                registered.push(record.applicant);
            }
        }
        let changed = tx.store_clearances(&judged, &sum, now()).await?;
        let told = json!({
            "cleared": cleared.len(), "admissions": admissions.len(),
            "registered": registered.len(), "audit": sum,
        });
        let seq = self.record(&tx, Event::new("audited", &actor.name, season, told)).await?;
        let given = changed.given.iter().map(|&id| (GateKind::Cleared, id));
        let withdrawn = changed.withdrawn.iter().map(|&id| (GateKind::ClearanceWithdrawn, id));
        tx.tell(season, seq, &given.chain(withdrawn).collect::<Vec<_>>()).await?;
        tx.commit().await?;
        let held = admissions.len() - cleared.len();
        Ok(Cleared { cleared: cleared.len(), held, registered, violations })
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
        let (row, policy) = self.season_row(season).await?;
        let (before, published, sealed) = self.published_before(season, &policy).await?;
        let read = self.store.read();
        let admissions: Vec<Admission> =
            read.admissions(season).await?.into_iter().filter(|a| a.active).collect();
        let moved = read.corrected(season).await?;
        let mut draft = read.draft(&policy, &|sealed| self.opened_id(season, sealed)).await?;
        let mut settled = BTreeSet::new();
        for Made { at, body } in self.corrections(season).await? {
            let who = body.mistake.applicant.as_str();
            // Whoever sat before the mistake was found, and still sits there, was placed with the figures of then.
            let sat = admissions.iter().any(|a| a.applicant == who && a.recorded_at < at);
            if !sat || moved.contains_key(who) {
                put_right(&mut draft, &policy, [&body.mistake]);
            }
            settled.insert(Text::from(who));
            settled.extend(body.differs.iter().map(|d| Text::from(d.applicant.as_str())));
        }
        let known = checked(policy, draft)?;
        let inputs = AuditInputs {
            admissions: Some(admissions.iter().map(|a| rolled(a, row.mode)).collect()),
            sealed,
            ..AuditInputs::default()
        };
        let work = move || {
            let then = Published { season: &before, inputs: &published, settled: &settled };
            audit::clear_since(then, &known, &inputs)
        };
        let (violations, clearances) = away(work).await?;
        Ok((admissions, violations, clearances))
    }

    /// The season that the published rounds were placed on, everybody admitted by them, and their seals.
    async fn published_before(
        &self,
        season: &str,
        policy: &Policy,
    ) -> Result<(Arc<Season>, AuditInputs, Vec<Seal>), ActError> {
        let open = |sealed: &[u8]| self.opened_id(season, sealed);
        let read = self.store.read();
        let (before, sealed) = match self.sealed_last(season).await? {
            Some((last, inputs)) => (inputs.clone(), self.seals_of(season, &last, inputs).await?),
            None => {
                let draft = read.draft_before_corrections(policy, &open).await?;
                (Arc::new(checked(policy.clone(), draft)?), Vec::new())
            }
        };
        let admitted = read.published(season).await?.into_iter();
        let admissions =
            admitted.map(|a| RollAdmission { admitted_at: None, ..rolled(&a, Mode::Drill) });
        let admissions = Some(admissions.collect());
        let inputs = AuditInputs { admissions, ..AuditInputs::default() };
        Ok((before, inputs, sealed))
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
        let rows = self.store.read().gate_rows(season, Which::School(school)).await?;
        let active = rows.into_iter().filter(|row| row.admission.active);
        Ok(active.map(|row| (row.admission.clone(), Standing::of(&row))).collect())
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
        self.school_name(season, school).await?;
        let standing = self.standing(season, school).await?;
        let mut eligible: Vec<Admission> = standing
            .iter()
            .filter(|(_, s)| *s == Standing::Eligible)
            .map(|(a, _)| a.clone())
            .collect();
        let refused = standing
            .iter()
            .filter(|(_, s)| !matches!(s, Standing::Eligible | Standing::Registered))
            .map(|(a, s)| (a.applicant.clone(), s.words()));
        let mut refused: Vec<(String, &'static str)> = refused.collect();
        let tx = self.store.write().await?;
        let elsewhere = tx.registered_elsewhere(season, &eligible).await?;
        eligible.retain(|a| !elsewhere.contains(&a.applicant));
        refused.extend(elsewhere.into_iter().map(|who| (who, "本人在其他招生季已有学籍")));
        tx.open_records(season, school, &eligible, &actor.name, now()).await?;
        for admission in &eligible {
            let about = (season, admission.applicant.as_str());
            let told = json!({"school": school, "admission": admission.id});
            let what = ("record_opened", actor);
            let seq = self.record_about(&tx, what, about, told, Value::Null).await?;
            tx.tell(season, seq, &[(GateKind::RecordOpened, admission.id)]).await?;
        }
        tx.commit().await?;
        Ok(Opened { opened: eligible.len(), refused })
    }

    /// Withdraws the record of an applicant; the places in sections and class go first.
    ///
    /// # Errors
    /// There is none that is open; no permission.
    pub async fn withdraw_record(
        &self,
        actor: &Actor,
        season: &str,
        applicant: &str,
    ) -> Result<(), ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let tx = self.store.write().await?;
        let records = tx.records(season).await?;
        let open = records.iter().find(|r| r.open && r.applicant == applicant);
        let Some(record) = open else {
            return Err(ActError::NotFound(format!("考生 {applicant} 的学籍")));
        };
        self.withdraw_in(&tx, actor, season, record).await?;
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
        let reason = typed::reason(reason)?;
        let admission = self.active_admission(season, applicant).await?;
        let body = json!({"admission": admission.id, "applicant": applicant, "reason": reason});
        self.propose(actor, season, DecisionKind::Revocation, reason, body.to_string()).await
    }

    /// Approves a revocation: places in sections and class, record, clearance and arrival go first, then the admission;
    /// the seat is free again.
    ///
    /// # Errors
    /// The approver is the proposer; it is no longer proposed; no permission.
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
        let tx = self.approved(actor, season, &proposed).await?;
        let stands = |a: &Admission| {
            a.active && a.applicant == applicant && body["admission"].as_i64() == Some(a.id)
        };
        let Some(admission) = tx.admissions(season).await?.into_iter().find(stands) else {
            return Err(ActError::Conflict("录取已有变动，须重新提交".to_owned()));
        };
        self.take_down(&tx, actor, season, &admission, &proposed.digest, "录取已撤销").await?;
        if !tx.revoke(admission.id, decision).await? {
            let text = "an active admission that cannot be revoked".to_owned();
            return Err(Failure::Internal(text).into());
        }
        let about = (season, applicant.as_str());
        let told = json!({"decision": decision, "admission": admission.id, "proposed_by": proposed.proposed_by});
        let details = json!({"reason": body["reason"]});
        let what = ("admission_revoked", actor);
        let seq = self.record_about(&tx, what, about, told, details).await?;
        tx.tell(season, seq, &[(GateKind::Revoked, admission.id)]).await?;
        self.seal(tx).await?;
        Ok(())
    }

    /// Takes everything off an admission that rests on it, the last first: places in sections and class, record,
    /// clearance, arrival.
    pub(super) async fn take_down(
        &self,
        tx: &Tx,
        actor: &Actor,
        season: &str,
        admission: &Admission,
        digest: &str,
        reason: &str,
    ) -> Result<(), ActError> {
        let records = tx.records(season).await?;
        if let Some(record) = records.iter().find(|r| r.open && r.admission == admission.id) {
            self.withdraw_in(tx, actor, season, record).await?;
        }
        let judged = tx.judged(admission.id..=admission.id).await?;
        let was_cleared = judged.get(&admission.id).is_some_and(String::is_empty);
        let mut events = Vec::new();
        if tx.set_clearance(admission.id, reason, digest, now()).await? && was_cleared {
            events.push((GateKind::ClearanceWithdrawn, admission.id));
        }
        if tx.set_arrived(season, admission, false, &actor.name, now()).await? {
            events.push((GateKind::ArrivalUndone, admission.id));
        }
        if events.is_empty() {
            return Ok(());
        }
        let about = (season, admission.applicant.as_str());
        let told = json!({"school": admission.school, "admission": admission.id, "reason": reason});
        let seq = self.record_about(tx, ("gate_closed", actor), about, told, Value::Null).await?;
        Ok(tx.tell(season, seq, &events).await?)
    }

    async fn withdraw_in(
        &self,
        tx: &Tx,
        actor: &Actor,
        season: &str,
        record: &Record,
    ) -> Result<(), ActError> {
        let lessons = tx.leave_sections(record.id, None, now()).await?;
        let places = tx.leave_classes(record.id, now()).await?;
        tx.withdraw_record(record.id, now()).await?;
        let told = json!({
            "school": record.school, "admission": record.admission,
            "section_places": lessons, "class_places": places,
        });
        let about = (season, record.applicant.as_str());
        let what = ("record_withdrawn", actor);
        let seq = self.record_about(tx, what, about, told, Value::Null).await?;
        Ok(tx.tell(season, seq, &[(GateKind::RecordWithdrawn, record.admission)]).await?)
    }

    /// The admission of an applicant to a school that the actor serves. That another school's exists is not told.
    pub(super) async fn served_admission(
        &self,
        actor: &Actor,
        season: &str,
        applicant: &str,
    ) -> Result<Admission, ActError> {
        let admission = self.active_admission(season, applicant).await?;
        match actor.must_serve(&admission.school) {
            Ok(()) => Ok(admission),
            Err(ActError::NotFound(_)) => Err(not_admitted(applicant)),
            Err(other) => Err(other),
        }
    }

    pub(super) async fn active_admission(
        &self,
        season: &str,
        applicant: &str,
    ) -> Result<Admission, ActError> {
        let all = self.store.read().admissions(season).await?;
        all.into_iter()
            .find(|a| a.active && a.applicant == applicant)
            .ok_or_else(|| not_admitted(applicant))
    }
}

fn not_admitted(applicant: &str) -> ActError {
    ActError::NotFound(format!("考生 {applicant} 的录取"))
}

/// What stands against an admission, by code; nothing where it is cleared.
fn reason(admission: &Admission, cleared: &BTreeSet<&str>, violations: &[Violation]) -> String {
    if cleared.contains(admission.applicant.as_str()) {
        return String::new();
    }
    let against =
        violations.iter().filter(|v| v.withholds(&admission.applicant, &admission.school));
    let mut codes: Vec<String> =
        against.map(|v| format!("{} {}", v.code, v.code.rule().name)).collect();
    codes.dedup();
    if codes.is_empty() { "未通过合规核查".to_owned() } else { codes.join("；") }
}

/// An admission as the audit reads it.
pub(super) fn rolled(admission: &Admission, mode: Mode) -> RollAdmission {
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
