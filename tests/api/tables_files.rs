//! Faults of files as a whole, of the policy file, and the words and exit codes of `luqu check`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use luqu::tables::load;
use luqu_engine::domain::Table;

use super::tables_kit::Book;

fn clean() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Book::clean().write_csv(folder.path(), |t| t.as_bytes().to_vec());
    folder
}

fn faults(folder: &Path) -> Vec<String> {
    let loaded = load(folder, None).expect("a folder");
    loaded.faults.iter().map(|f| format!("{} {}", f.fault.code, f.cell)).collect()
}

#[test]
fn missing_doubled_and_foreign_files() {
    let folder = clean();
    let at = |name: &str| folder.path().join(name);
    for optional in ["graduates", "special_scores", "restrictions", "tie_decisions"] {
        fs::remove_file(at(&format!("{optional}.csv"))).expect("the file is there");
    }
    // The sports wish names an applicant without a score: lawful, she is just not eligible.
    assert_eq!(faults(folder.path()), Vec::<String>::new());

    fs::write(at("notes.csv"), "a,b\n").expect("a writable folder");
    fs::write(at("placements.csv"), "a,b\n").expect("a writable folder");
    fs::write(at("~$season.xlsx"), "lock").expect("a writable folder");
    assert_eq!(faults(folder.path()), ["W502 notes.csv"]);
    fs::remove_file(at("notes.csv")).expect("the file is there");

    fs::write(at("考生.csv"), "a,b\n").expect("a writable folder");
    assert_eq!(faults(folder.path()), ["E005 考生.csv"]);
    fs::remove_file(at("考生.csv")).expect("the file is there");

    let mut sheet = Book::clean();
    sheet.tables.retain(|(t, _)| *t == Table::Plan);
    sheet.write_xlsx(folder.path());
    assert_eq!(faults(folder.path()), ["E005 招生计划"]);
    fs::copy(at("season.xlsx"), at("copy.xlsx")).expect("a writable folder");
    assert_eq!(faults(folder.path()), ["E005 season.xlsx"]);
    fs::remove_file(at("copy.xlsx")).expect("the file is there");
    fs::remove_file(at("season.xlsx")).expect("the file is there");

    fs::remove_file(at("plan.csv")).expect("the file is there");
    fs::remove_file(at("policy.toml")).expect("the file is there");
    assert_eq!(faults(folder.path()), ["E001 policy.toml", "E001 plan.csv"]);
}

#[test]
fn a_seed_that_everybody_knows_is_warned_of_unless_another_is_given() {
    let folder = clean();
    let path = folder.path().join("policy.toml");
    let text = fs::read_to_string(&path).expect("a policy");
    fs::write(&path, text.replace("drawn in public", "published after wishes close"))
        .expect("a file");
    assert_eq!(faults(folder.path()), ["W510 policy.toml"]);
    let loaded = load(folder.path(), Some("drawn in public")).expect("a folder");
    assert!(loaded.faults.is_empty() && loaded.season.is_some());
}

#[test]
fn what_is_no_table() {
    let ole = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, 0, 0];
    let gb = encoding_rs::GB18030.encode("报名号,姓名\n").0.into_owned();
    let cases: &[(&str, &[u8], &str)] = &[
        ("applicants.csv", b"a,b\0c\n", "E003 applicants.csv"),
        ("applicants.csv", b"PK\x03\x04\x14\0", "E003 applicants.csv"),
        ("applicants.csv", &ole, "E002 applicants.csv"),
        ("applicants.csv", b"name\n\xff\xff\n", "E006 applicants.csv"),
        ("applicants.csv", &[&gb[..], b"\xff\n"].concat(), "E006 applicants.csv"),
        ("old.xls", &ole, "E002 old.xls"),
        ("new.xlsx", &ole, "E002 new.xlsx"),
        ("new.xlsx", b"<html></html>", "E003 new.xlsx"),
        ("new.xlsx", b"", "E003 new.xlsx"),
    ];
    for (name, bytes, expected) in cases {
        let folder = clean();
        fs::write(folder.path().join(name), bytes).expect("a writable folder");
        assert_eq!(faults(folder.path()), [*expected], "{name}");
    }
    let folder = clean();
    let mut book = Book::clean();
    let open = book.csv(Table::Wishes).replace("A03,", "\"A03,");
    fs::write(folder.path().join("wishes.csv"), open).expect("a writable folder");
    assert_eq!(faults(folder.path()), ["E003 wishes.csv:6"]);
    let long = book.csv(Table::Wishes) + &"x".repeat(1 << 21);
    fs::write(folder.path().join("wishes.csv"), long).expect("a writable folder");
    assert_eq!(faults(folder.path()), ["E003 wishes.csv:8"]);
}

