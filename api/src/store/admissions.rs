//! Admissions, arrivals, clearances and registry records: facts, each resting on the one before.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};

use super::db::{Db, Tx};
use super::entities::{admission, applicant, arrival, clearance, registry_record, school};
use super::plan::{SeatLine, count, stored};
use super::{DecisionKind, DecisionStatus, RoundStatus, StoreError};

/// An admission: a numbered seat of an approved line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Admission {
    /// Its number.
    pub id: i64,
    /// 报名号
    pub applicant: String,
    /// The senior school.
    pub school: String,
    /// 批次
    pub batch: String,
    /// 类别
    pub category: String,
    /// The wish that stuck; 0 when adjusted.
    pub position: u16,
    /// Hundredths.
    pub total: i32,
    /// The line whose seat it holds.
    pub plan: i64,
    /// Which seat of the line, from 1.
    pub seat_no: u32,
    /// When it was published, in microseconds of UTC.
    pub recorded_at: i64,
    /// Not revoked.
    pub active: bool,
}

/// Somebody to be admitted to a numbered seat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewAdmission<'a> {
    /// 报名号
    pub applicant: &'a str,
    /// The category under which the seat is held.
    pub category: &'a str,
    /// Whether it is held as a quota seat.
    pub held_quota: bool,
    /// The wish that stuck; 0 when adjusted.
    pub position: u16,
    /// Hundredths.
    pub total: i32,
    /// The line whose seat it is.
    pub line: &'a SeatLine,
    /// Which seat of the line, from 1.
    pub seat_no: u32,
}

/// Where a published admission comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Publishing<'a> {
    /// The season.
    pub season: &'a str,
    /// 批次
    pub batch: &'a str,
    /// The published round.
    pub round: i64,
    /// The decision of a correction.
    pub correction: Option<i64>,
    /// When, in microseconds of UTC.
    pub at: i64,
}

/// A registry record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Its number.
    pub id: i64,
    /// 报名号
    pub applicant: String,
    /// The senior school.
    pub school: String,
    /// The admission that it rests on.
    pub admission: i64,
    /// Not withdrawn.
    pub open: bool,
    /// When it was opened, in microseconds of UTC.
    pub opened_at: i64,
}

impl<C: ConnectionTrait> Db<C> {
    /// The admissions of a season, revoked ones too, by applicant.
    ///
    /// # Errors
    /// What the database said.
    pub async fn admissions(&self, season: &str) -> Result<Vec<Admission>, StoreError> {
        let rows = admission::Entity::find()
            .filter(admission::Column::SeasonId.eq(season))
            .order_by_asc(admission::Column::ApplicantId)
            .order_by_asc(admission::Column::Id)
            .all(self.on())
            .await?;
        rows.into_iter().map(admission_row).collect()
    }

    /// The active admissions to one school, by applicant.
    ///
    /// # Errors
    /// What the database said.
    pub async fn admissions_of_school(
        &self,
        season: &str,
        school: &str,
    ) -> Result<Vec<Admission>, StoreError> {
        let rows = admission::Entity::find()
            .filter(admission::Column::SeasonId.eq(season))
            .filter(admission::Column::SchoolId.eq(school))
            .filter(admission::Column::Active.eq(1))
            .order_by_asc(admission::Column::ApplicantId)
            .all(self.on())
            .await?;
        rows.into_iter().map(admission_row).collect()
    }

    /// Whoever was admitted by a correction, and in which batch.
    ///
    /// # Errors
    /// What the database said.
    pub async fn corrected(&self, season: &str) -> Result<BTreeMap<String, String>, StoreError> {
        let rows = admission::Entity::find()
            .filter(admission::Column::SeasonId.eq(season))
            .filter(admission::Column::CorrectionId.is_not_null())
            .all(self.on())
            .await?;
        Ok(rows.into_iter().map(|row| (row.applicant_id, row.batch)).collect())
    }

