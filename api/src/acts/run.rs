//! A run of a batch: a job that any server may take, computed on frozen inputs, verified before it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use luqu_engine::domain::draft::Draft;
use luqu_engine::domain::{Answer, BatchIx, Season};
use luqu_engine::placement;
use luqu_engine::policy::Policy;
use luqu_engine::verify::{AnswerBytes, Certificate, Prepared};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::correct::put_right;
use super::memory::away;
use super::{ActError, Actor, Office, digest, now};
use crate::error::Failure;
use crate::ledger::Event;
use crate::store::{Admission, Job, JobStatus, NewRound, Role, StoreError, Tx, WindowStatus};
use crate::tables::Located;

/// How a job ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RunOutcome {
    /// There is a round of this number.
    Round(i64),
    /// There is none, for this reason.
    Failed(String),
    /// Somebody stopped it.
    Cancelled,
    /// The server is closing; the job waits for the next one.
    GivenBack,
    /// Another worker has it, since this one was not heard of for too long.
    Lost,
}

/// After so many microseconds without a sign of life a job is another worker's.
pub const LOST: i64 = 20_000_000;

/// So often a job is taken up that nobody brings to an end, such as one that ends the process.
const ATTEMPTS: i32 = 5;

/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(4);

/// Gives signs of life for a job, for as long as this value lives.
struct Alive(JoinHandle<()>);

