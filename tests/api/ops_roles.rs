//! The roles of PostgreSQL: the serving one does what the program does and nothing that unmakes history; the auditing
//! one reads.

use luqu::acts::{Choice, Office, SectionsAsked};
use luqu::auth::keys::Keys;
use luqu::store::Store;

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};
use crate::ops_kit::{Server, luqu, must_exit};

#[test]
fn the_serving_role_runs_a_season_and_unmakes_nothing() {
    let Some(db) = TestDb::postgres() else { return };
    let room = tempfile::tempdir().expect("a folder");
    block_on(async {
        // The owner makes schema and roles, by the command.
        let mut world = World::new(&db, 150).await;
        let (app, audit) = ("luqu_app_t", "luqu_audit_t");
        let args = ["database", "roles", "--app", app, "--audit", audit];
        let printed = luqu(&db.url, &world.keys_file(), room.path(), &args).output().expect("it");
        assert!(must_exit(&printed, 0).contains("GRANT SELECT, INSERT ON admission"));
        for _ in 0..2 {
            let applied = luqu(&db.url, &world.keys_file(), room.path(), &args)
                .arg("--apply")
                .output()
                .expect("it");
            must_exit(&applied, 0);
        }

        // The serving role opens it without the right to migrate, and a season goes to its registry.
        let url = db.url_as(app);
        let store = Store::open(&url).await.expect("the serving role");
        let keys = Keys::read(&world.keys_file()).expect("keys");
        world.office = Office::new(store.clone(), keys.into());
        world.bring_in().await;
        let first = world.batches().remove(0);
        world.collect(&first).await;
        let admitted = world.publish(&first).await;
        assert!(admitted > 0);
        let (office, season) = (&world.office, world.season.as_str());
        let all = office.store().read().admissions(season).await.expect("admissions");
        office.clear(&world.clerk, season).await.expect("an audit");
        office.arrive(&world.clerk, season, &all[0].applicant, true).await.expect("them");
        let opened =
            office.open_records(&world.clerk, season, &all[0].school).await.expect("records");
        assert_eq!(opened.opened, 1);
        let (school, pupil) = (&all[0].school, &all[0].applicant);
        office.form_classes(&world.clerk, season, school, Default::default()).await.expect("them");
        let choice = Choice { applicant: pupil.clone(), combination: "物化生".to_owned() };
        let asked =
            SectionsAsked { choices: vec![choice], capacity: Vec::new(), blocks: 3, limit: None };
        office.form_sections(&world.clerk, season, school, &asked).await.expect("sections");
        office.withdraw_record(&world.clerk, season, pupil).await.expect("a withdrawal");
        let server = Server::start_at(&url, &world);
        assert_eq!(server.get(server.listen, "/readyz").expect("readiness").0, 200);
        drop(server);

        for forbidden in [
            "DELETE FROM admission",
            "DELETE FROM ledger_entry",
            "DELETE FROM account_session",
            "TRUNCATE access_log",
            "DROP TABLE wish",
            "ALTER TABLE plan_line DISABLE TRIGGER ALL",
            "ALTER TABLE plan_line DROP CONSTRAINT plan_line_seats_check",
            "CREATE TABLE extra (a INTEGER)",
            "CREATE FUNCTION extra() RETURNS INTEGER LANGUAGE sql AS 'SELECT 1'",
            "UPDATE admission SET total = 1",
            "UPDATE plan_line SET seats = 99",
            "UPDATE section_group SET cap = 55",
            "UPDATE section_member SET seat_no = 2",
            "DELETE FROM section_member",
            "UPDATE ledger_entry SET recorded_at = 0",
            "UPDATE applicant SET total = 75000",
            "SET session_replication_role = 'replica'",
            "DROP TRIGGER admission_history ON admission",
        ] {
            let tried = store.execute_raw(forbidden).await;
            let said = tried.err().map(|e| e.to_string().to_lowercase()).unwrap_or_default();
            assert!(
                said.contains("permission denied") || said.contains("must be owner"),
                "{forbidden}: {said:?}"
            );
        }

        // The auditing role reads what is public to an auditor, and writes nothing.
        let auditor = Store::look_into(&db.url_as(audit)).await.expect("the auditing role");
        assert_eq!(auditor.read().admissions(season).await.expect("admissions"), all);
        assert_eq!(auditor.difference().await.expect("the schema"), None);
        for forbidden in [
            "INSERT INTO access_log (at, account, action, subject, reason) VALUES (1, 'a', 'b', 'c', 'd')",
            "UPDATE account SET disabled = 1",
            "SELECT password_hash FROM account",
            "SELECT id_cipher FROM applicant",
            "SELECT * FROM account_session",
            "SELECT * FROM sign_in_try",
            "SELECT payload FROM ledger_payload",
            "DELETE FROM job",
        ] {
            let said = auditor.execute_raw(forbidden).await.err().map(|e| e.to_string());
            assert!(said.is_some_and(|s| s.contains("permission denied")), "{forbidden}");
        }
        let doctor = luqu(&url, &world.keys_file(), room.path(), &["doctor", "--json"])
            .output()
            .expect("it");
        let told: serde_json::Value =
            serde_json::from_slice(&doctor.stdout).expect("JSON of the doctor");
        let rights =
            told["checks"].as_array().expect("checks").iter().find(|c| c["name"] == "数据库权限");
        assert_eq!(rights.expect("rights")["state"], "ok");

        // Where nothing can be written, as on a replica, nothing is served, and the doctor looks at the rest.
        let joint = if url.contains('?') { '&' } else { '?' };
        let replica = format!("{url}{joint}options=-c%20default_transaction_read_only%3Don");
        let refused = Store::open(&replica).await.expect_err("a database that cannot be written");
        assert!(refused.to_string().contains("请连接主库"), "{refused}");
        let doctor =
            luqu(&replica, &world.keys_file(), room.path(), &["doctor"]).output().expect("it");
        assert!(must_exit(&doctor, 0).contains("数据库可写"));
    });
}
