//! G3: a walk of chance through everything that SQL can be asked to do between admission and registry. After every step
//! each open record rests on an active admission of that person at that school in a published round, on an arrival and
//! on a clearance; nobody has two; no line has more holders than seats.
//!
//! `LUQU_STEPS` sets its length; the short form is 3,000 steps.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};

use crate::databases::{TestDb, block_on};
use crate::store_world::{WORLD, sql};

const BROKEN: &str = "SELECT \
 (SELECT count(*) FROM registry_record r WHERE r.status = 'open' AND NOT EXISTS (SELECT 1 FROM admission a \
   JOIN round o ON o.id = a.round_id AND o.status = 'published' \
   JOIN arrival v ON v.admission_id = a.id AND v.arrived = 1 \
   JOIN clearance c ON c.admission_id = a.id AND c.valid = 1 \
   WHERE a.id = r.admission_id AND a.active = 1 AND a.applicant_id = r.applicant_id AND a.school_id = r.school_id)) \
 + (SELECT count(*) FROM (SELECT person_hash FROM registry_record WHERE status = 'open' GROUP BY person_hash HAVING count(*) > 1) twice) \
 + (SELECT count(*) FROM (SELECT a.plan_id FROM admission a JOIN plan_line p ON p.id = a.plan_id WHERE a.active = 1 \
   GROUP BY a.plan_id, p.seats HAVING count(*) > p.seats) over_plan)";

/// Numbers that look like chance and are the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// One thing to ask of the database; most are refused in most states.
fn step(chance: &mut Chance, admissions: u64, records: u64) -> (&'static str, String) {
    let of = 1 + chance.below(admissions);
    // Recent ones are where something can still happen.
    let admission =
        if chance.below(3) == 0 { of } else { admissions - chance.below(admissions.min(6)) };
    let record = 1 + chance.below(records);
    let applicant = 1 + chance.below(9);
    let line = 1 + chance.below(4);
    let round = 1 + chance.below(4);
    let seat = chance.below(4);
    match chance.below(13) {
        0..=2 => (
            "admit",
            format!(
                "INSERT INTO admission (season_id, applicant_id, applicant_region, applicant_junior, quota_eligible, barred, \
                 plan_id, school_id, plan_batch, plan_category, plan_quota, plan_junior, plan_seats, seat_no, scope_region, \
                 batch, category, held_quota, position, total, round_id, round_status, active, recorded_at) \
                 SELECT 's', a.applicant_id, a.region, a.junior_id, a.quota_eligible, a.barred, p.id, p.school_id, p.batch, \
                 p.category, p.quota, p.junior_id, p.seats, {seat}, s.region, p.batch, p.category, p.quota, 1, a.total, \
                 {round}, 'published', 1, 9 FROM applicant a, plan_line p, plan_scope s \
                 WHERE a.applicant_id = 'A{applicant}' AND p.id = {line} AND s.plan_id = p.id"
            ),
        ),
        3 => (
            "revoke",
            format!(
                "UPDATE admission SET active = 0, revocation_id = 3, revocation_kind = 'revocation', \
                 revocation_status = 'approved' WHERE id = {admission} AND active = 1"
            ),
        ),
        4 => (
            "arrive",
            format!(
                "INSERT INTO arrival (admission_id, season_id, applicant_id, school_id, admission_active, arrived, recorded_by, \
                 recorded_at) SELECT id, season_id, applicant_id, school_id, 1, 1, 'zhao', 9 FROM admission WHERE id = {admission}"
            ),
        ),
        5 => (
            "arrive again",
            format!(
                "UPDATE arrival SET arrived = 1, admission_active = 1 WHERE admission_id = {admission}"
            ),
        ),
        6 => (
            "leave",
            format!(
                "UPDATE arrival SET arrived = 0, admission_active = NULL WHERE admission_id = {admission}"
            ),
        ),
        7 => (
            "clear",
            format!(
                "INSERT INTO clearance (admission_id, admission_active, valid, reason, audit_digest, issued_at) \
                 SELECT id, 1, 1, '', '{{d}}', 9 FROM admission WHERE id = {admission}"
            ),
        ),
        8 => (
            "withdraw a clearance",
            format!(
                "UPDATE clearance SET valid = 0, admission_active = NULL, reason = 'x' WHERE admission_id = {admission}"
            ),
        ),
        9 | 10 => (
            "open",
            format!(
                "INSERT INTO registry_record (season_id, applicant_id, person_hash, school_id, school_is_new, school_enrolled, \
                 head_no, admission_id, admission_active, arrived, cleared, status, opened_by, opened_at) \
                 SELECT 's', d.applicant_id, a.person_hash, d.school_id, s.is_new, s.enrolled, s.enrolled + {}, d.id, 1, 1, 1, \
                 'open', 'zhao', 9 FROM admission d, applicant a, school s WHERE d.id = {admission} \
                 AND a.applicant_id = {} AND s.school_id = d.school_id",
                1 + chance.below(3),
                if chance.below(8) == 0 {
                    format!("'A{applicant}'")
                } else {
                    "d.applicant_id".to_owned()
                }
            ),
        ),
        11 => (
            "withdraw a record",
            format!(
                "UPDATE registry_record SET status = 'withdrawn', withdrawn_at = 9, admission_active = NULL, arrived = NULL, \
                 cleared = NULL WHERE id = {record} AND status = 'open' AND id <> 1"
            ),
        ),
        _ => ("delete", format!("DELETE FROM registry_record WHERE id = {record}")),
    }
}

