//! What the registry system may know: how an admission stands with all that it rests on, and the events that led there.

use std::collections::BTreeMap;

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::admissions::admission_row;
use super::db::{Db, Tx};
use super::entities::{
    admission, applicant, arrival, clearance, gate_event, ledger_entry, plan_line, registry_record,
    round,
};
use super::{Admission, StoreError};

words! {
    /// What happened to an admission.
    GateKind {
        /// 录取公布
        Published = "admission_published",
        /// 录取撤销, or given up for a better seat that a correction gave.
        Revoked = "admission_revoked",
        /// 报到
        Arrived = "arrived",
        /// 撤回报到
        ArrivalUndone = "arrival_undone",
        /// 通过核查
        Cleared = "cleared",
        /// 撤回准入
        ClearanceWithdrawn = "clearance_withdrawn",
        /// 建立学籍
        RecordOpened = "record_opened",
        /// 注销学籍
        RecordWithdrawn = "record_withdrawn",
    }
}

/// An event: the number of its ledger entry, and which of that entry it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GateEvent {
    /// The number of the ledger entry, and which of its events from 0.
    pub place: (u64, u32),
    /// What happened.
    pub kind: GateKind,
    /// The number of the admission.
    pub admission: i64,
    /// 报名号
    pub applicant: String,
    /// The senior school.
    pub school: String,
    /// When, in microseconds of UTC.
    pub at: i64,
    /// The leaf of the ledger entry.
    pub leaf: Vec<u8>,
}

/// An admission with everything that a registry record rests on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GateRow {
    /// The admission.
    pub admission: Admission,
    /// 计划文号 of the line whose seat it holds.
    pub approval_no: String,
    /// The digest that two people signed.
    pub answer_digest: String,
    /// When the holder arrived, in microseconds of UTC.
    pub arrived_at: Option<i64>,
    /// What the last audit said.
    pub clearance: Option<Judgement>,
    /// The number of the record that is open, and since when.
    pub record: Option<(i64, i64)>,
}

/// What an audit said of an admission.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// Nothing where it is cleared.
    pub reason: String,
    /// The digest of the audit's report, or of the decision that withdrew the clearance.
    pub digest: String,
    /// When, in microseconds of UTC.
    pub at: i64,
}

/// How much the registry system is told of one entry of the ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Told {
    /// How many events there are.
    pub events: u64,
    /// How many there must have been, by the number of the last.
    pub numbered: u64,
}

