//! Reads the scenario folders without the program's own reader: plain CSV, no quotes, cells as written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use luqu_engine::domain::draft::{
    ApplicantRow, GraduatesRow, PlanRow, QuotaRow, RestrictionRow, Rows, SchoolRow,
    SpecialScoreRow, TieDecisionRow, WishRow,
};
use luqu_engine::domain::{Draft, Evaluation, Gender, Restriction, Stage, Text};
use luqu_engine::policy::Policy;

/// What `expected.toml` says of a scenario that has no answer.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) exit: u8,
    #[serde(default)]
    pub(crate) faults: Vec<ExpectedFault>,
    #[serde(default)]
    pub(crate) refusals: Vec<String>,
    #[serde(default)]
    pub(crate) undecided: Vec<String>,
}

/// A fault to be found; nothing for the row or column of a whole table.
#[derive(serde::Deserialize, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedFault {
    pub(crate) table: String,
    pub(crate) row: Option<u32>,
    pub(crate) column: Option<String>,
    pub(crate) code: String,
}

/// Every scenario folder, by name.
pub(crate) fn all() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/scenarios");
    let mut list: Vec<PathBuf> = fs::read_dir(root)
        .expect("the scenarios")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    list.sort();
    list
}

/// What is expected instead of an answer, if the scenario has none.
pub(crate) fn expected(folder: &Path) -> Option<Expected> {
    let text = fs::read_to_string(folder.join("expected.toml")).ok()?;
    Some(toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", folder.display())))
}

/// The text of the policy file.
pub(crate) fn policy_text(folder: &Path) -> String {
    fs::read_to_string(folder.join("policy.toml")).expect("a policy")
}

struct Cells<'a>(BTreeMap<&'a str, &'a str>);

impl Cells<'_> {
    fn text(&self, column: &str) -> Option<Text> {
        self.0.get(column).filter(|c| !c.is_empty()).map(|&c| c.into())
    }
    fn read<T: FromStr>(&self, column: &str) -> Option<T> {
        let text = self.text(column)?;
        Some(text.parse().unwrap_or_else(|_| panic!("{column}: {text}")))
    }
    fn yes(&self, column: &str) -> Option<bool> {
        self.text(column).map(|c| c == "yes")
    }
}

fn rows<R>(folder: &Path, table: &str, make: impl Fn(&Cells<'_>) -> R) -> Rows<R> {
    let Ok(text) = fs::read_to_string(folder.join(format!("{table}.csv"))) else {
        return Rows::default();
    };
    assert!(!text.contains('"'), "scenario files have no quoted cells");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let read = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), header.len(), "{table}: {line}");
        make(&Cells(header.iter().copied().zip(cells).collect()))
    };
    Rows {
        present: true,
        columns: header.iter().map(|&h| h.into()).collect(),
        rows: lines.enumerate().map(|(at, line)| (at as u32 + 2, read(line))).collect(),
    }
}

/// The tables of a scenario.
pub(crate) fn draft(folder: &Path, policy: &Policy) -> Draft {
    let word = |c: &Cells<'_>, column: &str| c.text(column).unwrap_or_default();
    Draft {
        schools: rows(folder, "schools", |c| SchoolRow {
            school_id: c.text("school_id"),
            name: c.text("name"),
            stage: Stage::from_cell(&word(c, "stage")),
            region: c.text("region"),
            is_new: c.yes("is_new"),
            enrolled: c.read("enrolled"),
            boarding_places: c.read("boarding_places"),
            ..SchoolRow::default()
        }),
        plan: rows(folder, "plan", |c| PlanRow {
            school_id: c.text("school_id"),
            batch: c.text("batch"),
            category: c.text("category"),
            seats: c.read("seats"),
            seats_blank: c.text("seats").is_none(),
            classes: c.read("classes"),
            region_scope: c.text("region_scope"),
            document: c.text("document"),
            ..PlanRow::default()
        }),
        graduates: rows(folder, "graduates", |c| GraduatesRow {
            junior_id: c.text("junior_id"),
            graduates: c.read("graduates"),
            eligible: c.read("eligible"),
            tilt: c.yes("tilt"),
            boarding: c.yes("boarding"),
        }),
        quotas: rows(folder, "quotas", |c| QuotaRow {
            school_id: c.text("school_id"),
            batch: c.text("batch"),
            junior_id: c.text("junior_id"),
            seats: c.read("seats"),
            ..QuotaRow::default()
        }),
        applicants: rows(folder, "applicants", |c| ApplicantRow {
            applicant_id: c.text("applicant_id"),
            name: c.text("name"),
            gender: Gender::from_cell(&word(c, "gender")),
            id_number: c.text("id_number"),
            junior_id: c.text("junior_id"),
            region: c.text("region"),
            fresh: c.yes("fresh"),
            junior_since: c.read("junior_since"),
            attended: c.yes("attended"),
            scores: policy.subjects.iter().map(|s| c.read(&s.id)).collect(),
            bonus: c.read("bonus"),
            total: c.read("total"),
            evaluation: Evaluation::from_cell(&word(c, "evaluation")),
            tie_class: c.read("tie_class"),
            ..ApplicantRow::default()
        }),
        packed_wishes: Vec::new(),
        packed_special: Vec::new(),
        wishes: rows(folder, "wishes", |c| WishRow {
            applicant_id: c.text("applicant_id"),
            batch: c.text("batch"),
            position: c.read("position"),
            school_id: c.text("school_id"),
            category: c.text("category"),
            adjust: c.yes("adjust"),
            wide: false,
        }),
        special_scores: rows(folder, "special_scores", |c| SpecialScoreRow {
            applicant_id: c.text("applicant_id"),
            category: c.text("category"),
            school_id: c.text("school_id"),
            score: c.read("score"),
            qualified: c.yes("qualified"),
            test_date: c.text("test_date"),
        }),
        restrictions: rows(folder, "restrictions", |c| RestrictionRow {
            applicant_id: c.text("applicant_id"),
            kind: Restriction::from_cell(&word(c, "kind")),
            reason: c.text("reason"),
            document: c.text("document"),
        }),
        tie_decisions: rows(folder, "tie_decisions", |c| TieDecisionRow {
            batch: c.text("batch"),
            applicant_id: c.text("applicant_id"),
            order: c.read("order"),
            document: c.text("document"),
        }),
        ..Draft::default()
    }
}
