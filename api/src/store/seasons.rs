//! Seasons, and decisions by two over them.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder,
};

use super::StoreError;
use super::db::{Db, Tx};
use super::entities::{decision, season};

words! {
    /// Whether a season is rehearsed or real.
    Mode {
        /// 演练
        Drill = "drill",
        /// 正式
        Live = "live",
    }
}
words! {
    /// What two people decide together.
    DecisionKind {
        /// 冻结招生计划
        FreezePlan = "freeze_plan",
        /// 分配指标
        Quota = "quota",
        /// 更正
        Correction = "correction",
        /// 撤销录取
        Revocation = "revocation",
        /// 按保存期限销毁个人数据
        Retention = "retention",
    }
}
words! {
    /// How far a decision has come.
    DecisionStatus {
        /// One person has proposed it.
        Proposed = "proposed",
        /// Another has approved it.
        Approved = "approved",
        /// It was withdrawn or overtaken.
        Withdrawn = "withdrawn",
    }
}

/// A season of the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeasonRow {
    /// The id of the policy file.
    pub id: String,
    /// 区县
    pub district: String,
    /// The year of admission.
    pub year: u16,
    /// 演练 or 正式
    pub mode: Mode,
    /// The text of the policy file.
    pub policy: String,
}

/// A decision: proposed by one, approved by another, over one digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// Its number.
    pub id: i64,
    /// What is decided.
    pub kind: DecisionKind,
    /// SHA-256 of `body`.
    pub digest: String,
    /// What the proposer wrote.
    pub note: String,
    /// Exactly what is decided.
    pub body: String,
    /// How far it has come.
    pub status: DecisionStatus,
    /// Who proposed it.
    pub proposed_by: String,
    /// When, in microseconds of UTC.
    pub proposed_at: i64,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// When, in microseconds of UTC.
    pub approved_at: Option<i64>,
}

impl Decision {
    /// Whether two people have decided a thing of this kind.
    #[must_use]
    pub fn made(&self, kind: DecisionKind) -> bool {
        self.kind == kind && self.status == DecisionStatus::Approved
    }
}

/// A decision to be proposed.
#[derive(Clone, Debug)]
pub struct Proposal<'a> {
    /// The season.
    pub season: &'a str,
    /// What is decided.
    pub kind: DecisionKind,
    /// SHA-256 of `body`.
    pub digest: &'a str,
    /// What the proposer wrote.
    pub note: &'a str,
    /// Exactly what is decided.
    pub body: &'a str,
    /// Who proposes it.
    pub by: &'a str,
    /// When, in microseconds of UTC.
    pub at: i64,
}

impl<C: ConnectionTrait> Db<C> {
    /// The seasons, ordered by id.
    ///
    /// # Errors
    /// What the database said.
    pub async fn seasons(&self) -> Result<Vec<SeasonRow>, StoreError> {
        let rows = season::Entity::find().order_by_asc(season::Column::Id).all(self.on()).await?;
        rows.into_iter().map(season_row).collect()
    }

    /// One season, if it is there.
    ///
    /// # Errors
    /// What the database said.
    pub async fn season(&self, id: &str) -> Result<Option<SeasonRow>, StoreError> {
        season::Entity::find_by_id(id).one(self.on()).await?.map(season_row).transpose()
    }

    /// The decisions of a season, in the order of their proposal.
    ///
    /// # Errors
    /// What the database said.
    pub async fn decisions(&self, season: &str) -> Result<Vec<Decision>, StoreError> {
        let rows = decision::Entity::find()
            .filter(decision::Column::SeasonId.eq(season))
            .order_by_asc(decision::Column::Id)
            .all(self.on())
            .await?;
        rows.into_iter().map(decision_row).collect()
    }

    /// Whether two people had the personal data of a season destroyed.
    ///
    /// # Errors
    /// What the database said.
    pub async fn is_destroyed(&self, season: &str) -> Result<bool, StoreError> {
        let made = decision::Entity::find()
            .filter(decision::Column::SeasonId.eq(season))
            .filter(decision::Column::Kind.eq(DecisionKind::Retention.word()))
            .filter(decision::Column::Status.eq(DecisionStatus::Approved.word()));
        Ok(made.count(self.on()).await? > 0)
    }
}

impl Tx {
    /// Begins a season.
    ///
    /// # Errors
    /// A season of the id is there; what the database said.
    pub async fn create_season(
        &self,
        row: &SeasonRow,
        by: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let row = season::Model {
            id: row.id.clone(),
            district: row.district.clone(),
            year: row.year.into(),
            mode: row.mode.word().to_owned(),
            policy: row.policy.clone(),
            created_at: at,
            created_by: by.to_owned(),
        };
        Ok(self.insert_all::<season::Entity>(vec![row]).await?)
    }

    /// Writes a proposal and gives its number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn propose(&self, proposal: &Proposal<'_>) -> Result<i64, StoreError> {
        let row = decision::ActiveModel {
            season_id: Set(proposal.season.to_owned()),
            kind: Set(proposal.kind.word().to_owned()),
            digest: Set(proposal.digest.to_owned()),
            note: Set(proposal.note.to_owned()),
            body: Set(proposal.body.to_owned()),
            status: Set(DecisionStatus::Proposed.word().to_owned()),
            proposed_by: Set(proposal.by.to_owned()),
            proposed_at: Set(proposal.at),
            ..Default::default()
        };
        Ok(decision::Entity::insert(row).exec(self.on()).await?.last_insert_id)
    }

    /// Approves what is proposed, or nothing if it no longer is.
    ///
    /// # Errors
    /// The approver is the proposer; what the database said.
    pub async fn approve(&self, id: i64, by: &str, at: i64) -> Result<bool, StoreError> {
        let set = decision::ActiveModel {
            status: Set(DecisionStatus::Approved.word().to_owned()),
            approved_by: Set(Some(by.to_owned())),
            approved_at: Set(Some(at)),
            ..Default::default()
        };
        self.end_proposal(id, set).await
    }

    /// Withdraws what is proposed, or nothing if it no longer is.
    ///
    /// # Errors
    /// What the database said.
    pub async fn withdraw(&self, id: i64) -> Result<bool, StoreError> {
        let withdrawn = DecisionStatus::Withdrawn.word().to_owned();
        let set = decision::ActiveModel { status: Set(withdrawn), ..Default::default() };
        self.end_proposal(id, set).await
    }

    async fn end_proposal(&self, id: i64, set: decision::ActiveModel) -> Result<bool, StoreError> {
        let changed = decision::Entity::update_many()
            .set(set)
            .filter(decision::Column::Id.eq(id))
            .filter(decision::Column::Status.eq(DecisionStatus::Proposed.word()))
            .exec(self.on())
            .await?;
        Ok(changed.rows_affected == 1)
    }
}

fn season_row(row: season::Model) -> Result<SeasonRow, StoreError> {
    Ok(SeasonRow {
        year: u16::try_from(row.year).map_err(|_| StoreError::foreign("season.year"))?,
        mode: Mode::of_word(&row.mode)?,
        id: row.id,
        district: row.district,
        policy: row.policy,
    })
}

fn decision_row(row: decision::Model) -> Result<Decision, StoreError> {
    Ok(Decision {
        id: row.id,
        kind: DecisionKind::of_word(&row.kind)?,
        digest: row.digest,
        note: row.note,
        body: row.body,
        status: DecisionStatus::of_word(&row.status)?,
        proposed_by: row.proposed_by,
        proposed_at: row.proposed_at,
        approved_by: row.approved_by,
        approved_at: row.approved_at,
    })
}
