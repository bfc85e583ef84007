//! `luqu sections`: a made school through to the audit, faults at cells, conflicts in words.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use luqu_engine::sections::Pupil;
use luqu_fixtures::{Rng, choices};

fn luqu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luqu")).args(args).output().expect("the program runs")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

fn row(pupil: &Pupil) -> String {
    format!("S01,{},{},{},{}\n", pupil.class_no, pupil.id, pupil.name, pupil.combination)
}

/// A made season with the choices of a school in it.
fn season(room: &Path, pupils: &[Pupil]) -> PathBuf {
    let season = room.join("season");
    let made = luqu(&["init", text(&season), "--demo", "60", "--seed", "5"]);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    write_choices(&season, pupils);
    season
}

fn write_choices(season: &Path, pupils: &[Pupil]) {
    let rows: String = pupils.iter().map(row).collect();
    let head = "学校代码,班级,学号,姓名,选科\n";
    fs::write(season.join("choices.csv"), format!("{head}{rows}")).expect("choices");
}

#[test]
fn the_sections_pass_the_audit_and_an_oversize_one_does_not() {
    let room = tempfile::tempdir().expect("a folder");
    let mut pupils = choices(160, 2);
    let season = season(room.path(), &pupils);
    let out = room.path().join("out");
    let run = luqu(&["sections", text(&season), "--out", text(&out), "--json"]);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let summary: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let school = &summary["schools"][0];
    assert_eq!((&summary["limit"], &school["pupils"]), (&55.into(), &160.into()));
    assert_eq!(school["sections"]["gap"], 0);
    let sections = fs::read_to_string(out.join("sections.csv")).expect("sections");
    assert_eq!(
        sections.lines().count() - 1,
        school["sections"]["value"].as_u64().expect("n") as usize
    );
    assert!(sections.starts_with("school_id,section_no,subject,size,block,room,home_class\n"));
    let list = fs::read_to_string(out.join("section_pupils.csv")).expect("a list");
    assert_eq!(list.lines().count(), 1 + 3 * 160);
    let wall = fs::read_to_string(out.join("走班名单.csv")).expect("a list");
    assert!(wall.starts_with(
        "\u{feff}学校代码,班号,报名号,姓名,选科组合,第1节段,第2节段,第3节段,走班次数\r\n"
    ));

    let file = out.join("sections.csv");
    let audit = ["audit", text(&season), "--sections", text(&file)];
    let clean = luqu(&audit);
    assert!(!String::from_utf8_lossy(&clean.stdout).contains("V19"), "{}", said(&clean));
    assert!(!said(&clean).contains("warning"), "{}", said(&clean));
    let (head, first) = sections.split_once('\n').expect("rows");
    let mut cells: Vec<&str> = first.lines().next().expect("a row").split(',').collect();
    let name = cells[1].to_owned();
    cells[3] = "56";
    fs::write(&file, format!("{head}\n{}\n", cells.join(","))).expect("a file");
    let found = luqu(&audit);
    assert_eq!(found.status.code(), Some(5), "{}", said(&found));
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(
        found.contains("V19") && found.contains(&name) && found.contains("56人，上限55人"),
        "{found}"
    );

    // The same school with its rows in another order: the same bytes.
    Rng::new(1, 1).shuffle(&mut pupils);
    write_choices(&season, &pupils);
    let again = room.path().join("again");
    assert_eq!(luqu(&["sections", text(&season), "--out", text(&again)]).status.code(), Some(0));
    for name in ["section_pupils.csv", "走班名单.csv", "summary.json"] {
        assert!(
            fs::read(out.join(name)).expect("a") == fs::read(again.join(name)).expect("b"),
            "{name}"
        );
    }
    assert_eq!(fs::read_to_string(again.join("sections.csv")).expect("sections"), sections);
    // Nobody's files are overwritten.
    assert_eq!(luqu(&["sections", text(&season), "--out", text(&season)]).status.code(), Some(2));
}

#[test]
fn faults_stand_at_their_cells() {
    let room = tempfile::tempdir().expect("a folder");
    let season = season(room.path(), &[]);
    fs::write(
        season.join("choices.csv"),
        "school_id,class_no,applicant_id,name,combination\n\
         S01,1,A,甲,physics+chemistry+biology\n\
         S01,1,A,乙,地政史\n\
         S01,,C,丙,物化生\n\
         S01,1,D,丁,物史化\n",
    )
    .expect("choices");
    fs::write(
        season.join("capacity.csv"),
        "school_id,subject,block,rooms,teachers\nS01,化学,4,,2\nS09,,,9,\nS01,美术,1,1,\nS01,物理,1,,\nS01,,,9,\nS01,,,8,\n",
    )
    .expect("capacity");
    let out = room.path().join("out");
    let run = luqu(&["sections", text(&season), "--out", text(&out)]);
    assert_eq!(run.status.code(), Some(3));
    let said = said(&run);
    for place in [
        "E201]: 主键重复\n  --> choices.csv:3:applicant_id",
        "choices.csv:4:class_no",
        "choices.csv:5:combination",
        "capacity.csv:2:block",
        "capacity.csv:3:school_id",
        "capacity.csv:4:subject",
        "capacity.csv:5:teachers",
        "capacity.csv:7:school_id",
    ] {
        assert!(said.contains(place), "{place} in {said}");
    }
    assert_eq!(said.matches("error[").count(), 8, "{said}");
    assert!(!out.exists());
    let elsewhere = room.path().join("choices.csv");
    fs::rename(season.join("choices.csv"), elsewhere).expect("moved");
    assert_eq!(luqu(&["sections", text(&season)]).status.code(), Some(1));
}

#[test]
fn a_conflict_is_told_in_words_and_nothing_is_written() {
    let room = tempfile::tempdir().expect("a folder");
    let season = season(room.path(), &choices(120, 1));
    let capacity = room.path().join("scarce.csv");
    fs::write(&capacity, "学校代码,科目,节段,教室数,教师数\nS01,物理,,,0\nS01,化学,1,,0\n")
        .expect("capacity");
    let out = room.path().join("out");
    let args = ["sections", text(&season), "--capacity", text(&capacity), "--out", text(&out)];
    let run = luqu(&args);
    assert_eq!(run.status.code(), Some(7), "{}", said(&run));
    let words = said(&run);
    assert!(words.contains("每个节段物理教师只有 0 名") && !words.contains("化学教师"), "{words}");
    assert!(words.contains("物理教师由 0 名增至") && words.contains("班额不得超过55人"), "{words}");
    assert!(!out.exists());
    let over = luqu(&["sections", text(&season), "--limit", "56"]);
    assert_eq!(over.status.code(), Some(2));
    assert!(said(&over).contains("55"), "{}", said(&over));
}

#[test]
fn a_search_out_of_time_says_so() {
    let room = tempfile::tempdir().expect("a folder");
    let season = season(room.path(), &choices(120, 1));
    let run = luqu(&["sections", text(&season), "--time", "0", "--json"]);
    match run.status.code() {
        Some(0) => {
            let summary: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
            assert_eq!(summary["schools"][0]["stopped"], true);
            assert!(said(&run).contains("搜索中止"), "{}", said(&run));
        }
        code => {
            assert_eq!(code, Some(7));
            assert!(said(&run).contains("--time"), "{}", said(&run));
        }
    }
}
