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
