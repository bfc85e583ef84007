//! The hand-over to the registry system: the list 统一招生名单 and the OneRoster archive.
//!
//! Both hold whoever is published, arrived and cleared, or registered already, and nobody else.

use std::collections::BTreeMap;

use luqu_engine::domain::{Gender, Moment, Ownership};
use luqu_engine::policy::Policy;
use serde_json::json;

use super::registry::Standing;
use super::{ActError, Actor, Office, digest, now, typed};
use crate::error::Failure;
use crate::ledger::Event;
use crate::store::{GateRow, Identity, Look, Role, Tx, Which};
use crate::tables::located::masked;
use crate::tables::write::handover::{self, Headings, Intake, Student};
use crate::tables::write::oneroster::{self, Class, Org, Roster};

/// What is to be handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HandOver {
    /// One school, or all.
    pub school: Option<String>,
    /// For what, in the office's words; it is logged.
    pub reason: String,
    /// How the columns are headed and coded.
    pub headings: Headings,
    /// A workbook, or CSV.
    pub workbook: bool,
}

impl Office {
    /// The hand-over list with id numbers, as a file. Who took it and why is logged, and stands in the ledger.
    ///
    /// # Errors
    /// No permission; no reason; an id number that the keys at hand do not open; the persons were destroyed.
    pub async fn hand_over(
        &self,
        actor: &Actor,
        season: &str,
        asked: &HandOver,
    ) -> Result<Vec<u8>, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let reason = typed::reason(&asked.reason)?;
        let (row, policy) = self.season_row(season).await?;
        let tx = self.write_kept(season).await?;
        let school = asked.school.as_deref();
        must_be_a_school(&tx, season, school).await?;
        let mut students = Vec::new();
        let mut grounds = Grounds::default();
        for one in self.ready(&tx, season, school).await? {
            grounds.add(&one.row);
            students.push(self.listed(season, &policy, one)?);
        }
        let intake = Intake { year: row.year };
        let list = handover::csv(&students, intake, Headings::Codes);
        let sum = digest(&list);
        let at = now();
        let look = Look {
            at,
            account: actor.name.clone(),
            action: "handover".to_owned(),
            subject: format!("{season}/{}", school.unwrap_or("*")),
            reason: masked(reason),
        };
        tx.record_look(&look).await?;
        // The reason, in somebody's own words, stays beside the look: what the ledger holds can never be destroyed.
        let facts = json!({"school": school, "students": students.len(), "digest": sum});
        let seq =
            self.record(&tx, Event::new("handover_exported", &actor.name, season, facts)).await?;
        let bytes = if asked.workbook {
            let mut proof = vec![
                ("招生季", format!("{} {season}", row.district)),
                ("范围", school.unwrap_or("全区").to_owned()),
                ("人数", students.len().to_string()),
                ("名单摘要 SHA-256", sum),
                ("日志序号", seq.to_string()),
                ("导出人", actor.name.clone()),
                ("导出时间", Moment::from_unix_seconds(at / 1_000_000).to_string()),
                ("事由", look.reason),
            ];
            proof.extend(grounds.words());
            handover::workbook(&students, intake, asked.headings, &proof)?
        } else {
            handover::csv(&students, intake, asked.headings)
        };
        tx.commit().await?;
        Ok(bytes)
    }

    /// The OneRoster 1.2 archive of the season, or of one school. Taking it is logged.
    ///
    /// # Errors
    /// No permission.
    pub async fn oneroster(
        &self,
        actor: &Actor,
        season: &str,
        school: Option<&str>,
    ) -> Result<Vec<u8>, ActError> {
        match school {
            Some(school) if actor.role == Role::School => actor.must_serve(school)?,
            _ => actor.must_be(&[Role::Clerk, Role::Reviewer, Role::Machine])?,
        }
        let (row, policy) = self.season_row(season).await?;
        let tx = self.store.write().await?;
        must_be_a_school(&tx, season, school).await?;
        let ready = self.ready(&tx, season, school).await?;
        let mut orgs: BTreeMap<String, Org> = BTreeMap::new();
        let schools = tx.plan_draft(season).await?.schools.rows;
        let mut students = Vec::new();
        let mut classes: Vec<Class> = Vec::new();
        for one in ready {
            let id = one.row.admission.school.clone();
            let facts = schools.iter().find(|(_, s)| s.school_id.as_deref() == Some(&id));
            let facts = facts.map(|(_, s)| s);
            orgs.entry(id.clone()).or_insert_with(|| Org {
                school_id: id.clone(),
                name: one.school.clone(),
                ownership: facts.and_then(|s| s.ownership).map_or("", Ownership::label),
                region: facts.and_then(|s| s.region.as_deref()).unwrap_or_default().to_owned(),
            });
            if let Some(class_no) = one.class_no {
                classes.push(Class { school_id: id.clone(), class_no });
            }
            let (batch, category) = words(&policy, &one.row);
            students.push(oneroster::Student {
                applicant_id: one.row.admission.applicant.clone(),
                name: one.person.name,
                gender: one.person.gender.as_deref().and_then(Gender::from_cell),
                school_id: id,
                class_no: one.class_no,
                junior: one.junior,
                junior_id: one.person.junior,
                batch,
                category,
                registered: one.row.record.is_some(),
            });
        }
        classes.sort();
        classes.dedup();
        let roster = Roster {
            season: season.to_owned(),
            district: row.district,
            year: row.year,
            orgs: orgs.into_values().collect(),
            classes,
            students,
        };
        let look = Look {
            at: now(),
            account: actor.name.clone(),
            action: "oneroster".to_owned(),
            subject: format!("{season}/{}", school.unwrap_or("*")),
            reason: "OneRoster".to_owned(),
        };
        tx.record_look(&look).await?;
        let bytes = oneroster::archive(&roster, &|kind, key| self.sourced_id(season, kind, key))?;
        tx.commit().await?;
        Ok(bytes)
    }

    /// A number for a thing in OneRoster: the same in every export of this installation, and saying nothing.
    fn sourced_id(&self, season: &str, kind: &str, key: &str) -> String {
        // A school and its district are the same in every year.
        let scope = if matches!(kind, "school" | "district") { "" } else { season };
        let hash = self.keys.hash("oneroster", format!("{kind}/{scope}/{key}").as_bytes());
        let hex = hex::encode(&hash[..16]);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// Whoever is to be handed over, by school and applicant.
    async fn ready(
        &self,
        tx: &Tx,
        season: &str,
        school: Option<&str>,
    ) -> Result<Vec<Ready>, ActError> {
        let rows = tx.gate_rows(season, school.map_or(Which::All, Which::School)).await?;
        let classes: BTreeMap<i64, u32> =
            tx.places(season, school).await?.into_iter().map(|p| (p.record, p.class_no)).collect();
        let mut persons = tx.identities(season).await?;
        let schools = tx.school_names(season).await?;
        let mut ready = Vec::new();
        for row in rows {
            let standing = Standing::of(&row);
            if !row.admission.active
                || !matches!(standing, Standing::Eligible | Standing::Registered)
            {
                continue;
            }
            let Some(person) = persons.remove(&row.admission.applicant) else { continue };
            let name = |id: &str| schools.get(id).cloned().unwrap_or_default();
            ready.push(Ready {
                school: name(&row.admission.school),
                junior: name(&person.junior),
                class_no: row.record.and_then(|(record, _)| classes.get(&record).copied()),
                standing,
                person,
                row,
            });
        }
        ready.sort_by(|a, b| {
            let key =
                |r: &Ready| (r.row.admission.school.clone(), r.row.admission.applicant.clone());
            key(a).cmp(&key(b))
        });
        Ok(ready)
    }

    fn listed(&self, season: &str, policy: &Policy, one: Ready) -> Result<Student, ActError> {
        let id_number = match &one.person.id_cipher {
            None => None,
            Some(sealed) => Some(self.opened_id(season, sealed).ok_or_else(|| {
                Failure::Internal("an id number was sealed with other keys".to_owned())
            })?),
        };
        let (batch, category) = words(policy, &one.row);
        Ok(Student {
            school_id: one.row.admission.school,
            school: one.school,
            applicant_id: one.row.admission.applicant,
            name: one.person.name,
            gender: one.person.gender.as_deref().and_then(Gender::from_cell),
            id_number,
            registry_no: one.person.registry_no.unwrap_or_default(),
            junior_id: one.person.junior,
            junior: one.junior,
            batch,
            category,
            approval_no: one.row.approval_no,
            class_no: one.class_no.map(|n| n.to_string()).unwrap_or_default(),
            standing: one.standing.words(),
        })
    }
}

