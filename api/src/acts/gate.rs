//! What the registry system asks: may a record be opened, for one student, for all, and what has happened since.
//!
//! It learns the application number, the school and the grounds. Names, scores and id numbers are not here; whoever asks
//! by an id number has it already.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::registry::Standing;
use super::{ActError, Actor, Office, digest};
use crate::store::{GateEvent, GateRow, Role, Which};

/// Characters of the mark in a cursor.
const MARK: usize = 12;

/// Whether a record may be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// It may, or it is open.
    Eligible,
    /// Not yet: not arrived, or not audited.
    Held,
    /// It may not: never admitted, revoked, or held against by the audit.
    Refused,
}

/// The answer of the gate for one student.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct GateAnswer {
    /// 报名号
    pub applicant_id: String,
    /// Whether a record may be opened.
    pub state: GateState,
    /// Where in the process: `eligible`, `not_arrived`, `not_cleared`, `blocked`, `registered`, `revoked`,
    /// `not_admitted`.
    pub standing: String,
    /// The same in words.
    pub words: String,
    /// The only school that may open the record.
    pub school_id: Option<String>,
    /// What the answer rests on; none where nobody of this number was ever admitted.
    pub evidence: Option<Evidence>,
}

/// What an answer of the gate rests on. Times are microseconds of UTC.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Evidence {
    /// The number of the admission.
    pub admission: i64,
    /// 批次
    pub batch: String,
    /// 类别
    pub category: String,
    /// 计划文号
    pub approval_no: String,
    /// Which seat of the plan line, from 1.
    pub seat_no: u32,
    /// The round that was published.
    pub round: i64,
    /// The digest that two people signed.
    pub answer_digest: String,
    /// When it was published.
    pub published_at: i64,
    /// The decision by two that ended the admission.
    pub revoked_by: Option<i64>,
    /// When the student arrived.
    pub arrived_at: Option<i64>,
    /// What the last audit said.
    pub audit: Option<Audited>,
    /// When the record was opened.
    pub record_opened_at: Option<i64>,
}

/// What an audit said of an admission.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Audited {
    /// Whether nothing stands against a record.
    pub cleared: bool,
    /// What does.
    pub reason: String,
    /// The digest of the report.
    pub digest: String,
    /// When.
    pub at: i64,
}

/// A page of answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct GatePage {
    /// By application number.
    pub students: Vec<GateAnswer>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// An event for the registry system.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct FeedEvent {
    /// Its place: what `after` of the next request says.
    pub cursor: String,
    /// `admission_published`, `admission_revoked`, `arrived`, `arrival_undone`, `cleared`, `clearance_withdrawn`,
    /// `record_opened`, `record_withdrawn`.
    pub kind: String,
    /// Microseconds of UTC.
    pub at: i64,
    /// 报名号
    pub applicant_id: String,
    /// The senior school.
    pub school_id: String,
    /// The number of the admission.
    pub admission: i64,
}

/// A page of the feed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct FeedPage {
    /// In the order in which they happened.
    pub events: Vec<FeedEvent>,
    /// What `after` of the next request says, now or later: the last place seen.
    pub next: Option<String>,
}

/// The most of a page.
const MOST: u64 = 500;

const READERS: &[Role] = &[Role::Machine, Role::Clerk, Role::Reviewer, Role::Regulator];

impl Office {
    /// The answer of the gate for one applicant. Who was not admitted is refused.
    ///
    /// # Errors
    /// No such applicant; no permission, or `NotFound` for a school about another's; no such season.
    pub async fn gate(
        &self,
        actor: &Actor,
        season: &str,
        applicant: &str,
    ) -> Result<GateAnswer, ActError> {
        self.season_row(season).await?;
        let rows = self.store.read().gate_rows(season, Which::Applicant(applicant)).await?;
        let row = standing_row(rows);
        if actor.role == Role::School {
            // That another school's child exists at all is not told.
            let none = || ActError::NotFound("该考生的录取".to_owned());
            let own = row.filter(|r| actor.must_serve(&r.admission.school).is_ok());
            return own.map(answer).ok_or_else(none);
        }
        actor.must_be(READERS)?;
        if row.is_none() && !self.store.read().has_applicant(season, applicant).await? {
            return Err(ActError::NotFound("该考生".to_owned()));
        }
        Ok(row.map_or_else(|| not_admitted(applicant), answer))
    }

