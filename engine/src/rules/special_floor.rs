//! V12 Special floor (录取下限): nobody is admitted below the floor of the category.
//!
//! Policy: item 18, 「规范体育、艺术等特殊类型招生」; `floor` of the category, and `total_at_least`.

use super::eligibility::failing;
use super::{Case, Code, Violation};
use crate::policy::Predicate;

/// Lists the admissions whose total is below an announced line, or below a cut-off minus the margin. A
/// total of exactly the floor is lawful.
///
/// The cut-off is that of the admissions as they are. Where the class of the line had no seats or did
/// not fill there is none, and the relative floor does not bind; of the same batch it binds only behind
/// the last holder of that class.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for held in &case.admissions {
        let Some((applicant, offer)) = held.resolved() else { continue };
        let total = case.season.applicant(applicant).total;
        let floors = case.floors(offer);
        let mut below = Vec::new();
        if let Some(least) = floors.at_least.filter(|&least| total < least) {
            below.push((least, format!("最低{least}分")));
        }
        let conditions = failing(case.season, applicant, offer.2, offer.0);
        for predicate in conditions {
            if let Predicate::TotalAtLeast(least) = predicate {
                below.push((*least, format!("最低{least}分")));
            }
        }
        if let Some(relative) = floors.relative
            && total < relative.least
            && relative.last.is_none_or(|last| {
                let position =
                    super::case::wish_position(case.season, applicant, offer).unwrap_or(u16::MAX);
                case.standings.of(applicant, offer, position) > *last
            })
        {
            let words =
                format!("最低{}分（录取线{}−{}）", relative.least, relative.line, relative.minus);
            below.push((relative.least, words));
        }
        if let Some((least, words)) = below.into_iter().max_by_key(|b| b.0) {
            let sentence = format!(
                "{} {}录取考生 {}，总分{total}，{words}",
                case.school_name(&held.row.school),
                case.seat_name(&held.row.batch, &held.row.category),
                held.row.applicant,
            );
            found.push(Violation::of_admission(Code::V12, held, total, least, sentence));
        }
    }
    found
}