/// Refuses a school that the frozen plan does not have.
async fn must_be_a_school(tx: &Tx, season: &str, school: Option<&str>) -> Result<(), ActError> {
    match school {
        Some(id) if tx.school_name(season, id).await?.is_none() => {
            Err(ActError::NotFound(format!("学校 {id}")))
        }
        _ => Ok(()),
    }
}

/// Somebody to be handed over.
struct Ready {
    row: GateRow,
    person: Identity,
    standing: Standing,
    school: String,
    junior: String,
    class_no: Option<u32>,
}

/// The rounds and audits that a list rests on.
#[derive(Default)]
struct Grounds {
    rounds: BTreeMap<i64, (String, String)>,
    audits: BTreeMap<String, usize>,
}

impl Grounds {
    fn add(&mut self, row: &GateRow) {
        let round = || (row.admission.batch.clone(), row.answer_digest.clone());
        self.rounds.entry(row.admission.round).or_insert_with(round);
        if let Some(audit) = &row.clearance {
            *self.audits.entry(audit.digest.clone()).or_default() += 1;
        }
    }

    fn words(self) -> Vec<(&'static str, String)> {
        let rounds = self.rounds.into_iter();
        let rounds = rounds.map(|(id, (batch, sum))| ("公布轮次", format!("{id} {batch} {sum}")));
        let audits = self.audits.into_iter();
        rounds
            .chain(audits.map(|(sum, count)| ("合规核查", format!("{sum}（{count} 人）"))))
            .collect()
    }
}

/// Batch and category in Chinese.
fn words(policy: &Policy, row: &GateRow) -> (String, String) {
    let (batch, category) = (&row.admission.batch, &row.admission.category);
    let batch_ix = policy.batch_ix(batch);
    let category_ix = policy.category_ix(category);
    (
        batch_ix.map_or_else(|| batch.clone(), |b| policy.batch(b).name.to_string()),
        category_ix.map_or_else(|| category.clone(), |c| policy.category(c).name.to_string()),
    )
}