/// Which admissions are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which<'a> {
    /// All of the season.
    All,
    /// Of one school.
    School(&'a str),
    /// Of one applicant.
    Applicant(&'a str),
    /// Of the applicants behind this one in the order of numbers, at most so many rows.
    After(&'a str, u64),
}

impl<C: ConnectionTrait> Db<C> {
    /// Admissions with what they rest on, revoked ones too, by applicant and number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn gate_rows(
        &self,
        season: &str,
        which: Which<'_>,
    ) -> Result<Vec<GateRow>, StoreError> {
        let of_season = Condition::all().add(admission::Column::SeasonId.eq(season));
        let (asked, most) = match which {
            Which::All => (of_season, None),
            Which::School(id) => (of_season.add(admission::Column::SchoolId.eq(id)), None),
            Which::Applicant(id) => (of_season.add(admission::Column::ApplicantId.eq(id)), None),
            Which::After(id, most) => {
                (of_season.add(admission::Column::ApplicantId.gt(id)), Some(most))
            }
        };
        let rows = admission::Entity::find()
            .filter(asked)
            .order_by_asc(admission::Column::ApplicantId)
            .order_by_asc(admission::Column::Id)
            .limit(most)
            .all(self.on())
            .await?;
        let rows: Vec<Admission> = rows.into_iter().map(admission_row).collect::<Result<_, _>>()?;
        // A few rows are asked for by their numbers, a season by itself.
        let few: Option<Vec<i64>> =
            (rows.len() <= FEW).then(|| rows.iter().map(|a| a.id).collect());
        self.with_grounds(season, rows, few.as_deref()).await
    }

    async fn with_grounds(
        &self,
        season: &str,
        rows: Vec<Admission>,
        few: Option<&[i64]>,
    ) -> Result<Vec<GateRow>, StoreError> {
        let approvals: BTreeMap<i64, String> = plan_line::Entity::find()
            .select_only()
            .columns([plan_line::Column::Id, plan_line::Column::ApprovalNo])
            .filter(plan_line::Column::SeasonId.eq(season))
            .into_tuple::<(i64, String)>()
            .all(self.on())
            .await?
            .into_iter()
            .collect();
        let digests: BTreeMap<i64, String> = round::Entity::find()
            .select_only()
            .columns([round::Column::Id, round::Column::AnswerDigest])
            .filter(round::Column::SeasonId.eq(season))
            .into_tuple::<(i64, String)>()
            .all(self.on())
            .await?
            .into_iter()
            .collect();
        let mut arrivals = arrival::Entity::find().filter(arrival::Column::Arrived.eq(1));
        let mut judged = clearance::Entity::find();
        let mut records =
            registry_record::Entity::find().filter(registry_record::Column::Status.eq("open"));
        if let Some(ids) = few {
            arrivals = arrivals.filter(arrival::Column::AdmissionId.is_in(ids.iter().copied()));
            judged = judged.filter(clearance::Column::AdmissionId.is_in(ids.iter().copied()));
            records =
                records.filter(registry_record::Column::AdmissionId.is_in(ids.iter().copied()));
        }
        let arrivals: BTreeMap<i64, i64> = arrivals
            .all(self.on())
            .await?
            .into_iter()
            .map(|row| (row.admission_id, row.recorded_at))
            .collect();
        let mut judged: BTreeMap<i64, Judgement> = judged
            .all(self.on())
            .await?
            .into_iter()
            .map(|row| {
                let (reason, digest, at) = (row.reason, row.audit_digest, row.issued_at);
                (row.admission_id, Judgement { reason, digest, at })
            })
            .collect();
        let records: BTreeMap<i64, (i64, i64)> = records
            .all(self.on())
            .await?
            .into_iter()
            .map(|row| (row.admission_id, (row.id, row.opened_at)))
            .collect();
        let grounded = rows.into_iter().map(|a| GateRow {
            approval_no: approvals.get(&a.plan).cloned().unwrap_or_default(),
            answer_digest: digests.get(&a.round).cloned().unwrap_or_default(),
            arrived_at: arrivals.get(&a.id).copied(),
            clearance: judged.remove(&a.id),
            record: records.get(&a.id).copied(),
            admission: a,
        });
        Ok(grounded.collect())
    }

    /// The applicant of a season with this keyed hash of the id number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn applicant_of_person(
        &self,
        season: &str,
        hash: &[u8],
    ) -> Result<Option<String>, StoreError> {
        let row = applicant::Entity::find()
            .filter(applicant::Column::SeasonId.eq(season))
            .filter(applicant::Column::PersonHash.eq(hash.to_vec()))
            .one(self.on())
            .await?;
        Ok(row.map(|row| row.applicant_id))
    }

    /// The leaf of the ledger entry of an event of a season, if there is such an event.
    ///
    /// # Errors
    /// What the database said.
    pub async fn leaf_of_event(
        &self,
        season: &str,
        (seq, nth): (u64, u32),
    ) -> Result<Option<Vec<u8>>, StoreError> {
        use gate_event::Column as E;
        let event = gate_event::Entity::find()
            .filter(E::SeasonId.eq(season))
            .filter(E::Seq.eq(seq.cast_signed()))
            .filter(E::Nth.eq(nth));
        if event.one(self.on()).await?.is_none() {
            return Ok(None);
        }
        Ok(self.leaves(seq, 1).await?.pop())
    }

    /// The events of a season behind a place, in order, at most `most`. What one answer ended with, the next goes on
    /// from: entries are written one after another, so that nothing ever appears before what was seen.
    ///
    /// # Errors
    /// What the database said.
    pub async fn gate_events(
        &self,
        season: &str,
        behind: Option<(u64, u32)>,
        most: u64,
    ) -> Result<Vec<GateEvent>, StoreError> {
        use gate_event::Column as E;
        let mut asked = gate_event::Entity::find().filter(E::SeasonId.eq(season));
        if let Some((seq, nth)) = behind {
            let same = Condition::all().add(E::Seq.eq(seq.cast_signed())).add(E::Nth.gt(nth));
            asked = asked.filter(Condition::any().add(E::Seq.gt(seq.cast_signed())).add(same));
        }
        let rows =
            asked.order_by_asc(E::Seq).order_by_asc(E::Nth).limit(most).all(self.on()).await?;
        let entries: BTreeMap<i64, ledger_entry::Model> = ledger_entry::Entity::find()
            .filter(ledger_entry::Column::Seq.is_in(rows.iter().map(|row| row.seq)))
            .all(self.on())
            .await?
            .into_iter()
            .map(|entry| (entry.seq, entry))
            .collect();
        let of: BTreeMap<i64, (String, String)> = admission::Entity::find()
            .filter(admission::Column::Id.is_in(rows.iter().map(|row| row.admission_id)))
            .all(self.on())
            .await?
            .into_iter()
            .map(|row| (row.id, (row.applicant_id, row.school_id)))
            .collect();
        let event = |row: gate_event::Model| {
            let (applicant, school) = of.get(&row.admission_id).cloned().unwrap_or_default();
            let nth = u32::try_from(row.nth).map_err(|_| StoreError::foreign("gate_event.nth"))?;
            Ok(GateEvent {
                place: (row.seq.cast_unsigned(), nth),
                kind: GateKind::of_word(&row.kind)?,
                admission: row.admission_id,
                applicant,
                school,
                at: entries.get(&row.seq).map_or(0, |entry| entry.recorded_at),
                leaf: entries.get(&row.seq).map(|entry| entry.leaf.clone()).unwrap_or_default(),
            })
        };
        rows.into_iter().map(event).collect()
    }
}

