//! Hostile workbooks: whatever the file, the answer is a fault, in bounded time, and the worker alone dies.

use std::io::{Cursor, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use luqu::tables::load;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::tables_kit::Book;

const TYPES: &str = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>"#;
const RELS: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="考生" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const BOOK_RELS: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;
const SHEET: &str = r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</worksheet>"#;

/// The parts of a small workbook, to be replaced one by one.
fn parts() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("[Content_Types].xml", TYPES.into()),
        ("_rels/.rels", RELS.into()),
        ("xl/workbook.xml", BOOK.into()),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS.into()),
        ("xl/worksheets/sheet1.xml", sheet("<sheetData/>")),
    ]
}

fn sheet(inside: &str) -> Vec<u8> {
    SHEET.replace("{}", inside).into_bytes()
}

fn packed(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in parts {
        zip.start_file(*name, options).expect("memory");
        zip.write_all(bytes).expect("memory");
    }
    zip.finish().expect("memory").into_inner()
}

/// A workbook with one part replaced or added.
fn with(name: &'static str, bytes: Vec<u8>) -> Vec<u8> {
    let mut list = parts();
    list.retain(|(n, _)| *n != name);
    list.push((name, bytes));
    packed(&list)
}

fn with_sheet(inside: &str) -> Vec<u8> {
    with("xl/worksheets/sheet1.xml", sheet(inside))
}

fn with_strings(text: impl Into<Vec<u8>>) -> Vec<u8> {
    with("xl/sharedStrings.xml", text.into())
}

/// The same stream of numbers for the same seed (a linear congruence; nothing hangs on its quality).
fn stream(seed: u64) -> impl Iterator<Item = usize> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    })
}

fn cell(at: &str) -> Vec<u8> {
    with_sheet(&format!("<sheetData><row><c r=\"{at}\"><v>1</v></c></row></sheetData>"))
}

