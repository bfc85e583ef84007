//! `luqu classes`: what it writes, what the audit says to it, what it refuses, and with which exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use calamine::{Reader as _, Xlsx, open_workbook};
use tempfile::TempDir;

fn luqu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luqu")).args(args).output().expect("the program runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A made season of four hundred, placed.
struct Room {
    dir: TempDir,
}

impl Room {
    fn new() -> Self {
        let room = Self { dir: tempfile::tempdir().expect("a folder") };
        let made = luqu(&["init", &room.at("s"), "--demo", "400", "--seed", "3"]);
        assert!(made.status.success(), "{}", said(&made));
        let placed = luqu(&["place", &room.at("s"), "--out", &room.at("answer")]);
        assert!(placed.status.success(), "{}", said(&placed));
        room
    }

    fn at(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).expect("a file")
    }

    fn classes(&self, more: &[&str]) -> Output {
        let (season, answer) = (self.at("s"), self.at("answer"));
        luqu(&[&["classes", &season, "--from", &answer], more].concat())
    }

    /// The school of everybody placed.
    fn placed(&self) -> BTreeMap<String, String> {
        let text = self.read("answer/placements.csv");
        let rows = text.lines().skip(1).map(|l| l.split(',').collect::<Vec<_>>());
        let placed = rows.filter(|r| matches!(r[1], "placed" | "adjusted"));
        placed.map(|r| (r[0].to_owned(), r[4].to_owned())).collect()
    }

    /// The class of everybody in a written `classes.csv`.
    fn class_of(&self, out: &str) -> BTreeMap<String, (String, u32)> {
        let text = self.read(&format!("{out}/classes.csv"));
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("school_id,grade,class_no,applicant_id"));
        let row = |line: &str| {
            let r: Vec<&str> = line.split(',').collect();
            assert_eq!(r[1], "高一");
            (r[3].to_owned(), (r[0].to_owned(), r[2].parse().expect("a number")))
        };
        lines.map(row).collect()
    }
}

#[test]
fn everybody_placed_is_in_one_class_and_the_audit_agrees() {
    let room = Room::new();
    let run = room.classes(&["--out", &room.at("out"), "--json"]);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let classes = room.class_of("out");
    let placed = room.placed();
    assert_eq!(classes.len(), placed.len());
    assert!(placed.iter().all(|(id, school)| classes[id].0 == *school));
    let mut sizes: BTreeMap<&(String, u32), u32> = BTreeMap::new();
    for class in classes.values() {
        *sizes.entry(class).or_default() += 1;
    }
    assert!(sizes.values().all(|&n| n <= 55));

    let summary = room.read("out/class_summary.json");
    assert_eq!(summary.as_bytes(), run.stdout);
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    for school in summary["schools"].as_array().expect("schools") {
        assert!(school["largest"].as_u64() <= school["smallest"].as_u64().map(|n| n + 1));
        assert!(school["classes"].as_u64() <= school["approved"].as_u64());
        assert_eq!((&school["end"], &school["gap"]), (&"optimal".into(), &0.into()), "{school}");
    }
    let report = room.read("out/class_report.csv");
    let mut lines = report.lines();
    assert_eq!(lines.next(), Some("school_id,class_no,kind,value,count,total,share,within"));
    assert!(lines.all(|l| l.ends_with(",yes")));

    let file = room.at("out/classes.csv");
    let audit = luqu(&["audit", &room.at("s"), "--classes", &file]);
    assert_eq!(audit.status.code(), Some(0), "{}", said(&audit));

    let again = room.classes(&["--out", &room.at("again")]);
    assert_eq!(again.status.code(), Some(0));
    for name in ["classes.csv", "class_report.csv", "class_summary.json"] {
        assert_eq!(room.read(&format!("out/{name}")), room.read(&format!("again/{name}")));
    }
    let other = room.classes(&["--out", &room.at("again"), "--seed", "another"]);
    assert_eq!(other.status.code(), Some(0), "{}", said(&other));
    assert_ne!(room.read("out/classes.csv"), room.read("again/classes.csv"));
}

