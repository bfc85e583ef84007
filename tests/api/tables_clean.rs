//! One season in every lawful dress is one season.

use std::fs;
use std::path::Path;

use encoding_rs::GB18030;
use luqu::tables::columns::columns;
use luqu::tables::load;
use luqu_engine::domain::Table;
use proptest::prelude::*;

use super::tables_kit::Book;

/// The season in full, as its debug print; the codes of its faults.
fn season(path: &Path) -> (String, Vec<String>) {
    let loaded = load(path, None).expect("a path that exists");
    let faults = loaded.faults.iter().map(|f| format!("{} {}", f.fault.code, f.cell)).collect();
    (loaded.season.map(|s| format!("{s:?}")).unwrap_or_default(), faults)
}

fn reference() -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Book::clean().write_csv(folder.path(), |t| t.as_bytes().to_vec());
    let (season, faults) = season(folder.path());
    assert_eq!(faults, Vec::<String>::new());
    assert!(season.contains("欧阳青"));
    season
}

fn same_in_csv(name: &str, book: &mut Book, encode: impl Fn(&str) -> Vec<u8>, warnings: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    book.write_csv(folder.path(), encode);
    let (season, faults) = season(folder.path());
    assert_eq!(faults, warnings, "{name}");
    assert_eq!(season, reference(), "{name}");
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
}

#[test]
fn encodings_and_line_ends() {
    let plain = |t: &str| t.as_bytes().to_vec();
    let mut book = Book::clean();
    same_in_csv("utf-8", &mut book, plain, &[]);
    same_in_csv("byte order mark", &mut book, |t| plain(&format!("\u{feff}{t}")), &[]);
    same_in_csv("gb18030", &mut book, |t| GB18030.encode(t).0.into_owned(), &[]);
    same_in_csv("utf-16 little", &mut book, |t| utf16(t, false), &[]);
    same_in_csv("utf-16 big", &mut book, |t| utf16(t, true), &[]);
    same_in_csv("tabs of a spreadsheet", &mut book, |t| utf16(&t.replace(',', "\t"), false), &[]);
    same_in_csv("crlf", &mut book, |t| plain(&t.replace('\n', "\r\n")), &[]);
    same_in_csv("no last line end", &mut book, |t| plain(t.trim_end()), &[]);
    same_in_csv("blank lines", &mut book, |t| plain(&t.replace('\n', "\n\n,,,,\n")), &[]);
    let blank = ",,,,,\n".repeat(500);
    same_in_csv("500 blank rows", &mut book, |t| plain(&format!("{t}{blank}")), &[]);
    let quoted = |t: &str| {
        let line =
            |l: &str| l.split(',').map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(",") + "\n";
        plain(&t.lines().map(line).collect::<String>())
    };
    same_in_csv("quotes", &mut book, quoted, &[]);
}

#[test]
fn headers_in_any_words_and_order() {
    let plain = |t: &str| t.as_bytes().to_vec();
    let mut chinese = Book::clean();
    let mut aliases = Book::clean();
    let mut capitals = Book::clean();
    for table in Table::SEASON {
        for column in columns(table) {
            let at = chinese.rows(table)[0].iter().position(|h| h == column.key);
            let Some(at) = at else { continue };
            chinese.rows(table)[0][at] = format!("\u{3000}{}＊ ", column.label);
            if let Some(alias) = column.aliases.last() {
                aliases.rows(table)[0][at] = (*alias).to_owned();
            }
            capitals.rows(table)[0][at] = format!("*{}", column.key.to_uppercase());
        }
    }
    for book in [&mut chinese, &mut aliases] {
        let math = book.column(Table::Applicants, "math");
        book.rows(Table::Applicants)[0][math] = "数 学".to_owned();
    }
    same_in_csv("labels", &mut chinese, plain, &[]);
    same_in_csv("aliases", &mut aliases, plain, &[]);
    same_in_csv("capitals", &mut capitals, plain, &[]);

    let mut turned = Book::clean();
    for (_, rows) in &mut turned.tables {
        rows.iter_mut().for_each(|row| row.reverse());
    }
    same_in_csv("columns turned round", &mut turned, plain, &[]);

    let mut more = Book::clean();
    for row in more.rows(Table::Applicants) {
        row.insert(0, "备注".to_owned());
    }
    same_in_csv("another column", &mut more, plain, &["W501 applicants.csv:1:备注"]);
}

