//! Signing by two over one digest, and publishing: whole or not at all, and one winner.

use std::collections::BTreeMap;

use luqu_engine::domain::{Applicant, Outcome, Season};
use serde_json::json;

use super::run::{Computed, compute};
use super::{ActError, Actor, Office, now};
use crate::ledger::Event;
use crate::store::{GateKind, NewAdmission, Publishing, Role, Round, RoundStatus, SeatLine};

/// Seats of a class that nobody holds.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Vacancy {
    /// The senior school.
    pub school: String,
    /// 批次
    pub batch: String,
    /// 类别
    pub category: String,
    /// 计划数
    pub seats: u32,
    /// 录取数
    pub held: u32,
    /// 缺额
    pub vacant: u32,
}

impl Office {
    /// The first signature, over the digest of a computed round.
    ///
    /// # Errors
    /// The digest is another; the round is not merely computed; no permission.
    pub async fn sign(
        &self,
        actor: &Actor,
        season: &str,
        round: i64,
        digest: &str,
    ) -> Result<(), ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let found = self.round(season, round).await?;
        if found.answer_digest != digest {
            return Err(stale());
        }
        let tx = self.store.write().await?;
        if !tx.sign_first(round, digest, &actor.name, now()).await? {
            return Err(ActError::Conflict("该轮次不在待签发状态".to_owned()));
        }
        let told = json!({"round": round, "batch": found.batch, "digest": digest});
        self.record(&tx, Event::new("round_signed", &actor.name, season, told)).await?;
        self.seal(tx).await?;
        Ok(())
    }

    /// Gives a round up that is not published.
    ///
    /// # Errors
    /// It is published or given up; no permission.
    pub async fn discard(&self, actor: &Actor, season: &str, round: i64) -> Result<(), ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        self.round(season, round).await?;
        let tx = self.store.write().await?;
        if !tx.discard_round(round).await? {
            return Err(ActError::Conflict("该轮次已公布或已作废".to_owned()));
        }
        let told = json!({"round": round});
        self.record(&tx, Event::new("round_discarded", &actor.name, season, told)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The second signature: the sealed inputs are placed and verified once more, must give the digest that both
    /// signed, and become admissions to numbered seats, all of them or none.
    ///
    /// # Errors
    /// The signer is the first; inputs or answer have changed; another round of the batch is published; no permission.
    pub async fn publish(
        &self,
        actor: &Actor,
        season: &str,
        round: i64,
        digest: &str,
    ) -> Result<usize, ActError> {
        actor.must_be(&[Role::Reviewer])?;
        let found = self.round(season, round).await?;
        if found.status != RoundStatus::Proposed {
            return Err(ActError::Conflict("该轮次不在待复核状态".to_owned()));
        }
        if found.proposed_by.as_deref() == Some(&actor.name) {
            return Err(ActError::NotPermitted("签发人与复核人不能是同一人".to_owned()));
        }
        if found.answer_digest != digest {
            return Err(stale());
        }
        let computed = match compute(self.season_of_batch(season, &found.batch).await?).await? {
            Ok(computed) => computed,
            Err(why) => return Err(ActError::Conflict(why)),
        };
        if computed.certificate.answer != found.answer_digest
            || computed.input_digest != found.input_digest
        {
            return Err(ActError::Conflict("签发后输入或政策有变动，须重新计算".to_owned()));
        }
        let lines = self.store.read().seat_lines(season).await?;
        let taken = self.store.read().admissions(season).await?;
        let taken = taken.iter().filter(|a| a.active).map(|a| (a.plan, a.seat_no));
        let mut seats = Seats::new(&lines, taken);
        let new = seats.allot(&computed, &found.batch)?;
        let tx = self.store.write().await?;
        // The state first: every admission then refers to a round that is published in this very transaction.
        if !tx.publish_round(round, &actor.name, now()).await? {
            return Err(ActError::Conflict("该轮次已由他人办理".to_owned()));
        }
        let publishing =
            Publishing { season, batch: &found.batch, round, correction: None, at: now() };
        tx.store_admissions(publishing, &new).await?;
        let told = json!({
            "round": round, "batch": found.batch, "digest": digest,
            "inputs": found.input_digest, "admissions": new.len(), "signed_by": found.proposed_by,
        });
        let seq =
            self.record(&tx, Event::new("round_published", &actor.name, season, told)).await?;
        let given = tx.admissions_given(round, None).await?;
        let events: Vec<_> = given.into_iter().map(|id| (GateKind::Published, id)).collect();
        tx.tell(season, seq, &events).await?;
        self.seal(tx).await?;
        Ok(new.len())
    }

    /// Seats of the published batches and their holders, by school, batch and category of the plan.
    ///
    /// # Errors
    /// What the store said.
    pub async fn vacancies(&self, season: &str) -> Result<Vec<Vacancy>, ActError> {
        let read = self.store.read();
        let mut held: BTreeMap<i64, u32> = BTreeMap::new();
        for admission in read.admissions(season).await?.iter().filter(|a| a.active) {
            *held.entry(admission.plan).or_default() += 1;
        }
        let mut found: BTreeMap<(String, String, String), (u32, u32)> = BTreeMap::new();
        for line in read.seat_lines(season).await? {
            let sums = found.entry((line.school, line.batch, line.category)).or_default();
            sums.0 += line.seats;
            sums.1 += held.get(&line.id).copied().unwrap_or(0);
        }
        let vacancy =
            |((school, batch, category), (seats, held)): ((String, String, String), (u32, u32))| {
                Vacancy { school, batch, category, seats, held, vacant: seats.saturating_sub(held) }
            };
        Ok(found.into_iter().map(vacancy).collect())
    }

    pub(super) async fn round(&self, season: &str, id: i64) -> Result<Round, ActError> {
        let found = self.store.read().round(season, id).await?;
        found.map(|(round, _)| round).ok_or_else(|| ActError::NotFound(format!("轮次 {id}")))
    }
}

