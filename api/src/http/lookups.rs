//! What the public is told, in memory: read from the database when something is published, and from then on without it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use luqu_engine::policy::Policy;
use serde::Serialize;
use subtle::ConstantTimeEq;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::ToSchema;

use super::budget::Budget;
use super::listing::Row;
use crate::acts::{ActError, Closed, CutoffRow, Known, Office, PublicResult};
use crate::store::{RoundStatus, SeasonRow, SeatLine};
use crate::tables::write::listing::{Listed, flag, number, text, word};
use crate::tables::write::words;

/// Explanations that are worked out at once: the other threads answer look-ups.
const AT_ONCE: usize = 2;

struct Answer {
    check: Vec<u8>,
    body: Arc<[u8]>,
}

/// What the public is told of one season.
pub(super) struct Told {
    pub(super) open: Open,
    pub(super) lines: Vec<Line>,
    pub(super) plan: Vec<PublicPlan>,
    pub(super) days: Vec<Day>,
    answers: HashMap<String, Answer>,
    /// Whose result two people changed since, so that the round no longer explains it.
    moved: BTreeSet<String>,
    /// The round whose answers these are, to be explained.
    known: Option<Arc<Known>>,
    version: Version,
}

/// What of a season changes what the public is told: rounds published and decisions approved.
type Version = (Vec<i64>, Vec<i64>);

/// What families look up: everything published, in memory.
pub struct Lookups {
    seasons: RwLock<BTreeMap<String, Told>>,
    pub(super) wrong: Budget,
    turns: Arc<Semaphore>,
}

impl Default for Lookups {
    fn default() -> Self {
        Self {
            seasons: RwLock::default(),
            wrong: Budget::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl std::fmt::Debug for Lookups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lookups")
    }
}

impl Lookups {
    /// Reads anew what has changed since it was read. A season whose answers are not those that were signed, or that
    /// cannot be read, is closed, and says so in the log and to the regulator.
    ///
    /// # Errors
    /// The database is held up or out of reach; the answers of before stay.
    pub async fn refresh(&self, office: &Office) -> Result<(), ActError> {
        for row in office.store().read().seasons().await? {
            let version = version(office, &row.id).await?;
            let seen = |told: &Told| told.version == version;
            let fresh = self.read(|seasons| seasons.get(&row.id).is_some_and(seen));
            if fresh {
                continue;
            }
            let id = row.id.clone();
            let told = match Told::of(office, row.clone(), version).await {
                Err(passing @ ActError::Busy(_)) => return Err(passing),
                // One season that cannot be read stands in the way of no other.
                Err(error) => {
                    tracing::error!(season = id, %error, "results stay closed: they cannot be read");
                    Told::unreadable(row)
                }
                Ok(told) => told,
            };
            let mut seasons = self.seasons.write().unwrap_or_else(PoisonError::into_inner);
            seasons.insert(id, told);
        }
        Ok(())
    }

    /// How many results are in memory.
    #[must_use]
    pub fn known(&self) -> u64 {
        self.read(|seasons| seasons.values().map(|told| told.answers.len() as u64).sum())
    }

