//! Retention, table by table: what is emptied when the personal data of a season are destroyed, and why the rest may
//! stay. A table that is not listed fails a test; so does a column that the schema lets be emptied and this list does not.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Statement,
};

use super::StoreError;
use super::db::Tx;
use super::entities::import_batch;
use super::imports::ImportStatus;

/// What a destruction does with a table.
#[derive(Debug)]
pub struct Retained {
    /// The table.
    pub table: &'static str,
    /// What is emptied.
    pub emptied: &'static [Emptied],
    /// Why whatever is left of it may stay.
    pub stays: &'static str,
}

/// Columns that are emptied in some rows of a table.
#[derive(Debug)]
pub struct Emptied {
    /// The columns, each with what stands in it afterwards, in SQL.
    pub columns: &'static [(&'static str, &'static str)],
    /// The rows, in SQL; `$1` is the season.
    pub rows: &'static str,
}

const TEXT: &str = "''";
const NULL: &str = "NULL";
const OF_SEASON: &str = "season_id = $1";

const fn stays(table: &'static str, stays: &'static str) -> Retained {
    Retained { table, emptied: &[], stays }
}

const fn emptied(
    table: &'static str,
    emptied: &'static [Emptied],
    stays: &'static str,
) -> Retained {
    Retained { table, emptied, stays }
}

/// Every table, in the order of the schema.
pub const RETAINED: &[Retained] = &[
    stays("season", "district, year and policy are public"),
    stays("lottery", "the seed is public once it is drawn with"),
    stays("account", "whoever acts in an office, not in a season"),
    stays("machine_token", "a program's, of no season"),
    stays("account_session", "an account's, and nothing but hashes and times"),
    stays("sign_in_try", "keyed hashes, for a quarter of an hour"),
    emptied(
        "access_log",
        &[Emptied {
            columns: &[("reason", TEXT)],
            rows: "subject = $1 OR substr(subject, 1, length($1) + 1) = $1 || '/'",
        }],
        "who looked at which number, and when",
    ),
    emptied(
        "decision",
        &[
            Emptied { columns: &[("note", TEXT)], rows: "season_id = $1 AND kind <> 'retention'" },
            Emptied {
                columns: &[("body", TEXT)],
                rows: "season_id = $1 AND kind IN ('correction', 'revocation')",
            },
        ],
        "who decided what kind of thing; plans and distributions name nobody, and the ground of a destruction is in the ledger",
    ),
    emptied(
        "import_batch",
        &[Emptied { columns: &[("file_name", TEXT), ("content", NULL)], rows: OF_SEASON }],
        "digests and counts",
    ),
    stays("school", "public"),
    stays("graduates", "counts"),
    stays("plan_line", "public"),
    stays("plan_scope", "public"),
    stays("seat_flow", "of the policy"),
    emptied(
        "applicant",
        &[Emptied {
            columns: &[
                ("name", TEXT),
                ("gender", NULL),
                ("id_cipher", NULL),
                ("registry_no", NULL),
                ("lookup_hash", NULL),
            ],
            rows: OF_SEASON,
        }],
        "numbers and scores, which admissions rest on; the keyed hash of the id number, which finds a double record",
    ),
    stays("special_score", "scores by number"),
    emptied(
        "restriction",
        &[Emptied { columns: &[("reason", TEXT), ("document", TEXT)], rows: OF_SEASON }],
        "that there was one, by number",
    ),
    stays(
        "tie_decision",
        "an order by number, and the number of a document that is in the ledger too",
    ),
    stays("wish_window", "times and digests"),
    stays("wish_list", "by number"),
    stays("wish", "schools in order, by number"),
    stays("job", "what became of a run; failures name numbers alone"),
    stays("round", "the answer as it was signed, by number"),
    stays("admission", "a fact, by number"),
    stays("arrival", "a fact, by number"),
    stays("clearance", "a fact, by number; reasons are codes of rules"),
    stays("registry_record", "a fact, by number and keyed hash"),
    stays("class_group", "classes without pupils"),
    stays("class_member", "seats by number"),
    stays("section_group", "sections without pupils"),
    stays("section_member", "seats by number"),
    emptied(
        "registry_dump",
        &[Emptied { columns: &[("file_name", TEXT), ("content", NULL)], rows: OF_SEASON }],
        "digests and counts",
    ),
    stays("ledger_entry", "pseudonyms, facts without persons, salted commitments"),
    emptied(
        "ledger_payload",
        &[Emptied { columns: &[("salt", NULL), ("payload", NULL)], rows: OF_SEASON }],
        "that there was something",
    ),
    stays("gate_event", "admissions by number"),
    stays("checkpoint", "hashes and signatures"),
    emptied(
        "idempotency",
        // Answers do not say of which season they are, and are kept for a day. One that is still to come stays open.
        &[Emptied { columns: &[("answer", "CAST('' AS {blob})")], rows: "CAST($1 AS TEXT) <> ''" }],
        "that a request was done, so that it is not done again",
    ),
];

