//! The exact bytes of `placements.csv`, `cutoffs.csv` and `reasons.csv` (SPEC §6): UTF-8 without BOM,
//! LF, ids as they are. Ids hold no line breaks; commas and quotes in them are quoted.

use std::fmt::Write as _;

use rayon::prelude::*;

use super::{Answer, Season};

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

/// Rows written as one piece; the pieces are written in parallel and then put together.
const PIECE: usize = 1 << 14;

/// `placements.csv`: one row per applicant, in the order of ids.
pub fn placements(season: &Season, answer: &Answer) -> Vec<u8> {
    let ids = Ids::of(season);
    let totals = season.applicants().par_iter().zip(&answer.outcomes);
    let pieces = totals.chunks(PIECE).map(|rows| {
        let mut out = String::with_capacity(48 * rows.len());
        for (applicant, outcome) in rows {
            field(&mut out, &applicant.id);
            out.push(',');
            out.push_str(outcome.key());
            match outcome.seat() {
                None => out.push_str(",,,,,"),
                Some((batch, position, school, category)) => {
                    out.push_str(&ids.batches[batch.at()]);
                    number(&mut out, u32::from(position));
                    out.push_str(&ids.schools[school.at()]);
                    out.push_str(&ids.categories[category.at()]);
                }
            }
            score(&mut out, applicant.total);
            out.push('\n');
        }
        out
    });
    together(&PLACEMENTS, pieces.collect())
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
    let ids = Ids::of(season);
    let pieces = answer.reasons.par_chunks(PIECE).map(|rows| {
        let mut out = String::with_capacity(64 * rows.len());
        for reason in rows {
            field(&mut out, &season.applicant(reason.applicant).id);
            out.push_str(&ids.batches[reason.batch.at()]);
            number(&mut out, u32::from(reason.position));
            out.push_str(&ids.schools[reason.school.at()]);
            out.push_str(&ids.categories[reason.category.at()]);
            reason.kind.write_key(&mut out);
            out.push(',');
            if let Some(bound) = reason.bound {
                score(&mut out, bound);
            }
            out.push('\n');
        }
        out
    });
    together(&REASONS, pieces.collect())
}

/// The fields that most rows have, with the commas around them, by index: of batches and schools both
/// commas, of categories the one behind, since a school goes before.
struct Ids {
    batches: Vec<String>,
    schools: Vec<String>,
    categories: Vec<String>,
}

impl Ids {
    fn of(season: &Season) -> Self {
        let between = |before: &str, id: &str| {
            let mut out = before.to_owned();
            field(&mut out, id);
            out.push(',');
            out
        };
        let policy = season.policy();
        Self {
            batches: policy.batches.iter().map(|b| between(",", &b.id)).collect(),
            schools: season.schools().iter().map(|s| between(",", &s.id)).collect(),
            categories: policy.categories.iter().map(|c| between("", &c.id)).collect(),
        }
    }
}

fn together(columns: &[&str], pieces: Vec<String>) -> Vec<u8> {
    let mut head = String::new();
    header(&mut head, columns);
    let mut out = vec![0; head.len() + pieces.iter().map(String::len).sum::<usize>()];
    let (first, mut rest) = out.split_at_mut(head.len());
    first.copy_from_slice(head.as_bytes());
    let mut places = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let (place, behind) = std::mem::take(&mut rest).split_at_mut(piece.len());
        places.push((place, piece));
        rest = behind;
    }
    places.into_par_iter().for_each(|(place, piece)| place.copy_from_slice(piece.as_bytes()));
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
    if score.hundredths() < 0 {
        out.push('-');
    }
    let hundredths = score.hundredths().unsigned_abs();
    number(out, hundredths / 100);
    let part = hundredths % 100;
    if part > 0 {
        out.push('.');
        digit(out, part / 10);
        if !part.is_multiple_of(10) {
            digit(out, part % 10);
        }
    }
}

/// The number in digits; the formatting of the standard library takes several times as long.
fn number(out: &mut String, number: u32) {
    if number >= 10 {
        self::number(out, number / 10);
    }
    digit(out, number % 10);
}

fn digit(out: &mut String, digit: u32) {
    out.push(char::from_digit(digit, 10).unwrap_or('0'));
}

#[cfg(test)]
mod tests {
    use crate::domain::Score;

    #[test]
    fn scores_stand_as_they_print() {
        for hundredths in [i32::MIN, -6125, -25, 0, 5, 10, 50, 99, 100, 61200, 61205, 61250] {
            let one = Score::from_hundredths(hundredths);
            let mut out = String::new();
            super::score(&mut out, one);
            assert_eq!(out, one.to_string());
        }
    }
}
