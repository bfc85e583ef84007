//! The law of the registry gate, with the program bypassed: clearances, records, classes, dumps, events; and of imports.

use crate::store_world::{record, sql};

/// Statements that must be refused, each with the offence.
pub(crate) fn forbidden() -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> = Vec::new();
    let mut bad = |what: &'static str, statement: String| all.push((what, statement));

    // What is written stays.
    for (what, statement) in [
        (
            "taking an arrival from under a record",
            "UPDATE arrival SET arrived = 0, admission_active = NULL WHERE admission_id = 1",
        ),
        (
            "taking a clearance from under a record",
            "UPDATE clearance SET valid = 0, admission_active = NULL, reason = 'x' WHERE admission_id = 1",
        ),
        (
            "a refused import in force",
            "UPDATE import_batch SET status = 'committed', committed_at = 9 WHERE id = 1",
        ),
        ("a refused import as staged", "UPDATE import_batch SET status = 'staged' WHERE id = 1"),
        ("deleting a record", "DELETE FROM registry_record WHERE id = 1"),
        (
            "a record for another person",
            "UPDATE registry_record SET applicant_id = 'A2' WHERE id = 1",
        ),
        ("a record at another school", "UPDATE registry_record SET school_id = 'H2' WHERE id = 1"),
        ("half a withdrawal", "UPDATE registry_record SET status = 'withdrawn' WHERE id = 1"),
        (
            "a withdrawal under a class",
            "UPDATE registry_record SET status = 'withdrawn', admission_active = NULL, arrived = NULL, cleared = NULL, withdrawn_at = 9 WHERE id = 1",
        ),
        (
            "a clearance taken without a reason",
            "UPDATE clearance SET valid = 0, admission_active = NULL WHERE admission_id = 2",
        ),
        (
            "a reason against who stays cleared",
            "UPDATE clearance SET reason = 'x' WHERE admission_id = 2",
        ),
        ("deleting a clearance", "DELETE FROM clearance WHERE admission_id = 2"),
        ("an event rewritten", "UPDATE gate_event SET kind = 'cleared' WHERE seq = 0"),
        ("an event deleted", "DELETE FROM gate_event WHERE seq = 0"),
        ("a dump rewritten", "UPDATE registry_dump SET digest = '{f}' WHERE id = 1"),
        ("a dump deleted", "DELETE FROM registry_dump WHERE id = 1"),
    ] {
        bad(what, sql(statement));
    }

    // Clearances, events, dumps.
    for (what, statement) in [
        (
            "a clearance with something against it",
            "INSERT INTO clearance (admission_id, admission_active, valid, reason, audit_digest, issued_at) VALUES (4, 1, 1, 'V04', '{d}', 9)",
        ),
        (
            "a refusal without a reason",
            "INSERT INTO clearance (admission_id, admission_active, valid, reason, audit_digest, issued_at) VALUES (4, NULL, 0, '', '{d}', 9)",
        ),
        (
            "a refusal that holds the admission",
            "INSERT INTO clearance (admission_id, admission_active, valid, reason, audit_digest, issued_at) VALUES (4, 1, 0, 'V04', '{d}', 9)",
        ),
        (
            "an event without an entry",
            "INSERT INTO gate_event (seq, nth, season_id, kind, admission_id) VALUES (7, 0, 's', 'arrived', 1)",
        ),
        (
            "an event of no kind",
            "INSERT INTO gate_event (seq, nth, season_id, kind, admission_id) VALUES (0, 1, 's', 'moved', 1)",
        ),
        (
            "an event of nobody",
            "INSERT INTO gate_event (seq, nth, season_id, kind, admission_id) VALUES (0, 1, 's', 'arrived', 99)",
        ),
        (
            "an event twice",
            "INSERT INTO gate_event (seq, nth, season_id, kind, admission_id) VALUES (0, 0, 's', 'arrived', 1)",
        ),
        (
            "a dump with half a digest",
            "INSERT INTO registry_dump (season_id, file_name, digest, row_count, created_by, created_at) VALUES ('s', 'x.csv', 'ab', 1, 'zhao', 9)",
        ),
        (
            "a dump by a stranger",
            "INSERT INTO registry_dump (season_id, file_name, digest, row_count, created_by, created_at) VALUES ('s', 'x.csv', '{d}', 1, 'nobody', 9)",
        ),
    ] {
        bad(what, sql(statement));
    }

    // Registry records.
    for (what, changes) in [
        ("a record without admission", &[("admission_id", "9")][..]),
        ("a record on another's admission", &[("applicant_id", "'A6'"), ("person_hash", "{b:06}")]),
        ("a record of another person", &[("person_hash", "{b:06}")]),
        (
            "a record before arrival",
            &[("admission_id", "3"), ("applicant_id", "'A6'"), ("person_hash", "{b:06}")],
        ),
        ("a record said not to have arrived", &[("arrived", "0")]),
        ("a record with arrival left open", &[("arrived", "NULL")]),
        ("a record not cleared", &[("cleared", "0")]),
        ("a record with clearance left open", &[("cleared", "NULL")]),
        ("a record on a revoked admission", &[("admission_active", "0")]),
        ("a record with the admission left open", &[("admission_active", "NULL")]),
        (
            "a record without a clearance",
            &[("admission_id", "4"), ("applicant_id", "'A9'"), ("person_hash", "{b:0a}")],
        ),
        (
            "a second record of one person",
            &[
                ("admission_id", "1"),
                ("applicant_id", "'A1'"),
                ("person_hash", "{b:01}"),
                ("school_id", "'H1'"),
                ("school_is_new", "0"),
                ("school_enrolled", "0"),
                ("head_no", "9"),
            ],
        ),
        (
            "a record at another school",
            &[("school_id", "'H1'"), ("school_is_new", "0"), ("school_enrolled", "0")],
        ),
        ("a new school called old", &[("school_is_new", "0"), ("head_no", "3001")]),
        ("fewer pupils than it has", &[("school_enrolled", "0"), ("head_no", "1")]),
        ("head 3001 of a new school", &[("head_no", "3001")]),
        ("a head that an older pupil has", &[("head_no", "2998")]),
        ("a record by a stranger", &[("opened_by", "'nobody'")]),
    ] {
        bad(what, record(changes));
    }

    // Classes.
    for (what, statement) in [
        (
            "a class of 56",
            "INSERT INTO class_group (season_id, school_id, formation, name, cap) VALUES ('s', 'H1', 1, '9', 56)",
        ),
        (
            "a class of none",
            "INSERT INTO class_group (season_id, school_id, formation, name, cap) VALUES ('s', 'H1', 1, '9', 0)",
        ),
        ("a larger class afterwards", "UPDATE class_group SET cap = 55 WHERE id = 1"),
        (
            "a seat above the cap",
            "INSERT INTO class_member (class_id, season_id, school_id, formation, cap, seat_no, record_id, record_status, active) VALUES (1, 's', 'H1', 1, 1, 2, 1, 'open', 1)",
        ),
        (
            "a cap that is not the class's",
            "INSERT INTO class_member (class_id, season_id, school_id, formation, cap, seat_no, record_id, record_status, active) VALUES (4, 's', 'H1', 3, 55, 1, 1, 'open', 1)",
        ),
        (
            "a member without a record",
            "INSERT INTO class_member (class_id, season_id, school_id, formation, cap, seat_no, record_id, record_status, active) VALUES (2, 's', 'H1', 1, 2, 1, 99, 'open', 1)",
        ),
        (
            "a member twice",
            "INSERT INTO class_member (class_id, season_id, school_id, formation, cap, seat_no, record_id, record_status, active) VALUES (2, 's', 'H1', 1, 2, 1, 1, 'open', 1)",
        ),
        (
            "a member of another school's class",
            "INSERT INTO class_member (class_id, season_id, school_id, formation, cap, seat_no, record_id, record_status, active) VALUES (5, 's', 'H2', 3, 2, 1, 1, 'open', 1)",
        ),
        ("a member moved", "UPDATE class_member SET class_id = 2 WHERE class_id = 1"),
        ("a member removed", "DELETE FROM class_member"),
    ] {
        bad(what, statement.to_owned());
    }
    for (what, statement) in [
        ("a member who left and holds the seat", "UPDATE class_member SET active = 0 WHERE id = 1"),
        (
            "a member who left at no time",
            "UPDATE class_member SET active = 0, record_status = NULL WHERE id = 1",
        ),
        (
            "a member whose record is let go",
            "UPDATE class_member SET record_status = NULL WHERE id = 1",
        ),
    ] {
        bad(what, statement.to_owned());
    }
    all
}

/// Statements that must be done, one after the other, after those of the season.
pub(crate) fn lawful() -> Vec<(&'static str, String)> {
    [
        (
            "an event of the next entry",
            "INSERT INTO gate_event (seq, nth, season_id, kind, admission_id) VALUES (1, 0, 's', 'arrived', 1)",
        ),
        (
            "leaving the class",
            "UPDATE class_member SET active = 0, record_status = NULL, left_at = 9 WHERE record_id = 1",
        ),
        (
            "a withdrawal after leaving the class",
            "UPDATE registry_record SET status = 'withdrawn', admission_active = NULL, arrived = NULL, cleared = NULL, withdrawn_at = 9 WHERE id = 1",
        ),
        (
            "a refusal with its reason",
            "UPDATE clearance SET valid = 0, admission_active = NULL, reason = 'V04' WHERE admission_id = 1",
        ),
        ("destroying the content of a dump", "UPDATE registry_dump SET content = NULL WHERE id = 1"),
    ]
    .map(|(what, statement)| (what, sql(statement)))
    .to_vec()
}
