//! Wishes: whose, where, how many.

use std::borrow::Cow;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::applicants::People;
use super::plan::{Plan, Quotas, classes};
use super::schools::senior_school;
use super::{Faults, Keep, LOT, Schools};
use crate::domain::fault::{Fault, FaultCode, Table};
use crate::domain::wish_part::{Code, WishCodes, WishPart};
use crate::domain::{ApplicantIx, BatchIx, CategoryIx, SchoolIx, Text, Wish};
use crate::policy::Policy;

/// The wishes, applicant by applicant, ordered by batch and position.
pub(super) struct Wishes {
    pub(super) list: Vec<Wish>,
    pub(super) offsets: Vec<u32>,
}

/// A wish with the row it came from.
struct Read {
    applicant: ApplicantIx,
    row: u32,
    wide: bool,
    wish: Wish,
}

/// Checks the `wishes` table, in parallel over its parts.
pub(super) fn check(
    policy: &Policy,
    parts: Vec<WishPart>,
    schools: &Schools,
    people: &People,
    plan: &Plan,
    quotas: &Quotas,
    faults: &mut Faults,
) -> Wishes {
    let names = Names {
        policy,
        schools,
        people,
        seats: Seats::of(policy, schools, plan, quotas),
        batches: codes(policy.batches.iter().map(|b| &b.id)),
        categories: codes(policy.categories.iter().map(|c| &c.id)),
    };
    let mut read: Vec<Read> = Vec::with_capacity(parts.iter().map(WishPart::len).sum());
    let mut parts = parts.into_iter();
    loop {
        // A lot of parts at a time, so that the parts make room for what is read of them.
        let lot: Vec<WishPart> = parts.by_ref().take(LOT).collect();
        if lot.is_empty() {
            break;
        }
        let keep = faults.keep;
        let found: Vec<(Vec<Read>, Faults)> =
            lot.into_par_iter().map(|part| names.part(&part, keep)).collect();
        for (mut wishes, found) in found {
            read.append(&mut wishes);
            faults.append(found);
        }
    }
    let key = |r: &Read| (r.applicant, r.wish.batch, r.wish.position);
    if !read.par_windows(2).all(|two| key(&two[0]) <= key(&two[1])) {
        // Stable, so that the first of two equal keys is the earlier row.
        read.par_sort_by_key(key);
    }
    faults.append(check_runs(policy, people, &read, faults.keep));

    let offsets = offsets(people.list.len(), &read);
    let mut list: Vec<Wish> = read.into_iter().map(|r| r.wish).collect();
    // The list takes over the room of what was read, of which it needs little more than half.
    list.shrink_to_fit();
    Wishes { list, offsets }
}

/// Where the sorted wishes of each applicant begin, and where the last ones end.
fn offsets(people: usize, read: &[Read]) -> Vec<u32> {
    let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let everybody: Vec<ApplicantIx> = (0..people).map(ApplicantIx::from).collect();
    let of_some = everybody.par_chunks(1 << 12).flat_map_iter(|some| {
        let mut at = read.partition_point(|r| r.applicant < some[0]);
        some.iter().map(move |&applicant| {
            let begin = at;
            while read.get(at).is_some_and(|r| r.applicant == applicant) {
                at += 1;
            }
            number(begin)
        })
    });
    let mut offsets: Vec<u32> = of_some.collect();
    offsets.push(number(read.len()));
    offsets
}

/// Keys and counts of the sorted wishes of each applicant and batch.
fn check_runs(policy: &Policy, people: &People, read: &[Read], keep: Keep) -> Faults {
    read.par_chunk_by(|a, b| (a.applicant, a.wish.batch) == (b.applicant, b.wish.batch))
        .fold(
            || Faults::new(keep),
            |mut faults, run| {
                check_run(policy, people, run, &mut faults);
                faults
            },
        )
        .reduce(
            || Faults::new(keep),
            |mut one, other| {
                one.append(other);
                one
            },
        )
}

