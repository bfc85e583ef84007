//! Wishes: whose, where, how many.

use rustc_hash::FxHashMap;

use super::applicants::People;
use super::plan::{Plan, Quotas, classes};
use super::{Faults, Schools};
use crate::domain::draft::{Rows, WishRow};
use crate::domain::fault::{Fault, FaultCode, Table};
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

/// Checks the `wishes` table.
pub(super) fn check(
    policy: &Policy,
    rows: &Rows<WishRow>,
    schools: &Schools,
    people: &People,
    plan: &Plan,
    quotas: &Quotas,
    faults: &mut Faults,
) -> Wishes {
    let names = Names {
        policy,
        schools,
        seats: Seats::of(policy, schools, plan, quotas),
        batches: codes(policy.batches.iter().map(|b| &b.id)),
        categories: codes(policy.categories.iter().map(|c| &c.id)),
    };
    let mut read: Vec<Read> = Vec::with_capacity(rows.rows.len());
    let mut last: Option<(&str, Option<ApplicantIx>)> = None;
    for (row, r) in &rows.rows {
        let applicant = r.applicant_id.as_deref().and_then(|id| match last {
            // The wishes of one applicant mostly stand together.
            Some((before, Some(found))) if before == id => Some(found),
            _ => {
                let found = people.find(id);
                if found.is_none() {
                    faults.unknown(Table::Wishes, *row, "applicant_id", id, "考生表");
                }
                last = Some((id, found));
                found
            }
        });
        let wish = names.wish(*row, r, faults);
        if let (Some(applicant), Some(wish)) = (applicant, wish) {
            read.push(Read { applicant, row: *row, wide: r.wide, wish });
        }
    }
    let key = |r: &Read| (r.applicant, r.wish.batch, r.wish.position);
    if !read.is_sorted_by_key(key) {
        // Stable, so that the first of two equal keys is the earlier row.
        read.sort_by_key(key);
    }
    check_runs(policy, people, &read, faults);

    let mut offsets = Vec::with_capacity(people.list.len() + 1);
    let mut at = 0;
    for applicant in 0..people.list.len() {
        offsets.push(u32::try_from(at).unwrap_or(u32::MAX));
        while read.get(at).is_some_and(|r| r.applicant.at() == applicant) {
            at += 1;
        }
    }
    offsets.push(u32::try_from(read.len()).unwrap_or(u32::MAX));
    Wishes { list: read.into_iter().map(|r| r.wish).collect(), offsets }
}

/// Keys and counts of the sorted wishes of each applicant and batch.
fn check_runs(policy: &Policy, people: &People, read: &[Read], faults: &mut Faults) {
    for run in read.chunk_by(|a, b| (a.applicant, a.wish.batch) == (b.applicant, b.wish.batch)) {
        for pair in run.windows(2) {
            if pair[0].wish.position == pair[1].wish.position {
                faults.duplicate(
                    Table::Wishes,
                    pair[1].row,
                    "position",
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
                        school_column(&pair[1]),
                    )
                    .expected(format!("与志愿 {} 相同", pair[0].wish.position))
                    .help("不影响录取；可提醒考生"),
                );
            }
        }
        let batch = policy.batch(run[0].wish.batch);
        let Some(most) = batch.wishes.map(|n| n as usize) else { continue };
        if run.len() > most {
            let over = &run[most];
            faults.push(
                Fault::at(
                    FaultCode::TooManyWishes,
                    Table::Wishes,
                    over.row,
                    if over.wide {
                        format!("wish_{}", over.wish.position)
                    } else {
                        "position".to_owned()
                    },
                )
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
}

fn school_column(read: &Read) -> String {
    if read.wide { format!("wish_{}", read.wish.position) } else { "school_id".to_owned() }
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
    seats: Seats,
    batches: FxHashMap<&'a str, usize>,
    categories: FxHashMap<&'a str, usize>,
}

impl Names<'_> {
    /// The wish of a row, or nothing when a part of it is missing or unknown.
    fn wish(&self, row: u32, r: &WishRow, faults: &mut Faults) -> Option<Wish> {
        let wide_column;
        let column = match (r.wide, r.position) {
            (true, Some(position)) => {
                wide_column = format!("wish_{position}");
                wide_column.as_str()
            }
            _ => "school_id",
        };
        let batch = r.batch.as_deref().and_then(|id| {
            let found = self.batches.get(id).map(|&at| BatchIx::from(at));
            // A wide row repeats its batch for every wish; it is reported once, at its first.
            if found.is_none() && !(r.wide && r.position != Some(1)) {
                faults.unknown(Table::Wishes, row, "batch", id, "政策的批次");
            }
            found
        });
        let category = match r.category.as_deref() {
            None => Some(None),
            Some(id) => {
                let found = self.categories.get(id).map(|&at| CategoryIx::from(at));
                if found.is_none() {
                    faults.unknown(Table::Wishes, row, "category", id, "政策的类别");
                }
                found.map(Some)
            }
        };
        let school = r.school_id.as_deref().and_then(|id| {
            super::schools::senior_school(self.schools, Table::Wishes, row, (column, id), faults)
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
                Fault::at(FaultCode::WishWithoutSeats, Table::Wishes, row, column)
                    .found(r.school_id.as_deref().unwrap_or_default())
                    .expected(format!(
                        "{}在{}没有{what}的招生计划",
                        self.schools.list[school.at()].name,
                        self.policy.batch(batch).name
                    ))
                    .help("核对志愿的学校、批次和类别；或招生计划漏了一行"),
            );
            return None;
        }
        Some(Wish { batch, position, school, category, adjust: r.adjust.unwrap_or(false) })
    }
}
