//! Wishes: windows that open and close once, and lists of which every change is a new version.

use std::collections::BTreeMap;

use luqu_engine::domain::{BatchIx, Season, Wish};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::StoreError;
use super::db::{Db, Tx};
use super::entities::{wish, wish_list, wish_window};

words! {
    /// Whether wishes of a batch can still be changed.
    WindowStatus {
        /// They can.
        Open = "open",
        /// They cannot, for good.
        Closed = "closed",
    }
}

/// The window of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Window {
    /// 批次
    pub batch: String,
    /// Open or closed.
    pub status: WindowStatus,
    /// Digest of the wishes at the close.
    pub digest: Option<String>,
}

/// When the policy lets a window open and close, in microseconds of UTC; 0 binds nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Calendar {
    /// Not before it may wishes open.
    pub opens: i64,
    /// Not before it may wishes close.
    pub closes: i64,
}

/// One wish of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WishLine {
    /// 志愿序号, from 1.
    pub position: u16,
    /// The senior school.
    pub school: String,
    /// The category; nothing for every category of the batch.
    pub category: Option<String>,
    /// 服从调剂
    pub adjust: bool,
}

/// The wishes of one applicant in one batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WishList {
    /// 报名号
    pub applicant: String,
    /// The wishes; none withdraws earlier ones.
    pub wishes: Vec<WishLine>,
}

impl WishList {
    /// The lists of a batch of a season: of everybody who has a wish in it, by applicant.
    #[must_use]
    pub fn all_of(season: &Season, batch: BatchIx) -> Vec<Self> {
        let list = |at: usize| {
            let wishes = season.wishes_in(at.into(), batch);
            let line = |w: &Wish| WishLine {
                position: w.position,
                school: season.school(w.school).id.to_string(),
                category: w.category.map(|c| season.policy().category(c).id.to_string()),
                adjust: w.adjust,
            };
            (!wishes.is_empty()).then(|| Self {
                applicant: season.applicant(at.into()).id.to_string(),
                wishes: wishes.iter().map(line).collect(),
            })
        };
        (0..season.applicants().len()).filter_map(list).collect()
    }
}

impl<C: ConnectionTrait> Db<C> {
    /// The windows of a season, by batch id.
    ///
    /// # Errors
    /// What the database said.
    pub async fn windows(&self, season: &str) -> Result<BTreeMap<String, Window>, StoreError> {
        let rows = wish_window::Entity::find()
            .filter(wish_window::Column::SeasonId.eq(season))
            .all(self.on())
            .await?;
        let window = |row: wish_window::Model| {
            let status = WindowStatus::of_word(&row.status)?;
            Ok((row.batch.clone(), Window { batch: row.batch, status, digest: row.digest }))
        };
        rows.into_iter().map(window).collect()
    }

    /// The latest version of every list of a batch, by applicant, with its number.
    pub(super) async fn latest_lists(
        &self,
        season: &str,
        batch: &str,
    ) -> Result<BTreeMap<String, wish_list::Model>, StoreError> {
        let rows = wish_list::Entity::find()
            .filter(wish_list::Column::SeasonId.eq(season))
            .filter(wish_list::Column::Batch.eq(batch))
            .order_by_asc(wish_list::Column::Version)
            .all(self.on())
            .await?;
        Ok(rows.into_iter().map(|row| (row.applicant_id.clone(), row)).collect())
    }
}

impl Tx {
    /// Opens the window of a batch.
    ///
    /// # Errors
    /// It was opened before; it is early; what the database said.
    pub async fn open_window(
        &self,
        season: &str,
        batch: &str,
        calendar: Calendar,
        at: i64,
    ) -> Result<(), StoreError> {
        let row = wish_window::Model {
            season_id: season.to_owned(),
            batch: batch.to_owned(),
            opens_at: calendar.opens,
            closes_at: calendar.closes,
            status: WindowStatus::Open.word().to_owned(),
            opened_at: at,
            closed_at: None,
            closed_by: None,
            digest: None,
        };
        Ok(self.insert_all::<wish_window::Entity>(vec![row]).await?)
    }

    /// Locks the window of a batch against writers of wishes until this transaction ends, and says whether it is open.
    /// Nothing if it was never opened.
    ///
    /// # Errors
    /// What the database said.
    pub async fn lock_window(
        &self,
        season: &str,
        batch: &str,
    ) -> Result<Option<Window>, StoreError> {
        let mut query = wish_window::Entity::find_by_id((season.to_owned(), batch.to_owned()));
        if self.on().get_database_backend() == DbBackend::Postgres {
            query = query.lock_exclusive();
        }
        let Some(row) = query.one(self.on()).await? else { return Ok(None) };
        let status = WindowStatus::of_word(&row.status)?;
        Ok(Some(Window { batch: row.batch, status, digest: row.digest }))
    }

    /// Closes an open window over the digest of its wishes.
    ///
    /// # Errors
    /// It is not open; it is early; what the database said.
    pub async fn close_window(
        &self,
        season: &str,
        batch: &str,
        digest: &str,
        by: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        wish_window::Entity::update_many()
            .set(wish_window::ActiveModel {
                status: Set(WindowStatus::Closed.word().to_owned()),
                closed_at: Set(Some(at)),
                closed_by: Set(Some(by.to_owned())),
                digest: Set(Some(digest.to_owned())),
                ..Default::default()
            })
            .filter(wish_window::Column::SeasonId.eq(season))
            .filter(wish_window::Column::Batch.eq(batch))
            .exec(self.on())
            .await?;
        Ok(())
    }

    /// Writes lists of wishes, each as a new version.
    ///
    /// # Errors
    /// The window of the batch is not open; an unknown applicant; what the database said.
    pub async fn store_wishes(
        &self,
        season: &str,
        batch: &str,
        lists: &[WishList],
        by: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let before = self.versions(season, batch, lists).await?;
        let version = |applicant: &str| before.get(applicant).map_or(1, |v| v + 1);
        let rows = lists.iter().map(|list| wish_list::Model {
            id: 0,
            season_id: season.to_owned(),
            batch: batch.to_owned(),
            applicant_id: list.applicant.clone(),
            version: version(&list.applicant),
            recorded_by: by.to_owned(),
            recorded_at: at,
        });
        self.insert_numbered::<wish_list::Entity>(rows.collect(), wish_list::Column::Id).await?;
        let written = self.latest_lists(season, batch).await?;
        let wishes = lists.iter().flat_map(|list| {
            let list_id = written.get(&list.applicant).map_or(0, |row| row.id);
            list.wishes.iter().map(move |w| wish::Model {
                list_id,
                position: w.position.into(),
                school_id: w.school.clone(),
                category: w.category.clone(),
                adjust: w.adjust.into(),
            })
        });
        Ok(self.insert_all::<wish::Entity>(wishes.collect()).await?)
    }

    /// The latest versions of the applicants of these lists.
    async fn versions(
        &self,
        season: &str,
        batch: &str,
        lists: &[WishList],
    ) -> Result<BTreeMap<String, i32>, StoreError> {
        let mut query = wish_list::Entity::find()
            .select_only()
            .column(wish_list::Column::ApplicantId)
            .column_as(wish_list::Column::Version.max(), "version")
            .filter(wish_list::Column::SeasonId.eq(season))
            .filter(wish_list::Column::Batch.eq(batch))
            .group_by(wish_list::Column::ApplicantId);
        if let [only] = lists {
            query = query.filter(wish_list::Column::ApplicantId.eq(&only.applicant));
        }
        let rows: Vec<(String, i32)> = query.into_tuple().all(self.on()).await?;
        Ok(rows.into_iter().collect())
    }
}
