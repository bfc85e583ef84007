//! The schema: tables, and the triggers that keep history, generated from one list for both databases.
//!
//! Tables carry the law by composite keys and checks (`tables.sql`). Triggers only keep history: nothing is deleted,
//! what is written once stays, states go forward, wishes need an open window.

use sea_orm::DbBackend;

/// What may happen to the rows of a table after they are written.
enum Keeps {
    /// Nothing.
    Everything,
    /// Only these columns may change.
    AllBut(&'static [&'static str]),
}

/// The history that a table keeps; none allows DELETE. Every table is here but those of what is soon forgotten,
/// `idempotency` and `sign_in_try`.
struct History {
    table: &'static str,
    keeps: Keeps,
    /// The unique keys; an insert over one of them is refused before `REPLACE` could delete a row.
    keys: &'static [&'static [&'static str]],
    /// The column that says where a row stands, and its changes: a row may change with one of them alone.
    states: Option<(&'static str, &'static [(&'static str, &'static str)])>,
    /// Personal data: these columns may be emptied, wherever the row stands, and never say anything else than before.
    emptied: &'static [&'static str],
    /// Which season a row is of, in SQL on `NEW` and the decision `d` of two to destroy that season's personal data,
    /// before which nothing is emptied.
    of_season: &'static str,
    /// What else lets it be emptied, in SQL on `NEW`.
    or_when: Option<&'static str>,
}

const fn history(
    table: &'static str,
    keeps: Keeps,
    keys: &'static [&'static [&'static str]],
    states: Option<(&'static str, &'static [(&'static str, &'static str)])>,
) -> History {
    let of_season = "d.season_id = NEW.season_id";
    History { table, keeps, keys, states, emptied: &[], of_season, or_when: None }
}

const fn fixed(table: &'static str, keys: &'static [&'static [&'static str]]) -> History {
    history(table, Keeps::Everything, keys, None)
}

const fn partly(
    table: &'static str,
    columns: &'static [&'static str],
    keys: &'static [&'static [&'static str]],
    status: &'static [(&'static str, &'static str)],
) -> History {
    let states = if status.is_empty() { None } else { Some(("status", status)) };
    history(table, Keeps::AllBut(columns), keys, states)
}

/// Rows that hold a seat while they are active, and never again once they are not.
const fn seats(
    table: &'static str,
    columns: &'static [&'static str],
    keys: &'static [&'static [&'static str]],
) -> History {
    const LEAVES: &[(&str, &str)] = &[("1", "0")];
    history(table, Keeps::AllBut(columns), keys, Some(("active", LEAVES)))
}

/// A subject names its season, alone or with a number behind it.
const OF_SUBJECT: &str = "NEW.subject = d.season_id \
    OR substr(NEW.subject, 1, length(d.season_id) + 1) = d.season_id || '/'";

