//! Arrivals, clearances and registry records: facts, each resting on the one before.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};

use super::db::{Db, Tx};
use super::entities::{applicant, arrival, class_member, clearance, registry_record, school};
use super::plan::{count, stored};
use super::{Admission, StoreError};

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

/// The clearances that an audit changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changed {
    /// The admissions cleared now that were not before.
    pub given: Vec<i64>,
    /// The admissions cleared before that are not now.
    pub withdrawn: Vec<i64>,
}

impl<C: ConnectionTrait> Db<C> {
    /// What audits said of the admissions of these numbers: nothing against one that is cleared, else the reason.
    ///
    /// # Errors
    /// What the database said.
    pub async fn judged(
        &self,
        admissions: RangeInclusive<i64>,
    ) -> Result<BTreeMap<i64, String>, StoreError> {
        let (first, last) = admissions.into_inner();
        let found =
            clearance::Entity::find().filter(clearance::Column::AdmissionId.between(first, last));
        let rows = found.all(self.on()).await?;
        Ok(rows.into_iter().map(|row| (row.admission_id, row.reason)).collect())
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
    /// Notes that the holder of an admission has arrived, or has not; false if it was noted before.
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
    ) -> Result<bool, StoreError> {
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
            .filter(arrival::Column::Arrived.ne(i32::from(arrived)))
            .exec(self.on())
            .await?;
        if changed.rows_affected > 0 {
            return Ok(true);
        }
        let noted = arrival::Entity::find_by_id(of.id).one(self.on()).await?.is_some();
        if noted || !arrived {
            return Ok(false);
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
        self.insert_all::<arrival::Entity>(vec![row]).await?;
        Ok(true)
    }

    /// Writes what an audit said of the active admissions: nothing against one that is cleared, else the reason. What
    /// has changed is given back, by number.
    ///
    /// # Errors
    /// A clearance to be withdrawn carries a record; what the database said.
    pub async fn store_clearances(
        &self,
        judged: &BTreeMap<i64, String>,
        audit_digest: &str,
        at: i64,
    ) -> Result<Changed, StoreError> {
        let ends = judged.first_key_value().zip(judged.last_key_value());
        let known = match ends {
            Some(((&first, _), (&last, _))) => self.judged(first..=last).await?,
            None => BTreeMap::new(),
        };
        let fresh = judged.iter().filter(|(id, _)| !known.contains_key(id));
        let rows = fresh.map(|(&admission_id, reason)| clearance::Model {
            admission_id,
            admission_active: reason.is_empty().then_some(1),
            valid: reason.is_empty().into(),
            reason: reason.clone(),
            audit_digest: audit_digest.to_owned(),
            issued_at: at,
        });
        self.insert_all::<clearance::Entity>(rows.collect()).await?;
        let mut changed = Changed::default();
        for (&id, reason) in judged {
            let before = known.get(&id);
            if before.is_some_and(|before| before != reason) {
                self.set_clearance(id, reason, audit_digest, at).await?;
            }
            match (before.is_some_and(String::is_empty), reason.is_empty()) {
                (false, true) => changed.given.push(id),
                (true, false) => changed.withdrawn.push(id),
                _ => {}
            }
        }
        Ok(changed)
    }

    /// Gives one clearance anew, where nothing stands against it, or withdraws it for a reason; false if the
    /// admission was never audited.
    ///
    /// # Errors
    /// A record rests on it; the admission is not active; what the database said.
    pub async fn set_clearance(
        &self,
        admission: i64,
        reason: &str,
        audit_digest: &str,
        at: i64,
    ) -> Result<bool, StoreError> {
        let valid = reason.is_empty();
        let changed = clearance::Entity::update_many()
            .set(clearance::ActiveModel {
                valid: Set(valid.into()),
                admission_active: Set(valid.then_some(1)),
                reason: Set(reason.to_owned()),
                audit_digest: Set(audit_digest.to_owned()),
                issued_at: Set(at),
                ..Default::default()
            })
            .filter(clearance::Column::AdmissionId.eq(admission))
            .exec(self.on())
            .await?;
        Ok(changed.rows_affected == 1)
    }

    /// Who of some admitted has an open record of another season.
    ///
    /// # Errors
    /// What the database said.
    pub async fn registered_elsewhere(
        &self,
        season: &str,
        of: &[Admission],
    ) -> Result<BTreeSet<String>, StoreError> {
        let mut found = BTreeSet::new();
        for some in of.chunks(500) {
            let ids = some.iter().map(|a| a.applicant.as_str());
            let people = applicant::Entity::find()
                .filter(applicant::Column::SeasonId.eq(season))
                .filter(applicant::Column::ApplicantId.is_in(ids))
                .all(self.on())
                .await?;
            let people: BTreeMap<Vec<u8>, String> =
                people.into_iter().map(|a| (a.person_hash, a.applicant_id)).collect();
            let open = registry_record::Entity::find()
                .filter(registry_record::Column::PersonHash.is_in(people.keys().cloned()))
                .filter(registry_record::Column::SeasonId.ne(season))
                .filter(registry_record::Column::Status.eq("open"))
                .all(self.on())
                .await?;
            found.extend(open.iter().filter_map(|r| people.get(&r.person_hash).cloned()));
        }
        Ok(found)
    }

    /// Opens registry records for admissions of one school, each with the next free head number.
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
    /// A place in a class rests on it; what the database said.
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

    /// Takes the class places of a record; how many there were.
    ///
    /// # Errors
    /// A place in a section rests on one; what the database said.
    pub async fn leave_classes(&self, record: i64, at: i64) -> Result<u64, StoreError> {
        let changed = class_member::Entity::update_many()
            .set(class_member::ActiveModel {
                active: Set(0),
                record_status: Set(None),
                left_at: Set(Some(at)),
                ..Default::default()
            })
            .filter(class_member::Column::RecordId.eq(record))
            .filter(class_member::Column::Active.eq(1))
            .exec(self.on())
            .await?;
        Ok(changed.rows_affected)
    }
}