fn stale() -> ActError {
    ActError::Conflict("签署的摘要与该轮次的不同，请重新核对".to_owned())
}

/// The numbered seats of a season and who may sit where.
struct Seats<'l> {
    lines: &'l [SeatLine],
    /// The free seats of each line, the lowest last.
    free: Vec<Vec<u32>>,
}

impl<'l> Seats<'l> {
    fn new(lines: &'l [SeatLine], taken: impl Iterator<Item = (i64, u32)>) -> Self {
        let taken: std::collections::BTreeSet<(i64, u32)> = taken.collect();
        let free = |line: &SeatLine| {
            (1..=line.seats).rev().filter(|&s| !taken.contains(&(line.id, s))).collect()
        };
        Self { lines, free: lines.iter().map(free).collect() }
    }

    /// Gives every holder of a batch a seat: first of the class's own lines, then of lines that return or carry to it.
    fn allot<'c>(
        &mut self,
        computed: &'c Computed,
        batch: &str,
    ) -> Result<Vec<NewAdmission<'l>>, ActError>
    where
        'c: 'l,
    {
        let season = &computed.season;
        let policy = season.policy();
        let mut new = Vec::new();
        let holders = season.applicants().iter().zip(&computed.answer.outcomes);
        let mut waiting: Vec<(&'c Applicant, Outcome)> = holders
            .filter(|(_, o)| o.seat().is_some_and(|(of, ..)| policy.batch(of).id == batch))
            .map(|(a, &o)| (a, o))
            .collect();
        for own in [true, false] {
            let mut left = Vec::new();
            for (applicant, outcome) in waiting {
                let Some((_, position, school, category)) = outcome.seat() else { continue };
                let held = policy.category(category);
                let wanted = Wanted {
                    school: &season.school(school).id,
                    class: (batch, &held.id),
                    junior: held.by_junior.then(|| season.school(applicant.junior).id.as_str()),
                };
                let Some((line, seat_no)) = self.take(season, wanted, own) else {
                    left.push((applicant, outcome));
                    continue;
                };
                new.push(NewAdmission {
                    applicant: &applicant.id,
                    category: &held.id,
                    held_quota: held.by_junior,
                    position,
                    total: applicant.total.hundredths(),
                    line,
                    seat_no,
                });
            }
            waiting = left;
        }
        match waiting.first() {
            None => Ok(new),
            Some((applicant, _)) => {
                Err(ActError::Unlawful(format!("考生 {} 的席位在计划中找不到", applicant.id)))
            }
        }
    }

    fn take(
        &mut self,
        season: &Season,
        wanted: Wanted<'_>,
        own: bool,
    ) -> Option<(&'l SeatLine, u32)> {
        let fits = |line: &SeatLine| {
            let plan = (line.batch.as_str(), line.category.as_str());
            let same = plan == wanted.class;
            line.school == wanted.school
                && if own {
                    same && line.junior.as_deref() == wanted.junior
                } else {
                    !same && flows(season, plan, wanted.class)
                }
        };
        let at =
            (0..self.lines.len()).find(|&i| !self.free[i].is_empty() && fits(&self.lines[i]))?;
        Some((&self.lines[at], self.free[at].pop()?))
    }
}

/// The class that somebody holds a seat of.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    school: &'a str,
    class: (&'a str, &'a str),
    junior: Option<&'a str>,
}

/// Whether seats of one class return or carry to another, in any number of steps.
fn flows(season: &Season, from: (&str, &str), to: (&str, &str)) -> bool {
    let policy = season.policy();
    let (Some(mut batch), Some(mut category)) =
        (policy.batch_ix(from.0), policy.category_ix(from.1))
    else {
        return false;
    };
    loop {
        let rule = policy.category(category);
        // A category that returns cannot also carry, so that there is one way on.
        (batch, category) = match (rule.returns_to, rule.carry_to) {
            (Some(next), _) => (batch, next),
            (None, Some((later, next))) if later > batch => (later, next),
            _ => return false,
        };
        if (policy.batch(batch).id.as_str(), policy.category(category).id.as_str()) == to {
            return true;
        }
    }
}
