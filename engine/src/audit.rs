//! Judges any admissions, registry records and class lists, whoever made them (SPEC §10), and is the only
//! maker of a [`Clearance`] (SPEC §11).
//!
//! **Invariant:** nothing here imports placement.

use std::collections::BTreeSet;

use crate::domain::{ApplicantIx, CategoryIx, SchoolIx, Season, Severity, Text};
use crate::rules::{AuditInputs, Blocks, Case, RULES, Violation, eligibility};

/// Leave to open a registry record 学籍准入, for one admission that the audit found free of blocking
/// violations.
///
/// Only [`clear`] makes one: its fields are private, it cannot be copied and no file can hold one. An
/// admission that was never audited has none, and so fails closed.
///
/// ```compile_fail
/// let forged = luqu_engine::audit::Clearance { applicant: "1".into() };
/// ```
#[derive(PartialEq, Eq, Debug)]
#[must_use]
pub struct Clearance {
    applicant: Text,
    school: Text,
    batch: Text,
    category: Text,
}

impl Clearance {
    /// The applicant cleared.
    pub fn applicant(&self) -> &str {
        &self.applicant
    }

    /// The only school that may open the record.
    pub fn school(&self) -> &str {
        &self.school
    }

    /// The batch of the admission.
    pub fn batch(&self) -> &str {
        &self.batch
    }

    /// The category of the admission.
    pub fn category(&self) -> &str {
        &self.category
    }
}

/// Every violation, ordered by code, school, applicant, batch and category (bytewise).
pub fn audit(season: &Season, inputs: &AuditInputs) -> Vec<Violation> {
    judge(&Case::new(season, inputs))
}

/// Every violation, and a clearance for each admission that none of severity error blocks, ordered by
/// applicant id.
///
/// What a violation blocks is its own matter ([`Blocks`]): an over-plan admission blocks itself, a new
/// school above its size all its admissions, a broken seal everybody, a large class nobody, since classes
/// are divided again. Whoever is passed over is not blocked by it; who was put in front is.
pub fn clear(season: &Season, inputs: &AuditInputs) -> (Vec<Violation>, Vec<Clearance>) {
    cleared(&Case::new(season, inputs))
}

/// What was published before anything was corrected or revoked.
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    /// The season as it was then.
    pub season: &'a Season,
    /// Everybody admitted then.
    pub inputs: &'a AuditInputs,
    /// Whose seat corrections settled, by giving a better one or by leaving the one that was held: they claim no other,
    /// and nobody claims theirs.
    pub settled: &'a BTreeSet<Text>,
}

/// As [`clear`], for admissions that have been corrected and revoked since they were published: the lines are those
/// that were published, and whoever has lost or left a seat is passed over by nobody.
pub fn clear_since(
    published: Published<'_>,
    season: &Season,
    inputs: &AuditInputs,
) -> (Vec<Violation>, Vec<Clearance>) {
    let before = Case::new(published.season, published.inputs);
    cleared(&Case::new(season, inputs).since(before, published.settled))
}

fn cleared(case: &Case<'_>) -> (Vec<Violation>, Vec<Clearance>) {
    let violations = judge(case);
    let mut everyone = false;
    let mut applicants: BTreeSet<&str> = BTreeSet::new();
    let mut schools: BTreeSet<&str> = BTreeSet::new();
    for violation in violations.iter().filter(|v| v.severity == Severity::Error) {
        match &violation.blocks {
            Blocks::Nobody => {}
            Blocks::Applicants(ids) => applicants.extend(ids.iter().map(Text::as_str)),
            Blocks::School => _ = schools.insert(&violation.school),
            Blocks::Everyone => everyone = true,
        }
    }
    let admissions = case.admissions().filter(|row| {
        !everyone
            && !applicants.contains(row.applicant.as_str())
            && !schools.contains(row.school.as_str())
    });
    let clearances = admissions
        .map(|row| Clearance {
            applicant: row.applicant.clone(),
            school: row.school.clone(),
            batch: row.batch.clone(),
            category: row.category.clone(),
        })
        .collect();
    (violations, clearances)
}

/// Whether an applicant meets every condition of a category at a school; region, floor and bar are not looked at.
#[must_use]
pub fn eligible(
    season: &Season,
    applicant: ApplicantIx,
    category: CategoryIx,
    school: SchoolIx,
) -> bool {
    eligibility::failing(season, applicant, category, school).next().is_none()
}

fn judge(case: &Case<'_>) -> Vec<Violation> {
    let mut violations: Vec<Violation> = RULES.iter().flat_map(|r| (r.check)(case)).collect();
    Violation::sort(&mut violations);
    violations
}
