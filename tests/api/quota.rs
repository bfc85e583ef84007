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

#[test]
fn cells_set_by_hand_keep_their_reason_and_the_sums_their_rule() {
    let room = tempfile::tempdir().expect("a folder");
    let season = blank_season(room.path());
    let (out, file) = (room.path().join("out"), room.path().join("调整.csv"));
    let args = ["quota", text(&season), "--out", text(&out)];
    assert_eq!(luqu(&args).status.code(), Some(0));
    let cells = fs::read_to_string(out.join("quotas.csv")).expect("cells");
    let rows: Vec<Vec<&str>> = cells.lines().skip(1).map(|l| l.split(',').collect()).collect();
    let seats = |row: &[&str]| row[3].parse::<u32>().expect("seats");
    let from = rows.iter().find(|r| seats(r) > 1).expect("a cell with seats");
    let to = rows.iter().find(|r| r[..2] == from[..2] && r[2] != from[2]).expect("another");
    let cell = |row: &[&str], seats: u32, more: &str| {
        format!("{},{},{},{seats},{more}\n", row[0], row[1], row[2])
    };
    let head = "school_id,batch,junior_id,seats,reason,document\n";
    let less = cell(from, seats(from) - 1, "并校,教〔2026〕9号");
    let more = cell(to, seats(to) + 1, "并校,教〔2026〕9号");
    let edit = |rows: String| {
        fs::write(&file, format!("{head}{rows}")).expect("a file");
        luqu(&[&args[..], &["--edit", text(&file)]].concat())
    };

    let before = fs::read(out.join("quotas.csv")).expect("cells");
    for (rows, place) in [
        (less.clone(), "调整.csv:2:seats"),
        (format!("{less}{more}").replace("并校", ""), "调整.csv:2:reason"),
        (format!("{less}{less}{more}"), "调整.csv:3:junior_id"),
        (less.replace(from[0], "X9"), "调整.csv:2:school_id"),
    ] {
        let run = edit(rows);
        assert_eq!(run.status.code(), Some(3), "{}", said(&run));
        assert!(said(&run).contains(place), "{place}: {}", said(&run));
        assert_eq!(fs::read(out.join("quotas.csv")).expect("cells"), before, "nothing is written");
    }

    assert_eq!(edit(format!("{less}{more}")).status.code(), Some(0));
    let made = fs::read_to_string(out.join("quotas.csv")).expect("cells");
    assert!(made.starts_with(head) && made.contains(&less) && made.contains(&more), "{made}");
    let report = fs::read_to_string(out.join("quota_report.csv")).expect("a report");
    assert!(report.contains(&format!("手工调整：原 {}，改为 {}；并校", seats(to), seats(to) + 1)));
    for name in ["plan.csv", "quotas.csv"] {
        fs::copy(out.join(name), season.join(name)).expect("a copy");
    }
    let check = luqu(&["check", text(&season)]);
    assert_eq!(check.status.code(), Some(0));
    let told = String::from_utf8_lossy(&check.stdout).into_owned();
    assert_eq!(told.matches("W512").count(), 2, "{told}");
    // The mark stays when the season is distributed again.
    assert_eq!(luqu(&args).status.code(), Some(0));
    assert_eq!(fs::read_to_string(out.join("quotas.csv")).expect("cells"), made);
}

#[test]
fn a_workbook_for_people_has_the_tables_and_the_reasons() {
    let room = tempfile::tempdir().expect("a folder");
    let season = blank_season(room.path());
    let out = room.path().join("out");
    let args = ["quota", text(&season), "--out", text(&out)];
    assert_eq!(luqu(&args).status.code(), Some(0));
    assert_eq!(luqu(&[&args[..], &["--format", "xlsx"]].concat()).status.code(), Some(0));
    let names: Vec<_> =
        fs::read_dir(&out).expect("a folder").map(|e| e.expect("a file").file_name()).collect();
    assert_eq!(names, ["quota.xlsx"], "the CSV of the run before is gone");
    // The workbook's 招生计划 and 指标分配 make the season whole as the CSV does.
    for name in ["plan.csv", "quotas.csv"] {
        let _ = fs::remove_file(season.join(name));
    }
    fs::copy(out.join("quota.xlsx"), season.join("quota.xlsx")).expect("a copy");
    let check = luqu(&["check", text(&season)]);
    let told = String::from_utf8_lossy(&check.stdout).into_owned();
    assert_eq!(check.status.code(), Some(0), "{told}");
    assert!(!told.contains("W501"), "{told}");
}

#[test]
fn a_least_number_per_junior_school_holds_or_is_refused() {
    let room = tempfile::tempdir().expect("a folder");
    let season = blank_season(room.path());
    let least = |k: &str| format!("method = \"matrix\"\nmin_per_junior = {k}");
    replace_in(&season, "policy.toml", "method = \"matrix\"", &least("1"));
    let run = luqu(&["quota", text(&season), "--json"]);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let value: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let juniors = value["batches"][0]["juniors"].as_array().expect("juniors");
    assert!(
        juniors.iter().all(|j| j["seats"].as_u64() >= j["eligible"].as_u64().map(|e| e.min(1)))
    );
    replace_in(&season, "policy.toml", &least("1"), &least("999"));
    let run = luqu(&["quota", text(&season)]);
    assert_eq!(run.status.code(), Some(7), "{}", said(&run));
    assert!(said(&run).contains("min_per_junior"), "{}", said(&run));
}