/// The wishes of one applicant in one batch, in the order of their positions.
fn check_run(policy: &Policy, people: &People, run: &[Read], faults: &mut Faults) {
    for pair in run.windows(2) {
        if pair[0].wish.position == pair[1].wish.position {
            faults.duplicate(
                Table::Wishes,
                pair[1].row,
                &position_column(&pair[1]),
                &pair[1].wish.position.to_string(),
                pair[0].row,
            );
        }
        let same = |w: &Wish| (w.school, w.category);
        if same(&pair[0].wish) == same(&pair[1].wish) {
            faults.push(
                Fault::at(
                    FaultCode::RepeatedWish,
                    Table::Wishes,
                    pair[1].row,
                    school_column(pair[1].wide, Some(pair[1].wish.position)),
                )
                .expected(format!("与志愿 {} 相同", pair[0].wish.position))
                .help("不影响录取；可提醒考生"),
            );
        }
    }
    let batch = policy.batch(run[0].wish.batch);
    let Some(most) = batch.wishes.map(|n| n as usize) else { return };
    if run.len() > most {
        let over = &run[most];
        faults.push(
            Fault::at(FaultCode::TooManyWishes, Table::Wishes, over.row, position_column(over))
                .found(over.wish.position)
                .expected(format!(
                    "考生 {} 在{}填了 {} 个志愿，上限 {most} 个",
                    people.list[over.applicant.at()].id,
                    batch.name,
                    run.len()
                ))
                .help("核对志愿表；程序不会代为取舍"),
        );
    }
}

/// The column that says the position of a wish.
fn position_column(read: &Read) -> Cow<'static, str> {
    if read.wide {
        school_column(true, Some(read.wish.position))
    } else {
        Cow::Borrowed("position")
    }
}

/// The column of the school of a wish.
fn school_column(wide: bool, position: Option<u16>) -> Cow<'static, str> {
    match position {
        Some(position) if wide => Cow::Owned(format!("wish_{position}")),
        _ => Cow::Borrowed("school_id"),
    }
}

fn codes<'a>(ids: impl Iterator<Item = &'a Text>) -> FxHashMap<&'a str, usize> {
    ids.enumerate().map(|(at, id)| (id.as_str(), at)).collect()
}

/// Which school has a seat class in which batch and category, as a dense table.
struct Seats {
    present: Vec<bool>,
    batches: usize,
    categories: usize,
    /// Some plan row could not be read, so that nothing is known to be missing.
    unknown: bool,
}

impl Seats {
    fn of(policy: &Policy, schools: &Schools, plan: &Plan, quotas: &Quotas) -> Self {
        let mut seats = Self {
            present: vec![
                false;
                schools.list.len() * policy.batches.len() * policy.categories.len()
            ],
            batches: policy.batches.len(),
            categories: policy.categories.len(),
            unknown: plan.incomplete || quotas.incomplete,
        };
        for (school, batch, category) in classes(policy, plan, quotas) {
            let at = seats.at(school, batch, category);
            seats.present[at] = true;
        }
        seats
    }

    fn at(&self, school: SchoolIx, batch: BatchIx, category: CategoryIx) -> usize {
        (school.at() * self.batches + batch.at()) * self.categories + category.at()
    }

    fn has(&self, school: SchoolIx, batch: BatchIx, category: CategoryIx) -> bool {
        self.unknown || self.present[self.at(school, batch, category)]
    }
}

struct Names<'a> {
    policy: &'a Policy,
    schools: &'a Schools,
    people: &'a People,
    seats: Seats,
    batches: FxHashMap<&'a str, usize>,
    categories: FxHashMap<&'a str, usize>,
}

/// What the codes of a part mean; nothing for a code that means nothing, or not what it should.
struct Meanings<'a> {
    part: &'a WishPart,
    applicants: Vec<Option<ApplicantIx>>,
    batches: Vec<Option<BatchIx>>,
    categories: Vec<Option<CategoryIx>>,
    schools: Vec<Option<SchoolIx>>,
}

