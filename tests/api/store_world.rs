//! A small season in bare SQL, and rows that would be lawful in it but for what a test changes.

/// One season: two senior schools (H2 new, with 2998 pupils), two junior schools, nine applicants, a published and a
/// computed round of `key`, a published one of `low`, one pupil with a registry record and a class. A7 has arrived and is
/// cleared, A6 is cleared and has not arrived, A9 has arrived and is not cleared.
pub(crate) const WORLD: &str = "
INSERT INTO season (id, district, year, mode, policy, created_at, created_by) VALUES ('s', 'D', 2026, 'drill', 'p', 1, 'zhao'), ('t', 'D', 2026, 'drill', 'p', 1, 'zhao');
INSERT INTO lottery (season_id, commitment, revealed) VALUES ('s', '{d}', 0), ('t', '{d}', 0);
UPDATE lottery SET revealed = 1, seed = 'x', revealed_by = 'zhao', revealed_at = 3 WHERE season_id = 's';
INSERT INTO account (name, display, role, school_id, password_hash, must_change, disabled, created_at) VALUES
  ('zhao', 'Z', 'clerk', NULL, 'x', 0, 0, 1), ('qian', 'Q', 'reviewer', NULL, 'x', 0, 0, 1), ('sun', 'S', 'reviewer', NULL, 'x', 0, 0, 1),
  ('wu', 'W', 'school', 'H1', 'x', 0, 0, 1);
INSERT INTO decision (season_id, kind, digest, note, body, status, proposed_by, proposed_at, approved_by, approved_at) VALUES
  ('s', 'freeze_plan', '{d}', '', '', 'approved', 'zhao', 1, 'qian', 1), ('s', 'quota', '{d}', '', '', 'approved', 'zhao', 1, 'qian', 1),
  ('s', 'revocation', '{d}', 'n', 'b', 'approved', 'zhao', 1, 'qian', 1), ('s', 'correction', '{d}', '', '', 'approved', 'zhao', 1, 'qian', 1),
  ('s', 'correction', '{d}', '', '', 'proposed', 'zhao', 1, NULL, NULL);
INSERT INTO school (season_id, school_id, position, name, stage, region, is_new, enrolled, enrolled_known) VALUES
  ('s', 'H1', 1, 'H1', 'senior', 'R1', 0, 0, 0), ('s', 'H2', 2, 'H2', 'senior', 'R1', 1, 2998, 1),
  ('s', 'J1', 3, 'J1', 'junior', 'R1', 0, 0, 0), ('s', 'J2', 4, 'J2', 'junior', 'R1', 0, 0, 0);
INSERT INTO plan_line (season_id, school_id, batch, category, quota, junior_id, seats, classes, scope, approval_no, decision_id, decision_kind, decision_status, recorded_at) VALUES
  ('s', 'H1', 'key', 'unified', 0, '', 2, 1, '', '2026-1', 1, 'freeze_plan', 'approved', 2), ('s', 'H1', 'key', 'quota', 1, 'J1', 1, NULL, '', '2026-1', 2, 'quota', 'approved', 2),
  ('s', 'H2', 'low', 'unified', 0, '', 3, 1, '*', '2026-1', 1, 'freeze_plan', 'approved', 2), ('s', 'H1', 'key', 'quota', 1, 'J2', 2, NULL, '', '2026-1', 2, 'quota', 'approved', 2);
INSERT INTO plan_scope (plan_id, region) VALUES (1, 'R1'), (2, 'R1'), (3, '*'), (4, 'R1');
INSERT INTO seat_flow (season_id, plan_batch, plan_category, batch, category, held_quota, decision_id, decision_kind, decision_status) VALUES
  ('s', 'key', 'unified', 'key', 'unified', 0, 1, 'freeze_plan', 'approved'), ('s', 'key', 'quota', 'key', 'quota', 1, 1, 'freeze_plan', 'approved'),
  ('s', 'key', 'quota', 'key', 'returned', 0, 1, 'freeze_plan', 'approved'), ('s', 'low', 'unified', 'low', 'unified', 0, 1, 'freeze_plan', 'approved');
