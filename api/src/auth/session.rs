//! Sessions: 256 random bits, of which the store keeps the hash; idle for 15 minutes or eight hours old they end.

use sha2::{Digest, Sha256};

use super::keys::random;
use super::{password_matches, tokens};
use crate::acts::{ActError, Actor, HASHING, Office, now};
use crate::store::{Account, Role, Scope, SessionRow};

const IDLE: i64 = 15 * 60 * 1_000_000;
const ABSOLUTE: i64 = 8 * 3600 * 1_000_000;
/// A session or token in use is noted at most this often.
pub(super) const NOTED: i64 = 30 * 1_000_000;

/// A session that has begun.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// What the client sends from now on.
    pub token: String,
    /// What a browser sends besides, with whatever changes something.
    pub csrf: String,
    /// Who it is.
    pub account: Account,
}

/// Who sends a request.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// As an actor.
    pub actor: Actor,
    /// The name to show.
    pub display: String,
    /// What a browser has to send with whatever changes something.
    pub csrf: String,
    /// The password has to be changed before anything else.
    pub must_change: bool,
    /// What a program's token may be used for.
    pub scopes: Vec<Scope>,
}

pub(super) fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Office {
    /// The account of the right name and password.
    ///
    /// # Errors
    /// `NotPermitted`, the same for a wrong name, a wrong password and a disabled account.
    pub async fn recognise(&self, name: &str, password: &str) -> Result<Account, ActError> {
        let account = self.store().read().account(name).await?;
        let hash = account.as_ref().map(|a| a.password_hash.clone());
        let password = password.to_owned();
        let check = move || password_matches(&password, hash.as_deref());
        let matches = HASHING.work(check).await?;
        account.filter(|a| matches && !a.disabled && a.role != Role::Machine).ok_or_else(wrong)
    }

    /// Begins a session for the right name and password.
    ///
    /// # Errors
    /// As [`Office::recognise`]; what the store said.
    pub async fn sign_in(&self, name: &str, password: &str) -> Result<SignIn, ActError> {
        let account = self.recognise(name, password).await?;
        let token = hex::encode(random::<32>()?);
        let tx = self.store().jot().await?;
        // The password may have been changed, or the account disabled, while this one was looked at.
        let stands = tx.account_to_keep(&account.name).await?;
        if stands.is_none_or(|a| a.disabled || a.password_hash != account.password_hash) {
            return Err(wrong());
        }
        tx.begin_session(&token_hash(&token), &account.name, now()).await?;
        tx.commit().await?;
        Ok(SignIn { csrf: self.csrf(&token), token, account })
    }

    /// Who a token belongs to, if its session lasts and the account is not disabled.
    ///
    /// # Errors
    /// What the store said.
    pub async fn signed_in(&self, token: &str) -> Result<Option<SignedIn>, ActError> {
        if tokens::is_machine(token) {
            return self.machine(token).await;
        }
        let hash = token_hash(token);
        let Some((session, account)) = self.session(&hash).await? else { return Ok(None) };
        if now() - session.seen_at > NOTED {
            let tx = self.store().jot().await?;
            tx.touch_session(&hash, now()).await?;
            tx.commit().await?;
        }
        Ok(Some(SignedIn {
            actor: Actor::of(&account),
            display: account.display,
            csrf: self.csrf(token),
            must_change: account.must_change,
            scopes: Vec::new(),
        }))
    }

    /// Whether a token is still somebody's. Asking is no use of a session and does not make it last.
    ///
    /// # Errors
    /// What the store said.
    pub async fn is_signed_in(&self, token: &str) -> Result<bool, ActError> {
        if tokens::is_machine(token) {
            return Ok(self.machine(token).await?.is_some());
        }
        Ok(self.session(&token_hash(token)).await?.is_some())
    }

    /// A session that lasts, and its account, which is not disabled.
    async fn session(&self, hash: &[u8]) -> Result<Option<(SessionRow, Account)>, ActError> {
        let read = self.store().read();
        let Some(session) = read.session(hash).await?.filter(|s| lasts(s, now())) else {
            return Ok(None);
        };
        let account = read.account(&session.account).await?.filter(|a| !a.disabled);
        Ok(account.map(|account| (session, account)))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// What the store said.
    pub async fn sign_out(&self, token: &str) -> Result<(), ActError> {
        let tx = self.store().jot().await?;
        tx.end_session(&token_hash(token)).await?;
        tx.commit().await?;
        Ok(())
    }

    fn csrf(&self, token: &str) -> String {
        hex::encode(self.keys().hash("csrf", token.as_bytes()))
    }
}

fn wrong() -> ActError {
    ActError::NotPermitted("用户名或密码不对".to_owned())
}

const fn lasts(session: &SessionRow, now: i64) -> bool {
    !session.ended && now - session.seen_at <= IDLE && now - session.created_at <= ABSOLUTE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lasts_until_a_quarter_of_an_hour_idle_or_eight_hours_old() {
        let begun = |seen_at, ended| SessionRow {
            account: "zhao".to_owned(),
            created_at: 0,
            seen_at,
            ended,
        };
        assert!(lasts(&begun(0, false), IDLE));
        assert!(!lasts(&begun(0, false), IDLE + 1));
        assert!(lasts(&begun(ABSOLUTE - IDLE, false), ABSOLUTE));
        assert!(!lasts(&begun(ABSOLUTE, false), ABSOLUTE + 1));
        assert!(!lasts(&begun(0, true), 0));
        assert_eq!((IDLE, ABSOLUTE), (900_000_000, 28_800_000_000));
    }
}
