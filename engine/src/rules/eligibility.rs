//! Who may hold a seat of a category, judged from the season alone (SPEC §4).

use crate::domain::{ApplicantIx, CategoryIx, SchoolIx, Season, YearMonth};
use crate::policy::Predicate;

/// Whether one condition holds for an applicant at a school.
pub(super) fn holds(
    season: &Season,
    predicate: &Predicate,
    applicant: ApplicantIx,
    category: CategoryIx,
    school: SchoolIx,
) -> bool {
    let a = season.applicant(applicant);
    match predicate {
        Predicate::Fresh => a.fresh,
        Predicate::Attended => a.attended,
        Predicate::RegisteredThreeYears => {
            let latest = YearMonth::new(season.policy().year.saturating_sub(3), 9);
            a.junior_since.is_some_and(|since| latest.is_some_and(|latest| since <= latest))
        }
        Predicate::QuotaListed => !a.quota_ineligible,
        Predicate::Qualified => {
            season.special_score(applicant, category, school).is_some_and(|s| s.qualified)
        }
        Predicate::EvaluationAtLeast(grade) => a.evaluation.is_some_and(|e| e <= *grade),
        Predicate::TotalAtLeast(least) => a.total >= *least,
    }
}

/// The conditions that fail, in the order of the policy.
pub(crate) fn failing(
    season: &Season,
    applicant: ApplicantIx,
    category: CategoryIx,
    school: SchoolIx,
) -> impl Iterator<Item = &Predicate> {
    let predicates = &season.policy().category(category).eligible;
    predicates.iter().filter(move |p| !holds(season, p, applicant, category, school))
}

/// A condition in Chinese.
pub(super) fn label(predicate: &Predicate) -> String {
    match predicate {
        Predicate::Fresh => "应届毕业生".to_owned(),
        Predicate::Attended => "在学籍学校实际就读".to_owned(),
        Predicate::RegisteredThreeYears => "在毕业初中连续三年学籍".to_owned(),
        Predicate::QuotaListed => "未被列为无指标资格".to_owned(),
        Predicate::Qualified => "专业测试合格".to_owned(),
        Predicate::EvaluationAtLeast(grade) => format!("综合素质评价不低于{}", grade.key()),
        Predicate::TotalAtLeast(least) => format!("总分不低于{least}"),
    }
}