INSERT INTO applicant (season_id, applicant_id, name, person_hash, junior_id, region, fresh, attended, marks, bonus, total, tie_class, quota_eligible, barred) VALUES
  ('s', 'A1', 'a', {b:01}, 'J1', 'R1', 1, 1, '[]', 0, 60000, 0, 1, 0), ('s', 'A2', 'b', {b:02}, 'J2', 'R1', 1, 1, '[]', 0, 60000, 0, 1, 0),
  ('s', 'A3', 'c', {b:03}, 'J1', 'R2', 1, 1, '[]', 0, 60000, 0, 1, 0), ('s', 'A4', 'd', {b:04}, 'J1', 'R1', 1, 1, '[]', 0, 60000, 0, 0, 0),
  ('s', 'A5', 'e', {b:05}, 'J1', 'R1', 1, 1, '[]', 0, 60000, 0, 1, 1), ('s', 'A6', 'f', {b:06}, 'J2', 'R1', 1, 1, '[]', 0, 60000, 0, 1, 0),
  ('s', 'A7', 'g', {b:07}, 'J2', 'R1', 1, 1, '[]', 0, 60000, 0, 1, 0), ('s', 'A8', 'h', {b:08}, 'J2', 'R1', 1, 1, '[]', 0, 60000, 0, 1, 0),
  ('s', 'A9', 'i', {b:0a}, 'J2', 'R2', 1, 1, '[]', 0, 60000, 0, 1, 0);
INSERT INTO special_score (season_id, applicant_id, category, school_id, score, qualified, test_date) VALUES ('s', 'A1', 'sports', '', 5000, 0, '');
INSERT INTO restriction (season_id, applicant_id, kind, reason, document) VALUES ('s', 'A5', 'barred', 'x', '');
INSERT INTO wish_window (season_id, batch, status, opened_at) VALUES ('s', 'key', 'open', 1), ('s', 'low', 'open', 1), ('s', 'more', 'open', 1), ('t', 'key', 'open', 1);
INSERT INTO wish_list (season_id, batch, applicant_id, version, recorded_by, recorded_at) VALUES ('s', 'key', 'A1', 1, 'zhao', 2), ('s', 'more', 'A1', 1, 'zhao', 2);
INSERT INTO wish (list_id, position, school_id, adjust) VALUES (1, 1, 'H1', 0);
INSERT INTO import_batch (season_id, file_name, digest, content, status, summary, created_by, created_at) VALUES ('s', 'x.csv', '{d}', {b:00}, 'refused', '', 'zhao', 2);
UPDATE wish_window SET status = 'closed', closed_at = 3, digest = '{d}' WHERE batch IN ('key', 'low');
INSERT INTO round (season_id, batch, status, verified, input_digest, answer_digest, seed, certificate, answer, computed_by, computed_at, proposed_by, proposed_at, signed_digest, approved_by, published_at) VALUES
  ('s', 'key', 'published', 1, '{d}', '{d}', 'x', '', {b:00}, 'zhao', 4, 'zhao', 4, '{d}', 'qian', 5), ('s', 'key', 'computed', 1, '{f}', '{f}', 'x', '', {b:00}, 'zhao', 4, NULL, NULL, NULL, NULL, NULL),
  ('s', 'low', 'published', 1, '{d}', '{d}', 'x', '', {b:00}, 'zhao', 4, 'zhao', 4, '{d}', 'qian', 5), ('s', 'key', 'computed', 0, '{f}', '{f}', 'x', '', {b:00}, 'zhao', 4, NULL, NULL, NULL, NULL, NULL);
INSERT INTO admission (season_id, applicant_id, applicant_region, applicant_junior, quota_eligible, barred, plan_id, school_id, plan_batch, plan_category, plan_quota, plan_junior, plan_seats, seat_no, scope_region, batch, category, held_quota, position, total, round_id, round_status, active, recorded_at) VALUES
  ('s', 'A1', 'R1', 'J1', 1, 0, 1, 'H1', 'key', 'unified', 0, '', 2, 1, 'R1', 'key', 'unified', 0, 1, 60000, 1, 'published', 1, 5),
  ('s', 'A7', 'R1', 'J2', 1, 0, 3, 'H2', 'low', 'unified', 0, '', 3, 2, '*', 'low', 'unified', 0, 1, 60000, 3, 'published', 1, 5),
  ('s', 'A6', 'R1', 'J2', 1, 0, 3, 'H2', 'low', 'unified', 0, '', 3, 1, '*', 'low', 'unified', 0, 1, 60000, 3, 'published', 1, 5),
  ('s', 'A9', 'R2', 'J2', 1, 0, 3, 'H2', 'low', 'unified', 0, '', 3, 3, '*', 'low', 'unified', 0, 1, 60000, 3, 'published', 1, 5);
