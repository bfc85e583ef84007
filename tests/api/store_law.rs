//! The law in the schema, with the program bypassed: what is irregular cannot be written, what is lawful can.

use luqu::store::Store;

use crate::databases::{TestDb, block_on};
use crate::store_law_sections::WORLD as SECTIONS;
use crate::store_world::{WORLD, admission, insert, record, sql};

/// Statements that must be refused, each with the offence.
fn forbidden() -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> = Vec::new();
    let mut bad = |what: &'static str, statement: String| all.push((what, statement));

    // No plan, over plan.
    bad("no plan line", admission(&[("plan_id", "99")]));
    bad("a plan line of another school", admission(&[("school_id", "'H2'")]));
    bad("a plan line of another batch", admission(&[("plan_batch", "'low'")]));
    bad("a plan line of another category", admission(&[("plan_category", "'sports'")]));
    bad("a season without the line", admission(&[("season_id", "'t'")]));
    bad("more seats than the line has", admission(&[("plan_seats", "9"), ("seat_no", "3")]));
    bad("a seat above the plan", admission(&[("seat_no", "3")]));
    bad("seat zero", admission(&[("seat_no", "0")]));
    bad("a negative seat", admission(&[("seat_no", "-1")]));
    bad("a seat that is taken", admission(&[("seat_no", "1")]));
    bad("no seat", admission(&[("seat_no", "NULL")]));
    bad("no plan seats", admission(&[("plan_seats", "NULL"), ("seat_no", "9")]));
    bad("no plan", admission(&[("plan_id", "NULL")]));
    // Cross-region.
    let far =
        [("applicant_id", "'A3'"), ("applicant_region", "'R2'"), ("applicant_junior", "'J1'")];
    bad("out of region", admission(&far));
    bad("out of region, saying so", admission(&[&far[..], &[("scope_region", "'R2'")]].concat()));
    bad("out of region, by any", admission(&[&far[..], &[("scope_region", "'*'")]].concat()));
    bad(
        "a region that is not the applicant's",
        admission(&[("applicant_id", "'A3'"), ("applicant_junior", "'J1'")]),
    );
    bad("no scope", admission(&[("scope_region", "NULL")]));
    // Quota.
    let quota = [
        ("plan_id", "2"),
        ("plan_category", "'quota'"),
        ("plan_quota", "1"),
        ("plan_junior", "'J1'"),
        ("plan_seats", "1"),
        ("seat_no", "1"),
        ("category", "'quota'"),
        ("held_quota", "1"),
    ];
    let with = |more: &[(&'static str, &'static str)]| admission(&[&quota[..], more].concat());
    bad("a quota seat of another junior school", with(&[]));
    let ineligible =
        [("applicant_id", "'A4'"), ("applicant_junior", "'J1'"), ("quota_eligible", "0")];
    bad("a quota seat for the ineligible", with(&ineligible));
    bad(
        "an ineligible called eligible",
        with(&[("applicant_id", "'A4'"), ("applicant_junior", "'J1'")]),
    );
    bad("another junior school than one's own", with(&[("applicant_junior", "'J1'")]));
    bad(
        "a quota seat passed off as unified",
        with(&[("category", "'unified'"), ("held_quota", "0")]),
    );
    bad("a quota seat not called one", with(&[("held_quota", "0")]));
    bad("a unified seat called quota", admission(&[("category", "'quota'"), ("held_quota", "1")]));
    bad("a flow nobody approved", admission(&[("category", "'returned'")]));
    bad("a flow of another batch", admission(&[("batch", "'low'")]));
    // Barred, twice, unknown.
    let barred = [("applicant_id", "'A5'"), ("applicant_junior", "'J1'"), ("barred", "1")];
    bad("the barred", admission(&barred));
    bad(
        "the barred called free",
        admission(&[("applicant_id", "'A5'"), ("applicant_junior", "'J1'")]),
    );
    bad("nobody", admission(&[("applicant_id", "'A9'")]));
    bad("one person twice", admission(&[("applicant_id", "'A1'"), ("applicant_junior", "'J1'")]));
    bad("no applicant", admission(&[("applicant_id", "NULL")]));
    // Early.
    bad("a round that is only computed", admission(&[("round_id", "2")]));
    bad(
        "a round that is only computed, saying so",
        admission(&[("round_id", "2"), ("round_status", "'computed'")]),
    );
    bad("a round that does not exist", admission(&[("round_id", "9")]));
    bad("a round of another batch", admission(&[("round_id", "3")]));
    bad("no round", admission(&[("round_id", "NULL")]));
    bad("no status of the round", admission(&[("round_id", "2"), ("round_status", "NULL")]));
    // Corrections and revocations.
    bad("a correction that is only proposed", admission(&correction("5")));
    bad("a correction by another kind of decision", admission(&correction("3")));
    bad("half a correction", admission(&[("correction_id", "4")]));
    bad("a correction without a number", admission(&[("correction_kind", "'correction'")]));
    bad("an admission born revoked", admission(&[("active", "0")]));
    bad("an admission neither active nor not", admission(&[("active", "2")]));

    // What is written stays.
    for (what, set) in [
        ("moving an admission to another school", "school_id = 'H2'"),
        ("moving an admission to another seat", "seat_no = 2"),
        ("moving an admission to another person", "applicant_id = 'A2'"),
        ("changing the total of an admission", "total = 70000"),
        ("changing the round of an admission", "round_id = 2"),
        ("revoking without a decision", "active = 0"),
        (
            "revoking by a plan",
            "active = 0, revocation_id = 1, revocation_kind = 'freeze_plan', revocation_status = 'approved'",
        ),
        (
            "revoking under an open record",
            "active = 0, revocation_id = 3, revocation_kind = 'revocation', revocation_status = 'approved'",
        ),
    ] {
        bad(what, format!("UPDATE admission SET {set} WHERE id = 1"));
    }
    for (what, statement) in [
        ("deleting an admission", "DELETE FROM admission WHERE id = 1"),
        ("more seats for a line", "UPDATE plan_line SET seats = 50 WHERE id = 1"),
        ("fewer seats for a line", "UPDATE plan_line SET seats = 1 WHERE id = 1"),
        ("another approval number", "UPDATE plan_line SET approval_no = 'x' WHERE id = 1"),
        (
            "papers for a cell",
            "UPDATE plan_line SET edit_reason = 'x', edit_document = 'x' WHERE id = 2",
        ),
        ("deleting a line", "DELETE FROM plan_line WHERE id = 3"),
        ("a wider scope", "UPDATE plan_scope SET region = '*' WHERE plan_id = 1"),
        ("deleting a scope", "DELETE FROM plan_scope WHERE plan_id = 1"),
        (
            "another region of an applicant",
            "UPDATE applicant SET region = 'R1' WHERE applicant_id = 'A3'",
        ),
        (
            "eligibility after the fact",
            "UPDATE applicant SET quota_eligible = 1 WHERE applicant_id = 'A4'",
        ),
        ("lifting a bar", "UPDATE applicant SET barred = 0 WHERE applicant_id = 'A5'"),
        ("another total", "UPDATE applicant SET total = 75000 WHERE applicant_id = 'A1'"),
        ("other marks", "UPDATE applicant SET marks = '[1]' WHERE applicant_id = 'A1'"),
        ("another person", "UPDATE applicant SET person_hash = {b:09} WHERE applicant_id = 'A1'"),
        ("deleting an applicant", "DELETE FROM applicant WHERE applicant_id = 'A6'"),
        ("deleting a restriction", "DELETE FROM restriction WHERE applicant_id = 'A5'"),
        (
            "softening a restriction",
            "UPDATE restriction SET kind = 'quota_ineligible' WHERE applicant_id = 'A5'",
        ),
        (
            "another special score",
            "UPDATE special_score SET score = 10000 WHERE applicant_id = 'A1'",
        ),
        (
            "qualifying afterwards",
            "UPDATE special_score SET qualified = 1 WHERE applicant_id = 'A1'",
        ),
        ("an old school instead of a new", "UPDATE school SET is_new = 0 WHERE school_id = 'H2'"),
        ("fewer enrolled", "UPDATE school SET enrolled = 0 WHERE school_id = 'H2'"),
        ("another policy", "UPDATE season SET policy = 'x' WHERE id = 's'"),
        ("drill instead of live", "UPDATE season SET mode = 'live' WHERE id = 's'"),
        ("taking back a published round", "UPDATE round SET status = 'computed' WHERE id = 1"),
        ("discarding a published round", "UPDATE round SET status = 'discarded' WHERE id = 1"),
        ("another answer of a published round", "UPDATE round SET answer = {b:ff} WHERE id = 1"),
        (
            "another digest of a computed round",
            "UPDATE round SET answer_digest = input_digest WHERE id = 2",
        ),
        ("verifying afterwards", "UPDATE round SET verified = 1 WHERE id = 4"),
        ("deleting a round", "DELETE FROM round WHERE id = 2"),
        ("another approver", "UPDATE decision SET approved_by = 'sun' WHERE id = 1"),
        (
            "taking back an approval",
            "UPDATE decision SET status = 'proposed', approved_by = NULL, approved_at = NULL WHERE id = 1",
        ),
        (
            "approving one's own proposal",
            "UPDATE decision SET status = 'approved', approved_by = 'zhao', approved_at = 2 WHERE id = 5",
        ),
        ("approving without a name", "UPDATE decision SET status = 'approved' WHERE id = 5"),
        ("another digest under a proposal", "UPDATE decision SET digest = '{f}' WHERE id = 5"),
        ("deleting a decision", "DELETE FROM decision WHERE id = 5"),
        (
            "wishes opened before the calendar",
            "INSERT INTO wish_window (season_id, batch, status, opens_at, opened_at) VALUES ('s', 'next', 'open', 9, 8)",
        ),
        (
            "wishes closed before the calendar",
            "INSERT INTO wish_window (season_id, batch, status, closes_at, opened_at, closed_at, digest) VALUES ('s', 'next', 'closed', 9, 1, 8, '{d}')",
        ),
        ("a lottery drawn again", "UPDATE lottery SET seed = 'y' WHERE season_id = 's'"),
        ("another commitment", "UPDATE lottery SET commitment = '{f}' WHERE season_id = 't'"),
        (
            "a lottery taken back",
            "UPDATE lottery SET revealed = 0, seed = NULL, revealed_by = NULL, revealed_at = NULL WHERE season_id = 's'",
        ),
        (
            "a lottery made public without its seed",
            "UPDATE lottery SET revealed = 1 WHERE season_id = 't'",
        ),
        (
            "opening wishes again",
            "UPDATE wish_window SET status = 'open', closed_at = NULL, digest = NULL WHERE batch = 'key'",
        ),
        (
            "wishes after the close",
            "INSERT INTO wish_list (season_id, batch, applicant_id, version, recorded_by, recorded_at) VALUES ('s', 'key', 'A1', 2, 'zhao', 9)",
        ),
        (
            "wishes without a window",
            "INSERT INTO wish_list (season_id, batch, applicant_id, version, recorded_by, recorded_at) VALUES ('s', 'none', 'A1', 1, 'zhao', 9)",
        ),
        (
            "the same version twice",
            "INSERT INTO wish_list (season_id, batch, applicant_id, version, recorded_by, recorded_at) VALUES ('s', 'more', 'A1', 1, 'zhao', 9)",
        ),
        ("another wish", "UPDATE wish SET school_id = 'H2' WHERE list_id = 1"),
        ("deleting a wish", "DELETE FROM wish WHERE list_id = 1"),
        ("deleting wishes", "DELETE FROM wish_list WHERE id = 1"),
        ("another time of an entry", "UPDATE ledger_entry SET recorded_at = 1 WHERE seq = 0"),
        ("another leaf", "UPDATE ledger_entry SET leaf = {b:ff} WHERE seq = 0"),
        ("deleting an entry", "DELETE FROM ledger_entry WHERE seq = 0"),
        (
            "a gap in the ledger",
            "INSERT INTO ledger_entry (seq, recorded_at, leaf) VALUES (2, 9, {b:01})",
        ),
        (
            "an entry of the past",
            "INSERT INTO ledger_entry (seq, recorded_at, leaf) VALUES (1, 4, {b:01})",
        ),
        (
            "an entry twice",
            "INSERT INTO ledger_entry (seq, recorded_at, leaf) VALUES (0, 9, {b:01})",
        ),
        ("another checkpoint", "UPDATE checkpoint SET note = 'x' WHERE size = 1"),
        ("deleting a checkpoint", "DELETE FROM checkpoint WHERE size = 1"),
        ("deleting a look", "DELETE FROM access_log"),
        ("rewriting a look", "UPDATE access_log SET account = 'qian'"),
        ("another reason of a look", "UPDATE access_log SET reason = 'y'"),
        ("another name", "UPDATE applicant SET name = 'x' WHERE applicant_id = 'A1'"),
        ("another id number", "UPDATE applicant SET id_cipher = {b:07} WHERE applicant_id = 'A1'"),
        ("other personal data", "UPDATE ledger_payload SET payload = {b:07} WHERE seq = 0"),
        ("another note of a decision", "UPDATE decision SET note = 'x' WHERE id = 3"),
        ("another body of a proposal", "UPDATE decision SET body = 'x' WHERE id = 5"),
        ("another approver", "UPDATE decision SET approved_by = 'sun' WHERE id = 3"),
        (
            "an approval under a destruction",
            "UPDATE decision SET note = '', approved_at = 9 WHERE id = 3",
        ),
        ("another dump", "UPDATE registry_dump SET content = {b:07} WHERE id = 1"),
        ("another role", "UPDATE account SET role = 'admin' WHERE name = 'zhao'"),
        ("deleting an account", "DELETE FROM account WHERE name = 'wu'"),
    ] {
        bad(what, sql(statement));
    }

    // Plans and rounds that nobody approved.
    for (what, changes) in [
        ("a plan that is only proposed", &[("decision_id", "5")][..]),
        ("a plan by a revocation", &[("decision_id", "3")]),
        (
            "seats approved twice",
            &[("school_id", "'H1'"), ("decision_id", "1"), ("decision_kind", "'freeze_plan'")],
        ),
        ("a plan nobody decided", &[("decision_id", "99")]),
        ("a plan said to be proposed", &[("decision_id", "5"), ("decision_status", "'proposed'")]),
        ("a plan without a number", &[("approval_no", "''")]),
        ("a plan with a blank number", &[("approval_no", "'  '")]),
        ("negative seats", &[("seats", "-1")]),
        ("a quota line of no junior school", &[("quota", "1")]),
        ("a junior school without quota", &[("junior_id", "'J1'")]),
        ("a plan of an unknown school", &[("school_id", "'H9'")]),
        ("papers of what is no cell", &EDITED),
        ("a cell of a correction set by hand", &[&CELL[..2], &EDITED].concat()),
        ("a cell set by hand under no document", &[&CELL[..], &EDITED[..1]].concat()),
        ("a cell set by hand for no reason", &[&CELL[..], &EDITED[1..]].concat()),
        ("a cell with a blank reason", &[&CELL[..], &[("edit_reason", "' '"), EDITED[1]]].concat()),
    ] {
        bad(what, insert("plan_line", &PLAN_LINE, changes));
    }
    for (what, changes) in [
        ("a round published unverified", &[("verified", "0")][..]),
        ("a round signed by one", &[("approved_by", "'zhao'")]),
        ("a round nobody proposed", &[("proposed_by", "NULL")]),
        ("a round nobody approved", &[("approved_by", "NULL")]),
        ("a round signed over another digest", &[("signed_digest", "'{f}'")]),
        ("a round signed over nothing", &[("signed_digest", "NULL")]),
        ("a second published round of a batch", &[]),
        ("a round by a stranger", &[("batch", "'low'"), ("approved_by", "'nobody'")]),
        ("a digest that is too short", &[("batch", "'low'"), ("answer_digest", "'ab'")]),
        ("a round while wishes are open", &[("batch", "'more'")]),
        (
            "a round of a window said to be open",
            &[("batch", "'more'"), ("window_status", "'open'")],
        ),
        ("a round of a batch that was never opened", &[("batch", "'last'")]),
        ("a round before the lottery is public", &[("season_id", "'t'")]),
    ] {
        bad(what, sql(&insert("round", &ROUND, changes)));
    }

    all.extend(crate::store_law_registry::forbidden());
    all.extend(crate::store_law_sections::forbidden());
    all.extend(destroying());
    all
}