    /// The answer of the gate for whoever has this id number, which is compared by its keyed hash.
    ///
    /// # Errors
    /// No permission; no such season.
    pub async fn gate_of_person(
        &self,
        actor: &Actor,
        season: &str,
        id_number: &str,
    ) -> Result<GateAnswer, ActError> {
        actor.must_be(READERS)?;
        let (row, _) = self.season_row(season).await?;
        let hash = self.person_hash(&row, id_number);
        match self.store.read().applicant_of_person(season, &hash).await? {
            Some(applicant) => self.gate(actor, season, &applicant).await,
            None => Ok(not_admitted("")),
        }
    }

    /// The answers for everybody ever admitted, by application number, behind one of them.
    ///
    /// # Errors
    /// No permission; no such season.
    pub async fn gate_page(
        &self,
        actor: &Actor,
        season: &str,
        after: &str,
        limit: u64,
    ) -> Result<GatePage, ActError> {
        actor.must_be(READERS)?;
        self.season_row(season).await?;
        let limit = limit.clamp(1, MOST);
        // Whoever was revoked may have a second row, and a page must not end between the two.
        let most = 2 * limit + 2;
        let rows = self.store.read().gate_rows(season, Which::After(after, most)).await?;
        let cut = rows.len() as u64 == most;
        let mut people: BTreeMap<String, Vec<GateRow>> = BTreeMap::new();
        for row in rows {
            people.entry(row.admission.applicant.clone()).or_default().push(row);
        }
        let more = cut || people.len() as u64 > limit;
        if cut && people.len() > 1 {
            people.pop_last();
        }
        let groups = people.into_values().take(usize::try_from(limit).unwrap_or(usize::MAX));
        let students: Vec<GateAnswer> = groups.filter_map(standing_row).map(answer).collect();
        let next = students.last().filter(|_| more).map(|s| s.applicant_id.clone());
        Ok(GatePage { students, next })
    }

    /// The events behind a place of the feed. Nothing is skipped and nothing told twice, whoever writes meanwhile.
    ///
    /// # Errors
    /// No permission; no such season; a cursor that the feed never gave.
    pub async fn feed(
        &self,
        actor: &Actor,
        season: &str,
        after: Option<&str>,
        limit: u64,
    ) -> Result<FeedPage, ActError> {
        actor.must_be(READERS)?;
        self.season_row(season).await?;
        let behind = match after.map(place_of).transpose()? {
            None => None,
            Some((place, mark)) => {
                let leaf = self.store.read().leaf_of_event(season, place).await?;
                if leaf.is_none_or(|leaf| mark_of(&leaf) != mark) {
                    let words = "after 不是本事件流给出的 cursor；数据库恢复过备份的，请从头读取";
                    return Err(ActError::Conflict(words.to_owned()));
                }
                Some(place)
            }
        };
        let found = self.store.read().gate_events(season, behind, limit.clamp(1, MOST)).await?;
        let events: Vec<FeedEvent> = found.into_iter().map(told).collect();
        let next = events.last().map(|e| e.cursor.clone()).or_else(|| after.map(str::to_owned));
        Ok(FeedPage { events, next })
    }
}

/// Of an applicant's admissions the active one, else the last.
fn standing_row(rows: Vec<GateRow>) -> Option<GateRow> {
    let active = rows.iter().position(|row| row.admission.active);
    let at = active.or(rows.len().checked_sub(1))?;
    rows.into_iter().nth(at)
}

