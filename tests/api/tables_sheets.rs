//! What a spreadsheet keeps beside values: sheets that nobody sees, formulas without a result, error values.

use std::fs::{self, File};
use std::io::{Cursor, Read as _, Write as _};
use std::path::Path;

use luqu::tables::load;
use luqu_engine::domain::Table;
use rust_xlsxwriter::{Format, Workbook};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::tables_kit::Book;

/// The clean season as a workbook, with this put for that in one of its parts.
fn workbook(part: &str, that: &str, this: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = Book::clean().write_xlsx(folder.path());
    let mut from = ZipArchive::new(File::open(&path).expect("the workbook")).expect("a zip");
    let mut to = ZipWriter::new(Cursor::new(Vec::new()));
    let mut changed = 0;
    for at in 0..from.len() {
        let mut entry = from.by_index(at).expect("a part");
        let name = entry.name().expect("UTF-8").into_owned();
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("XML");
        if name == part {
            changed += text.matches(that).count();
            text = text.replace(that, this);
        }
        to.start_file(name, SimpleFileOptions::default()).expect("memory");
        to.write_all(text.as_bytes()).expect("memory");
    }
    assert_eq!(changed, 1, "{that} in {part}");
    let bytes = to.finish().expect("memory").into_inner();
    fs::write(path, bytes).expect("a writable folder");
    folder
}

fn faults(folder: &Path) -> Vec<String> {
    let loaded = load(folder, None).expect("a folder");
    let blocks = loaded.faults.iter().any(luqu::tables::Located::blocks);
    assert_eq!(loaded.season.is_none(), blocks);
    loaded.faults.iter().map(|f| format!("{} {}", f.fault.code, f.place())).collect()
}

#[test]
fn a_hidden_sheet_is_read_and_said() {
    for state in ["hidden", "veryHidden"] {
        let that = "name=\"考生\"";
        let folder = workbook("xl/workbook.xml", that, &format!("{that} state=\"{state}\""));
        assert_eq!(faults(folder.path()), ["W514 season.xlsx › 考生"], "{state}");
    }
    let folder = workbook("xl/workbook.xml", "name=\"同分裁定\"", "name=\"旧表\" state=\"hidden\"");
    assert_eq!(faults(folder.path()), ["W502 season.xlsx › 旧表"], "what is not read is one thing");
}

#[test]
fn hidden_rows_are_read_and_said() {
    let row = |attributes: &str| {
        let this = format!("<row r=\"3\"{attributes} ");
        faults(workbook("xl/worksheets/sheet5.xml", "<row r=\"3\" ", &this).path())
    };
    assert_eq!(row(" hidden=\"1\""), ["W518 season.xlsx › 考生"]);
    assert_eq!(row(" ht=\"15\" hidden=\"true\""), ["W518 season.xlsx › 考生"]);
    assert_eq!(row(" hidden=\"0\""), [""; 0]);
}

#[test]
fn a_time_without_a_day_is_no_date() {
    let date = Format::new().set_num_format("yyyy-mm-dd hh:mm");
    for (serial, expected) in [
        (46_205.354, &[][..]),
        (0.354, &["E106 season.xlsx › 特长成绩!F2"][..]),
        (0.0, &["E106 season.xlsx › 特长成绩!F2"]),
        (-5.0, &["E106 season.xlsx › 特长成绩!F2"]),
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut book = Book::clean();
        let tests = book.rows(Table::SpecialScores).clone();
        book.tables.retain(|(t, _)| *t != Table::SpecialScores);
        book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet().set_name("特长成绩").expect("a sheet name");
        for (r, row) in (0u32..).zip(&tests) {
            for (c, cell) in (0u16..).zip(row) {
                sheet.write_string(r, c, cell).expect("a cell");
            }
        }
        sheet.write_number_with_format(1, 5, serial, &date).expect("a date");
        workbook.save(folder.path().join("season.xlsx")).expect("a writable folder");
        assert_eq!(faults(folder.path()), expected, "{serial}");
    }
}

/// The faults where the cell that holds the number is written otherwise.
fn with_cell(at: &str, number: &str, written: &str) -> Vec<String> {
    let that = format!("<c r=\"{at}\"><v>{number}</v></c>");
    faults(workbook("xl/worksheets/sheet5.xml", &that, written).path())
}

#[test]
fn a_formula_that_nobody_computed_is_told_at_its_cell() {
    let total = |written: &str| with_cell("N3", "210", written);
    for formula in [
        "<f>SUM(K3:M3)</f>",
        "<f>SUM(K3:M3)</f><v></v>",
        "<f>SUM(K3:M3)</f><v/>",
        "<f t=\"shared\" si=\"0\"/>",
    ] {
        let found = total(&format!("<c r=\"N3\">{formula}</c>"));
        assert_eq!(found, ["E112 season.xlsx › 考生!N3"], "{formula}");
    }
    assert_eq!(total("<c r=\"N3\"><f>SUM(K3:M3)</f><v>210</v></c>"), [""; 0]);
    let empty = total("<c r=\"N3\" t=\"str\"><f>IF(K3&gt;0,\"\",1)</f><v></v></c>");
    assert_eq!(empty, ["E103 season.xlsx › 考生!N3"], "an empty text was computed");
    let error = total("<c r=\"N3\" t=\"e\"><f>SUM(#REF!)</f><v>#REF!</v></c>");
    assert_eq!(error, ["E106 season.xlsx › 考生!N3"]);
    // Where a blank would be lawful it is no blank either.
    let optional = with_cell("P3", "1", "<c r=\"P3\"><f>RANK(N3,N:N)</f></c>");
    assert_eq!(optional, ["E112 season.xlsx › 考生!P3"]);
}

#[test]
fn an_error_value_is_none_as_text_either() {
    for column in ["name", "region", "registry_no"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut book = Book::clean();
        book.set(Table::Applicants, 3, column, "#N/A");
        book.write_csv(folder.path(), |t| t.as_bytes().to_vec());
        assert_eq!(faults(folder.path()), [format!("E106 applicants.csv:3:{column}")]);
    }
}

#[test]
fn merged_cells_that_hide_a_value_are_refused() {
    let end = "</sheetData>";
    let merged = |sheet: u32, ranges: &[&str]| {
        let cells: String = ranges.iter().map(|r| format!("<mergeCell ref=\"{r}\"/>")).collect();
        let this = format!("{end}<mergeCells>{cells}</mergeCells>");
        faults(workbook(&format!("xl/worksheets/sheet{sheet}.xml"), end, &this).path())
    };
    // 招生范围 of G2 would silently be that of G1's line above.
    assert_eq!(merged(2, &["G3:G4"]), ["E113 season.xlsx › 招生计划!G3"]);
    assert_eq!(merged(6, &["E2:F2"]), ["E113 season.xlsx › 志愿!F2"], "along a row");
    assert_eq!(merged(6, &["E1:E3"]), ["E113 season.xlsx › 志愿!E1"], "from the header on");
    let told = merged(5, &["B2:B4"]);
    assert_eq!(told, ["E113 season.xlsx › 考生!B2"], "blanks by the merge are told with it");
    let harmless = ["H2:H9", "F2:H2", "A20:F30", "A1:B1"];
    assert_eq!(merged(6, &harmless), [""; 0], "beside, below and above what is read");
}
