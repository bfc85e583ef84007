//! Sealing: the ledger is signed with the act that it records, and the checkpoint is remembered outside the database.
//!
//! What is remembered outside is held against the database before it is served: one that was restored from an older
//! copy, or whose history was rewritten, is refused.

use std::sync::{Mutex, PoisonError};

use serde_json::json;

use super::{ActError, Actor, Office, now, typed};
use crate::error::Failure;
use crate::ledger::{Checkpoint, Event, Guard, Tree};
use crate::store::{Role, Tx};

/// Leaves read at a time.
const LEAVES: u64 = 10_000;

/// A day, in microseconds: the longest that new entries wait for a signature.
const DAY: i64 = 24 * 3600 * 1_000_000;

/// What sealing keeps between acts.
#[derive(Debug, Default)]
pub(super) struct Sealing {
    /// The ledger as it was last signed, so that only what came since is read.
    tree: Mutex<Tree>,
    guard: Option<Guard>,
}

/// A checkpoint that was kept outside the database.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Where, in words.
    pub place: String,
    /// The signed note.
    pub note: String,
}

impl Office {
    /// The same office, which remembers its checkpoints in a guard.
    #[must_use]
    pub fn guarded(self, guard: Guard) -> Self {
        let sealing = Sealing { tree: Mutex::default(), guard: Some(guard) };
        Self { sealing: std::sync::Arc::new(sealing), ..self }
    }

    /// Refuses to go on with a ledger that other keys signed, or that lacks or contradicts what was kept outside: the guard,
    /// and these.
    ///
    /// # Errors
    /// `Conflict` says which checkpoint, and what the lawful way on is; a guard that cannot be read.
    pub async fn stand_by(&self, witnesses: &[Kept]) -> Result<(), ActError> {
        if self.is_of_other_keys().await? {
            return Err(ActError::Conflict(
                "数据库中的检查点没有一个是这把密钥签发的：密钥文件不是这套安装的，拒绝运行。\
                 请从密钥备份恢复原来的密钥文件；数据库没有变旧，不要用 --accept-loss"
                    .to_owned(),
            ));
        }
        let mut kept = witnesses.to_vec();
        if let Some(guard) = &self.sealing.guard
            && let Some(note) = guard.note()?
        {
            kept.push(Kept { place: format!("守护文件 {}", guard.path().display()), note });
        }
        match self.lost(&kept).await? {
            None => Ok(()),
            Some(why) => Err(ActError::Conflict(format!(
                "{why}。数据库比外部留存的检查点旧或已被改动，拒绝运行。请恢复更新的备份；\
                 确已无法找回的，用 luqu restore --accept-loss 由两人签名并记入日志"
            ))),
        }
    }

    /// Whether there are checkpoints in the database and none of them is by these keys.
    async fn is_of_other_keys(&self) -> Result<bool, ActError> {
        let (read, key) = (self.store.read(), self.keys.verifying());
        let ours = |note: &str| Checkpoint::open(note, &key).is_ok();
        // Nearly always the last one answers.
        match read.last_checkpoint().await? {
            None => Ok(false),
            Some((_, note, _)) if ours(&note) => Ok(false),
            Some(_) => Ok(!read.checkpoints().await?.iter().any(|(_, note)| ours(note))),
        }
    }

    /// The first checkpoint kept outside that the ledger does not bear out, in words.
    ///
    /// # Errors
    /// What the store said.
    pub async fn lost(&self, kept: &[Kept]) -> Result<Option<String>, ActError> {
        let key = self.keys.verifying();
        let mut wanted = Vec::new();
        for Kept { place, note } in kept {
            match Checkpoint::open(note, &key) {
                Ok(checkpoint) => wanted.push((place, checkpoint)),
                Err(_) => return Ok(Some(format!("{place}不是本密钥签发的检查点"))),
            }
        }
        wanted.sort_by_key(|(_, checkpoint)| checkpoint.size);
        let size = self.store.read().ledger_size().await?;
        let mut tree = Tree::default();
        for (place, Checkpoint { size: covered, root }) in wanted {
            if covered > size {
                let words = format!("{place}覆盖 {covered} 条日志，数据库只有 {size} 条");
                return Ok(Some(words));
            }
            while tree.size() < covered {
                let most = LEAVES.min(covered - tree.size());
                let leaves = self.store.read().leaves(tree.size(), most).await?;
                grow(&mut tree, &leaves)?;
            }
            if tree.root() != root {
                return Ok(Some(format!("{place}：前 {covered} 条日志与签发时不同")));
            }
        }
        Ok(None)
    }

