//! Applicants with all that is recorded of them, written once when wishes open.

use luqu_engine::domain::{Applicant, Season, SubjectIx};

use super::StoreError;
use super::db::Tx;
use super::entities::{applicant, restriction, special_score};

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

/// How applicants are written.
pub struct Intake<'a> {
    /// What is kept of an applicant's id number.
    pub seal: &'a (dyn Fn(&Applicant) -> SealedId + Sync),
    /// Whether an applicant may hold quota seats.
    pub quota_eligible: &'a (dyn Fn(&Applicant) -> bool + Sync),
}

impl std::fmt::Debug for Intake<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Intake")
    }
}

impl Tx {
    /// Writes the applicants of a season, their special scores and restrictions, once.
    ///
    /// # Errors
    /// They are there already; what the database said.
    pub async fn store_applicants(
        &self,
        season: &Season,
        intake: &Intake<'_>,
    ) -> Result<(), StoreError> {
        let id = season.policy().id.to_string();
        let subjects = season.policy().subjects.len();
        let rows = season.applicants().iter().enumerate().map(|(at, a)| {
            let marks: Vec<i32> = (0..subjects)
                .map(|s| season.subject_score(at.into(), SubjectIx::from(s)).hundredths())
                .collect();
            let sealed = (intake.seal)(a);
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
                quota_eligible: (intake.quota_eligible)(a).into(),
                barred: a.barred.into(),
                lookup_hash: sealed.lookup,
            }
        });
        self.insert_all::<applicant::Entity>(rows).await?;
        let special = season.special_scores().map(|(a, c, s, score, date)| special_score::Model {
            season_id: id.clone(),
            applicant_id: season.applicant(a).id.to_string(),
            category: season.policy().category(c).id.to_string(),
            school_id: s.map(|s| season.school(s).id.to_string()).unwrap_or_default(),
            score: score.score.hundredths(),
            qualified: score.qualified.into(),
            test_date: date.to_owned(),
        });
        self.insert_all::<special_score::Entity>(special).await?;
        let restrictions =
            season.restrictions().map(|(a, kind, reason, document)| restriction::Model {
                season_id: id.clone(),
                applicant_id: season.applicant(a).id.to_string(),
                kind: kind.key().to_owned(),
                reason: reason.to_owned(),
                document: document.to_owned(),
            });
        Ok(self.insert_all::<restriction::Entity>(restrictions).await?)
    }
}

/// Hundredths per subject, joined by commas.
fn marks_text(marks: &[i32]) -> String {
    let marks: Vec<String> = marks.iter().map(i32::to_string).collect();
    marks.join(",")
}
