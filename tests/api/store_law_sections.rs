//! The law of teaching sections, with the program bypassed: none above the class size, nobody in it without a place in
//! the classes it was formed of, nobody in two places at once.

use crate::store_world::{insert, sql};

/// What there is beside the small season: A1 and B1 in classes of H1, B2 in one of H3, H1 in another season as well; the
/// sections 1 (physics, block 1, a single seat, where A1 sits), 2 (physics, block 2), 3 (chemistry, block 1), 4 (chemistry,
/// block 2), all of H1; like the last, 5 of H3, 6 of the other season, 7 of another division of H1.
pub(crate) const WORLD: &str = "
INSERT INTO school (season_id, school_id, position, name, stage, region, is_new, enrolled, enrolled_known) VALUES
  ('s', 'H3', 5, 'H3', 'senior', 'R1', 0, 0, 0), ('t', 'H1', 1, 'H1', 'senior', 'R1', 0, 0, 0);
INSERT INTO plan_line (season_id, school_id, batch, category, quota, junior_id, seats, classes, scope, approval_no, decision_id, decision_kind, decision_status, recorded_at) VALUES
  ('s', 'H1', 'low', 'unified', 0, '', 5, 1, '*', '2026-1', 1, 'freeze_plan', 'approved', 2), ('s', 'H3', 'low', 'unified', 0, '', 5, 1, '*', '2026-1', 1, 'freeze_plan', 'approved', 2);
INSERT INTO plan_scope (plan_id, region) VALUES (5, '*'), (6, '*');
INSERT INTO applicant (season_id, applicant_id, name, person_hash, junior_id, region, fresh, attended, marks, bonus, total, tie_class, quota_eligible, barred) VALUES
  ('s', 'B1', 'j', {b:b1}, 'J1', 'R1', 1, 1, '[]', 0, 60000, 0, 1, 0), ('s', 'B2', 'k', {b:b2}, 'J1', 'R1', 1, 1, '[]', 0, 60000, 0, 1, 0);
INSERT INTO admission (season_id, applicant_id, applicant_region, applicant_junior, quota_eligible, barred, plan_id, school_id, plan_batch, plan_category, plan_quota, plan_junior, plan_seats, seat_no, scope_region, batch, category, held_quota, position, total, round_id, round_status, active, recorded_at) VALUES
  ('s', 'B1', 'R1', 'J1', 1, 0, 5, 'H1', 'low', 'unified', 0, '', 5, 1, '*', 'low', 'unified', 0, 1, 60000, 3, 'published', 1, 5),
  ('s', 'B2', 'R1', 'J1', 1, 0, 6, 'H3', 'low', 'unified', 0, '', 5, 1, '*', 'low', 'unified', 0, 1, 60000, 3, 'published', 1, 5);
INSERT INTO arrival (admission_id, season_id, applicant_id, school_id, admission_active, arrived, recorded_by, recorded_at) VALUES (5, 's', 'B1', 'H1', 1, 1, 'zhao', 6), (6, 's', 'B2', 'H3', 1, 1, 'zhao', 6);
INSERT INTO clearance (admission_id, admission_active, valid, reason, audit_digest, issued_at) VALUES (5, 1, 1, '', '{d}', 6), (6, 1, 1, '', '{d}', 6);
INSERT INTO registry_record (season_id, applicant_id, person_hash, school_id, school_is_new, school_enrolled, head_no, admission_id, admission_active, arrived, cleared, status, opened_by, opened_at) VALUES
  ('s', 'B1', {b:b1}, 'H1', 0, 0, 2, 5, 1, 1, 1, 'open', 'zhao', 7), ('s', 'B2', {b:b2}, 'H3', 0, 0, 1, 6, 1, 1, 1, 'open', 'zhao', 7);
INSERT INTO class_group (season_id, school_id, formation, name, cap) VALUES ('s', 'H3', 1, '1', 2), ('t', 'H1', 3, '1', 2);
INSERT INTO class_member (class_id, season_id, school_id, formation, cap, seat_no, record_id, record_status, active) VALUES (2, 's', 'H1', 1, 2, 2, 2, 'open', 1), (6, 's', 'H3', 1, 2, 1, 3, 'open', 1);
INSERT INTO section_group (season_id, school_id, class_formation, formation, subject, block, number, cap, home_class_id, room_no) VALUES
  ('s', 'H1', 1, 1, 'physics', 1, 1, 1, 1, NULL), ('s', 'H1', 1, 1, 'physics', 2, 1, 55, 1, NULL),
  ('s', 'H1', 1, 1, 'chemistry', 1, 1, 55, NULL, 1), ('s', 'H1', 1, 1, 'chemistry', 2, 1, 55, NULL, 1),
  ('s', 'H3', 1, 1, 'chemistry', 2, 1, 55, 6, NULL), ('t', 'H1', 1, 1, 'chemistry', 2, 1, 55, NULL, 1), ('s', 'H1', 2, 2, 'chemistry', 2, 1, 55, NULL, 1);
