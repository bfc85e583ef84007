//! `luqu verify`: a right answer passes, and every way of tampering with its files ends with exit code 5.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use luqu_engine::domain::digest::{Digester, of_bytes};
use luqu_engine::verify::Certificate;

fn luqu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luqu")).args(args).output().expect("the program runs")
}

/// The rows of a CSV file, the header first.
type Rows = Vec<Vec<String>>;

fn rows(text: &str) -> Rows {
    text.lines().map(|l| l.split(',').map(str::to_owned).collect()).collect()
}

fn csv(rows: &Rows) -> String {
    rows.iter().map(|r| r.join(",") + "\n").collect()
}

/// Makes the digests of a certificate fit the files again, as a forger would.
fn sign_again(dir: &Path) {
    let path = dir.join("certificate.json");
    let Ok(text) = fs::read(&path) else { return };
    let Ok(mut certificate) = serde_json::from_slice::<Certificate>(&text) else { return };
    let mut over = Digester::default();
    for (name, digest) in &mut certificate.files {
        *digest = of_bytes(&fs::read(dir.join(name)).unwrap_or_default()).to_string();
        over.field(name.as_bytes());
        over.field(digest.as_bytes());
    }
    certificate.answer = over.finish().to_string();
    certificate.seal = certificate.sealed();
    fs::write(&path, serde_json::to_vec_pretty(&certificate).expect("JSON")).expect("a file");
}

type Change = fn(&mut Rows);

const CHANGES: &[(&str, &str, Change)] = &[
    ("a row dropped", "placements.csv", |r| drop(r.pop())),
    ("a row twice", "placements.csv", |r| r.push(r[r.len() - 1].clone())),
    ("two rows exchanged", "placements.csv", |r| r.swap(1, 2)),
    ("no header", "placements.csv", |r| drop(r.remove(0))),
    ("nothing at all", "placements.csv", |r| r.clear()),
    ("an unknown applicant", "placements.csv", |r| r[1][0] = "X".into()),
    ("an unknown outcome", "placements.csv", |r| r[1][1] = "maybe".into()),
    ("an unknown batch", "placements.csv", |r| placed(r)[2] = "x".into()),
    ("position zero", "placements.csv", |r| placed(r)[3] = "0".into()),
    ("a position that is no number", "placements.csv", |r| placed(r)[3] = "一".into()),
    ("another position", "placements.csv", |r| placed(r)[3] = "77".into()),
    ("an unknown school", "placements.csv", |r| placed(r)[4] = "X".into()),
    ("an unknown category", "placements.csv", |r| placed(r)[5] = "x".into()),
    ("another total", "placements.csv", |r| placed(r)[6].push('1')),
    ("a total in another form", "placements.csv", |r| placed(r)[6].push_str(".0")),
    ("a column too few", "placements.csv", |r| drop(r[1].pop())),
    ("a column too many", "placements.csv", |r| r[1].push(String::new())),
    ("an admission taken away", "placements.csv", |r| {
        let row = placed(r);
        row[1] = "unplaced".into();
        row[2..6].iter_mut().for_each(String::clear);
    }),
    ("a seat for nobody", "placements.csv", |r| placed(r)[1] = "unplaced".into()),
    ("a header in other words", "cutoffs.csv", |r| r[0][0] = "批次".into()),
    ("a line dropped", "cutoffs.csv", |r| drop(r.remove(1))),
    ("a line twice", "cutoffs.csv", |r| r.insert(1, r[1].clone())),
    ("lines exchanged", "cutoffs.csv", |r| r.swap(1, 2)),
    ("an unknown line", "cutoffs.csv", |r| r[1][1] = "X".into()),
    ("more seats", "cutoffs.csv", |r| r[1][4] = "9999".into()),
    ("more holders", "cutoffs.csv", |r| r[1][5] = "9999".into()),
    ("full turned", "cutoffs.csv", |r| {
        r[1][6] = if r[1][6] == "yes" { "no" } else { "yes" }.into();
    }),
    ("full in other words", "cutoffs.csv", |r| r[1][6] = "是".into()),
    ("another lowest total", "cutoffs.csv", |r| r[1][7] = "1".into()),
    ("another lowest position", "cutoffs.csv", |r| r[1][8] = "66".into()),
    ("another floor", "cutoffs.csv", |r| r[1][9] = "1.5".into()),
    ("a junior school where none is", "cutoffs.csv", |r| {
        let junior = r.iter().skip(1).map(|l| l[3].clone()).find(|j| !j.is_empty());
        let open = r.iter_mut().skip(1).find(|l| l[3].is_empty()).expect("an open line");
        open[3] = junior.expect("a cell");
    }),
    ("a reason deleted", "reasons.csv", |r| drop(r.remove(1))),
    ("a reason twice", "reasons.csv", |r| r.insert(1, r[1].clone())),
    ("reasons exchanged", "reasons.csv", |r| {
        let at = (1..r.len() - 1).find(|&at| r[at] != r[at + 1]).expect("two reasons");
        r.swap(at, at + 1);
    }),
    ("a reason for somebody unknown", "reasons.csv", |r| r[1][0] = "X".into()),
    ("another batch of a reason", "reasons.csv", |r| r[1][1] = "x".into()),
    ("another wish of a reason", "reasons.csv", |r| r[1][2] = "88".into()),
    ("another school of a reason", "reasons.csv", |r| r[1][3] = "X".into()),
    ("another category of a reason", "reasons.csv", |r| r[1][4] = "x".into()),
    ("another reason", "reasons.csv", |r| {
        r[1][5] = if r[1][5] == "no_seats" { "out_of_region" } else { "no_seats" }.into();
    }),
    ("a reason in other words", "reasons.csv", |r| r[1][5] = "ineligible:nothing".into()),
    ("another bound", "reasons.csv", |r| r[1][6] = "0.01".into()),
    ("a bound that is no score", "reasons.csv", |r| r[1][6] = "6e2".into()),
];

