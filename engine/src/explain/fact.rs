//! The registered fact that a condition of eligibility met, beside what it asks for.

use super::said::Lang;
use crate::domain::{ApplicantIx, CategoryIx, Restriction, SchoolIx, Season, YearMonth};
use crate::policy::Predicate;

/// What is registered and what is asked for, as one clause.
pub(super) fn clause(
    season: &Season,
    lang: Lang,
    applicant: ApplicantIx,
    category: CategoryIx,
    school: SchoolIx,
    predicate: &Predicate,
) -> String {
    let zh = lang == Lang::Zh;
    let person = season.applicant(applicant);
    match predicate {
        Predicate::Fresh if zh => "登记为非应届，须为应届毕业生".to_owned(),
        Predicate::Fresh => {
            "registered as not graduating this year; must be a graduate of this year".to_owned()
        }
        Predicate::Attended if zh => "登记为未实际就读，须在毕业学校实际就读".to_owned(),
        Predicate::Attended => {
            "registered as not attending; must have attended the junior school".to_owned()
        }
        Predicate::RegisteredThreeYears => {
            let latest = YearMonth::new(season.policy().year.saturating_sub(3), 9)
                .map(|m| m.to_string())
                .unwrap_or_default();
            match (person.junior_since, zh) {
                (Some(since), true) => format!("在籍起始 {since}，须不晚于 {latest}"),
                (None, true) => format!("没有登记在籍起始，须不晚于 {latest}"),
                (Some(since), false) => {
                    format!(
                        "in the junior registry since {since}; must be since {latest} or earlier"
                    )
                }
                (None, false) => {
                    format!("no registry date; must be in the registry since {latest} or earlier")
                }
            }
        }
        Predicate::QuotaListed => {
            let paper = season
                .restrictions()
                .find(|(a, kind, ..)| *a == applicant && *kind == Restriction::QuotaIneligible)
                .map(|(_, _, reason, document)| paper(zh, reason, document))
                .unwrap_or_default();
            if zh {
                format!("登记为无指标资格{paper}")
            } else {
                format!("registered as not eligible for quota seats{paper}")
            }
        }
        Predicate::Qualified => {
            let score = season.special_score(applicant, category, school);
            match (score, zh) {
                (Some(s), true) => format!("专业测试 {} 分，不合格", s.score),
                (None, true) => "没有该类别的专业测试成绩".to_owned(),
                (Some(s), false) => format!("special test {} points, not qualified", s.score),
                (None, false) => "no special test score for this category".to_owned(),
            }
        }
        Predicate::EvaluationAtLeast(grade) => match (person.evaluation, zh) {
            (Some(own), true) => {
                format!("综合素质评价 {}，须 {} 及以上", own.key(), grade.key())
            }
            (None, true) => format!("没有综合素质评价等级，须 {} 及以上", grade.key()),
            (Some(own), false) => {
                format!("evaluation {}; must be {} or better", own.key(), grade.key())
            }
            (None, false) => format!("no evaluation; must be {} or better", grade.key()),
        },
        Predicate::TotalAtLeast(total) if zh => {
            format!("总分 {}，须 {total} 及以上", person.total)
        }
        Predicate::TotalAtLeast(total) => {
            format!("total {}; must be {total} or more", person.total)
        }
    }
}

/// The recorded reason and document of a restriction, in brackets.
pub(super) fn paper(zh: bool, reason: &str, document: &str) -> String {
    let parts: Vec<&str> = [reason, document].into_iter().filter(|p| !p.is_empty()).collect();
    match (parts.is_empty(), zh) {
        (true, _) => String::new(),
        (false, true) => format!("（{}）", parts.join("，")),
        (false, false) => format!(" ({})", parts.join(", ")),
    }
}
