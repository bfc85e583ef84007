//! The roles of PostgreSQL: whoever owns the schema migrates it, the role that serves can only do what the histories
//! allow, the role that audits only reads.
//!
//! Rights are derived from the histories of the schema: a table that never changes cannot be updated by the serving
//! role at all, one that changes in part only in those columns. Nobody but the owner deletes what has a history, truncates or makes.

use sea_orm::DbBackend;

use super::schema::{Change, changes};
use super::{Store, StoreError};

/// Columns that the auditing role does not see.
const HIDDEN: [(&str, &[&str]); 5] = [
    ("account", &["password_hash"]),
    ("applicant", &["id_cipher", "lookup_hash"]),
    ("ledger_payload", &["salt", "payload"]),
    ("machine_token", &["token_hash"]),
    ("registry_dump", &["content"]),
];

/// Tables that the auditing role does not see.
const UNSEEN: [&str; 3] = ["account_session", "idempotency", "sign_in_try"];

/// The statements that make the serving and the auditing role of a database and give them their rights, to be run by
/// the owner once the schema is there. Running them again is harmless.
///
/// # Errors
/// A name that is no plain name.
pub fn statements(database: &str, app: &str, audit: &str) -> Result<Vec<String>, StoreError> {
    for name in [database, app, audit] {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 63 || !name.chars().all(plain) {
            return Err(StoreError::Foreign(format!(
                "{name:?} is no plain name of small letters, digits, _ and -"
            )));
        }
    }
    let mut all = Vec::new();
    for role in [app, audit] {
        all.push(format!(
            "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN \
             CREATE ROLE \"{role}\" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION; END IF; END $$"
        ));
    }
    all.push(format!("REVOKE ALL ON DATABASE \"{database}\" FROM PUBLIC"));
    all.push("REVOKE ALL ON SCHEMA public FROM PUBLIC".to_owned());
    for role in [app, audit] {
        // Temporary tables: the compiled schema is put into words by the server before it is compared.
        all.push(format!("GRANT CONNECT, TEMPORARY ON DATABASE \"{database}\" TO \"{role}\""));
        all.push(format!("GRANT USAGE ON SCHEMA public TO \"{role}\""));
        all.push(format!("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM \"{role}\""));
        all.push(format!("GRANT SELECT ON seaql_migrations TO \"{role}\""));
    }
    for (table, columns, change) in changes() {
        all.push(format!("GRANT SELECT, INSERT ON {table} TO \"{app}\""));
        match change {
            Change::Nothing => {}
            Change::Columns(free) => {
                all.push(format!("GRANT UPDATE ({}) ON {table} TO \"{app}\"", free.join(", ")));
            }
            // What keeps no history is forgotten in time.
            Change::Anything => {
                all.push(format!("GRANT UPDATE, DELETE ON {table} TO \"{app}\""));
            }
        }
        if UNSEEN.contains(&table) {
            continue;
        }
        let hidden = HIDDEN.iter().find(|(t, _)| *t == table).map_or(&[][..], |(_, c)| c);
        let seen: Vec<&str> = columns.into_iter().filter(|c| !hidden.contains(c)).collect();
        all.push(format!("GRANT SELECT ({}) ON {table} TO \"{audit}\"", seen.join(", ")));
    }
    Ok(all)
}

impl Store {
    /// Gives the roles their rights.
    ///
    /// # Errors
    /// SQLite, which has no roles; a role that may not; what the database said.
    pub async fn give_roles(&self, app: &str, audit: &str) -> Result<(), StoreError> {
        for statement in statements(&self.database_name().await?, app, audit)? {
            self.execute_raw(&statement).await?;
        }
        Ok(())
    }

    /// The name of the PostgreSQL database.
    ///
    /// # Errors
    /// SQLite; what the database said.
    pub async fn database_name(&self) -> Result<String, StoreError> {
        if self.backend() != DbBackend::Postgres {
            return Err(StoreError::Foreign(
                "SQLite 没有角色；请用文件权限限制数据目录".to_owned(),
            ));
        }
        let name = self.ask_one::<String>("SELECT current_database()::text").await?;
        Ok(name.unwrap_or_default())
    }
}