    /// The admissions as they were published, corrections left out and revoked ones in: applicant, batch, school and
    /// category.
    ///
    /// # Errors
    /// What the database said.
    pub async fn published(
        &self,
        season: &str,
    ) -> Result<Vec<(String, String, String, String)>, StoreError> {
        let rows = admission::Entity::find()
            .filter(admission::Column::SeasonId.eq(season))
            .filter(admission::Column::CorrectionId.is_null())
            .all(self.on())
            .await?;
        Ok(rows.into_iter().map(|r| (r.applicant_id, r.batch, r.school_id, r.category)).collect())
    }

    /// The admissions whose holders have arrived.
    ///
    /// # Errors
    /// What the database said.
    pub async fn arrived(&self, season: &str) -> Result<BTreeSet<i64>, StoreError> {
        let rows = arrival::Entity::find()
            .filter(arrival::Column::SeasonId.eq(season))
            .filter(arrival::Column::Arrived.eq(1))
            .all(self.on())
            .await?;
        Ok(rows.into_iter().map(|row| row.admission_id).collect())
    }

    /// The admissions with a valid clearance.
    ///
    /// # Errors
    /// What the database said.
    pub async fn cleared(&self) -> Result<BTreeSet<i64>, StoreError> {
        let rows = clearance::Entity::find().filter(clearance::Column::Valid.eq(1));
        Ok(rows.all(self.on()).await?.into_iter().map(|row| row.admission_id).collect())
    }

    /// The registry records of a season, by number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn records(&self, season: &str) -> Result<Vec<Record>, StoreError> {
        let rows = registry_record::Entity::find()
            .filter(registry_record::Column::SeasonId.eq(season))
            .order_by_asc(registry_record::Column::Id)
            .all(self.on())
            .await?;
        let record = |row: registry_record::Model| Record {
            id: row.id,
            applicant: row.applicant_id,
            school: row.school_id,
            admission: row.admission_id,
            open: row.status == "open",
            opened_at: row.opened_at,
        };
        Ok(rows.into_iter().map(record).collect())
    }
}

