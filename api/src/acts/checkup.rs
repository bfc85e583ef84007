//! A check-up of what stands in the database, with nothing from outside but the keys: the ledger, and the seasons.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde_json::Value;

use super::{ActError, Office};
use crate::ledger::{Checkpoint, Entry, Tree, commitment};
use crate::store::{Payload, Told};

/// Leaves read at a time.
const LEAVES: u64 = 10_000;

/// Kinds of entries whose act ends by signing the ledger: a checkpoint ends with each of them.
const SIGNED: [&str; 9] = [
    "admission_revoked",
    "corrected",
    "older_database_accepted",
    "personal_data_destroyed",
    "plan_frozen",
    "quota_distributed",
    "round_computed",
    "round_published",
    "round_signed",
];

/// What a check-up looked at and found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Checkup {
    /// How many entries there are.
    pub entries: u64,
    /// How many checkpoints were held against them.
    pub checkpoints: usize,
    /// How many personal data were held against their commitments.
    pub payloads: usize,
    /// The time of the last entry, in microseconds of UTC.
    pub last: Option<i64>,
    /// What does not hold, as sentences.
    pub findings: Vec<String>,
}

impl Office {
    /// Reads the whole ledger once: entries without a gap that can be read and do not go back in time, every checkpoint
    /// signed by these keys over what stands there and none gone, every personal datum as committed to and none emptied
    /// without a decision, every event that an entry tells the registry system. What is written meanwhile is left to the
    /// next check-up.
    ///
    /// # Errors
    /// What the store said.
    pub async fn check_up(&self) -> Result<Checkup, ActError> {
        let read = self.store.read();
        // What stands beside the entries is written with them: read after their number, it is there.
        let size = read.ledger_size().await?;
        let notes = read.checkpoints().await?;
        let mut beside = Beside {
            signed: BTreeMap::new(),
            payloads: read.payload_rows().await?,
            told: read.told().await?,
            destroyed: BTreeSet::new(),
        };
        for season in read.seasons().await? {
            if read.is_destroyed(&season.id).await? {
                beside.destroyed.insert(season.id);
            }
        }
        let end = read.ledger_size().await?;
        let mut found = Checkup { checkpoints: notes.len(), ..Checkup::default() };
        for (covers, note) in notes {
            match Checkpoint::open(&note, &self.keys.verifying()) {
                Ok(c) if c.size == covers => {
                    beside.signed.insert(covers, c.root);
                }
                _ => found.findings.push(format!("检查点 {covers} 不是本密钥对它签发的")),
            }
        }
        if let Some(covers) = beside.signed.keys().next_back().filter(|covers| **covers > end) {
            found.findings.push(format!("检查点覆盖 {covers} 条日志，只有 {end} 条"));
        }
        found.payloads = beside.payloads.values().filter(|p| p.kept.is_some()).count();
        let mut tree = Tree::default();
        let mut next = 0;
        while next < size {
            let entries = read.entries(next, LEAVES.min(size - next)).await?;
            if entries.is_empty() {
                break;
            }
            for (at, leaf) in entries.into_iter().take_while(|(at, _)| *at < size) {
                if at > next {
                    found.findings.push(gap(next, at - 1));
                }
                next = at + 1;
                tree.push(&leaf);
                beside.hold(at, &leaf, &tree, &mut found);
            }
        }
        found.entries = tree.size();
        if beside.payloads.range(..size).next().is_some() {
            found.findings.push("有个人数据不属于任何日志条目".to_owned());
        }
        if beside.told.range(..size).next().is_some() {
            found.findings.push("有学籍准入事件不属于任何日志条目".to_owned());
        }
        Ok(found)
    }