impl Alive {
    fn of(office: &Office, job: i64, worker: &str) -> Self {
        let (store, worker) = (office.store.clone(), worker.to_owned());
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(BEAT).await;
                let beaten = async {
                    let tx = store.jot().await?;
                    tx.beat(job, &worker, None, now()).await?;
                    tx.commit().await?;
                    Ok::<_, StoreError>(())
                };
                if let Err(error) = beaten.await {
                    tracing::warn!(%error, job, "no sign of life could be given");
                }
            }
        }))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Office {
    /// Queues a run of a batch.
    ///
    /// # Errors
    /// Its wishes are not closed; an earlier batch is not published; it is published; one is under way; no permission.
    pub async fn queue_run(
        &self,
        actor: &Actor,
        season: &str,
        batch: &str,
    ) -> Result<i64, ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let (_, policy) = self.season_row(season).await?;
        let Some(at) = policy.batch_ix(batch) else {
            return Err(ActError::NotFound(format!("批次 {batch}")));
        };
        let tx = self.store.write().await?;
        let windows = tx.windows(season).await?;
        if windows.get(batch).is_none_or(|w| w.status != WindowStatus::Closed) {
            return Err(ActError::Conflict("请先关闭该批次志愿填报".to_owned()));
        }
        if tx.published_round(season, batch).await?.is_some() {
            return Err(ActError::Conflict("该批次已经公布".to_owned()));
        }
        nothing_open_before(&tx, &policy, season, at).await?;
        let busy = |j: &Job| {
            j.batch == batch && matches!(j.status, JobStatus::Queued | JobStatus::Running)
        };
        if tx.jobs(season).await?.iter().any(busy) {
            return Err(ActError::Conflict("该批次正在计算".to_owned()));
        }
        let id = tx.queue(season, batch, &actor.name, now()).await?;
        let told = json!({"batch": batch, "job": id});
        self.record(&tx, Event::new("run_queued", &actor.name, season, told)).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Puts every run under way back into the queue, for a server that knows itself alone.
    ///
    /// # Errors
    /// What the store said.
    pub async fn requeue_all(&self) -> Result<u64, ActError> {
        let tx = self.store.jot().await?;
        let again = tx.requeue_all().await?;
        tx.commit().await?;
        Ok(again)
    }

    /// Asks a run to stop.
    ///
    /// # Errors
    /// It has ended; no permission.
    pub async fn cancel_run(&self, actor: &Actor, season: &str, job: i64) -> Result<(), ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        if self.store.read().job(job).await?.is_none_or(|j| j.season != season) {
            return Err(ActError::NotFound(format!("任务 {job}")));
        }
        let tx = self.store.jot().await?;
        if !tx.cancel_job(job, now()).await? {
            return Err(ActError::Conflict("该任务已经结束".to_owned()));
        }
        tx.commit().await?;
        Ok(())
    }

    /// Takes the next job, if there is one, and works it to its end.
    ///
    /// # Errors
    /// The world around the program failed; the job is then another worker's after a while.
    pub async fn work_once(&self, worker: &str) -> Result<Option<(i64, RunOutcome)>, ActError> {
        let tx = self.store.jot().await?;
        let Some(job) = tx.take_job(worker, now(), now() - LOST).await? else { return Ok(None) };
        tx.commit().await?;
        let alive = Alive::of(self, job.id, worker);
        let run = async {
            if job.attempt > ATTEMPTS {
                let why = format!("已尝试 {ATTEMPTS} 次都没有做完，请看服务器的日志");
                return Ok(RunOutcome::Failed(why));
            }
            self.run(&job, worker).await
        };
        let outcome = match run.await {
            Ok(outcome) => outcome,
            Err(failed @ (ActError::Failure(_) | ActError::Busy(_))) => return Err(failed),
            Err(refused) => RunOutcome::Failed(refused.to_string()),
        };
        drop(alive);
        let tx = self.store.jot().await?;
        match &outcome {
            RunOutcome::Failed(why) => {
                tx.end_job(job.id, worker, JobStatus::Failed, why, now()).await?;
            }
            RunOutcome::Cancelled => {
                tx.end_job(job.id, worker, JobStatus::Cancelled, "", now()).await?;
            }
            RunOutcome::GivenBack => {
                tx.give_back(job.id, worker).await?;
            }
            // The round ended the job as it was written.
            RunOutcome::Round(_) | RunOutcome::Lost => {}
        }
        tx.commit().await?;
        Ok(Some((job.id, outcome)))
    }

    async fn run(&self, job: &Job, worker: &str) -> Result<RunOutcome, ActError> {
        if let Some(ends) = self.step(job, worker, "读取").await? {
            return Ok(ends);
        }
        let season = self.season_of_batch(&job.season, &job.batch).await?;
        if let Some(ends) = self.step(job, worker, "录取与核验").await? {
            return Ok(ends);
        }
        let computed = match compute(season).await? {
            Ok(computed) => computed,
            Err(why) => return Ok(RunOutcome::Failed(why)),
        };
        self.agrees_with_published(job, &computed).await?;
        if let Some(ends) = self.step(job, worker, "保存").await? {
            return Ok(ends);
        }
        let tx = self.store.write().await?;
        let id = tx
            .store_round(NewRound {
                season: &job.season,
                batch: &job.batch,
                input_digest: &computed.input_digest,
                answer_digest: &computed.certificate.answer,
                seed: computed.certificate.seed.as_deref().unwrap_or(""),
                certificate: &computed.text,
                answer: pack(&computed.bytes)?,
                by: &job.created_by,
                at: now(),
            })
            .await?;
        // The round and the end of its job are one: a worker that was thought lost leaves no second round, and one that
        // was asked to stop leaves none.
        if !tx.finish_job(job.id, worker, id, now()).await? {
            drop(tx);
            let ends = self.step(job, worker, "保存").await?;
            return Ok(ends.unwrap_or(RunOutcome::Lost));
        }
        let told = json!({
            "batch": job.batch, "round": id,
            "inputs": computed.input_digest, "answer": computed.certificate.answer,
        });
        self.record(&tx, Event::new("round_computed", &job.created_by, &job.season, told)).await?;
        self.seal(tx).await?;
        Ok(RunOutcome::Round(id))
    }

    /// Notes the step, or says how the job ends here: somebody asked to stop it, the server is closing, or another
    /// worker has it.
    async fn step(
        &self,
        job: &Job,
        worker: &str,
        step: &str,
    ) -> Result<Option<RunOutcome>, ActError> {
        let tx = self.store.jot().await?;
        let mine = tx.beat(job.id, worker, Some(step), now()).await?;
        let cancel = tx.job(job.id).await?.is_none_or(|j| j.cancel);
        tx.commit().await?;
        Ok(match (mine, cancel) {
            (false, _) => Some(RunOutcome::Lost),
            (_, true) => Some(RunOutcome::Cancelled),
            _ if self.closing.load(Ordering::SeqCst) => Some(RunOutcome::GivenBack),
            _ => None,
        })
    }

    /// The season as a run of a batch sees it: the plan as approved before any correction, with what was freed
    /// for its batches, the wishes of this batch and of those before it, figures as they were known.
    ///
    /// # Errors
    /// It is not there; its tables contradict each other.
    pub async fn season_of_batch(&self, season: &str, batch: &str) -> Result<Season, ActError> {
        let (_, policy) = self.season_row(season).await?;
        let draft = self.draft_of_batch(season, &policy, batch).await?;
        away(move || checked(policy, draft)).await?
    }

    /// The tables of [`Office::season_of_batch`].
    pub(super) async fn draft_of_batch(
        &self,
        season: &str,
        policy: &Policy,
        batch: &str,
    ) -> Result<Draft, ActError> {
        let Some(last) = policy.batch_ix(batch) else {
            return Err(ActError::NotFound(format!("批次 {batch}")));
        };
        self.must_be_kept(season).await?;
        let open = |sealed: &[u8]| self.opened_id(season, sealed);
        let mut draft = self.store.read().draft_before_corrections(policy, &open).await?;
        let corrected = self.store.read().corrected(season).await?;
        let rounds = self.store.read().rounds(season).await?.into_iter();
        let published: BTreeMap<String, i64> =
            rounds.filter_map(|r| Some((r.batch, r.published_at?))).collect();
        draft.wishes.rows.retain(|(_, wish)| {
            let Some(of) = wish.batch.as_deref().and_then(|b| policy.batch_ix(b)) else {
                return false;
            };
            // Whoever was admitted by a correction takes no part in later batches that were published after it.
            let admitted = wish.applicant_id.as_deref().and_then(|a| corrected.get(a));
            let out = admitted.is_some_and(|(batch, when)| {
                let before =
                    published.get(policy.batch(of).id.as_str()).is_some_and(|at| at < when);
                policy.batch_ix(batch).is_some_and(|b| of > b) && !before
            });
            of <= last && !out
        });
        self.put_right_by(season, policy, &mut draft, &published, published.get(batch).copied())
            .await?;
        self.supply_freed(season, policy, &mut draft, &published, last).await?;
        // What was decided after a batch was published is for corrections, and changes nothing of it.
        let mut late: BTreeSet<(String, String)> = BTreeSet::new();
        for (batch, out) in &published {
            let rows = self.store.read().tie_rows(season, batch).await?;
            let after = rows.into_iter().filter(|t| t.recorded_at > *out);
            late.extend(after.map(|t| (batch.clone(), t.applicant)));
        }
        draft.tie_decisions.rows.retain(|(_, tie)| {
            let (batch, who) = (tie.batch.as_deref(), tie.applicant_id.as_deref());
            let of = batch.and_then(|b| policy.batch_ix(b));
            let key = batch.zip(who).map(|(b, a)| (b.to_owned(), a.to_owned()));
            of.is_some_and(|of| of <= last) && key.is_none_or(|key| !late.contains(&key))
        });
        Ok(draft)
    }

    /// Puts right what two people put right before a batch was published, or by now. Whoever sat by then stays as
    /// placed, and takes no part any more. Of anybody else, who held no seat of what was out by then, the wishes there
    /// are left out: with other figures they might sit.
    async fn put_right_by(
        &self,
        season: &str,
        policy: &Policy,
        draft: &mut Draft,
        published: &BTreeMap<String, i64>,
        until: Option<i64>,
    ) -> Result<(), ActError> {
        let made = self.corrections(season).await?;
        if made.is_empty() {
            return Ok(());
        }
        let given = self.store.read().published(season).await?;
        let seated: BTreeMap<&str, &str> =
            given.iter().map(|a| (a.applicant.as_str(), a.batch.as_str())).collect();
        for one in made.iter().filter(|m| until.is_none_or(|until| m.at < until)) {
            let was_out = |batch: &str| published.get(batch).is_some_and(|&at| at < one.at);
            let who = one.body.mistake.applicant.as_str();
            if seated.get(who).is_some_and(|batch| was_out(batch)) {
                continue;
            }
            put_right(draft, policy, [&one.body.mistake]);
            draft.wishes.rows.retain(|(_, wish)| {
                wish.applicant_id.as_deref() != Some(who)
                    || !wish.batch.as_deref().is_some_and(was_out)
            });
        }
        Ok(())
    }

    /// Earlier batches come out as they were published, or the inputs have changed since.
    async fn agrees_with_published(&self, job: &Job, computed: &Computed) -> Result<(), ActError> {
        let policy = computed.season.policy();
        let last = policy.batch_ix(&job.batch);
        let held: BTreeSet<(String, String, String, String)> = computed
            .answer
            .outcomes
            .iter()
            .zip(computed.season.applicants())
            .filter_map(|(o, a)| {
                let (batch, _, school, category) = o.seat()?;
                let school = computed.season.school(school).id.to_string();
                (Some(batch) < last).then(|| {
                    let batch = policy.batch(batch).id.to_string();
                    (a.id.to_string(), batch, school, policy.category(category).id.to_string())
                })
            })
            .collect();
        for Admission { applicant, batch, school, category, .. } in
            self.store.read().published(&job.season).await?
        {
            if policy.batch_ix(&batch) < last
                && !held.contains(&(applicant.clone(), batch, school, category))
            {
                let text =
                    format!("考生 {applicant} 已公布的录取结果与重新计算的不同：公布后输入有变动");
                return Err(ActError::Conflict(text));
            }
        }
        Ok(())
    }
}