INSERT INTO arrival (admission_id, season_id, applicant_id, school_id, admission_active, arrived, recorded_by, recorded_at) VALUES (1, 's', 'A1', 'H1', 1, 1, 'zhao', 6), (2, 's', 'A7', 'H2', 1, 1, 'zhao', 6), (4, 's', 'A9', 'H2', 1, 1, 'zhao', 6);
INSERT INTO clearance (admission_id, admission_active, valid, reason, audit_digest, issued_at) VALUES (1, 1, 1, '', '{d}', 6), (2, 1, 1, '', '{d}', 6), (3, 1, 1, '', '{d}', 6);
INSERT INTO registry_record (season_id, applicant_id, person_hash, school_id, school_is_new, school_enrolled, head_no, admission_id, admission_active, arrived, cleared, status, opened_by, opened_at) VALUES
  ('s', 'A1', {b:01}, 'H1', 0, 0, 1, 1, 1, 1, 1, 'open', 'zhao', 7);
INSERT INTO class_group (season_id, school_id, formation, name, cap) VALUES ('s', 'H1', 1, '1', 1), ('s', 'H1', 1, '2', 2), ('s', 'H2', 1, '1', 2), ('s', 'H1', 3, '1', 1), ('s', 'H2', 3, '1', 2);
INSERT INTO class_member (class_id, season_id, school_id, formation, cap, seat_no, record_id, record_status, active) VALUES (1, 's', 'H1', 1, 1, 1, 1, 'open', 1);
INSERT INTO ledger_entry (seq, recorded_at, leaf) VALUES (0, 5, {b:00});
INSERT INTO gate_event (seq, nth, season_id, kind, admission_id) VALUES (0, 0, 's', 'admission_published', 1);
INSERT INTO registry_dump (season_id, file_name, digest, content, row_count, created_by, created_at) VALUES ('s', 'x.csv', '{d}', {b:00}, 1, 'zhao', 6);
INSERT INTO ledger_payload (seq, season_id, salt, payload) VALUES (0, 's', {b:01}, {b:02});
INSERT INTO checkpoint (size, note, recorded_at) VALUES (1, 'n', 5);
INSERT INTO access_log (at, account, action, subject, reason) VALUES (5, 'zhao', 'reveal', 's/A1', 'x');
";

const ADMISSION: [(&str, &str); 23] = [
    ("season_id", "'s'"),
    ("applicant_id", "'A8'"),
    ("applicant_region", "'R1'"),
    ("applicant_junior", "'J2'"),
    ("quota_eligible", "1"),
    ("barred", "0"),
    ("plan_id", "1"),
    ("school_id", "'H1'"),
    ("plan_batch", "'key'"),
    ("plan_category", "'unified'"),
    ("plan_quota", "0"),
    ("plan_junior", "''"),
    ("plan_seats", "2"),
    ("seat_no", "2"),
    ("scope_region", "'R1'"),
    ("batch", "'key'"),
    ("category", "'unified'"),
    ("held_quota", "0"),
    ("position", "1"),
    ("total", "60000"),
    ("round_id", "1"),
    ("round_status", "'published'"),
    ("active", "1"),
];

const RECORD: [(&str, &str); 14] = [
    ("season_id", "'s'"),
    ("applicant_id", "'A7'"),
    ("person_hash", "{b:07}"),
    ("school_id", "'H2'"),
    ("school_is_new", "1"),
    ("school_enrolled", "2998"),
    ("head_no", "2999"),
    ("admission_id", "2"),
    ("admission_active", "1"),
    ("arrived", "1"),
    ("cleared", "1"),
    ("status", "'open'"),
    ("opened_by", "'zhao'"),
    ("opened_at", "9"),
];

/// An insert of these columns, but for the changes; a change of a column that is not there adds it.
pub(crate) fn insert(table: &str, base: &[(&str, &str)], changes: &[(&str, &str)]) -> String {
    let mut row: Vec<(&str, &str)> = base.to_vec();
    for &(column, value) in changes {
        match row.iter_mut().find(|(c, _)| *c == column) {
            Some(found) => found.1 = value,
            None => row.push((column, value)),
        }
    }
    let (columns, values): (Vec<&str>, Vec<&str>) = row.into_iter().unzip();
    format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), values.join(", "))
}

/// A lawful admission of A8 to the second seat of H1, but for the changes.
pub(crate) fn admission(changes: &[(&str, &str)]) -> String {
    let mut changes = changes.to_vec();
    if !changes.iter().any(|(c, _)| *c == "recorded_at") {
        changes.push(("recorded_at", "9"));
    }
    insert("admission", &ADMISSION, &changes)
}

/// A lawful registry record of A7, who has arrived at H2 and is cleared, but for the changes.
pub(crate) fn record(changes: &[(&str, &str)]) -> String {
    insert("registry_record", &RECORD, changes)
}

/// Fills in digests: `{d}` and `{f}` are two of them.
pub(crate) fn sql(text: &str) -> String {
    text.replace("{d}", &"d".repeat(64)).replace("{f}", &"f".repeat(64))
}
