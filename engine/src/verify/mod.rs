//! Verification: judges an answer from the season alone; P1–P8, the second algorithm, the certificate.
//!
//! Policy: SPEC §7. Imports nothing from `placement`: the two share types and no code. P1–P7 and the
//! reasons are checked from their definitions against the answer itself; the second algorithm is one
//! more witness and no yardstick for the others.

mod canonical;
mod certificate;
mod court;
pub mod figures;
pub mod floors;
mod fronts;
mod ledger;
pub mod lines;
pub mod market;
pub mod order;
mod report;
pub mod second;
mod walk;

use std::borrow::Cow;

use rayon::prelude::*;

use crate::domain::digest::Digest;
use crate::domain::{
    Answer, ApplicantIx, BatchIx, CategoryIx, Outcome, Reason, SchoolIx, Season, Table,
};
use court::Court;
use market::Market;
use second::Second;

pub use certificate::{
    AnswerBytes, CONTRACT, Certificate, CertifiedLine, Counts, Prepared, check_certificate,
};
pub use report::{Finding, Property, Report};

/// The digest of one table's content, or of the policy's, as certificates hold it.
pub fn table_digest(season: &Season, table: Table) -> Digest {
    canonical::table(season, table)
}

/// Judges an answer. Nothing is published unless the report is clean.
///
/// Whatever the answer says, the report says what is wrong with it; an answer of the wrong length is
/// judged no further. About the cost of a placement, in parallel over applicants.
pub fn verify(season: &Season, answer: &Answer) -> Report {
    if let Some(report) = wrong_length(season, answer) {
        return report;
    }
    let markets = market::markets(season);
    let (mut findings, second) =
        rayon::join(|| judge(season, &markets, answer), || second::place_in(season, &markets));
    ledger::agree(season, &second, answer, &mut findings);
    Report::of(findings)
}

/// What verification derives of a season before it sees an answer: the markets of all batches, and who holds what by
/// the second algorithm. It can be made while the first one places.
pub(crate) struct Expected<'s> {
    season: &'s Season,
    markets: Vec<Market<'s>>,
    second: Second,
}

impl<'s> Expected<'s> {
    pub(crate) fn of(season: &'s Season) -> Self {
        let markets = market::markets(season);
        let second = second::place_in(season, &markets);
        Self { season, markets, second }
    }

    /// The season.
    pub(crate) const fn season(&self) -> &'s Season {
        self.season
    }

    /// Judges an answer as [`verify`] does.
    pub(crate) fn judge(&self, answer: &Answer) -> Report {
        if let Some(report) = wrong_length(self.season, answer) {
            return report;
        }
        let mut findings = judge(self.season, &self.markets, answer);
        ledger::agree(self.season, &self.second, answer, &mut findings);
        Report::of(findings)
    }
}

/// The report of an answer that has not one outcome for everybody.
fn wrong_length(season: &Season, answer: &Answer) -> Option<Report> {
    let (people, rows) = (season.applicants().len(), answer.outcomes.len());
    let finding = || {
        let detail = format!("考生 {people} 人，结果 {rows} 行");
        Report::of(vec![Finding::new(Property::Outcomes, vec![], &detail)])
    };
    (people != rows).then(finding)
}

/// P1–P7, the outcomes and the reasons, from their definitions.
fn judge(season: &Season, markets: &[Market<'_>], answer: &Answer) -> Vec<Finding> {
    let mut findings = Vec::new();
    let policy = season.policy();
    let mut seats_of: Vec<Vec<(ApplicantIx, Outcome)>> = vec![Vec::new(); policy.batches.len()];
    for (at, &outcome) in answer.outcomes.iter().enumerate() {
        let applicant = ApplicantIx::from(at);
        findings.extend(label_finding(season, applicant, outcome));
        if let Some((batch, _, school, category)) = outcome.seat() {
            let known = school.at() < season.schools().len()
                && category.at() < policy.categories.len()
                && batch.at() < policy.batches.len();
            if known {
                seats_of[batch.at()].push((applicant, outcome));
            } else {
                let id = season.applicant(applicant).id.clone();
                let detail = format!("考生 {id} 的录取批次、学校或类别不存在");
                findings.push(Finding::new(Property::WithinPlan, vec![id], &detail));
            }
        }
    }

    let (mut lines, mut frozen, mut carried) = (Vec::new(), Vec::new(), Vec::new());
    let mut courts = Vec::with_capacity(markets.len());
    for (market, holders) in markets.iter().zip(&seats_of) {
        let base = figures::base(market, &carried);
        let court = Court::convene(market, answer, base, &lines, holders, &mut findings);
        carried.extend(figures::carried(market, &court.seats, &court.held));
        lines.extend_from_slice(&court.lines);
        frozen.extend_from_slice(&court.frozen);
        courts.push(court);
    }
    let whole = |court: &Court<'_>| {
        let mut findings = Vec::new();
        court.within_plan(&mut findings);
        court.lawful(&mut findings);
        court.adjustment(&mut findings);
        findings
    };
    let (of_batches, of_everybody): (Vec<Vec<Finding>>, _) = rayon::join(
        || courts.par_iter().map(whole).collect(),
        || everybody(season, &courts, &answer.reasons),
    );
    findings.extend(of_batches.into_iter().flatten());
    findings.extend(of_everybody);
    ledger::schools_within_plan(season, &answer.outcomes, &mut findings);
    ledger::lines_add_up(season, &lines, &answer.lines, &mut findings);
    ledger::frozen_add_up(season, &frozen, &answer.frozen, &mut findings);
    findings
}