fn variants() -> Vec<(String, Vec<u8>)> {
    let mut list: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>| list.push((name.to_owned(), bytes));
    let row = |attr: &str, cells: &str| {
        with_sheet(&format!("<sheetData><row {attr}>{cells}</row></sheetData>"))
    };

    add(
        "a sheet that claims every cell",
        with_sheet(
            "<dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row></sheetData>",
        ),
    );
    add(
        "a claim beyond all sheets",
        with_sheet(
            "<dimension ref=\"A1:ZZZZZZ4294967295\"/><sheetData><row><c r=\"A1\"><v>1</v></c></row></sheetData>",
        ),
    );
    for at in [
        "XFE1",
        "A1048577",
        "ZZZZZZ9",
        "A4294967295",
        "A99999999999999999999",
        "A0",
        "A",
        "1",
        "",
        "-1",
        "A1:B2",
        "é1",
        "AAAAAAAAAAAAAAAAAAAAAAAA1",
    ] {
        add(&format!("cell at {at:?}"), cell(at));
    }
    for at in ["0", "-1", "4294967296", "x", "1048577"] {
        add(&format!("row {at}"), row(&format!("r=\"{at}\""), "<c><v>1</v></c>"));
    }
    add("cells backwards", row("r=\"1\"", "<c r=\"B1\"><v>1</v></c><c r=\"A1\"><v>1</v></c>"));
    add("one cell twice", row("r=\"1\"", "<c r=\"A1\"><v>1</v></c><c r=\"A1\"><v>2</v></c>"));
    add(
        "rows backwards",
        with_sheet(
            "<sheetData><row r=\"9\"><c r=\"A9\"><v>1</v></c></row><row r=\"2\"><c r=\"A2\"><v>1</v></c></row></sheetData>",
        ),
    );
    for (kind, value) in [
        ("s", "0"),
        ("s", "4294967295"),
        ("s", "-1"),
        ("s", "x"),
        ("b", "2"),
        ("zz", "1"),
        ("n", "1e999"),
        ("n", "NaN"),
        ("n", ""),
        ("e", "#EVIL!"),
        ("d", "x"),
    ] {
        add(
            &format!("type {kind} value {value}"),
            row("", &format!("<c t=\"{kind}\"><v>{value}</v></c>")),
        );
    }
    add("style beyond the list", row("", "<c s=\"4294967295\"><v>1</v></c>"));
    add(
        "formula of itself",
        row("", "<c r=\"A1\"><f t=\"shared\" ref=\"A1:XFD1048576\" si=\"0\">A1</f><v>1</v></c>"),
    );

    add(
        "strings by the billion",
        with_strings(
            "<sst count=\"4294967295\" uniqueCount=\"4294967295\"><si><t>x</t></si></sst>",
        ),
    );
    add(
        "entities",
        with_strings(
            "<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]><sst><si><t>&b;&b;&b;&b;</t></si></sst>",
        ),
    );
    add(
        "entity from a file",
        with_strings(
            "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><sst><si><t>&x;</t></si></sst>",
        ),
    );
    add("strings not UTF-8", with_strings(*b"<sst><si><t>\xff\xfe\xff</t></si></sst>"));
    add("strings cut off", with_strings("<sst><si><t>abc"));
    add("a million elements deep", with_strings(["<sst>", &"<si>".repeat(1_000_000)].concat()));
    add(
        "a sheet a million elements deep",
        with_sheet(&["<sheetData>", &"<row>".repeat(1_000_000)].concat()),
    );
    add("cells in cells", with_sheet(&["<sheetData><row>", &"<c>".repeat(300_000)].concat()));
    add("an attribute of ten megabytes", row(&format!("x=\"{}\"", "a".repeat(10 << 20)), ""));
    add("a comment without end", with_sheet("<!-- "));
    add("text outside", with_sheet(&"x".repeat(1 << 20)));
    add("NUL in the sheet", with_sheet("<sheetData>\0\0\0</sheetData>"));
    add("UTF-16 that is none", with("xl/worksheets/sheet1.xml", b"\xff\xfe<\0w\0".to_vec()));
    add(
        "styles by the hundred thousand",
        with(
            "xl/styles.xml",
            format!(
                "<styleSheet><cellXfs>{}</cellXfs></styleSheet>",
                "<xf numFmtId=\"14\"/>".repeat(200_000)
            )
            .into(),
        ),
    );
    let merges = "<mergeCell ref=\"A1:B2\"/>".repeat(70_000);
    add(
        "more merges than anybody makes",
        with_sheet(&format!("<sheetData/><mergeCells>{merges}</mergeCells>")),
    );
    for at in ["B2:A1", "A1:XFE2", "A1:A1048577", "A", ""] {
        let merge = format!("<sheetData/><mergeCells><mergeCell ref=\"{at}\"/></mergeCells>");
        add(&format!("merged {at:?}"), with_sheet(&merge));
    }
    add("a shared formula of none", row("", "<c r=\"A1\"><f t=\"shared\"/></c>"));
    add("an unknown error", row("", "<c r=\"A1\" t=\"e\"><v>#BUSY!</v></c>"));
    add(
        "merged everything",
        with_sheet(
            "<sheetData/><mergeCells count=\"4294967295\"><mergeCell ref=\"A1:XFD1048576\"/></mergeCells>",
        ),
    );
    add(
        "blank cells by the hundred thousand",
        with_sheet(&["<sheetData><row>", &"<c/>".repeat(400_000), "</row></sheetData>"].concat()),
    );

    for missing in ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"] {
        let mut fewer = parts();
        fewer.retain(|(n, _)| *n != missing);
        add(&format!("without {missing}"), packed(&fewer));
    }
    for target in ["../../../../etc/passwd", "/dev/zero", "workbook.xml", "", "file:///etc/passwd"]
    {
        add(
            &format!("sheet at {target:?}"),
            with(
                "xl/_rels/workbook.xml.rels",
                BOOK_RELS.replace("worksheets/sheet1.xml", target).into(),
            ),
        );
    }
    let many = |n: usize| -> String {
        (0..n).map(|i| format!("<sheet name=\"考生\" sheetId=\"{i}\" r:id=\"rId1\"/>")).collect()
    };
    add(
        "one name on two sheets",
        with(
            "xl/workbook.xml",
            BOOK.replace("<sheet name=\"考生\" sheetId=\"1\" r:id=\"rId1\"/>", &many(2)).into(),
        ),
    );
    add(
        "two thousand sheets",
        with(
            "xl/workbook.xml",
            BOOK.replace("<sheet name=\"考生\" sheetId=\"1\" r:id=\"rId1\"/>", &many(2_000)).into(),
        ),
    );
    let crowd: Vec<(String, Vec<u8>)> = (0..5_000).map(|i| (format!("x{i}"), Vec::new())).collect();
    let crowd: Vec<(&str, Vec<u8>)> = crowd.iter().map(|(n, b)| (n.as_str(), b.clone())).collect();
    add("five thousand parts", packed(&crowd));
    add("an empty archive", packed(&[]));
    add("an archive of something else", packed(&[("readme.txt", b"hello".to_vec())]));

    let whole = packed(&parts());
    for cut in 1..=14 {
        add(&format!("cut at {cut}/15"), whole[..whole.len() * cut / 15].to_vec());
    }
    let mut lying = whole.clone();
    let central = lying.windows(4).rposition(|w| w == b"PK\x01\x02").expect("a directory");
    lying[central + 24..central + 28].copy_from_slice(&7u32.to_le_bytes());
    add("a part larger than it says", lying.clone());
    lying[central + 24..central + 28].copy_from_slice(&u32::MAX.to_le_bytes());
    add("a part that says four gigabytes", lying);
    let mut counted = whole.clone();
    let end = counted.len() - 22;
    counted[end + 8..end + 12].copy_from_slice(&[0xff; 4]);
    add("a directory of 65,535 entries", counted);
    let mut far = whole;
    let end = far.len() - 22;
    far[end + 16..end + 20].copy_from_slice(&u32::MAX.to_le_bytes());
    add("a directory beyond the file", far);
    for seed in 0..8 {
        let noise: Vec<u8> = stream(seed).take(2_000).map(|n| n as u8).collect();
        add(&format!("noise {seed}"), [b"PK\x03\x04", &noise[..]].concat());
    }
    list
}

