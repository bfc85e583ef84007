//! Rounds, one run of one batch each, and the queue of runs.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, Iterable,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, UpdateMany,
};

use super::StoreError;
use super::db::{Db, Tx};
use super::entities::{decision, job, round};
use super::seasons::DecisionStatus;

words! {
    /// How far a round has come.
    RoundStatus {
        /// Computed and verified.
        Computed = "computed",
        /// One person has signed.
        Proposed = "proposed",
        /// Two have; it is final.
        Published = "published",
        /// Given up.
        Discarded = "discarded",
    }
}
words! {
    /// How far a job has come.
    JobStatus {
        /// Nobody works on it yet.
        Queued = "queued",
        /// Somebody does.
        Running = "running",
        /// There is a round.
        Done = "done",
        /// There is none, and a message says why.
        Failed = "failed",
        /// Cancelled.
        Cancelled = "cancelled",
    }
}

/// A round without its answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Round {
    /// Its number.
    pub id: i64,
    /// 批次
    pub batch: String,
    /// How far it has come.
    pub status: RoundStatus,
    /// Digest of everything that went in.
    pub input_digest: String,
    /// Digest of everything that came out.
    pub answer_digest: String,
    /// The certificate, as JSON.
    pub certificate: String,
    /// Who ran it.
    pub computed_by: String,
    /// When, in microseconds of UTC.
    pub computed_at: i64,
    /// Who signed first.
    pub proposed_by: Option<String>,
    /// Who signed second.
    pub approved_by: Option<String>,
    /// When it was published.
    pub published_at: Option<i64>,
}

/// A round to be written.
#[derive(Clone, Debug)]
pub struct NewRound<'a> {
    /// The season.
    pub season: &'a str,
    /// 批次
    pub batch: &'a str,
    /// Digest of everything that went in.
    pub input_digest: &'a str,
    /// Digest of everything that came out.
    pub answer_digest: &'a str,
    /// The lottery seed as used.
    pub seed: &'a str,
    /// The certificate, as JSON.
    pub certificate: &'a str,
    /// The answer, packed.
    pub answer: Vec<u8>,
    /// Who ran it.
    pub by: &'a str,
    /// When, in microseconds of UTC.
    pub at: i64,
}

/// A run in the queue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// The season.
    pub season: String,
    /// 批次
    pub batch: String,
    /// How far it has come.
    pub status: JobStatus,
    /// Somebody asked to stop it.
    pub cancel: bool,
    /// What is being done.
    pub step: String,
    /// Why it failed.
    pub message: String,
    /// The round that it made.
    pub round: Option<i64>,
    /// Who asked for it.
    pub created_by: String,
    /// How often a worker took it.
    pub attempt: i32,
}