INSERT INTO section_member (section_id, season_id, school_id, class_formation, formation, subject, block, cap, seat_no, place_id, record_id, place_active, active) VALUES
  (1, 's', 'H1', 1, 1, 'physics', 1, 1, 1, 1, 1, 1, 1);
";

/// One more section of physics at H1, in a room beside.
const SECTION: [(&str, &str); 9] = [
    ("season_id", "'s'"),
    ("school_id", "'H1'"),
    ("class_formation", "1"),
    ("formation", "1"),
    ("subject", "'physics'"),
    ("block", "3"),
    ("number", "1"),
    ("cap", "55"),
    ("room_no", "1"),
];

/// A1 in the section of chemistry in block 2.
const MEMBER: [(&str, &str); 13] = [
    ("section_id", "4"),
    ("season_id", "'s'"),
    ("school_id", "'H1'"),
    ("class_formation", "1"),
    ("formation", "1"),
    ("subject", "'chemistry'"),
    ("block", "2"),
    ("cap", "55"),
    ("seat_no", "1"),
    ("place_id", "1"),
    ("record_id", "1"),
    ("place_active", "1"),
    ("active", "1"),
];

/// What makes it a place of B1 instead, in the section of a single seat.
const B1_IN_1: [(&str, &str); 6] = [
    ("section_id", "1"),
    ("subject", "'physics'"),
    ("block", "1"),
    ("cap", "1"),
    ("place_id", "2"),
    ("record_id", "2"),
];