/// The distributions worked out by hand.
fn worked_out() -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/quotas");
    let entries = fs::read_dir(folder).expect("a folder");
    let mut folders: Vec<_> = entries.map(|e| e.expect("an entry").path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

#[test]
fn distributions_worked_out_by_hand_come_out() {
    let folders = worked_out();
    assert!(folders.len() >= 2, "the folders are there");
    for folder in folders {
        let room = tempfile::tempdir().expect("a folder");
        let season = room.path().join("season");
        fs::create_dir(&season).expect("a folder");
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name");
            // The answer is no input.
            if name != "quotas.csv" {
                fs::copy(&path, season.join(name)).expect("a copy");
            }
        }
        let out = room.path().join("out");
        let run = luqu(&["quota", text(&season), "--out", text(&out)]);
        let name = folder.display();
        if let Ok(words) = fs::read_to_string(folder.join("refused.txt")) {
            assert_eq!(run.status.code(), Some(7), "{name}: {}", said(&run));
            for word in words.lines() {
                assert!(said(&run).contains(word), "{name}: no {word} in {}", said(&run));
            }
            assert!(!out.exists(), "{name}");
            continue;
        }
        assert_eq!(run.status.code(), Some(0), "{name}: {}", said(&run));
        let wanted = fs::read_to_string(folder.join("quotas.csv")).expect("the answer");
        let written = fs::read_to_string(out.join("quotas.csv")).expect("the cells");
        assert_eq!(written, wanted, "{name}");
    }
}

/// The season with few beds, its cells still to be computed.
fn few_beds(room: &Path) -> std::path::PathBuf {
    let season = room.join("season");
    fs::create_dir(&season).expect("a folder");
    let few = worked_out().into_iter().find(|f| f.ends_with("few_beds")).expect("the folder");
    for entry in fs::read_dir(&few).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "csv" || e == "toml")
            && !path.ends_with("quotas.csv")
        {
            fs::copy(&path, season.join(path.file_name().expect("a name"))).expect("a copy");
        }
    }
    season
}

#[test]
fn beds_bind_hand_edits_too_and_are_told() {
    let room = tempfile::tempdir().expect("a folder");
    let season = few_beds(room.path());
    let run = luqu(&["quota", text(&season)]);
    let told = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(told.contains("一中：住宿床位 3 个，寄宿初中按比例应得 5"), "{told}");
    let edits = room.path().join("edits.csv");
    let rows = "school_id,batch,junior_id,seats,reason,document\n\
                S1,key,J1,6,试,演〔2026〕2号\nS1,key,J2,3,试,演〔2026〕2号\n";
    fs::write(&edits, rows).expect("edits");
    let run = luqu(&["quota", text(&season), "--edit", text(&edits)]);
    assert_eq!(run.status.code(), Some(3), "{}", said(&run));
    assert!(said(&run).contains("住宿床位为 3") && said(&run).contains('4'), "{}", said(&run));
}

#[test]
fn given_cells_over_the_beds_are_told_at_the_cell_and_stop_nothing() {
    let room = tempfile::tempdir().expect("a folder");
    let season = few_beds(room.path());
    replace_in(&season, "plan.csv", "S1,key,unified,20", "S1,key,unified,10");
    replace_in(&season, "plan.csv", "S1,key,quota,,", "S1,key,quota,10,");
    replace_in(&season, "plan.csv", "S2,key,unified,20", "S2,key,unified,10");
    replace_in(&season, "plan.csv", "S2,key,quota,,", "S2,key,quota,10,");
    let cells = |j1: u32, j3: u32| {
        let rows = format!(
            "school_id,batch,junior_id,seats\nS1,key,J1,{j1}\nS1,key,J2,2\nS1,key,J3,{j3}\n\
             S2,key,J1,5\nS2,key,J2,3\nS2,key,J3,2\n"
        );
        fs::write(season.join("quotas.csv"), rows).expect("the cells");
    };
    cells(6, 2);
    let check = luqu(&["check", text(&season)]);
    assert_eq!(check.status.code(), Some(0), "{}", said(&check));
    let told = String::from_utf8_lossy(&check.stdout).into_owned();
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    let at = lines.iter().position(|l| l.starts_with("warning[W513]")).expect("a warning");
    assert_eq!(lines[at + 1], "--> quotas.csv:4:seats   值 2");
    assert!(lines[at + 2].contains("一中的住宿床位为 3；寄宿初中的名额共 4 个，多 1"), "{told}");
    assert!(lines[at + 3].starts_with("help: "), "{told}");
    assert_eq!(told.matches("W513").count(), 1, "{told}");
    let quota = luqu(&["quota", text(&season)]);
    assert_eq!(quota.status.code(), Some(0), "{}", said(&quota));
    assert!(said(&quota).contains("W513") && said(&quota).contains("quotas.csv:4:seats"));
    // Three boarders have three beds.
    cells(7, 1);
    for command in ["check", "quota"] {
        let run = luqu(&[command, text(&season)]);
        assert_eq!(run.status.code(), Some(0), "{}", said(&run));
        assert!(!String::from_utf8_lossy(&run.stdout).contains("W513"));
        assert!(!said(&run).contains("W513"), "{}", said(&run));
    }
}

#[test]
fn a_path_that_is_not_there_is_told_in_chinese() {
    let room = tempfile::tempdir().expect("a folder");
    let gone = room.path().join("gone");
    for args in [&["quota"][..], &["plan", "check"], &["sections"], &["check"]] {
        let run = luqu(&[args, &[text(&gone)]].concat());
        assert_eq!(run.status.code(), Some(1), "{args:?}: {}", said(&run));
        assert!(said(&run).contains("没有这个文件或目录"), "{args:?}: {}", said(&run));
    }
}
