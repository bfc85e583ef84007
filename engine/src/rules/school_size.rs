//! V15 School size (规模): a new senior school stays within its size.
//!
//! Policy: item 4, 「新建普通高中学校高中生规模不得超过3000人」; `limits.new_school_size`.

use std::collections::{BTreeMap, BTreeSet};

use super::class_size::sizes;
use super::violation::Blocks;
use super::{Case, Code, Violation};
use crate::domain::{SchoolIx, Severity};

/// Lists the new schools above the limit; exactly the limit is lawful. Its admitted students wait. A school
/// that only its plan would take above the limit is warned of.
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
    let mut planned: BTreeMap<SchoolIx, u64> = BTreeMap::new();
    for line in case.season.plan() {
        *planned.entry(line.school).or_insert(0) += u64::from(line.seats.unwrap_or(0));
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
        let seats = planned.get(&SchoolIx::from(at)).copied().unwrap_or(0);
        let most = u64::from(limit.value);
        let excess = |figure: u64, what: &str, parts: &str| {
            let name = case.school_name(&school.id);
            let sentence = format!("新建高中 {name} {what}{figure}人（{parts}），规模上限{most}人");
            Violation::of_school(Code::V15, &school.id, figure, most, sentence)
                .under_item(&limit.item)
        };
        // The parts that add up to the figure.
        let parts = if all > older + new.max(new_classes) {
            format!("各年级班级名单合计{all}人")
        } else if new_classes > new {
            format!("现有在校生{older}人、高一班级名单{new_classes}人，录取只有{new}人")
        } else {
            format!("现有在校生{older}人、录取{new}人")
        };
        if size > most {
            found.push(Violation { blocks: Blocks::School, ..excess(size, "", &parts) });
        } else if older + seats > most {
            let parts = format!("现有在校生{older}人、招生计划{seats}人");
            let severity = Severity::Warning;
            found.push(Violation { severity, ..excess(older + seats, "按计划将有", &parts) });
        }
    }
    found
}
