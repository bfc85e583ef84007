//! The scenarios worked out by hand: the engine's answer is theirs, byte for byte.

use std::fs;
use std::path::Path;

use luqu_engine::domain::draft::Rows;
use luqu_engine::domain::{Season, Severity, answer_csv};
use luqu_engine::placement::{place, place_general};
use luqu_engine::policy::Policy;
use luqu_engine::verify::verify;
use luqu_fixtures::Rng;

use super::scenario_folder::{ExpectedFault, all, draft, expected, policy_text};

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn season(folder: &Path) -> Season {
    let policy = Policy::load(&policy_text(folder), None)
        .unwrap_or_else(|r| panic!("{}: {r:#?}", name(folder)));
    let draft = draft(folder, &policy);
    match Season::check(policy, draft) {
        Ok((season, _)) => season,
        Err(faults) => panic!("{}: {faults:#?}", name(folder)),
    }
}

/// The three files of the answer, one after the other.
fn answer_files(season: &Season, folder: &Path) -> [String; 3] {
    let answer = place(season).unwrap_or_else(|u| panic!("{}: {u:?}", name(folder)));
    let report = verify(season, &answer);
    assert!(report.findings.is_empty(), "{}: {:#?}", name(folder), report.findings);
    [answer_csv::placements, answer_csv::cutoffs, answer_csv::reasons]
        .map(|write| String::from_utf8(write(season, &answer)).expect("text"))
}

fn with_answers() -> Vec<std::path::PathBuf> {
    all().into_iter().filter(|f| expected(f).is_none()).collect()
}

#[test]
fn every_answer_is_the_one_worked_out_by_hand() {
    let mut wrong = Vec::new();
    let folders = with_answers();
    assert!(folders.len() >= 30, "{} scenarios with an answer", folders.len());
    for folder in folders {
        let files = answer_files(&season(&folder), &folder);
        for (file, found) in ["placements", "cutoffs", "reasons"].into_iter().zip(files) {
            let by_hand = fs::read_to_string(folder.join(format!("expected/{file}.csv")))
                .unwrap_or_else(|e| panic!("{}/{file}: {e}", name(&folder)));
            if by_hand != found {
                wrong.push(format!(
                    "{} {file}\n--- by hand\n{by_hand}--- found\n{found}",
                    name(&folder)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn deferred_acceptance_gives_what_the_walk_gives() {
    for folder in with_answers() {
        let season = season(&folder);
        let (one, other) = (place(&season), place_general(&season));
        let (Ok(one), Ok(other)) = (one, other) else { panic!("{}", name(&folder)) };
        assert_eq!(one, other, "{}", name(&folder));
    }
}

#[test]
fn the_order_of_rows_never_matters() {
    for folder in with_answers() {
        let as_written = answer_files(&season(&folder), &folder);
        for round in 0..8 {
            let policy = Policy::load(&policy_text(&folder), None).expect("loads");
            let mut draft = draft(&folder, &policy);
            let mut rng = Rng::new(round, 0);
            shuffle(&mut draft.plan, &mut rng);
            shuffle(&mut draft.graduates, &mut rng);
            shuffle(&mut draft.quotas, &mut rng);
            shuffle(&mut draft.applicants, &mut rng);
            shuffle(&mut draft.wishes, &mut rng);
            shuffle(&mut draft.special_scores, &mut rng);
            shuffle(&mut draft.restrictions, &mut rng);
            shuffle(&mut draft.tie_decisions, &mut rng);
            let (season, _) = Season::check(policy, draft).expect("no faults");
            assert_eq!(answer_files(&season, &folder), as_written, "{}", name(&folder));
        }
    }
}

fn shuffle<R>(rows: &mut Rows<R>, rng: &mut Rng) {
    rng.shuffle(&mut rows.rows);
}

#[test]
fn policies_are_refused_for_the_reason_given() {
    let mut seen = 0;
    for folder in all() {
        let wanted = expected(&folder).map(|e| e.refusals).unwrap_or_default();
        match Policy::load(&policy_text(&folder), None) {
            Ok(_) => assert_eq!(wanted, Vec::<String>::new(), "{}", name(&folder)),
            Err(refusals) => {
                seen += 1;
                let kinds: Vec<String> = refusals
                    .iter()
                    .map(|r| toml::Value::try_from(r.kind).expect("a word").to_string())
                    .collect();
                assert!(!wanted.is_empty(), "{}: {kinds:?}", name(&folder));
                for kind in wanted {
                    assert!(kinds.contains(&format!("\"{kind}\"")), "{}: {kinds:?}", name(&folder));
                }
            }
        }
    }
    assert!(seen >= 10, "{seen} refusals");
}

#[test]
fn faults_are_found_where_they_are() {
    for folder in all() {
        let Some(expected) = expected(&folder).filter(|e| !e.faults.is_empty()) else { continue };
        let policy = Policy::load(&policy_text(&folder), None).expect("loads");
        let draft = draft(&folder, &policy);
        // Cells and columns by themselves are judged by the reader of files.
        let of_reader = |code: &str| code.starts_with("E10") && code != "E105";
        let mut wanted: Vec<ExpectedFault> =
            expected.faults.into_iter().filter(|f| !of_reader(&f.code)).collect();
        let faults = Season::check(policy, draft).err().unwrap_or_default();
        let mut found: Vec<ExpectedFault> = faults
            .into_iter()
            .filter(|f| f.code.severity() == Severity::Error)
            .map(|f| ExpectedFault {
                table: f.table.key().to_owned(),
                row: f.row,
                column: f.column,
                code: f.code.to_string(),
            })
            .filter(|f| !of_reader(&f.code))
            .collect();
        wanted.sort();
        found.sort();
        assert_eq!(found, wanted, "{}", name(&folder));
    }
}

#[test]
fn ties_left_to_people_are_named() {
    let mut seen = 0;
    for folder in all() {
        let Some(expected) = expected(&folder).filter(|e| e.exit == 7) else { continue };
        let season = season(&folder);
        let undecided = place(&season).err().unwrap_or_else(|| panic!("{}", name(&folder)));
        let mut named: Vec<&str> = undecided
            .ties
            .iter()
            .flat_map(|t| &t.applicants)
            .map(|&a| season.applicant(a).id.as_str())
            .collect();
        named.sort_unstable();
        assert_eq!(named, expected.undecided, "{}", name(&folder));
        seen += 1;
    }
    assert!(seen > 0);
}