#[test]
fn values_in_any_words() {
    let mut book = Book::clean();
    for (table, from, to) in [
        (Table::Wishes, "key", "第一批"),
        (Table::Wishes, "unified", "统招"),
        (Table::Plan, "quota", "指标到校"),
        (Table::Schools, "senior", "高中"),
        (Table::Schools, "public", "公办"),
        (Table::Applicants, "yes", "是"),
        (Table::Applicants, "no", "N"),
        (Table::Applicants, "F", "女"),
        (Table::Applicants, "B", "良好"),
        (Table::Applicants, "2023-09", "2023/9/1"),
        (Table::Restrictions, "quota_ineligible", "无指标资格"),
        (Table::SpecialScores, "2026-05-10", "2026/5/10"),
        (Table::Wishes, "G1", "\u{a0}\u{3000}G1 "),
    ] {
        for cell in book.rows(table).iter_mut().skip(1).flatten().filter(|c| *c == from) {
            *cell = to.to_owned();
        }
    }
    same_in_csv("words", &mut book, |t| t.as_bytes().to_vec(), &[]);
}

#[test]
fn wishes_beside_each_other() {
    let mut book = Book::clean();
    let mut rows = vec!["报名号,批次,志愿1,志愿2,类别,服从调剂"];
    rows.extend(["A02,early,G2,,sports,", "A03,key,G2,,,yes", "A04,key,G1,,,"]);
    rows.extend(["A01,第一批,G1,G2,,no", "A02,key,G1,,quota,"]);
    *book.rows(Table::Wishes) =
        rows.iter().map(|r| r.split(',').map(str::to_owned).collect()).collect();
    let mut narrow = Book::clean();
    narrow.set(Table::Wishes, 3, "category", "");
    // The row's tick for adjustment counts for all its wishes.
    narrow.set(Table::Wishes, 3, "adjust", "no");
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    book.write_csv(folders[0].path(), |t| t.as_bytes().to_vec());
    narrow.write_csv(folders[1].path(), |t| t.as_bytes().to_vec());
    let [wide, narrow] = folders.map(|f| season(f.path()));
    assert_eq!(wide.1, Vec::<String>::new());
    assert_eq!(wide.0, narrow.0);

    book.set(Table::Wishes, 5, "志愿2", "G9");
    let folder = tempfile::tempdir().expect("a temporary folder");
    book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
    assert_eq!(season(folder.path()).1, ["E202 wishes.csv:5:wish_2"]);
    fs::remove_file(folder.path().join("wishes.csv")).expect("the file is there");
    fs::write(folder.path().join("志愿.csv"), book.csv(Table::Wishes)).expect("a writable folder");
    assert_eq!(season(folder.path()).1, ["E202 志愿.csv:5:wish_2"]);
}

#[test]
fn what_a_row_of_wishes_repeats_is_told_once_wherever_its_first_wish_stands() {
    let found = |row: &str| {
        let mut book = Book::clean();
        let rows = ["报名号,批次,志愿1,志愿2,志愿3,类别", "A03,key,,,G2,", row];
        *book.rows(Table::Wishes) =
            rows.iter().map(|r| r.split(',').map(str::to_owned).collect()).collect();
        let folder = tempfile::tempdir().expect("a temporary folder");
        book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
        season(folder.path()).1
    };
    assert_eq!(found("A04,key,,G1,,"), Vec::<String>::new());
    assert_eq!(found("A04,nokey,,G1,,"), ["E202 wishes.csv:3:batch"]);
    assert_eq!(found("A04,nokey,G2,G1,,"), ["E202 wishes.csv:3:batch"]);
    assert_eq!(found("A04,key,G2,G1,,none"), ["E202 wishes.csv:3:category"]);
    assert_eq!(found("A99,key,G2,G1,,"), ["E202 wishes.csv:3:applicant_id"]);
    // The same wish again, in the column that has it.
    assert_eq!(found("A03,key,,,G1,"), ["E201 wishes.csv:3:wish_3"]);
}

#[test]
fn full_width_digits_are_told_apart_from_plain_ones() {
    for (key, value, code) in [
        ("junior_id", "Ｊ1", "E202"),
        ("math", "１20", "E106"),
        ("junior_since", "2023－09", "E106"),
    ] {
        let mut book = Book::clean();
        book.set(Table::Applicants, 2, key, value);
        let folder = tempfile::tempdir().expect("a temporary folder");
        book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
        let loaded = load(folder.path(), None).expect("a folder");
        let [fault] = loaded.faults.as_slice() else { panic!("{:?}", loaded.faults) };
        assert_eq!(fault.fault.code.code(), code);
        assert!(fault.fault.help.starts_with("其中有全角字符，请改为半角"), "{key}");
    }
}