const fn correction(number: &'static str) -> [(&'static str, &'static str); 3] {
    [
        ("correction_id", number),
        ("correction_kind", "'correction'"),
        ("correction_status", "'approved'"),
    ]
}

const PLAN_LINE: [(&str, &str); 14] = [
    ("season_id", "'s'"),
    ("school_id", "'H1'"),
    ("batch", "'key'"),
    ("category", "'unified'"),
    ("quota", "0"),
    ("junior_id", "''"),
    ("seats", "1"),
    ("classes", "1"),
    ("scope", "''"),
    ("approval_no", "'2026-9'"),
    ("decision_id", "4"),
    ("decision_kind", "'correction'"),
    ("decision_status", "'approved'"),
    ("recorded_at", "9"),
];

/// What makes it a quota cell of the distribution.
const CELL: [(&str, &str); 4] =
    [("quota", "1"), ("junior_id", "'J1'"), ("decision_id", "2"), ("decision_kind", "'quota'")];

/// What a cell that was set by hand has.
const EDITED: [(&str, &str); 2] = [("edit_reason", "'x'"), ("edit_document", "'2026-10'")];

const ROUND: [(&str, &str); 16] = [
    ("season_id", "'s'"),
    ("batch", "'key'"),
    ("status", "'published'"),
    ("verified", "1"),
    ("input_digest", "'{d}'"),
    ("answer_digest", "'{d}'"),
    ("seed", "'x'"),
    ("certificate", "'{}'"),
    ("answer", "{b:00}"),
    ("computed_by", "'zhao'"),
    ("computed_at", "9"),
    ("proposed_by", "'zhao'"),
    ("proposed_at", "9"),
    ("signed_digest", "'{d}'"),
    ("approved_by", "'qian'"),
    ("published_at", "9"),
];

