//! V14 Class size (班额): no class of a new intake above the cap; no class of any grade oversize.
//!
//! Policy: item 4, 「普通高中新入学年级班额不得超过55人」, 「全面消除56人及以上大班额」; `limits.class_size`,
//! `limits.oversize_class`, `limits.super_oversize_class`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Code, Violation};
use crate::domain::{PlanLine, Severity, Text};
use crate::policy::Clause;

/// A super oversize class begins so many students above an oversize one, where the policy is silent:
/// 56–65 is 大班额, 66 and more 超大班额.
const SUPER_ABOVE_OVERSIZE: u32 = 10;

/// Lists the classes that are too large. A class of exactly the cap is lawful.
///
/// A new intake above the cap is an error. In older grades a 大班额 is a warning, since item 4 dissolves
/// those under a plan of their own, and a 超大班额 is an error. Where the policy sets the cap alone, 大班额
/// begins one above it. A class counts its listed students or its stated size, whichever is more.
///
/// A plan line with more seats than its own classes may hold is warned of: it cannot be filled lawfully.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let limits = &case.season.policy().limits;
    let cap = limits.class_size.as_ref();
    let oversize = limits.oversize_class.as_ref().map(|c| c.value).or(cap.map(|c| c.value + 1));
    let super_oversize = limits
        .super_oversize_class
        .as_ref()
        .map(|c| c.value)
        .or(oversize.map(|o| o + SUPER_ABOVE_OVERSIZE));
    let mut found = Vec::new();
    for (class, size) in sizes(case) {
        let new_intake = class.new_intake(case.season.policy().year);
        let reaches = |limit: Option<u32>| limit.is_some_and(|l| size >= l);
        let word = if reaches(super_oversize) {
            "，属超大班额"
        } else if reaches(oversize) {
            "，属大班额"
        } else {
            ""
        };
        let name = format!("{} {}", case.school_name(&class.school), class.name());
        let violation = match cap {
            Some(cap) if new_intake && size > cap.value => {
                let sentence = format!("{name} {size}人，上限{}人{word}", cap.value);
                Violation::of_school(Code::V14, &class.school, size, cap.value, sentence)
                    .under_item(&cap.item)
            }
            _ if reaches(oversize) => {
                let most = oversize.unwrap_or_default().saturating_sub(1);
                let sentence = format!("{name} {size}人，上限{most}人{word}");
                let item = limits.oversize_class.as_ref().map_or("", |c| &c.item);
                let mut v = Violation::of_school(Code::V14, &class.school, size, most, sentence)
                    .under_item(item);
                if !new_intake && !reaches(super_oversize) {
                    v.severity = Severity::Warning;
                }
                v
            }
            _ => continue,
        };
        found.push(violation);
    }
    found.extend(cap.into_iter().flat_map(|cap| overfull_lines(case, cap)));
    found
}

fn overfull_lines(case: &Case<'_>, cap: &Clause) -> Vec<Violation> {
    let policy = case.season.policy();
    let overfull = |line: &PlanLine| {
        let (seats, classes) = (line.seats?, line.classes?);
        let most = u64::from(classes) * u64::from(cap.value);
        if u64::from(seats) <= most {
            return None;
        }
        let school = &case.season.school(line.school).id;
        let (batch, category) = (&policy.batch(line.batch).id, &policy.category(line.category).id);
        let sentence = format!(
            "{} {}计划{seats}人，{classes}个班×{}人最多{most}人",
            case.school_name(school),
            case.seat_name(batch, category),
            cap.value
        );
        let v = Violation::of_school(Code::V14, school, seats, most, sentence);
        let v = v.under_item(&cap.item).at(batch, category);
        Some(Violation { severity: Severity::Warning, ..v })
    };
    case.season.plan().iter().filter_map(overfull).collect()
}

/// A class, as a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class {
    pub(super) school: Text,
    grade: Text,
    class_no: Text,
}

impl Class {
    /// Whether the grade is the one that has just come in: `1`, `高一`, `2026级` and the like.
    pub(super) fn new_intake(&self, year: u16) -> bool {
        let grade = self.grade.trim().trim_end_matches("年级");
        matches!(grade, "1" | "一" | "高一" | "10" | "新高一" | "新生" | "G10" | "new")
            || grade.trim_end_matches(['级', '届']) == year.to_string()
    }

    /// 高一(3)班
    fn name(&self) -> String {
        let grade = match self.grade.trim() {
            "1" | "10" => "高一",
            "2" | "11" => "高二",
            "3" | "12" => "高三",
            other => other,
        };
        let number = self.class_no.trim();
        if number.ends_with('班') {
            format!("{grade}{number}")
        } else {
            format!("{grade}({number})班")
        }
    }
}

/// Every class of the class lists with its size.
pub(super) fn sizes(case: &Case<'_>) -> BTreeMap<Class, u32> {
    let mut listed: BTreeMap<Class, (u32, BTreeSet<&str>)> = BTreeMap::new();
    for row in &case.inputs.classes {
        let class = Class {
            school: row.school.clone(),
            grade: row.grade.trim().into(),
            class_no: row.class_no.trim().into(),
        };
        let entry = listed.entry(class).or_default();
        entry.0 = entry.0.max(row.size.unwrap_or(0));
        if !row.applicant.is_empty() {
            entry.1.insert(&row.applicant);
        }
    }
    let size = |(stated, students): (u32, BTreeSet<&str>)| {
        stated.max(u32::try_from(students.len()).unwrap_or(u32::MAX))
    };
    listed.into_iter().map(|(class, counts)| (class, size(counts))).collect()
}
