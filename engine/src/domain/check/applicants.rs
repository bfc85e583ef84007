//! Applicants, and the short tables that hang on them: restrictions and tie decisions.

use std::hash::BuildHasher as _;

use rayon::prelude::*;
use rustc_hash::FxBuildHasher;

use super::plan::batch_named;
use super::schools::junior_school;
use super::{Faults, FirstSeen, Keep, LOT, PIECE, Regions, Schools};
use crate::domain::draft::{ApplicantRow, Draft, Rows, TieDecisionRow};
use crate::domain::fault::{Fault, FaultCode, Table};
use crate::domain::id_number;
use crate::domain::{
    Applicant, ApplicantIx, BatchIx, RegionIx, Restriction, SchoolIx, Score, Text,
};
use crate::policy::{Key, Policy, Predicate};

/// The applicants in the order of their ids, with what hangs on them.
pub(super) struct People {
    pub(super) list: Vec<Applicant>,
    pub(super) scores: Vec<Score>,
    pub(super) restrictions: Vec<(ApplicantIx, Restriction, Text, Text)>,
}

impl People {
    pub(super) fn find(&self, id: &str) -> Option<ApplicantIx> {
        self.list.binary_search_by(|a| a.id.as_str().cmp(id)).ok().map(ApplicantIx::from)
    }

    /// As [`People::find`], at once where the applicant comes soon after the last that was found, as in a
    /// table in the order of ids.
    pub(super) fn find_after(&self, last: Option<ApplicantIx>, id: &str) -> Option<ApplicantIx> {
        let next = last.map_or(0, |last| last.at() + 1);
        let soon = self.list.iter().enumerate().skip(next).take(4).find(|(_, a)| a.id == id);
        soon.map_or_else(|| self.find(id), |(at, _)| Some(ApplicantIx::from(at)))
    }
}

type ApplicantRows = [(u32, ApplicantRow)];

/// Checks `applicants` and `restrictions`.
pub(super) fn check(
    policy: &Policy,
    draft: &Draft,
    schools: &Schools,
    regions: &Regions,
    faults: &mut Faults,
) -> People {
    check_rule_columns(policy, draft, faults);
    let rows = draft.applicants.rows.as_slice();
    let keep = faults.keep;
    let mut juniors: Vec<Option<SchoolIx>> = Vec::with_capacity(rows.len());
    for lot in rows.chunks(PIECE * LOT) {
        let pieces: Vec<_> =
            lot.par_chunks(PIECE).map(|rows| check_rows(policy, rows, schools, keep)).collect();
        for (piece, found) in pieces {
            juniors.extend(piece);
            faults.append(found);
        }
    }
    check_persons(rows, faults);
    let kept = kept(rows, faults);

    let subjects = policy.subjects.len();
    let mut scores = vec![Score::ZERO; kept.len() * subjects];
    scores.par_chunks_mut(subjects.max(1)).zip(&kept).for_each(|(scores, &at)| {
        for (score, cell) in scores.iter_mut().zip(&rows[at as usize].1.scores) {
            *score = cell.unwrap_or(Score::ZERO);
        }
    });
    let applicant = |&at: &u32| applicant(&rows[at as usize].1, juniors[at as usize], regions);
    let mut people =
        People { list: kept.par_iter().map(applicant).collect(), scores, restrictions: Vec::new() };
    check_restrictions(draft, &mut people, faults);
    people
}

/// Checks each row of a piece for itself; gives the junior schools.
fn check_rows(
    policy: &Policy,
    rows: &ApplicantRows,
    schools: &Schools,
    keep: Keep,
) -> (Vec<Option<SchoolIx>>, Faults) {
    let mut faults = Faults::new(keep);
    let mut juniors = Vec::with_capacity(rows.len());
    let mut last: Option<(&str, SchoolIx)> = None;
    for (row, r) in rows {
        check_id_number(*row, r, &mut faults);
        check_total(policy, *row, r, &mut faults);
        juniors.push(r.junior_id.as_deref().and_then(|id| match last {
            // Files come sorted by junior school more often than not.
            Some((before, found)) if before == id => Some(found),
            _ => {
                let found = junior_school(schools, Table::Applicants, *row, id, &mut faults);
                last = found.map(|found| (id, found)).or(last);
                found
            }
        }));
    }
    (juniors, faults)
}

