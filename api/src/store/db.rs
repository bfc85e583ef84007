//! A connection to read by, a transaction to write by.

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait,
    Insert, IntoActiveModel, Iterable,
};

/// Queries over a connection or a transaction.
#[derive(Debug)]
pub struct Db<C>(pub(super) C);

/// For reading.
pub type Reader = Db<DatabaseConnection>;

/// For writing: nothing of it is there until [`Tx::commit`].
pub type Tx = Db<DatabaseTransaction>;

/// Rows per statement of a bulk insert, fewer where the row is wide: SQLite takes 32,766 values a statement.
const ROWS: usize = 500;
const VALUES: usize = 30_000;

impl Tx {
    /// Makes everything written so far lasting.
    ///
    /// # Errors
    /// What the database said; deferred constraints speak here.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.0.commit().await
    }

    /// Inserts rows in the order given, many to a statement.
    pub(super) async fn insert_all<E>(&self, rows: Vec<E::Model>) -> Result<(), DbErr>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel> + Send,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        self.insert::<E>(rows, None).await
    }

    /// Inserts rows whose number, in this column, the database gives.
    pub(super) async fn insert_numbered<E>(
        &self,
        rows: Vec<E::Model>,
        number: E::Column,
    ) -> Result<(), DbErr>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel> + Send,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        self.insert::<E>(rows, Some(number)).await
    }

    async fn insert<E>(&self, rows: Vec<E::Model>, number: Option<E::Column>) -> Result<(), DbErr>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel> + Send,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        let most = (VALUES / E::Column::iter().count()).clamp(1, ROWS);
        let mut rows = rows.into_iter();
        loop {
            let mut chunk = Vec::with_capacity(most);
            for row in rows.by_ref().take(most) {
                let mut row = row.into_active_model().reset_all();
                if let Some(number) = number {
                    row.not_set(number);
                }
                chunk.push(row);
            }
            if chunk.is_empty() {
                return Ok(());
            }
            Insert::<E::ActiveModel>::many(chunk).exec_without_returning(&self.0).await?;
        }
    }
}

impl<C: ConnectionTrait> Db<C> {
    /// The connection itself, for queries of this room.
    pub(super) const fn on(&self) -> &C {
        &self.0
    }
}
