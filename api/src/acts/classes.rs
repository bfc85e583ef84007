//! Classes of a school's registered pupils: formed by the engine, kept on numbered seats, listed for the school.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use luqu_engine::classes::{Conflict, Formation, Groups, PupilRow, Request, Unformed, files, form};
use luqu_engine::domain::{Gender, Outcome, Season};
use luqu_engine::solver::{Backend, Effort};
use serde_json::json;

use super::{ActError, Actor, Office, digest};
use crate::error::Failure;
use crate::ledger::Event;
use crate::store::{NewClass, Record, Role};
use crate::tables::Located;
use crate::tables::write::rosters_xlsx::Pupil;

/// The law's class size, which the schema holds as well.
const CAP: u32 = 55;
/// Nodes of one integer program, as on the command line.
const NODES: u32 = 500;
/// How long a request may search.
const SEARCH: Duration = Duration::from_secs(20);

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClassesAsked {
    /// Fewer classes than approved, or their number where the plan has none.
    pub classes: Option<u32>,
    /// Who shares a class and who may not.
    pub wants: Vec<PupilRow>,
}

/// The classes that were formed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClassesFormed {
    /// Which division of the school's pupils it is, from 1.
    pub number: u32,
    /// Pupils in each class, by number.
    pub sizes: Vec<usize>,
    /// Places off an even share by more than one.
    pub beyond: u32,
    /// What is left uneven, and the least that it can be.
    pub objective: (i64, i64),
    /// What the names were drawn with.
    pub seed: String,
}

impl Office {
    /// Forms the classes of everybody with an open record at a school, anew if there are classes already.
    ///
    /// # Errors
    /// Another's school; nobody is registered; the rules contradict each other, which are named; the records have
    /// changed meanwhile.
    pub async fn form_classes(
        &self,
        actor: &Actor,
        season: &str,
        school: &str,
        asked: ClassesAsked,
    ) -> Result<ClassesFormed, ActError> {
        actor.must_serve(school)?;
        self.must_have_school(season, school).await?;
        let known = self.current(season).await?;
        let ix = known
            .find_school(school)
            .ok_or_else(|| ActError::NotFound(format!("学校 {school}")))?;
        let records = open_of(self.store.read().records(season).await?, school);
        if records.is_empty() {
            return Err(ActError::Conflict("该校还没有已建学籍的学生，不能分班".to_owned()));
        }
        let Some(seed) = known.policy().seed.as_ref().map(ToString::to_string) else {
            return Err(ActError::Conflict("政策没有随机号种子，不能抽签分班".to_owned()));
        };
        let rows = (1..).zip(asked.wants).collect();
        let groups = Groups::check(&known, rows).map_err(|faults| {
            ActError::Faults(faults.into_iter().map(|f| Located::in_file(f, "wants")).collect())
        })?;
        let outcomes = outcomes_of(&known, &records, ix);
        let numbers: BTreeMap<_, _> = asked.classes.map(|n| (ix, n.max(1))).into_iter().collect();
        let work = {
            let seed = seed.clone();
            tokio::task::spawn_blocking(move || {
                let until = Instant::now() + SEARCH;
                let stop = || Instant::now() >= until;
                let effort = Effort { backend: Backend::best(), nodes: NODES, stop: &stop };
                let request =
                    Request { schools: &[ix], classes: &numbers, groups: &groups, seed: &seed };
                let formed = form(&known, &outcomes, &request, &effort).pop();
                let formed = formed.map(|(_, f)| f).unwrap_or(Err(Unformed::NotFound));
                (known, formed)
            })
        };
        let (known, formed) = work.await.map_err(|e| Failure::Internal(e.to_string()))?;
        let formation = formed.map_err(|why| refused(&why))?;
        self.keep(actor, season, school, &known, &records, &formation, seed).await
    }

