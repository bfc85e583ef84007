//! V16 Quota ineligible (指标资格): a quota seat goes to an eligible graduate of the seat's own junior school.
//!
//! Policy: item 18, 「落实区属市级重点高中指标到校招生办法」; `eligible` of the category. Conditions of other
//! categories and the bar of 取消资格 are judged here too; a qualified test is V13, a least total V12.

use super::eligibility::{failing, label};
use super::{Case, Code, Violation};
use crate::policy::Predicate;

/// Lists the admissions of applicants who are barred, who fail a condition of the category, or whose
/// junior school has no cell at that school. A blank condition counts as not met.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let season = case.season;
    let mut found = Vec::new();
    for held in &case.admissions {
        let Some((applicant, offer)) = held.resolved() else { continue };
        let (school, _, category) = offer;
        let person = season.applicant(applicant);
        let mut wrong = Vec::new();
        let mut asked = Vec::new();
        if person.barred {
            wrong.push("已取消录取资格".to_owned());
            asked.push("未取消录取资格".to_owned());
        }
        for predicate in failing(season, applicant, category, school) {
            if matches!(predicate, Predicate::Qualified | Predicate::TotalAtLeast(_)) {
                continue;
            }
            wrong.push(format!("不符合“{}”", label(predicate)));
            asked.push(label(predicate));
        }
        let cell_missing = held.class.is_none() && case.seats.scope(offer).is_some();
        if season.policy().category(category).by_junior && cell_missing {
            let junior = &season.school(person.junior).name;
            wrong.push(format!("该校没有分配给{junior}的指标"));
            asked.push("本人毕业初中的指标".to_owned());
        }
        if wrong.is_empty() {
            continue;
        }
        let (what, allowed) = (wrong.join("，"), asked.join("、"));
        let sentence = format!(
            "{} {}录取考生 {}：{what}",
            case.school_name(&held.row.school),
            case.seat_name(&held.row.batch, &held.row.category),
            held.row.applicant,
        );
        found.push(Violation::of_admission(Code::V16, held, what, allowed, sentence));
    }
    found
}
