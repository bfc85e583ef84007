//! Requests that are done once, however often they are sent, and by whichever server.

use super::{ActError, Actor, Office, now};
use crate::error::Failure;

/// How long an answer is kept.
const KEPT: i64 = 24 * 3600 * 1_000_000;
/// After so long a request without an answer has gone down with its server.
const LOST: i64 = 15 * 60 * 1_000_000;

/// The right to do a request.
#[derive(Debug)]
pub struct Ticket {
    key: [u8; 32],
}

/// What became of a request with a key.
#[derive(Debug)]
pub enum Repeated {
    /// It is new, and is to be done.
    New(Ticket),
    /// The key was used for another request.
    Other,
    /// It is being done.
    Open,
    /// It was done, with this answer.
    Done(Vec<u8>),
    /// It was done, and its answer was destroyed with the personal data of a season.
    Destroyed,
}

impl Office {
    /// Takes a key of an account for a request of this digest.
    ///
    /// # Errors
    /// What the store said.
    pub async fn begin_once(
        &self,
        actor: &Actor,
        key: &str,
        digest: &str,
    ) -> Result<Repeated, ActError> {
        let key = self.keys.hash("idempotency", format!("{}/{key}", actor.name).as_bytes());
        let at = now();
        let tx = self.store.jot().await?;
        tx.forget_repeats(at - KEPT, at - LOST).await?;
        let new = tx.begin_repeat(&key, digest, at).await?;
        let before = if new { None } else { tx.repeat(&key).await? };
        tx.commit().await?;
        Ok(match before {
            None if new => Repeated::New(Ticket { key }),
            Some(found) if found.digest != digest => Repeated::Other,
            Some(found) => match found.answer {
                None => Repeated::Open,
                Some(sealed) if sealed.is_empty() => Repeated::Destroyed,
                Some(sealed) => {
                    let opened = self.keys.open(&place(&key), &sealed);
                    Repeated::Done(opened.ok_or_else(|| {
                        Failure::Internal("an answer was sealed with other keys".to_owned())
                    })?)
                }
            },
            // Taken a moment ago and given free since.
            None => Repeated::Open,
        })
    }

    /// Forgets the answers whose day is over, also where nobody sends a key any more.
    ///
    /// # Errors
    /// What the store said.
    pub async fn forget_answers(&self) -> Result<(), ActError> {
        let at = now();
        let tx = self.store.jot().await?;
        tx.forget_repeats(at - KEPT, at - LOST).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps the answer to a request, sealed.
    ///
    /// # Errors
    /// What the store said.
    pub async fn end_once(&self, ticket: &Ticket, answer: &[u8]) -> Result<(), ActError> {
        let sealed = self.keys.seal(&place(&ticket.key), answer)?;
        let tx = self.store.jot().await?;
        tx.end_repeat(&ticket.key, sealed).await?;
        Ok(tx.commit().await?)
    }

    /// Gives the key free of a request that did nothing.
    ///
    /// # Errors
    /// What the store said.
    pub async fn drop_once(&self, ticket: &Ticket) -> Result<(), ActError> {
        let tx = self.store.jot().await?;
        tx.drop_repeat(&ticket.key).await?;
        Ok(tx.commit().await?)
    }
}

/// Where the answer to a request is sealed for.
fn place(key: &[u8; 32]) -> String {
    format!("idempotency/{}", hex::encode(key))
}
