//! `luqu audit`: what it reads, what it writes and how it ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use calamine::{Data, Reader as _, Xlsx, open_workbook};
use luqu::tables::load::load;
use luqu_engine::domain::answer_csv;
use luqu_engine::placement::place;
use rust_xlsxwriter::Workbook;
use tempfile::TempDir;

const HEADER: &str =
    "code,severity,school_id,applicant_id,batch,category,found,allowed,item,detail\n";

/// A made season of sixty applicants with its own answer in `answer/`.
struct Room {
    dir: TempDir,
}

impl Room {
    fn new() -> Self {
        let room = Self { dir: tempfile::tempdir().expect("a folder") };
        let made = luqu(&["init", room.at("s").to_str().expect("utf-8"), "--demo", "60"]);
        assert_eq!(made.status.code(), Some(0));
        let season = load(&room.at("s"), None).expect("readable").season.expect("no faults");
        let answer = place(&season).expect("decided");
        fs::create_dir(room.at("answer")).expect("a folder");
        let placements = answer_csv::placements(&season, &answer);
        fs::write(room.at("answer/placements.csv"), placements).expect("written");
        room
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).expect("written");
    }

    fn audit(&self, more: &[&str]) -> Output {
        let mut args = vec!["audit".to_owned(), self.at("s").display().to_string()];
        for arg in more {
            // A name with a slash in front is a place in the room.
            args.push(match arg.strip_prefix('/') {
                Some(name) => self.at(name).display().to_string(),
                None => (*arg).to_owned(),
            });
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        luqu(&args)
    }

    /// The rows of the answer's placements that hold a seat.
    fn placed(&self) -> Vec<Vec<String>> {
        let text = fs::read_to_string(self.at("answer/placements.csv")).expect("there");
        let rows = text.lines().skip(1).map(|l| l.split(',').map(str::to_owned).collect());
        rows.filter(|r: &Vec<String>| r[1] == "placed").collect()
    }
}

fn luqu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luqu")).args(args).output().expect("the program runs")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("utf-8")
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_answer_of_its_own_season_is_clean() {
    let room = Room::new();
    let done = room.audit(&["--answer", "/answer"]);
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    assert_eq!(out(&done), HEADER);
    assert!(err(&done).contains("未发现违规"), "{}", err(&done));
    assert!(err(&done).contains("V07 违规建籍       未检查（没有学籍表）"), "{}", err(&done));
}

#[test]
fn nothing_to_audit_is_said_and_not_passed() {
    let done = Room::new().audit(&[]);
    assert_eq!(done.status.code(), Some(1));
    assert!(err(&done).contains("没有可核查的名单"), "{}", err(&done));
}

#[test]
fn tables_of_the_season_s_folder_are_found_by_their_chinese_headers() {
    let room = Room::new();
    let seat = &room.placed()[0];
    let admissions = format!(
        "报名号,学校代码,录取批次,招生类别,录取时间\n{},{},第一批（市级重点）,统招,\nX1,Y1,Z1,W1,\n",
        seat[0], seat[4]
    );
    // The clerk's spreadsheet writes GB18030.
    let (bytes, ..) = encoding_rs::GB18030.encode(&admissions);
    fs::write(room.at("s/录取名单.csv"), &bytes).expect("written");
    room.write(
        "s/registry.csv",
        &format!(
            "报名号,学籍学校代码,学籍状态\n{},{},在读\n26229999999,{},在读\n",
            seat[0], seat[4], seat[4]
        ),
    );
    let done = room.audit(&[]);
    assert_eq!(done.status.code(), Some(5), "{}", err(&done));
    let codes: Vec<String> = out(&done).lines().skip(1).map(|l| l[..3].to_owned()).collect();
    assert!(codes.contains(&"V01".to_owned()), "{codes:?}");
    assert!(codes.contains(&"V07".to_owned()), "{codes:?}");
    assert!(out(&done).contains("V01,error,Y1,X1,Z1,W1,"), "{}", out(&done));
}

