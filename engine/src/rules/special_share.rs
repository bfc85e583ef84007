//! V11 Special share (特招比例): special admissions stay within their share of the school's whole plan.
//!
//! Policy: item 18, 「规范体育、艺术等特殊类型招生」; `share_cap` of the category.

use std::collections::BTreeMap;

use super::seats::ClassKey;
use super::{Case, Code, Violation};
use crate::domain::{CategoryIx, SchoolIx, Share};

/// Lists the admissions of a capped category beyond ⌊cap × whole plan⌋ of the school, lowest priority
/// first to go; exactly the cap is lawful. The whole plan is all seats of the school's approved plan lines.
///
/// Admissions without a class (V01) count and go first; of several batches the later goes first.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let policy = case.season.policy();
    let mut wholes: BTreeMap<SchoolIx, u64> = BTreeMap::new();
    for line in case.season.plan().iter().filter(|l| l.is_approved()) {
        *wholes.entry(line.school).or_insert(0) += u64::from(line.seats.unwrap_or(0));
    }
    let mut taken: BTreeMap<(SchoolIx, CategoryIx), Vec<usize>> = BTreeMap::new();
    for (class, holders) in &case.holders {
        let (school, _, category) = class.0;
        let list = taken.entry((school, category)).or_default();
        list.extend(holders.iter().map(|h| h.admission));
    }
    for (at, held) in case.admissions.iter().enumerate() {
        let no_class = None::<ClassKey>;
        if let (Some(school), Some(category)) = (held.school, held.category)
            && held.class == no_class
        {
            taken.entry((school, category)).or_default().push(at);
        }
    }
    let mut found = Vec::new();
    for ((school, category), admissions) in taken {
        let Some(cap) = policy.category(category).share_cap else { continue };
        let whole = wholes.get(&school).copied().unwrap_or(0);
        let allowed = cap.millionths() * whole / Share::ONE;
        let count = admissions.len();
        let skip = usize::try_from(allowed).unwrap_or(usize::MAX);
        for &at in admissions.iter().skip(skip) {
            let held = &case.admissions[at];
            let sentence = format!(
                "{} {}录取{count}人，上限{allowed}人（全校计划{whole}人 × {cap}）；考生 {} 在超出之列",
                case.school_name(&held.row.school),
                policy.category(category).name,
                held.row.applicant,
            );
            found.push(Violation::of_admission(Code::V11, held, count, allowed, sentence));
        }
    }
    found
}
