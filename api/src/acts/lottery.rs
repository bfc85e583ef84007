//! The lottery of a season: its secret is drawn and committed when the season begins, and published when wishes close.
//!
//! Nobody knows the numbers while wishes can be changed, and nobody picks them: the ledger holds the hash of the secret
//! from the first day. A word that a witness adds in public at the close enters the seed, so that the office that keeps
//! the secret cannot know the numbers either.

use luqu_engine::policy::{PLACEHOLDER_SEED, Policy};
use serde_json::json;

use super::{ActError, Actor, Office, digest, now, typed};
use crate::auth::keys::random;
use crate::error::Failure;
use crate::ledger::Event;
use crate::store::{LotteryRow, Mode, Tx};

impl Office {
    /// Commits the lottery of a new season. A policy that states its own seed has it published from the start.
    ///
    /// # Errors
    /// A live season whose policy states its seed, or a commitment to a seed that it does not state.
    pub(super) async fn commit_lottery(
        &self,
        tx: &Tx,
        actor: &Actor,
        policy: &Policy,
        mode: Mode,
    ) -> Result<(), ActError> {
        let stated = policy.seed.as_deref().filter(|s| !s.is_empty() && *s != PLACEHOLDER_SEED);
        if stated.is_none() && policy.seed_commitment.is_some() {
            let text =
                "政策文件有 seed_commitment 而没有 seed：种子由本系统承诺，请删去 seed_commitment";
            return Err(ActError::Conflict(text.to_owned()));
        }
        if stated.is_some() && mode == Mode::Live {
            let text =
                "正式招生季的政策文件不能写明种子：请删去 seed，由本系统现在承诺、志愿截止后公布";
            return Err(ActError::Conflict(text.to_owned()));
        }
        let season = policy.id.as_str();
        let row = match stated {
            Some(seed) => LotteryRow {
                commitment: digest(seed.as_bytes()),
                sealed: None,
                seed: Some(seed.to_owned()),
            },
            None => {
                let secret = hex::encode(random::<32>()?);
                LotteryRow {
                    commitment: digest(secret.as_bytes()),
                    sealed: Some(self.keys.seal(&place(season), secret.as_bytes())?),
                    seed: None,
                }
            }
        };
        tx.commit_lottery(season, &row, &actor.name, now()).await?;
        let told = json!({"commitment": row.commitment, "seed": row.seed});
        self.record(tx, Event::new("lottery_committed", &actor.name, season, told)).await?;
        Ok(())
    }

    /// Publishes the seed, if it is not public: the secret, and after a stroke what a witness said at the close.
    pub(super) async fn reveal_lottery(
        &self,
        tx: &Tx,
        actor: &Actor,
        season: &str,
        witness: Option<&str>,
    ) -> Result<(), ActError> {
        let Some(LotteryRow { commitment, sealed: Some(sealed), seed: None }) =
            tx.lottery(season).await?
        else {
            return Ok(());
        };
        let secret =
            self.keys.open(&place(season), &sealed).and_then(|s| String::from_utf8(s).ok());
        let Some(secret) = secret.filter(|s| digest(s.as_bytes()) == commitment) else {
            let text = "the secret of the lottery does not open with these keys";
            return Err(Failure::Internal(text.to_owned()).into());
        };
        let witness = witness.map(typed::note).transpose()?.filter(|w| !w.is_empty());
        let seed = witness.map_or_else(|| secret.clone(), |word| format!("{secret}/{word}"));
        if tx.reveal_lottery(season, &seed, &actor.name, now()).await? {
            let told = json!({"commitment": commitment, "seed": seed});
            self.record(tx, Event::new("lottery_revealed", &actor.name, season, told)).await?;
        }
        Ok(())
    }

    /// The seed that a season is read with: the published one, or until then one that stands for it, which decides
    /// nothing but the draws of the quota distribution and is as public as the commitment it is.
    pub(super) async fn seed(&self, season: &str) -> Result<String, ActError> {
        let found = self.store.read().lottery(season).await?;
        let found =
            found.ok_or_else(|| Failure::Internal(format!("season {season} has no lottery")))?;
        Ok(found.seed.unwrap_or(found.commitment))
    }
}

/// Where the secret is sealed for.
fn place(season: &str) -> String {
    format!("lottery/{season}")
}