async fn number(database: &DatabaseConnection, sql: &str) -> i64 {
    let asked = Statement::from_string(database.get_database_backend(), sql);
    let row = database.query_one_raw(asked).await.expect("a query").expect("a row");
    row.try_get_by_index(0).expect("a number")
}

#[test]
fn no_walk_comes_to_a_record_without_an_admission() {
    let steps = std::env::var("LUQU_STEPS").ok().and_then(|n| n.parse().ok()).unwrap_or(3000);
    for db in TestDb::all() {
        block_on(async {
            let store = db.open().await;
            for statement in WORLD.split(";\n").filter(|s| !s.trim().is_empty()) {
                store.execute_raw(&db.dialect(&sql(statement))).await.expect("the season");
            }
            let database = Database::connect(&db.url).await.expect("a connection");
            let mut done: BTreeMap<&str, u32> = BTreeMap::new();
            let mut chance = Chance(0x2026_0705);
            let (mut admissions, mut records) = (4, 1);
            for at in 0..steps {
                let (what, asked) = step(&mut chance, admissions, records);
                let changed = store.execute_raw(&sql(&asked)).await.unwrap_or(0);
                if changed == 0 {
                    continue;
                }
                *done.entry(what).or_default() += 1;
                assert_ne!(what, "delete", "{}: {asked}", db.name);
                match what {
                    // Refused inserts use up numbers on PostgreSQL.
                    "admit" => {
                        admissions = number(&database, "SELECT max(id) FROM admission")
                            .await
                            .cast_unsigned();
                    }
                    "open" => {
                        records = number(&database, "SELECT max(id) FROM registry_record")
                            .await
                            .cast_unsigned();
                    }
                    _ => {}
                }
                assert_eq!(number(&database, BROKEN).await, 0, "{}, step {at}: {asked}", db.name);
            }
            for what in ["admit", "revoke", "arrive", "leave", "clear", "open", "withdraw a record"]
            {
                assert!(done.contains_key(what), "{}: never did {what}: {done:?}", db.name);
            }
            let accepted: u32 = done.values().sum();
            eprintln!(
                "G3 {}: {steps} steps, {accepted} accepted {done:?}, 0 records without admission",
                db.name
            );
        });
    }
}
