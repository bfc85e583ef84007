//! Every kind of fault, put into a clean season, is found at its cell, and nothing else is invented.

use luqu::tables::load;
use luqu_engine::domain::Table;

use super::tables_kit::Book;

/// A fault to be found: code, table, row, column.
type Expected = (&'static str, Table, u32, &'static str);

struct Case {
    name: &'static str,
    spoil: fn(&mut Book),
    expected: &'static [Expected],
}

macro_rules! cases {
    ($($name:literal: |$book:ident| $spoil:expr => [$($expected:expr),* $(,)?];)*) => {
        &[$(Case { name: $name, spoil: |$book: &mut Book| { $spoil; }, expected: &[$($expected),*] },)*]
    };
}

use Table::{
    Applicants as A, Graduates, Plan, Quotas, Restrictions, Schools, SpecialScores, TieDecisions,
    Wishes as W,
};

const CASES: &[Case] = cases! {
    "blank applicant id": |b| b.set(A, 3, "applicant_id", "") => [("E103", A, 3, "applicant_id")];
    "blank name": |b| b.set(A, 3, "name", " \u{3000}") => [("E103", A, 3, "name")];
    "blank junior school": |b| b.set(A, 3, "junior_id", "") => [("E103", A, 3, "junior_id")];
    "blank region": |b| b.set(A, 3, "region", "") => [("E103", A, 3, "region")];
    "blank total": |b| b.set(A, 3, "total", "") => [("E103", A, 3, "total")];
    "blank subject": |b| b.set(A, 3, "math", "") => [("E103", A, 3, "math")];
    "gender": |b| b.set(A, 3, "gender", "X") => [("E106", A, 3, "gender")];
    "id number as a number": |b| b.set(A, 3, "id_number", "5.00222E+17")
        => [("E104", A, 3, "id_number")];
    "registry number as a number": |b| b.set(A, 3, "registry_no", "5.00222E+17")
        => [("E104", A, 3, "registry_no")];
    "check digit": |b| b.set(A, 3, "id_number", "110105194912310021")
        => [("E105", A, 3, "id_number")];
    "short id number": |b| b.set(A, 3, "id_number", "11010519491231002")
        => [("E105", A, 3, "id_number")];
    "one person twice": |b| b.set(A, 3, "id_number", "11010519491231002X")
        => [("E204", A, 3, "id_number")];
    "formula as id": |b| b.set(A, 3, "applicant_id", "=A02") => [("E108", A, 3, "applicant_id")];
    "endless id": |b| b.set(A, 3, "applicant_id", "A0000000000000000000000000000000000000000000000000000000000000002")
        => [("E108", A, 3, "applicant_id")];
    "control character": |b| b.set(A, 3, "registry_no", "G1\u{7}2") => [("E108", A, 3, "registry_no")];
    "writing direction": |b| b.set(A, 3, "registry_no", "G\u{202e}12") => [("E108", A, 3, "registry_no")];
    "line break in a name": |b| b.set(A, 3, "name", "李\n小红") => [("E106", A, 3, "name")];
    "yes or no": |b| b.set(A, 3, "fresh", "maybe") => [("E106", A, 3, "fresh")];
    "month": |b| b.set(A, 3, "junior_since", "九月") => [("E106", A, 3, "junior_since")];
    "month 13": |b| b.set(A, 3, "junior_since", "2023-13") => [("E106", A, 3, "junior_since")];
    "above the full mark": |b| b.set(A, 3, "math", "150.01") => [("E107", A, 3, "math")];
    "below zero": |b| b.set(A, 3, "math", "-1") => [("E107", A, 3, "math")];
    "absent": |b| b.set(A, 3, "math", "缺考") => [("E106", A, 3, "math")];
    "three places": |b| b.set(A, 3, "math", "100.005") => [("E106", A, 3, "math")];
    "total is no sum": |b| b.set(A, 3, "total", "210.5") => [("E301", A, 3, "total")];
    "negative total": |b| b.set(A, 3, "total", "-210") => [("E107", A, 3, "total")];
    "negative bonus": |b| b.set(A, 3, "bonus", "-5") => [("E107", A, 3, "bonus")];
    "evaluation": |b| b.set(A, 3, "evaluation", "E") => [("E106", A, 3, "evaluation")];
    "half a tie class": |b| b.set(A, 3, "tie_class", "1.5") => [("E106", A, 3, "tie_class")];
    "applicant twice": |b| b.repeat(A, 3) => [("E201", A, 6, "applicant_id")];
    "unknown junior school": |b| b.set(A, 3, "junior_id", "C9") => [("E202", A, 3, "junior_id")];
    "junior school that is senior": |b| b.set(A, 3, "junior_id", "G1") => [("E203", A, 3, "junior_id")];

    "blank school id": |b| b.set(Schools, 4, "school_id", "") => [("E103", Schools, 4, "school_id")];
    "blank school name": |b| b.set(Schools, 3, "name", "") => [("E103", Schools, 3, "name")];
    "stage": |b| b.set(Schools, 3, "stage", "小学") => [("E106", Schools, 3, "stage")];
    "ownership": |b| b.set(Schools, 3, "ownership", "国有") => [("E106", Schools, 3, "ownership")];
    "tier": |b| b.set(Schools, 3, "tier", "一流") => [("E106", Schools, 3, "tier")];
    "new or not": |b| b.set(Schools, 3, "is_new", "2") => [("E106", Schools, 3, "is_new")];
    "negative pupils": |b| b.set(Schools, 2, "enrolled", "-3") => [("E107", Schools, 2, "enrolled")];
    "school twice": |b| b.repeat(Schools, 2) => [("E201", Schools, 6, "school_id")];
    "new school too large": |b| b.set(Schools, 3, "enrolled", "2999") => [("E305", Schools, 3, "enrolled")];

    "blank seats": |b| b.set(Plan, 2, "seats", "") => [("E103", Plan, 2, "seats")];
    "seats in words": |b| b.set(Plan, 2, "seats", "二十") => [("E106", Plan, 2, "seats")];
    "half a seat": |b| b.set(Plan, 2, "seats", "20.5") => [("E106", Plan, 2, "seats")];
    "negative seats": |b| b.set(Plan, 2, "seats", "-20") => [("E107", Plan, 2, "seats")];
    "unknown batch": |b| b.set(Plan, 2, "batch", "第九批") => [("E202", Plan, 2, "batch")];
    "unknown category": |b| b.set(Plan, 2, "category", "美术") => [("E202", Plan, 2, "category")];
    "no document": |b| b.set(Plan, 2, "document", "") => [("E302", Plan, 2, "document")];
    "broken document": |b| b.set(Plan, 2, "document", "a\nb") => [("E106", Plan, 2, "document")];
    "more than the classes hold": |b| b.set(Plan, 2, "seats", "56") => [("E303", Plan, 2, "seats")];
    "share over one": |b| b.set(Plan, 3, "quota_share", "1.5") => [("E107", Plan, 3, "quota_share")];
    "plan line twice": |b| b.repeat(Plan, 4) => [("E201", Plan, 6, "category")];

    "quota cells": |b| b.set(Quotas, 3, "seats", "2") => [("E304", Plan, 3, "seats")];
    "quota of nobody": |b| b.set(Quotas, 3, "junior_id", "C7") => [("E202", Quotas, 3, "junior_id")];
    "blank quota seats": |b| b.set(Quotas, 3, "seats", "") => [("E103", Quotas, 3, "seats")];
    "more eligible than graduates": |b| b.set(Graduates, 3, "eligible", "21")
        => [("E309", Graduates, 3, "eligible")];

    "wish of nobody": |b| b.set(W, 3, "applicant_id", "A99") => [("E202", W, 3, "applicant_id")];
    "position zero": |b| b.set(W, 3, "position", "0") => [("E107", W, 3, "position")];
    "position beyond": |b| b.set(W, 3, "position", "70000") => [("E107", W, 3, "position")];
    "position in words": |b| b.set(W, 3, "position", "二") => [("E106", W, 3, "position")];
    "position twice": |b| b.set(W, 3, "position", "1") => [("E201", W, 3, "position")];
    "blank wish": |b| b.set(W, 3, "school_id", "") => [("E103", W, 3, "school_id")];
    "wish for no school": |b| b.set(W, 3, "school_id", "G9") => [("E202", W, 3, "school_id")];
    "wish without seats": |b| b.set(W, 3, "category", "sports") => [("E307", W, 3, "school_id")];
    "adjust": |b| b.set(W, 3, "adjust", "服从") => [("E106", W, 3, "adjust")];
    "same wish twice": |b| { b.set(W, 3, "school_id", "G1"); b.set(W, 3, "category", "") }
        => [("W504", W, 3, "school_id")];
    "too many wishes": |b| {
        b.repeat(W, 3);
        b.set(W, 8, "position", "3");
        b.set(W, 8, "category", "returned");
        b.set(W, 8, "school_id", "G1");
    } => [("E308", W, 8, "position")];

    "blank special score": |b| b.set(SpecialScores, 2, "score", "") => [("E103", SpecialScores, 2, "score")];
    "qualified": |b| b.set(SpecialScores, 2, "qualified", "?") => [("E106", SpecialScores, 2, "qualified")];
    "test date": |b| b.set(SpecialScores, 2, "test_date", "五月") => [("E106", SpecialScores, 2, "test_date")];
    "restriction": |b| b.set(Restrictions, 2, "kind", "fined") => [("E106", Restrictions, 2, "kind")];
    "blank reason": |b| b.set(Restrictions, 2, "reason", "") => [("E103", Restrictions, 2, "reason")];
    "order": |b| b.set(TieDecisions, 2, "order", "first") => [("E106", TieDecisions, 2, "order")];
    "blank tie document": |b| b.set(TieDecisions, 2, "document", "") => [("E103", TieDecisions, 2, "document")];

    "region without a plan": |b| {
        b.set(Plan, 4, "region_scope", "");
        b.set(A, 3, "region", "南岸区");
    } => [("W508", A, 3, "region")];
    "junior school without graduates": |b| drop(b.rows(Graduates).remove(2))
        => [("W509", A, 4, "junior_id")];
    "tilt that tilts nothing": |b| b.set(Graduates, 3, "tilt", "yes")
        => [("W511", Graduates, 3, "tilt")];

    "missing column": |b| b.set(A, 1, "name", "") => [("E101", A, 1, "name")];
    "missing subject": |b| b.set(A, 1, "math", "数字") => [("E101", A, 1, "math"), ("W501", A, 1, "数字")];
    "column that rules read": |b| b.set(A, 1, "fresh", "") => [("E310", A, 0, "fresh")];
    "two columns of one meaning": |b| b.set(A, 1, "registry_no", "考生号")
        => [("E102", A, 1, "applicant_id")];
    "unknown column": |b| b.set(A, 1, "tie_class", "备注") => [("W501", A, 1, "备注")];
    "long row": |b| b.rows(A)[2].push("多余".into()) => [("E109", A, 3, "Q")];
    "two faults in a row": |b| { b.set(A, 3, "name", ""); b.set(A, 3, "math", "x") }
        => [("E103", A, 3, "name"), ("E106", A, 3, "math")];
};

