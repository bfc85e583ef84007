//! `luqu init --demo`: the same seed gives the same files, and nothing is overwritten.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use luqu_fixtures::policies::SHIPPED;

fn init(dir: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luqu"))
        .arg("init")
        .arg(dir)
        .args(more)
        .output()
        .expect("the program runs")
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(dir)
        .expect("a folder")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(path).expect("a file"))
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_folder() {
    let room = tempfile::tempdir().expect("a folder");
    let at = |name: &str| room.path().join(name);
    fs::create_dir(at("b")).expect("an empty folder is allowed");
    for (name, seed) in [("a", "7"), ("b", "7"), ("deep/c", "8")] {
        let out = init(&at(name), &["--demo", "120", "--seed", seed]);
        assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
        assert!(out.stdout.is_empty());
    }
    let (a, b, c) = (files(&at("a")), files(&at("b")), files(&at("deep/c")));
    assert_eq!(a, b);
    assert_ne!(a["applicants.csv"], c["applicants.csv"]);
    assert_eq!(a["applicants.csv"].iter().filter(|&&b| b == b'\n').count(), 121);
    assert!(a["applicants.csv"].starts_with(b"applicant_id,name,gender,id_number,"));
    for name in ["policy.toml", "schools.csv", "plan.csv", "graduates.csv", "quotas.csv"] {
        assert!(a.contains_key(name), "{name}");
    }
    assert_eq!(fs::read_dir(room.path()).expect("a folder").count(), 3, "nothing is left beside");
}

#[test]
fn a_folder_with_anything_in_it_is_refused() {
    let room = tempfile::tempdir().expect("a folder");
    fs::write(room.path().join("notes.txt"), "mine").expect("a file");
    let out = init(room.path(), &["--demo", "20"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("不会覆盖"));
    assert_eq!(files(room.path()).len(), 1);
    let out = init(&room.path().join("notes.txt"), &["--demo", "20"]);
    assert_eq!(out.status.code(), Some(2), "a file is no folder");
    assert_eq!(files(room.path())["notes.txt"], b"mine");
}

#[test]
fn every_shipped_policy_can_be_shown() {
    let room = tempfile::tempdir().expect("a folder");
    for shipped in SHIPPED {
        let dir = room.path().join(shipped.name);
        let out = init(&dir, &["--demo", "40", "--policy", shipped.name]);
        assert_eq!(out.status.code(), Some(0), "{}", shipped.name);
        let policy = String::from_utf8_lossy(&files(&dir)["policy.toml"]).into_owned();
        assert!(policy.contains(&format!("id = \"{}\"", shipped.name)));
    }
    let out = init(&room.path().join("x"), &["--demo", "40", "--policy", "atlantis"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("qijiang-2026"));
}