impl<C: ConnectionTrait> Db<C> {
    /// How many events stand beside the entries of the ledger that have any, by the number of the entry.
    ///
    /// # Errors
    /// What the database said.
    pub async fn told(&self) -> Result<BTreeMap<u64, Told>, StoreError> {
        use gate_event::Column as E;
        let rows = gate_event::Entity::find()
            .select_only()
            .column(E::Seq)
            .column_as(E::Nth.count(), "events")
            .column_as(E::Nth.max(), "last")
            .group_by(E::Seq)
            .into_tuple::<(i64, i64, i32)>()
            .all(self.on())
            .await?;
        let told = |(seq, events, last): (i64, i64, i32)| {
            let numbered = u64::from(last.cast_unsigned()) + 1;
            (seq.cast_unsigned(), Told { events: events.cast_unsigned(), numbered })
        };
        Ok(rows.into_iter().map(told).collect())
    }
}

/// Rows of which the numbers fit into a statement.
const FEW: usize = 2_000;

impl Tx {
    /// Writes what the registry system is to be told of a ledger entry of this transaction.
    ///
    /// # Errors
    /// What the database said.
    pub async fn tell(
        &self,
        season: &str,
        seq: u64,
        events: &[(GateKind, i64)],
    ) -> Result<(), StoreError> {
        let rows = events.iter().zip(0..).map(|(&(kind, admission_id), nth)| gate_event::Model {
            seq: seq.cast_signed(),
            nth,
            season_id: season.to_owned(),
            kind: kind.word().to_owned(),
            admission_id,
        });
        Ok(self.insert_all::<gate_event::Entity>(rows.collect()).await?)
    }
}
