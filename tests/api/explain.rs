//! `luqu explain`, `luqu compare` and `luqu whatif` on a made season.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn luqu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luqu")).args(args).output().expect("the program runs")
}

fn out(run: &Output) -> String {
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8_lossy(&run.stdout).into_owned()
}

fn err(run: &Output) -> String {
    String::from_utf8_lossy(&run.stderr).into_owned()
}

fn json(run: &Output) -> Value {
    serde_json::from_str(&out(run)).expect("JSON")
}

/// A made season with its answer: the two folders, and a school with one unified line to change.
struct Room {
    _dir: tempfile::TempDir,
    season: String,
    answer: String,
    seats: String,
}

fn room() -> Room {
    let dir = tempfile::tempdir().expect("a folder");
    let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    let (season, answer) = (at("season"), at("answer"));
    out(&luqu(&["init", &season, "--demo", "300", "--seed", "3"]));
    out(&luqu(&["place", &season, "--out", &answer]));
    let plan = fs::read_to_string(dir.path().join("season/plan.csv")).expect("a plan");
    let line = plan.lines().find(|l| l.contains(",key,unified,")).expect("a unified line");
    let school = line.split(',').next().expect("a school");
    let seats = format!("{school}:unified@key+2");
    Room { _dir: dir, season, answer, seats }
}

/// The first applicant with an outcome.
fn with_outcome(answer: &str, outcome: &str) -> String {
    let rows = fs::read_to_string(Path::new(answer).join("placements.csv")).expect("an answer");
    let row = rows.lines().find(|l| l.contains(&format!(",{outcome},"))).expect("such an outcome");
    row.split(',').next().expect("an id").to_owned()
}

#[test]
fn every_wish_is_explained_alike_from_an_answer_and_on_the_fly() {
    let room = room();
    let id = with_outcome(&room.answer, "unplaced");
    let here = json(&luqu(&["explain", &room.season, &id, "--json"]));
    let there = json(&luqu(&["explain", &room.season, &id, "--json", "--answer", &room.answer]));
    assert_eq!(here, there);
    assert_eq!(
        (here["applicant_id"].as_str(), here["outcome"].as_str()),
        (Some(&*id), Some("unplaced"))
    );

    let reasons = fs::read_to_string(Path::new(&room.answer).join("reasons.csv")).expect("reasons");
    let kinds: Vec<&str> = reasons
        .lines()
        .filter(|l| l.starts_with(&format!("{id},")))
        .filter_map(|l| l.split(',').nth(5))
        .collect();
    let mut said = Vec::new();
    for batch in here["batches"].as_array().expect("batches") {
        for wish in batch["wishes"].as_array().expect("wishes") {
            for p in wish["proposals"].as_array().expect("proposals") {
                said.push(p["kind"].as_str().expect("a kind"));
            }
        }
    }
    assert!(!kinds.is_empty());
    assert_eq!(said, kinds);

    let text = out(&luqu(&["explain", &room.season, &id]));
    assert!(text.starts_with(&format!("报名号 {id}  总分 ")), "{text}");
    assert!(text.contains("下一步：") && text.contains("未录取："), "{text}");
    let english = out(&luqu(&["explain", &room.season, &id, "--lang", "en"]));
    assert!(english.contains("Next: ") && english.contains("not admitted: "), "{english}");
}

#[test]
fn an_unknown_applicant_gets_the_nearest_ids() {
    let room = room();
    let id = with_outcome(&room.answer, "placed");
    let mut typo = id.clone();
    typo.pop();
    let run = luqu(&["explain", &room.season, &typo]);
    assert_eq!(run.status.code(), Some(1));
    assert!(err(&run).contains("相近的报名号"), "{}", err(&run));
    let run = luqu(&["explain", &room.season, "x"]);
    assert_eq!(run.status.code(), Some(1));
    assert!(err(&run).contains("请核对报名号"), "{}", err(&run));
    let run = luqu(&["explain", &room.season, "110105194912310021\u{1b}[2J"]);
    assert!(err(&run).contains("没有考生 110105********0021[2J；"), "{}", err(&run));
}

