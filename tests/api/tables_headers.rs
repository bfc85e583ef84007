//! What clerks do to headers: titles above them, other delimiters, nearly the right words. All is told, with
//! what was probably meant, and nothing is repaired.

use std::path::Path;

use luqu::tables::{Located, load};
use luqu_engine::domain::Table;

use super::tables_kit::Book;

fn faults(path: &Path) -> Vec<Located> {
    let loaded = load(path, None).expect("a path that exists");
    assert!(loaded.blocked() || loaded.faults.iter().all(|f| !f.blocks()));
    loaded.faults
}

fn codes(faults: &[Located]) -> Vec<String> {
    faults.iter().map(|f| format!("{} {}", f.fault.code, f.cell)).collect()
}

#[test]
fn titles_above_the_header_are_told_and_the_rest_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut book = Book::clean();
    let title = ["2026年考生信息表", "填表单位：招办，教务"];
    book.set(Table::Applicants, 3, "total", "999");
    for (at, words) in title.iter().enumerate() {
        book.rows(Table::Applicants).insert(at, vec![(*words).to_owned()]);
    }
    book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
    let found = faults(folder.path());
    assert_eq!(codes(&found), ["E110 applicants.csv:1", "E301 applicants.csv:5:total"]);
    assert_eq!(found[0].fault.found, title[0]);
    assert!(found[0].fault.expected.contains("第 3 行"), "{}", found[0].fault.expected);
    book.write_csv(folder.path(), |t| t.replace(',', "\t").as_bytes().to_vec());
    assert_eq!(codes(&faults(folder.path()))[0], "E110 applicants.csv:1");

    let folder = tempfile::tempdir().expect("a folder");
    let path = book.write_xlsx(folder.path());
    let sheet = codes(&faults(&path));
    assert_eq!(sheet[0], "E110 考生!A1");
    assert!(sheet[1].starts_with("E301 考生!") && sheet[1].ends_with('5'), "{sheet:?}");
}

#[test]
fn more_columns_than_any_table_has_are_one_fault() {
    let mut book = Book::clean();
    for row in book.rows(Table::Applicants) {
        row.extend((0..16_000).map(|at| format!("得分{at}")));
    }
    let folder = tempfile::tempdir().expect("a folder");
    book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
    let found = faults(folder.path());
    assert_eq!(codes(&found), ["E004 applicants.csv:1"]);
    assert!(found[0].fault.expected.contains("不超过 256 列"), "{}", found[0].fault.expected);
}

#[test]
fn columns_in_one_cell_are_one_fault() {
    for mark in [";", "；", "，", "|"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut book = Book::clean();
        book.write_csv(folder.path(), |t| t.replace(',', mark).as_bytes().to_vec());
        let found = faults(folder.path());
        let tables = Table::SEASON.len();
        assert_eq!(found.len(), tables, "{mark}: {:?}", codes(&found));
        assert!(found.iter().all(|f| f.fault.code.code() == "E111"), "{:?}", codes(&found));
        assert!(found[0].fault.expected.contains(mark), "{}", found[0].fault.expected);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut book = Book::clean();
    for row in book.rows(Table::Wishes) {
        *row = vec![row.join(",")];
    }
    let path = book.write_xlsx(folder.path());
    let found = faults(&path);
    assert_eq!(codes(&found), ["E111 志愿!A1"]);
    assert!(found[0].fault.help.contains("分列"), "{}", found[0].fault.help);
}

#[test]
fn a_header_that_is_nearly_right_is_asked_about_and_not_taken() {
    for (key, written, label) in [
        ("applicant_id", "报考号", "报名号"),
        ("applicant_id", "ａｐｐｌｉｃａｎｔ＿ｉｄ", "报名号"),
        ("total", "总分（分）", "总分"),
        ("total", "考生总分", "总分"),
        ("total", "totel", "总分"),
        ("junior_id", "毕业中学代码", "毕业学校代码"),
        ("math", "数学:", "数学"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut book = Book::clean();
        book.set(Table::Applicants, 1, key, written);
        book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
        let found = faults(folder.path());
        let of = |code: &str| {
            let fault = found.iter().find(|f| f.fault.code.code() == code);
            fault.unwrap_or_else(|| panic!("{written}: {:?}", codes(&found))).fault.help.clone()
        };
        let asked = format!("是不是“{label}”");
        assert!(of("E101").contains(&asked), "{written}: {}", of("E101"));
        assert!(of("W501").contains(&asked), "{written}: {}", of("W501"));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut book = Book::clean();
    book.set(Table::Applicants, 1, "tie_class", "备注");
    book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
    let found = faults(folder.path());
    assert!(!found[0].fault.help.contains("是不是"), "{}", found[0].fault.help);
}

#[test]
fn wishes_in_both_forms_at_once_are_refused_and_none_is_lost() {
    let mut book = Book::clean();
    let rows = ["报名号,批次,志愿序号,学校代码,志愿2", "A01,key,1,G1,G2"];
    *book.rows(Table::Wishes) =
        rows.iter().map(|r| r.split(',').map(str::to_owned).collect()).collect();
    let folder = tempfile::tempdir().expect("a folder");
    book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
    let found = faults(folder.path());
    assert_eq!(codes(&found), ["E102 wishes.csv:1:position", "E102 wishes.csv:1:school_id"]);
    assert_eq!(found[0].fault.found, "志愿序号");

    let folder = tempfile::tempdir().expect("a folder");
    let path = book.write_xlsx(folder.path());
    assert_eq!(codes(&faults(&path)), ["E102 志愿!C1", "E102 志愿!D1"]);
}