#[test]
fn an_admission_without_batch_or_category_is_judged() {
    let room = Room::new();
    let seat = &room.placed()[0];
    let (who, school) = (&seat[0], &seat[4]);
    room.write("a.csv", &format!("applicant_id,school_id,batch,category\n{who},{school},,\n"));
    let done = room.audit(&["--admissions", "/a.csv"]);
    assert_eq!(done.status.code(), Some(5), "{}", err(&done));
    let told = out(&done);
    assert!(
        told.contains(&format!("V01,error,{school},{who},,,没有写明批次，没有写明类别,")),
        "{told}"
    );
    assert!(told.contains(&format!(" 录取考生 {who}：没有写明批次")), "{told}");
}

#[test]
fn an_outcome_that_means_nothing_loses_no_admission() {
    let room = Room::new();
    let seat = &room.placed()[0];
    let line = |outcome: &str| {
        format!(
            "applicant_id,school_id,batch,category,录取结果\n{},{},{},{},{outcome}\n",
            seat[0], seat[4], seat[2], seat[5]
        )
    };
    for (outcome, judged) in [("录取", "录取 1 条"), ("", "录取 1 条"), ("未录取", "录取 0 条")]
    {
        room.write("a.csv", &line(outcome));
        let done = room.audit(&["--admissions", "/a.csv"]);
        assert!(err(&done).contains(judged), "{outcome}: {}", err(&done));
    }
    room.write("a.csv", &line("拟录取"));
    let done = room.audit(&["--admissions", "/a.csv"]);
    assert_eq!(done.status.code(), Some(3), "{}", err(&done));
    assert!(err(&done).contains("a.csv:2:outcome"), "{}", err(&done));
}

#[test]
fn a_cell_that_cannot_be_read_stops_the_audit() {
    let room = Room::new();
    room.write("r.csv", "applicant_id,school_id,opened_on\n1,G0001,2026-08-20\n2,G0001,八月\n");
    let done = room.audit(&["--answer", "/answer", "--registry", "/r.csv"]);
    assert_eq!(done.status.code(), Some(3));
    assert_eq!(out(&done), "");
    assert!(err(&done).contains("r.csv:3:opened_on"), "{}", err(&done));

    room.write("r.csv", "applicant_id,opened_on\n1,2026-08-20\n");
    let done = room.audit(&["--answer", "/answer", "--registry", "/r.csv"]);
    assert_eq!(done.status.code(), Some(3));
    assert!(err(&done).contains("E101"), "{}", err(&done));
}

/// The table of a season's folder with one cell of one row put otherwise.
fn put(file: &Path, row: usize, column: &str, value: &str) {
    let text = fs::read_to_string(file).expect("there");
    let mut rows: Vec<Vec<&str>> = text.lines().map(|l| l.split(',').collect()).collect();
    let place = rows[0].iter().position(|h| *h == column).expect("a column");
    rows[row - 1][place] = value;
    let lines: Vec<String> = rows.iter().map(|r| r.join(",")).collect();
    fs::write(file, lines.join("\n") + "\n").expect("written");
}

#[test]
fn an_unlawful_plan_is_judged_and_no_obstacle() {
    let room = Room::new();
    let seat = &room.placed()[0];
    let plan = fs::read_to_string(room.at("s/plan.csv")).expect("there");
    let used = |line: &&str| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[0], cells[1], cells[2]) == (&*seat[4], &*seat[2], &*seat[5])
    };
    let row = plan.lines().position(|l| used(&l)).expect("a plan line") + 1;
    let schools = fs::read_to_string(room.at("s/schools.csv")).expect("there");
    let school = schools.lines().position(|l| l.starts_with(&seat[4])).expect("the school") + 1;
    let check = || luqu(&["check", room.at("s").to_str().expect("utf-8")]).status.code();

    for (file, row, column, value, code, rule) in [
        ("plan", row, "classes", "0", "E303", "V14,warning"),
        ("plan", row, "document", "", "E302", "V01,error"),
        ("schools", school, "enrolled", "3000", "E305", "V15,error"),
    ] {
        let path = room.at(&format!("s/{file}.csv"));
        let lawful = fs::read_to_string(&path).expect("there");
        put(&path, row, column, value);
        if file == "schools" {
            put(&path, row, "is_new", "yes");
        }
        assert_eq!(check(), Some(3), "{code} blocks everywhere else");
        let done = room.audit(&["--answer", "/answer"]);
        assert_eq!(done.status.code(), Some(5), "{}", err(&done));
        assert!(err(&done).contains(&format!("warning[{code}]")), "{code}: {}", err(&done));
        assert!(out(&done).contains(&format!("{rule},{}", seat[4])), "{code}: {}", out(&done));
        fs::write(&path, lawful).expect("written");
    }

    // A plan line that the office's own plan does not have: its wishes and admissions are what is judged.
    let mut lines: Vec<&str> = plan.lines().collect();
    lines.remove(row - 1);
    fs::write(room.at("s/plan.csv"), lines.join("\n") + "\n").expect("written");
    assert_eq!(check(), Some(3));
    let done = room.audit(&["--answer", "/answer"]);
    assert_eq!(done.status.code(), Some(5), "{}", err(&done));
    assert!(out(&done).contains(&format!("V01,error,{},{}", seat[4], seat[0])), "{}", out(&done));
    // What cannot be understood stops an audit as it stops everything.
    fs::write(room.at("s/plan.csv"), plan.replacen("unified", "unifed", 1)).expect("written");
    assert_eq!(room.audit(&["--answer", "/answer"]).status.code(), Some(3));
}

