//! `luqu plan`: drafts worked out by hand, the written repair, and one class more on a made season.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn luqu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luqu")).args(args).output().expect("the program runs")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

fn drafts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/plans")
}

/// What `expected.toml` says of a draft.
#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    args: Vec<String>,
    exit: i32,
    breaches: Vec<String>,
    conflict: Vec<String>,
    relaxed: Vec<String>,
    changes: Vec<String>,
    years: Vec<String>,
    binding: Vec<String>,
}

fn expected(folder: &Path) -> Expected {
    let words = fs::read_to_string(folder.join("expected.toml")).expect("an expectation");
    toml::from_str(&words).unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
}

/// `luqu plan` on a folder, with the arguments of its expectation and more.
fn plan(folder: &Path, expected: &Expected, more: &[&str]) -> Output {
    let (mode, rest) = expected.args.split_first().expect("a mode");
    let mut args = vec!["plan", mode.as_str(), text(folder)];
    args.extend(rest.iter().map(String::as_str));
    args.extend(more);
    luqu(&args)
}

fn json(out: &Output) -> Value {
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", said(out)))
}

/// The cells of every entry of a list, joined; a missing one is `-`.
fn rows(list: &Value, keys: &[&str]) -> Vec<String> {
    let cell = |entry: &Value, key: &str| match &entry[key] {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let row = |entry: &Value| keys.iter().map(|k| cell(entry, k)).collect::<Vec<_>>().join(" ");
    list.as_array().into_iter().flatten().map(row).collect()
}

fn strings(list: &Value) -> Vec<String> {
    let all = list.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn drafts_are_advised_on_as_worked_out_by_hand() {
    let mut count = 0;
    for entry in fs::read_dir(drafts()).expect("the drafts") {
        let folder = entry.expect("an entry").path();
        if !folder.is_dir() {
            continue;
        }
        count += 1;
        let expected = expected(&folder);
        let out = plan(&folder, &expected, &["--json"]);
        let name = folder.display();
        assert_eq!(out.status.code(), Some(expected.exit), "{name}: {}", said(&out));
        let found = json(&out);
        if expected.args[0] == "years" {
            let keys = ["year", "short", "oversize", "super_oversize", "above_size"];
            assert_eq!(rows(&found["schedule"]["totals"], &keys), expected.years, "{name}");
            let binding = strings(&found["schedule"]["binding"]);
            assert_eq!(binding.len(), expected.binding.len(), "{name}: {binding:?}");
            for (words, rule) in binding.iter().zip(&expected.binding) {
                assert!(words.contains(rule.as_str()), "{name}: {words}");
            }
            continue;
        }
        assert_eq!(rows(&found["breaches"], &["rule"]), expected.breaches, "{name}");
        assert_eq!(strings(&found["conflict"]["rules"]), expected.conflict, "{name}");
        let repair = &found["repair"];
        let relaxed = rows(&repair["relaxed"], &["rule", "school_id", "by"]);
        assert_eq!(relaxed, expected.relaxed, "{name}");
        let keys = ["school_id", "category", "column", "from", "to"];
        let mut changes = rows(&repair["changes"], &keys);
        changes.sort();
        assert_eq!(changes, expected.changes, "{name}");
        assert_eq!(repair["complete"], true, "{name}");
        assert_eq!(found["recheck"]["faults"], Value::Array(vec![]), "{name}");
        for key in ["solver", "version", "stages", "gap"] {
            assert!(!repair[key].is_null(), "{name}: {key} is told");
        }
    }
    assert!(count >= 5);
}

#[test]
fn a_written_repair_makes_the_draft_clean() {
    for name in ["over_full_classes", "new_school"] {
        let folder = drafts().join(name);
        let expected = expected(&folder);
        let room = tempfile::tempdir().expect("a folder");
        let out = room.path().join("out");
        let run = plan(&folder, &expected, &["--out", text(&out)]);
        assert_eq!(run.status.code(), Some(expected.exit), "{}", said(&run));
        let words = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(words.contains("复核：调整后的计划通过"), "{words}");
        assert!(words.contains("第4条「"), "the source is quoted: {words}");
        let changes = fs::read_to_string(out.join("plan_changes.csv")).expect("the changes");
        assert!(changes.starts_with("school_id,school,batch,category,column,from,to,reason\n"));
        assert_eq!(changes.lines().count(), expected.changes.len() + 1);
        assert!(!out.join("plan_asks.csv").exists(), "nothing is asked for");

        let mended = room.path().join("mended");
        fs::create_dir(&mended).expect("a folder");
        for file in ["policy.toml", "schools.csv"] {
            fs::copy(folder.join(file), mended.join(file)).expect("a copy");
        }
        fs::copy(out.join("plan.csv"), mended.join("plan.csv")).expect("a copy");
        let again = plan(&mended, &expected, &[]);
        assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stdout));
    }
}