impl Tx {
    /// Writes admissions of a published round, or of a correction to one.
    ///
    /// # Errors
    /// Whatever the schema does not let be: over plan, out of region, ineligible, barred, twice, unpublished.
    pub async fn store_admissions(
        &self,
        publishing: Publishing<'_>,
        new: &[NewAdmission<'_>],
    ) -> Result<(), StoreError> {
        let people = applicant::Entity::find()
            .filter(applicant::Column::SeasonId.eq(publishing.season))
            .all(self.on())
            .await?;
        let people: BTreeMap<&str, &applicant::Model> =
            people.iter().map(|a| (a.applicant_id.as_str(), a)).collect();
        let mut rows = Vec::with_capacity(new.len());
        for one in new {
            let Some(person) = people.get(one.applicant) else {
                return Err(StoreError::Foreign(format!("no applicant {}", one.applicant)));
            };
            let any = one.line.scope.iter().any(|r| r == "*");
            let correction = publishing.correction;
            rows.push(admission::Model {
                id: 0,
                season_id: publishing.season.to_owned(),
                applicant_id: one.applicant.to_owned(),
                applicant_region: person.region.clone(),
                applicant_junior: person.junior_id.clone(),
                quota_eligible: person.quota_eligible,
                barred: person.barred,
                plan_id: one.line.id,
                school_id: one.line.school.clone(),
                plan_batch: one.line.batch.clone(),
                plan_category: one.line.category.clone(),
                plan_quota: one.line.junior.is_some().into(),
                plan_junior: one.line.junior.clone().unwrap_or_default(),
                plan_seats: stored(one.line.seats),
                seat_no: stored(one.seat_no),
                scope_region: if any { "*".to_owned() } else { person.region.clone() },
                batch: publishing.batch.to_owned(),
                category: one.category.to_owned(),
                held_quota: one.held_quota.into(),
                position: one.position.into(),
                total: one.total,
                round_id: publishing.round,
                round_status: RoundStatus::Published.word().to_owned(),
                correction_id: correction,
                correction_kind: correction.map(|_| DecisionKind::Correction.word().to_owned()),
                correction_status: correction.map(|_| DecisionStatus::Approved.word().to_owned()),
                active: 1,
                revocation_id: None,
                revocation_kind: None,
                revocation_status: None,
                recorded_at: publishing.at,
            });
        }
        Ok(self.insert_numbered::<admission::Entity>(rows, admission::Column::Id).await?)
    }

    /// Revokes an admission by a decision; false if it is not active.
    ///
    /// # Errors
    /// A record, an arrival or a clearance rests on it; the decision is none of revocation by two.
    pub async fn revoke(&self, id: i64, decision: i64) -> Result<bool, StoreError> {
        self.give_up(id, decision, DecisionKind::Revocation).await
    }

    /// Ends an admission in favour of a better seat that a correction gives; false if it is not active.
    ///
    /// # Errors
    /// A record, an arrival or a clearance rests on it; the decision is no approved correction.
    pub async fn leave(&self, id: i64, decision: i64) -> Result<bool, StoreError> {
        self.give_up(id, decision, DecisionKind::Correction).await
    }

    async fn give_up(
        &self,
        id: i64,
        decision: i64,
        kind: DecisionKind,
    ) -> Result<bool, StoreError> {
        let changed = admission::Entity::update_many()
            .set(admission::ActiveModel {
                active: Set(0),
                revocation_id: Set(Some(decision)),
                revocation_kind: Set(Some(kind.word().to_owned())),
                revocation_status: Set(Some(DecisionStatus::Approved.word().to_owned())),
                ..Default::default()
            })
            .filter(admission::Column::Id.eq(id))
            .filter(admission::Column::Active.eq(1))
            .exec(self.on())
            .await?;
        Ok(changed.rows_affected == 1)
    }

    /// Notes that the holder of an admission has arrived, or has not.
    ///
    /// # Errors
    /// The admission is not active; a record rests on the arrival; what the database said.
    pub async fn set_arrived(
        &self,
        season: &str,
        of: &Admission,
        arrived: bool,
        by: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let active = arrived.then_some(1);
        let changed = arrival::Entity::update_many()
            .set(arrival::ActiveModel {
                arrived: Set(arrived.into()),
                admission_active: Set(active),
                recorded_by: Set(by.to_owned()),
                recorded_at: Set(at),
                ..Default::default()
            })
            .filter(arrival::Column::AdmissionId.eq(of.id))
            .exec(self.on())
            .await?;
        if changed.rows_affected > 0 || !arrived {
            return Ok(());
        }
        let row = arrival::Model {
            admission_id: of.id,
            season_id: season.to_owned(),
            applicant_id: of.applicant.clone(),
            school_id: of.school.clone(),
            admission_active: active,
            arrived: 1,
            recorded_by: by.to_owned(),
            recorded_at: at,
        };
        Ok(self.insert_all::<arrival::Entity>(vec![row]).await?)
    }

    /// Writes what an audit cleared, and withdraws the clearances of the season that it no longer gives.
    ///
    /// # Errors
    /// A clearance to be withdrawn carries a record; what the database said.
    pub async fn store_clearances(
        &self,
        season: &str,
        cleared: &BTreeSet<i64>,
        audit_digest: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let of_season: BTreeSet<i64> =
            self.admissions(season).await?.into_iter().map(|a| a.id).collect();
        let known = clearance::Entity::find().all(self.on()).await?;
        let known: BTreeMap<i64, bool> = known
            .into_iter()
            .filter(|row| of_season.contains(&row.admission_id))
            .map(|row| (row.admission_id, row.valid == 1))
            .collect();
        let fresh = cleared.iter().filter(|id| !known.contains_key(id));
        let rows = fresh.map(|&admission_id| clearance::Model {
            admission_id,
            admission_active: Some(1),
            valid: 1,
            audit_digest: audit_digest.to_owned(),
            issued_at: at,
        });
        self.insert_all::<clearance::Entity>(rows.collect()).await?;
        for (&id, &valid) in &known {
            let now = cleared.contains(&id);
            if now != valid {
                self.set_clearance(id, now, audit_digest, at).await?;
            }
        }
        Ok(())
    }

    /// Gives or withdraws one clearance.
    ///
    /// # Errors
    /// A record rests on it; the admission is not active; what the database said.
    pub async fn set_clearance(
        &self,
        admission: i64,
        valid: bool,
        audit_digest: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        clearance::Entity::update_many()
            .set(clearance::ActiveModel {
                valid: Set(valid.into()),
                admission_active: Set(valid.then_some(1)),
                audit_digest: Set(audit_digest.to_owned()),
                issued_at: Set(at),
                ..Default::default()
            })
            .filter(clearance::Column::AdmissionId.eq(admission))
            .exec(self.on())
            .await?;
        Ok(())
    }

    /// Opens registry records for admissions of one school, each with the next head number.
    ///
    /// # Errors
    /// Whatever the schema does not let be: not arrived, not cleared, a person twice, a new school above 3000.
    pub async fn open_records(
        &self,
        season: &str,
        school_id: &str,
        of: &[Admission],
        by: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let place = school::Entity::find_by_id((season.to_owned(), school_id.to_owned()));
        let Some(place) = place.one(self.on()).await? else {
            return Err(StoreError::Foreign(format!("no school {school_id}")));
        };
        let taken = registry_record::Entity::find()
            .filter(registry_record::Column::SeasonId.eq(season))
            .filter(registry_record::Column::SchoolId.eq(school_id))
            .filter(registry_record::Column::Status.eq("open"))
            .all(self.on())
            .await?;
        let taken: BTreeSet<u32> =
            taken.iter().map(|r| count(r.head_no)).collect::<Result<_, _>>()?;
        let mut free = (count(place.enrolled)? + 1..).filter(|head| !taken.contains(head));
        let mut rows = Vec::with_capacity(of.len());
        for one in of {
            let person = applicant::Entity::find_by_id((season.to_owned(), one.applicant.clone()));
            let Some(person) = person.one(self.on()).await? else {
                return Err(StoreError::Foreign(format!("no applicant {}", one.applicant)));
            };
            rows.push(registry_record::Model {
                id: 0,
                season_id: season.to_owned(),
                applicant_id: one.applicant.clone(),
                person_hash: person.person_hash,
                school_id: school_id.to_owned(),
                school_is_new: place.is_new,
                school_enrolled: place.enrolled,
                head_no: free.next().map_or(i32::MAX, stored),
                admission_id: one.id,
                admission_active: Some(1),
                arrived: Some(1),
                cleared: Some(1),
                status: "open".to_owned(),
                opened_by: by.to_owned(),
                opened_at: at,
                withdrawn_at: None,
            });
        }
        Ok(self
            .insert_numbered::<registry_record::Entity>(rows, registry_record::Column::Id)
            .await?)
    }

    /// Withdraws a record; false if it is not open.
    ///
    /// # Errors
    /// A class or section rests on it; what the database said.
    pub async fn withdraw_record(&self, id: i64, at: i64) -> Result<bool, StoreError> {
        let changed = registry_record::Entity::update_many()
            .set(registry_record::ActiveModel {
                status: Set("withdrawn".to_owned()),
                admission_active: Set(None),
                arrived: Set(None),
                cleared: Set(None),
                withdrawn_at: Set(Some(at)),
                ..Default::default()
            })
            .filter(registry_record::Column::Id.eq(id))
            .filter(registry_record::Column::Status.eq("open"))
            .exec(self.on())
            .await?;
        Ok(changed.rows_affected == 1)
    }
}

pub(super) fn admission_row(row: admission::Model) -> Result<Admission, StoreError> {
    Ok(Admission {
        id: row.id,
        applicant: row.applicant_id,
        school: row.school_id,
        batch: row.batch,
        category: row.category,
        position: u16::try_from(row.position).map_err(|_| StoreError::foreign("position"))?,
        total: row.total,
        plan: row.plan_id,
        seat_no: count(row.seat_no)?,
        recorded_at: row.recorded_at,
        active: row.active == 1,
    })
}