/// The rows that make applicants, in the order of the ids: the first of each id.
fn kept(rows: &ApplicantRows, faults: &mut Faults) -> Vec<u32> {
    let id = |at: u32| rows[at as usize].1.applicant_id.as_ref();
    let named = rows.par_iter().enumerate().filter(|(_, (_, r))| r.applicant_id.is_some());
    let mut kept: Vec<u32> = named.map(|(at, _)| at as u32).collect();
    if kept.par_windows(2).all(|two| id(two[0]) < id(two[1])) {
        return kept;
    }
    kept.par_sort_unstable_by(|&a, &b| (id(a), a).cmp(&(id(b), b)));
    kept.dedup_by(|&mut at, &mut first| {
        let again = id(at) == id(first);
        if let (true, Some(id)) = (again, id(at)) {
            let (row, first) = (rows[at as usize].0, rows[first as usize].0);
            faults.duplicate(Table::Applicants, row, "applicant_id", id, first);
        }
        again
    });
    kept
}

fn applicant(r: &ApplicantRow, junior: Option<SchoolIx>, regions: &Regions) -> Applicant {
    Applicant {
        id: r.applicant_id.clone().unwrap_or_default(),
        name: r.name.clone().unwrap_or_default(),
        gender: r.gender,
        id_number: r.id_number.clone(),
        registry_no: r.registry_no.clone(),
        junior: junior.unwrap_or(SchoolIx(0)),
        region: r.region.as_deref().and_then(|name| regions.find(name)).unwrap_or(RegionIx(0)),
        fresh: r.fresh.unwrap_or(false),
        junior_since: r.junior_since,
        attended: r.attended.unwrap_or(false),
        bonus: r.bonus.unwrap_or(Score::ZERO),
        total: r.total.unwrap_or(Score::ZERO),
        evaluation: r.evaluation,
        tie_class: r.tie_class.unwrap_or(0),
        barred: false,
        quota_ineligible: false,
    }
}