impl Names<'_> {
    /// Reads a part.
    fn part(&self, part: &WishPart, keep: Keep) -> (Vec<Read>, Faults) {
        let mut faults = Faults::new(keep);
        let mut list = Vec::with_capacity(part.len());
        let meanings = self.meanings(part);
        let mut before = None;
        for (row, r) in part.rows() {
            // A wide row repeats all but its schools for every wish; what is wrong with it is told once.
            let repeats = before.replace(row) == Some(row);
            let applicant = r.applicant_id.and_then(|code| {
                let found = meanings.applicants[code as usize];
                if found.is_none() && !repeats {
                    let id = &part.applicants.list()[code as usize];
                    faults.unknown(Table::Wishes, row, "applicant_id", id, "考生表");
                }
                found
            });
            let wish = self.wish((row, repeats), &r, &meanings, &mut faults);
            if let (Some(applicant), Some(wish)) = (applicant, wish) {
                list.push(Read { applicant, row, wide: r.wide, wish });
            }
        }
        (list, faults)
    }

    fn meanings<'p>(&self, part: &'p WishPart) -> Meanings<'p> {
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
        let batch = |id: &Text| self.batches.get(id.as_str()).map(|&at| BatchIx::from(at));
        let category = |id: &Text| self.categories.get(id.as_str()).map(|&at| CategoryIx::from(at));
        Meanings {
            part,
            applicants: part.applicants.list().iter().map(&mut applicant).collect(),
            batches: part.batches.list().iter().map(batch).collect(),
            categories: part.categories.list().iter().map(category).collect(),
            schools: part.schools.list().iter().map(senior).collect(),
        }
    }

    /// The wish of a row, or nothing when a part of it is missing or unknown. `repeats` says that the row
    /// had a wish before this one.
    fn wish(
        &self,
        (row, repeats): (u32, bool),
        r: &WishCodes,
        meanings: &Meanings<'_>,
        faults: &mut Faults,
    ) -> Option<Wish> {
        let part = meanings.part;
        let batch = r.batch.and_then(|code| {
            let found = meanings.batches[code as usize];
            if found.is_none() && !repeats {
                let id = &part.batches.list()[code as usize];
                faults.unknown(Table::Wishes, row, "batch", id, "政策的批次");
            }
            found
        });
        let category = match r.category {
            None => Some(None),
            Some(code) => {
                let found = meanings.categories[code as usize];
                if found.is_none() && !repeats {
                    let id = &part.categories.list()[code as usize];
                    faults.unknown(Table::Wishes, row, "category", id, "政策的类别");
                }
                found.map(Some)
            }
        };
        let id = |code: Code| &part.schools.list()[code as usize];
        let school = r.school_id.and_then(|code| {
            meanings.schools[code as usize].or_else(|| {
                let named = (&*school_column(r.wide, r.position), id(code).as_str());
                senior_school(self.schools, Table::Wishes, row, named, faults)
            })
        });
        let (batch, school, category, position) = (batch?, school?, category?, r.position?);
        let listed = match category {
            Some(category) => self.seats.has(school, batch, category),
            None => {
                let order = &self.policy.batch(batch).seat_order;
                order.iter().any(|&c| self.seats.has(school, batch, c))
            }
        };
        if !listed {
            let what = category.map_or("任何类别", |c| self.policy.category(c).name.as_str());
            faults.push(
                Fault::at(
                    FaultCode::WishWithoutSeats,
                    Table::Wishes,
                    row,
                    school_column(r.wide, r.position),
                )
                .found(r.school_id.map_or("", |code| id(code)))
                .expected(format!(
                    "{}在{}没有{what}的招生计划",
                    self.schools.list[school.at()].name,
                    self.policy.batch(batch).name
                ))
                .help("核对志愿的学校、批次和类别；或招生计划漏了一行"),
            );
            if !faults.keep.judged {
                return None;
            }
        }
        Some(Wish { batch, position, school, category, adjust: r.adjust.unwrap_or(false) })
    }
}