const HISTORIES: &[History] = &[
    fixed("season", &[&["id"]]),
    history(
        "lottery",
        Keeps::AllBut(&["revealed", "seed", "revealed_by", "revealed_at"]),
        &[&["season_id"]],
        Some(("revealed", &[("0", "1")])),
    ),
    fixed("access_log", &[&["id"]]).emptying(&["reason"]).of_season(OF_SUBJECT),
    fixed("school", &[&["season_id", "school_id"]]),
    fixed("graduates", &[&["season_id", "junior_id"]]),
    fixed("plan_line", &[&["id"]]),
    fixed("plan_scope", &[&["plan_id", "region"]]),
    fixed(
        "seat_flow",
        &[&["season_id", "plan_batch", "plan_category", "batch", "category", "held_quota"]],
    ),
    fixed("special_score", &[&["season_id", "applicant_id", "category", "school_id"]]),
    fixed("tie_decision", &[&["season_id", "batch", "applicant_id"]]),
    fixed("wish_list", &[&["id"], &["season_id", "batch", "applicant_id", "version"]]),
    fixed("wish", &[&["list_id", "position"]]),
    fixed("ledger_entry", &[&["seq"]]),
    fixed("checkpoint", &[&["size"]]),
    fixed("ledger_payload", &[&["seq"]]).emptying(&["salt", "payload"]),
    fixed("applicant", &[&["season_id", "applicant_id"], &["season_id", "person_hash"]])
        .emptying(&["name", "gender", "id_cipher", "registry_no", "lookup_hash"]),
    fixed("restriction", &[&["season_id", "applicant_id", "kind"]])
        .emptying(&["reason", "document"]),
    partly("account", &["display", "password_hash", "must_change", "disabled"], &[&["name"]], &[]),
    partly(
        "machine_token",
        &["status", "used_at", "revoked_at"],
        &[&["id"], &["token_hash"]],
        &[("valid", "valid"), ("valid", "revoked"), ("revoked", "revoked")],
    ),
    partly("account_session", &["seen_at", "ended"], &[&["token_hash"]], &[]),
    partly(
        "decision",
        &["status", "approved_by", "approved_at"],
        &[&["id"]],
        &[("proposed", "approved"), ("proposed", "withdrawn")],
    )
    .emptying(&["note", "body"]),
    partly(
        "import_batch",
        &["status", "committed_at"],
        &[&["id"]],
        &[("staged", "committed"), ("staged", "undone"), ("committed", "undone")],
    )
    .emptying(&["file_name", "content"])
    // One that was taken back has no content.
    .or_when("NEW.status = 'undone'"),
    partly(
        "wish_window",
        &["status", "closed_at", "closed_by", "digest"],
        &[&["season_id", "batch"]],
        &[("open", "closed")],
    ),
    partly(
        "round",
        &["status", "proposed_by", "proposed_at", "signed_digest", "approved_by", "published_at"],
        &[&["id"]],
        &[
            ("computed", "proposed"),
            ("computed", "discarded"),
            ("proposed", "published"),
            ("proposed", "discarded"),
        ],
    ),
    seats(
        "admission",
        &["active", "revocation_id", "revocation_kind", "revocation_status"],
        &[&["id"], &["plan_id", "seat_no", "active"], &["season_id", "applicant_id", "active"]],
    ),
    partly(
        "arrival",
        &["arrived", "admission_active", "recorded_by", "recorded_at"],
        &[&["admission_id"]],
        &[],
    ),
    partly(
        "clearance",
        &["valid", "admission_active", "reason", "audit_digest", "issued_at"],
        &[&["admission_id"]],
        &[],
    ),
    partly(
        "registry_record",
        &["status", "admission_active", "arrived", "cleared", "withdrawn_at"],
        &[
            &["id"],
            &["person_hash", "status"],
            &["admission_id", "status"],
            &["season_id", "school_id", "head_no", "status"],
        ],
        &[("open", "withdrawn")],
    ),
    fixed("class_group", &[&["id"], &["season_id", "school_id", "formation", "name"]]),
    seats(
        "class_member",
        &["active", "record_status", "left_at"],
        &[&["id"], &["class_id", "seat_no", "active"], &["record_id", "formation"]],
    ),
    fixed(
        "section_group",
        &[
            &["id"],
            &["season_id", "school_id", "formation", "subject", "block", "number"],
            &["season_id", "school_id", "formation", "block", "home_class_id"],
            &["season_id", "school_id", "formation", "block", "room_no"],
        ],
    ),
    seats(
        "section_member",
        &["active", "place_active", "left_at"],
        &[
            &["id"],
            &["section_id", "seat_no", "active"],
            &["record_id", "formation", "subject", "active"],
            &["record_id", "formation", "block", "active"],
        ],
    ),
    fixed("registry_dump", &[&["id"]]).emptying(&["file_name", "content"]),
    fixed("gate_event", &[&["seq", "nth"]]),
    partly(
        "job",
        &[
            "status",
            "cancel",
            "step",
            "worker",
            "heartbeat",
            "attempt",
            "message",
            "round_id",
            "finished_at",
        ],
        &[&["id"]],
        &[
            ("queued", "queued"),
            ("queued", "running"),
            ("queued", "cancelled"),
            ("running", "running"),
            ("running", "queued"),
            ("running", "done"),
            ("running", "failed"),
            ("running", "cancelled"),
        ],
    ),
];

const TABLES: &str = include_str!("tables.sql");

/// Every statement that makes the schema, in order, for one database.
#[must_use]
pub fn statements(backend: DbBackend) -> Vec<String> {
    // Text is ordered by its bytes, as the program and SQLite do, whatever language a cluster was made for.
    let (id, blob, text) = match backend {
        DbBackend::Postgres => {
            ("BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "BYTEA", "TEXT COLLATE \"C\"")
        }
        _ => ("INTEGER PRIMARY KEY AUTOINCREMENT", "BLOB", "TEXT"),
    };
    let uncommented: String =
        TABLES.lines().filter(|l| !l.starts_with("--")).flat_map(|l| [l, "\n"]).collect();
    let tables = uncommented.replace("{id}", id).replace("{blob}", blob).replace("TEXT", text);
    let mut all: Vec<String> =
        tables.split(';').map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect();
    for history in HISTORIES {
        all.extend(match backend {
            DbBackend::Postgres => postgres_history(history),
            _ => sqlite_history(history),
        });
    }
    all.extend(match backend {
        DbBackend::Postgres => POSTGRES_GUARDS.map(str::to_owned).to_vec(),
        _ => SQLITE_GUARDS.map(str::to_owned).to_vec(),
    });
    all
}

