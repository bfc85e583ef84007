//! An answer as files (SPEC §6): `placements`, `cutoffs` and `reasons` as CSV, JSON or a workbook, and
//! `certificate.json` beside them in every format.

use std::path::Path;

use luqu_engine::domain::{Answer, ApplicantIx, Score, Season};
use luqu_engine::verify::Certified;
use serde::Serialize;

use super::answer_xlsx;
use super::atomic::{self, Named};
use crate::error::Failure;
use crate::interrupt;

/// The form of the answer files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub enum Format {
    /// Three CSV files: UTF-8 without BOM, LF.
    #[default]
    Csv,
    /// Three JSON files: arrays of objects with the columns of the CSV files. Seats, counts and positions
    /// are numbers, scores are text in exact decimals, `full` is a truth value, a blank is null.
    Json,
    /// One workbook for people, `answer.xlsx`, with Chinese headers and names.
    Xlsx,
}

/// Every name that a file of an answer can have.
pub const NAMES: [&str; 8] = [
    "placements.csv",
    "cutoffs.csv",
    "reasons.csv",
    "placements.json",
    "cutoffs.json",
    "reasons.json",
    "answer.xlsx",
    "certificate.json",
];

/// Whether a file of the name belongs to an answer; a folder with any other file is not replaced.
pub fn is_answer_file(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Writes the answer as the folder `dir`, in the place of the answer that may be there.
///
/// # Errors
/// `Usage` when `dir` holds anything but an answer; `Io`; `Interrupted` before anything has changed.
pub fn write_answer(
    dir: &Path,
    season: &Season,
    answer: &Answer,
    certified: Certified,
    format: Format,
) -> Result<(), Failure> {
    let files = files(season, answer, certified, format)?;
    atomic::replace_folder(dir, is_answer_file, &files, interrupt::check)
}

/// The files of an answer: their names and bytes.
///
/// # Errors
/// `Internal` only, and `Interrupted`.
pub fn files(
    season: &Season,
    answer: &Answer,
    certified: Certified,
    format: Format,
) -> Result<Vec<Named>, Failure> {
    let mut certificate = serde_json::to_vec_pretty(&certified.certificate)
        .map_err(|e| Failure::Internal(e.to_string()))?;
    certificate.push(b'\n');
    let mut files: Vec<Named> = Vec::with_capacity(4);
    match format {
        Format::Csv => {
            let bytes = certified.bytes;
            files.push(("placements.csv", bytes.placements));
            files.push(("cutoffs.csv", bytes.cutoffs));
            files.push(("reasons.csv", bytes.reasons));
        }
        Format::Json => {
            files.push(("placements.json", placements_json(season, answer)?));
            interrupt::check()?;
            files.push(("cutoffs.json", cutoffs_json(season, answer)?));
            files.push(("reasons.json", reasons_json(season, answer)?));
        }
        Format::Xlsx => {
            files.push(("answer.xlsx", answer_xlsx::workbook(season, answer, &certificate)?));
        }
    }
    interrupt::check()?;
    files.push(("certificate.json", certificate));
    Ok(files)
}

#[derive(Serialize)]
struct Placement<'a> {
    applicant_id: &'a str,
    outcome: &'a str,
    batch: Option<&'a str>,
    position: Option<u16>,
    school_id: Option<&'a str>,
    category: Option<&'a str>,
    total: Score,
}

fn placements_json(season: &Season, answer: &Answer) -> Result<Vec<u8>, Failure> {
    let policy = season.policy();
    lines(answer.outcomes.iter().enumerate().map(|(at, outcome)| {
        let applicant = season.applicant(ApplicantIx::from(at));
        let seat = outcome.seat();
        Placement {
            applicant_id: &applicant.id,
            outcome: outcome.key(),
            batch: seat.map(|(batch, ..)| policy.batch(batch).id.as_str()),
            position: seat.map(|(_, position, ..)| position),
            school_id: seat.map(|(_, _, school, _)| season.school(school).id.as_str()),
            category: seat.map(|(.., category)| policy.category(category).id.as_str()),
            total: applicant.total,
        }
    }))
}

#[derive(Serialize)]
struct Cutoff<'a> {
    batch: &'a str,
    school_id: &'a str,
    category: &'a str,
    junior_id: Option<&'a str>,
    seats: u32,
    placed: u32,
    full: bool,
    lowest_total: Option<Score>,
    lowest_position: Option<u16>,
    floor: Option<Score>,
}

fn cutoffs_json(season: &Season, answer: &Answer) -> Result<Vec<u8>, Failure> {
    let policy = season.policy();
    lines(answer.lines.iter().map(|line| Cutoff {
        batch: &policy.batch(line.batch).id,
        school_id: &season.school(line.school).id,
        category: &policy.category(line.category).id,
        junior_id: line.junior.map(|j| season.school(j).id.as_str()),
        seats: line.seats,
        placed: line.placed,
        full: line.full(),
        lowest_total: line.lowest_total,
        lowest_position: line.lowest_position,
        floor: line.floor,
    }))
}

#[derive(Serialize)]
struct Reason<'a> {
    applicant_id: &'a str,
    batch: &'a str,
    position: u16,
    school_id: &'a str,
    category: &'a str,
    reason: String,
    detail: Option<Score>,
}

fn reasons_json(season: &Season, answer: &Answer) -> Result<Vec<u8>, Failure> {
    let policy = season.policy();
    lines(answer.reasons.iter().map(|reason| Reason {
        applicant_id: &season.applicant(reason.applicant).id,
        batch: &policy.batch(reason.batch).id,
        position: reason.position,
        school_id: &season.school(reason.school).id,
        category: &policy.category(reason.category).id,
        reason: reason.kind.key(),
        detail: reason.bound,
    }))
}

/// A JSON array with one object per line.
fn lines<T: Serialize>(rows: impl Iterator<Item = T>) -> Result<Vec<u8>, Failure> {
    let mut out = b"[".to_vec();
    for (at, row) in rows.enumerate() {
        out.extend_from_slice(if at == 0 { b"\n" } else { b",\n" });
        serde_json::to_writer(&mut out, &row).map_err(|e| Failure::Internal(e.to_string()))?;
    }
    out.extend_from_slice(b"\n]\n");
    Ok(out)
}
