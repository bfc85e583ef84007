//! Admissions: numbered seats of approved lines, written by publications and corrections, given up by decisions.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::db::{Db, Tx};
use super::entities::{admission, applicant};
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
    /// The round that it was published with.
    pub round: i64,
    /// Not revoked.
    pub active: bool,
    /// The decision that ended it.
    pub ended_by: Option<i64>,
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

    /// The admissions to which a round or, where there is one, a correction gave rise, by number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn admissions_given(
        &self,
        round: i64,
        correction: Option<i64>,
    ) -> Result<Vec<i64>, StoreError> {
        let source = match correction {
            None => admission::Column::CorrectionId.is_null(),
            Some(decision) => admission::Column::CorrectionId.eq(decision),
        };
        Ok(admission::Entity::find()
            .select_only()
            .column(admission::Column::Id)
            .filter(admission::Column::RoundId.eq(round))
            .filter(source)
            .order_by_asc(admission::Column::Id)
            .into_tuple()
            .all(self.on())
            .await?)
    }

    /// Whoever was admitted by a correction: in which batch, and when.
    ///
    /// # Errors
    /// What the database said.
    pub async fn corrected(
        &self,
        season: &str,
    ) -> Result<BTreeMap<String, (String, i64)>, StoreError> {
        let rows = admission::Entity::find()
            .filter(admission::Column::SeasonId.eq(season))
            .filter(admission::Column::CorrectionId.is_not_null())
            .all(self.on())
            .await?;
        Ok(rows.into_iter().map(|r| (r.applicant_id, (r.batch, r.recorded_at))).collect())
    }

    /// The admissions as they were published, corrections left out and revoked ones in.
    ///
    /// # Errors
    /// What the database said.
    pub async fn published(&self, season: &str) -> Result<Vec<Admission>, StoreError> {
        let rows = admission::Entity::find()
            .filter(admission::Column::SeasonId.eq(season))
            .filter(admission::Column::CorrectionId.is_null())
            .all(self.on())
            .await?;
        rows.into_iter().map(admission_row).collect()
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
        round: row.round_id,
        active: row.active == 1,
        ended_by: row.revocation_id,
    })
}
