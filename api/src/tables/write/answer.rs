//! An answer as files (SPEC §6): `placements`, `cutoffs` and `reasons` as CSV, JSON or a workbook, and
//! `certificate.json` beside them in every format.

use std::path::Path;

use luqu_engine::domain::{Answer, ApplicantIx, Score, Season, answer_csv};
use luqu_engine::verify::{AnswerBytes, Certificate};
use serde::Serialize;

use super::answer_xlsx;
use super::atomic::{NewFolder, Replacement};
use crate::error::Failure;
use crate::interrupt;

/// The form of the answer files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub enum Format {
    /// Three CSV files: UTF-8 without BOM, LF.
    #[default]
    #[value(help = "三个 CSV 文件，UTF-8，不带 BOM")]
    Csv,
    /// Three JSON files: arrays of objects with the columns of the CSV files. Seats, counts and positions
    /// are numbers, scores are text in exact decimals, `full` is a truth value, a blank is null.
    #[value(help = "三个 JSON 文件，列与 CSV 相同")]
    Json,
    /// One workbook for people, `answer.xlsx`, with Chinese headers and names.
    #[value(help = "一个工作簿 answer.xlsx，表头和名称为中文")]
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

/// An answer that held: its certificate, and its bytes as CSV.
#[derive(Clone, Debug)]
pub struct Certified {
    /// The certificate.
    pub certificate: Certificate,
    /// The files.
    pub bytes: AnswerBytes,
}

/// Writes the answer as the folder `dir`, in the place of the answer that may be there.
///
/// # Errors
/// `Usage` when `dir` holds anything but an answer; `Io`; `Interrupted` before anything has changed.
pub fn write_answer(
    dir: &Path,
    season: &Season,
    answer: &Answer,
    certified: &Certified,
    format: Format,
) -> Result<(), Failure> {
    let begun = Replacement::begin(dir, is_answer_file)?;
    if format == Format::Csv {
        write_bytes(&begun.folder(), &certified.bytes)?;
    }
    finish_answer(begun, season, answer, &certified.certificate, format)
}

/// Writes the CSV files of an answer, which may still turn out to be wrong, into a folder that is not yet in
/// place.
///
/// # Errors
/// `Io`; `Interrupted`.
pub fn write_bytes(folder: &NewFolder<'_>, bytes: &AnswerBytes) -> Result<(), Failure> {
    let write = |(name, bytes): (&str, &[u8])| folder.write(name, bytes, interrupt::check);
    bytes.files().into_iter().try_for_each(write)
}

/// Adds what is not there yet – the files of any other format than CSV, the certificate – and puts the
/// answer in place.
///
/// # Errors
/// As [`write_answer`], and `Internal`.
pub fn finish_answer(
    begun: Replacement,
    season: &Season,
    answer: &Answer,
    certificate: &Certificate,
    format: Format,
) -> Result<(), Failure> {
    let certificate = certificate.to_bytes();
    let write = |name: &str, bytes: &[u8]| begun.folder().write(name, bytes, interrupt::check);
    match format {
        Format::Csv => {}
        Format::Json => {
            write("placements.json", &placements_json(season, answer)?)?;
            write("cutoffs.json", &cutoffs_json(season, answer)?)?;
            write("reasons.json", &reasons_json(season, answer)?)?;
        }
        Format::Xlsx => {
            write("answer.xlsx", &answer_xlsx::workbook(season, answer, &certificate)?)?;
        }
    }
    interrupt::check()?;
    write("certificate.json", &certificate)?;
    begun.finish(interrupt::check)
}

/// A value of a JSON file.
#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Blank(()),
    Text(&'a str),
    Word(String),
    Number(u32),
    Flag(bool),
    Score(Score),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

impl From<Score> for Value<'_> {
    fn from(score: Score) -> Self {
        Self::Score(score)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Blank(()), Into::into)
    }
}

/// `placements.json`.
///
/// # Errors
/// `Internal`; so for the other two.
pub(in crate::tables) fn placements_json(
    season: &Season,
    answer: &Answer,
) -> Result<Vec<u8>, Failure> {
    let policy = season.policy();
    let rows = answer.outcomes.iter().enumerate().map(|(at, outcome)| {
        let applicant = season.applicant(ApplicantIx::from(at));
        let seat = outcome.seat();
        [
            applicant.id.as_str().into(),
            outcome.key().into(),
            seat.map(|(batch, ..)| policy.batch(batch).id.as_str()).into(),
            seat.map(|(_, position, ..)| u32::from(position)).into(),
            seat.map(|(_, _, school, _)| season.school(school).id.as_str()).into(),
            seat.map(|(.., category)| policy.category(category).id.as_str()).into(),
            applicant.total.into(),
        ]
    });
    json(answer_csv::PLACEMENTS, rows)
}

/// `cutoffs.json`.
pub(in crate::tables) fn cutoffs_json(
    season: &Season,
    answer: &Answer,
) -> Result<Vec<u8>, Failure> {
    let policy = season.policy();
    let rows = answer.lines.iter().map(|line| {
        [
            policy.batch(line.batch).id.as_str().into(),
            season.school(line.school).id.as_str().into(),
            policy.category(line.category).id.as_str().into(),
            line.junior.map(|j| season.school(j).id.as_str()).into(),
            line.seats.into(),
            line.placed.into(),
            Value::Flag(line.full()),
            line.lowest_total.into(),
            line.lowest_position.map(u32::from).into(),
            line.floor.into(),
        ]
    });
    json(answer_csv::CUTOFFS, rows)
}

/// `reasons.json`.
pub(in crate::tables) fn reasons_json(
    season: &Season,
    answer: &Answer,
) -> Result<Vec<u8>, Failure> {
    let policy = season.policy();
    let rows = answer.reasons.iter().map(|reason| {
        [
            season.applicant(reason.applicant).id.as_str().into(),
            policy.batch(reason.batch).id.as_str().into(),
            u32::from(reason.position).into(),
            season.school(reason.school).id.as_str().into(),
            policy.category(reason.category).id.as_str().into(),
            Value::Word(reason.kind.key()),
            reason.bound.into(),
        ]
    });
    json(answer_csv::REASONS, rows)
}

/// A JSON array with one object per line: the columns, each with its value.
fn json<'a, const N: usize>(
    columns: [&str; N],
    rows: impl Iterator<Item = [Value<'a>; N]>,
) -> Result<Vec<u8>, Failure> {
    let failed = |e: serde_json::Error| Failure::Internal(e.to_string());
    let mut out = b"[".to_vec();
    for (at, row) in rows.enumerate() {
        out.extend_from_slice(if at == 0 { b"\n" } else { b",\n" });
        for (at, (column, value)) in columns.iter().zip(&row).enumerate() {
            out.push(if at == 0 { b'{' } else { b',' });
            serde_json::to_writer(&mut out, column).map_err(failed)?;
            out.push(b':');
            serde_json::to_writer(&mut out, value).map_err(failed)?;
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"\n]\n");
    Ok(out)
}