/// What the law allows, in an order in which all of it can happen.
fn lawful() -> Vec<(&'static str, String)> {
    let quota = [
        ("applicant_id", "'A2'"),
        ("plan_id", "4"),
        ("plan_category", "'quota'"),
        ("plan_quota", "1"),
        ("plan_junior", "'J2'"),
        ("plan_seats", "2"),
        ("seat_no", "2"),
        ("category", "'quota'"),
        ("held_quota", "1"),
    ];
    // A seat that came back from the cell of one junior school may be held by a child of another.
    let returned = [
        ("applicant_id", "'A4'"),
        ("applicant_junior", "'J1'"),
        ("quota_eligible", "0"),
        ("plan_id", "4"),
        ("plan_category", "'quota'"),
        ("plan_quota", "1"),
        ("plan_junior", "'J2'"),
        ("plan_seats", "2"),
        ("seat_no", "1"),
        ("category", "'returned'"),
    ];
    let mut all = vec![
        ("a last seat", admission(&[("applicant_id", "'A8'"), ("seat_no", "2")])),
        ("a quota seat of one's own junior school", admission(&quota)),
        ("a returned seat", admission(&returned)),
        ("a line by a correction", insert("plan_line", &PLAN_LINE, &[])),
        ("a cell set by hand", insert("plan_line", &PLAN_LINE, &[&CELL[..], &EDITED].concat())),
        (
            "an arrival",
            sql(
                "INSERT INTO arrival (admission_id, season_id, applicant_id, school_id, admission_active, arrived, recorded_by, recorded_at) VALUES (3, 's', 'A6', 'H2', 1, 1, 'zhao', 9)",
            ),
        ),
        (
            "an arrival undone",
            sql("UPDATE arrival SET arrived = 0, admission_active = NULL WHERE admission_id = 3"),
        ),
        (
            "an arrival again",
            sql("UPDATE arrival SET arrived = 1, admission_active = 1 WHERE admission_id = 3"),
        ),
        (
            "a clearance",
            sql(
                "INSERT INTO clearance (admission_id, admission_active, valid, reason, audit_digest, issued_at) VALUES (4, 1, 1, '', '{d}', 9)",
            ),
        ),
        ("a record", record(&[])),
        (
            "head 3000 of a new school",
            record(&[
                ("admission_id", "3"),
                ("applicant_id", "'A6'"),
                ("person_hash", "{b:06}"),
                ("head_no", "3000"),
            ]),
        ),
        (
            "a withdrawal",
            sql(
                "UPDATE registry_record SET status = 'withdrawn', admission_active = NULL, arrived = NULL, cleared = NULL, withdrawn_at = 9 WHERE applicant_id = 'A6'",
            ),
        ),
        (
            "the clearance withdrawn",
            sql(
                "UPDATE clearance SET valid = 0, admission_active = NULL, reason = 'x' WHERE admission_id = 3",
            ),
        ),
        (
            "the arrival undone",
            sql("UPDATE arrival SET arrived = 0, admission_active = NULL WHERE admission_id = 3"),
        ),
        (
            "a revocation by two",
            sql(
                "UPDATE admission SET active = 0, revocation_id = 3, revocation_kind = 'revocation', revocation_status = 'approved' WHERE id = 3",
            ),
        ),
        (
            "the seat for somebody else",
            admission(&[
                ("applicant_id", "'A3'"),
                ("applicant_region", "'R2'"),
                ("applicant_junior", "'J1'"),
                ("plan_id", "3"),
                ("school_id", "'H2'"),
                ("plan_batch", "'low'"),
                ("plan_seats", "3"),
                ("seat_no", "1"),
                ("scope_region", "'*'"),
                ("batch", "'low'"),
                ("round_id", "3"),
            ]),
        ),
        (
            "a class of 55",
            sql(
                "INSERT INTO class_group (season_id, school_id, formation, name, cap) VALUES ('s', 'H1', 2, '1', 55)",
            ),
        ),
        (
            "dividing again",
            sql(
                "INSERT INTO class_member (class_id, season_id, school_id, formation, cap, seat_no, record_id, record_status, active) SELECT id, 's', 'H1', 2, 55, 1, 1, 'open', 1 FROM class_group WHERE formation = 2",
            ),
        ),
        (
            "a new version of wishes",
            sql(
                "INSERT INTO wish_list (season_id, batch, applicant_id, version, recorded_by, recorded_at) VALUES ('s', 'more', 'A1', 2, 'zhao', 9)",
            ),
        ),
        (
            "closing a window",
            sql(
                "UPDATE wish_window SET status = 'closed', closed_at = 9, closed_by = 'zhao', digest = '{d}' WHERE batch = 'more'",
            ),
        ),
        (
            "the next entry",
            sql("INSERT INTO ledger_entry (seq, recorded_at, leaf) VALUES (1, 5, {b:01})"),
        ),
        (
            "two decide to destroy personal data",
            sql(
                "INSERT INTO decision (season_id, kind, digest, note, body, status, proposed_by, proposed_at, approved_by, approved_at) VALUES ('s', 'retention', '{d}', 'n', 'b', 'approved', 'zhao', 9, 'qian', 9)",
            ),
        ),
        (
            "approving by another",
            sql(
                "UPDATE decision SET status = 'approved', approved_by = 'qian', approved_at = 9 WHERE id = 5",
            ),
        ),
        ("discarding a computed round", sql("UPDATE round SET status = 'discarded' WHERE id = 2")),
    ];
    all.extend(destroying());
    all.extend(crate::store_law_sections::lawful());
    all.extend(crate::store_law_registry::lawful());
    all
}