    /// Why a season cannot be read, or what of it is no longer as two people signed it, in words without persons. Of
    /// one whose wishes were never opened nothing can be said yet, nor of one whose personal data were destroyed.
    ///
    /// # Errors
    /// The database is held up; what the store said.
    pub async fn check_season(&self, season: &str) -> Result<Vec<String>, ActError> {
        let read = self.store.read();
        let begun =
            !read.windows(season).await?.is_empty() || !read.rounds(season).await?.is_empty();
        if !begun || self.is_destroyed(season).await? {
            return Ok(Vec::new());
        }
        let seals = match self.current(season).await {
            Ok(_) => self.seals(season).await,
            Err(error) => Err(error),
        };
        match seals {
            Ok(seals) => {
                let broken = seals.into_iter().filter(|seal| !seal.holds());
                Ok(broken.map(|seal| format!("与签发时不同：{}", seal.what)).collect())
            }
            Err(busy @ ActError::Busy(_)) => Err(busy),
            Err(error) => Ok(vec![error.to_string()]),
        }
    }
}

/// What stands beside the entries of the ledger; what was held against its entry is taken out.
struct Beside {
    /// The roots that were signed, by the size of the ledger.
    signed: BTreeMap<u64, [u8; 32]>,
    payloads: BTreeMap<u64, Payload>,
    told: BTreeMap<u64, Told>,
    /// The seasons whose personal data two people decided to destroy.
    destroyed: BTreeSet<String>,
}

impl Beside {
    /// Holds an entry, the last of the tree, against what stands beside it.
    fn hold(&mut self, at: u64, leaf: &[u8], tree: &Tree, found: &mut Checkup) {
        let mut object = |finding: String| found.findings.push(finding);
        let root = self.signed.remove(&(at + 1));
        if root.is_some_and(|root| root != tree.root()) {
            object(format!("前 {} 条日志与检查点不符", at + 1));
        }
        let payload = self.payloads.remove(&at);
        let told = self.told.remove(&at).unwrap_or(Told { events: 0, numbered: 0 });
        let Some(entry) = Entry::of_leaf(leaf) else {
            object(format!("第 {at} 条日志不可读"));
            return;
        };
        let kind = entry.kind.as_str();
        if root.is_none() && SIGNED.contains(&kind) {
            object(format!("第 {at} 条日志（{kind}）随即签发的检查点不见了"));
        }
        if found.last.is_some_and(|last| entry.recorded_at < last) {
            object(format!("第 {at} 条日志的时间倒退"));
        }
        found.last = Some(entry.recorded_at);
        match (entry.commitment, payload) {
            (None, None) => {}
            (Some(_), None) => object(format!("第 {at} 条日志的个人数据整行不见了")),
            (Some(_), Some(Payload { season, kept: None })) => {
                if !self.destroyed.contains(&season) {
                    object(format!(
                        "第 {at} 条日志的个人数据被清空，招生季 {season} 并没有销毁的决定"
                    ));
                }
            }
            (committed, Some(Payload { kept, .. })) => {
                if committed != kept.map(|(salt, payload)| commitment(&salt, &payload)) {
                    object(format!("第 {at} 条日志的个人数据与其承诺不符"));
                }
            }
        }
        let wanted = tells(kind, &entry.facts);
        if told.events != told.numbered || !wanted.contains(&told.events) {
            let least = wanted.start().max(&told.numbered);
            let events = told.events;
            object(format!(
                "第 {at} 条日志（{kind}）应有学籍准入事件 {least} 个，现有 {events} 个"
            ));
        }
    }
}

/// How many events an entry of a kind tells the registry system.
fn tells(kind: &str, facts: &str) -> RangeInclusive<u64> {
    let number = |key: &str| {
        let facts: Value = serde_json::from_str(facts).unwrap_or_default();
        facts[key].as_u64().unwrap_or(0)
    };
    match kind {
        "round_published" => {
            let given = number("admissions");
            given..=given
        }
        // Besides, whoever got a better seat left one.
        "corrected" => number("given")..=u64::MAX,
        "arrived" | "arrival_undone" | "record_opened" | "record_withdrawn"
        | "admission_revoked" => 1..=1,
        "gate_closed" => 1..=2,
        "audited" => 0..=u64::MAX,
        _ => 0..=0,
    }
}

fn gap(first: u64, last: u64) -> String {
    match first == last {
        true => format!("第 {first} 条日志不见了"),
        false => format!("第 {first} 至 {last} 条日志不见了"),
    }
}