/// A column that rules of eligibility read, and whether a row leaves it blank.
type RuleColumn = (&'static str, fn(&ApplicantRow) -> bool);

const RULE_COLUMNS: [RuleColumn; 4] = [
    ("fresh", |r| r.fresh.is_none()),
    ("junior_since", |r| r.junior_since.is_none()),
    ("attended", |r| r.attended.is_none()),
    ("evaluation", |r| r.evaluation.is_none()),
];

/// How many rows leave each of [`RULE_COLUMNS`] blank.
fn blank_conditions(rows: &ApplicantRows) -> [usize; RULE_COLUMNS.len()] {
    let of_piece = |rows: &ApplicantRows| {
        RULE_COLUMNS.map(|(_, is_blank)| rows.iter().filter(|(_, r)| is_blank(r)).count())
    };
    let sum = |one: [usize; RULE_COLUMNS.len()], other: [usize; RULE_COLUMNS.len()]| {
        std::array::from_fn(|at| one[at] + other[at])
    };
    // Pieces that stay in the cache for all columns.
    rows.par_chunks(PIECE >> 4).map(of_piece).reduce(|| [0; RULE_COLUMNS.len()], sum)
}

/// A column that a rule of eligibility reads must be there: a lost column would silently make everybody
/// ineligible.
fn check_rule_columns(policy: &Policy, draft: &Draft, faults: &mut Faults) {
    if !draft.applicants.present {
        return;
    }
    let reads = |column: &str| -> Option<&str> {
        policy.categories.iter().find_map(|c| {
            let read = c.eligible.iter().any(|p| match p {
                Predicate::Fresh => column == "fresh",
                Predicate::Attended => column == "attended",
                Predicate::RegisteredThreeYears => column == "junior_since",
                Predicate::EvaluationAtLeast(_) => column == "evaluation",
                Predicate::QuotaListed | Predicate::Qualified | Predicate::TotalAtLeast(_) => false,
            });
            read.then_some(c.name.as_str())
        })
    };
    for (column, _) in RULE_COLUMNS {
        if let Some(category) = reads(column)
            && !draft.applicants.has(column)
        {
            let mut fault = Fault::of_table(
                FaultCode::RuleColumnMissing,
                Table::Applicants,
                format!("{category}的资格条件要读取这一列；缺列会使所有考生悄悄失去资格"),
            )
            .help("从报名系统重新导出，补上这一列");
            fault.column = Some(column.to_owned());
            faults.push(fault);
        }
    }
    let rows = &draft.applicants.rows;
    let blank = blank_conditions(rows);
    for ((column, is_blank), without) in RULE_COLUMNS.into_iter().zip(blank) {
        if let (Some(category), true, true) =
            (reads(column), without > 0, draft.applicants.has(column))
            && let Some((first, _)) = rows.iter().find(|(_, r)| is_blank(r))
        {
            faults.push(
                Fault::at(FaultCode::BlankCondition, Table::Applicants, *first, column)
                    .expected(format!(
                        "{without} 名考生（共 {}）此列空白，{category}按不具备资格处理",
                        rows.len()
                    ))
                    .help("核对报名系统的导出；确属不具备的填“否”"),
            );
        }
    }
    for subject in &policy.subjects {
        let at = policy.subject_ix(&subject.id);
        let orders = policy.batches.iter().map(|b| &b.priority);
        let own = policy.categories.iter().filter_map(|c| c.priority.as_ref());
        let read = orders.chain(own).flat_map(|p| &p.keys).any(
            |k| matches!(k, Key::Subjects(subjects) if subjects.iter().any(|s| Some(*s) == at)),
        );
        if read && !draft.applicants.has(&subject.id) {
            let mut fault = Fault::of_table(
                FaultCode::RuleColumnMissing,
                Table::Applicants,
                format!("录取顺序要读取{}成绩；缺列会使同分考生不分先后", subject.name),
            )
            .help("补上这一科的成绩");
            fault.column = Some(subject.id.to_string());
            faults.push(fault);
        }
    }
}

fn check_id_number(row: u32, r: &ApplicantRow, faults: &mut Faults) {
    let Some(number) = &r.id_number else { return };
    if let Err(error) = id_number::check(number) {
        faults.push(
            Fault::at(FaultCode::BadIdNumber, Table::Applicants, row, "id_number")
                .found(number)
                .expected(match error {
                    id_number::IdNumberError::Length => "居民身份证号码应为 18 位".to_owned(),
                    id_number::IdNumberError::Character => {
                        "前 17 位是数字，末位是数字或 X".to_owned()
                    }
                    id_number::IdNumberError::CheckDigit => {
                        "末位校验码（GB 11643）与前 17 位不符".to_owned()
                    }
                })
                .help("对照证件核对；录入有一位错误或两位颠倒"),
        );
    }
}

/// Finds the identity numbers that stand in two rows. Sorts hashes, since the numbers are long and many.
fn check_persons(rows: &ApplicantRows, faults: &mut Faults) {
    let number = |at: u32| rows[at as usize].1.id_number.as_deref();
    let hash = |number: &str| FxBuildHasher.hash_one(number);
    let mut places: Vec<(u64, u32)> = rows
        .par_iter()
        .enumerate()
        .filter_map(|(at, (_, r))| Some((hash(r.id_number.as_deref()?), at as u32)))
        .collect();
    places.par_sort_unstable();
    for equal in places.chunk_by_mut(|a, b| a.0 == b.0).filter(|equal| equal.len() > 1) {
        equal.sort_unstable_by_key(|&(_, at)| (number(at), at));
        for same in equal.chunk_by(|a, b| number(a.1) == number(b.1)) {
            let first = rows[same[0].1 as usize].0;
            for &(_, at) in &same[1..] {
                faults.push(
                    Fault::at(
                        FaultCode::DuplicatePerson,
                        Table::Applicants,
                        rows[at as usize].0,
                        "id_number",
                    )
                    .found(number(at).unwrap_or_default())
                    .expected(format!("一人只报一次名；第 {first} 行已有同一证件号码"))
                    .help("核对两行是否同一人，删去重复报名"),
                );
            }
        }
    }
}

fn check_total(policy: &Policy, row: u32, r: &ApplicantRow, faults: &mut Faults) {
    let (Some(rule), Some(total)) = (&policy.total, r.total) else { return };
    if r.sum_unknown {
        return;
    }
    let score = |s: usize| r.scores.get(s).copied().flatten().unwrap_or(Score::ZERO);
    let parts = rule.parts.iter().fold(Score::ZERO, |sum, s| sum.plus(score(s.at())));
    let bonus = r.bonus.unwrap_or(Score::ZERO);
    let sum = if rule.bonus_included { parts.plus(bonus) } else { parts };
    let expected = if rule.half_up { sum.half_up() } else { sum };
    if total != expected {
        let how = match (rule.bonus_included && bonus != Score::ZERO, rule.half_up) {
            (true, true) => format!("各科之和 {parts} + 加分 {bonus}，四舍五入"),
            (true, false) => format!("各科之和 {parts} + 加分 {bonus}"),
            (false, true) => format!("各科之和 {parts}，四舍五入"),
            (false, false) => "各科之和".to_owned(),
        };
        faults.push(
            Fault::at(FaultCode::TotalMismatch, Table::Applicants, row, "total")
                .found(total)
                .expected(format!("应为 {expected}（{how}）"))
                .help("核对各科成绩与加分；程序不会代为改正"),
        );
    }
}

fn check_restrictions(draft: &Draft, people: &mut People, faults: &mut Faults) {
    let rows = &draft.restrictions.rows;
    let mut seen = FirstSeen::with_capacity(rows.len());
    for (row, r) in rows {
        let Some(id) = &r.applicant_id else { continue };
        let Some(applicant) = people.find(id) else {
            faults.unknown(Table::Restrictions, *row, "applicant_id", id, "考生表");
            continue;
        };
        let Some(kind) = r.kind else { continue };
        if let Some(first) = seen.add((applicant, kind), *row) {
            faults.duplicate(Table::Restrictions, *row, "kind", kind.key(), first);
            continue;
        }
        let person = &mut people.list[applicant.at()];
        match kind {
            Restriction::Barred => person.barred = true,
            Restriction::QuotaIneligible => person.quota_ineligible = true,
        }
        let text = |t: &Option<Text>| t.clone().unwrap_or_default();
        people.restrictions.push((applicant, kind, text(&r.reason), text(&r.document)));
    }
    people.restrictions.sort_unstable();
}

/// Checks `tie_decisions`; ordered by batch and applicant.
pub(super) fn check_ties(
    policy: &Policy,
    rows: &Rows<TieDecisionRow>,
    people: &People,
    faults: &mut Faults,
) -> Vec<(BatchIx, ApplicantIx, u32, Text)> {
    let mut list = Vec::new();
    let mut seen = FirstSeen::with_capacity(rows.rows.len());
    for (row, r) in &rows.rows {
        let table = Table::TieDecisions;
        let batch = r.batch.as_deref().and_then(|id| batch_named(policy, table, *row, id, faults));
        let applicant = r.applicant_id.as_deref().and_then(|id| {
            let found = people.find(id);
            if found.is_none() {
                faults.unknown(table, *row, "applicant_id", id, "考生表");
            }
            found
        });
        let (Some(batch), Some(applicant)) = (batch, applicant) else { continue };
        if let Some(first) = seen.add((batch, applicant), *row) {
            let found = r.applicant_id.as_deref().unwrap_or_default();
            faults.duplicate(table, *row, "applicant_id", found, first);
            continue;
        }
        let document = r.document.clone().unwrap_or_default();
        list.push((batch, applicant, r.order.unwrap_or(0), document));
    }
    list.sort_unstable();
    list
}
