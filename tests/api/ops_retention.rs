//! Retention: personal data are gone from the files, and the ledger verifies as before.

use std::path::Path;

use luqu::acts::{ActError, Kept};
use luqu::ledger::bundle::{Outside, check};

use crate::acts_world::{PASSWORD, World};
use crate::databases::{TestDb, block_on};
use crate::ops_kit::{luqu, must_exit, told};

/// Whether bytes stand anywhere in the files of an SQLite database.
fn stands(url: &str, needle: &[u8]) -> bool {
    let path = url.trim_start_matches("sqlite://");
    ["", "-wal", "-shm", "-journal"].iter().any(|ending| {
        let name = format!("{path}{ending}");
        if !Path::new(&name).exists() {
            return false;
        }
        let bytes = std::fs::read(name).expect("a file");
        bytes.windows(needle.len()).any(|w| w == needle)
    })
}

#[test]
fn what_is_destroyed_is_gone_from_the_file_and_the_ledger_still_verifies() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 150).await;
            let (office, season) = (&world.office, world.season.as_str());
            world.import().await;
            world.freeze().await;
            world.import_people().await;
            let batch = world.batches().remove(0);
            world.collect(&batch).await;
            world.publish(&batch).await;
            let read = office.store().read();
            let admitted = read.admissions(season).await.expect("admissions");
            let applicant = admitted[0].applicant.clone();
            office.arrive(&world.clerk, season, &applicant, true).await.expect("them");
            let names = read.names(season).await.expect("names");
            let payloads = read.payloads().await.expect("payloads");
            let (_, salt, payload) = payloads.last().expect("an arrival is about a person");
            assert!(String::from_utf8_lossy(payload).contains(&applicant));
            let ciphers = [salt.clone(), payload.clone()];
            let (size, witness, _) =
                read.last_checkpoint().await.expect("checkpoints").expect("a checkpoint");
            if !db.is_postgres() {
                assert!(stands(&db.url, names[&applicant].as_bytes()), "it was there before");
                assert!(stands(&db.url, salt));
            }

            let proposed = office
                .propose_retention(&world.clerk, season, "保存期满")
                .await
                .expect("a proposal");
            let alone = office
                .approve_retention(&world.clerk, season, proposed.decision, &proposed.digest)
                .await;
            assert!(matches!(alone, Err(ActError::NotPermitted(_))), "{alone:?}");
            let done = office
                .approve_retention(&world.reviewer, season, proposed.decision, &proposed.digest)
                .await
                .expect("a destruction");
            assert_eq!(done.applicants as usize, world.applicants());
            assert!(done.payloads >= 1 && done.imports >= 2 && done.scrubbed, "{done:?}");

            if !db.is_postgres() {
                for (who, name) in &names {
                    assert!(
                        !stands(&db.url, name.as_bytes()),
                        "the name of {who} stands in the file"
                    );
                }
                for secret in &ciphers {
                    assert!(!stands(&db.url, secret), "a payload or its salt stands in the file");
                }
            }
            assert!(read.names(season).await.expect("names").values().all(String::is_empty));
            assert_eq!(read.payloads().await.expect("payloads"), []);
            let kept = Kept { place: "外部".to_owned(), note: witness.clone() };
            assert_eq!(office.lost(&[kept]).await.expect("the ledger"), None);
            let checked = office.check_up().await.expect("the ledger");
            assert_eq!(checked.findings, [""; 0]);
            assert!(checked.entries > size);
            let bundle = office.bundle(&world.clerk, season).await.expect("a bundle");
            let found =
                check(&bundle, &Outside { witness: Some(witness), key: None }).expect("a bundle");
            assert_eq!(found.findings, [""; 0], "{}", db.name);

            // Nothing is computed on what is no longer there, and nothing destroyed twice.
            let again = office.propose_retention(&world.clerk, season, "再次").await;
            assert!(matches!(again, Err(ActError::Conflict(_))), "{again:?}");
            let next = office.open_wishes(&world.clerk, season, &world.batches()[1]).await;
            assert!(matches!(next, Err(ActError::Conflict(_))), "{next:?}");
        });
    }
}

#[test]
fn the_command_takes_two_people() {
    let db = TestDb::sqlite();
    let room = tempfile::tempdir().expect("a folder");
    block_on(async {
        let world = World::new(&db, 60).await;
        world.import().await;
        world.import_people().await;
        let run = |names: [&str; 2], lines: &str| {
            let args = [
                "retention",
                &world.season,
                "--reason",
                "演练结束",
                "--by",
                names[0],
                "--and",
                names[1],
            ];
            told(&mut luqu(&db.url, &world.keys_file(), room.path(), &args), lines)
        };
        let passwords = format!("{PASSWORD}\n{PASSWORD}\n");
        must_exit(&run(["zhao", "qian"], "a\nb\n"), 4);
        must_exit(&run(["qian", "qian"], &passwords), 4);
        must_exit(&run(["zhao", "sun"], &passwords), 4);
        assert!(must_exit(&run(["zhao", "qian"], &passwords), 0).contains("imports"));
        must_exit(&run(["zhao", "qian"], &passwords), 6);
    });
}