#[test]
fn a_workbook_is_the_same_season() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut book = Book::clean();
    let path = book.write_xlsx(folder.path());
    assert_eq!(season(folder.path()), (reference(), vec![]));
    assert_eq!(season(&path), (reference(), vec![]));

    // Part of the tables as CSV beside the workbook.
    let wishes = book.csv(Table::Wishes);
    book.tables.retain(|(t, _)| *t != Table::Wishes);
    book.write_xlsx(folder.path());
    fs::write(folder.path().join("wishes.csv"), wishes).expect("a writable folder");
    assert_eq!(season(folder.path()), (reference(), vec![]));
}

#[test]
fn dates_formulas_and_errors_of_a_spreadsheet() {
    use rust_xlsxwriter::{Format, Formula, Workbook};
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut book = Book::clean();
    let applicants = book.rows(Table::Applicants).clone();
    book.tables.retain(|(t, _)| *t != Table::Applicants);
    book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("applicants").expect("a sheet name");
    for (r, row) in (0u32..).zip(&applicants) {
        for (c, cell) in (0u16..).zip(row) {
            sheet.write_string(r, c, cell).expect("a cell");
        }
    }
    let (since, total) = (8, 13);
    let month = Format::new().set_num_format("yyyy\"年\"m\"月\"");
    sheet.write_number_with_format(1, since, 45_170.0, &month).expect("a date");
    sheet.write_formula(1, total, Formula::new("=SUM(K2:M2)").set_result("255.5")).expect("a sum");
    sheet.write_number(2, total, 210.000_000_000_000_03).expect("a number");
    sheet.write_boolean(1, 7, true).expect("a truth value");
    sheet.write_string(700, 3, "\u{3000} ").expect("a blank cell far below");
    let file = folder.path().join("applicants.xlsx");
    workbook.save(&file).expect("a writable folder");
    assert_eq!(season(folder.path()), (reference(), vec![]));

    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("考生").expect("a sheet name");
    for (r, row) in (0u32..).zip(&applicants) {
        for (c, cell) in (0u16..).zip(row) {
            sheet.write_string(r, c, cell).expect("a cell");
        }
    }
    sheet.write_formula(1, total, Formula::new("=NA()").set_result("#N/A")).expect("an error");
    sheet.write_number(2, 3, 5.002_222_010_010_105e17).expect("a number");
    sheet.write_number(3, 4, 1.5).expect("a number");
    workbook.save(&file).expect("a writable folder");
    let faults = season(folder.path()).1;
    assert_eq!(faults, ["E106 考生!N2", "E104 考生!D3", "E104 考生!E4"]);
    let loaded = load(folder.path(), None).expect("a folder");
    assert_eq!(loaded.faults[1].found(), "500222********0500");
    assert_eq!(loaded.faults[1].fault.help, "在 Excel 中把 D 列设为“文本”后重新粘贴");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// Whatever bytes a table holds, the reader answers.
    #[test]
    fn prop_no_bytes_make_the_reader_panic(
        which in 0usize..9,
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        edits in proptest::collection::vec((any::<usize>(), any::<u8>(), 0u8..3), 0..6),
    ) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut book = Book::clean();
        book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
        let table = Table::SEASON[which];
        let file = folder.path().join(format!("{}.csv", table.key()));
        let text = edited(book.csv(table).into_bytes(), &edits);
        fs::write(&file, text).expect("a writable folder");
        let loaded = load(folder.path(), None).expect("a folder");
        prop_assert_eq!(loaded.blocked(), loaded.errors() > 0);
        fs::write(&file, &bytes).expect("a writable folder");
        let loaded = load(folder.path(), None).expect("a folder");
        prop_assert_eq!(loaded.blocked(), loaded.errors() > 0);
    }

    /// Whatever the policy file says, the reader answers.
    #[test]
    fn prop_no_policy_makes_the_reader_panic(
        edits in proptest::collection::vec((any::<usize>(), any::<u8>(), 0u8..3), 1..6),
        cut in any::<usize>(),
    ) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut book = Book::clean();
        book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
        let mut text = edited(book.policy.clone().into_bytes(), &edits);
        if cut % 4 == 0 {
            text.truncate(cut % 1_500);
        }
        fs::write(folder.path().join("policy.toml"), text).expect("a writable folder");
        let loaded = load(folder.path(), None).expect("a folder");
        prop_assert_eq!(loaded.blocked(), loaded.errors() > 0);
    }
}

/// Bytes changed, put in or taken out.
fn edited(mut bytes: Vec<u8>, edits: &[(usize, u8, u8)]) -> Vec<u8> {
    for (at, byte, kind) in edits {
        if bytes.is_empty() {
            break;
        }
        let at = at % bytes.len();
        match kind {
            0 => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            _ => {
                bytes.remove(at);
            }
        }
    }
    bytes
}
