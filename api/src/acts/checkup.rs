//! A check-up of the ledger as it stands in the database, with nothing from outside but the keys.

use std::collections::BTreeMap;

use super::{ActError, Office};
use crate::ledger::{Checkpoint, Entry, Tree, commitment};

/// Leaves read at a time.
const LEAVES: u64 = 10_000;

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
    /// Reads the whole ledger once: entries that can be read and do not go back in time, every checkpoint signed by
    /// these keys over what stands there, every personal datum as committed to.
    ///
    /// # Errors
    /// What the store said.
    pub async fn check_up(&self) -> Result<Checkup, ActError> {
        let read = self.store.read();
        let mut found = Checkup::default();
        let mut signed: BTreeMap<u64, [u8; 32]> = BTreeMap::new();
        for (size, note) in read.checkpoints().await? {
            found.checkpoints += 1;
            match Checkpoint::open(&note, &self.keys.verifying()) {
                Ok(c) if c.size == size => {
                    signed.insert(size, c.root);
                }
                _ => found.findings.push(format!("检查点 {size} 不是本密钥对它签发的")),
            }
        }
        let payloads = read.payloads().await?;
        found.payloads = payloads.len();
        let mut payloads = payloads.into_iter().peekable();
        let mut tree = Tree::default();
        loop {
            let leaves = read.leaves(tree.size(), LEAVES).await?;
            for leaf in &leaves {
                let at = tree.size();
                tree.push(leaf);
                if signed.remove(&tree.size()).is_some_and(|root| root != tree.root()) {
                    found.findings.push(format!("前 {} 条日志与检查点不符", tree.size()));
                }
                let Some(entry) = Entry::of_leaf(leaf) else {
                    found.findings.push(format!("第 {at} 条日志不可读"));
                    continue;
                };
                if found.last.is_some_and(|last| entry.recorded_at < last) {
                    found.findings.push(format!("第 {at} 条日志的时间倒退"));
                }
                found.last = Some(entry.recorded_at);
                if let Some((_, salt, payload)) = payloads.next_if(|(seq, ..)| *seq == at)
                    && entry.commitment != Some(commitment(&salt, &payload))
                {
                    found.findings.push(format!("第 {at} 条日志的个人数据与其承诺不符"));
                }
            }
            if leaves.is_empty() {
                break;
            }
        }
        found.entries = tree.size();
        let beyond = signed.keys().next_back().copied();
        if let Some(size) = beyond {
            found.findings.push(format!("检查点覆盖 {size} 条日志，只有 {} 条", tree.size()));
        }
        if payloads.next().is_some() {
            found.findings.push("有个人数据不属于任何日志条目".to_owned());
        }
        Ok(found)
    }
}