/// What two may decide to destroy, and nobody may without.
fn destroying() -> [(&'static str, String); 5] {
    [
        (
            "destroying personal data",
            sql("UPDATE ledger_payload SET salt = NULL, payload = NULL WHERE seq = 0"),
        ),
        (
            "destroying a name",
            sql("UPDATE applicant SET name = '', id_cipher = NULL WHERE applicant_id = 'A1'"),
        ),
        ("destroying why somebody looked", sql("UPDATE access_log SET reason = ''")),
        (
            "destroying what a decision says",
            sql("UPDATE decision SET note = '', body = '' WHERE id = 3"),
        ),
        (
            "destroying a dump",
            sql("UPDATE registry_dump SET file_name = '', content = NULL WHERE id = 1"),
        ),
    ]
}

async fn world(db: &TestDb) -> Store {
    let store = db.open().await;
    let statements = WORLD.split(";\n").chain(SECTIONS.split(";\n"));
    for statement in statements.filter(|s| !s.trim().is_empty()) {
        let statement = db.dialect(&sql(statement));
        store.execute_raw(&statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
    }
    store
}

#[test]
fn what_is_irregular_cannot_be_written() {
    let all = forbidden();
    assert!(all.len() >= 100, "{}", all.len());
    for db in TestDb::all() {
        block_on(async {
            let store = world(&db).await;
            for (what, statement) in &all {
                let done = store.execute_raw(&db.dialect(&sql(statement))).await;
                let error =
                    done.err().unwrap_or_else(|| panic!("{}: {what} was accepted", db.name));
                let text = error.to_string().to_lowercase();
                // A mistake in the statement itself would prove nothing.
                let lawful = ["constraint", "history", "window", "ledger", "not null", "not-null"];
                assert!(lawful.iter().any(|l| text.contains(l)), "{}: {what}: {text}", db.name);
            }
        });
    }
}

#[test]
fn nothing_is_replaced_without_a_trace() {
    // Even on a connection that did not ask for recursive triggers.
    let db = TestDb::sqlite();
    block_on(async {
        let store = world(&db).await;
        store.execute_raw("PRAGMA recursive_triggers = 0").await.expect("a pragma");
        let replace = |s: String| s.replacen("INSERT INTO", "INSERT OR REPLACE INTO", 1);
        let mut all = vec![
            ("the holder of a seat", admission(&[("seat_no", "1")])),
            (
                "the seat of a person",
                admission(&[("applicant_id", "'A1'"), ("applicant_junior", "'J1'")]),
            ),
            ("a line", insert("plan_line", &PLAN_LINE, &[("id", "1"), ("seats", "50")])),
            (
                "an entry",
                sql("INSERT INTO ledger_entry (seq, recorded_at, leaf) VALUES (0, 9, {b:01})"),
            ),
            (
                "a record",
                record(&[
                    ("applicant_id", "'A1'"),
                    ("person_hash", "{b:01}"),
                    ("admission_id", "1"),
                ]),
            ),
            (
                "wishes",
                sql(
                    "INSERT INTO wish_list (id, season_id, batch, applicant_id, version, recorded_by, recorded_at) VALUES (1, 's', 'more', 'A1', 7, 'zhao', 9)",
                ),
            ),
        ];
        all.extend(crate::store_law_sections::replacing());
        for (what, statement) in all {
            let done = store.execute_raw(&db.dialect(&sql(&replace(statement)))).await;
            assert!(done.is_err(), "{what} was replaced");
        }
    });
}

#[test]
fn what_is_lawful_can_be_written() {
    for db in TestDb::all() {
        block_on(async {
            let store = world(&db).await;
            for (what, statement) in lawful() {
                let statement = db.dialect(&sql(&statement));
                let done = store.execute_raw(&statement).await;
                let rows = done.unwrap_or_else(|e| panic!("{}: {what}: {e}\n{statement}", db.name));
                assert!(rows > 0, "{}: {what} touched nothing", db.name);
            }
        });
    }
}

#[test]
fn truncating_is_refused() {
    let Some(db) = TestDb::postgres() else { return };
    block_on(async {
        let store = world(&db).await;
        for table in [
            "admission",
            "plan_line",
            "ledger_entry",
            "round",
            "registry_record",
            "wish",
            "section_member",
        ] {
            let done = store.execute_raw(&format!("TRUNCATE {table} CASCADE")).await;
            assert!(done.is_err(), "{table} was emptied");
        }
    });
}