    /// Goes on from an older database for want of a newer one, by two: what the guard had seen and this ledger lacks is
    /// named in the ledger, and the guard gives way. Witnesses outside keep what they have, and will say that it is lost.
    ///
    /// # Errors
    /// The two are one, or not of the office; nothing is lost; a guard that cannot be written.
    pub async fn accept_loss(
        &self,
        (first, second): (&Actor, &Actor),
        lost: &str,
        reason: &str,
    ) -> Result<u64, ActError> {
        first.must_be(&[Role::Clerk, Role::Reviewer])?;
        second.must_be(&[Role::Reviewer])?;
        if first.name == second.name {
            return Err(ActError::NotPermitted("须由两人签名".to_owned()));
        }
        let reason = typed::reason(reason)?;
        let note = Checkpoint::open(lost, &self.keys.verifying());
        let note = note.map_err(|e| ActError::Conflict(e.to_string()))?;
        let tx = self.store.write().await?;
        let told = json!({
            "lost_size": note.size, "lost_root": hex::encode(note.root), "kept_size": tx.ledger_size().await?,
            "reason": reason, "proposed_by": first.name,
        });
        self.record(&tx, Event::new("older_database_accepted", &second.name, "ledger", told))
            .await?;
        self.seal(tx).await?;
        Ok(note.size)
    }

    /// Signs the ledger as it stands within a transaction, makes the transaction lasting and remembers the checkpoint.
    pub(super) async fn seal(&self, tx: Tx) -> Result<(), ActError> {
        let (tree, note) = self.signed(&tx).await?;
        tx.commit().await?;
        *self.sealing.tree.lock().unwrap_or_else(PoisonError::into_inner) = tree;
        if let Some(guard) = &self.sealing.guard
            && let Err(error) = guard.raise(&note, &self.keys.verifying())
        {
            // The act is done; the next checkpoint tries again, and the doctor tells.
            tracing::error!(%error, "the guard was not raised");
        }
        Ok(())
    }

    async fn signed(&self, tx: &Tx) -> Result<(Tree, String), ActError> {
        let mut tree = self.sealing.tree.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let size = tx.ledger_size().await?;
        if size < tree.size() {
            let text = format!("the ledger shrank from {} to {size} entries", tree.size());
            return Err(Failure::Internal(text).into());
        }
        while tree.size() < size {
            let leaves = tx.leaves(tree.size(), LEAVES).await?;
            grow(&mut tree, &leaves)?;
        }
        let note = Checkpoint { size, root: tree.root() }.signed(&self.keys);
        tx.store_checkpoint(size, &note, now()).await?;
        Ok((tree, note))
    }

    /// Signs what nothing signed for a day, and raises the guard to what other servers signed.
    ///
    /// # Errors
    /// What the store said; a guard that cannot be written.
    pub async fn seal_daily(&self) -> Result<(), ActError> {
        let read = self.store.read();
        let last = read.last_checkpoint().await?;
        if let (Some((_, note, _)), Some(guard)) = (&last, &self.sealing.guard) {
            guard.raise(note, &self.keys.verifying())?;
        }
        let (covered, since) = last.map_or((0, 0), |(size, _, at)| (size, at));
        if now() - since < DAY || read.ledger_size().await? == covered {
            return Ok(());
        }
        let tx = self.store.write().await?;
        // Another server may have signed since.
        if tx.last_checkpoint().await?.is_none_or(|(size, ..)| size == covered) {
            self.seal(tx).await?;
        }
        Ok(())
    }
}

fn grow(tree: &mut Tree, leaves: &[Vec<u8>]) -> Result<(), Failure> {
    if leaves.is_empty() {
        return Err(Failure::Internal("the ledger has a gap".to_owned()));
    }
    leaves.iter().for_each(|leaf| tree.push(leaf));
    Ok(())
}
