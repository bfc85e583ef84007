//! What the words of the answer files and of the API are called on screens and in files for people.

use luqu_engine::domain::{Outcome, ReasonKind};
use luqu_engine::policy::Predicate;

/// The word of the answer files for each outcome, and what people call it.
pub const OUTCOMES: Words = &[
    ("placed", "录取"),
    ("adjusted", "调剂录取"),
    ("unplaced", "未录取"),
    ("barred", "取消资格"),
    ("no_wishes", "未填志愿"),
];

/// Words of the files or of the API, each with what people call it.
pub type Words = &'static [(&'static str, &'static str)];

/// The word of `reasons.csv` for each reason.
pub const REASONS: Words = &[
    ("out_of_region", "不在招生范围内"),
    ("below_floor", "低于录取下限"),
    ("below_cutoff", "排在录取线之后"),
    ("no_seats", "没有名额"),
    ("ineligible:fresh", "不符合条件：应届"),
    ("ineligible:attended", "不符合条件：实际就读"),
    ("ineligible:registered_three_years", "不符合条件：初中学籍满三年"),
    ("ineligible:quota_listed", "不符合条件：具备指标资格"),
    ("ineligible:qualified", "不符合条件：专业测试合格"),
    ("ineligible:evaluation_at_least", "不符合条件：综合素质评价等级"),
    ("ineligible:total_at_least", "不符合条件：总分下限"),
];

/// `cutoffs.csv`: whether a class is full.
pub const FULL: Words = &[("yes", "是"), ("no", "否")];

/// 性别
pub const GENDERS: Words = &[("F", "女"), ("M", "男")];

/// Whether a season is rehearsed or real.
pub const MODES: Words = &[("drill", "演练"), ("live", "正式")];

/// What an account may do.
pub const ROLES: Words = &[
    ("clerk", "经办"),
    ("reviewer", "复核"),
    ("school", "招生高中"),
    ("regulator", "督导"),
    ("admin", "系统管理"),
    ("machine", "对接程序"),
];

/// What a token may be used for.
pub const SCOPES: Words = &[("registry", "学籍对接"), ("import", "数据导入")];

/// What two people decide together.
pub const DECISIONS: Words = &[
    ("freeze_plan", "冻结招生计划"),
    ("quota", "分配指标"),
    ("correction", "更正"),
    ("revocation", "撤销录取"),
    ("retention", "销毁个人数据"),
];

/// How far a decision has come.
pub const DECISION_STATES: Words =
    &[("proposed", "待复核"), ("approved", "已批准"), ("withdrawn", "已撤回")];

/// What became of an import.
pub const IMPORT_STATES: Words = &[
    ("staged", "待提交"),
    ("refused", "有错误，未接收"),
    ("committed", "已提交"),
    ("undone", "已撤销"),
];

/// Whether wishes can be changed.
pub const WINDOW_STATES: Words = &[("open", "开放"), ("closed", "已截止")];

/// How far a round has come.
pub const ROUND_STATES: Words = &[
    ("computed", "已计算"),
    ("proposed", "已签发，待复核"),
    ("published", "已公布"),
    ("discarded", "已作废"),
];

/// How far a run has come.
pub const JOB_STATES: Words = &[
    ("queued", "排队"),
    ("running", "计算中"),
    ("done", "完成"),
    ("failed", "失败"),
    ("cancelled", "已取消"),
];

/// How grave a violation is.
pub const SEVERITIES: Words = &[("error", "违规"), ("warning", "提醒")];

/// Which way somebody moved between two answers.
pub const DIRECTIONS: Words = &[
    ("better", "更好"),
    ("worse", "更差"),
    ("different", "有变动"),
    ("joined", "新增"),
    ("left", "退出"),
];

/// What was done at a look at personal data.
pub const LOOKS: Words = &[
    ("reveal", "查看证件号码"),
    ("handover", "导出统一招生名单"),
    ("oneroster", "导出 OneRoster"),
    ("bundle", "导出核验包"),
    ("annotated_import", "导出标注工作簿"),
];

/// The events of the ledger.
pub const EVENTS: Words = &[
    ("season_created", "建立招生季"),
    ("lottery_committed", "随机种子承诺"),
    ("lottery_revealed", "随机种子公布"),
    ("account_created", "建立账号"),
    ("account_disabled", "停用账号"),
    ("account_enabled", "启用账号"),
    ("password_changed", "修改密码"),
    ("password_reset", "重置密码"),
    ("token_created", "签发令牌"),
    ("token_revoked", "吊销令牌"),
    ("import_committed", "提交导入"),
    ("import_undone", "撤销导入"),
    ("proposed", "提交事项"),
    ("proposal_withdrawn", "撤回事项"),
    ("plan_frozen", "冻结招生计划"),
    ("quota_distributed", "分配指标"),
    ("scores_committed", "成绩入库"),
    ("wishes_opened", "开放志愿"),
    ("wishes_brought", "导入志愿"),
    ("wishes_changed", "改填志愿"),
    ("wishes_closed", "截止志愿"),
    ("tie_decided", "同分裁定"),
    ("run_queued", "提交计算"),
    ("round_computed", "完成计算"),
    ("round_signed", "签发结果"),
    ("round_discarded", "作废结果"),
    ("round_published", "公布结果"),
    ("corrected", "更正"),
    ("admission_revoked", "撤销录取"),
    ("arrived", "报到"),
    ("arrival_undone", "撤回报到"),
    ("audited", "合规核查"),
    ("gate_closed", "准入终止"),
    ("record_opened", "建立学籍"),
    ("record_withdrawn", "撤销学籍"),
    ("classes_formed", "分班"),
    ("sections_formed", "走班分组"),
    ("handover_exported", "导出统一招生名单"),
    ("dump_imported", "导入学籍对账表"),
    ("personal_data_destroyed", "销毁个人数据"),
    ("older_database_accepted", "接受较旧的数据库"),
];

/// What people call a word; the word itself where the list does not have it.
#[must_use]
pub fn told(words: Words, word: &str) -> &str {
    words.iter().find(|(key, _)| *key == word).map_or(word, |(_, told)| told)
}

/// What became of an applicant.
pub fn outcome(outcome: Outcome) -> &'static str {
    told(OUTCOMES, outcome.key())
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
    let told = told(REASONS, key);
    match key {
        "below_floor" => format!("{told} {detail}"),
        "below_cutoff" => format!("{told}，录取线 {detail}"),
        _ => told.to_owned(),
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
