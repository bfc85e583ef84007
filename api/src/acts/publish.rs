//! Signing by two over one digest, and publishing: whole or not at all, and one winner.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use luqu_engine::domain::{Applicant, Season};
use luqu_engine::policy::Category;
use serde_json::json;

use super::run::{Computed, compute, nothing_open_before};
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
        let new = Seats::new(&lines, taken).allot(&computed, &found.batch)?;
        let tx = self.store.write().await?;
        // As when the run was queued: one in front may have been opened since.
        let batch = super::batch_of(&computed.season, &found.batch)?;
        nothing_open_before(&tx, computed.season.policy(), season, batch).await?;
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

    /// Seats of all batches and their holders, by school, batch and category of the plan.
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
    taken: BTreeSet<(i64, u32)>,
    /// How many seats of each line are free.
    free: Vec<usize>,
}

/// Somebody who holds a seat of a class.
struct Holder<'c> {
    applicant: &'c Applicant,
    position: u16,
    category: &'c Category,
    /// The lines with seats for them: those of the class itself in front, then those that return or carry to it.
    lines: Arc<[usize]>,
}

impl<'l> Seats<'l> {
    fn new(lines: &'l [SeatLine], taken: impl Iterator<Item = (i64, u32)>) -> Self {
        let taken: BTreeSet<(i64, u32)> = taken.collect();
        let free = |line: &SeatLine| {
            let held = taken.range((line.id, 0)..=(line.id, line.seats)).count();
            (line.seats as usize).saturating_sub(held)
        };
        let free = lines.iter().map(free).collect();
        Self { lines, taken, free }
    }

    /// The free seats of a line, the lowest first.
    fn seats_of(&self, line: &'l SeatLine) -> impl Iterator<Item = u32> {
        (1..=line.seats).filter(move |&seat| !self.taken.contains(&(line.id, seat)))
    }

    /// Gives every holder of a batch a seat. Seats of the class's own lines go first; where a line that returns or
    /// carries to it admits from fewer regions, whoever it admits makes room for whoever it does not.
    fn allot<'c>(
        self,
        computed: &'c Computed,
        batch: &str,
    ) -> Result<Vec<NewAdmission<'l>>, ActError>
    where
        'c: 'l,
    {
        let holders = self.holders(computed, batch);
        // By line: who sits there, by their place among the holders.
        let mut sits: Vec<Vec<usize>> = vec![Vec::new(); self.lines.len()];
        for (at, holder) in holders.iter().enumerate() {
            if !self.seat(&holders, at, &mut sits) {
                let id = &holder.applicant.id;
                return Err(ActError::Unlawful(format!("考生 {id} 的席位在计划中找不到")));
            }
        }
        let mut new = Vec::with_capacity(holders.len());
        for (line, mut sitting) in self.lines.iter().zip(sits) {
            sitting.sort_unstable();
            for (at, seat_no) in sitting.into_iter().zip(self.seats_of(line)) {
                let Holder { applicant, position, category, .. } = &holders[at];
                new.push(NewAdmission {
                    applicant: &applicant.id,
                    category: &category.id,
                    held_quota: category.by_junior,
                    position: *position,
                    total: applicant.total.hundredths(),
                    line,
                    seat_no,
                });
            }
        }
        Ok(new)
    }

    /// The holders of a batch in the order of the applicants.
    fn holders<'c>(&self, computed: &'c Computed, batch: &str) -> Vec<Holder<'c>> {
        let season = &computed.season;
        let policy = season.policy();
        let mut known: BTreeMap<Wanted<'c>, Arc<[usize]>> = BTreeMap::new();
        let mut holders = Vec::new();
        for (applicant, outcome) in season.applicants().iter().zip(&computed.answer.outcomes) {
            let Some((of, position, school, category)) = outcome.seat() else { continue };
            if policy.batch(of).id != batch {
                continue;
            }
            let category = policy.category(category);
            let wanted = Wanted {
                school: &season.school(school).id,
                class: (&policy.batch(of).id, &category.id),
                junior: category.by_junior.then(|| season.school(applicant.junior).id.as_str()),
                region: season.region_name(applicant.region),
            };
            let lines = known.entry(wanted).or_insert_with(|| self.lines_for(season, wanted));
            holders.push(Holder { applicant, position, category, lines: lines.clone() });
        }
        holders
    }

    /// The lines with seats for a class, its own in front.
    fn lines_for(&self, season: &Season, wanted: Wanted<'_>) -> Arc<[usize]> {
        let policy = season.policy();
        let flows = |line: &SeatLine, to: (&str, &str)| {
            let from = policy.batch_ix(&line.batch).zip(policy.category_ix(&line.category));
            let name = |(b, c)| (policy.batch(b).id.as_str(), policy.category(c).id.as_str());
            from.is_some_and(|(b, c)| policy.held_as(b, c).any(|held| name(held) == to))
        };
        let mut lines: Vec<(bool, usize)> = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let own = (line.batch.as_str(), line.category.as_str()) == wanted.class;
            let fits = if own {
                line.junior.as_deref() == wanted.junior
            } else {
                flows(line, wanted.class)
            };
            let admits = line.scope.iter().any(|region| region == "*" || region == wanted.region);
            if line.school == wanted.school && fits && admits {
                lines.push((!own, at));
            }
        }
        lines.sort_unstable();
        lines.into_iter().map(|(_, at)| at).collect()
    }

    /// Seats one more holder; others move to other lines of theirs where that makes room. False where nothing does.
    fn seat(&self, holders: &[Holder<'_>], new: usize, sits: &mut [Vec<usize>]) -> bool {
        // By line that was looked at: who would come to it, and from which line.
        let mut comes: BTreeMap<usize, (usize, Option<usize>)> = BTreeMap::new();
        let mut looked: VecDeque<usize> = holders[new].lines.iter().copied().collect();
        comes.extend(looked.iter().map(|&line| (line, (new, None))));
        while let Some(line) = looked.pop_front() {
            if sits[line].len() < self.free[line] {
                let mut to = line;
                loop {
                    let (who, from) = comes[&to];
                    sits[to].push(who);
                    let Some(from) = from else { return true };
                    sits[from].retain(|&other| other != who);
                    to = from;
                }
            }
            for &sitting in &sits[line] {
                for &next in holders[sitting].lines.iter() {
                    if let Entry::Vacant(free) = comes.entry(next) {
                        free.insert((sitting, Some(line)));
                        looked.push_back(next);
                    }
                }
            }
        }
        false
    }
}

/// The class that somebody holds a seat of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted<'a> {
    school: &'a str,
    class: (&'a str, &'a str),
    junior: Option<&'a str>,
    /// Where they come from.
    region: &'a str,
}
