//! Applicants with all that is recorded of them, written once when wishes open.

use std::collections::BTreeMap;

use luqu_engine::domain::{Season, SubjectIx};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::StoreError;
use super::db::{Db, Tx};
use super::entities::{applicant, restriction, school, special_score};

/// What is kept of an id number: never the number.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SealedId {
    /// Encrypted, where there is a number.
    pub cipher: Option<Vec<u8>>,
    /// Keyed hash of the number, or of the season and the applicant where there is none: one person, one value.
    pub person: Vec<u8>,
    /// Keyed hash of the code on the exam slip, by which a family looks up its result.
    pub lookup: Option<Vec<u8>>,
}

/// What is written of an applicant beside the columns of the tables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Intake {
    /// What is kept of the id number.
    pub sealed: SealedId,
    /// Whether the applicant may hold quota seats.
    pub quota_eligible: bool,
}

/// Who an applicant is, for the registry; scores stay behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// 姓名
    pub name: String,
    /// `F` or `M`, where known.
    pub gender: Option<String>,
    /// The id number, encrypted.
    pub id_cipher: Option<Vec<u8>>,
    /// 学籍号
    pub registry_no: Option<String>,
    /// 毕业学校代码
    pub junior: String,
}

impl<C: ConnectionTrait> Db<C> {
    /// Who the applicants of a season are, by number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn identities(&self, season: &str) -> Result<BTreeMap<String, Identity>, StoreError> {
        use applicant::Column as A;
        type Row = (String, String, Option<String>, Option<Vec<u8>>, Option<String>, String);
        let rows: Vec<Row> = applicant::Entity::find()
            .select_only()
            .columns([A::ApplicantId, A::Name, A::Gender, A::IdCipher, A::RegistryNo, A::JuniorId])
            .filter(A::SeasonId.eq(season))
            .into_tuple()
            .all(self.on())
            .await?;
        let person = |(id, name, gender, id_cipher, registry_no, junior): Row| {
            (id, Identity { name, gender, id_cipher, registry_no, junior })
        };
        Ok(rows.into_iter().map(person).collect())
    }

    /// Whether a season has an applicant.
    ///
    /// # Errors
    /// What the database said.
    pub async fn has_applicant(&self, season: &str, id: &str) -> Result<bool, StoreError> {
        let key = (season.to_owned(), id.to_owned());
        Ok(applicant::Entity::find_by_id(key).one(self.on()).await?.is_some())
    }

    /// The names of the applicants of a season, by number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn names(&self, season: &str) -> Result<BTreeMap<String, String>, StoreError> {
        let rows: Vec<(String, String)> = applicant::Entity::find()
            .select_only()
            .column(applicant::Column::ApplicantId)
            .column(applicant::Column::Name)
            .filter(applicant::Column::SeasonId.eq(season))
            .into_tuple()
            .all(self.on())
            .await?;
        Ok(rows.into_iter().collect())
    }

    /// The keyed hashes of the codes of exam slips, by applicant.
    ///
    /// # Errors
    /// What the database said.
    pub async fn lookup_hashes(&self, season: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let rows: Vec<(String, Option<Vec<u8>>)> = applicant::Entity::find()
            .select_only()
            .column(applicant::Column::ApplicantId)
            .column(applicant::Column::LookupHash)
            .filter(applicant::Column::SeasonId.eq(season))
            .order_by_asc(applicant::Column::ApplicantId)
            .into_tuple()
            .all(self.on())
            .await?;
        Ok(rows.into_iter().filter_map(|(id, hash)| Some((id, hash?))).collect())
    }

    /// The names of the schools of a season, by number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn school_names(&self, season: &str) -> Result<BTreeMap<String, String>, StoreError> {
        let rows: Vec<(String, String)> = school::Entity::find()
            .select_only()
            .column(school::Column::SchoolId)
            .column(school::Column::Name)
            .filter(school::Column::SeasonId.eq(season))
            .into_tuple()
            .all(self.on())
            .await?;
        Ok(rows.into_iter().collect())
    }

    /// Whether a season has a school of this number. Where none has a school, any may be one.
    ///
    /// # Errors
    /// What the database said.
    pub async fn is_school(&self, id: &str) -> Result<bool, StoreError> {
        let these = school::Entity::find().filter(school::Column::SchoolId.eq(id));
        let known = these.one(self.on()).await?.is_some();
        Ok(known || school::Entity::find().one(self.on()).await?.is_none())
    }

    /// The name of a school, if the season has it.
    ///
    /// # Errors
    /// What the database said.
    pub async fn school_name(
        &self,
        season: &str,
        school: &str,
    ) -> Result<Option<String>, StoreError> {
        let name = school::Entity::find()
            .select_only()
            .column(school::Column::Name)
            .filter(school::Column::SeasonId.eq(season))
            .filter(school::Column::SchoolId.eq(school))
            .into_tuple()
            .one(self.on())
            .await?;
        Ok(name)
    }
}