fn placed(rows: &mut Rows) -> &mut Vec<String> {
    rows.iter_mut().find(|r| r.get(1).is_some_and(|o| o == "placed")).expect("a placement")
}

#[test]
fn tampering_with_any_file_is_found_also_when_it_is_signed_again() {
    let room = tempfile::tempdir().expect("a folder");
    let path = |name: &str| room.path().join(name).to_string_lossy().into_owned();
    let (season, out) = (path("season"), path("out"));
    assert!(luqu(&["init", &season, "--demo", "200", "--seed", "5"]).status.success());
    assert!(luqu(&["place", &season, "--out", &out]).status.success());

    let right = luqu(&["verify", &season, &out]);
    let said = String::from_utf8_lossy(&right.stdout).into_owned();
    assert_eq!(right.status.code(), Some(0), "{said}");
    assert_eq!(said.lines().filter(|l| l.starts_with("✓ ")).count(), 11, "{said}");
    assert!(said.contains("P4 没有合理嫉妒"), "{said}");

    let dir = room.path().join("out");
    let names = ["placements.csv", "cutoffs.csv", "reasons.csv", "certificate.json"];
    let kept: Vec<Vec<u8>> =
        names.iter().map(|n| fs::read(dir.join(n)).expect("an answer")).collect();
    let restore = || {
        for (name, bytes) in names.iter().zip(&kept) {
            fs::write(dir.join(name), bytes).expect("a file");
        }
    };
    for (what, file, change) in CHANGES {
        let text = fs::read_to_string(dir.join(file)).expect("an answer");
        let mut changed = rows(&text);
        change(&mut changed);
        assert_ne!(csv(&changed), text, "{what} changes nothing");
        fs::write(dir.join(file), csv(&changed)).expect("a file");
        sign_again(&dir);
        let run = luqu(&["verify", &season, &out]);
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert_eq!(run.status.code(), Some(5), "{file}: {what}: {said}");
        assert!(said.contains("✗ "), "{file}: {what}: {said}");
        restore();
    }
    for (name, bytes) in names.iter().zip(&kept) {
        fs::remove_file(dir.join(name)).expect("a file");
        let run = luqu(&["verify", &season, &out, "--json"]);
        assert_eq!(run.status.code(), Some(5), "{name} missing");
        let report: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
        assert_eq!(report["clean"], false);
        for broken in [&b"\xff\xfe\x00"[..], b"", &bytes[..bytes.len() / 2]] {
            fs::write(dir.join(name), broken).expect("a file");
            assert_eq!(luqu(&["verify", &season, &out]).status.code(), Some(5), "{name} broken");
        }
        restore();
    }

    assert_eq!(luqu(&["verify", &season, &out, "--seed", "another"]).status.code(), Some(5));
    let table = room.path().join("season/schools.csv");
    let before = fs::read_to_string(&table).expect("a table");
    fs::write(&table, before.replacen("中学", "中校", 1)).expect("a file");
    let run = luqu(&["verify", &season, &out]);
    assert_eq!(run.status.code(), Some(5), "a school renamed after the run");
    assert!(String::from_utf8_lossy(&run.stdout).contains("schools"));
    assert_eq!(luqu(&["verify", &season, &path("nowhere")]).status.code(), Some(1));
}

/// The workbook with each part's text through `change`.
fn repacked(book: &[u8], change: impl Fn(&str, String) -> String) -> Vec<u8> {
    use std::io::{Read as _, Write as _};
    let mut from = zip::ZipArchive::new(std::io::Cursor::new(book)).expect("a workbook");
    let mut to = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for at in 0..from.len() {
        let mut part = from.by_index(at).expect("a part");
        let (name, mut text) = (part.name().expect("a name").into_owned(), String::new());
        part.read_to_string(&mut text).expect("text");
        to.start_file(&name, zip::write::SimpleFileOptions::default()).expect("a part");
        to.write_all(change(&name, text).as_bytes()).expect("memory");
    }
    to.finish().expect("memory").into_inner()
}