fn not_admitted(applicant: &str) -> GateAnswer {
    GateAnswer {
        applicant_id: applicant.to_owned(),
        state: GateState::Refused,
        standing: "not_admitted".to_owned(),
        words: "没有公布的录取".to_owned(),
        school_id: None,
        evidence: None,
    }
}

fn answer(row: GateRow) -> GateAnswer {
    let standing = Standing::of(&row);
    let (state, key, words) = match standing {
        _ if !row.admission.active => {
            let why = row.clearance.as_ref().map(|c| c.reason.clone());
            let why = why.filter(|w| !w.is_empty()).unwrap_or_else(|| "录取已撤销".to_owned());
            (GateState::Refused, "revoked", why)
        }
        Standing::Registered => (GateState::Eligible, "registered", standing.words().to_owned()),
        Standing::Eligible => (GateState::Eligible, "eligible", standing.words().to_owned()),
        Standing::NotArrived => (GateState::Held, "not_arrived", standing.words().to_owned()),
        Standing::NotCleared => (GateState::Held, "not_cleared", standing.words().to_owned()),
        Standing::Blocked => {
            let why = row.clearance.as_ref().map(|c| c.reason.clone()).unwrap_or_default();
            (GateState::Refused, "blocked", format!("{}：{why}", standing.words()))
        }
    };
    let admission = row.admission;
    GateAnswer {
        state,
        standing: key.to_owned(),
        words,
        school_id: admission.active.then(|| admission.school.clone()),
        evidence: Some(Evidence {
            admission: admission.id,
            batch: admission.batch,
            category: admission.category,
            approval_no: row.approval_no,
            seat_no: admission.seat_no,
            round: admission.round,
            answer_digest: row.answer_digest,
            published_at: admission.recorded_at,
            revoked_by: admission.ended_by,
            arrived_at: row.arrived_at,
            audit: row.clearance.map(|c| Audited {
                cleared: c.reason.is_empty(),
                reason: c.reason,
                digest: c.digest,
                at: c.at,
            }),
            record_opened_at: row.record.map(|(_, at)| at),
        }),
        applicant_id: admission.applicant,
    }
}

fn told(event: GateEvent) -> FeedEvent {
    let (seq, nth) = event.place;
    FeedEvent {
        cursor: format!("{seq}.{nth}.{}", mark_of(&event.leaf)),
        kind: event.kind.word().to_owned(),
        at: event.at,
        applicant_id: event.applicant,
        school_id: event.school,
        admission: event.admission,
    }
}

/// What tells the entry of an event from another that stands at its number after a backup was restored.
fn mark_of(leaf: &[u8]) -> String {
    digest(leaf).chars().take(MARK).collect()
}

/// The place that a cursor names, and the mark of its entry.
fn place_of(cursor: &str) -> Result<((u64, u32), &str), ActError> {
    let unknown = || ActError::Conflict("after 须是事件流给出的 cursor".to_owned());
    let mut parts = cursor.split('.');
    let mut part = || parts.next().ok_or_else(unknown);
    let (seq, nth, mark) = (part()?, part()?, part()?);
    let seq: u64 = seq.parse().map_err(|_| unknown())?;
    let nth: u32 = nth.parse().map_err(|_| unknown())?;
    let fits = i64::try_from(seq).is_ok() && i32::try_from(nth).is_ok();
    let whole = fits && mark.len() == MARK && parts.next().is_none();
    whole.then_some(((seq, nth), mark)).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_one_that_the_feed_gave() {
        assert_eq!(place_of("12.3.0123456789ab").ok(), Some(((12, 3), "0123456789ab")));
        for no in [
            "",
            "12",
            ".",
            "1.2",
            "1.2.",
            "1.2.3",
            "-1.0.0123456789ab",
            "1.2.0123456789ab.4",
            "99999999999999999999.0.0123456789ab",
            "1.9999999999.0123456789ab",
        ] {
            assert!(place_of(no).is_err(), "{no}");
        }
    }
}
