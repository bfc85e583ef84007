//! The exact bytes of `placements.csv`, `cutoffs.csv` and `reasons.csv` (SPEC §6): UTF-8 without BOM,
//! LF, ids as they are. Ids hold no line breaks; commas and quotes in them are quoted.

use std::fmt::Write as _;

use rayon::prelude::*;

use super::{Answer, ApplicantIx, Outcome, Season};

/// The columns of `placements`, in every form of an answer.
pub const PLACEMENTS: [&str; 7] =
    ["applicant_id", "outcome", "batch", "position", "school_id", "category", "total"];

/// The columns of `cutoffs`.
pub const CUTOFFS: [&str; 10] = [
    "batch",
    "school_id",
    "category",
    "junior_id",
    "seats",
    "placed",
    "full",
    "lowest_total",
    "lowest_position",
    "floor",
];

/// The columns of `reasons`.
pub const REASONS: [&str; 7] =
    ["applicant_id", "batch", "position", "school_id", "category", "reason", "detail"];

/// `placements.csv`: one row per applicant, in the order of ids.
pub fn placements(season: &Season, answer: &Answer) -> Vec<u8> {
    let mut out = String::with_capacity(48 * answer.outcomes.len() + 64);
    header(&mut out, &PLACEMENTS);
    let policy = season.policy();
    for (at, outcome) in answer.outcomes.iter().enumerate() {
        let applicant = season.applicant(ApplicantIx::from(at));
        field(&mut out, &applicant.id);
        out.push(',');
        out.push_str(outcome.key());
        match outcome.seat() {
            None => out.push_str(",,,,,"),
            Some((batch, position, school, category)) => {
                out.push(',');
                field(&mut out, &policy.batch(batch).id);
                let _ = write!(out, ",{position},");
                field(&mut out, &season.school(school).id);
                out.push(',');
                field(&mut out, &policy.category(category).id);
                out.push(',');
            }
        }
        score(&mut out, applicant.total);
        out.push('\n');
    }
    debug_assert!(
        answer.outcomes.iter().all(|o| !matches!(o, Outcome::Placed { position: 0, .. }))
    );
    out.into_bytes()
}

/// `cutoffs.csv`: one row per seat class, in the order of the answer.
pub fn cutoffs(season: &Season, answer: &Answer) -> Vec<u8> {
    let mut out = String::with_capacity(64 * answer.lines.len() + 128);
    header(&mut out, &CUTOFFS);
    let policy = season.policy();
    for line in &answer.lines {
        field(&mut out, &policy.batch(line.batch).id);
        out.push(',');
        field(&mut out, &season.school(line.school).id);
        out.push(',');
        field(&mut out, &policy.category(line.category).id);
        out.push(',');
        if let Some(junior) = line.junior {
            field(&mut out, &season.school(junior).id);
        }
        let full = if line.full() { "yes" } else { "no" };
        let _ = write!(out, ",{},{},{full},", line.seats, line.placed);
        if let Some(total) = line.lowest_total {
            score(&mut out, total);
        }
        out.push(',');
        if let Some(position) = line.lowest_position {
            let _ = write!(out, "{position}");
        }
        out.push(',');
        if let Some(floor) = line.floor {
            score(&mut out, floor);
        }
        out.push('\n');
    }
    out.into_bytes()
}

/// `reasons.csv`: one row per proposal that did not stick, in the order of the answer.
pub fn reasons(season: &Season, answer: &Answer) -> Vec<u8> {
    let mut head = String::new();
    header(&mut head, &REASONS);
    let policy = season.policy();
    let parts: Vec<String> = answer
        .reasons
        .par_chunks(1 << 14)
        .map(|chunk| {
            let mut out = String::with_capacity(64 * chunk.len());
            for reason in chunk {
                field(&mut out, &season.applicant(reason.applicant).id);
                out.push(',');
                field(&mut out, &policy.batch(reason.batch).id);
                let _ = write!(out, ",{},", reason.position);
                field(&mut out, &season.school(reason.school).id);
                out.push(',');
                field(&mut out, &policy.category(reason.category).id);
                out.push(',');
                reason.kind.write_key(&mut out);
                out.push(',');
                if let Some(bound) = reason.bound {
                    score(&mut out, bound);
                }
                out.push('\n');
            }
            out
        })
        .collect();
    let mut out = Vec::with_capacity(head.len() + parts.iter().map(String::len).sum::<usize>());
    out.extend_from_slice(head.as_bytes());
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
    out
}

fn header(out: &mut String, columns: &[&str]) {
    out.push_str(&columns.join(","));
    out.push('\n');
}

fn field(out: &mut String, text: &str) {
    if text.bytes().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r')) {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

fn score(out: &mut String, score: super::Score) {
    let _ = write!(out, "{score}");
}
