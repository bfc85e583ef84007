//! Judges an answer folder, strictly, and reads it back: `placements`, `cutoffs`, `reasons` in any form,
//! and `certificate.json`.
//!
//! Policy: SPEC §6. What is wrong with a file is a finding, never a failure: an answer that was tampered
//! with must still be judged.

use std::path::Path;

use luqu_engine::domain::digest::{Digest, of_bytes};
use luqu_engine::domain::{Answer, Season};
use luqu_engine::rules::RollAdmission;
use luqu_engine::verify::{AnswerBytes, Finding, Property, Report, check_certificate, verify};

pub use super::answer_files::is_answer;
use super::answer_files::{AnswerFiles, Part};
use super::answer_rows::{answer_of, property_of};
use crate::error::Failure;

/// An answer folder after judgement.
pub struct Judged {
    /// What was found.
    pub report: Report,
    /// Whether all of its files were there and could be opened.
    pub complete: bool,
}

/// Judges the answer in a folder against its season: strict reading, P1–P8, reasons, second algorithm.
///
/// # Errors
/// A folder that does not exist, holds answers in two forms, or that the system will not let us read.
pub fn judge(season: &Season, folder: &Path) -> Result<Judged, Failure> {
    let files = AnswerFiles::open(folder)?;
    let (answer, certificate, mut findings) = answer_of(season, &files);
    let complete = files.missing.is_empty();
    if !files.has(Part::Placements) {
        return Ok(Judged { report: Report::of(findings), complete });
    }
    // What a missing file would have said is not held against the others.
    let no_figures = !files.has(Part::Cutoffs) || certificate.is_none();
    let silent = |property| match property {
        Property::Figures => no_figures,
        Property::Reasons => !files.has(Part::Reasons),
        _ => false,
    };
    let verified = verify(season, &answer);
    findings.extend(verified.findings.into_iter().filter(|f| !silent(f.property)));
    for part in Part::ALL {
        let property = property_of(part);
        if findings.iter().any(|f| f.property == property) {
            continue;
        }
        if let Some(words) = files.misspelt(part, season, &answer)? {
            findings.push(Finding::new(property, vec![], &words));
        }
    }
    if let Some(certificate) = certificate.filter(|_| Part::ALL.iter().all(|p| files.has(*p))) {
        let bytes = bytes(&files, season, &answer);
        findings.extend(check_certificate(season, &answer, &bytes, &certificate));
    }
    let mut report = Report::of(findings);
    for (property, more) in verified.omitted.into_iter().filter(|(p, _)| !silent(*p)) {
        match report.omitted.iter_mut().find(|(p, _)| *p == property) {
            Some((_, omitted)) => *omitted += more,
            None => report.omitted.push((property, more)),
        }
    }
    Ok(Judged { report, complete })
}

/// The bytes that the certificate digests: those of the CSV files. Other forms say the same answer, and so
/// the same bytes, where they are spelt right.
fn bytes(files: &AnswerFiles, season: &Season, answer: &Answer) -> AnswerBytes {
    let [placements, cutoffs, reasons] = Part::ALL.map(|part| files.csv(part).map(<[u8]>::to_vec));
    match (placements, cutoffs, reasons) {
        (Some(placements), Some(cutoffs), Some(reasons)) => {
            AnswerBytes { placements, cutoffs, reasons }
        }
        _ => AnswerBytes::of(season, answer),
    }
}

/// The digests that a certificate holds for the three files, as the answer in `folder` has them now; nothing
/// for one that is missing or, in another form than CSV, does not say an answer of the season.
///
/// # Errors
/// As [`judge`].
pub fn digests(
    season: &Season,
    folder: &Path,
) -> Result<[(&'static str, Option<Digest>); 3], Failure> {
    let files = AnswerFiles::open(folder)?;
    let names = AnswerBytes::default().files().map(|(name, _)| name);
    if Part::ALL.iter().any(|part| files.csv(*part).is_some()) {
        return Ok(Part::ALL.map(|part| (names[part as usize], files.csv(part).map(of_bytes))));
    }
    let (answer, _, findings) = answer_of(season, &files);
    let bytes = AnswerBytes::of(season, &answer);
    let mut digests = bytes.files().map(|(name, bytes)| (name, Some(of_bytes(bytes))));
    for part in Part::ALL {
        let wrong = findings.iter().any(|f| f.property == property_of(part));
        if wrong || !files.has(part) || files.misspelt(part, season, &answer)?.is_some() {
            digests[part as usize].1 = None;
        }
    }
    Ok(digests)
}

/// The admissions that an answer in JSON or a workbook lists, whatever it says of whom.
///
/// # Errors
/// As [`judge`]; `NotFound` for a row that cannot be read. Nothing for an answer in CSV.
pub fn roll(season: &Season, folder: &Path) -> Result<Option<Vec<RollAdmission>>, Failure> {
    let files = AnswerFiles::open(folder)?;
    if files.is_csv() {
        return Ok(None);
    }
    let mut roll = Vec::new();
    let mut broken = files.missing.first().map(|(_, words)| words.clone());
    files.rows(Part::Placements, season.policy(), |at, cells| match cells {
        Ok(cells) if matches!(&cells[1], "placed" | "adjusted") => roll.push(RollAdmission {
            applicant: cells[0].into(),
            school: cells[4].into(),
            batch: cells[2].into(),
            category: cells[5].into(),
            admitted_at: None,
        }),
        Ok(_) => {}
        Err(what) => {
            broken.get_or_insert_with(|| format!("{}{what}", files.place(Part::Placements, at)));
        }
    });
    match broken {
        Some(words) => Err(Failure::NotFound(format!("{}：{words}", folder.display()))),
        None => Ok(Some(roll)),
    }
}

/// Reads the answer in `folder`, which must be of this season; whether it holds is another question.
///
/// # Errors
/// As [`judge`]; `NotFound` for an answer that is not whole or not of this season, naming the row.
pub fn read(season: &Season, folder: &Path) -> Result<Answer, Failure> {
    let files = AnswerFiles::open(folder)?;
    let (mut answer, _, findings) = answer_of(season, &files);
    if let Some(finding) = findings.into_iter().find(|f| f.property != Property::Digests) {
        let words = finding.sentence;
        let detail = words.strip_prefix(finding.property.words()).unwrap_or(&words);
        return Err(Failure::NotFound(format!("{}：不是该招生季的结果{detail}", folder.display())));
    }
    answer.reasons.sort_by_key(|r| (r.applicant, r.batch));
    Ok(answer)
}