/// A verified run.
pub(super) struct Computed {
    pub(super) season: Season,
    pub(super) answer: Answer,
    pub(super) certificate: Certificate,
    /// The certificate as JSON.
    pub(super) text: String,
    pub(super) bytes: AnswerBytes,
    pub(super) input_digest: String,
}

/// Places, verifies and certifies a season, away from the threads that serve.
///
/// The inner error is why there is nothing to keep: ties without a decision, or a finding of the verification.
pub(super) async fn compute(season: Season) -> Result<Result<Computed, String>, ActError> {
    let work = move || {
        let (placed, prepared) =
            rayon::join(|| placement::place(&season), || Prepared::of(&season));
        let answer = match placed {
            Ok(answer) => answer,
            Err(undecided) => return Ok(Err(undecided.to_string())),
        };
        let bytes = AnswerBytes::of(&season, &answer);
        let (report, certificate) = prepared.certify(&answer, &bytes);
        let Some(certificate) = certificate else {
            let first = report.findings.first().map_or("", |f| f.sentence.as_str());
            return Ok(Err(format!("核验未通过，未保存：{first}")));
        };
        let text = String::from_utf8_lossy(&certificate.to_bytes()).into_owned();
        let c = &certificate;
        let input_digest =
            inputs_digest(&json!(c.season), &json!(c.policy), &json!(c.seed), &json!(c.inputs));
        Ok(Ok(Computed { season, answer, certificate, text, bytes, input_digest }))
    };
    away(work).await?.map_err(ActError::Failure)
}