#[test]
fn an_answer_is_verified_explained_compared_and_audited_in_every_form() {
    let room = tempfile::tempdir().expect("a folder");
    let path = |name: &str| room.path().join(name).to_string_lossy().into_owned();
    let season = path("season");
    assert!(luqu(&["init", &season, "--demo", "200", "--seed", "5"]).status.success());
    for form in ["csv", "json", "xlsx"] {
        let run = luqu(&["place", &season, "--out", &path(form), "--format", form]);
        assert!(run.status.success());
        let run = luqu(&["verify", &season, &path(form)]);
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert_eq!(run.status.code(), Some(0), "{form}: {said}");
        assert_eq!(said.lines().filter(|l| l.starts_with("✓ ")).count(), 11, "{form}: {said}");
    }
    let csv = fs::read_to_string(room.path().join("csv/placements.csv")).expect("an answer");
    let row = csv.lines().find(|l| l.contains(",placed,")).expect("a placement");
    let id = row.split(',').next().expect("an id");
    let said = |args: &[&str]| {
        let run = luqu(args);
        (run.status.code(), String::from_utf8_lossy(&run.stdout).into_owned())
    };
    let sealed = path("csv/certificate.json");
    for form in ["json", "xlsx"] {
        let (csv, other) = (path("csv"), path(form));
        for args in [
            &["explain", &season, id, "--answer"][..],
            &["audit", &season, "--json", "--sealed", &sealed, "--answer"],
            &["compare", &csv, "--season", &season, "--json"],
        ] {
            let one = said(&[args, &[&csv]].concat());
            assert!(one.0.is_some_and(|code| code != 1), "{args:?}: {one:?}");
            assert_eq!(one, said(&[args, &[&other]].concat()), "{form}: {args:?}");
        }
    }

    // Every deviation is found: a word, a name, a number, a row, a key of the certificate.
    let (json, book) =
        (room.path().join("json/placements.json"), room.path().join("xlsx/answer.xlsx"));
    let kept = (fs::read_to_string(&json).expect("JSON"), fs::read(&book).expect("a workbook"));
    let first = kept.0.lines().nth(1).expect("a row").to_owned();
    for changed in [
        kept.0.replacen("\"placed\"", "\"unplaced\"", 1),
        kept.0.replacen("\"position\":1", "\"position\":\"1\"", 1),
        kept.0.replacen("\"outcome\"", "\"result\"", 1),
        kept.0.replacen(&format!("{first}\n"), "", 1),
        kept.0.replacen("[\n", "[\n\n", 1),
    ] {
        assert_ne!(changed, kept.0);
        fs::write(&json, changed).expect("a file");
        assert_eq!(said(&["verify", &season, &path("json")]).0, Some(5));
        let (code, found) =
            said(&["audit", &season, "--sealed", &sealed, "--answer", &path("json")]);
        assert!(code != Some(0) || found.contains("V17"), "{found}");
    }
    fs::write(&json, &kept.0).expect("a file");
    for (sheet, from, to) in [
        ("sheet1", "<t>录取</t>", "<t>未录取</t>"),
        ("sheet1", "中学</t>", "中校</t>"),
        ("sheet1", "报名号", "考生号"),
        ("sheet2", "<t>是</t>", "<t>否</t>"),
        ("sheet3", "<t>排在录取线之后</t>", "<t>低于录取下限</t>"),
        ("sheet3", "</v>", ".5</v>"),
        ("workbook.xml", "name=\"原因\"", "name=\"理由\""),
    ] {
        let bytes =
            repacked(
                &kept.1,
                |name, text| {
                    if name.contains(sheet) { text.replacen(from, to, 1) } else { text }
                },
            );
        assert_ne!(repacked(&kept.1, |_, text| text), bytes, "{from}");
        fs::write(&book, bytes).expect("a file");
        let (code, found) = said(&["verify", &season, &path("xlsx")]);
        assert_eq!(code, Some(5), "{from}: {found}");
    }
    fs::write(&book, &kept.1).expect("a file");

    // Saved again, the workbook is still the same answer.
    fs::write(&book, repacked(&kept.1, |_, text| text)).expect("a file");
    assert_eq!(said(&["verify", &season, &path("xlsx")]).0, Some(0));

    let certificate = room.path().join("csv/certificate.json");
    let text = fs::read_to_string(&certificate).expect("a certificate");
    let start = text.find("      \"junior\": null,\n").expect("an open line");
    let without = format!("{}{}", &text[..start], &text[start + 22..]);
    fs::write(&certificate, without.replace("  }", " }")).expect("a file");
    let (code, found) = said(&["verify", &season, &path("csv")]);
    assert_eq!(code, Some(5), "{found}");
    assert!(found.contains("certificate.json 第"), "{found}");

    fs::copy(&book, room.path().join("csv/answer.xlsx")).expect("a file");
    assert_eq!(said(&["verify", &season, &path("csv")]).0, Some(2), "two forms in one folder");
}
