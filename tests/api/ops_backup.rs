//! Backup and restore: whole, with the keys apart, and never below the highest checkpoint known outside.

use std::path::Path;

use luqu::ledger::Guard;
use luqu::ledger::bundle::{Outside, check};

use crate::acts_world::{PASSWORD, World};
use crate::databases::{TestDb, block_on};
use crate::ops_kit::{Server, luqu, must_exit, told};

/// A world with one published batch whose office has a guard in this folder.
async fn published(db: &TestDb, folder: &Path) -> World {
    let mut world = World::new(db, 120).await;
    world.office = world.office.clone().guarded(Guard::at(folder.join("checkpoint.txt")));
    world.bring_in().await;
    let first = world.batches().remove(0);
    world.collect(&first).await;
    world.publish(&first).await;
    world
}

fn run(
    db: &TestDb,
    world: &World,
    folder: &Path,
    args: &[&str],
    lines: &str,
) -> std::process::Output {
    let mut command = luqu(&db.url, &world.keys_file(), folder, args);
    told(command.env("LUQU_GUARD", folder.join("checkpoint.txt")), lines)
}

#[test]
fn a_backup_comes_back_and_an_older_one_is_refused_unless_two_accept_the_loss() {
    let db = TestDb::sqlite();
    let room = tempfile::tempdir().expect("a folder");
    let folder = room.path();
    block_on(async {
        let world = published(&db, folder).await;
        let out = folder.join("backup");
        let out = out.to_str().expect("text");
        let keys = folder.join("elsewhere.toml");
        let args = ["backup", out, "--keys-to", keys.to_str().expect("text")];
        let said = must_exit(&run(&db, &world, folder, &args, ""), 0);
        assert!(said.contains("密钥文件"), "{said}");
        assert_eq!(
            std::fs::read(&keys).expect("the keys"),
            std::fs::read(world.keys_file()).expect("keys")
        );
        let files: Vec<_> = std::fs::read_dir(out).expect("a folder").flatten().collect();
        assert_eq!(files.len(), 2, "the copy and its manifest, no keys: {files:?}");
        let into = format!("{out}/keys.toml");
        let args =
            ["backup", &format!("{out}2"), "--keys-to", &into.replace("backup/", "backup2/")];
        must_exit(&run(&db, &world, folder, &args, ""), 2);

        // What the same state was backed up from may come back.
        must_exit(&run(&db, &world, folder, &["restore", out], ""), 0);
        must_exit(&run(&db, &world, folder, &["doctor"], ""), 0);

        // Another batch is published; the copy is older than what the guard saw.
        let store = db.open().await;
        let mut world = world;
        world.office = luqu::acts::Office::new(
            store,
            luqu::auth::keys::Keys::read(&world.keys_file()).expect("keys").into(),
        )
        .guarded(Guard::at(folder.join("checkpoint.txt")));
        let second = world.batches().remove(1);
        world.collect(&second).await;
        world.publish(&second).await;
        let witness =
            Guard::at(folder.join("checkpoint.txt")).note().expect("a guard").expect("a note");
        world.office.store().clone().close().await.expect("closed");
        let before = std::fs::read(db.url.trim_start_matches("sqlite://")).expect("the database");
        let refused = must_exit(&run(&db, &world, folder, &["restore", out], ""), 6);
        assert!(refused.contains("--accept-loss"), "{refused}");
        assert_eq!(before, std::fs::read(db.url.trim_start_matches("sqlite://")).expect("it"));

        // Put in place by hand, it is not served.
        std::fs::copy(format!("{out}/luqu.db"), db.url.trim_start_matches("sqlite://"))
            .expect("a copy");
        let refused =
            must_exit(&run(&db, &world, folder, &["serve", "--listen", "127.0.0.1:0"], ""), 6);
        assert!(refused.contains("拒绝运行"), "{refused}");
        must_exit(&run(&db, &world, folder, &["doctor"], ""), 5);

        // Accepting the loss takes two people and their passwords.
        let accept = ["restore", out, "--accept-loss", "机房火灾", "--by", "zhao", "--and", "qian"];
        must_exit(&run(&db, &world, folder, &accept, "wrong password\nwrong password\n"), 4);
        let alone = ["restore", out, "--accept-loss", "机房火灾", "--by", "qian", "--and", "qian"];
        let passwords = format!("{PASSWORD}\n{PASSWORD}\n");
        must_exit(&run(&db, &world, folder, &alone, &passwords), 4);
        must_exit(&run(&db, &world, folder, &accept, &passwords), 0);
        must_exit(&run(&db, &world, folder, &["doctor"], ""), 0);
        let server = Server::start(&db, &world);
        drop(server);

        // Whoever holds the later checkpoint still finds that it is lost.
        world.office = luqu::acts::Office::new(
            db.open().await,
            luqu::auth::keys::Keys::read(&world.keys_file()).expect("keys").into(),
        );
        let bundle = world.office.bundle(&world.clerk, &world.season).await.expect("a bundle");
        let found =
            check(&bundle, &Outside { witnesses: vec![witness], key: None }).expect("a bundle");
        assert!(!found.findings.is_empty(), "the loss went unnoticed");
        assert_eq!(check(&bundle, &Outside::default()).expect("a bundle").findings, [""; 0]);
    });
}

#[test]
fn a_backup_that_was_touched_is_refused() {
    let db = TestDb::sqlite();
    let room = tempfile::tempdir().expect("a folder");
    block_on(async {
        let world = published(&db, room.path()).await;
        let out = room.path().join("backup");
        let name = out.to_str().expect("text");
        must_exit(&run(&db, &world, room.path(), &["backup", name], ""), 0);
        let copy = out.join("luqu.db");
        let mut bytes = std::fs::read(&copy).expect("the copy");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&copy, bytes).expect("a write");
        must_exit(&run(&db, &world, room.path(), &["restore", name], ""), 2);
    });
}

#[test]
fn a_postgres_backup_fills_an_empty_database() {
    let (Some(db), Some(empty)) = (TestDb::postgres(), TestDb::postgres()) else { return };
    let room = tempfile::tempdir().expect("a folder");
    block_on(async {
        let world = published(&db, room.path()).await;
        let out = room.path().join("backup");
        let name = out.to_str().expect("text");
        must_exit(&run(&db, &world, room.path(), &["backup", name], ""), 0);
        must_exit(&run(&db, &world, room.path(), &["restore", name], ""), 6);
        must_exit(&run(&empty, &world, room.path(), &["restore", name], ""), 0);
        let here = world.office.store().read().admissions(&world.season).await.expect("admissions");
        let there = empty.open().await.read().admissions(&world.season).await.expect("admissions");
        assert_eq!(here, there);
        assert!(!here.is_empty());
    });
}