impl Tx {
    /// Writes the applicants of a season, their special scores and restrictions, once. `intakes` has one for each
    /// applicant, in the season's order.
    ///
    /// # Errors
    /// They are there already; what the database said.
    pub async fn store_applicants(
        &self,
        season: &Season,
        intakes: Vec<Intake>,
    ) -> Result<(), StoreError> {
        let id = season.policy().id.to_string();
        let subjects = season.policy().subjects.len();
        let rows = season.applicants().iter().zip(intakes).enumerate().map(|(at, (a, intake))| {
            let marks: Vec<i32> = (0..subjects)
                .map(|s| season.subject_score(at.into(), SubjectIx::from(s)).hundredths())
                .collect();
            let sealed = intake.sealed;
            applicant::Model {
                season_id: id.clone(),
                applicant_id: a.id.to_string(),
                name: a.name.to_string(),
                gender: a.gender.map(|g| g.key().to_owned()),
                id_cipher: sealed.cipher,
                person_hash: sealed.person,
                registry_no: a.registry_no.as_ref().map(ToString::to_string),
                junior_id: season.school(a.junior).id.to_string(),
                region: season.region_name(a.region).to_owned(),
                fresh: a.fresh.into(),
                junior_since: a.junior_since.map(|m| m.to_string()),
                attended: a.attended.into(),
                marks: marks_text(&marks),
                bonus: a.bonus.hundredths(),
                total: a.total.hundredths(),
                evaluation: a.evaluation.map(|e| e.key().to_owned()),
                tie_class: a.tie_class,
                quota_eligible: intake.quota_eligible.into(),
                barred: a.barred.into(),
                lookup_hash: sealed.lookup,
            }
        });
        self.insert_all::<applicant::Entity>(rows.collect()).await?;
        let special = season.special_scores().map(|(a, c, s, score, date)| special_score::Model {
            season_id: id.clone(),
            applicant_id: season.applicant(a).id.to_string(),
            category: season.policy().category(c).id.to_string(),
            school_id: s.map(|s| season.school(s).id.to_string()).unwrap_or_default(),
            score: score.score.hundredths(),
            qualified: score.qualified.into(),
            test_date: date.to_owned(),
        });
        self.insert_all::<special_score::Entity>(special.collect()).await?;
        let restrictions =
            season.restrictions().map(|(a, kind, reason, document)| restriction::Model {
                season_id: id.clone(),
                applicant_id: season.applicant(a).id.to_string(),
                kind: kind.key().to_owned(),
                reason: reason.to_owned(),
                document: document.to_owned(),
            });
        Ok(self.insert_all::<restriction::Entity>(restrictions.collect()).await?)
    }
}

/// Hundredths per subject, joined by commas.
fn marks_text(marks: &[i32]) -> String {
    let marks: Vec<String> = marks.iter().map(i32::to_string).collect();
    marks.join(",")
}