#[test]
fn too_few_classes_are_refused_with_the_rules_and_the_way_out() {
    let room = Room::new();
    let mut sizes: BTreeMap<String, u32> = BTreeMap::new();
    for school in room.placed().into_values() {
        *sizes.entry(school).or_default() += 1;
    }
    let (school, pupils) = sizes.iter().max_by_key(|(_, n)| **n).expect("a school");
    assert!(*pupils > 55, "{sizes:?}");
    let run = room.classes(&["--classes", &format!("{school}=1"), "--out", &room.at("out")]);
    assert_eq!(run.status.code(), Some(7), "{}", said(&run));
    let words = said(&run);
    for part in
        ["要求编 1 个班", "班额不超过 55 人（第4条", &format!("录取学生 {pupils} 人"), "改编 "]
    {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(!PathBuf::from(room.at("out")).exists());
    let run = room.classes(&["--classes", &format!("{school}=1000")]);
    assert_eq!(run.status.code(), Some(7));
    assert!(said(&run).contains("核准班数"), "{}", said(&run));
    for bad in [["--classes", "S01"], ["--classes", "S01=0"]] {
        assert_eq!(room.classes(&bad).status.code(), Some(2));
    }
    assert_eq!(room.classes(&["--school", "nowhere"]).status.code(), Some(1));
}

#[test]
fn wishes_for_classes_are_read_beside_the_season_and_kept() {
    let room = Room::new();
    let placed = room.placed();
    let school = placed.values().next().expect("a school").clone();
    let pupils: Vec<&String> = placed.iter().filter(|p| *p.1 == school).map(|p| p.0).collect();
    let [a, b, c] = [0, pupils.len() / 2, pupils.len() - 1].map(|at| pupils[at]);
    let table =
        format!("报名号,同班组,专项队,住宿\n{a},双胞胎,,是\n{b},双胞胎,篮球队,否\n{c},,篮球队,\n");
    let (bytes, ..) = encoding_rs::GB18030.encode(&table);
    fs::write(room.at("s/分班要求.csv"), &bytes).expect("written");
    let args = ["--out", &room.at("out"), "--school", &school, "--format", "xlsx"];
    let run = room.classes(&args);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let classes = room.class_of("out");
    let of_three: BTreeSet<_> = [a, b, c].into_iter().map(|id| &classes[id]).collect();
    assert_eq!(of_three.len(), 1);
    let shown = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(shown.contains("住宿") && shown.contains("毕业学校"), "{shown}");
    let book: Xlsx<_> = open_workbook(room.at("out/rosters.xlsx")).expect("a workbook");
    assert_eq!(book.sheet_names(), std::slice::from_ref(&school));

    // The same season is still read without a warning by the other commands.
    let check = luqu(&["check", &room.at("s")]);
    assert!(!said(&check).contains("分班要求"), "{}", said(&check));

    let wrong = format!("applicant_id,boarding\n{a},maybe\nnobody,yes\n");
    fs::write(room.at("wrong.csv"), wrong).expect("written");
    let run = room.classes(&["--groups", &room.at("wrong.csv"), "--out", &room.at("never")]);
    assert_eq!(run.status.code(), Some(3), "{}", said(&run));
    for place in ["wrong.csv:2:boarding", "wrong.csv:3:applicant_id"] {
        assert!(said(&run).contains(place), "{}", said(&run));
    }
    assert!(!PathBuf::from(room.at("never")).exists());
}

#[test]
fn a_search_without_time_gives_whole_classes_and_says_so() {
    let room = Room::new();
    let run = room.classes(&["--out", &room.at("out"), "--limit", "0"]);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    assert_eq!(room.class_of("out").len(), room.placed().len());
    let summary = room.read("out/class_summary.json");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    for school in summary["schools"].as_array().expect("schools") {
        let proved = school["objective"] == 0;
        assert_eq!(school["end"], if proved { "optimal" } else { "stopped" });
    }
    fs::write(room.at("out/notes.txt"), "mine").expect("written");
    assert_eq!(room.classes(&["--out", &room.at("out")]).status.code(), Some(2));
}
