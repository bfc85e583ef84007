//! The scenarios worked out by hand, through the program's own reader and the command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use luqu::tables::load;
use luqu_engine::domain::answer_csv;
use luqu_engine::placement::place;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    exit: i32,
    #[serde(default)]
    faults: Vec<ExpectedFault>,
    #[serde(default)]
    refusals: Vec<String>,
    #[serde(default)]
    undecided: Vec<String>,
}

#[derive(serde::Deserialize, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[serde(deny_unknown_fields)]
struct ExpectedFault {
    table: String,
    row: Option<u32>,
    column: Option<String>,
    code: String,
}

fn scenarios() -> Vec<(String, PathBuf, Option<Expected>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/scenarios");
    let mut list: Vec<_> = fs::read_dir(root)
        .expect("the scenarios")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let expected = fs::read_to_string(path.join("expected.toml")).ok();
            let expected =
                expected.map(|t| toml::from_str(&t).unwrap_or_else(|e| panic!("{name}: {e}")));
            (name, path, expected)
        })
        .collect();
    list.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(list.len() >= 60);
    list
}

fn luqu(command: &str, season: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_luqu"))
        .arg(command)
        .arg(season)
        .args(more)
        .output()
        .expect("the program runs")
}

#[test]
fn check_ends_as_the_scenario_says() {
    for (name, folder, expected) in scenarios() {
        // An undecided tie is no fault of the input.
        let exit = expected.map_or(0, |e| if e.exit == 3 { 3 } else { 0 });
        let out = luqu("check", &folder, &[]);
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert_eq!(out.status.code(), Some(exit), "{name}\n{said}");
    }
}

#[test]
fn files_and_cells_are_named() {
    for (name, folder, expected) in scenarios() {
        let Some(expected) = expected.filter(|e| e.exit == 3) else { continue };
        let loaded = load(&folder, None).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(loaded.season.is_none(), "{name}: nothing is half imported");
        let blocking = loaded.faults.iter().filter(|f| f.blocks());
        if !expected.refusals.is_empty() {
            let (mut at_policy, mut others) = (0, 0);
            blocking.for_each(|f| match f.fault.code.code() {
                "E401" | "E402" if f.file == "policy.toml" => at_policy += 1,
                _ => others += 1,
            });
            assert!(at_policy > 0 && others == 0, "{name}: {:#?}", loaded.faults);
            continue;
        }
        let mut found: Vec<ExpectedFault> = blocking
            .map(|f| ExpectedFault {
                table: f.fault.table.key().to_owned(),
                // A missing column is reported at the header by some readers, at the table by others.
                row: f.fault.row.filter(|&row| row > 1),
                column: f.fault.column.clone(),
                code: f.fault.code.to_string(),
            })
            .collect();
        found.sort();
        let mut wanted = expected.faults;
        wanted.sort();
        assert_eq!(found, wanted, "{name}");
        assert!(loaded.faults.iter().all(|f| f.place().contains(".csv")), "{name}");
    }
}

#[test]
fn the_answer_read_through_files_is_the_one_worked_out_by_hand() {
    for (name, folder, expected) in scenarios() {
        let loaded = load(&folder, None).unwrap_or_else(|e| panic!("{name}: {e}"));
        let Some(season) = loaded.season else {
            assert!(expected.is_some(), "{name}: {:#?}", loaded.faults);
            continue;
        };
        let answer = match (place(&season), expected) {
            (Ok(answer), None) => answer,
            (Err(undecided), Some(expected)) => {
                assert_eq!(expected.exit, 7, "{name}");
                assert_eq!(undecided.ties.len(), 1, "{name}");
                assert_eq!(undecided.ties[0].applicants.len(), expected.undecided.len(), "{name}");
                continue;
            }
            (found, _) => panic!("{name}: {:?}", found.is_ok()),
        };
        for (file, bytes) in [
            ("placements.csv", answer_csv::placements(&season, &answer)),
            ("cutoffs.csv", answer_csv::cutoffs(&season, &answer)),
            ("reasons.csv", answer_csv::reasons(&season, &answer)),
        ] {
            let by_hand = fs::read(folder.join("expected").join(file)).expect("an expected file");
            let (found, by_hand) =
                (String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&by_hand));
            assert_eq!(found, by_hand, "{name} {file}");
        }
    }
}

#[test]
fn place_writes_the_answer_worked_out_by_hand_and_nothing_else() {
    let room = tempfile::tempdir().expect("a folder");
    for (name, folder, expected) in scenarios() {
        let out = room.path().join(&name);
        let run = luqu("place", &folder, &["--out", &out.to_string_lossy()]);
        let said = String::from_utf8_lossy(&run.stderr).into_owned()
            + &String::from_utf8_lossy(&run.stdout);
        let exit = expected.as_ref().map_or(0, |e| e.exit);
        assert_eq!(run.status.code(), Some(exit), "{name}\n{said}");
        match expected {
            None => {
                for file in ["placements.csv", "cutoffs.csv", "reasons.csv"] {
                    let by_hand = fs::read(folder.join("expected").join(file)).expect("a file");
                    let found = fs::read(out.join(file)).expect("a file");
                    assert!(found == by_hand, "{name} {file}");
                }
            }
            Some(expected) => {
                assert!(!out.exists(), "{name}: nothing is written");
                for id in expected.undecided {
                    assert!(said.contains(&id), "{name}: {id} is named\n{said}");
                }
            }
        }
    }
}

#[test]
fn a_draw_done_again_is_the_same_to_the_byte() {
    let room = tempfile::tempdir().expect("a folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/scenarios");
    let mut files = Vec::new();
    for (time, season) in
        ["incident_puning_redraw", "incident_puning_redraw", "lottery_ties"].iter().enumerate()
    {
        let out = room.path().join(time.to_string());
        let run = luqu("place", &root.join(season), &["--out", &out.to_string_lossy()]);
        assert_eq!(run.status.code(), Some(0));
        files.push(["placements.csv", "cutoffs.csv", "reasons.csv", "certificate.json"].map(
            |file| fs::read(out.join(file)).unwrap_or_else(|e| panic!("{season} {file}: {e}")),
        ));
    }
    assert!(files[0] == files[1] && files[1] == files[2]);
}
