//! Teaching sections of a school's classes: formed by the engine from the pupils' combinations, kept on numbered seats,
//! listed for the school.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use luqu_engine::domain::Text;
use luqu_engine::policy::Policy;
use luqu_engine::sections::{
    Budget, Cap, Change, Conflict, Level, Pupil, Room, Stuck, Subject, Terms, Timetable, form,
    verify,
};
use luqu_engine::solver::Backend;
use serde_json::json;

use super::choices::{SectionsAsked, read};
use super::memory::away;
use super::{ActError, Actor, Office, digest};
use crate::error::Failure;
use crate::ledger::Event;
use crate::store::{NewSection, Place, Role};
use crate::tables::write::sections::{SchoolSections, pupils_csv};

/// How long a request may search.
const SEARCH: Duration = Duration::from_secs(20);

/// The sections that were formed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SectionsFormed {
    /// Which forming of the school's sections it is, from 1.
    pub number: u32,
    /// Which division of the school's pupils they were formed of.
    pub class_formation: u32,
    /// How many pupils are in them.
    pub pupils: usize,
    /// Sections.
    pub opened: Level,
    /// Pupils who stay with their class.
    pub staying: Level,
    /// Lessons away from the own class.
    pub moves: Level,
    /// The time for the search was over: the best so far.
    pub stopped: bool,
}

/// A pupil's place in a section.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lesson {
    /// The name of the section, such as 物理1-2.
    pub section: String,
    /// What is taught.
    pub subject: Subject,
    /// When, from 1.
    pub block: u8,
    /// Where.
    pub room: Room,
    /// The seat in the section, from 1.
    pub seat_no: u32,
    /// 班号, of the pupil's class.
    pub class_no: u32,
    /// 报名号
    pub applicant: String,
    /// 姓名
    pub name: String,
}

impl Office {
    /// Forms the sections of everybody in the classes of a school, anew if there are sections already.
    ///
    /// # Errors
    /// Another's school; there are no classes; choices with faults; rooms and teachers that cannot do, of which the
    /// fewest that conflict are named; the classes have changed meanwhile.
    pub async fn form_sections(
        &self,
        actor: &Actor,
        season: &str,
        school: &str,
        asked: &SectionsAsked,
    ) -> Result<SectionsFormed, ActError> {
        actor.must_serve(school)?;
        self.school_name(season, school).await?;
        self.must_be_kept(season).await?;
        let (_, policy) = self.season_row(season).await?;
        let places = self.store.read().places(season, Some(school)).await?;
        if places.is_empty() {
            return Err(ActError::Conflict("该校尚未分班，不能编排教学班；请先分班".to_owned()));
        }
        let Some(seed) = policy.seed.as_ref().map(ToString::to_string) else {
            return Err(ActError::Conflict("政策没有随机号种子，不能抽签编排教学班".to_owned()));
        };
        let (pupils, terms) = read(asked, &places, &policy, seed)?;
        let school_id = Text::from(school);
        let work = away(move || {
            let timetable = searched(&pupils, &terms);
            timetable
                .map(|timetable| (terms, SchoolSections { school: school_id, pupils, timetable }))
        });
        let (terms, made) = work.await?.map_err(|why| refused(why, asked, &policy))?;
        self.keep_sections(actor, season, &places, &terms, &made).await
    }

    async fn keep_sections(
        &self,
        actor: &Actor,
        season: &str,
        places: &[Place],
        terms: &Terms,
        made: &SchoolSections,
    ) -> Result<SectionsFormed, ActError> {
        let school = made.school.as_str();
        let timetable = &made.timetable;
        let sections: Vec<NewSection<'_>> = timetable
            .sections
            .iter()
            .map(|s| NewSection {
                subject: s.subject,
                block: s.block,
                number: s.number,
                cap: terms.limit,
                room: s.room.clone(),
                places: s.pupils.iter().map(|&at| &places[at]).collect(),
            })
            .collect();
        let tx = self.write_kept(season).await?;
        if tx.places(season, Some(school)).await? != places {
            return Err(ActError::Conflict("编排期间班级有变动，请重新编排".to_owned()));
        }
        let class_formation = tx.formation(season, school).await?;
        let number = tx.section_formation(season, school).await?.0 + 1;
        tx.store_sections((season, school), class_formation, number, &sections).await?;
        let formed = SectionsFormed {
            number,
            class_formation,
            pupils: places.len(),
            opened: timetable.opened,
            staying: timetable.staying,
            moves: timetable.moves,
            stopped: timetable.stopped,
        };
        let level = |level: Level| [level.value, level.bound];
        let facts = json!({
            "school": school, "formation": number, "class_formation": class_formation,
            "pupils": formed.pupils, "limit": terms.limit, "blocks": terms.blocks,
            "sections": level(formed.opened), "staying": level(formed.staying),
            "moves": level(formed.moves), "stopped": formed.stopped, "seed": terms.seed,
            "digest": digest(&pupils_csv(std::slice::from_ref(made))?),
        });
        self.record(&tx, Event::new("sections_formed", &actor.name, season, facts)).await?;
        tx.commit().await?;
        Ok(formed)
    }

