//! The migrations, oldest first. Each runs in one transaction, or not at all.

use sea_orm::{ConnectionTrait, DbErr, TransactionTrait};
use sea_orm_migration::{
    MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait::async_trait,
};

use super::schema;

/// All migrations of this build.
pub(super) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(FirstSchema)]
    }
}

/// The whole schema of the first version.
struct FirstSchema;

impl MigrationName for FirstSchema {
    fn name(&self) -> &'static str {
        "m0001_first_schema"
    }
}

#[async_trait]
impl MigrationTrait for FirstSchema {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let transaction = connection.begin().await?;
        for statement in schema::statements(connection.get_database_backend()) {
            transaction.execute_unprepared(&statement).await?;
        }
        transaction.commit().await
    }
}
