//! What the words of the answer files are called on screens and in workbooks.

use luqu_engine::domain::{Outcome, ReasonKind};
use luqu_engine::policy::Predicate;

/// The word of the answer files for each outcome, and what people call it.
pub const OUTCOMES: [(&str, &str); 5] = [
    ("placed", "录取"),
    ("adjusted", "调剂录取"),
    ("unplaced", "未录取"),
    ("barred", "取消资格"),
    ("no_wishes", "未填志愿"),
];

/// What became of an applicant.
pub fn outcome(outcome: Outcome) -> &'static str {
    let found = OUTCOMES.iter().find(|(key, _)| *key == outcome.key());
    found.map_or("", |(_, word)| word)
}

/// Why a proposal did not stick.
pub fn reason(kind: &ReasonKind) -> String {
    match kind {
        ReasonKind::NoClass => "该校没有此类名额".to_owned(),
        ReasonKind::OutOfRegion => "不在招生范围内".to_owned(),
        ReasonKind::Ineligible(predicate) => format!("不符合条件：{}", condition(predicate)),
        ReasonKind::BelowFloor => "低于录取下限".to_owned(),
        ReasonKind::NoSeats => "最终没有名额".to_owned(),
        ReasonKind::BelowCutoff => "排在录取线之后".to_owned(),
    }
}

/// Why a proposal did not stick, from the columns `reason` and `detail` of `reasons.csv`.
#[must_use]
pub fn reason_key(key: &str, detail: &str) -> String {
    match key {
        "out_of_region" => "不在招生范围内".to_owned(),
        "below_floor" => format!("低于录取下限 {detail}"),
        "below_cutoff" => format!("排在录取线之后，录取线 {detail}"),
        "no_seats" => "没有名额".to_owned(),
        other => match other.strip_prefix("ineligible:") {
            Some("fresh") => "不符合条件：应届".to_owned(),
            Some("attended") => "不符合条件：实际就读".to_owned(),
            Some("registered_three_years") => "不符合条件：初中学籍满三年".to_owned(),
            Some("quota_listed") => "不符合条件：具备指标资格".to_owned(),
            Some("qualified") => "不符合条件：专业测试合格".to_owned(),
            Some("evaluation_at_least") => "不符合条件：综合素质评价等级".to_owned(),
            Some("total_at_least") => "不符合条件：总分下限".to_owned(),
            _ => other.to_owned(),
        },
    }
}

/// A condition of eligibility.
pub fn condition(predicate: &Predicate) -> String {
    match predicate {
        Predicate::Fresh => "应届".to_owned(),
        Predicate::Attended => "实际就读".to_owned(),
        Predicate::RegisteredThreeYears => "初中学籍满三年".to_owned(),
        Predicate::QuotaListed => "具备指标资格".to_owned(),
        Predicate::Qualified => "专业测试合格".to_owned(),
        Predicate::EvaluationAtLeast(grade) => format!("综合素质评价 {} 等及以上", grade.key()),
        Predicate::TotalAtLeast(score) => format!("总分不低于 {score}"),
    }
}
