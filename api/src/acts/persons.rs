//! One applicant: masked numbers, the whole track 考生轨迹, and an id number for whoever says why.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{ActError, Actor, Office, now, typed};
use crate::ledger::Event;
use crate::store::{GateRow, Look, Person, Role, TieRow, Which, WishLine};
use crate::tables::located::masked;

/// An admission on a track.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct TrackAdmission {
    /// The senior school.
    pub school_id: String,
    /// 批次
    pub batch: String,
    /// 类别
    pub category: String,
    /// The wish that stuck; 0 when adjusted.
    pub position: u16,
    /// Microseconds of UTC.
    pub published_at: i64,
    /// Not revoked.
    pub active: bool,
    /// Whether the holder has arrived.
    pub arrived: bool,
    /// Whether the audit cleared it.
    pub cleared: bool,
    /// Whether there is an open registry record.
    pub registered: bool,
}

/// The wishes of an applicant in one batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackWishes {
    /// 批次
    pub batch: String,
    /// In order.
    pub wishes: Vec<WishLine>,
}

/// All that is recorded of an applicant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Track {
    /// Who it is.
    pub person: Person,
    /// The id number without its middle.
    pub id_number: Option<String>,
    /// Points by subject, in the order of the policy.
    pub scores: Vec<(String, i32)>,
    /// Kind, reason and document of what restricts the applicant.
    pub restrictions: Vec<(String, String, String)>,
    /// The wishes of every batch, in the order of the policy.
    pub wishes: Vec<TrackWishes>,
    /// Every admission there was, oldest first.
    pub admissions: Vec<TrackAdmission>,
}

impl Office {
    /// An id number without its middle, as lists show it.
    #[must_use]
    pub fn masked_id(&self, season: &str, person: &Person) -> Option<String> {
        let number = self.opened_id(season, person.cipher.as_deref()?)?;
        Some(masked(&number))
    }

    /// All that is recorded of an applicant.
    ///
    /// # Errors
    /// There is none; no permission.
    pub async fn track(
        &self,
        actor: &Actor,
        season: &str,
        applicant: &str,
    ) -> Result<Track, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Regulator])?;
        let (_, policy) = self.season_row(season).await?;
        let read = self.store.read();
        let person = self.person(season, applicant).await?;
        let mut wishes = read.wishes_of(season, applicant).await?;
        let of_batch = |b: &luqu_engine::policy::Batch| {
            let wishes = wishes.remove(b.id.as_str())?;
            Some(TrackWishes { batch: b.id.to_string(), wishes })
        };
        let wishes = policy.batches.iter().filter_map(of_batch).collect();
        let subjects = policy.subjects.iter().map(|s| s.name.clone());
        let scores = subjects.zip(person.marks.iter().copied()).collect();
        let admissions = self.tracked(season, applicant).await?;
        let restrictions = read.restrictions_of(season, applicant).await?;
        let id_number = self.masked_id(season, &person);
        Ok(Track { person, id_number, scores, restrictions, wishes, admissions })
    }

    async fn tracked(
        &self,
        season: &str,
        applicant: &str,
    ) -> Result<Vec<TrackAdmission>, ActError> {
        let all = self.store.read().gate_rows(season, Which::Applicant(applicant)).await?;
        let admission = |row: GateRow| TrackAdmission {
            arrived: row.arrived_at.is_some(),
            cleared: row.clearance.is_some_and(|c| c.reason.is_empty()),
            registered: row.record.is_some(),
            school_id: row.admission.school,
            batch: row.admission.batch,
            category: row.admission.category,
            position: row.admission.position,
            published_at: row.admission.recorded_at,
            active: row.admission.active,
        };
        Ok(all.into_iter().map(admission).collect())
    }

    /// The whole id number of an applicant, for a reason that is kept with the name of who asked.
    ///
    /// # Errors
    /// There is no such applicant or number; a reason that says nothing; no permission.
    pub async fn reveal(
        &self,
        actor: &Actor,
        season: &str,
        applicant: &str,
        reason: &str,
    ) -> Result<String, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Regulator])?;
        let person = self.person(season, applicant).await?;
        let reason = typed::reason(reason)?;
        let number = person.cipher.as_deref().and_then(|c| self.opened_id(season, c));
        let number = number.ok_or_else(|| ActError::NotFound("证件号码".to_owned()))?;
        let look = Look {
            at: now(),
            account: actor.name.clone(),
            action: "reveal".to_owned(),
            subject: format!("{season}/{applicant}"),
            // Whoever types the number into the reason does not put it into the log.
            reason: masked(reason),
        };
        let tx = self.write_kept(season).await?;
        tx.record_look(&look).await?;
        tx.commit().await?;
        Ok(number)
    }

    /// The applicant of an id number, which is looked for by its keyed hash.
    ///
    /// # Errors
    /// There is none; no permission.
    pub async fn find_by_id_number(
        &self,
        actor: &Actor,
        season: &str,
        number: &str,
    ) -> Result<Person, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Regulator])?;
        let (row, _) = self.season_row(season).await?;
        let hash = self.person_hash(&row, number);
        let found = self.store.read().person_of_hash(season, &hash).await?;
        found.ok_or_else(|| ActError::NotFound("证件号码对应的考生".to_owned()))
    }

    async fn person(&self, season: &str, applicant: &str) -> Result<Person, ActError> {
        let found = self.store.read().person(season, applicant).await?;
        found.ok_or_else(|| ActError::NotFound("考生".to_owned()))
    }

    /// Records who goes first among equals of a batch: the applicants in order, under one document. Of a published
    /// batch it counts in corrections alone.
    ///
    /// # Errors
    /// A round of the batch is signed by one; an unknown applicant, or one with an order already; no
    /// document; no permission.
    pub async fn decide_ties(
        &self,
        actor: &Actor,
        season: &str,
        batch: &str,
        applicants: &[String],
        document: &str,
    ) -> Result<(), ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let (_, policy) = self.season_row(season).await?;
        if policy.batch_ix(batch).is_none() {
            return Err(ActError::NotFound(format!("批次 {batch}")));
        }
        let document = typed::document(document)?;
        if applicants.is_empty() {
            return Err(ActError::Conflict("请给出考生次序".to_owned()));
        }
        let tx = self.write_kept(season).await?;
        let signed = |r: &crate::store::Round| {
            r.batch == batch && r.status == crate::store::RoundStatus::Proposed
        };
        if tx.rounds(season).await?.iter().any(signed) {
            return Err(ActError::Conflict("该批次已签发，不能再录入同分裁定".to_owned()));
        }
        let known = tx.tie_rows(season, batch).await?;
        let first = known.iter().map(|t| t.order + 1).max().unwrap_or(1);
        let at = now();
        let mut rows = Vec::with_capacity(applicants.len());
        for (applicant, order) in applicants.iter().zip(first..) {
            if !tx.has_applicant(season, applicant).await? {
                return Err(ActError::NotFound("考生".to_owned()));
            }
            let again = |t: &TieRow| t.applicant == *applicant;
            if known.iter().any(again) || rows.iter().any(again) {
                return Err(ActError::Conflict(format!("考生 {applicant} 已有裁定次序")));
            }
            let (document, recorded_by) = (document.to_owned(), actor.name.clone());
            let applicant = applicant.clone();
            rows.push(TieRow { applicant, order, document, recorded_by, recorded_at: at });
        }
        tx.store_ties(season, batch, &rows).await?;
        for row in &rows {
            let who = self.pseudonym(season, &row.applicant);
            let told = json!({"batch": batch, "order": row.order, "document": row.document});
            self.record(&tx, Event::new("tie_decided", &actor.name, &who, told)).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
