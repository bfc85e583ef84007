//! V06 Double registry (重复学籍): a person has one active record.
//!
//! Policy: item 18, 「规范学生学籍管理」.

use std::collections::{BTreeMap, BTreeSet};

use super::persons::{masked, number_of};
use super::{Case, Code, NAMED, Violation};
use crate::domain::Text;

/// Lists every school with active records of a person beyond the first, once, on the first and its own. A record that
/// has ended (转出, 毕业, …) is none; one on leave (休学) is. A temporary record (`L`) and the formal one (`G`) of the same
/// number that continues it at the same school are one.
///
/// The first is the one at the school that admitted the person, else the one opened first.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let registry = &case.inputs.registry;
    let mut found = Vec::new();
    for mut group in case.persons.active_records(case.inputs) {
        if group.len() < 2 {
            continue;
        }
        group.sort_by_cached_key(|&at| {
            let r = &registry[at];
            let admitted = case.admissions_of_record(r).iter().any(|h| h.row.school == r.school);
            (!admitted, r.opened_on.is_none(), r.opened_on.clone(), r.school.clone(), at)
        });
        let mut schools = BTreeSet::new();
        let each = group.iter().map(|&at| &registry[at].school).filter(|s| schools.insert(*s));
        let mut named = each.map(|s| case.school_name(s)).collect::<Vec<_>>();
        if named.len() > NAMED {
            let count = named.len();
            named.truncate(NAMED);
            named.push(format!("等{count}所学校"));
        }
        let applicant = group
            .iter()
            .map(|&at| case.applicant_of_record(&registry[at]))
            .find(|id| !id.is_empty())
            .unwrap_or_default();
        let person =
            match (applicant.as_str(), group.iter().find_map(|&at| number_of(&registry[at]))) {
                ("", Some(number)) => format!("证件号码 {} 的学生", masked(&number)),
                ("", None) => "同一学生".to_owned(),
                (id, _) => format!("考生 {id}"),
            };
        let count = group.len();
        let sentence = format!("{person} 有{count}条在用学籍（{}），只能有1条", named.join("、"));
        let mut beyond: BTreeMap<&Text, Vec<usize>> = BTreeMap::new();
        for &at in &group[1..] {
            beyond.entry(&registry[at].school).or_insert_with(|| vec![group[0]]).push(at);
        }
        for (school, places) in beyond {
            let v = Violation::of_applicant(Code::V06, school, &applicant, count, 1, &sentence);
            found.push(v.on_records(&places));
        }
    }
    found
}
