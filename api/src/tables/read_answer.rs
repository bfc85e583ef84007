//! Reads an answer folder back: `placements.csv`, `cutoffs.csv` and `reasons.csv`, as an answer of a season.

use std::path::Path;

use csv::StringRecord;
use luqu_engine::domain::{
    Answer, ApplicantIx, BatchIx, CategoryIx, Line, Outcome, Reason, ReasonKind, SchoolIx, Score,
    Season,
};
use rustc_hash::FxHashMap;

use super::files;
use crate::error::Failure;

/// Reads the answer in `dir`, which must be of this season and written as CSV.
///
/// # Errors
/// `Io` for a file that cannot be read; `NotFound` for one that is not of this season, naming the row, and
/// for an answer in another format.
pub fn read(dir: &Path, season: &Season) -> Result<Answer, Failure> {
    must_be_csv(dir)?;
    let ids = Ids::of(season);
    let lines = rows(&dir.join("cutoffs.csv"), 10, |row| line(&ids, row))?;
    let reasons = rows(&dir.join("reasons.csv"), 7, |row| reason(season, &ids, &lines, row))?;
    let placements = rows(&dir.join("placements.csv"), 7, |row| placement(season, &ids, row))?;
    let mut outcomes = vec![None; season.applicants().len()];
    for (applicant, outcome) in placements {
        outcomes[applicant.at()] = Some(outcome);
    }
    let missing = outcomes.iter().position(Option::is_none);
    if let Some(missing) = missing {
        let id = &season.applicant(ApplicantIx::from(missing)).id;
        let path = dir.join("placements.csv");
        return Err(Failure::NotFound(format!(
            "{} 中没有考生 {id}；这不是该招生季的结果",
            path.display()
        )));
    }
    let mut answer = Answer {
        outcomes: outcomes.into_iter().flatten().collect(),
        lines,
        frozen: Vec::new(),
        reasons,
    };
    answer.reasons.sort_by_key(|r| (r.applicant, r.batch));
    Ok(answer)
}

/// Says so where a folder holds an answer in a format for people or for other programs only.
///
/// # Errors
/// `NotFound` for a folder without `placements.csv` that holds `answer.xlsx` or `placements.json`.
pub fn must_be_csv(dir: &Path) -> Result<(), Failure> {
    if dir.join("placements.csv").exists() {
        return Ok(());
    }
    for (name, word) in [("answer.xlsx", "xlsx"), ("placements.json", "json")] {
        if dir.join(name).exists() {
            return Err(Failure::NotFound(format!(
                "{}：这是 {word} 结果；请用 --format csv 的结果",
                dir.display()
            )));
        }
    }
    Ok(())
}

/// Ids to places.
struct Ids<'s> {
    season: &'s Season,
    schools: FxHashMap<&'s str, SchoolIx>,
}

impl<'s> Ids<'s> {
    fn of(season: &'s Season) -> Self {
        let schools = (0..).map(SchoolIx).zip(season.schools()).map(|(ix, s)| (s.id.as_str(), ix));
        Self { season, schools: schools.collect() }
    }

    fn seat(&self, row: &StringRecord, at: [usize; 3]) -> Option<(BatchIx, SchoolIx, CategoryIx)> {
        let policy = self.season.policy();
        Some((
            policy.batch_ix(row.get(at[0])?)?,
            *self.schools.get(row.get(at[1])?)?,
            policy.category_ix(row.get(at[2])?)?,
        ))
    }
}

/// Every row of a file, read by `each`; a row that it cannot read is a failure with its number.
fn rows<R>(
    path: &Path,
    columns: usize,
    mut each: impl FnMut(&StringRecord) -> Option<R>,
) -> Result<Vec<R>, Failure> {
    let bytes = files::read_regular(path, files::MOST_CSV).map_err(Failure::io(path))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let mut list = Vec::new();
    for (at, row) in reader.records().enumerate() {
        let read = row.ok().filter(|r| r.len() == columns).and_then(|row| each(&row));
        let Some(read) = read else {
            return Err(Failure::NotFound(format!(
                "{} 第 {} 行不是该招生季的结果",
                path.display(),
                at + 2
            )));
        };
        list.push(read);
    }
    Ok(list)
}

fn placement(season: &Season, ids: &Ids<'_>, row: &StringRecord) -> Option<(ApplicantIx, Outcome)> {
    let applicant = season.find_applicant(row.get(0)?)?;
    let seat = || ids.seat(row, [2, 4, 5]);
    let outcome = match row.get(1)? {
        "placed" => {
            let (batch, school, category) = seat()?;
            let position = row.get(3)?.parse().ok()?;
            Outcome::Placed { batch, position, school, category }
        }
        "adjusted" => {
            let (batch, school, category) = seat()?;
            Outcome::Adjusted { batch, school, category }
        }
        "unplaced" => Outcome::Unplaced,
        "barred" => Outcome::Barred,
        "no_wishes" => Outcome::NoWishes,
        _ => return None,
    };
    Some((applicant, outcome))
}

/// A cell that may be blank.
fn optional<T: std::str::FromStr>(cell: &str) -> Option<Option<T>> {
    if cell.is_empty() { Some(None) } else { cell.parse().ok().map(Some) }
}

fn line(ids: &Ids<'_>, row: &StringRecord) -> Option<Line> {
    let (batch, school, category) = ids.seat(row, [0, 1, 2])?;
    let junior = match row.get(3)? {
        "" => None,
        id => Some(*ids.schools.get(id)?),
    };
    Some(Line {
        batch,
        school,
        category,
        junior,
        seats: row.get(4)?.parse().ok()?,
        placed: row.get(5)?.parse().ok()?,
        lowest_total: optional::<Score>(row.get(7)?)?,
        lowest_position: optional(row.get(8)?)?,
        floor: optional::<Score>(row.get(9)?)?,
    })
}

fn reason(season: &Season, ids: &Ids<'_>, lines: &[Line], row: &StringRecord) -> Option<Reason> {
    let applicant = season.find_applicant(row.get(0)?)?;
    let (batch, school, category) = ids.seat(row, [1, 3, 4])?;
    let kind = match row.get(5)? {
        "out_of_region" => ReasonKind::OutOfRegion,
        "below_floor" => ReasonKind::BelowFloor,
        "below_cutoff" => ReasonKind::BelowCutoff,
        "no_seats" => {
            // A missing class and an empty one have the same word.
            let junior = season.applicant(applicant).junior;
            let here = lines.iter().any(|l| {
                (l.batch, l.school, l.category) == (batch, school, category)
                    && l.junior.is_none_or(|j| j == junior)
            });
            if here { ReasonKind::NoSeats } else { ReasonKind::NoClass }
        }
        word => {
            let key = word.strip_prefix("ineligible:")?;
            let rules = &season.policy().category(category).eligible;
            ReasonKind::Ineligible(rules.iter().find(|p| p.key() == key)?.clone())
        }
    };
    Some(Reason {
        applicant,
        batch,
        position: row.get(2)?.parse().ok()?,
        school,
        category,
        kind,
        bound: optional::<Score>(row.get(6)?)?,
    })
}