    /// The lessons of everybody in the sections of a school that count, by subject, block, number and seat.
    ///
    /// # Errors
    /// Another's school; no such season.
    pub async fn section_lists(
        &self,
        actor: &Actor,
        season: &str,
        school: &str,
    ) -> Result<Vec<Lesson>, ActError> {
        if actor.role != Role::Regulator {
            actor.must_serve(school)?;
        }
        self.school_name(season, school).await?;
        let read = self.store.read();
        let sections = read.formed_sections(season, school).await?;
        if sections.is_empty() {
            return Ok(Vec::new());
        }
        let places = read.places(season, Some(school)).await?;
        let places: BTreeMap<i64, Place> = places.into_iter().map(|p| (p.record, p)).collect();
        let names = read.names(season).await?;
        let mut lessons = Vec::new();
        for section in sections {
            for (&seat_no, record) in &section.taken {
                // Whoever left between these queries has no place any more.
                let Some(place) = places.get(record) else { continue };
                lessons.push(Lesson {
                    section: section.name(),
                    subject: section.subject,
                    block: section.block,
                    room: section.room.clone(),
                    seat_no,
                    class_no: place.class_no,
                    name: names.get(&place.applicant).cloned().unwrap_or_default(),
                    applicant: place.applicant.clone(),
                });
            }
        }
        Ok(lessons)
    }
}

/// Why there are no sections.
enum Refusal {
    Stuck(Stuck),
    /// The engine's sections break a definition.
    Wrong(String),
}

/// Forms the sections and judges them.
fn searched(pupils: &[Pupil], terms: &Terms) -> Result<Timetable, Refusal> {
    let until = Instant::now() + SEARCH;
    let stop = || Instant::now() >= until;
    let mut budget = Budget::usual(Backend::best());
    budget.effort.stop = &stop;
    let made = form(pupils, terms, &budget).map_err(Refusal::Stuck)?;
    match verify(pupils, terms, &made.sections).first() {
        None => Ok(made),
        Some(breach) => Err(Refusal::Wrong(breach.to_string())),
    }
}

fn refused(why: Refusal, asked: &SectionsAsked, policy: &Policy) -> ActError {
    match why {
        Refusal::Stuck(Stuck::Conflict(conflict)) => {
            ActError::Conflict(told(&conflict, asked, policy))
        }
        Refusal::Stuck(Stuck::NotFound(_)) => {
            ActError::Conflict("限时之内没有找到合乎条件的教学班编法".to_owned())
        }
        Refusal::Stuck(Stuck::Failed(why)) => Failure::Internal(why).into(),
        Refusal::Wrong(breach) => {
            Failure::Internal(format!("sections that break a definition: {breach}")).into()
        }
    }
}

/// The limits that conflict and the cheapest change, in the clerk's words.
fn told(conflict: &Conflict, asked: &SectionsAsked, policy: &Policy) -> String {
    let source = match (asked.limit, &policy.limits.class_size) {
        (None, Some(law)) => format!("（{}）", law.citation()),
        _ => String::new(),
    };
    let limits: Vec<String> = conflict.limits.iter().map(Cap::sentence).collect();
    let changes: Vec<String> = conflict.changes.iter().map(Change::sentence).collect();
    format!(
        "教学班不超过 {} 人{source}，{} 个节段，与下列条件不能同时满足{}：{}；最少的合法改动（班额不可改）：{}",
        asked.limit.unwrap_or_else(|| policy.class_cap()),
        asked.blocks,
        if conflict.proved { "（最少的一组）" } else { "" },
        limits.join("；"),
        changes.join("；"),
    )
}
