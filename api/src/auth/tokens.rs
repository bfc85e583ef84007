//! Tokens of programs: made by an administrator, shown once, kept as a hash, good for what they name alone.

use serde_json::json;

use super::keys::random;
use super::session::{NOTED, SignedIn, token_hash};
use crate::acts::{ActError, Actor, Office, now, typed};
use crate::ledger::Event;
use crate::store::{MachineToken, NewToken, Role, Scope};

/// What every token begins with, so that one that leaks is recognised.
const PREFIX: &str = "luqu_";
/// Microseconds of a day.
const DAY: i64 = 24 * 3600 * 1_000_000;
/// The most days of a token.
const LONGEST: u32 = 3650;

/// A token to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenRequest {
    /// The machine account that it speaks for.
    pub account: String,
    /// What it is for, in words.
    pub note: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// After so many days it is refused; nothing for never.
    pub days: Option<u32>,
}

/// Whether what was sent is a program's token and no session.
pub(super) fn is_machine(token: &str) -> bool {
    token.starts_with(PREFIX)
}

impl Office {
    /// Makes a token of a machine account; gives its number and its secret, which nobody can read again.
    ///
    /// # Errors
    /// The account is no machine's; nothing that the token is for; no permission.
    pub async fn create_token(
        &self,
        actor: &Actor,
        new: &TokenRequest,
    ) -> Result<(i64, String), ActError> {
        actor.must_be(&[Role::Admin])?;
        let account = self.store().read().account(&new.account).await?;
        if account.is_none_or(|a| a.role != Role::Machine) {
            return Err(ActError::Conflict(format!("{} 不是对接账号", new.account)));
        }
        let mut scopes = new.scopes.clone();
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(ActError::Conflict("令牌须至少有一项用途".to_owned()));
        }
        let note = typed::note(&new.note)?;
        if new.days.is_some_and(|d| d == 0 || d > LONGEST) {
            return Err(ActError::Conflict("有效期 1 到 3650 天".to_owned()));
        }
        let secret = format!("{PREFIX}{}", hex::encode(random::<32>()?));
        let at = now();
        let tx = self.store().write().await?;
        let id = tx
            .create_token(NewToken {
                account: &new.account,
                hash: &token_hash(&secret),
                note,
                scopes: &scopes,
                expires_at: new.days.map(|days| at + i64::from(days) * DAY),
                by: &actor.name,
                at,
            })
            .await?;
        let told = json!({"token": id, "account": new.account, "scopes": scopes});
        self.record(&tx, Event::new("token_created", &actor.name, "", told)).await?;
        tx.commit().await?;
        Ok((id, secret))
    }

    /// Revokes a token, which is refused from its next request on.
    ///
    /// # Errors
    /// There is none; it is revoked already; no permission.
    pub async fn revoke_token(&self, actor: &Actor, id: i64) -> Result<(), ActError> {
        actor.must_be(&[Role::Admin])?;
        if self.store().read().tokens().await?.iter().all(|t| t.id != id) {
            return Err(ActError::NotFound(format!("令牌 {id}")));
        }
        let tx = self.store().write().await?;
        if !tx.revoke_token(id, now()).await? {
            return Err(ActError::Conflict("该令牌已经吊销".to_owned()));
        }
        let told = json!({"token": id});
        self.record(&tx, Event::new("token_revoked", &actor.name, "", told)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Which program a token speaks for, if it is valid and its account is not disabled.
    pub(super) async fn machine(&self, secret: &str) -> Result<Option<SignedIn>, ActError> {
        let read = self.store().read();
        let at = now();
        let good = |t: &MachineToken| !t.revoked && t.expires_at.is_none_or(|end| at < end);
        let Some(token) = read.token(&token_hash(secret)).await?.filter(good) else {
            return Ok(None);
        };
        let Some(account) = read.account(&token.account).await?.filter(|a| !a.disabled) else {
            return Ok(None);
        };
        if token.used_at.is_none_or(|used| at - used > NOTED) {
            let tx = self.store().jot().await?;
            tx.touch_token(token.id, at).await?;
            tx.commit().await?;
        }
        Ok(Some(SignedIn {
            actor: Actor::of(&account),
            display: account.display,
            csrf: String::new(),
            must_change: false,
            scopes: token.scopes,
        }))
    }
}
