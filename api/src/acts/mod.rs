//! What the office does, step by step: each act checks who may do it, does it whole or not at all, and records it.
//!
//! Pages, the API and the command line call the same acts. No SQL and no rule of admission stands here: the store has
//! the one, the engine the other.

mod bundle;
mod checkup;
mod choices;
mod classes;
mod correct;
mod dumps;
mod freed;
mod gate;
mod handover;
mod imports;
mod lines;
mod lookups;
mod lottery;
mod memory;
mod once;
mod persons;
mod plan;
mod publish;
mod quota_report;
mod registry;
mod results;
mod retention;
mod run;
mod sealing;
mod seals;
mod section_places;
mod sections;
mod slips;
mod turns;
pub(crate) mod typed;
mod wish_lists;
mod wishes;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use luqu_engine::domain::Season;
use luqu_engine::policy::{Policy, Refusal};

use self::memory::Memory;
use self::sealing::Sealing;
use crate::auth::keys::{Keys, random};
use crate::error::Failure;
use crate::ledger::{Event, Personal};
use crate::store::{Account, Mode, Role, SeasonRow, Store, StoreError, Tx};
use crate::tables::Located;

pub use checkup::Checkup;
pub use choices::{Capacity, Choice, SectionsAsked};
pub use classes::{ClassesAsked, ClassesFormed, Seated};
pub use correct::{Differs, Mistake};
pub use dumps::DumpRead;
pub use gate::{Audited, Evidence, FeedEvent, FeedPage, GateAnswer, GatePage, GateState};
pub use handover::HandOver;
pub use imports::{ReadImport, Upload};
pub use lines::CutoffRow;
pub use lookups::{Closed, PlacementRow, PublicAnswer, PublicResult, PublicResults, ReasonRow};
pub use memory::{Known, Recomputed};
pub use once::{Repeated, Ticket};
pub use persons::{Track, TrackAdmission, TrackWishes};
pub use plan::PlanProposal;
pub use publish::Vacancy;
pub use quota_report::{QuotaCell, QuotaReport};
pub use registry::{Cleared, Opened, Standing};
pub use retention::Destroyed;
pub use run::{LOST, RunOutcome, inputs_digest};
pub use sealing::Kept;
pub use section_places::SectionsJoined;
pub use sections::{Lesson, SectionsFormed};
pub use slips::SlipsAsked;
pub(crate) use turns::HASHING;
pub use wish_lists::Brought;

/// Why an act was not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The account may not do this.
    #[error("无权进行此操作：{0}")]
    NotPermitted(String),
    /// There is no such thing, or none that the account may see.
    #[error("没有找到：{0}")]
    NotFound(String),
    /// Things are not as the act needs them, or have changed since they were looked at.
    #[error("{0}")]
    Conflict(String),
    /// What was asked with is not of a kind that is taken, whatever stands.
    #[error("{0}")]
    Malformed(String),
    /// More than is read in one go.
    #[error("{0}")]
    TooLarge(String),
    /// The data have faults.
    #[error("{}", faulty(.0))]
    Faults(Vec<Located>),
    /// What the law, as the schema has it, does not let be.
    #[error("不合规定，未写入：{0}")]
    Unlawful(String),
    /// The database is held up or out of reach, and may be asked again.
    #[error("数据库繁忙或暂时连不上：{0}")]
    Busy(String),
    /// The world around the program failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for ActError {
    fn from(error: StoreError) -> Self {
        if error.is_passing() {
            return Self::Busy(error.to_string());
        }
        match error.broken_law() {
            Some(law) => Self::Unlawful(law),
            None => Self::Failure(Failure::Internal(error.to_string())),
        }
    }
}

impl From<sea_orm::DbErr> for ActError {
    fn from(error: sea_orm::DbErr) -> Self {
        StoreError::from(error).into()
    }
}

/// Who acts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// The name of the account.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The school of a school account.
    pub school: Option<String>,
}

impl Actor {
    /// The actor that an account is.
    #[must_use]
    pub fn of(account: &Account) -> Self {
        Self { name: account.name.clone(), role: account.role, school: account.school.clone() }
    }

    /// Passes for these roles.
    ///
    /// # Errors
    /// `NotPermitted` for every other.
    pub fn must_be(&self, roles: &[Role]) -> Result<(), ActError> {
        if roles.contains(&self.role) {
            return Ok(());
        }
        Err(self.refused())
    }

    fn refused(&self) -> ActError {
        ActError::NotPermitted(format!("账号 {} 的角色不办理此项", self.name))
    }

    /// Passes for the office, and for the school itself.
    ///
    /// # Errors
    /// `NotFound` for every other school, as if it had no such thing.
    pub fn must_serve(&self, school: &str) -> Result<(), ActError> {
        match (self.role, &self.school) {
            (Role::Clerk | Role::Reviewer, _) => Ok(()),
            (Role::School, Some(own)) if own == school => Ok(()),
            (Role::School, _) => Err(ActError::NotFound(school.to_owned())),
            _ => Err(self.refused()),
        }
    }
}

