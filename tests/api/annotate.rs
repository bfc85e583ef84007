//! `luqu check --annotate`: the clerk's tables back, marked, and readable again.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use luqu::tables::{annotate, load};

fn luqu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luqu")).args(args).output().expect("the program runs")
}

fn path(dir: &Path, more: &str) -> String {
    dir.join(more).to_string_lossy().into_owned()
}

/// A part of a workbook as text.
fn part(book: &[u8], name: &str) -> String {
    use std::io::Read as _;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(book)).expect("a workbook");
    let mut text = String::new();
    archive.by_name(name).expect("the part").read_to_string(&mut text).expect("text");
    text
}

#[test]
fn faulty_cells_come_back_marked_and_listed() {
    let room = tempfile::tempdir().expect("a folder");
    let season = path(room.path(), "season");
    assert!(luqu(&["init", &season, "--demo", "60", "--seed", "2"]).status.success());
    let file = room.path().join("season/applicants.csv");
    let text = fs::read_to_string(&file).expect("a file");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut cells: Vec<&str> = lines[4].split(',').collect();
    // The identity number and the name of the applicant on line 5.
    (cells[1], cells[3]) = ("", "5.00222E+17");
    lines[4] = cells.join(",");
    fs::write(&file, lines.join("\n")).expect("a file");

    assert!(luqu(&["init", &path(room.path(), "t")]).status.success());
    let out = path(room.path(), "marked.xlsx");
    let run = luqu(&["check", &season, "--annotate", &out]);
    assert_eq!(run.status.code(), Some(3));
    let book = fs::read(&out).expect("a workbook");
    let names = part(&book, "xl/workbook.xml");
    for name in ["错误清单", "学校", "招生计划", "考生", "志愿"] {
        assert!(names.contains(&format!("name=\"{name}\"")), "{name}");
    }
    let list = part(&book, "xl/worksheets/sheet1.xml");
    assert!(list.contains("location=\"'考生'!B5\"") && list.contains("location=\"'考生'!D5\""));
    assert!(list.contains("E103") && list.contains("E104"));
    let notes = part(&book, "xl/comments1.xml");
    assert!(notes.contains("ref=\"B5\"") && notes.contains("ref=\"D5\""), "{notes}");
    let heads = notes.matches("<comment ").count() - 2;
    assert_eq!(notes.matches("列名也可写").count(), heads, "a note on every header besides");

    // What the template has: words, codes, lists to choose from, text columns, a header in sight.
    for name in ["说明", "代码表"] {
        assert!(names.contains(&format!("name=\"{name}\"")), "{name}");
    }
    let sheet = (1..).find_map(|n| {
        let text = part(&book, &format!("xl/worksheets/sheet{n}.xml"));
        text.contains("5.00222E+17").then_some(text).filter(|t| !t.contains("E104"))
    });
    let sheet = sheet.expect("the sheet of the applicants");
    let template = fs::read(room.path().join("t/season.xlsx")).expect("the template");
    let blank = part(&template, "xl/worksheets/sheet6.xml");
    let rules = |text: &str| -> std::collections::BTreeSet<String> {
        let rules = text.split("<dataValidation ").skip(1);
        rules.map(|r| r.split("sqref").next().unwrap_or_default().to_owned()).collect()
    };
    assert!(rules(&blank).len() > 5);
    assert_eq!(rules(&sheet), rules(&blank), "the rules of the template's 考生");
    assert!(sheet.contains("ySplit=\"1\"") && sheet.contains("state=\"frozen\""));

    // What exists is not overwritten unasked, and nothing goes into the season.
    assert_eq!(luqu(&["check", &season, "--annotate", &out]).status.code(), Some(2));
    let forced = luqu(&["check", &season, "--annotate", &out, "--force"]);
    assert_eq!(forced.status.code(), Some(3));
    let inside = path(room.path(), "season/marked.xlsx");
    assert_eq!(luqu(&["check", &season, "--annotate", &inside]).status.code(), Some(2));
    assert!(!Path::new(&inside).exists());
}

#[test]
fn a_marked_workbook_is_read_back_with_the_same_faults() {
    let room = tempfile::tempdir().expect("a folder");
    let season = path(room.path(), "season");
    assert!(luqu(&["init", &season, "--demo", "80", "--seed", "4"]).status.success());
    let file = room.path().join("season/applicants.csv");
    let text = fs::read_to_string(&file).expect("a file");
    fs::write(&file, text.replacen(",yes,", ",perhaps,", 3)).expect("a file");
    let before = load(Path::new(&season), None).expect("a season");
    assert!(before.blocked());

    let again = room.path().join("again");
    fs::create_dir(&again).expect("a folder");
    fs::copy(room.path().join("season/policy.toml"), again.join("policy.toml")).expect("copied");
    let book = annotate::workbook(Path::new(&season), &before).expect("a workbook");
    fs::write(again.join("marked.xlsx"), book).expect("a file");
    let after = load(&again, None).expect("a season");
    let told = |loaded: &load::Loaded| -> Vec<_> {
        loaded
            .faults
            .iter()
            .map(|f| (f.fault.code, f.fault.row, f.fault.column.clone(), f.fault.found.clone()))
            .collect()
    };
    assert_eq!(told(&after), told(&before));
    assert_eq!(after.counts, before.counts);
}