#[test]
fn an_answer_of_another_season_is_told_apart() {
    let room = room();
    let id = with_outcome(&room.answer, "placed");
    let path = Path::new(&room.answer).join("placements.csv");
    let rows = fs::read_to_string(&path).expect("an answer");
    fs::write(&path, rows.replace(&id, "nobody")).expect("a file");
    let run = luqu(&["explain", &room.season, &id, "--answer", &room.answer]);
    assert_eq!(run.status.code(), Some(1));
    assert!(err(&run).contains("placements.csv 第 "), "{}", err(&run));
    let text: Vec<&str> = rows.lines().filter(|l| !l.starts_with(&format!("{id},"))).collect();
    fs::write(&path, text.join("\n")).expect("a file");
    let run = luqu(&["explain", &room.season, &id, "--answer", &room.answer]);
    assert!(err(&run).contains(&format!("考生 {id} 在 placements.csv 没有一行")), "{}", err(&run));
}

#[test]
fn a_what_if_says_who_moves_and_equals_the_season_made_that_way() {
    let room = room();
    let csv = Path::new(&room.answer).with_file_name("moves.csv");
    let csv_name = csv.to_string_lossy().into_owned();
    let more = ["whatif", &room.season, "--seats", &room.seats];
    let found = json(&luqu(&[&more[..], &["--json", "--csv", &csv_name]].concat()));
    let moves = found["moves"].as_array().expect("moves");
    assert!(!moves.is_empty());
    let rows = fs::read_to_string(&csv).expect("the file");
    assert_eq!(rows.lines().count(), moves.len() + 1);

    // The same change made in the plan itself.
    let plan = Path::new(&room.season).join("plan.csv");
    let text = fs::read_to_string(&plan).expect("a plan");
    let school = room.seats.split(':').next().expect("a school");
    let start = format!("{school},key,unified,");
    let changed: Vec<String> = text
        .lines()
        .map(|line| match line.strip_prefix(&start) {
            Some(rest) => {
                let (seats, rest) = rest.split_once(',').expect("seats");
                let seats: u32 = seats.parse().expect("a number");
                format!("{start}{},{rest}", seats + 2)
            }
            None => line.to_owned(),
        })
        .collect();
    let other = Path::new(&room.season).with_file_name("other");
    fs::create_dir(&other).expect("a folder");
    for entry in fs::read_dir(&room.season).expect("the season") {
        let entry = entry.expect("a file");
        fs::copy(entry.path(), other.join(entry.file_name())).expect("a copy");
    }
    fs::write(other.join("plan.csv"), changed.join("\n") + "\n").expect("a plan");
    let other_name = other.to_string_lossy().into_owned();
    assert_eq!(json(&luqu(&["compare", &room.season, &other_name, "--json"])), found);

    // And between two answers.
    let after = Path::new(&room.season).with_file_name("after").to_string_lossy().into_owned();
    out(&luqu(&["place", &other_name, "--out", &after]));
    let run = luqu(&[
        "compare",
        &room.answer,
        &after,
        "--season",
        &room.season,
        "--season-b",
        &other_name,
        "--json",
    ]);
    assert_eq!(json(&run), found);

    let text = out(&luqu(&more));
    assert!(text.starts_with("录取 ") && text.contains("变好 "), "{text}");
    assert!(text.contains("名额 "), "{text}");
}

#[test]
fn the_same_answer_differs_in_nothing() {
    let room = room();
    let run = luqu(&["compare", &room.answer, &room.answer, "--season", &room.season]);
    assert_eq!(out(&run), "两份结果完全相同：没有人变动，各校录取线不变\n");
    let run = luqu(&["compare", &room.answer, &room.answer]);
    assert_eq!(run.status.code(), Some(2));
    assert!(err(&run).contains("--season"), "{}", err(&run));
}

#[test]
fn a_what_if_is_refused_as_a_file_would_be() {
    let room = room();
    let order = luqu(&["whatif", &room.season, "--priority", "key=wish,total,lottery"]);
    assert_eq!(order.status.code(), Some(3));
    assert!(err(&order).contains("与志愿序号无关"), "{}", err(&order));
    for (flag, value) in [
        ("--seats", "nowhere:unified+1"),
        ("--seats", "nonsense"),
        ("--share", "7"),
        ("--grid", "seats=x"),
        ("--floor", "-x"),
    ] {
        let run = luqu(&["whatif", &room.season, flag, value]);
        assert_eq!(run.status.code(), Some(2), "{flag} {value}: {}", err(&run));
    }
    assert_eq!(luqu(&["whatif", &room.season]).status.code(), Some(2));
}

