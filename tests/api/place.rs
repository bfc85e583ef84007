//! `luqu place`: what it writes, what it refuses, and with which exit code.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn luqu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luqu")).args(args).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn at(dir: &Path, more: &str) -> String {
    dir.join(more).to_string_lossy().into_owned()
}

/// A season of one senior school with two applicants for one seat, equal on every key.
fn tied(dir: &Path, priority: &str, more: &[(&str, &str)]) {
    let policy = format!(
        "[season]\nid = \"t-2026\"\ndistrict = \"甲区\"\nyear = 2026\nseed = \"s\"\n\
         [[batches]]\nid = \"b1\"\nname = \"第一批\"\nseat_order = [\"unified\"]\n\
         priority = [\"total\", \"{priority}\"]\n[categories.unified]\nname = \"统招\"\n"
    );
    let files = [
        ("policy.toml", policy.as_str()),
        ("schools.csv", "school_id,name,stage,region\nH1,一中,senior,甲区\nJ1,二初,junior,甲区\n"),
        ("plan.csv", "school_id,batch,category,seats,document\nH1,b1,unified,1,文1号\n"),
        (
            "applicants.csv",
            "applicant_id,name,junior_id,region,total\nA1,甲,J1,甲区,600\nA2,乙,J1,甲区,600\n",
        ),
        ("wishes.csv", "applicant_id,batch,position,school_id\nA1,b1,1,H1\nA2,b1,1,H1\n"),
    ];
    fs::create_dir_all(dir).expect("a folder");
    for (name, content) in files.iter().chain(more) {
        fs::write(dir.join(name), content).expect("a file");
    }
}

#[test]
fn an_answer_has_its_files_in_every_format() {
    let room = tempfile::tempdir().expect("a folder");
    let (season, out) = (at(room.path(), "season"), at(room.path(), "out"));
    assert!(luqu(&["init", &season, "--demo", "300", "--seed", "3"]).status.success());

    let run = luqu(&["place", &season, "--out", &out, "--json"]);
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    let placements = fs::read(room.path().join("out/placements.csv")).expect("an answer");
    assert!(
        placements.starts_with(b"applicant_id,outcome,batch,position,school_id,category,total\n26")
    );
    let counts: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let placed = text(&placements).lines().filter(|l| l.contains(",placed,")).count();
    assert_eq!(counts["placed"], placed);
    assert_eq!(counts["applicants"], 300);
    assert!(text(&run.stderr).contains("招生学校"), "the table of the day");

    // The same again, and the same values as JSON, replacing the CSV as a whole.
    assert!(luqu(&["place", &season, "--out", &out]).status.success());
    assert_eq!(fs::read(room.path().join("out/placements.csv")).expect("an answer"), placements);
    assert!(luqu(&["place", &season, "--out", &out, "--format", "json"]).status.success());
    let mut names: Vec<String> = fs::read_dir(&out)
        .expect("a folder")
        .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["certificate.json", "cutoffs.json", "placements.json", "reasons.json"]);
    let json = fs::read(room.path().join("out/placements.json")).expect("JSON");
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&json).expect("JSON");
    let words = |value: &serde_json::Value| match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(s) => s.clone(),
        other => other.to_string(),
    };
    let header = ["applicant_id", "outcome", "batch", "position", "school_id", "category", "total"];
    let lines: Vec<String> =
        rows.iter().map(|row| header.map(|key| words(&row[key])).join(",")).collect();
    assert_eq!(lines, text(&placements).lines().skip(1).collect::<Vec<_>>());

    let run = luqu(&["place", &season, "--out", &out, "--format", "xlsx"]);
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    let book = fs::read(room.path().join("out/answer.xlsx")).expect("a workbook");
    assert!(book.starts_with(b"PK"));
    assert_eq!(fs::read_dir(&out).expect("a folder").count(), 2);
    assert_eq!(fs::read_dir(room.path()).expect("a folder").count(), 2, "nothing is left beside");
}

#[test]
fn the_seed_of_the_command_line_counts() {
    let room = tempfile::tempdir().expect("a folder");
    let season = at(room.path(), "season");
    tied(Path::new(&season), "lottery", &[]);
    let winners: std::collections::BTreeSet<String> = (0..12)
        .map(|seed| {
            let out = at(room.path(), "out");
            let seed = seed.to_string();
            let run = luqu(&["place", &season, "--out", &out, "--seed", &seed]);
            assert!(run.status.success(), "{}", text(&run.stderr));
            fs::read_to_string(room.path().join("out/placements.csv")).expect("an answer")
        })
        .collect();
    assert_eq!(winners.len(), 2, "each of the two wins under some seed");
}