/// Statements that must not replace what is there.
pub(crate) fn replacing() -> [(&'static str, String); 4] {
    let member = |changes| insert("section_member", &MEMBER, changes);
    let home = [("subject", "'history'"), ("block", "1"), ("number", "7")];
    [
        ("the holder of a seat in a section", member(&B1_IN_1)),
        (
            "a pupil's section of a subject",
            member(&[("section_id", "2"), ("subject", "'physics'")]),
        ),
        ("a section in its room", insert("section_group", &SECTION, &home)),
        ("a pupil's class", format!("{CLASS_MEMBER} (2, 's', 'H1', 1, 2, 1, 1, 'open', 1)")),
    ]
}

const CLASS_MEMBER: &str = "INSERT INTO class_member (class_id, season_id, school_id, formation, cap, seat_no, record_id, record_status, active) VALUES";

/// Statements that must be refused, each with the offence.
pub(crate) fn forbidden() -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> = Vec::new();

    for (what, changes) in [
        ("a section of 56", &[("cap", "56")][..]),
        ("a section of none", &[("cap", "0")]),
        ("a section without a cap", &[("cap", "NULL")]),
        ("a section of no subject", &[("subject", "'music'")]),
        ("a section in block 7", &[("block", "7")]),
        ("a section in no block", &[("block", "0")]),
        ("a section without a number", &[("number", "0")]),
        ("a section before the first forming", &[("formation", "0")]),
        ("a section that is there already", &[("block", "1"), ("room_no", "9")]),
        ("two sections in one room", &[("subject", "'history'"), ("block", "1")]),
        (
            "two sections in the room of a class",
            &[
                ("subject", "'history'"),
                ("block", "1"),
                ("room_no", "NULL"),
                ("home_class_id", "1"),
            ],
        ),
        ("a section nowhere", &[("room_no", "NULL")]),
        ("a section in two rooms", &[("home_class_id", "1")]),
        ("a room without a number", &[("room_no", "0")]),
        ("the room of another school's class", &[("room_no", "NULL"), ("home_class_id", "6")]),
        (
            "the room of another season's class",
            &[("class_formation", "3"), ("room_no", "NULL"), ("home_class_id", "7")],
        ),
        (
            "the room of a class of another division",
            &[("class_formation", "2"), ("room_no", "NULL"), ("home_class_id", "1")],
        ),
        ("a section of an unknown school", &[("school_id", "'H9'")]),
        ("a section of a school of another season", &[("season_id", "'t'"), ("school_id", "'H3'")]),
    ] {
        all.push((what, insert("section_group", &SECTION, changes)));
    }

    for (what, changes) in [
        ("a seat above the cap", &[&B1_IN_1[..], &[("seat_no", "2")]].concat()[..]),
        (
            "a cap that is not the section's",
            &[&B1_IN_1[..], &[("seat_no", "2"), ("cap", "55")]].concat(),
        ),
        ("a cap left open", &[&B1_IN_1[..], &[("seat_no", "2"), ("cap", "NULL")]].concat()),
        ("a seat that is taken in a section", &B1_IN_1),
        ("seat 56 of a section", &[("seat_no", "56")]),
        ("seat zero of a section", &[("seat_no", "0")]),
        ("no seat of a section", &[("seat_no", "NULL")]),
        ("a pupil twice in a subject", &[("section_id", "2"), ("subject", "'physics'")]),
        ("a pupil twice in a block", &[("section_id", "3"), ("block", "1")]),
        ("a second block said to be another", &[("section_id", "3"), ("block", "4")]),
        ("a subject said to be another", &[("section_id", "2"), ("subject", "'history'")]),
        ("a block left open", &[("section_id", "3"), ("block", "NULL")]),
        ("a subject left open", &[("section_id", "2"), ("subject", "NULL")]),
        ("a pupil of another school", &[("place_id", "3"), ("record_id", "3")]),
        ("a pupil in another school's section", &[("section_id", "5"), ("school_id", "'H3'")]),
        ("a pupil in a section of another season", &[("section_id", "6"), ("season_id", "'t'")]),
        ("a pupil without a class place", &[("place_id", "99")]),
        ("a class place left open", &[("place_id", "NULL")]),
        ("the class place of another pupil", &[("place_id", "2")]),
        ("nobody on a class place", &[("record_id", "99")]),
        ("a pupil left open", &[("record_id", "NULL")]),
        (
            "a class place of another division",
            &[("section_id", "7"), ("class_formation", "2"), ("formation", "2")],
        ),
        ("a section of another forming", &[("formation", "2")]),
        ("a section that is not there", &[("section_id", "99")]),
        ("a place that holds no class place", &[("place_active", "NULL")]),
        ("a class place said to have been left", &[("place_active", "0")]),
        ("a place neither active nor not", &[("active", "2")]),
        ("a place that was left at no time", &[("active", "0"), ("place_active", "NULL")]),
    ] {
        all.push((what, insert("section_member", &MEMBER, changes)));
    }

    // Classes hold nobody of another season either.
    all.push((
        "a record of another season in a class",
        format!("{CLASS_MEMBER} (7, 't', 'H1', 3, 2, 1, 1, 'open', 1)"),
    ));
    for (what, statement) in [
        ("a larger section afterwards", "UPDATE section_group SET cap = 55 WHERE id = 1"),
        ("another block afterwards", "UPDATE section_group SET block = 3 WHERE id = 1"),
        ("another room afterwards", "UPDATE section_group SET room_no = 5 WHERE id = 3"),
        ("deleting a section", "DELETE FROM section_group WHERE id = 4"),
        (
            "moving a pupil to another section",
            "UPDATE section_member SET section_id = 2 WHERE id = 1",
        ),
        ("moving a pupil to another seat", "UPDATE section_member SET seat_no = 2 WHERE id = 1"),
        (
            "another pupil on a seat",
            "UPDATE section_member SET record_id = 2, place_id = 2 WHERE id = 1",
        ),
        ("removing a pupil from a section", "DELETE FROM section_member WHERE id = 1"),
        (
            "leaving a section and keeping the seat",
            "UPDATE section_member SET place_active = NULL WHERE id = 1",
        ),
        (
            "leaving a section at no time",
            "UPDATE section_member SET active = 0, place_active = NULL WHERE id = 1",
        ),
        (
            "leaving the class under a section",
            "UPDATE class_member SET active = 0, record_status = NULL, left_at = 9 WHERE id = 1",
        ),
    ] {
        all.push((what, statement.to_owned()));
    }
    all
}

/// Statements that must be done, one after the other, after those of the season.
pub(crate) fn lawful() -> Vec<(&'static str, String)> {
    let leaving = |record: &str| {
        format!(
            "UPDATE section_member SET active = 0, place_active = NULL, left_at = 9 WHERE record_id = {record}"
        )
    };
    let last = [("seat_no", "55"), ("place_id", "2"), ("record_id", "2")];
    let home = [("room_no", "NULL"), ("home_class_id", "1")];
    vec![
        ("a section of 55", insert("section_group", &SECTION, &[])),
        (
            "a section in a class's room",
            insert("section_group", &SECTION, &[("subject", "'history'"), home[0], home[1]]),
        ),
        ("forming sections again", insert("section_group", &SECTION, &[("formation", "2")])),
        ("a second subject in another block", insert("section_member", &MEMBER, &[])),
        ("seat 55 of a section", insert("section_member", &MEMBER, &last)),
        ("leaving a section", sql(&leaving("1"))),
        ("a seat that was left", insert("section_member", &MEMBER, &B1_IN_1)),
        (
            "a subject again after leaving it",
            insert("section_member", &MEMBER, &[("seat_no", "2")]),
        ),
        ("leaving it for good", leaving("1 AND active = 1")),
    ]
}