    fn read<T>(&self, what: impl FnOnce(&BTreeMap<String, Told>) -> T) -> T {
        what(&self.seasons.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The answer for a number and the keyed hash of its code; `None` for every wrong pair alike.
    pub(super) fn ask(
        &self,
        (season, applicant): &(String, String),
        check: &[u8],
    ) -> Option<Arc<[u8]>> {
        self.read(|seasons| {
            let found = seasons.get(season).and_then(|told| told.answers.get(applicant));
            let expected = found.map_or(&[0; 32][..], |a| a.check.as_slice());
            let right = bool::from(expected.ct_eq(check));
            found.filter(|_| right).map(|a| Arc::clone(&a.body))
        })
    }

    /// Something of a season.
    pub(super) fn told<T>(&self, season: &str, what: impl FnOnce(&Told) -> T) -> Option<T> {
        self.read(|seasons| seasons.get(season).map(what))
    }

    /// The seasons.
    pub(super) fn seasons(&self) -> Vec<Open> {
        self.read(|seasons| seasons.values().map(|told| told.open.clone()).collect())
    }

    /// The round that an applicant's answer comes from, and a turn to work on it; nothing where it has come otherwise.
    pub(super) async fn explaining(
        &self,
        season: &str,
        applicant: &str,
    ) -> Option<(Arc<Known>, OwnedSemaphorePermit)> {
        let of_round = |told: &Told| told.known.clone().filter(|_| !told.moved.contains(applicant));
        let known = self.told(season, of_round)??;
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        Some((known, turn))
    }
}

async fn version(office: &Office, season: &str) -> Result<Version, ActError> {
    let read = office.store().read();
    let rounds = read.rounds(season).await?.into_iter();
    let published = rounds.filter(|r| r.status == RoundStatus::Published).map(|r| r.id).collect();
    let decisions = read.decisions(season).await?.into_iter();
    let approved = decisions.filter(|d| d.approved_by.is_some()).map(|d| d.id).collect();
    Ok((published, approved))
}

impl Told {
    /// A season that could not be read; the next time it is tried again.
    fn unreadable(row: SeasonRow) -> Self {
        Self {
            open: Open::of(row, false, Some("该招生季的数据读不出来，请联系招办".to_owned())),
            lines: Vec::new(),
            plan: Vec::new(),
            days: Vec::new(),
            answers: HashMap::new(),
            moved: BTreeSet::new(),
            known: None,
            version: Version::default(),
        }
    }

    async fn of(office: &Office, row: SeasonRow, version: Version) -> Result<Self, ActError> {
        let read = office.store().read();
        let names = read.school_names(&row.id).await?;
        let policy = Policy::load(&row.policy, None).ok();
        let found = office.public_results(&row.id).await?;
        if let Some(Closed::Differs(why)) = &found.closed {
            tracing::error!(season = row.id, why, "results stay closed");
        }
        let known = match (found.round, &found.closed) {
            (Some(round), None) => match office.known_round(&row.id, round).await {
                Ok(known) => Some(known),
                // The answers are as signed; only how they came about can no longer be shown.
                Err(ActError::Conflict(why)) => {
                    tracing::warn!(season = row.id, why, "results are told without explanations");
                    None
                }
                Err(other) => return Err(other),
            },
            _ => None,
        };
        let answer = |r: PublicResult| {
            let body = serde_json::to_vec(&r.answer).unwrap_or_default().into();
            (r.applicant, Answer { check: r.check, body })
        };
        let lines = match found.closed {
            // Lines are of nobody: they are told as long as they are what was signed.
            None | Some(Closed::Destroyed) => office.public_lines(&row.id).await?,
            Some(Closed::Differs(_)) => Vec::new(),
        };
        let name = |id: &str| names.get(id).cloned().unwrap_or_default();
        Ok(Self {
            days: policy.as_ref().map(|p| days(p, &lines)).unwrap_or_default(),
            lines: lines.into_iter().map(|l| Line::of(l, &name)).collect(),
            plan: plan(read.seat_lines(&row.id).await?, &name),
            open: Open::of(
                row,
                found.round.is_some() && found.closed.is_none(),
                found.closed.map(|why| why.to_string()),
            ),
            moved: found.moved,
            answers: found.results.into_iter().map(answer).collect(),
            known,
            version,
        })
    }
}

/// A season, and whether its results can be looked up.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct Open {
    id: String,
    district: String,
    year: u16,
    /// `drill` 演练 or `live` 正式.
    mode: String,
    /// Whether results can be looked up.
    pub(super) open: bool,
    /// Why they cannot though something is published; the office is to be told.
    closed: Option<String>,
}

impl Open {
    fn of(row: SeasonRow, open: bool, closed: Option<String>) -> Self {
        let SeasonRow { id, district, year, mode, .. } = row;
        Self { id, district, year, mode: mode.word().to_owned(), open, closed }
    }
}

impl Row for Open {
    const NAME: (&'static str, &'static str) = ("seasons", "招生季");
    const COLUMNS: &'static [Listed] = &[
        text("id", "招生季"),
        text("district", "区县"),
        number("year", "年份"),
        word("mode", "性质", words::MODES),
        flag("open", "可查询"),
    ];
}

/// A published line.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct Line {
    school: String,
    #[serde(flatten)]
    line: CutoffRow,
}

impl Line {
    fn of(line: CutoffRow, name: &impl Fn(&str) -> String) -> Self {
        Self { school: name(&line.school_id), line }
    }
}

impl Row for Line {
    const NAME: (&'static str, &'static str) = ("lines", "录取线");
    const COLUMNS: &'static [Listed] = &[
        text("batch", "批次"),
        text("school_id", "学校代码"),
        text("school", "学校"),
        text("category", "类别"),
        text("junior_id", "毕业学校代码"),
        number("seats", "计划数"),
        number("placed", "录取数"),
        number("lowest_total", "录取线"),
        number("floor", "下限"),
    ];
}

/// Seats of a school in a batch and category.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct PublicPlan {
    school_id: String,
    school: String,
    batch: String,
    category: String,
    seats: u32,
    /// 计划文号
    approval_no: String,
}

impl Row for PublicPlan {
    const NAME: (&'static str, &'static str) = ("plan", "招生计划");
    const COLUMNS: &'static [Listed] = &[
        text("school_id", "学校代码"),
        text("school", "学校"),
        text("batch", "批次"),
        text("category", "类别"),
        number("seats", "计划数"),
        text("approval_no", "计划文号"),
    ];
}

/// The lines of the plan, quota cells summed up.
fn plan(lines: Vec<SeatLine>, name: &impl Fn(&str) -> String) -> Vec<PublicPlan> {
    let mut sums: BTreeMap<(String, String, String, String), u32> = BTreeMap::new();
    for line in lines {
        let key = (line.school, line.batch, line.category, line.approval_no);
        *sums.entry(key).or_default() += line.seats;
    }
    sums.into_iter()
        .map(|((school_id, batch, category, approval_no), seats)| {
            let school = name(&school_id);
            PublicPlan { school, school_id, batch, category, seats, approval_no }
        })
        .collect()
}

/// When wishes of a batch open and close, and whether its result is out.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct Day {
    batch: String,
    name: String,
    /// As the policy writes it.
    opens: Option<String>,
    closes: Option<String>,
    published: bool,
}

impl Row for Day {
    const NAME: (&'static str, &'static str) = ("calendar", "日程");
    const COLUMNS: &'static [Listed] = &[
        text("batch", "批次"),
        text("name", "名称"),
        text("opens", "填报开始"),
        text("closes", "填报结束"),
        flag("published", "已公布"),
    ];
}

fn days(policy: &Policy, lines: &[CutoffRow]) -> Vec<Day> {
    let day = |b: &luqu_engine::policy::Batch| Day {
        batch: b.id.to_string(),
        name: b.name.clone(),
        opens: b.opens.as_ref().map(ToString::to_string),
        closes: b.closes.as_ref().map(ToString::to_string),
        published: lines.iter().any(|l| l.batch == b.id.as_str()),
    };
    policy.batches.iter().map(day).collect()
}
