//! What an installation leaves on the disk: for its owner alone, and nothing where it only looked.

use std::path::Path;
use std::process::Output;

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};
use crate::ops_kit::{luqu, must_exit};

/// Runs a command as from a shell whose files anybody may read.
#[cfg(unix)]
fn freely(url: &str, keys: &Path, data: &Path, args: &[&str]) -> Output {
    let bare = luqu(url, keys, data, args);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "umask 022; exec \"$0\" \"$@\""]).arg(bare.get_program());
    command.args(bare.get_args());
    for (key, value) in bare.get_envs() {
        command.env(key, value.unwrap_or_default());
    }
    command.output().expect("a process")
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[cfg(unix)]
#[test]
fn files_of_an_installation_are_its_owners_alone() {
    let room = tempfile::tempdir().expect("a folder");
    let data = room.path().join("luqu-data");
    let (file, keys) = (data.join("luqu.db"), data.join("keys.toml"));
    let url = format!("sqlite://{}", file.display());
    must_exit(&freely(&url, &keys, &data, &["account", "add-admin"]), 0);
    assert_eq!(mode(&data), 0o700);
    assert_eq!([&file, &keys].map(|path| mode(path)), [0o600; 2]);
    // Whatever SQLite puts beside it has the same rights.
    block_on(async {
        let store = luqu::store::Store::open(&url).await.expect("the database");
        store.read().accounts().await.expect("accounts");
        for ending in ["-wal", "-shm"] {
            assert_eq!(mode(&data.join(format!("luqu.db{ending}"))), 0o600, "{ending}");
        }
        store.close().await.expect("an end");
    });
    let out = room.path().join("backup");
    let name = out.to_str().expect("text");
    must_exit(&freely(&url, &keys, &data, &["backup", name]), 0);
    assert_eq!(mode(&out), 0o700);
    let inside: Vec<_> = std::fs::read_dir(&out).expect("a folder").flatten().collect();
    assert_eq!(inside.iter().map(|f| mode(&f.path())).collect::<Vec<_>>(), [0o600; 2]);
    must_exit(&freely(&url, &keys, &data, &["restore", name]), 0);
    assert_eq!(mode(&file), 0o600);

    let said = must_exit(&freely(&url, &keys, &data, &["doctor"]), 0);
    assert!(said.contains("✓ 文件权限"), "{said}");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&file, open).expect("a change");
    let said = must_exit(&freely(&url, &keys, &data, &["doctor"]), 0);
    assert!(said.contains("! 文件权限") && said.contains("chmod 600"), "{said}");
}

#[test]
fn a_command_that_looks_at_a_database_makes_none() {
    let room = tempfile::tempdir().expect("a folder");
    let data = room.path().join("luqu-data");
    let (keys, out) = (data.join("keys.toml"), room.path().join("backup"));
    let mut urls = vec![format!("sqlite://{}", data.join("luqu.db").display())];
    // A server that has no such database, and one whose database is empty.
    let postgres = TestDb::postgres();
    urls.extend(postgres.iter().flat_map(|db| [format!("{}_absent", db.url), db.url.clone()]));
    let commands: [&[&str]; 4] = [
        &["account", "list"],
        &["backup", out.to_str().expect("text")],
        &["retention", "2026", "--reason", "保存期满", "--by", "zhao", "--and", "qian"],
        &["database", "roles", "--apply"],
    ];
    for url in &urls {
        for args in commands {
            let said = must_exit(&luqu(url, &keys, &data, args).output().expect("it"), 2);
            let named = said.contains("没有数据库") || said.contains("是空的");
            assert!(named && said.contains("luqu serve"), "{url} {args:?}: {said}");
        }
        let left: Vec<_> = std::fs::read_dir(room.path()).expect("a folder").flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn a_backup_by_a_role_without_the_right_to_read_says_so() {
    let Some(db) = TestDb::postgres() else { return };
    let room = tempfile::tempdir().expect("a folder");
    block_on(async {
        let world = World::new(&db, 60).await;
        let (app, audit) = ("luqu_app_b", "luqu_audit_b");
        let args = ["database", "roles", "--app", app, "--audit", audit, "--apply"];
        must_exit(&luqu(&db.url, &world.keys_file(), room.path(), &args).output().expect("it"), 0);
        db.asked("CREATE ROLE luqu_stranger_b LOGIN");
        for role in [audit, "luqu_stranger_b"] {
            let out = room.path().join(role);
            let args = ["backup", out.to_str().expect("text")];
            let run = luqu(&db.url_as(role), &world.keys_file(), room.path(), &args).output();
            let said = must_exit(&run.expect("it"), 4);
            assert!(said.contains("角色") && !said.contains("程序内部错误"), "{said}");
            assert!(!out.exists());
        }
    });
}
