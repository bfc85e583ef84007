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
    pub(super) async fn insert_all<E>(
        &self,
        rows: impl IntoIterator<Item = E::Model>,
    ) -> Result<(), DbErr>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        self.insert_active::<E>(rows.into_iter().map(settled::<E>)).await
    }

    /// Inserts rows whose number, in this column, the database gives.
    pub(super) async fn insert_numbered<E>(
        &self,
        rows: impl IntoIterator<Item = E::Model>,
        number: E::Column,
    ) -> Result<(), DbErr>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        let unnumbered = |row| {
            let mut row = settled::<E>(row);
            row.not_set(number);
            row
        };
        self.insert_active::<E>(rows.into_iter().map(unnumbered)).await
    }

    async fn insert_active<E>(
        &self,
        rows: impl Iterator<Item = E::ActiveModel>,
    ) -> Result<(), DbErr>
    where
        E: EntityTrait,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        let most = (VALUES / E::Column::iter().count()).clamp(1, ROWS);
        let mut rows = rows.peekable();
        while rows.peek().is_some() {
            let chunk: Vec<E::ActiveModel> = rows.by_ref().take(most).collect();
            Insert::<E::ActiveModel>::many(chunk).exec_without_returning(&self.0).await?;
        }
        Ok(())
    }
}

/// A row to be inserted as it is, every column set.
fn settled<E>(row: E::Model) -> E::ActiveModel
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    row.into_active_model().reset_all()
}

impl<C: ConnectionTrait> Db<C> {
    /// The connection itself, for queries of this room.
    pub(super) const fn on(&self) -> &C {
        &self.0
    }
}
