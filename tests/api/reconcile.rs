//! `luqu reconcile`: the registry's own dump beside the admissions, offline.

use std::fs;
use std::process::{Command, Output};

use luqu::tables::load::load;
use luqu_engine::domain::answer_csv;
use luqu_engine::placement::place;
use rust_xlsxwriter::Workbook;

fn luqu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luqu")).args(args).output().expect("a program that starts")
}

#[test]
fn a_doctored_dump_is_found_out_in_every_form() {
    let dir = tempfile::tempdir().expect("a folder");
    let at = |name: &str| dir.path().join(name).display().to_string();
    assert_eq!(luqu(&["init", &at("s"), "--demo", "60"]).status.code(), Some(0));
    let season = load(dir.path().join("s").as_path(), None).expect("read").season.expect("clean");
    let answer = place(&season).expect("decided");
    fs::create_dir(dir.path().join("answer")).expect("a folder");
    fs::write(at("answer/placements.csv"), answer_csv::placements(&season, &answer))
        .expect("written");
    let placed: Vec<(String, String, String)> = season
        .applicants()
        .iter()
        .zip(&answer.outcomes)
        .filter_map(|(a, o)| {
            let (_, _, school, _) = o.seat()?;
            let number = a.id_number.as_ref().expect("a number").to_string();
            Some((a.id.to_string(), number, season.school(school).id.to_string()))
        })
        .collect();
    let other = placed.iter().find(|p| p.2 != placed[0].2).expect("another school").2.clone();

    // Everybody but the first is registered; the second elsewhere, the third twice, somebody unknown too.
    let mut rows = vec![["身份证号", "学籍学校代码", "学籍状态", "全国学籍号"].map(str::to_owned)];
    for (n, (_, number, school)) in placed.iter().enumerate().skip(1) {
        let school = if n == 1 && *school != other { &other } else { school };
        rows.push([number.clone(), school.clone(), "在读".into(), format!("G{number}")]);
        if n == 2 {
            rows.push([number.clone(), "S0".into(), "在读".into(), format!("G{number}")]);
        }
    }
    rows.push(["11010519491231002X".into(), other.clone(), "在读".into(), String::new()]);
    rows.push([String::new(), other, "在读".into(), "J500222200001010000".into()]);
    let text: String = rows.iter().map(|r| r.join(",") + "\n").collect();
    fs::write(at("utf8.csv"), format!("\u{feff}{text}")).expect("written");
    let (gb, _, _) = encoding_rs::GB18030.encode(&text);
    fs::write(at("gb.csv"), gb).expect("written");
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("学籍").expect("a name");
    for (r, row) in (0..).zip(&rows) {
        for (c, cell) in (0..).zip(row) {
            sheet.write_string(r, c, cell).expect("a cell");
        }
    }
    book.save(at("dump.xlsx")).expect("written");

    let mut outputs = Vec::new();
    for dump in ["utf8.csv", "gb.csv", "dump.xlsx"] {
        let done = luqu(&[
            "reconcile",
            &at("s"),
            "--answer",
            &at("answer"),
            "--registry",
            &at(dump),
            "--json",
        ]);
        let err = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(5), "{err}");
        assert!(err.contains("录取未建籍 1"), "{err}");
        outputs.push(done.stdout);
    }
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(outputs[0], outputs[2]);
    let found: serde_json::Value = serde_json::from_slice(&outputs[0]).expect("JSON");
    let found = found.as_array().expect("a list");
    let of = |kind: &str| found.iter().filter(|d| d["kind"] == kind).collect::<Vec<_>>();
    assert_eq!(of("missing")[0]["applicant_id"], placed[0].0.as_str());
    assert_eq!(of("unadmitted").len(), 1);
    assert_eq!(of("unidentified").len(), 1);
    let double = of("double");
    assert_eq!(double[0]["applicant_id"], placed[2].0.as_str());
    assert_eq!(double[0]["records"].as_array().map(Vec::len), Some(2));
    assert_eq!(double[0]["records"][0]["row"], 3);
    // No number is shown whole.
    let text = String::from_utf8_lossy(&outputs[0]);
    assert!(placed.iter().all(|p| !text.contains(&p.1)), "{text}");

    // A broken cell is a fault at its place, and nothing is judged.
    fs::write(at("bad.csv"), "身份证号,学籍学校代码\n5.00222E+17,S1\n").expect("written");
    let done =
        luqu(&["reconcile", &at("s"), "--answer", &at("answer"), "--registry", &at("bad.csv")]);
    let err = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(3), "{err}");
    assert!(err.contains("bad.csv:2:id_number"), "{err}");

    // Files for people.
    for out in ["out.csv", "out.xlsx"] {
        luqu(&[
            "reconcile",
            &at("s"),
            "--answer",
            &at("answer"),
            "--registry",
            &at("utf8.csv"),
            "--out",
            &at(out),
        ]);
        assert!(fs::metadata(at(out)).expect("written").len() > 500);
    }
}
