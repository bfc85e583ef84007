//! Applicants, and the tables that hang on them: restrictions, special scores, tie decisions.

use rustc_hash::FxHashMap;

use super::plan::{batch_named, category_named};
use super::schools::{junior_school, senior_school};
use super::{Faults, FirstSeen, Regions, Schools};
use crate::domain::draft::{ApplicantRow, Draft, Rows, TieDecisionRow};
use crate::domain::fault::{Fault, FaultCode, Table};
use crate::domain::id_number;
use crate::domain::season::SpecialKey;
use crate::domain::{
    Applicant, ApplicantIx, BatchIx, RegionIx, Restriction, SchoolIx, Score, SpecialScore, Text,
};
use crate::policy::{Key, Policy, Predicate};

/// The applicants in the order of their ids, with what hangs on them.
pub(super) struct People {
    pub(super) list: Vec<Applicant>,
    pub(super) scores: Vec<Score>,
    pub(super) by_id: FxHashMap<Text, ApplicantIx>,
    pub(super) special: FxHashMap<SpecialKey, SpecialScore>,
    pub(super) test_dates: Vec<(SpecialKey, Text)>,
    pub(super) restrictions: Vec<(ApplicantIx, Restriction, Text, Text)>,
}

impl People {
    pub(super) fn find(&self, id: &str) -> Option<ApplicantIx> {
        self.by_id.get(id).copied()
    }
}