#[test]
fn a_line_written_twice_is_one_admission_and_a_warning() {
    let room = Room::new();
    let seat = &room.placed()[0];
    let line = format!("{},{},{},{}\n", seat[0], seat[4], seat[2], seat[5]);
    room.write("a.csv", &format!("applicant_id,school_id,batch,category\n{line}{line}"));
    let done = room.audit(&["--admissions", "/a.csv"]);
    assert!(err(&done).contains("a.csv:3:applicant_id"), "{}", err(&done));
    assert!(!out(&done).contains("V05"), "{}", out(&done));
}

#[test]
fn older_large_classes_warn_and_new_ones_do_not_pass() {
    let room = Room::new();
    room.write("c.csv", "school_id,grade,class_no,size\nG0001,高二,1,56\nG0001,高一,1,55\n");
    let done = room.audit(&["--classes", "/c.csv"]);
    assert_eq!(done.status.code(), Some(5));
    assert!(out(&done).contains("V14,warning,G0001,"), "{}", out(&done));
    room.write("c.csv", "school_id,grade,class_no,size\nG0001,高一,1,56\n");
    let done = room.audit(&["--classes", "/c.csv"]);
    assert_eq!(done.status.code(), Some(5));
    assert!(out(&done).contains(",56,55,4,"), "{}", out(&done));
}

