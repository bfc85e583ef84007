//! V15 School size (规模): a new senior school stays within its size.
//!
//! Policy: item 4, 「新建普通高中学校高中生规模不得超过3000人」; `limits.new_school_size`.

use std::collections::{BTreeMap, BTreeSet};

use super::class_size::sizes;
use super::violation::Blocks;
use super::{Case, Code, Violation};
use crate::domain::SchoolIx;

/// Lists the new schools above the limit; exactly the limit is lawful. Its admitted students wait.
///
/// Counted are the older grades (`enrolled`) with the admissions or the new classes, whichever is more,
/// or all classes listed, if those are more.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let policy = case.season.policy();
    let Some(limit) = &policy.limits.new_school_size else { return Vec::new() };
    let mut admitted: BTreeMap<SchoolIx, BTreeSet<&str>> = BTreeMap::new();
    for held in &case.admissions {
        if let Some(school) = held.school {
            admitted.entry(school).or_default().insert(&held.row.applicant);
        }
    }
    let mut in_classes: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let classes = sizes(case);
    for (class, &size) in &classes {
        let entry = in_classes.entry(&class.school).or_default();
        entry.0 += u64::from(size);
        if class.new_intake(policy.year) {
            entry.1 += u64::from(size);
        }
    }
    let mut found = Vec::new();
    for (at, school) in case.season.schools().iter().enumerate().filter(|(_, s)| s.is_new) {
        let older = u64::from(school.enrolled.unwrap_or(0));
        let new = admitted.get(&SchoolIx::from(at)).map_or(0, BTreeSet::len) as u64;
        let (all, new_classes) = in_classes.get(school.id.as_str()).copied().unwrap_or_default();
        let size = all.max(older + new.max(new_classes));
        // The parts that add up to the figure.
        let parts = if all > older + new.max(new_classes) {
            format!("各年级班级名单合计{all}人")
        } else if new_classes > new {
            format!("现有在校生{older}人、高一班级名单{new_classes}人，录取只有{new}人")
        } else {
            format!("现有在校生{older}人、录取{new}人")
        };
        if size <= u64::from(limit.value) {
            continue;
        }
        let sentence = format!(
            "新建高中 {} {size}人（{parts}），规模上限{}人",
            case.school_name(&school.id),
            limit.value
        );
        let v = Violation::of_school(Code::V15, &school.id, size, limit.value, sentence);
        found.push(Violation { blocks: Blocks::School, ..v.under_item(&limit.item) });
    }
    found
}