/// The address that the fault should have.
fn address(book: &mut Book, expected: &Expected, xlsx: bool) -> String {
    let (code, table, row, column) = *expected;
    let header: Vec<String> = book.rows(table)[0].clone();
    let place = match code {
        "E102" => header.iter().rposition(|h| h == "考生号"),
        "E109" => Some(header.len()),
        _ => header.iter().position(|h| h == column),
    };
    let row = row.max(1);
    match (xlsx, place) {
        (false, _) => format!("{}.csv:{row}:{column}", table.key()),
        (true, Some(at)) => {
            format!("{}!{}{row}", table.label(), char::from(b'A' + u8::try_from(at).expect("few")))
        }
        (true, None) => format!("{}!{row}:{row}", table.label()),
    }
}

fn judge(case: &Case, book: &mut Book, folder: &std::path::Path, xlsx: bool) -> Vec<String> {
    let loaded = load(folder, None).expect("a folder that exists");
    let found: Vec<(String, String)> =
        loaded.faults.iter().map(|f| (f.fault.code.code().to_owned(), f.cell.clone())).collect();
    let mut wanted: Vec<(String, String)> =
        case.expected.iter().map(|e| (e.0.to_owned(), address(book, e, xlsx))).collect();
    wanted.sort();
    let mut sorted = found;
    sorted.sort();
    let blocks = case.expected.iter().any(|e| e.0.starts_with('E'));
    let mut wrong = Vec::new();
    if sorted != wanted {
        wrong.push(format!("{} (xlsx {xlsx}): found {sorted:?}, wanted {wanted:?}", case.name));
    }
    if loaded.blocked() != blocks {
        wrong.push(format!("{} (xlsx {xlsx}): blocked {}", case.name, loaded.blocked()));
    }
    for f in &loaded.faults {
        if f.fault.expected.is_empty() || f.fault.help.is_empty() {
            wrong.push(format!("{}: {} says too little", case.name, f.fault.code));
        }
    }
    wrong
}

#[test]
fn every_fault_is_found_at_its_cell_in_csv() {
    let mut wrong = Vec::new();
    for case in CASES {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut book = Book::clean();
        (case.spoil)(&mut book);
        book.write_csv(folder.path(), |text| text.as_bytes().to_vec());
        wrong.extend(judge(case, &mut book, folder.path(), false));
    }
    assert!(CASES.len() >= 40);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_fault_is_found_at_its_cell_in_a_workbook() {
    let mut wrong = Vec::new();
    for case in CASES {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut book = Book::clean();
        (case.spoil)(&mut book);
        book.write_xlsx(folder.path());
        wrong.extend(judge(case, &mut book, folder.path(), true));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