#[test]
fn json_is_an_array_of_the_same_columns() {
    let room = Room::new();
    room.write("c.csv", "school_id,grade,class_no,size\nG0001,高一,1,60\n");
    let done = room.audit(&["--classes", "/c.csv", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&out(&done)).expect("JSON");
    let keys: Vec<&String> = value[0].as_object().expect("an object").keys().collect();
    assert_eq!(keys.len(), 10);
    assert_eq!(value[0]["found"], "60");
}

#[test]
fn the_three_files_say_the_same_and_run_nothing() {
    let room = Room::new();
    let (seat, trick) = (&room.placed()[0], "<script>alert(1)</script>");
    room.write(
        "a.csv",
        &format!(
            "applicant_id,school_id,batch,category\n0012,{},{},{}\n",
            seat[4], seat[2], seat[5]
        ),
    );
    room.write("c.csv", &format!("school_id,grade,class_no,size\nG0001,{trick},1,70\n"));
    let done = room.audit(&["--admissions", "/a.csv", "--classes", "/c.csv", "--out", "/o"]);
    assert_eq!(done.status.code(), Some(5), "{}", err(&done));
    assert_eq!(out(&done), "");
    let mut names: Vec<String> = fs::read_dir(room.at("o"))
        .expect("made")
        .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["violations.csv", "violations.html", "violations.xlsx"]);

    let csv = fs::read_to_string(room.at("o/violations.csv")).expect("there");
    assert!(csv.starts_with(HEADER) && !csv.contains('\r'));
    let rows = csv.lines().count() - 1;

    let html = fs::read_to_string(room.at("o/violations.html")).expect("there");
    assert!(!html.contains(trick) && html.contains("&lt;script&gt;"));
    for outside in ["<script", "http://", "https://", "src=", "@import", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert_eq!(html.matches("<td class=\"error\">●").count(), rows);
    assert!(html.contains("<html lang=\"zh-CN\">") && html.contains("<thead>"));
    assert!(html.contains("严禁无计划招生、超计划招生和提前招生"));

    assert_eq!(cell(&room.at("o/violations.xlsx"), "V01", 5, 3), Data::String("0012".into()));
    assert_eq!(cell(&room.at("o/violations.xlsx"), "总表", 4, 0), Data::String("V01".into()));
}

fn cell(book: &Path, sheet: &str, row: u32, column: u32) -> Data {
    let mut book: Xlsx<_> = open_workbook(book).expect("a workbook");
    let range = book.worksheet_range(sheet).expect("the sheet");
    range.get_value((row, column)).cloned().unwrap_or_default()
}

#[test]
fn a_list_may_be_a_sheet_of_a_workbook() {
    let room = Room::new();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("行政班").expect("a name");
    for (row, line) in
        [["学校代码", "年级", "班号", "人数"], ["G0001", "高一", "2", "57"]].iter().enumerate()
    {
        for (column, text) in line.iter().enumerate() {
            let at = (u32::try_from(row).expect("small"), u16::try_from(column).expect("small"));
            sheet.write_string(at.0, at.1, *text).expect("written");
        }
    }
    book.save(room.at("lists.xlsx")).expect("saved");
    let done = room.audit(&["--classes", "/lists.xlsx"]);
    assert_eq!(done.status.code(), Some(5), "{}", err(&done));
    assert!(out(&done).contains("高一(2)班 57人，上限55人"), "{}", out(&done));
    let done = room.audit(&["--registry", "/lists.xlsx"]);
    assert_eq!(done.status.code(), Some(2), "the sheet asked for is not in it: {}", err(&done));
}

#[test]
fn a_seal_holds_until_something_is_changed() {
    let room = Room::new();
    let season = room.at("s").display().to_string();
    let answer = room.at("sealed").display().to_string();
    let placed = luqu(&["place", &season, "--out", &answer]);
    assert_eq!(placed.status.code(), Some(0), "{}", err(&placed));
    let audit = || room.audit(&["--answer", "/sealed", "--sealed", "/sealed/certificate.json"]);
    let done = audit();
    assert_eq!((done.status.code(), out(&done).as_str()), (Some(0), HEADER), "{}", err(&done));

    let cutoffs = room.at("sealed/cutoffs.csv");
    let text = fs::read_to_string(&cutoffs).expect("there");
    fs::write(&cutoffs, text.replacen("yes", "no", 1)).expect("written");
    let done = audit();
    assert_eq!(done.status.code(), Some(5));
    assert!(out(&done).contains("V17,error,,,,,"), "{}", out(&done));
    assert!(out(&done).contains("cutoffs.csv 与封存时不同"), "{}", out(&done));

    fs::write(&cutoffs, text).expect("written");
    let plan = fs::read_to_string(room.at("s/plan.csv")).expect("there");
    fs::write(room.at("s/plan.csv"), plan.replacen("〔2026〕1号", "〔2026〕9号", 1))
        .expect("written");
    let done = audit();
    assert!(out(&done).contains("plan 与封存时不同"), "{}", out(&done));
    assert_eq!(out(&done).lines().count(), 2, "nothing else was changed: {}", out(&done));
}

#[test]
fn reports_mix_with_nobodys_files() {
    let room = Room::new();
    fs::create_dir(room.at("mine")).expect("a folder");
    room.write("mine/notes.txt", "mine");
    for dir in ["/s", "/mine", "/answer"] {
        let done = room.audit(&["--answer", "/answer", "--out", dir]);
        assert_eq!(done.status.code(), Some(2), "{dir}: {}", err(&done));
    }
    assert!(!room.at("s/violations.csv").exists() && !room.at("mine/violations.csv").exists());
    for _ in 0..2 {
        let done = room.audit(&["--answer", "/answer", "--out", "/o"]);
        assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    }
}