    #[expect(clippy::too_many_arguments, reason = "one step of one act, with all that it rests on")]
    async fn keep(
        &self,
        actor: &Actor,
        season: &str,
        school: &str,
        known: &Season,
        records: &BTreeMap<String, i64>,
        formation: &Formation,
        seed: String,
    ) -> Result<ClassesFormed, ActError> {
        let cap = known.policy().limits.class_size.as_ref().map_or(CAP, |c| c.value.min(CAP));
        let record = |&id| records.get(known.applicant(id).id.as_str()).copied();
        let classes: Vec<NewClass> = formation
            .classes
            .iter()
            .zip(1..)
            .map(|(members, number)| NewClass {
                number,
                cap,
                records: members.iter().filter_map(record).collect(),
            })
            .collect();
        let tx = self.store.write().await?;
        tx.stand_still().await?;
        if open_of(tx.records(season).await?, school) != *records {
            return Err(ActError::Conflict("分班期间学籍有变动，请重新分班".to_owned()));
        }
        let number = tx.formation(season, school).await? + 1;
        tx.store_classes(season, school, number, &classes).await?;
        let sum = digest(&files::classes(known, std::slice::from_ref(formation)));
        let facts = json!({
            "school": school, "formation": number, "classes": classes.len(), "pupils": records.len(),
            "digest": sum, "seed": seed, "objective": formation.objective, "bound": formation.bound,
        });
        self.record(&tx, Event::new("classes_formed", &actor.name, season, facts)).await?;
        tx.commit().await?;
        Ok(ClassesFormed {
            number,
            sizes: classes.iter().map(|c| c.records.len()).collect(),
            beyond: formation.beyond(),
            objective: (formation.objective, formation.bound),
            seed,
        })
    }

    async fn must_have_school(&self, season: &str, school: &str) -> Result<(), ActError> {
        let there = self.store.read().school_names(season).await?.contains_key(school);
        if there { Ok(()) } else { Err(ActError::NotFound(format!("学校 {school}"))) }
    }

    /// The pupils of a school by class and seat, as last divided.
    ///
    /// # Errors
    /// Another's school; no such season.
    pub async fn class_lists(
        &self,
        actor: &Actor,
        season: &str,
        school: &str,
    ) -> Result<Vec<Pupil>, ActError> {
        if actor.role != Role::Regulator {
            actor.must_serve(school)?;
        }
        self.must_have_school(season, school).await?;
        let read = self.store.read();
        let places = read.places(season, Some(school)).await?;
        let persons = read.identities(season).await?;
        let schools = read.school_names(season).await?;
        let pupil = |p: crate::store::Place| {
            let person = persons.get(&p.applicant)?;
            Some(Pupil {
                class_no: p.class_no,
                seat_no: p.seat_no,
                name: person.name.clone(),
                gender: person.gender.as_deref().and_then(Gender::from_cell),
                junior: schools.get(&person.junior).cloned().unwrap_or_default(),
                applicant_id: p.applicant,
            })
        };
        Ok(places.into_iter().filter_map(pupil).collect())
    }
}

/// The open records of a school, by applicant.
fn open_of(records: Vec<Record>, school: &str) -> BTreeMap<String, i64> {
    let open = records.into_iter().filter(|r| r.open && r.school == school);
    open.map(|r| (r.applicant, r.id)).collect()
}

/// Everybody with a record as placed at the school: class formation asks of an outcome for nothing but its school.
fn outcomes_of(
    season: &Season,
    records: &BTreeMap<String, i64>,
    school: luqu_engine::domain::SchoolIx,
) -> Vec<Outcome> {
    let held: BTreeSet<&str> = records.keys().map(String::as_str).collect();
    let (batch, category) = (0_usize.into(), 0_usize.into());
    let here = Outcome::Adjusted { batch, school, category };
    let outcome = |a: &luqu_engine::domain::Applicant| {
        if held.contains(a.id.as_str()) { here } else { Outcome::NoWishes }
    };
    season.applicants().iter().map(outcome).collect()
}

fn refused(why: &Unformed) -> ActError {
    match why {
        Unformed::Conflict(conflict) => ActError::Conflict(told(conflict)),
        Unformed::NumberMissing => {
            ActError::Conflict("计划没有班数，政策也没有班额；请给出班数".to_owned())
        }
        Unformed::NotFound => ActError::Conflict("限时之内没有找到合乎分班要求的编法".to_owned()),
        Unformed::Wrong(broken) => {
            let words: Vec<String> = broken.iter().map(ToString::to_string).collect();
            Failure::Internal(format!("classes that break a definition: {}", words.join("；")))
                .into()
        }
    }
}

fn told(conflict: &Conflict) -> String {
    let rules: Vec<String> = conflict.rules.iter().map(ToString::to_string).collect();
    let remedy = conflict.remedy.as_ref().map(|r| format!("；改动最小的合规办法：{r}"));
    format!("以下规则不能同时成立：{}{}", rules.join("；"), remedy.unwrap_or_default())
}