#[test]
fn what_may_not_give_way_is_held() {
    let folder = drafts().join("promise_and_rooms");
    let expected = expected(&folder);
    let held = json(&plan(&folder, &expected, &["--json", "--hold", "rooms"]));
    let relaxed = rows(&held["repair"]["relaxed"], &["rule", "school_id", "by"]);
    // The promise gives way by one seat: 11 of 220 is within the cap.
    assert_eq!(relaxed, ["least S1 1"]);
    let all = ["--json", "--hold", "rooms", "--hold", "least", "--hold", "special_share"];
    let none = plan(&folder, &expected, &all);
    assert_eq!(none.status.code(), Some(7));
    assert!(json(&none)["no_repair"].as_str().is_some_and(|w| w.contains("教室数")));
}

#[test]
fn faults_of_the_plan_and_of_the_arguments_are_told() {
    let room = tempfile::tempdir().expect("a folder");
    let season = room.path().join("season");
    fs::create_dir(&season).expect("a folder");
    let from = drafts().join("promise_and_rooms");
    for file in ["policy.toml", "schools.csv", "plan.csv"] {
        fs::copy(from.join(file), season.join(file)).expect("a copy");
    }
    let rows = "school_id,rooms\nS1,12\nS1,13\nS9,4\nS2,many\n";
    fs::write(season.join("resources.csv"), rows).expect("a table");
    let out = luqu(&["plan", "check", text(&season)]);
    assert_eq!(out.status.code(), Some(3));
    for place in ["resources.csv:3:school_id", "resources.csv:4:school_id", "resources.csv:5:rooms"]
    {
        assert!(said(&out).contains(place), "{place}: {}", said(&out));
    }
    fs::remove_file(season.join("resources.csv")).expect("the table");
    for args in [["--least", "S9=40"], ["--least", "S1:chess=4"], ["--hold", "luck"]] {
        let out = luqu(&["plan", "check", text(&season), args[0], args[1]]);
        assert_eq!(out.status.code(), Some(2), "{args:?}: {}", said(&out));
    }
    fs::write(season.join("classes.csv"), "school_id,grade,class_no,size\nS1,研一,1,60\n")
        .expect("a table");
    let out = luqu(&["plan", "years", text(&season)]);
    assert_eq!(out.status.code(), Some(2));
    assert!(said(&out).contains("研一"), "{}", said(&out));
}

#[test]
fn a_made_season_is_advised_on_whole() {
    let room = tempfile::tempdir().expect("a folder");
    let season = room.path().join("season");
    let made = luqu(&["init", text(&season), "--demo", "400", "--seed", "3"]);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    let gains = luqu(&["plan", "add-class", text(&season), "--json"]);
    assert_eq!(gains.status.code(), Some(0), "{}", said(&gains));
    let gains = json(&gains);
    let placed: Vec<i64> = gains
        .as_array()
        .expect("a list")
        .iter()
        .map(|g| g["effects"]["placed"].as_i64().expect("a figure"))
        .collect();
    assert!(placed.len() > 2 && placed.is_sorted_by(|a, b| a >= b), "{placed:?}");
    assert!(placed.iter().all(|&p| p >= 0), "{placed:?}");

    // A quota line that must grow has its cells distributed anew, and the season stays whole.
    let out = room.path().join("out");
    let run = luqu(&["plan", "check", text(&season), "--quota-share", "0.8", "--out", text(&out)]);
    assert_eq!(run.status.code(), Some(5), "{}", said(&run));
    for file in ["plan.csv", "quotas.csv"] {
        fs::copy(out.join(file), season.join(file)).expect("a copy");
    }
    let check = luqu(&["check", text(&season)]);
    assert_eq!(check.status.code(), Some(0), "{}", String::from_utf8_lossy(&check.stdout));
    let again = luqu(&["plan", "check", text(&season), "--quota-share", "0.8"]);
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stdout));
}