#[test]
fn several_changes_make_one_scenario_and_a_grid_a_table() {
    let room = room();
    let school = room.seats.split(':').next().expect("a school");
    let many = json(&luqu(&[
        "whatif",
        &room.season,
        "--seats",
        &room.seats,
        "--share",
        "0.6",
        "--floor",
        "-30",
        "--seed",
        "other",
        "--json",
    ]));
    assert_eq!(many["joined"], 0);
    assert!(many["lines"].as_array().is_some_and(|l| !l.is_empty()));
    let range = format!("seats={school}:unified@key:+0..+4/2");
    let grid = json(&luqu(&["whatif", &room.season, "--grid", &range, "--json"]));
    let rows = grid.as_array().expect("rows");
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|r| r["figures"]["envy_free"] == true), "{rows:?}");
    let table = out(&luqu(&["whatif", &room.season, "--grid", &range]));
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(table.lines().nth(1).is_some_and(|l| l.contains("统招")), "{table}");
}

/// A device would never end, and a full one takes no words.
#[cfg(target_os = "linux")]
#[test]
fn devices_are_neither_read_nor_fatal() {
    let room = room();
    let id = with_outcome(&room.answer, "placed");
    let placements = Path::new(&room.answer).join("placements.csv");
    fs::remove_file(&placements).expect("removed");
    std::os::unix::fs::symlink("/dev/zero", &placements).expect("a link");
    let run = luqu(&["explain", &room.season, &id, "--answer", &room.answer]);
    assert_eq!(run.status.code(), Some(1));
    assert!(err(&run).contains("不是普通文件"), "{}", err(&run));
    let run = luqu(&["verify", &room.season, &room.answer]);
    assert_eq!(run.status.code(), Some(5), "{}", err(&run));

    let full = || fs::File::options().write(true).open("/dev/full").expect("a device");
    let mut check = Command::new(env!("CARGO_BIN_EXE_luqu"));
    let status = check.args(["check", "/nowhere"]).stderr(full()).status();
    assert_eq!(status.expect("the program runs").code(), Some(1));
    let mut list = Command::new(env!("CARGO_BIN_EXE_luqu"));
    let status = list.args(["policy", "list"]).stdout(full()).stderr(full()).status();
    assert_eq!(status.expect("the program runs").code(), Some(1));
}

#[test]
fn an_applicant_is_found_by_a_name_that_nobody_shares() {
    let room = room();
    let id = with_outcome(&room.answer, "placed");
    let file = Path::new(&room.season).join("applicants.csv");
    let rename = |who: &str, name: &str| {
        let text = fs::read_to_string(&file).expect("applicants");
        let rows = text.lines().map(|line| {
            let mut cells: Vec<&str> = line.split(',').collect();
            if cells[0] == who {
                cells[1] = name;
            }
            cells.join(",") + "\n"
        });
        fs::write(&file, rows.collect::<String>()).expect("a file");
    };
    rename(&id, "欧阳㛃");
    let by_name = json(&luqu(&["explain", &room.season, "欧阳㛃", "--json"]));
    assert_eq!(by_name, json(&luqu(&["explain", &room.season, &id, "--json"])));

    let other = with_outcome(&room.answer, "unplaced");
    rename(&other, "欧阳㛃");
    let run = luqu(&["explain", &room.season, "欧阳㛃"]);
    assert_eq!(run.status.code(), Some(1));
    let told = err(&run);
    assert!(told.contains("不止一名") && told.contains(&id[..3]), "{told}");
    assert!(!told.contains(&id) && !told.contains(&other), "no number is told whole: {told}");
}

#[test]
fn a_what_if_takes_names_for_ids() {
    let room = room();
    let school = room.seats.split(':').next().expect("a school");
    let schools = fs::read_to_string(Path::new(&room.season).join("schools.csv")).expect("schools");
    let row = schools.lines().find(|l| l.starts_with(&format!("{school},"))).expect("the school");
    let name = row.split(',').nth(1).expect("a name");
    let found = |seats: &str| out(&luqu(&["whatif", &room.season, "--seats", seats, "--json"]));
    let by_id = found(&room.seats);
    let policy = fs::read_to_string(Path::new(&room.season).join("policy.toml")).expect("a policy");
    let (_, batch) = policy.split_once("id = \"key\"\nname = \"").expect("the batch");
    let batch = batch.split('"').next().expect("its name");
    for seats in [format!("{name}:统招@{batch}+2"), format!("{name}：unified@key+2")] {
        assert_eq!(found(&seats), by_id, "{seats}");
    }
    let floor = |flag: &str| out(&luqu(&["whatif", &room.season, "--floor", flag, "--json"]));
    assert_eq!(floor("指标到校=-30"), floor("quota=-30"));
    let run = luqu(&["whatif", &room.season, "--seats", "没有这所学校:统招+1"]);
    assert_eq!(run.status.code(), Some(2), "{}", err(&run));
}
