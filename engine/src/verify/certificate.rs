//! The certificate of an answer: digests of what went in and came out, and the properties that hold.
//!
//! Policy: SPEC §6 and §7 (P8). Whoever has the season can make it again; one that was changed does not match.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::report::{Finding, Property, Report};
use super::{Expected, canonical};
use crate::domain::digest::{Digester, of_bytes};
use crate::domain::{Answer, Outcome, Season, Table, answer_csv};

/// The version of the contract that certificates follow.
pub const CONTRACT: u32 = 1;

/// `certificate.json`. Everything in it follows from the season and the answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The version of the contract.
    pub contract: u32,
    /// The version of the engine that placed and verified.
    pub engine: String,
    /// The season's id.
    pub season: String,
    /// The lottery seed as used; nothing where no order draws lots.
    pub seed: Option<String>,
    /// SHA-256 of the policy's content.
    pub policy: String,
    /// SHA-256 of each table's content, by the key of the table.
    pub inputs: BTreeMap<String, String>,
    /// How many there are of each kind.
    pub counts: Counts,
    /// The frozen lines.
    pub frozen: Vec<CertifiedLine>,
    /// The cut-off of every class that filled, in the order of `cutoffs.csv`.
    pub lines: Vec<CertifiedLine>,
    /// SHA-256 of the exact bytes of the three files, by name.
    pub files: BTreeMap<String, String>,
    /// SHA-256 over the three of `files`.
    pub answer: String,
    /// The properties verified, each with `holds`.
    pub properties: BTreeMap<Property, String>,
    /// SHA-256 over everything above.
    pub seal: String,
}

/// The line of a seat class, by ids.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedLine {
    /// The batch.
    pub batch: String,
    /// The senior school.
    pub school: String,
    /// The category.
    pub category: String,
    /// The junior school of a cell.
    pub junior: Option<String>,
    /// The total of the last holder, as text.
    pub total: String,
}

impl Counts {
    fn words(&self) -> String {
        format!(
            "考生 {}、录取 {}、调剂 {}、未录取 {}、取消资格 {}、未填志愿 {}、计划 {}",
            self.applicants,
            self.placed,
            self.adjusted,
            self.unplaced,
            self.barred,
            self.no_wishes,
            self.seats
        )
    }
}

/// How many applicants and seats there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// All applicants.
    pub applicants: u64,
    /// Admitted on a wish.
    pub placed: u64,
    /// Admitted by adjustment.
    pub adjusted: u64,
    /// With wishes and without a seat.
    pub unplaced: u64,
    /// Barred.
    pub barred: u64,
    /// Without a wish.
    pub no_wishes: u64,
    /// Planned seats.
    pub seats: u64,
}

/// The exact bytes of the three files of an answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AnswerBytes {
    /// `placements.csv`
    pub placements: Vec<u8>,
    /// `cutoffs.csv`
    pub cutoffs: Vec<u8>,
    /// `reasons.csv`
    pub reasons: Vec<u8>,
}

impl AnswerBytes {
    /// The bytes that an answer is written as.
    pub fn of(season: &Season, answer: &Answer) -> Self {
        let ((placements, cutoffs), reasons) = rayon::join(
            || (answer_csv::placements(season, answer), answer_csv::cutoffs(season, answer)),
            || answer_csv::reasons(season, answer),
        );
        Self { placements, cutoffs, reasons }
    }

    /// The files by name, in the order of the fields.
    pub fn files(&self) -> [(&'static str, &[u8]); 3] {
        [
            ("placements.csv", &self.placements),
            ("cutoffs.csv", &self.cutoffs),
            ("reasons.csv", &self.reasons),
        ]
    }
}

/// What verification and certificate take from the season alone: the digests of what goes into a placement, and what
/// the answer will be held against. It can be made while the season is placed.
pub struct Prepared<'s> {
    inputs: InputDigests,
    expected: Expected<'s>,
}

impl<'s> Prepared<'s> {
    /// Prepares for an answer of the season.
    pub fn of(season: &'s Season) -> Self {
        let (inputs, expected) = rayon::join(|| InputDigests::of(season), || Expected::of(season));
        Self { inputs, expected }
    }

    /// Verifies an answer and digests it at the same time; nothing is certified unless the report is clean. `bytes`
    /// are those of this answer.
    pub fn certify(self, answer: &Answer, bytes: &AnswerBytes) -> (Report, Option<Certificate>) {
        let Self { inputs, expected } = self;
        let (report, certificate) = rayon::join(
            || expected.judge(answer),
            || Certificate::of_bytes(expected.season(), answer, bytes, inputs),
        );
        let certificate = report.clean().then_some(certificate);
        (report, certificate)
    }
}

/// The digests of what goes into a placement.
struct InputDigests {
    policy: String,
    tables: BTreeMap<String, String>,
}

impl InputDigests {
    /// The digests of the policy and of every table.
    fn of(season: &Season) -> Self {
        let digest = |&t: &Table| (t.key().to_owned(), canonical::table(season, t).to_string());
        Self {
            policy: canonical::table(season, Table::Policy).to_string(),
            tables: Table::SEASON.par_iter().map(digest).collect(),
        }
    }
}

impl Certificate {
    /// The certificate of an answer, only where verification found nothing.
    pub fn of(season: &Season, answer: &Answer, report: &Report) -> Option<Self> {
        let due = || {
            let bytes = AnswerBytes::of(season, answer);
            Self::of_bytes(season, answer, &bytes, InputDigests::of(season))
        };
        report.clean().then(due)
    }

