//! V13 Unqualified special (专业不合格): a special admission needs a qualified test.
//!
//! Policy: item 18, 「规范体育、艺术等特殊类型招生」; `eligible = ["qualified"]` of the category.

use super::eligibility::holds;
use super::{Case, Code, Violation};
use crate::policy::Predicate;

/// Lists the admissions to a category that asks for a qualified test of applicants who have none: no
/// score at all, or one that is not qualified. The school's own test counts before a city-wide one.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let season = case.season;
    let mut found = Vec::new();
    for held in &case.admissions {
        let Some((applicant, (school, _, category))) = held.resolved() else { continue };
        let rules = season.policy().category(category);
        if !rules.eligible.contains(&Predicate::Qualified)
            || holds(season, &Predicate::Qualified, applicant, category, school)
        {
            continue;
        }
        let what = match season.special_score(applicant, category, school) {
            Some(test) => format!("专业测试{}分，不合格", test.score),
            None => "没有专业测试成绩".to_owned(),
        };
        let sentence = format!(
            "{} {}录取考生 {}：{what}；须专业测试合格",
            case.school_name(&held.row.school),
            case.seat_name(&held.row.batch, &held.row.category),
            held.row.applicant,
        );
        found.push(Violation::of_admission(Code::V13, held, what, "专业测试合格", sentence));
    }
    found
}
