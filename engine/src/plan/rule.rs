//! The rules of a plan by name, and the rank of law that each has.
//!
//! Policy: items 4, 10 and 18; the numbers stand in `limits`, `categories.*.share_cap` and `quota` of the policy file.

use serde::Serialize;

use super::DraftPlan;

/// How much a rule weighs. A repair never breaks a rule of a higher rank to save one of a lower.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// 不可突破: no repair ever breaks it.
    Never,
    /// 政策规定: shares that the policy sets.
    Law,
    /// 招生目标: what the authority wants of this plan.
    Target,
    /// 办学条件: what can still be got before September.
    Means,
}

impl Rank {
    /// What it is called, in Chinese.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Never => "不可突破",
            Self::Law => "政策规定",
            Self::Target => "招生目标",
            Self::Means => "办学条件",
        }
    }
}

/// A rule of a plan. The order is that of ranks, and the one in which rules are listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// New intake ≤ classes × class size, for every school and every plan line with classes of its own.
    ClassSize,
    /// Older grades + new intake of a new school ≤ its limit.
    NewSchoolSize,
    /// All seats ≤ the seats approved.
    ApprovedSeats,
    /// All classes ≤ the classes approved.
    ApprovedClasses,
    /// Seats of a capped category ≤ its share of the school's whole plan.
    SpecialShare,
    /// Quota seats ≥ share × (quota + unified) of the school and batch, rounded as the policy rounds.
    QuotaShare,
    /// All seats ≥ the intake wanted.
    Intake,
    /// Seats of a school or a plan line ≥ what was promised.
    Least,
    /// Classes of the new intake ≤ rooms that the older grades leave.
    Rooms,
    /// Older grades + new intake ≤ what the staff can teach.
    Staff,
}

impl Rule {
    /// Every rule, in order.
    pub const ALL: [Self; 10] = [
        Self::ClassSize,
        Self::NewSchoolSize,
        Self::ApprovedSeats,
        Self::ApprovedClasses,
        Self::SpecialShare,
        Self::QuotaShare,
        Self::Intake,
        Self::Least,
        Self::Rooms,
        Self::Staff,
    ];

    /// The English key, as in JSON and on the command line.
    pub const fn key(self) -> &'static str {
        match self {
            Self::ClassSize => "class_size",
            Self::NewSchoolSize => "new_school_size",
            Self::ApprovedSeats => "approved_seats",
            Self::ApprovedClasses => "approved_classes",
            Self::SpecialShare => "special_share",
            Self::QuotaShare => "quota_share",
            Self::Intake => "intake",
            Self::Least => "least",
            Self::Rooms => "rooms",
            Self::Staff => "staff",
        }
    }

    /// The rule with the key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.key() == key)
    }

    /// Its rank.
    pub const fn rank(self) -> Rank {
        match self {
            Self::ClassSize | Self::NewSchoolSize | Self::ApprovedSeats | Self::ApprovedClasses => {
                Rank::Never
            }
            Self::SpecialShare | Self::QuotaShare => Rank::Law,
            Self::Intake | Self::Least => Rank::Target,
            Self::Rooms | Self::Staff => Rank::Means,
        }
    }

    /// What the clerk calls it, with its number.
    pub fn name(self, plan: &DraftPlan) -> String {
        let limit = |clause: &Option<crate::policy::Clause>| {
            clause.as_ref().map(|c| c.value).unwrap_or_default()
        };
        match self {
            Self::ClassSize => format!("班额不超{}人", limit(&plan.limits.class_size)),
            Self::NewSchoolSize => format!("新建高中不超{}人", limit(&plan.limits.new_school_size)),
            Self::ApprovedSeats => format!("批准招生总数{}人", plan.approved_seats),
            Self::ApprovedClasses => format!("批准总班数{}个", plan.approved_classes),
            Self::SpecialShare => "特长生占比".to_owned(),
            Self::QuotaShare => "指标到校比例".to_owned(),
            Self::Intake => format!("招生总数不少于{}人", plan.intake.unwrap_or_default()),
            Self::Least => "最低计划数".to_owned(),
            Self::Rooms => "教室数".to_owned(),
            Self::Staff => "教职工数".to_owned(),
        }
    }

    /// Where it comes from.
    pub fn source(self, plan: &DraftPlan) -> String {
        let cited = |clause: &Option<crate::policy::Clause>| {
            clause.as_ref().map(crate::policy::Clause::citation).unwrap_or_default()
        };
        match self {
            Self::ClassSize => cited(&plan.limits.class_size),
            Self::NewSchoolSize => cited(&plan.limits.new_school_size),
            Self::ApprovedSeats | Self::ApprovedClasses => {
                "第18条「严禁无计划招生、超计划招生和提前招生」".to_owned()
            }
            Self::SpecialShare => "第18条「规范体育、艺术等特殊类型招生」".to_owned(),
            Self::QuotaShare => "第18条「落实区属市级重点高中指标到校招生办法」".to_owned(),
            Self::Intake | Self::Least => "本次给定的目标".to_owned(),
            Self::Rooms => "办学条件表的教室数".to_owned(),
            Self::Staff => cited(&plan.limits.students_per_ten_staff),
        }
    }
}
