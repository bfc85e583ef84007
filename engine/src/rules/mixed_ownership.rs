//! V10 Mixed public and private (公民混招): a group does not move students between its public and its
//! private schools.
//!
//! Policy: item 18, 「对违规招生行为加大查处力度」; `group` and `ownership` of `schools`.

use super::input::Attending;
use super::{Case, Code, Violation};
use crate::domain::School;

/// Lists students admitted by one school of a group and registered at, or attending, another of the same
/// group with the other ownership. Where either ownership is unknown nothing is judged.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let school = |id: &str| case.season.find_school(id).map(|s| case.season.school(s));
    let mut found = Vec::new();
    for (at, record) in case.inputs.registry.iter().enumerate().filter(|(_, r)| r.active()) {
        let Some(held) = case.admissions_of_record(record).first() else { continue };
        let Some(from) = school(&held.row.school) else { continue };
        let attending = match &record.attending {
            Attending::School(there) => Some(there),
            Attending::Nowhere | Attending::Unknown => None,
        };
        let places = [Some(&record.school), attending];
        let moved =
            places.into_iter().flatten().filter_map(|id| school(id)).find(|s| mixed(from, s));
        let Some(to) = moved else { continue };
        let label = |s: &School| s.ownership.map_or("", crate::domain::Ownership::label);
        let sentence = format!(
            "考生 {} 由{}学校 {} 录取，转入同一教育集团（{}）的{}学校 {}；公办、民办不得混招",
            held.row.applicant,
            label(from),
            case.school_name(&from.id),
            from.group.as_deref().unwrap_or_default(),
            label(to),
            case.school_name(&to.id),
        );
        found.push(
            Violation::of_applicant(
                Code::V10,
                &to.id,
                &held.row.applicant,
                label(to),
                label(from),
                sentence,
            )
            .at(&held.row.batch, &held.row.category)
            .on_records(&[at]),
        );
    }
    found
}

fn mixed(from: &School, to: &School) -> bool {
    let ownerships = from.ownership.zip(to.ownership);
    from.group.is_some() && from.group == to.group && ownerships.is_some_and(|(a, b)| a != b)
}
