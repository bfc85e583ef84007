//! `luqu demo`: the whole road on made data.

use std::fs;
use std::process::Command;

#[test]
fn the_demonstration_runs_and_cleans_up() {
    let room = tempfile::tempdir().expect("a folder");
    let demo = |more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_luqu"))
            .current_dir(room.path())
            .args(["demo", "--applicants", "400"])
            .args(more)
            .output()
            .expect("the program runs")
    };
    let run = demo(&[]);
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(0), "{said}");
    for word in [
        "✓ 读入并检查",
        "全部成立",
        "招生学校",
        "为什么",
        "没有录取",
        "未录取：",
        "你排第",
        "接下来",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains('\u{1b}'), "no colours and no spinner into a pipe");
    assert_eq!(fs::read_dir(room.path()).expect("a folder").count(), 0, "nothing is left");

    let left = room.path().join("luqu-demo/.season.luqu-new-1");
    fs::create_dir_all(&left).expect("a folder");
    fs::write(left.join("applicants.csv"), "applicant_id\n").expect("a file");
    assert_eq!(demo(&[]).status.code(), Some(0), "leftovers do not block");
    assert_eq!(fs::read_dir(room.path()).expect("a folder").count(), 0, "and are removed");

    assert_eq!(demo(&["--dir", "kept"]).status.code(), Some(0));
    let list = fs::read(room.path().join("kept/录取名单.csv")).expect("a list");
    assert!(list.starts_with("\u{feff}报名号,姓名,".as_bytes()));
    assert!(room.path().join("kept/answer/certificate.json").exists());
    assert_eq!(demo(&["--dir", "kept"]).status.code(), Some(2), "nothing is overwritten");
    assert!(room.path().join("kept/season/policy.toml").exists());
}