/// What may change in the rows of a table after they are written.
pub(super) enum Change {
    /// Nothing.
    Nothing,
    /// These columns.
    Columns(Vec<&'static str>),
    /// Anything: the table is no history.
    Anything,
}

/// Every table with its columns and what may change in it.
pub(super) fn changes() -> Vec<(&'static str, Vec<&'static str>, Change)> {
    let change = |table: &str| match HISTORIES.iter().find(|h| h.table == table) {
        None => Change::Anything,
        Some(history) if history.never_changes() => Change::Nothing,
        Some(history) => Change::Columns([history.free(), history.emptied].concat()),
    };
    tables().map(|table| (table, columns(table), change(table))).collect()
}

/// The tables, in the order of `tables.sql`.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    TABLES.lines().filter_map(|l| l.strip_prefix("CREATE TABLE ")?.strip_suffix(" ("))
}

/// The columns of a table that may be emptied.
#[cfg(test)]
pub(super) fn emptied(table: &str) -> &'static [&'static str] {
    HISTORIES.iter().find(|h| h.table == table).map_or(&[], |h| h.emptied)
}

/// The columns of a table, as `tables.sql` lists them.
fn columns(table: &str) -> Vec<&'static str> {
    let head = format!("CREATE TABLE {table} (");
    let (_, rest) = TABLES.split_once(&head).unwrap_or_default();
    let (body, _) = rest.split_once("\n);").unwrap_or_default();
    let first = |line: &'static str| line.strip_prefix("    ")?.split_whitespace().next();
    let is_name = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
    body.lines().filter_map(first).filter(is_name).collect()
}

impl History {
    const fn emptying(self, emptied: &'static [&'static str]) -> Self {
        Self { emptied, ..self }
    }

    const fn of_season(self, of_season: &'static str) -> Self {
        Self { of_season, ..self }
    }

    const fn or_when(self, or_when: &'static str) -> Self {
        Self { or_when: Some(or_when), ..self }
    }

    /// Whether personal data of a row may be emptied, in SQL on `NEW`.
    fn released(&self) -> String {
        let decided = format!(
            "EXISTS (SELECT 1 FROM decision d WHERE d.kind = 'retention' AND d.status = 'approved' AND ({}))",
            self.of_season
        );
        match self.or_when {
            Some(or_when) => format!("({or_when} OR {decided})"),
            None => decided,
        }
    }

    const fn free(&self) -> &'static [&'static str] {
        match self.keeps {
            Keeps::Everything => &[],
            Keeps::AllBut(free) => free,
        }
    }

    /// Whether the rows stay to the letter, so that a change is refused without looking.
    const fn never_changes(&self) -> bool {
        self.free().is_empty() && self.emptied.is_empty()
    }

    /// What no change may be, in SQL on `OLD` and `NEW`: of a column that stays, or of one that may be emptied into
    /// anything but nothing, or before its time. `differs` is the operator for values that may be NULL.
    fn unlawful_changes(&self, differs: &str) -> String {
        let change = |column: &'static str| {
            let differs = format!("OLD.{column} {differs} NEW.{column}");
            match self.emptied.contains(&column) {
                true => {
                    let released = self.released();
                    format!(
                        "({differs} AND (coalesce(length(NEW.{column}), 0) > 0 OR NOT {released}))"
                    )
                }
                false => differs,
            }
        };
        let kept = columns(self.table).into_iter().filter(|c| !self.free().contains(c));
        kept.map(change).collect::<Vec<_>>().join(" OR ")
    }

    /// The changes of state in SQL, on `OLD` and `NEW`; where something may be emptied, the row also stays as it stands.
    fn allowed_states(&self, same: &str) -> Option<String> {
        let (column, changes) = self.states?;
        let quoted = |v: &str| if column == "status" { format!("'{v}'") } else { v.to_owned() };
        let change = |(from, to): &(&str, &str)| {
            format!("(OLD.{column} = {} AND NEW.{column} = {})", quoted(from), quoted(to))
        };
        let mut allowed: Vec<String> = changes.iter().map(change).collect();
        if !self.emptied.is_empty() {
            let stays = self.free().iter().map(|c| format!("OLD.{c} {same} NEW.{c}"));
            allowed.push(format!("({})", stays.collect::<Vec<_>>().join(" AND ")));
        }
        Some(allowed.join(" OR "))
    }
}