impl Tx {
    /// Empties what holds personal data of a season; how many rows of each table were emptied now. Imports that are
    /// only staged are taken back.
    ///
    /// # Errors
    /// What the database said.
    pub async fn destroy(&self, season: &str) -> Result<BTreeMap<&'static str, u64>, StoreError> {
        let undone = ImportStatus::Undone.word().to_owned();
        import_batch::Entity::update_many()
            .set(import_batch::ActiveModel { status: Set(undone), ..Default::default() })
            .filter(import_batch::Column::SeasonId.eq(season))
            .filter(import_batch::Column::Status.eq(ImportStatus::Staged.word()))
            .exec(self.on())
            .await?;
        let backend = self.on().get_database_backend();
        let mut rows = BTreeMap::new();
        for retained in RETAINED {
            for emptied in retained.emptied {
                let sql = emptied.statement(retained.table, backend);
                let statement = Statement::from_sql_and_values(backend, sql, [season.into()]);
                let changed = self.on().execute_raw(statement).await?.rows_affected();
                *rows.entry(retained.table).or_default() += changed;
            }
        }
        Ok(rows)
    }
}

impl Emptied {
    /// The rows that hold nothing any more are left alone, so that what is counted is what was emptied.
    fn statement(&self, table: &str, backend: DbBackend) -> String {
        let blob = if backend == DbBackend::Postgres { "BYTEA" } else { "BLOB" };
        let set = self.columns.iter().map(|(c, nothing)| format!("{c} = {nothing}"));
        let set = set.collect::<Vec<_>>().join(", ").replace("{blob}", blob);
        let full = self.columns.iter().map(|(c, _)| format!("coalesce(length({c}), 0) > 0"));
        let full = full.collect::<Vec<_>>().join(" OR ");
        format!("UPDATE {table} SET {set} WHERE ({}) AND ({full})", self.rows)
    }
}

/// The tables that a destruction leaves dead rows in.
pub(super) fn scrubbed() -> impl Iterator<Item = &'static str> {
    RETAINED.iter().filter(|r| !r.emptied.is_empty()).map(|r| r.table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;

    #[test]
    fn every_table_is_there_and_whatever_may_be_emptied_is() {
        let listed: Vec<&str> = RETAINED.iter().map(|r| r.table).collect();
        assert_eq!(listed, schema::tables().collect::<Vec<_>>());
        for retained in RETAINED {
            assert!(!retained.stays.is_empty(), "{}", retained.table);
            let columns = retained.emptied.iter().flat_map(|e| e.columns);
            let columns: Vec<&str> = columns.map(|(c, _)| *c).collect();
            // What keeps no history may change anyhow.
            if retained.table != "idempotency" {
                assert_eq!(columns, schema::emptied(retained.table), "{}", retained.table);
            }
        }
    }
}
