//! The fingerprint of a schema: what stands in the database is what this build would make, or it does not serve.

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement,
    TransactionTrait,
};

use super::StoreError;
use super::schema;

/// The first table, key, check, index, trigger or function in which the schema differs from the compiled one.
pub(super) async fn difference(
    connection: &DatabaseConnection,
) -> Result<Option<String>, StoreError> {
    let found = found(connection).await?;
    let compiled = match connection.get_database_backend() {
        DbBackend::Postgres => postgres_compiled(connection).await?,
        _ => sqlite_compiled().await?,
    };
    let strange = found.iter().find(|f| !compiled.contains(f));
    let line = strange.or_else(|| compiled.iter().find(|c| !found.contains(c)));
    Ok(line.map(|line| {
        format!(
            "数据库结构与程序不符，拒绝服务 (the schema is not the compiled one): {}",
            line.chars().take(160).collect::<String>()
        )
    }))
}

/// The schema that stands in the database, as lines.
pub(super) async fn found(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    match connection.get_database_backend() {
        DbBackend::Postgres => postgres(connection, "current_schema()::regnamespace").await,
        _ => sqlite(connection).await,
    }
}

async fn lines(on: &impl ConnectionTrait, sql: &str) -> Result<Vec<String>, DbErr> {
    let statement = Statement::from_string(on.get_database_backend(), sql);
    let rows = on.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get_by_index::<String>(0)).collect()
}

/// Tables of the migration machinery and of SQLite itself are not the law.
async fn sqlite(on: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    lines(
        on,
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema \
         WHERE tbl_name <> 'seaql_migrations' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
    )
    .await
}

async fn sqlite_compiled() -> Result<Vec<String>, DbErr> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    // Every connection to memory is a database of its own.
    options.max_connections(1).sqlx_logging(false);
    let memory = Database::connect(options).await?;
    for statement in schema::statements(DbBackend::Sqlite) {
        memory.execute_unprepared(&statement).await?;
    }
    let found = sqlite(&memory).await;
    memory.close().await?;
    found
}

/// Columns, constraints, indexes, triggers and functions of the current schema, without its name.
async fn postgres(on: &impl ConnectionTrait, schema: &str) -> Result<Vec<String>, DbErr> {
    let sql = format!(
        "SELECT regexp_replace(line, '(pg_temp(_[0-9]+)?|public|' || current_schema() || ')\\.', '', 'g') FROM ( \
         SELECT 'column ' || c.relname || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || \
            ' ' || a.attnotnull::text || ' ' || a.attidentity::text || ' ' || \
            coalesce((SELECT collname FROM pg_collation WHERE oid = a.attcollation), '') AS line \
           FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
          WHERE c.relnamespace = {schema} AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped \
            AND c.relname <> 'seaql_migrations' \
         UNION ALL SELECT 'constraint ' || c.relname || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid) || k.convalidated::text \
           FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
          WHERE c.relnamespace = {schema} AND c.relname <> 'seaql_migrations' \
         UNION ALL SELECT 'index ' || pg_get_indexdef(i.indexrelid) \
           FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
          WHERE c.relnamespace = {schema} AND c.relname <> 'seaql_migrations' \
         UNION ALL SELECT 'trigger ' || t.tgenabled::text || pg_get_triggerdef(t.oid) \
           FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
          WHERE c.relnamespace = {schema} AND NOT t.tgisinternal \
         UNION ALL SELECT 'function ' || p.proname || ' ' || p.prosrc \
           FROM pg_proc p WHERE p.pronamespace = {schema}) found ORDER BY 1"
    );
    lines(on, &sql).await
}

/// The compiled schema, made among the temporary tables of a transaction that is then rolled back, so that it is put
/// into words by the same server. Functions there are only found by their full names.
async fn postgres_compiled(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let transaction = connection.begin().await?;
    transaction.execute_unprepared("SET LOCAL search_path = pg_temp").await?;
    for statement in schema::statements(DbBackend::Postgres) {
        let named = statement
            .replace("CREATE FUNCTION ", "CREATE FUNCTION pg_temp.")
            .replace("EXECUTE FUNCTION ", "EXECUTE FUNCTION pg_temp.");
        transaction.execute_unprepared(&named).await?;
    }
    let found = postgres(&transaction, "pg_my_temp_schema()").await;
    transaction.rollback().await?;
    found
}