fn sqlite_history(history: &History) -> Vec<String> {
    let table = history.table;
    let trigger = |name: &str, event: &str, when: &str, message: &str| {
        format!(
            "CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} {when} \
             BEGIN SELECT RAISE(ABORT, 'history: {table}: {message}'); END"
        )
    };
    let mut all = vec![trigger("kept", "DELETE", "", "rows are never deleted")];
    let changed = match history.never_changes() {
        true => String::new(),
        false => format!("WHEN {}", history.unlawful_changes("IS NOT")),
    };
    all.push(trigger("fixed", "UPDATE", &changed, "what is written stays"));
    if let Some(allowed) = history.allowed_states("IS") {
        let when = format!("WHEN NOT ({allowed})");
        all.push(trigger("forward", "UPDATE", &when, "states go forward"));
    }
    for (at, key) in history.keys.iter().enumerate() {
        // Keys that hold for standing rows alone have an index of standing rows alone, found by the constant.
        let standing = |column: &str| match column {
            "active" => Some("1"),
            "status" => Some("'open'"),
            _ => None,
        };
        let same = |c: &&str| match standing(c) {
            Some(value) => format!("{c} = {value}"),
            None => format!("{c} = NEW.{c}"),
        };
        let stands = |c: &&str| standing(c).map(|value| format!("NEW.{c} = {value} AND "));
        let same_row = key.iter().map(same).collect::<Vec<_>>().join(" AND ");
        let stands: String = key.iter().filter_map(stands).collect();
        let when = format!("WHEN {stands}EXISTS (SELECT 1 FROM {table} WHERE {same_row})");
        all.push(trigger(&format!("once_{at}"), "INSERT", &when, "the row is there already"));
    }
    all
}

fn postgres_history(history: &History) -> Vec<String> {
    let table = history.table;
    let raise = |message: &str| {
        format!(
            "RAISE EXCEPTION 'history: {table}: {message}' USING ERRCODE = 'integrity_constraint_violation';"
        )
    };
    let mut body =
        format!("IF TG_OP <> 'UPDATE' THEN {} END IF; ", raise("rows are never deleted"));
    let stays = raise("what is written stays");
    if history.never_changes() {
        body += &stays;
    } else {
        let changed = history.unlawful_changes("IS DISTINCT FROM");
        body += &format!("IF {changed} THEN {stays} END IF; ");
    }
    if let Some(allowed) = history.allowed_states("IS NOT DISTINCT FROM") {
        body += &format!("IF NOT ({allowed}) THEN {} END IF; ", raise("states go forward"));
    }
    vec![
        format!(
            "CREATE FUNCTION {table}_history() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN {body} RETURN NEW; END $$"
        ),
        format!(
            "CREATE TRIGGER {table}_history BEFORE UPDATE OR DELETE ON {table} \
             FOR EACH ROW EXECUTE FUNCTION {table}_history()"
        ),
        format!(
            "CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} \
             FOR EACH STATEMENT EXECUTE FUNCTION {table}_history()"
        ),
    ]
}

/// Wishes need an open window; the ledger is dense and its clock never goes back.
const SQLITE_GUARDS: [&str; 2] = [
    "CREATE TRIGGER wish_list_open BEFORE INSERT ON wish_list \
     WHEN NOT EXISTS (SELECT 1 FROM wish_window w WHERE w.season_id = NEW.season_id \
        AND w.batch = NEW.batch AND w.status = 'open') \
     BEGIN SELECT RAISE(ABORT, 'window: wishes of this batch are closed'); END",
    "CREATE TRIGGER ledger_entry_next BEFORE INSERT ON ledger_entry \
     WHEN NEW.seq <> (SELECT coalesce(max(seq), -1) + 1 FROM ledger_entry) OR NEW.recorded_at < \
        coalesce((SELECT recorded_at FROM ledger_entry WHERE seq = NEW.seq - 1), 0) \
     BEGIN SELECT RAISE(ABORT, 'ledger: entries follow one another'); END",
];

/// The same for PostgreSQL, where a list of wishes also locks its window against closing.
const POSTGRES_GUARDS: [&str; 4] = [
    "CREATE FUNCTION wish_list_open() RETURNS trigger LANGUAGE plpgsql AS $$ \
     DECLARE found TEXT; BEGIN \
     SELECT status INTO found FROM wish_window w WHERE w.season_id = NEW.season_id \
        AND w.batch = NEW.batch FOR SHARE; \
     IF found IS DISTINCT FROM 'open' THEN RAISE EXCEPTION 'window: wishes of this batch are closed' \
        USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER wish_list_open BEFORE INSERT ON wish_list \
     FOR EACH ROW EXECUTE FUNCTION wish_list_open()",
    "CREATE FUNCTION ledger_entry_next() RETURNS trigger LANGUAGE plpgsql AS $$ \
     BEGIN IF NEW.seq <> (SELECT coalesce(max(seq), -1) + 1 FROM ledger_entry) OR NEW.recorded_at < \
        coalesce((SELECT recorded_at FROM ledger_entry WHERE seq = NEW.seq - 1), 0) \
     THEN RAISE EXCEPTION 'ledger: entries follow one another' \
        USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER ledger_entry_next BEFORE INSERT ON ledger_entry \
     FOR EACH ROW EXECUTE FUNCTION ledger_entry_next()",
];