#[test]
fn an_empty_table_is_one_fault() {
    let folder = clean();
    for empty in ["", "\u{feff}", "\n\r\n\n", "\u{feff} ,,\n,,\n", "\"\",\"\"\n"] {
        for (file, label) in [("wishes", "志愿"), ("tie_decisions", "同分裁定")] {
            let path = folder.path().join(format!("{file}.csv"));
            let full = fs::read(&path).expect("the file is there");
            fs::write(&path, empty).expect("a writable folder");
            assert_eq!(faults(folder.path()), [format!("E007 {file}.csv")], "{empty:?}");
            let told = &load(folder.path(), None).expect("a folder").faults[0];
            assert!(told.fault.help.contains(label), "{}", told.fault.help);
            fs::write(&path, full).expect("a writable folder");
        }
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut book = Book::clean();
    book.rows(Table::Wishes).clear();
    book.rows(Table::TieDecisions).clear();
    book.write_xlsx(folder.path());
    assert_eq!(faults(folder.path()), ["E007 志愿"], "the template leaves tables empty");
}

#[test]
fn a_composite_of_other_than_a_hundred_parts_is_asked_about() {
    let folder = clean();
    let path = folder.path().join("policy.toml");
    let text = fs::read_to_string(&path).expect("a policy");
    fs::write(&path, text.replace("special_pct = 60", "special_pct = 70")).expect("a file");
    let loaded = load(folder.path(), None).expect("a folder");
    assert_eq!(faults(folder.path()), ["W515 policy.toml"]);
    assert_eq!(loaded.faults[0].found(), "40 + 70");
    assert!(loaded.season.is_some());
}

#[test]
fn a_refused_policy_hides_no_fault_of_the_tables() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut book = Book::clean();
    book.policy = book.policy.replace(
        "priority = [\"total\", \"tie_class\", \"chinese\", \"lottery\"]",
        "priority = [\"total\"]",
    );
    book.set(Table::Applicants, 3, "fresh", "maybe");
    book.set(Table::Plan, 2, "seats", "");
    book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
    let line = book.policy.lines().position(|l| l == "priority = [\"total\"]").expect("it") + 1;
    let found = faults(folder.path());
    assert_eq!(found, [format!("E402 policy.toml:{line}"), "E106 applicants.csv:3:fresh".into()]);

    book.policy = "season = 3\n[[subjects]\n".to_owned();
    book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
    let found = faults(folder.path());
    assert_eq!(found, ["E401 policy.toml:2", "E106 applicants.csv:3:fresh"]);

    for deep in ["a = ".to_owned() + &"[".repeat(100_000), "a.".repeat(100_000) + "a = 1"] {
        fs::write(folder.path().join("policy.toml"), deep).expect("a writable folder");
        let loaded = load(folder.path(), None).expect("a folder");
        assert_eq!(loaded.faults[0].fault.code.code(), "E401");
        assert!(loaded.faults[0].fault.expected.len() < 1_000, "nobody reads a whole page");
    }
}

#[test]
fn what_no_rule_reads_is_asked_about() {
    let folder = clean();
    let add = |name: &str, line: &str| {
        let path = folder.path().join(name);
        let text = fs::read_to_string(&path).expect("the file is there");
        fs::write(path, format!("{text}{line}\n")).expect("a writable folder");
    };
    // A category that has no test, where another was meant; lots decide in this batch.
    add("special_scores.csv", "A03,unified,,80,yes,");
    add("tie_decisions.csv", "key,A03,1,裁定2号");
    add("tie_decisions.csv", "key,A04,2,裁定2号");
    let found = faults(folder.path());
    assert_eq!(found, ["W516 special_scores.csv:3:category", "W517 tie_decisions.csv:3:batch"]);
}

fn check(path: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luqu"))
        .arg("check")
        .arg(path)
        .args(more)
        .output()
        .expect("the program runs")
}

#[test]
fn check_prints_like_a_compiler() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut book = Book::clean();
    book.write_xlsx(folder.path());
    let out = check(folder.path(), &[]);
    assert_eq!(out.status.code(), Some(0));
    assert!(out.stdout.is_empty());
    assert!(String::from_utf8_lossy(&out.stderr).contains("没有错误"));

    book.set(Table::Applicants, 3, "id_number", "110105194912310021");
    book.set(Table::Applicants, 4, "name", "");
    book.set(Table::Applicants, 1, "tie_class", "备注");
    book.write_xlsx(folder.path());
    let out = check(folder.path(), &[]);
    assert_eq!(out.status.code(), Some(3));
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    let expected = "\
error[E105]: 证件号码有误
  --> season.xlsx › 考生!D3   值 110105********0021
  = 末位校验码（GB 11643）与前 17 位不符
  help: 对照证件核对；录入有一位错误或两位颠倒
error[E103]: 缺少必填值
  --> season.xlsx › 考生!B4
  = “姓名”不能空白
  help: 请补填
warning[W501]: 未知的列，已忽略
  --> season.xlsx › 考生!P1   值 备注
  = 约定的列名
  help: 如需导入，请改用模板中的列名
";
    assert_eq!(text, expected, "no colour in a pipe");
    let talk = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(talk.contains("2 处错误，1 处提醒"), "{talk}");

    let out = check(folder.path(), &["--max", "1"]);
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    assert!(
        text.contains("E105") && !text.contains("E103") && text.contains("另有 2 处"),
        "{text}"
    );

    let out = check(folder.path(), &["--json"]);
    assert_eq!(out.status.code(), Some(3));
    let list: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(list.as_array().map(Vec::len), Some(3));
    assert_eq!(list[1]["code"], "E105");
    assert_eq!(list[1]["severity"], "error");
    assert_eq!(list[1]["file"], "season.xlsx");
    assert_eq!(list[1]["table"], "applicants");
    assert_eq!(list[1]["row"], 3);
    assert_eq!(list[1]["column"], "id_number");
    assert_eq!(list[1]["cell"], "考生!D3");
    assert_eq!(list[1]["found"], "110105********0021");
}

#[test]
fn check_fails_where_there_is_nothing_to_check() {
    let folder = clean();
    assert_eq!(check(&folder.path().join("nowhere"), &[]).status.code(), Some(1));
    assert_eq!(check(&folder.path().join("plan.csv"), &[]).status.code(), Some(2));
    assert_eq!(check(folder.path(), &["--seed", "another"]).status.code(), Some(0));
    let ole = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    fs::write(folder.path().join("old.xls"), ole).expect("a writable folder");
    let out = check(&folder.path().join("old.xls"), &[]);
    assert_eq!(out.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&out.stdout).contains("另存为 .xlsx"));
}
