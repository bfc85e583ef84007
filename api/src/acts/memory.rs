//! Rounds in memory: the season as a round saw it, with its answer, to be explained, compared and asked "what if".
//!
//! A round is found again by placing its stored inputs: what does not give the digests of the round is not it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use luqu_engine::domain::{Answer, Season};
use luqu_engine::explain::compare::{Comparison, compare_in};
use luqu_engine::explain::whatif::{Change, compared};
use luqu_engine::explain::{Explanation, Lang, explain_in};
use luqu_engine::placement;

use super::run::compute;
use super::{ActError, Office};
use crate::error::Failure;
use crate::store::Round;

/// A season with its answer.
#[derive(Debug)]
pub struct Known {
    /// As the round saw it.
    pub season: Season,
    /// As it was signed, or is to be.
    pub answer: Answer,
}

/// What a round's inputs give when they are placed once more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recomputed {
    /// Whether inputs and answer have the digests of the round.
    pub same: bool,
    /// Digest of everything that goes in now.
    pub input_digest: String,
    /// Digest of everything that comes out now.
    pub answer_digest: String,
}

/// Rounds of one season differ in their wishes alone, and a district has few batches.
const MOST: usize = 6;

/// The rounds last asked about, the latest last.
#[derive(Default)]
pub(super) struct Memory {
    rounds: Mutex<VecDeque<(i64, String, Arc<Known>)>>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory")
    }
}

impl Memory {
    fn get(&self, round: &Round) -> Option<Arc<Known>> {
        let rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        let found = rounds.iter().find(|(id, d, _)| (*id, d) == (round.id, &round.answer_digest));
        found.map(|(.., known)| Arc::clone(known))
    }

    fn put(&self, round: &Round, known: &Arc<Known>) {
        let mut rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        rounds.retain(|(id, ..)| *id != round.id);
        rounds.push_back((round.id, round.answer_digest.clone(), Arc::clone(known)));
        while rounds.len() > MOST {
            rounds.pop_front();
        }
    }
}

impl Office {
    /// A round with its season, from memory or placed again.
    ///
    /// # Errors
    /// There is none; its inputs have changed since it was computed, or its persons were destroyed.
    pub async fn known_round(&self, season: &str, round: i64) -> Result<Arc<Known>, ActError> {
        self.must_be_kept(season).await?;
        let found = self.round(season, round).await?;
        if let Some(known) = self.memory.get(&found) {
            return Ok(known);
        }
        let computed = compute(self.season_of_batch(season, &found.batch).await?).await?;
        let computed = computed.map_err(ActError::Conflict)?;
        if computed.certificate.answer != found.answer_digest
            || computed.input_digest != found.input_digest
        {
            let words = "该轮次计算之后输入有变动，不能再据以解释、对比或试算；请重新计算";
            return Err(ActError::Conflict(words.to_owned()));
        }
        let known = Arc::new(Known { season: computed.season, answer: computed.answer });
        self.memory.put(&found, &known);
        Ok(known)
    }

    /// Places and verifies the stored inputs of a round once more 复算.
    ///
    /// # Errors
    /// There is no such round; its inputs no longer give an answer.
    pub async fn recompute(&self, season: &str, round: i64) -> Result<Recomputed, ActError> {
        let found = self.round(season, round).await?;
        let computed = compute(self.season_of_batch(season, &found.batch).await?).await?;
        let computed = computed.map_err(ActError::Conflict)?;
        let (input_digest, answer_digest) = (computed.input_digest, computed.certificate.answer);
        let same = (&input_digest, &answer_digest) == (&found.input_digest, &found.answer_digest);
        Ok(Recomputed { same, input_digest, answer_digest })
    }

    /// Why an applicant is where a round puts them, wish by wish.
    ///
    /// # Errors
    /// There is no such round or applicant; its inputs have changed since.
    pub async fn explained(
        &self,
        season: &str,
        round: i64,
        applicant: &str,
        lang: Lang,
    ) -> Result<Explanation, ActError> {
        let known = self.known_round(season, round).await?;
        let Some(at) = known.season.find_applicant(applicant) else {
            return Err(ActError::NotFound("考生".to_owned()));
        };
        away(move || explain_in(&known.season, &known.answer, at, lang)).await
    }

    /// Who moved between two rounds, and why; which lines changed.
    ///
    /// # Errors
    /// There is no such round; its inputs have changed since.
    pub async fn compared_rounds(
        &self,
        season: &str,
        (a, b): (i64, i64),
        lang: Lang,
    ) -> Result<Comparison, ActError> {
        let a = self.known_round(season, a).await?;
        let b = self.known_round(season, b).await?;
        away(move || compare_in(&a.season, &a.answer, &b.season, &b.answer, lang)).await
    }

    /// A round as it would be with something changed, beside what it is. Nothing is kept.
    ///
    /// # Errors
    /// There is no such round; changes that cannot be made; ties without a decision.
    pub async fn what_if(
        &self,
        season: &str,
        round: i64,
        changes: Vec<Change>,
        lang: Lang,
    ) -> Result<Comparison, ActError> {
        let known = self.known_round(season, round).await?;
        let work = move || compared(&known.season, &known.answer, &changes, lang);
        match away(work).await? {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(undecided)) => Err(ActError::Conflict(undecided.to_string())),
            Err(refused) => Err(ActError::Conflict(refused.to_string())),
        }
    }

    /// The ties at the cuts of a batch that nobody has decided, each as the numbers of the equals.
    ///
    /// # Errors
    /// There is no such season or batch; its tables contradict each other.
    pub async fn undecided(&self, season: &str, batch: &str) -> Result<Vec<Vec<String>>, ActError> {
        let known = self.season_of_batch(season, batch).await?;
        let work = move || match placement::place_outcomes(&known) {
            Ok(_) => Vec::new(),
            Err(undecided) => {
                let number =
                    |a: &luqu_engine::domain::ApplicantIx| known.applicant(*a).id.to_string();
                let tie = |t: &placement::UndecidedTie| t.applicants.iter().map(number).collect();
                undecided.ties.iter().map(tie).collect()
            }
        };
        away(work).await
    }
}

/// Work that takes its time, away from the threads that serve.
pub(super) async fn away<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ActError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|e| Failure::Internal(e.to_string()))?)
}
