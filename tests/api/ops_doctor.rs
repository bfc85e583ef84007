//! The doctor: what the server would refuse, and evidence that is gone, is found and told.

use std::path::Path;
use std::process::Output;

use luqu::acts::Office;

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};
use crate::ops_kit::{luqu, must_exit};

/// A world with one published batch, everybody audited, and one pupil registered behind the last checkpoint.
async fn registered(db: &TestDb) -> World {
    let world = World::new(db, 120).await;
    world.bring_in().await;
    let first = world.batches().remove(0);
    world.collect(&first).await;
    world.publish(&first).await;
    let (office, season) = (&world.office, world.season.as_str());
    let admitted = office.store().read().admissions(season).await.expect("admissions");
    office.clear(&world.clerk, season).await.expect("an audit");
    office.arrive(&world.clerk, season, &admitted[0].applicant, true).await.expect("them");
    office.open_records(&world.clerk, season, &admitted[0].school).await.expect("records");
    world
}

/// Runs a statement that the histories forbid, as whoever owns the database can.
async fn by_force(db: &TestDb, office: &Office, trigger: &str, sql: &str) {
    let forced = match db.is_postgres() {
        true => format!(
            "SET session_replication_role = replica; {sql}; SET session_replication_role = origin"
        ),
        false => format!(
            "PRAGMA foreign_keys = 0; DROP TRIGGER {trigger}; {sql}; PRAGMA foreign_keys = 1"
        ),
    };
    office.store().execute_raw(&forced).await.expect(sql);
}

fn doctor(url: &str, world: &World, data: &Path) -> Output {
    luqu(url, &world.keys_file(), data, &["doctor"]).output().expect("a doctor")
}

#[test]
fn evidence_that_is_gone_is_missed() {
    for db in TestDb::all() {
        block_on(async {
            let world = registered(&db).await;
            let office = &world.office;
            assert_eq!(office.check_up().await.expect("the ledger").findings, [""; 0]);
            let tail = "SELECT max(seq) - 1 FROM ledger_entry";
            for (trigger, sql, told) in [
                (
                    "ledger_payload_fixed",
                    "UPDATE ledger_payload SET salt = NULL, payload = NULL \
                     WHERE seq = (SELECT max(seq) FROM ledger_payload)",
                    "的个人数据被清空",
                ),
                (
                    "ledger_payload_kept",
                    "DELETE FROM ledger_payload WHERE seq = (SELECT min(seq) FROM ledger_payload)",
                    "的个人数据整行不见了",
                ),
                (
                    "gate_event_kept",
                    "DELETE FROM gate_event WHERE nth = 0 AND seq = (SELECT min(seq) FROM gate_event)",
                    "（round_published）应有学籍准入事件",
                ),
                (
                    "ledger_entry_kept",
                    &format!("DELETE FROM ledger_entry WHERE seq = ({tail})"),
                    "条日志不见了",
                ),
                (
                    "checkpoint_kept",
                    "DELETE FROM checkpoint",
                    "（round_published）随即签发的检查点不见了",
                ),
            ] {
                let before = office.check_up().await.expect("the ledger").findings;
                assert!(!before.iter().any(|f| f.contains(told)), "{}: {before:?}", db.name);
                by_force(&db, office, trigger, sql).await;
                let after = office.check_up().await.expect("the ledger").findings;
                assert!(after.iter().any(|f| f.contains(told)), "{}: {sql}: {after:?}", db.name);
            }
        });
    }
}

#[test]
fn a_season_that_was_changed_or_cannot_be_read_is_told_without_what_was_found() {
    for db in TestDb::all() {
        block_on(async {
            let world = registered(&db).await;
            let (office, season) = (&world.office, world.season.as_str());
            assert_eq!(office.check_season(season).await.expect("a season"), [""; 0]);
            let sql = "UPDATE admission SET total = total + 100 \
                       WHERE id = (SELECT min(id) FROM admission)";
            by_force(&db, office, "admission_fixed; DROP TRIGGER admission_forward", sql).await;
            let found = office.check_season(season).await.expect("a season");
            assert!(found.contains(&"与签发时不同：录取名单".to_owned()), "{}: {found:?}", db.name);
            let sql = "UPDATE wish SET school_id = 'geheim' \
                       WHERE position = 1 AND list_id = (SELECT max(list_id) FROM wish)";
            by_force(&db, office, "wish_fixed", sql).await;
            let found = office.check_season(season).await.expect("a season");
            let [found] = found.as_slice() else { panic!("{}: {found:?}", db.name) };
            assert!(
                found.contains("第一处 database") && found.contains("wishes.school_id"),
                "{found}"
            );
            assert!(!found.contains("geheim"), "{found}");
        });
    }
}

#[test]
fn the_doctor_says_what_the_server_would_refuse() {
    let db = TestDb::sqlite();
    let room = tempfile::tempdir().expect("a folder");
    block_on(async {
        let world = registered(&db).await;
        let said = must_exit(&doctor(&db.url, &world, room.path()), 0);
        assert!(said.contains("✓ 数据库可写") && said.contains("✓ 招生季数据"), "{said}");

        // As where the file belongs to another; the rights alone would not stop the administrator of a machine.
        let foreign = format!("{}?mode=ro", db.url);
        let said = must_exit(&doctor(&foreign, &world, room.path()), 5);
        assert!(said.contains("✗ 数据库可写：数据库只读"), "{said}");
        let args = ["serve", "--listen", "127.0.0.1:0"];
        let serve = luqu(&foreign, &world.keys_file(), room.path(), &args).output().expect("it");
        let said = must_exit(&serve, 2);
        assert!(said.contains("数据库只读") && !said.contains("程序内部错误"), "{said}");

        world.office.store().execute_raw("DELETE FROM seaql_migrations").await.expect("a loss");
        let said = must_exit(&doctor(&db.url, &world, room.path()), 5);
        assert!(said.contains("✗ 结构版本记录：没有 m0001_first_schema"), "{said}");
        world.office.store().execute_raw("DROP TABLE seaql_migrations").await.expect("a loss");
        let said = must_exit(&doctor(&db.url, &world, room.path()), 5);
        assert!(said.contains("✗ 结构版本记录：没有 m0001_first_schema"), "{said}");
    });
}

#[test]
fn another_key_file_is_not_taken_for_an_older_database() {
    let db = TestDb::sqlite();
    let room = tempfile::tempdir().expect("a folder");
    block_on(async {
        let _world = registered(&db).await;
        let other = room.path().join("other.toml");
        luqu::auth::keys::Keys::open_or_create(&other).expect("other keys");
        for (command, code) in [(&["serve", "--listen", "127.0.0.1:0"][..], 6), (&["doctor"], 5)] {
            let run = luqu(&db.url, &other, room.path(), command).output().expect("it");
            let said = must_exit(&run, code);
            assert!(said.contains("没有一个是这把密钥签发的"), "{said}");
            assert!(!said.contains("恢复更新的备份；"), "{said}");
        }
    });
}