impl<C: ConnectionTrait> Db<C> {
    /// The rounds of a season, oldest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn rounds(&self, season: &str) -> Result<Vec<Round>, StoreError> {
        let rows = round::Entity::find()
            .select_only()
            .columns(round::Column::iter().filter(|c| !matches!(c, round::Column::Answer)))
            // The answers, megabytes each, stay where they are.
            .column_as(Expr::val(Vec::<u8>::new()), round::Column::Answer)
            .filter(round::Column::SeasonId.eq(season))
            .order_by_asc(round::Column::Id)
            .all(self.on())
            .await?;
        rows.into_iter().map(|row| Ok(round_row(row)?.0)).collect()
    }

    /// A round of a season with its packed answer.
    ///
    /// # Errors
    /// What the database said.
    pub async fn round(
        &self,
        season: &str,
        id: i64,
    ) -> Result<Option<(Round, Vec<u8>)>, StoreError> {
        let row = round::Entity::find_by_id(id)
            .filter(round::Column::SeasonId.eq(season))
            .one(self.on())
            .await?;
        row.map(round_row).transpose()
    }

    /// The number of the published round of a batch, if there is one.
    ///
    /// # Errors
    /// What the database said.
    pub async fn published_round(
        &self,
        season: &str,
        batch: &str,
    ) -> Result<Option<i64>, StoreError> {
        let published = round::Entity::find()
            .select_only()
            .column(round::Column::Id)
            .filter(round::Column::SeasonId.eq(season))
            .filter(round::Column::Batch.eq(batch))
            .filter(round::Column::Status.eq(RoundStatus::Published.word()));
        Ok(published.into_tuple().one(self.on()).await?)
    }

    /// How many jobs there are of each status, and how many of those that run gave no sign of life since `lost`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn job_counts(
        &self,
        lost: i64,
    ) -> Result<(BTreeMap<JobStatus, u64>, u64), StoreError> {
        let rows: Vec<(String, i64)> = job::Entity::find()
            .select_only()
            .column(job::Column::Status)
            .column_as(job::Column::Id.count(), "jobs")
            .group_by(job::Column::Status)
            .into_tuple()
            .all(self.on())
            .await?;
        let mut counts: BTreeMap<JobStatus, u64> = BTreeMap::new();
        for (status, jobs) in rows {
            counts.insert(JobStatus::of_word(&status)?, jobs.cast_unsigned());
        }
        let stuck = job::Entity::find()
            .filter(job::Column::Status.eq(JobStatus::Running.word()))
            .filter(job::Column::Heartbeat.lt(lost));
        Ok((counts, stuck.count(self.on()).await?))
    }

    /// What was made public so far, as a number that grows with every publication, correction and revocation.
    ///
    /// # Errors
    /// What the database said.
    pub async fn publications(&self) -> Result<u64, StoreError> {
        let rounds = round::Entity::find()
            .filter(round::Column::Status.eq(RoundStatus::Published.word()))
            .count(self.on())
            .await?;
        let decisions = decision::Entity::find()
            .filter(decision::Column::Status.eq(DecisionStatus::Approved.word()))
            .count(self.on())
            .await?;
        Ok(rounds + decisions)
    }

    /// A job.
    ///
    /// # Errors
    /// What the database said.
    pub async fn job(&self, id: i64) -> Result<Option<Job>, StoreError> {
        job::Entity::find_by_id(id).one(self.on()).await?.map(job_row).transpose()
    }

    /// The jobs of a season, oldest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn jobs(&self, season: &str) -> Result<Vec<Job>, StoreError> {
        let rows = job::Entity::find()
            .filter(job::Column::SeasonId.eq(season))
            .order_by_asc(job::Column::Id)
            .all(self.on())
            .await?;
        rows.into_iter().map(job_row).collect()
    }
}