/// What is wrong with the proposals and the reasons of anybody, in parallel over applicants.
fn everybody(season: &Season, courts: &[Court<'_>], reasons: &[Reason]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut reasons = Cow::Borrowed(reasons);
    if !reasons.is_sorted_by_key(|r| (r.applicant, r.batch)) {
        findings.push(Finding::new(Property::Reasons, vec![], "理由没有按考生、批次排列"));
        reasons.to_mut().sort_by_key(|r| (r.applicant, r.batch));
    }
    let everybody: Vec<ApplicantIx> =
        (0..season.applicants().len()).map(ApplicantIx::from).collect();
    let found = everybody.par_chunks(1 << 9).flat_map_iter(|chunk| {
        let mut findings = Vec::new();
        let mut rest = &reasons[reasons.partition_point(|r| r.applicant < chunk[0])..];
        for &applicant in chunk {
            for court in courts {
                let given =
                    take(&mut rest, |r| (r.applicant, r.batch) == (applicant, court.batch()));
                court.one(applicant, given, &mut findings);
            }
            // What is left of this applicant's is of no batch.
            let nowhere = take(&mut rest, |r| r.applicant == applicant);
            findings.extend(nowhere.iter().map(|r| ledger::stranger(season, r)));
        }
        findings
    });
    findings.par_extend(found);
    let known = reasons.partition_point(|r| r.applicant.at() < everybody.len());
    findings.extend(reasons[known..].iter().map(|r| ledger::stranger(season, r)));
    findings
}

/// Takes the reasons at the front that belong.
fn take<'r>(rest: &mut &'r [Reason], belongs: impl Fn(&Reason) -> bool) -> &'r [Reason] {
    let count = rest.iter().take_while(|r| belongs(r)).count();
    let (taken, left) = rest.split_at(count);
    *rest = left;
    taken
}

/// The finding of an outcome that its applicant cannot have.
fn label_finding(season: &Season, applicant: ApplicantIx, outcome: Outcome) -> Option<Finding> {
    let who = season.applicant(applicant);
    let due = match (who.barred, season.wishes(applicant).is_empty()) {
        (true, _) => Outcome::Barred,
        (false, true) => Outcome::NoWishes,
        (false, false) => match outcome {
            Outcome::Barred | Outcome::NoWishes => Outcome::Unplaced,
            lawful => lawful,
        },
    };
    (due != outcome).then(|| {
        let detail = format!("考生 {} 应为 {}，结果中是 {}", who.id, due.key(), outcome.key());
        Finding::new(Property::Outcomes, vec![who.id.clone()], &detail)
    })
}

/// A seat class in words: batch, school, category and junior school.
fn class_words(
    season: &Season,
    batch: BatchIx,
    school: SchoolIx,
    category: CategoryIx,
    junior: Option<&str>,
) -> String {
    let policy = season.policy();
    let batch = policy.batches.get(batch.at()).map_or("?", |b| &b.id);
    let school = season.schools().get(school.at()).map_or("?", |s| &s.id);
    let category = policy.categories.get(category.at()).map_or("?", |c| &c.id);
    let junior = junior.map(|j| format!("/{j}")).unwrap_or_default();
    format!("{batch}/{school}/{category}{junior}")
}
