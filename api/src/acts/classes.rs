//! Classes of a school's registered pupils: formed by the engine, kept on numbered seats, listed for the school.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use luqu_engine::classes::{Conflict, Formation, Groups, PupilRow, Request, Unformed, files, form};
use luqu_engine::domain::{Gender, Outcome, Season};
use luqu_engine::solver::{Backend, Effort};
use serde_json::{Value, json};

use super::memory::away;
use super::{ActError, Actor, Office, digest};
use crate::error::Failure;
use crate::ledger::Event;
use crate::store::{FormedClass, NewClass, Record, Role};
use crate::tables::Located;
use crate::tables::write::rosters_xlsx::Pupil;

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

/// A pupil's place in a class that was formed before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seated {
    /// Which division of the school's pupils it is, from 1.
    pub formation: u32,
    /// 班号
    pub class_no: u32,
    /// The seat in the class, from 1.
    pub seat_no: u32,
    /// Whether it was given now; false for whoever had it already.
    pub new: bool,
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
        self.school_name(season, school).await?;
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
            away(move || {
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
        let (known, formed) = work.await?;
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
        let cap = known.policy().class_cap();
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

    /// Seats somebody whose record was opened after the classes were formed: in the class with the fewest pupils that
    /// has a place, the smaller number first. The others stay where they are; who has a place already keeps it.
    ///
    /// # Errors
    /// Not admitted to a school that the actor serves; no open record; no classes yet; every class is full.
    pub async fn join_class(
        &self,
        actor: &Actor,
        season: &str,
        applicant: &str,
    ) -> Result<Seated, ActError> {
        let admission = self.served_admission(actor, season, applicant).await?;
        let school = admission.school.as_str();
        let tx = self.store.write().await?;
        let Some(&record) = open_of(tx.records(season).await?, school).get(applicant) else {
            return Err(ActError::Conflict("该生尚未建学籍，不能编入班级；请先建学籍".to_owned()));
        };
        let classes = tx.formed(season, school).await?;
        if classes.is_empty() {
            return Err(ActError::Conflict("该校尚未分班；分班时会一并编入".to_owned()));
        }
        let seat = |class: &FormedClass, seat_no, new| {
            let (formation, class_no) = (class.formation, class.number);
            Seated { formation, class_no, seat_no, new }
        };
        for class in &classes {
            if let Some((&seat_no, _)) = class.taken.iter().find(|(_, sits)| **sits == record) {
                return Ok(seat(class, seat_no, false));
            }
        }
        let Some((class, seat_no)) = place_for_one(&classes) else {
            return Err(ActError::Conflict(full(&classes)));
        };
        tx.take_seat(season, school, class, seat_no, record).await?;
        let told = json!({
            "school": school, "formation": class.formation, "class": class.number, "seat": seat_no,
        });
        let (what, about) = (("class_joined", actor), (season, applicant));
        self.record_about(&tx, what, about, told, Value::Null).await?;
        tx.commit().await?;
        Ok(seat(class, seat_no, true))
    }

    /// The name of a school of a season.
    ///
    /// # Errors
    /// There is no such school.
    pub async fn school_name(&self, season: &str, school: &str) -> Result<String, ActError> {
        let name = self.store.read().school_name(season, school).await?;
        name.ok_or_else(|| ActError::NotFound(format!("学校 {school}")))
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
        self.school_name(season, school).await?;
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

/// The class with the fewest pupils that has a place, the first of equals, and the seat there.
fn place_for_one(classes: &[FormedClass]) -> Option<(&FormedClass, u32)> {
    let has_place = |c: &&FormedClass| c.taken.len() < c.cap as usize;
    let class = classes.iter().filter(has_place).min_by_key(|c| c.taken.len())?;
    free_seat(&class.taken, class.cap).map(|seat| (class, seat))
}

/// The seat behind the last one, or where that is beyond the cap, the first that somebody left.
pub(super) fn free_seat(taken: &BTreeMap<u32, i64>, cap: u32) -> Option<u32> {
    let last = taken.keys().next_back().copied().unwrap_or(0);
    (last + 1..=cap).chain(1..=cap).find(|seat| !taken.contains_key(seat))
}

/// Why nobody can join these classes.
fn full(classes: &[FormedClass]) -> String {
    let each = |c: &FormedClass| format!("{}班 {}人，上限{}人", c.number, c.taken.len(), c.cap);
    let each: Vec<String> = classes.iter().map(each).collect();
    format!("各班均已满额，不能编入（{}）；须增班并重新分班", each.join("；"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn class(number: u32, cap: u32, seats: impl IntoIterator<Item = u32>) -> FormedClass {
        let taken = seats.into_iter().map(|seat| (seat, i64::from(100 * number + seat))).collect();
        FormedClass { id: i64::from(number), formation: 1, number, cap, taken }
    }

    fn given(classes: &[FormedClass]) -> Option<(u32, u32)> {
        place_for_one(classes).map(|(class, seat)| (class.number, seat))
    }

    #[test]
    fn whoever_comes_late_joins_the_fewest_and_the_first_of_equals() {
        assert_eq!(
            given(&[class(1, 55, 1..=50), class(2, 55, 1..=49), class(3, 55, 1..=49)]),
            Some((2, 50))
        );
        // The fewest do not count where the class is full.
        assert_eq!(given(&[class(1, 50, 1..=50), class(2, 55, 1..=54)]), Some((2, 55)));
        assert_eq!(given(&[class(1, 55, [])]), Some((1, 1)));
    }

    #[test]
    fn a_seat_that_was_left_is_given_only_when_the_row_is_at_its_end() {
        assert_eq!(given(&[class(1, 55, (1..=50).filter(|s| *s != 7))]), Some((1, 51)));
        assert_eq!(given(&[class(1, 55, (1..=55).filter(|s| *s != 7))]), Some((1, 7)));
    }

    #[test]
    fn full_classes_are_named_with_what_they_hold() {
        let classes = [class(1, 55, 1..=55), class(2, 54, 1..=54)];
        assert_eq!(given(&classes), None);
        assert_eq!(
            full(&classes),
            "各班均已满额，不能编入（1班 55人，上限55人；2班 54人，上限54人）；须增班并重新分班"
        );
    }
}