/// One digest over the season, the policy, the seed and every table that went in, as a certificate has them.
#[must_use]
pub fn inputs_digest(season: &Value, policy: &Value, seed: &Value, inputs: &Value) -> String {
    digest(json!([season, policy, seed, inputs]).to_string().as_bytes())
}

/// Passes where every batch in front of one that was opened at all is published: whoever is admitted there leaves.
pub(super) async fn nothing_open_before(
    tx: &Tx,
    policy: &Policy,
    season: &str,
    batch: BatchIx,
) -> Result<(), ActError> {
    let windows = tx.windows(season).await?;
    for earlier in &policy.batches[..batch.at()] {
        let opened = windows.contains_key(earlier.id.as_str());
        if opened && tx.published_round(season, &earlier.id).await?.is_none() {
            return Err(ActError::Conflict(format!("前面的批次 {} 还没有公布", earlier.name)));
        }
    }
    Ok(())
}

/// The season of a draft that the store holds.
pub(super) fn checked(policy: Policy, draft: Draft) -> Result<Season, ActError> {
    match Season::check(policy, draft) {
        Ok((season, _)) => Ok(season),
        Err(faults) => Err(ActError::Faults(
            faults.into_iter().map(|f| Located::in_file(f, "database")).collect(),
        )),
    }
}

/// The three files of an answer as one, compressed.
fn pack(bytes: &AnswerBytes) -> Result<Vec<u8>, Failure> {
    let files = [
        ("placements.csv", &bytes.placements),
        ("cutoffs.csv", &bytes.cutoffs),
        ("reasons.csv", &bytes.reasons),
    ];
    let uploads = files.map(|(name, b)| super::Upload { name: name.to_owned(), bytes: b.clone() });
    super::imports::pack(&uploads)
}