impl Tx {
    /// Writes a round that was computed and verified, and gives its number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn store_round(&self, new: NewRound<'_>) -> Result<i64, StoreError> {
        let row = round::ActiveModel {
            season_id: Set(new.season.to_owned()),
            batch: Set(new.batch.to_owned()),
            status: Set(RoundStatus::Computed.word().to_owned()),
            verified: Set(1),
            input_digest: Set(new.input_digest.to_owned()),
            answer_digest: Set(new.answer_digest.to_owned()),
            seed: Set(new.seed.to_owned()),
            certificate: Set(new.certificate.to_owned()),
            answer: Set(new.answer),
            computed_by: Set(new.by.to_owned()),
            computed_at: Set(new.at),
            ..Default::default()
        };
        Ok(round::Entity::insert(row).exec(self.on()).await?.last_insert_id)
    }

    /// The first signature, over a digest; false if the round is not merely computed.
    ///
    /// # Errors
    /// The digest is not the answer's; what the database said.
    pub async fn sign_first(
        &self,
        id: i64,
        digest: &str,
        by: &str,
        at: i64,
    ) -> Result<bool, StoreError> {
        let set = round::ActiveModel {
            status: Set(RoundStatus::Proposed.word().to_owned()),
            proposed_by: Set(Some(by.to_owned())),
            proposed_at: Set(Some(at)),
            signed_digest: Set(Some(digest.to_owned())),
            ..Default::default()
        };
        self.change_round(id, &[RoundStatus::Computed], set).await
    }

    /// The second signature, which publishes; false if the round is not signed by one.
    ///
    /// # Errors
    /// The signer is the first; another round of the batch is published; what the database said.
    pub async fn publish_round(&self, id: i64, by: &str, at: i64) -> Result<bool, StoreError> {
        let set = round::ActiveModel {
            status: Set(RoundStatus::Published.word().to_owned()),
            approved_by: Set(Some(by.to_owned())),
            published_at: Set(Some(at)),
            ..Default::default()
        };
        self.change_round(id, &[RoundStatus::Proposed], set).await
    }

    /// Gives a round up; false if it is published or given up.
    ///
    /// # Errors
    /// What the database said.
    pub async fn discard_round(&self, id: i64) -> Result<bool, StoreError> {
        let set = round::ActiveModel {
            status: Set(RoundStatus::Discarded.word().to_owned()),
            ..Default::default()
        };
        self.change_round(id, &[RoundStatus::Computed, RoundStatus::Proposed], set).await
    }

    async fn change_round(
        &self,
        id: i64,
        before: &[RoundStatus],
        set: round::ActiveModel,
    ) -> Result<bool, StoreError> {
        let changed = round::Entity::update_many()
            .set(set)
            .filter(round::Column::Id.eq(id))
            .filter(round::Column::Status.is_in(before.iter().map(|s| s.word())))
            .exec(self.on())
            .await?;
        Ok(changed.rows_affected == 1)
    }

    /// Queues a run and gives its number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn queue(
        &self,
        season: &str,
        batch: &str,
        by: &str,
        at: i64,
    ) -> Result<i64, StoreError> {
        let row = job::ActiveModel {
            season_id: Set(season.to_owned()),
            kind: Set("run_batch".to_owned()),
            batch: Set(batch.to_owned()),
            status: Set(JobStatus::Queued.word().to_owned()),
            cancel: Set(0),
            step: Set(String::new()),
            attempt: Set(0),
            message: Set(String::new()),
            created_by: Set(by.to_owned()),
            created_at: Set(at),
            ..Default::default()
        };
        Ok(job::Entity::insert(row).exec(self.on()).await?.last_insert_id)
    }

    /// Takes the oldest queued job, or one whose worker has not been heard of since `lost`. Two servers never take
    /// the same one.
    ///
    /// # Errors
    /// What the database said.
    pub async fn take_job(
        &self,
        worker: &str,
        at: i64,
        lost: i64,
    ) -> Result<Option<Job>, StoreError> {
        let running = job::Column::Status.eq(JobStatus::Running.word());
        let orphaned = Condition::all().add(running).add(job::Column::Heartbeat.lt(lost));
        let waiting = job::Column::Status.eq(JobStatus::Queued.word());
        let mut query = job::Entity::find()
            .filter(Condition::any().add(waiting).add(orphaned))
            .order_by_asc(job::Column::Id)
            .limit(1);
        if self.on().get_database_backend() == DbBackend::Postgres {
            query = query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        }
        let Some(found) = query.one(self.on()).await? else { return Ok(None) };
        let set = job::ActiveModel {
            status: Set(JobStatus::Running.word().to_owned()),
            worker: Set(Some(worker.to_owned())),
            heartbeat: Set(Some(at)),
            attempt: Set(found.attempt + 1),
            ..Default::default()
        };
        job::Entity::update_many()
            .set(set)
            .filter(job::Column::Id.eq(found.id))
            .exec(self.on())
            .await?;
        Ok(Some(Job { attempt: found.attempt + 1, ..job_row(found)? }))
    }

    /// Notes that a worker lives, and what it is doing if that has changed; false if the job is no longer its own.
    ///
    /// # Errors
    /// What the database said.
    pub async fn beat(
        &self,
        id: i64,
        worker: &str,
        step: Option<&str>,
        at: i64,
    ) -> Result<bool, StoreError> {
        let mut set = job::ActiveModel { heartbeat: Set(Some(at)), ..Default::default() };
        if let Some(step) = step {
            set.step = Set(step.to_owned());
        }
        self.change_job(id, worker, set).await
    }

    /// Ends a job with its round; false if it is no longer this worker's, or somebody asked to stop it.
    ///
    /// # Errors
    /// What the database said.
    pub async fn finish_job(
        &self,
        id: i64,
        worker: &str,
        round: i64,
        at: i64,
    ) -> Result<bool, StoreError> {
        let set = job::ActiveModel {
            status: Set(JobStatus::Done.word().to_owned()),
            round_id: Set(Some(round)),
            finished_at: Set(Some(at)),
            ..Default::default()
        };
        let wanted = own_job(id, worker).filter(job::Column::Cancel.eq(0));
        Ok(wanted.set(set).exec(self.on()).await?.rows_affected == 1)
    }

    /// Ends a job without a round; false if it is no longer this worker's.
    ///
    /// # Errors
    /// What the database said.
    pub async fn end_job(
        &self,
        id: i64,
        worker: &str,
        status: JobStatus,
        message: &str,
        at: i64,
    ) -> Result<bool, StoreError> {
        let set = job::ActiveModel {
            status: Set(status.word().to_owned()),
            message: Set(message.to_owned()),
            finished_at: Set(Some(at)),
            ..Default::default()
        };
        self.change_job(id, worker, set).await
    }

    /// Puts a job back into the queue; false if it is no longer this worker's.
    ///
    /// # Errors
    /// What the database said.
    pub async fn give_back(&self, id: i64, worker: &str) -> Result<bool, StoreError> {
        let again = job::ActiveModel { attempt: Set(0), ..waiting_again() };
        self.change_job(id, worker, again).await
    }

    /// Puts every running job back into the queue, where it is known that nobody works on one; says how many.
    ///
    /// # Errors
    /// What the database said.
    pub async fn requeue_all(&self) -> Result<u64, StoreError> {
        let changed = job::Entity::update_many()
            .set(waiting_again())
            .filter(job::Column::Status.eq(JobStatus::Running.word()))
            .exec(self.on())
            .await?;
        Ok(changed.rows_affected)
    }

    /// Asks a job to stop; one that nobody works on stops at once. False if it has ended.
    ///
    /// # Errors
    /// What the database said.
    pub async fn cancel_job(&self, id: i64, at: i64) -> Result<bool, StoreError> {
        let open = [JobStatus::Queued, JobStatus::Running].map(JobStatus::word);
        let changed = job::Entity::update_many()
            .set(job::ActiveModel { cancel: Set(1), ..Default::default() })
            .filter(job::Column::Id.eq(id))
            .filter(job::Column::Status.is_in(open))
            .exec(self.on())
            .await?;
        job::Entity::update_many()
            .set(job::ActiveModel {
                status: Set(JobStatus::Cancelled.word().to_owned()),
                finished_at: Set(Some(at)),
                ..Default::default()
            })
            .filter(job::Column::Id.eq(id))
            .filter(job::Column::Status.eq(JobStatus::Queued.word()))
            .exec(self.on())
            .await?;
        Ok(changed.rows_affected == 1)
    }

    async fn change_job(
        &self,
        id: i64,
        worker: &str,
        set: job::ActiveModel,
    ) -> Result<bool, StoreError> {
        Ok(own_job(id, worker).set(set).exec(self.on()).await?.rows_affected == 1)
    }
}