    /// The same with the bytes at hand, whatever verification says: for comparing with one that is given.
    fn of_bytes(
        season: &Season,
        answer: &Answer,
        bytes: &AnswerBytes,
        inputs: InputDigests,
    ) -> Self {
        let digest =
            |(name, bytes): &(&str, &[u8])| ((*name).to_owned(), of_bytes(bytes).to_string());
        let files: BTreeMap<String, String> = bytes.files().par_iter().map(digest).collect();
        let mut over = Digester::default();
        for (name, digest) in &files {
            over.field(name.as_bytes());
            over.field(digest.as_bytes());
        }
        let frozen = answer.frozen.iter().map(|l| CertifiedLine {
            batch: season.policy().batch(l.batch).id.to_string(),
            school: season.school(l.school).id.to_string(),
            category: season.policy().category(l.category).id.to_string(),
            junior: None,
            total: l.total.to_string(),
        });
        let lines = answer.lines.iter().filter_map(|l| {
            Some(CertifiedLine {
                batch: season.policy().batch(l.batch).id.to_string(),
                school: season.school(l.school).id.to_string(),
                category: season.policy().category(l.category).id.to_string(),
                junior: l.junior.map(|j| season.school(j).id.to_string()),
                total: l.cutoff()?.to_string(),
            })
        });
        let holds = Property::ALL.iter().map(|&p| (p, "holds".to_owned()));
        let mut certificate = Self {
            contract: CONTRACT,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            season: season.policy().id.clone(),
            seed: season.policy().seed.clone().filter(|_| season.policy().needs_seed()),
            policy: inputs.policy,
            inputs: inputs.tables,
            counts: counts(season, answer),
            frozen: frozen.collect(),
            lines: lines.collect(),
            files,
            answer: over.finish().to_string(),
            properties: holds.collect(),
            seal: String::new(),
        };
        certificate.seal = certificate.sealed();
        certificate
    }

    /// The bytes of `certificate.json`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The seal that the rest of the certificate deserves.
    pub fn sealed(&self) -> String {
        let bare = Self { seal: String::new(), ..self.clone() };
        of_bytes(&serde_json::to_vec(&bare).unwrap_or_default()).to_string()
    }
}

fn counts(season: &Season, answer: &Answer) -> Counts {
    let mut counts = Counts {
        applicants: answer.outcomes.len() as u64,
        seats: season.plan().iter().map(|l| u64::from(l.seats.unwrap_or(0))).sum(),
        ..Counts::default()
    };
    for outcome in &answer.outcomes {
        *match outcome {
            Outcome::Placed { .. } => &mut counts.placed,
            Outcome::Adjusted { .. } => &mut counts.adjusted,
            Outcome::Unplaced => &mut counts.unplaced,
            Outcome::Barred => &mut counts.barred,
            Outcome::NoWishes => &mut counts.no_wishes,
        } += 1;
    }
    counts
}

/// P8: compares a given certificate with the one that the season, the answer and its bytes deserve.
///
/// Every field that differs is a finding. A certificate of another engine version is one too: it says
/// nothing about what this engine finds.
pub fn check_certificate(
    season: &Season,
    answer: &Answer,
    bytes: &AnswerBytes,
    given: &Certificate,
) -> Vec<Finding> {
    let due = Certificate::of_bytes(season, answer, bytes, InputDigests::of(season));
    let mut findings = Vec::new();
    let mut compare = |what: &str, due: &str, given: &str| {
        if due != given {
            let detail = format!("{what}应为 {due}，证书中是 {given}");
            findings.push(Finding::new(Property::Digests, vec![], &detail));
        }
    };
    let seed = |c: &Certificate| c.seed.clone().unwrap_or_else(|| "空".to_owned());
    compare("契约版本", &due.contract.to_string(), &given.contract.to_string());
    compare("程序版本", &due.engine, &given.engine);
    compare("招生季", &due.season, &given.season);
    compare("随机号种子", &seed(&due), &seed(given));
    compare("政策的摘要", &due.policy, &given.policy);
    pairs(&mut compare, "数据表", &due.inputs, &given.inputs);
    pairs(&mut compare, "结果文件", &due.files, &given.files);
    compare("结果的总摘要", &due.answer, &given.answer);
    if due.counts != given.counts {
        compare("人数", &due.counts.words(), &given.counts.words());
    }
    for (what, due, given) in
        [("冻结线", &due.frozen, &given.frozen), ("录取线", &due.lines, &given.lines)]
    {
        let different = due.iter().zip(given).find(|(d, g)| d != g);
        if let Some((due, given)) = different {
            compare(what, &line_words(due), &line_words(given));
        } else if due.len() != given.len() {
            let count = |n: usize| format!("{n} 条");
            compare(what, &count(due.len()), &count(given.len()));
        }
    }
    // Of a due certificate all hold, and a name that is no property's is not read.
    for (property, holds) in &due.properties {
        let found = given.properties.get(property).map_or("空", String::as_str);
        compare(&format!("性质 {}", property.code()), holds, found);
    }
    compare("封印", &given.sealed(), &given.seal);
    findings
}

fn pairs(
    compare: &mut impl FnMut(&str, &str, &str),
    what: &str,
    due: &BTreeMap<String, String>,
    given: &BTreeMap<String, String>,
) {
    for (name, digest) in due {
        let found = given.get(name).map_or("空", String::as_str);
        compare(&format!("{what} {name} 的摘要"), digest, found);
    }
    if due.len() != given.len() {
        compare(&format!("{what}的数目"), &due.len().to_string(), &given.len().to_string());
    }
}

fn line_words(line: &CertifiedLine) -> String {
    let junior = line.junior.as_deref().map(|j| format!("/{j}")).unwrap_or_default();
    format!("{}/{}/{}{junior} {}", line.batch, line.school, line.category, line.total)
}