#[test]
fn a_folder_with_other_files_is_not_overwritten() {
    let room = tempfile::tempdir().expect("a folder");
    let season = at(room.path(), "season");
    tied(Path::new(&season), "lottery", &[]);
    for out in ["season", "mine"] {
        fs::create_dir_all(room.path().join("mine")).expect("a folder");
        fs::write(room.path().join("mine/notes.txt"), "mine").expect("a file");
        let run = luqu(&["place", &season, "--out", &at(room.path(), out)]);
        assert_eq!(run.status.code(), Some(2));
        assert!(text(&run.stderr).contains("不会覆盖"));
    }
    assert_eq!(fs::read(room.path().join("mine/notes.txt")).expect("a file"), b"mine");
    assert!(room.path().join("season/policy.toml").exists());
}

#[test]
fn faults_stop_everything() {
    let room = tempfile::tempdir().expect("a folder");
    let season = at(room.path(), "season");
    let bad = ("wishes.csv", "applicant_id,batch,position,school_id\nA1,b1,1,H9\n");
    tied(Path::new(&season), "lottery", &[bad]);
    let run = luqu(&["place", &season, "--out", &at(room.path(), "out")]);
    assert_eq!(run.status.code(), Some(3));
    assert!(text(&run.stderr).contains("wishes.csv:2:school_id"), "{}", text(&run.stderr));
    assert!(!room.path().join("out").exists());
}

#[test]
fn quota_seats_still_to_be_computed_stop_it() {
    let room = tempfile::tempdir().expect("a folder");
    let season = at(room.path(), "season");
    tied(
        Path::new(&season),
        "lottery",
        &[
            (
                "plan.csv",
                "school_id,batch,category,seats,document\nH1,b1,unified,1,文1号\nH1,b1,quota,,文1号\n",
            ),
            ("graduates.csv", "junior_id,graduates,eligible\nJ1,2,2\n"),
        ],
    );
    let mut policy = fs::read_to_string(room.path().join("season/policy.toml")).expect("a file");
    policy = policy.replace("[\"unified\"]", "[\"unified\", \"quota\"]");
    policy.push_str(
        "[categories.quota]\nname = \"指标到校\"\nby_junior = true\n\
         [quota]\ncategory = \"quota\"\nshare = \"0.5\"\nrounding = \"half_up\"\nmethod = \"matrix\"\n",
    );
    fs::write(room.path().join("season/policy.toml"), policy).expect("a file");
    let run = luqu(&["place", &season, "--out", &at(room.path(), "out")]);
    assert_eq!(run.status.code(), Some(3), "{}", text(&run.stderr));
    let said = text(&run.stderr);
    assert!(said.contains("E306") && said.contains("luqu quota"), "{said}");
    assert!(!room.path().join("out").exists());
}

#[test]
fn undecided_ties_are_named_and_a_recorded_order_settles_them() {
    let room = tempfile::tempdir().expect("a folder");
    let (season, out) = (at(room.path(), "season"), at(room.path(), "out"));
    tied(Path::new(&season), "manual", &[]);
    let run = luqu(&["place", &season, "--out", &out]);
    assert_eq!(run.status.code(), Some(7), "{}", text(&run.stderr));
    let said = text(&run.stderr);
    for word in ["第一批", "一中", "H1", "统招", "总分 600", "A1", "A2", "b1,A1,<1>"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!room.path().join("out").exists());

    let decided = "batch,applicant_id,order,document\nb1,A2,1,裁1号\nb1,A1,2,裁1号\n";
    fs::write(room.path().join("season/tie_decisions.csv"), decided).expect("a file");
    let run = luqu(&["place", &season, "--out", &out]);
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    let placements = fs::read_to_string(room.path().join("out/placements.csv")).expect("an answer");
    assert!(placements.contains("A2,placed,b1,1,H1,unified,600"), "{placements}");
    assert!(placements.contains("A1,unplaced,,,,,600"));
}

#[test]
fn a_tie_of_many_is_told_short_and_threads_beyond_reason_are_held_back() {
    let room = tempfile::tempdir().expect("a folder");
    let season = at(room.path(), "season");
    let id = |n: u32| format!("A{n:03}");
    let people: String = (0..60).map(|n| format!("{},甲,J1,甲区,600\n", id(n))).collect();
    let wishes: String = (0..60).map(|n| format!("{},b1,1,H1\n", id(n))).collect();
    let people = format!("applicant_id,name,junior_id,region,total\n{people}");
    let wishes = format!("applicant_id,batch,position,school_id\n{wishes}");
    tied(Path::new(&season), "manual", &[("applicants.csv", &people), ("wishes.csv", &wishes)]);
    let run = Command::new(env!("CARGO_BIN_EXE_luqu"))
        .args(["place", &season, "--out", &at(room.path(), "out")])
        .env("RAYON_NUM_THREADS", "100000000")
        .output()
        .expect("the program runs");
    let said = text(&run.stderr);
    assert_eq!(run.status.code(), Some(7), "{said}");
    assert!(said.contains("60 人") && said.contains("另有 10 人"), "{said}");
    assert!(said.contains("A049") && !said.contains("A050"), "{said}");
    assert!(said.contains("RAYON_NUM_THREADS"), "{said}");
}
