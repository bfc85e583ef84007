//! Special scores: whose, in what, where, each once.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::applicants::People;
use super::plan::category_named;
use super::schools::senior_school;
use super::{Faults, Keep, LOT, Schools};
use crate::domain::fault::{Fault, FaultCode, Table};
use crate::domain::special::{NO_DATE, SpecialRow, SpecialScores};
use crate::domain::special_part::{SpecialCodes, SpecialPart};
use crate::domain::wish_part::{Code, Codes};
use crate::domain::{ApplicantIx, CategoryIx, SchoolIx, Score, Text};
use crate::policy::{Policy, Predicate, PriorityList};

const TABLE: Table = Table::SpecialScores;

/// A special score with the row it came from; `date` is a place in the dates of its part.
struct Read {
    applicant: ApplicantIx,
    row: u32,
    date: u32,
    special: SpecialRow,
}

/// Checks the `special_scores` table, in parallel over its parts.
pub(super) fn check(
    policy: &Policy,
    parts: Vec<SpecialPart>,
    schools: &Schools,
    people: &People,
    faults: &mut Faults,
) -> SpecialScores {
    let categories: FxHashMap<&str, CategoryIx> =
        (0..).map(CategoryIx).zip(&policy.categories).map(|(ix, c)| (c.id.as_str(), ix)).collect();
    let names = Names { policy, schools, people, categories };
    let mut read: Vec<Read> = Vec::with_capacity(parts.iter().map(SpecialPart::len).sum());
    let mut dates = Codes::default();
    let mut parts = parts.into_iter();
    loop {
        // A lot of parts at a time, so that the parts make room for what is read of them.
        let lot: Vec<SpecialPart> = parts.by_ref().take(LOT).collect();
        if lot.is_empty() {
            break;
        }
        let keep = faults.keep;
        let found: Vec<(Vec<Read>, Codes, Faults)> =
            lot.into_par_iter().map(|part| names.part(part, keep)).collect();
        for (mut some, of_part, found) in found {
            let place: Vec<u32> = of_part.list().iter().map(|d| dates.add(d.clone())).collect();
            some.iter_mut().for_each(|r| {
                r.date = place.get(r.date as usize).copied().unwrap_or(NO_DATE);
            });
            read.append(&mut some);
            faults.append(found);
        }
    }
    let key = |r: &Read| (r.applicant, r.special.category, r.special.school);
    if !read.is_sorted_by_key(key) {
        // Stable, so that the first of equal keys is the earliest row.
        read.par_sort_by_key(key);
    }
    read.dedup_by(|again, first| {
        let equal = key(again) == key(first);
        if equal {
            let id = &people.list[again.applicant.at()].id;
            faults.duplicate(TABLE, again.row, "applicant_id", id, first.row);
        }
        equal
    });
    check_idle(policy, &read, faults);
    let rows = read.into_iter().map(|r| (r.applicant, r.special, r.date));
    SpecialScores::of(people.list.len(), rows, dates.list().to_vec())
}

/// Warns of the categories that read no special score and have some, at the first row of each.
fn check_idle(policy: &Policy, read: &[Read], faults: &mut Faults) {
    for (at, category) in policy.categories.iter().enumerate() {
        let ix = CategoryIx::from(at);
        let in_its_batches =
            policy.batches.iter().filter(|b| b.seat_order.contains(&ix)).map(|b| &b.priority);
        let mut orders = category.priority.iter().chain(in_its_batches);
        if category.composite.is_some()
            || category.eligible.contains(&Predicate::Qualified)
            || orders.any(PriorityList::reads_special)
        {
            continue;
        }
        let rows = read.iter().filter(|r| r.special.category == ix).map(|r| r.row);
        let Some(first) = rows.clone().min() else { continue };
        faults.push(
            Fault::at(FaultCode::IdleSpecial, TABLE, first, "category")
                .found(&category.id)
                .expected(format!(
                    "{}的资格和录取顺序都不用特长成绩；这一类别的 {} 条不起作用",
                    category.name,
                    rows.count()
                ))
                .help("核对类别是否填错"),
        );
    }
}

struct Names<'a> {
    policy: &'a Policy,
    schools: &'a Schools,
    people: &'a People,
    categories: FxHashMap<&'a str, CategoryIx>,
}

/// What the codes of a part mean; nothing for a code that means nothing, or not what it should.
struct Meanings {
    applicants: Vec<Option<ApplicantIx>>,
    categories: Vec<Option<CategoryIx>>,
    schools: Vec<Option<SchoolIx>>,
}

impl Names<'_> {
    /// Reads a part, and gives its dates.
    fn part(&self, part: SpecialPart, keep: Keep) -> (Vec<Read>, Codes, Faults) {
        let mut faults = Faults::new(keep);
        let mut list = Vec::with_capacity(part.len());
        let meanings = self.meanings(&part);
        for (row, codes) in part.rows() {
            list.extend(self.read(row, &codes, &part, &meanings, &mut faults));
        }
        (list, part.dates, faults)
    }

    fn meanings(&self, part: &SpecialPart) -> Meanings {
        let mut last = None;
        let mut applicant = |id: &Text| {
            let found = self.people.find_after(last, id);
            last = found.or(last);
            found
        };
        let senior = |id: &Text| {
            let found = self.schools.find(id);
            found.filter(|s| self.schools.list[s.at()].stage.has_senior())
        };
        let category = |id: &Text| self.categories.get(id.as_str()).copied();
        Meanings {
            applicants: part.applicants.list().iter().map(&mut applicant).collect(),
            categories: part.categories.list().iter().map(category).collect(),
            schools: part.schools.list().iter().map(senior).collect(),
        }
    }

    /// The special score of a row, or nothing when a part of its key is missing or unknown.
    fn read(
        &self,
        row: u32,
        codes: &SpecialCodes,
        part: &SpecialPart,
        meanings: &Meanings,
        faults: &mut Faults,
    ) -> Option<Read> {
        let id = |list: &[Text], code: Code| list[code as usize].clone();
        let applicant = codes.applicant_id.and_then(|code| {
            let found = meanings.applicants[code as usize];
            if found.is_none() {
                let id = id(part.applicants.list(), code);
                faults.unknown(TABLE, row, "applicant_id", &id, "考生表");
            }
            found
        });
        let category = codes.category.and_then(|code| {
            meanings.categories[code as usize].or_else(|| {
                let id = id(part.categories.list(), code);
                category_named(self.policy, TABLE, row, &id, faults)
            })
        });
        let school = match codes.school_id {
            None => Some(None),
            Some(code) => {
                let found = meanings.schools[code as usize].or_else(|| {
                    let id = id(part.schools.list(), code);
                    senior_school(self.schools, TABLE, row, ("school_id", &id), faults)
                });
                found.map(Some)
            }
        };
        let (applicant, category, school) = (applicant?, category?, school?);
        let special = SpecialRow {
            school,
            score: codes.score.unwrap_or(Score::ZERO),
            category,
            qualified: codes.qualified.unwrap_or(false),
        };
        Some(Read { applicant, row, date: codes.test_date.unwrap_or(NO_DATE), special })
    }
}