fn judge(folder: &Path, name: &str, bytes: &[u8]) -> Vec<String> {
    let file = folder.join("season.xlsx");
    std::fs::write(&file, bytes).expect("a writable folder");
    let start = Instant::now();
    let loaded = load(&file, None).expect("a file that exists");
    assert!(start.elapsed() < Duration::from_secs(120), "{name} took {:?}", start.elapsed());
    assert!(loaded.blocked(), "{name} made a season");
    loaded.faults.iter().map(|f| f.fault.code.code().to_owned()).collect()
}

#[test]
fn every_hostile_workbook_is_a_fault() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Book::clean().write_xlsx(folder.path());
    let list = variants();
    assert!(list.len() >= 60, "{}", list.len());
    for (name, bytes) in &list {
        let codes = judge(folder.path(), name, bytes);
        assert!(codes.iter().any(|c| c.starts_with('E')), "{name}: {codes:?}");
    }
}

/// A changed byte may leave a lawful workbook; it never takes the parent down.
#[test]
fn changed_bytes_are_a_fault_or_a_season() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = Book::clean().write_xlsx(folder.path());
    let whole = std::fs::read(&file).expect("the workbook");
    for seed in 0..25 {
        let mut bytes = whole.clone();
        for (at, value) in stream(seed).zip(stream(seed + 1_000)).take(4) {
            let at = at % bytes.len();
            bytes[at] = value as u8;
        }
        std::fs::write(&file, bytes).expect("a writable folder");
        let loaded = load(&file, None).expect("a file that exists");
        assert_eq!(loaded.blocked(), loaded.errors() > 0);
    }
}

/// What is lawful by every declared figure and still needs more memory than the worker has.
#[cfg(unix)]
#[test]
fn the_worker_s_memory_is_bounded() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Book::clean().write_xlsx(folder.path());
    let mut strings = b"<sst><si><t>".to_vec();
    strings.resize(272 << 20, b'x');
    strings.extend_from_slice(b"</t></si></sst>");
    let bomb = with_strings(strings);
    assert!(bomb.len() < 2 << 20, "a bomb is small: {}", bomb.len());
    assert_eq!(judge(folder.path(), "one endless string", &bomb)[0], "E004");
}

/// What unpacks to more than a gigabyte is refused by what it declares, before anything is unpacked.
#[test]
fn a_bomb_is_refused_by_its_declared_size() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Book::clean().write_xlsx(folder.path());
    let mut bytes = packed(&parts());
    let entries: Vec<usize> =
        (0..bytes.len() - 4).filter(|&i| &bytes[i..i + 4] == b"PK\x01\x02").collect();
    for at in entries {
        bytes[at + 24..at + 28].copy_from_slice(&(900u32 << 20).to_le_bytes());
    }
    let codes = judge(folder.path(), "declared sizes", &bytes);
    assert!(matches!(codes[0].as_str(), "E003" | "E004"), "{codes:?}");
}
