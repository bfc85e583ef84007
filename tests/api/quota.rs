//! `luqu quota`: blank seats in, a season that checks clean out; refusals with exit 7.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn luqu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luqu")).args(args).output().expect("the program runs")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

/// A made season whose quota seats are put back into the unified lines and left blank.
fn blank_season(room: &Path) -> std::path::PathBuf {
    let season = room.join("season");
    let made = luqu(&["init", text(&season), "--demo", "300", "--seed", "5"]);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    let plan = fs::read_to_string(season.join("plan.csv")).expect("a plan");
    let rows: Vec<Vec<String>> =
        plan.lines().map(|l| l.split(',').map(str::to_owned).collect()).collect();
    assert_eq!(rows[0][..4], ["school_id", "batch", "category", "seats"]);
    let quota_of = |row: &[String]| {
        let mate = rows.iter().find(|r| r[..2] == row[..2] && r[2] == "quota");
        mate.map_or(0, |r| r[3].parse::<u32>().expect("seats"))
    };
    let mut blank = String::new();
    for row in &rows {
        let mut row = row.clone();
        match row[2].as_str() {
            "quota" => row[3].clear(),
            "unified" => {
                let whole = row[3].parse::<u32>().expect("seats") + quota_of(&row);
                row[3] = whole.to_string();
                // The classes were approved for the whole plan.
                row[4].clear();
            }
            _ => {}
        }
        blank.push_str(&row.join(","));
        blank.push('\n');
    }
    assert!(blank.contains(",quota,,"), "the made season has quota lines");
    fs::write(season.join("plan.csv"), blank).expect("the plan");
    fs::remove_file(season.join("quotas.csv")).expect("the cells");
    season
}

fn replace_in(season: &Path, file: &str, from: &str, to: &str) {
    let path = season.join(file);
    let old = fs::read_to_string(&path).expect("a file");
    assert!(old.contains(from), "{file} has {from}");
    fs::write(&path, old.replace(from, to)).expect("a file");
}

#[test]
fn the_files_written_make_the_season_whole() {
    let room = tempfile::tempdir().expect("a folder");
    let season = blank_season(room.path());
    let out = room.path().join("out");
    let run = luqu(&["quota", text(&season), "--out", text(&out)]);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    assert!(run.stdout.is_empty());
    let report = fs::read_to_string(out.join("quota_report.csv")).expect("a report");
    assert!(report.starts_with("school_id,batch,junior_id,ideal,floor,seats,reason"));
    assert!(report.contains("余数"));
    assert!(!out.join("draw.csv").exists(), "a matrix draws no lots");
    for name in ["plan.csv", "quotas.csv"] {
        fs::copy(out.join(name), season.join(name)).expect("a copy");
    }
    let check = luqu(&["check", text(&season)]);
    assert_eq!(check.status.code(), Some(0), "{}", String::from_utf8_lossy(&check.stdout));
    // Once more: nothing is left to compute, and nothing changes.
    let again = room.path().join("again");
    assert_eq!(luqu(&["quota", text(&season), "--out", text(&again)]).status.code(), Some(0));
    for name in ["plan.csv", "quotas.csv"] {
        let read = |dir: &Path| fs::read(dir.join(name)).expect("a file");
        assert_eq!(read(&again), read(&season), "{name}");
    }
}

#[test]
fn a_pool_is_drawn_alike_every_time() {
    let room = tempfile::tempdir().expect("a folder");
    let season = blank_season(room.path());
    replace_in(&season, "policy.toml", "method = \"matrix\"", "method = \"pool\"");
    let (a, b) = (room.path().join("a"), room.path().join("b"));
    for dir in [&a, &b] {
        assert_eq!(luqu(&["quota", text(&season), "--out", text(dir)]).status.code(), Some(0));
    }
    let protocol = fs::read_to_string(a.join("draw.csv")).expect("a protocol");
    assert_eq!(protocol, fs::read_to_string(b.join("draw.csv")).expect("a protocol"));
    assert!(protocol.starts_with("batch,draw,junior_id,seat,school_id,hash\n"));
    // The folder of a pool is used again for a matrix: the old protocol goes.
    replace_in(&season, "policy.toml", "method = \"pool\"", "method = \"matrix\"");
    assert_eq!(luqu(&["quota", text(&season), "--out", text(&a)]).status.code(), Some(0));
    assert!(!a.join("draw.csv").exists());
    assert_eq!(fs::read_dir(&a).expect("a folder").count(), 4, "nothing is left beside");
}

#[test]
fn the_share_can_be_tried_out() {
    let room = tempfile::tempdir().expect("a folder");
    let season = blank_season(room.path());
    let quota = |share: &str| {
        let run = luqu(&["quota", text(&season), "--share", share, "--json"]);
        assert_eq!(run.status.code(), Some(0), "{}", said(&run));
        let value: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
        let lines = value["batches"][0]["lines"].as_array().expect("lines").clone();
        lines.iter().map(|l| l["quota"].as_u64().expect("seats")).sum::<u64>()
    };
    let whole = quota("1");
    assert_eq!(quota("0"), 0);
    assert!(quota("30%") < quota("0.7") && quota("0.7") < whole);
    let plain = luqu(&["quota", text(&season)]);
    assert!(String::from_utf8_lossy(&plain.stdout).contains("矩阵法，偏差之和"));
    assert_eq!(luqu(&["quota", text(&season), "--share", "1.2"]).status.code(), Some(2));
}

#[test]
fn what_cannot_be_distributed_ends_with_seven_and_a_sentence() {
    let room = tempfile::tempdir().expect("a folder");
    let season = blank_season(room.path());
    replace_in(
        &season,
        "policy.toml",
        "method = \"matrix\"",
        "method = \"pool\"\ntilt = { per = 1, rounding = \"half_up\" }",
    );
    let graduates = fs::read_to_string(season.join("graduates.csv")).expect("graduates");
    let all_tilted: Vec<String> = graduates
        .lines()
        .map(|l| l.strip_suffix("no").map_or_else(|| l.to_owned(), |l| format!("{l}yes")))
        .collect();
    fs::write(season.join("graduates.csv"), all_tilted.join("\n")).expect("graduates");
    let out = room.path().join("out");
    let run = luqu(&["quota", text(&season), "--out", text(&out)]);
    assert_eq!(run.status.code(), Some(7), "{}", said(&run));
    assert!(said(&run).contains("倾斜初中先得的名额合计"), "{}", said(&run));
    assert!(!out.exists(), "nothing is written");
}

#[test]
fn a_season_is_never_overwritten() {
    let room = tempfile::tempdir().expect("a folder");
    let season = blank_season(room.path());
    let run = luqu(&["quota", text(&season), "--out", text(&season)]);
    assert_eq!(run.status.code(), Some(2));
    assert!(said(&run).contains("不会覆盖"));
    assert!(!season.join("quotas.csv").exists());
}