/// The office: the store, the keys, the clock.
#[derive(Clone, Debug)]
pub struct Office {
    store: Store,
    keys: Arc<Keys>,
    sealing: Arc<Sealing>,
    closing: Arc<AtomicBool>,
    /// Whole years that personal data are kept.
    kept_years: u16,
    memory: Arc<Memory>,
}

/// Microseconds of UTC.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

impl Office {
    /// An office over a store.
    #[must_use]
    pub fn new(store: Store, keys: Arc<Keys>) -> Self {
        Self {
            store,
            keys,
            sealing: Arc::default(),
            closing: Arc::default(),
            kept_years: 3,
            memory: Arc::default(),
        }
    }

    /// The same office, which keeps personal data for so many whole years.
    #[must_use]
    pub fn keeping(self, kept_years: u16) -> Self {
        Self { kept_years, ..self }
    }

    /// Runs end at their next safe point from now on, and go back into the queue.
    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// The store, for reading.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Begins a season under a policy; its id is the policy's.
    ///
    /// # Errors
    /// A policy that is refused; an id that is taken; no permission.
    pub async fn create_season(
        &self,
        actor: &Actor,
        policy_text: &str,
        mode: Mode,
    ) -> Result<SeasonRow, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let policy = Policy::load(policy_text, None).map_err(|refusals| {
            let words: Vec<String> = refusals.iter().map(refused).collect();
            ActError::Conflict(format!("政策文件被拒绝：{}", words.join("；")))
        })?;
        let row = SeasonRow {
            id: policy.id.to_string(),
            district: policy.district.to_string(),
            year: policy.year,
            mode,
            policy: policy.text.clone(),
        };
        if self.store.read().season(&row.id).await?.is_some() {
            return Err(ActError::Conflict(format!("招生季 {} 已存在", row.id)));
        }
        let tx = self.store.write().await?;
        tx.create_season(&row, &actor.name, now()).await?;
        self.commit_lottery(&tx, actor, &policy, mode).await?;
        let facts = serde_json::json!({"policy": digest(policy.text.as_bytes()), "mode": mode});
        self.record(&tx, Event::new("season_created", &actor.name, &row.id, facts)).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// A season that must be there, with its policy.
    async fn season_row(&self, season: &str) -> Result<(SeasonRow, Policy), ActError> {
        let Some(row) = self.store.read().season(season).await? else {
            return Err(ActError::NotFound(format!("招生季 {season}")));
        };
        let seed = self.seed(season).await?;
        let policy = Policy::load(&row.policy, Some(&seed)).map_err(|_| {
            ActError::Failure(Failure::Internal("the stored policy is refused".to_owned()))
        })?;
        Ok((row, policy))
    }

    /// Records an event in the ledger, within the transaction of the act.
    pub(crate) async fn record(&self, tx: &Tx, event: Event) -> Result<u64, ActError> {
        Ok(tx.record(&event, now(), random()?).await?)
    }

    /// Records an event about a person: by pseudonym in the ledger, by number and with these details beside it, for as
    /// long as the personal data of the season are there.
    async fn record_about(
        &self,
        tx: &Tx,
        (kind, actor): (&'static str, &Actor),
        (season, applicant): (&str, &str),
        facts: serde_json::Value,
        details: serde_json::Value,
    ) -> Result<u64, ActError> {
        let who = self.pseudonym(season, applicant);
        let mut event = Event::new(kind, &actor.name, &who, facts);
        if !tx.is_destroyed(season).await? {
            let personal = serde_json::json!({"applicant": applicant, "details": details});
            let bytes = personal.to_string().into_bytes();
            event.personal = Some(Personal { season: season.to_owned(), bytes });
        }
        self.record(tx, event).await
    }

    /// The pseudonym of a person in the ledger.
    fn pseudonym(&self, season: &str, applicant: &str) -> String {
        hex::encode(&self.keys.hash("pseudonym", format!("{season}/{applicant}").as_bytes())[..16])
    }
}

/// How many faults there are, and where the first stands; what was found there may be of a person.
fn faulty(faults: &[Located]) -> String {
    let count = faults.len();
    let Some(first) = faults.first() else { return format!("数据有误，共 {count} 处") };
    let fault = &first.fault;
    let mut place = first.place();
    // Of the tables of the database a place says the row alone.
    if let (None, None) = (&first.sheet, first.at) {
        let column = fault.column.as_deref().map(|c| format!(".{c}")).unwrap_or_default();
        place += &format!(" › {}{}", fault.table.key(), crate::tables::located::masked(&column));
    }
    format!("数据有误，共 {count} 处；第一处 {place}：{}", first.title())
}

/// A refusal of a policy in words; of the file as a whole it names no place.
fn refused(refusal: &Refusal) -> String {
    match refusal.path.as_str() {
        "" => refusal.message.clone(),
        path => format!("{path}：{}", refusal.message),
    }
}

/// SHA-256 in hex.
fn digest(bytes: &[u8]) -> String {
    luqu_engine::domain::digest::of_bytes(bytes).to_string()
}

/// The batch of a policy that must be there.
fn batch_of(season: &Season, id: &str) -> Result<luqu_engine::domain::BatchIx, ActError> {
    season.policy().batch_ix(id).ok_or_else(|| ActError::NotFound(format!("批次 {id}")))
}