/// To change a job that a worker has.
fn own_job(id: i64, worker: &str) -> UpdateMany<job::Entity> {
    job::Entity::update_many()
        .filter(job::Column::Id.eq(id))
        .filter(job::Column::Worker.eq(worker))
        .filter(job::Column::Status.eq(JobStatus::Running.word()))
}

fn waiting_again() -> job::ActiveModel {
    job::ActiveModel {
        status: Set(JobStatus::Queued.word().to_owned()),
        step: Set(String::new()),
        worker: Set(None),
        ..Default::default()
    }
}

fn round_row(row: round::Model) -> Result<(Round, Vec<u8>), StoreError> {
    let round = Round {
        id: row.id,
        batch: row.batch,
        status: RoundStatus::of_word(&row.status)?,
        input_digest: row.input_digest,
        answer_digest: row.answer_digest,
        certificate: row.certificate,
        computed_by: row.computed_by,
        computed_at: row.computed_at,
        proposed_by: row.proposed_by,
        approved_by: row.approved_by,
        published_at: row.published_at,
    };
    Ok((round, row.answer))
}

fn job_row(row: job::Model) -> Result<Job, StoreError> {
    Ok(Job {
        id: row.id,
        season: row.season_id,
        batch: row.batch,
        status: JobStatus::of_word(&row.status)?,
        cancel: row.cancel == 1,
        step: row.step,
        message: row.message,
        round: row.round_id,
        created_by: row.created_by,
        attempt: row.attempt,
    })
}
