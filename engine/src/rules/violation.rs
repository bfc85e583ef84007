//! A violation 违规: what the audit found, as data. Finding one is a success of the audit.

use std::fmt;

use serde::Serialize;

use super::Code;
use super::case::Held;
use crate::domain::{Severity, Text};

/// The most rows or words that one finding names; how many there are it says as a number.
pub const NAMED: usize = 10;

/// Whose registry record must wait while a violation of severity error stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Blocks {
    /// Nobody: the remedy lies elsewhere, such as splitting a class.
    Nobody,
    /// These applicants.
    Applicants(Vec<Text>),
    /// Everyone admitted by the violation's school.
    School,
    /// Everyone.
    Everyone,
}

/// One violation: a row of `violations.csv` (SPEC §10).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Which rule.
    pub code: Code,
    /// Whether it is unlawful as it stands, or an older state that must be put right under a plan.
    pub severity: Severity,
    /// The school that answers for it; blank where no school does.
    pub school: Text,
    /// The applicant concerned; blank where no single one is.
    pub applicant: Text,
    /// The batch id as written, or blank.
    pub batch: Text,
    /// The category id as written, or blank.
    pub category: Text,
    /// What was found, as short as it can be said.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
    /// The item of the policy document.
    pub item: String,
    /// Subject, found, allowed and source as one sentence in Chinese.
    pub detail: String,
    /// Whose clearance it withholds; not a column.
    pub blocks: Blocks,
    /// The places in the list of registry records of those it rests on, [`NAMED`] at most; not a column.
    pub records: Vec<usize>,
}

impl Violation {
    /// A violation that no single admission is about. It blocks nobody.
    ///
    /// `sentence` is subject, found and allowed; the source is added to it.
    pub(super) fn of_school(
        code: Code,
        school: &str,
        found: impl fmt::Display,
        allowed: impl fmt::Display,
        sentence: impl fmt::Display,
    ) -> Self {
        let item = code.rule().item;
        Self {
            code,
            severity: Severity::Error,
            school: school.into(),
            applicant: Text::default(),
            batch: Text::default(),
            category: Text::default(),
            found: found.to_string(),
            allowed: allowed.to_string(),
            item: item.to_owned(),
            detail: format!("{sentence}{}", source(item)),
            blocks: Blocks::Nobody,
            records: Vec::new(),
        }
    }

    /// A violation about one applicant, who is blocked by it.
    pub(super) fn of_applicant(
        code: Code,
        school: &str,
        applicant: &str,
        found: impl fmt::Display,
        allowed: impl fmt::Display,
        sentence: impl fmt::Display,
    ) -> Self {
        Self {
            applicant: applicant.into(),
            blocks: Blocks::Applicants(vec![applicant.into()]),
            ..Self::of_school(code, school, found, allowed, sentence)
        }
    }

    /// A violation about one admission, whose applicant is blocked by it.
    pub(super) fn of_admission(
        code: Code,
        held: &Held<'_>,
        found: impl fmt::Display,
        allowed: impl fmt::Display,
        sentence: impl fmt::Display,
    ) -> Self {
        let row = held.row;
        Self::of_applicant(code, &row.school, &row.applicant, found, allowed, sentence)
            .at(&row.batch, &row.category)
    }

    /// The same, in a batch and category.
    #[must_use]
    pub(super) fn at(mut self, batch: &str, category: &str) -> Self {
        self.batch = batch.into();
        self.category = category.into();
        self
    }

    /// The same, resting on these registry records, of which the first are named.
    #[must_use]
    pub(super) fn on_records(mut self, places: &[usize]) -> Self {
        self.records = places.iter().copied().take(NAMED).collect();
        self
    }

    /// The same, with the item that the policy file gives for the number, if it gives one.
    #[must_use]
    pub(super) fn under_item(mut self, item: &str) -> Self {
        if !item.is_empty() && item != self.item {
            self.detail = self.detail.replace(&source(&self.item), &source(item));
            self.item = item.to_owned();
        }
        self
    }

    /// Whether it withholds the clearance of an admission of this applicant to this school: a warning withholds none.
    #[must_use]
    pub fn withholds(&self, applicant: &str, school: &str) -> bool {
        self.severity == Severity::Error
            && match &self.blocks {
                Blocks::Nobody => false,
                Blocks::Applicants(ids) => ids.iter().any(|id| id == applicant),
                Blocks::School => self.school == school,
                Blocks::Everyone => true,
            }
    }

    /// The order of `violations.csv`: code, school, applicant, batch, category, then the rest.
    pub fn sort(violations: &mut [Self]) {
        violations.sort_by_cached_key(|v| {
            (
                v.code,
                v.school.clone(),
                v.applicant.clone(),
                v.batch.clone(),
                v.category.clone(),
                v.detail.clone(),
                v.found.clone(),
            )
        });
    }
}

/// The source of a sentence, in brackets: an item of the district's plan by number, or what the policy
/// file says in its place.
fn source(item: &str) -> String {
    if item.bytes().all(|b| b.is_ascii_digit()) {
        format!("（实施方案第{item}条）")
    } else {
        format!("（{item}）")
    }
}

/// The word of a severity in `violations.csv`.
pub const fn severity_key(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

impl Serialize for Violation {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut row = to.serialize_struct("Violation", 10)?;
        row.serialize_field("code", self.code.key())?;
        row.serialize_field("severity", severity_key(self.severity))?;
        row.serialize_field("school_id", &self.school)?;
        row.serialize_field("applicant_id", &self.applicant)?;
        row.serialize_field("batch", &self.batch)?;
        row.serialize_field("category", &self.category)?;
        row.serialize_field("found", &self.found)?;
        row.serialize_field("allowed", &self.allowed)?;
        row.serialize_field("item", &self.item)?;
        row.serialize_field("detail", &self.detail)?;
        row.end()
    }
}