/// Checks `applicants`, `restrictions` and `special_scores`.
pub(super) fn check(
    policy: &Policy,
    draft: &Draft,
    schools: &Schools,
    regions: &Regions,
    faults: &mut Faults,
) -> People {
    check_rule_columns(policy, draft, faults);
    let rows = &draft.applicants;
    let count = rows.rows.len();
    let mut seen = FirstSeen::with_capacity(count);
    let mut persons = FirstSeen::with_capacity(count);
    let mut kept: Vec<(&Text, usize, Option<SchoolIx>)> = Vec::with_capacity(count);
    let mut last_junior: Option<(&str, Option<SchoolIx>)> = None;
    for (at, (row, r)) in rows.rows.iter().enumerate() {
        let row = *row;
        check_id_number(row, r, &mut persons, faults);
        check_total(policy, row, r, faults);
        let junior = match (&r.junior_id, last_junior) {
            (None, _) => None,
            // Files come sorted by junior school more often than not.
            (Some(id), Some((last, found))) if found.is_some() && last == id.as_str() => found,
            (Some(id), _) => {
                let found = junior_school(schools, Table::Applicants, row, id, faults);
                last_junior = Some((id, found));
                found
            }
        };
        let Some(id) = &r.applicant_id else { continue };
        if let Some(first) = seen.add(id, row) {
            faults.duplicate(Table::Applicants, row, "applicant_id", id, first);
            continue;
        }
        kept.push((id, at, junior));
    }
    if !kept.is_sorted_by(|a, b| a.0 < b.0) {
        kept.sort_unstable_by(|a, b| a.0.cmp(b.0));
    }

    let subjects = policy.subjects.len();
    let mut people = People {
        list: Vec::with_capacity(kept.len()),
        scores: Vec::with_capacity(kept.len() * subjects),
        by_id: FxHashMap::with_capacity_and_hasher(kept.len(), rustc_hash::FxBuildHasher),
        special: FxHashMap::default(),
        test_dates: Vec::new(),
        restrictions: Vec::new(),
    };
    let mut last_region: Option<(&str, RegionIx)> = None;
    for (id, at, junior) in kept {
        let r = &rows.rows[at].1;
        let region = match (&r.region, last_region) {
            (None, _) => RegionIx(0),
            (Some(name), Some((last, found))) if last == name.as_str() => found,
            (Some(name), _) => {
                let found = regions.find(name).unwrap_or(RegionIx(0));
                last_region = Some((name, found));
                found
            }
        };
        people.by_id.insert(id.clone(), ApplicantIx::from(people.list.len()));
        let score = |s: usize| r.scores.get(s).copied().flatten().unwrap_or(Score::ZERO);
        people.scores.extend((0..subjects).map(score));
        people.list.push(Applicant {
            id: id.clone(),
            name: r.name.clone().unwrap_or_default(),
            gender: r.gender,
            id_number: r.id_number.clone(),
            registry_no: r.registry_no.clone(),
            junior: junior.unwrap_or(SchoolIx(0)),
            region,
            fresh: r.fresh.unwrap_or(false),
            junior_since: r.junior_since,
            attended: r.attended.unwrap_or(false),
            bonus: r.bonus.unwrap_or(Score::ZERO),
            total: r.total.unwrap_or(Score::ZERO),
            evaluation: r.evaluation,
            tie_class: r.tie_class.unwrap_or(0),
            barred: false,
            quota_ineligible: false,
        });
    }
    check_restrictions(draft, &mut people, faults);
    check_special_scores(policy, draft, schools, &mut people, faults);
    people
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
    for column in ["fresh", "junior_since", "attended", "evaluation"] {
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
    let blank = |column: &str, r: &ApplicantRow| match column {
        "fresh" => r.fresh.is_none(),
        "junior_since" => r.junior_since.is_none(),
        "attended" => r.attended.is_none(),
        _ => r.evaluation.is_none(),
    };
    for column in ["fresh", "junior_since", "attended", "evaluation"] {
        let rows = &draft.applicants.rows;
        let without = rows.iter().filter(|(_, r)| blank(column, r)).count();
        if let (Some(category), Some((first, _)), true) = (
            reads(column),
            rows.iter().find(|(_, r)| blank(column, r)),
            draft.applicants.has(column),
        ) {
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

fn check_id_number<'d>(
    row: u32,
    r: &'d ApplicantRow,
    persons: &mut FirstSeen<&'d Text>,
    faults: &mut Faults,
) {
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
    if let Some(first) = persons.add(number, row) {
        faults.push(
            Fault::at(FaultCode::DuplicatePerson, Table::Applicants, row, "id_number")
                .found(number)
                .expected(format!("一人只报一次名；第 {first} 行已有同一证件号码"))
                .help("核对两行是否同一人，删去重复报名"),
        );
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

fn check_special_scores(
    policy: &Policy,
    draft: &Draft,
    schools: &Schools,
    people: &mut People,
    faults: &mut Faults,
) {
    let rows = &draft.special_scores.rows;
    let mut seen = FirstSeen::with_capacity(rows.len());
    for (row, r) in rows {
        let table = Table::SpecialScores;
        let applicant = r.applicant_id.as_deref().and_then(|id| {
            let found = people.find(id);
            if found.is_none() {
                faults.unknown(table, *row, "applicant_id", id, "考生表");
            }
            found
        });
        let category =
            r.category.as_deref().and_then(|id| category_named(policy, table, *row, id, faults));
        let school = match r.school_id.as_deref() {
            None => Some(None),
            Some(id) => senior_school(schools, table, *row, ("school_id", id), faults).map(Some),
        };
        let (Some(applicant), Some(category), Some(school)) = (applicant, category, school) else {
            continue;
        };
        if let Some(first) = seen.add((applicant, category, school), *row) {
            let found = r.applicant_id.as_deref().unwrap_or_default();
            faults.duplicate(table, *row, "applicant_id", found, first);
            continue;
        }
        let score = SpecialScore {
            score: r.score.unwrap_or(Score::ZERO),
            qualified: r.qualified.unwrap_or(false),
        };
        people.special.insert((applicant, category, school), score);
        let date = r.test_date.clone().unwrap_or_default();
        people.test_dates.push(((applicant, category, school), date));
    }
    let id = |s: Option<SchoolIx>| s.map(|s| &schools.list[s.at()].id);
    people
        .test_dates
        .sort_unstable_by(|(a, _), (b, _)| (a.0, a.1, id(a.2)).cmp(&(b.0, b.1, id(b.2))));
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
