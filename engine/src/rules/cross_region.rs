//! V04 Cross-region poaching (跨区域掐尖): the applicant's region lies inside the plan line's scope.
//!
//! Policy: item 18, 「坚决杜绝违规跨区域掐尖招生」; `region_scope` of the plan line.

use super::{Case, Code, Violation};
use crate::domain::Scope;

/// Lists the admissions from outside the scope. A scope of `*` takes everyone; without a plan line
/// there is no scope to be outside of (V01).
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let season = case.season;
    let mut found = Vec::new();
    for held in &case.admissions {
        let Some((applicant, offer)) = held.resolved() else { continue };
        let Some(scope) = case.seats.scope(offer) else { continue };
        let region = season.applicant(applicant).region;
        if scope.covers(region) {
            continue;
        }
        let region = season.region_name(region);
        let allowed = match scope {
            Scope::Any => "*".to_owned(),
            Scope::Regions(regions) => {
                let names: Vec<&str> = regions.iter().map(|&r| season.region_name(r)).collect();
                names.join("、")
            }
        };
        let sentence = format!(
            "{} {} 录取{region}考生 {}，招生范围为{}",
            case.school_name(&held.row.school),
            case.seat_name(&held.row.batch, &held.row.category),
            held.row.applicant,
            if allowed.is_empty() { "（无）" } else { &allowed },
        );
        found.push(Violation::of_admission(Code::V04, held, region, allowed, sentence));
    }
    found
}
