//! What is audited: admissions, registry records, class lists – as others wrote them, trusted in nothing.
//!
//! Codes are text and need not resolve; an admission to a school that does not exist is a violation,
//! never an error.

use crate::domain::digest::Digest;
use crate::domain::{Answer, Moment, Season, Text};

/// An admission 录取, by whatever road: a row of `admissions.csv`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RollAdmission {
    /// 报名号
    pub applicant: Text,
    /// 录取学校
    pub school: Text,
    /// 批次
    pub batch: Text,
    /// 类别
    pub category: Text,
    /// 录取时间, where known; a date alone is that day.
    pub admitted_at: Option<Moment>,
}

/// Where a registered student sits.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Attending {
    /// The table says nothing about attendance.
    #[default]
    Unknown,
    /// Nowhere (blank, `none`, 无).
    Nowhere,
    /// At this school.
    School(Text),
}

impl Attending {
    /// What a cell of `attending_school_id` says.
    pub fn from_cell(text: &str) -> Self {
        match text.trim() {
            "" | "none" | "None" | "NONE" | "无" | "-" => Self::Nowhere,
            school => Self::School(school.into()),
        }
    }
}

/// A registry record 学籍: a row of `registry.csv`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RegistryRecord {
    /// 学籍号: national (one letter and 18 characters) or a municipality's own.
    pub registry_no: Text,
    /// 地方学籍号, where the table has it beside the national one: evidence, never a key.
    pub local_no: Text,
    /// 证件号码
    pub id_number: Text,
    /// 报名号
    pub applicant: Text,
    /// 学籍所在学校
    pub school: Text,
    /// 建籍日期
    pub opened_on: Option<Moment>,
    /// 学籍状态 as written.
    pub status: Text,
    /// 实际就读学校
    pub attending: Attending,
}

/// The states in which a record no longer counts.
const ENDED: [&str; 22] = [
    "毕业",
    "转出",
    "退学",
    "开除",
    "死亡",
    "失踪",
    "出国",
    "其他离校",
    "离校",
    "注销",
    "撤销",
    "graduated",
    "transferred",
    "transferred_out",
    "withdrawn",
    "expelled",
    "deceased",
    "missing",
    "abroad",
    "left",
    "closed",
    "inactive",
];

impl RegistryRecord {
    /// Whether the record counts as one the student has now. A status that is blank or not known does,
    /// so that no record is excused by a word.
    pub fn active(&self) -> bool {
        let status = self.status.trim().to_lowercase();
        !ENDED.contains(&status.as_str())
    }

    /// Whether the record has anything to know the person by: an identity number, one inside the national registry
    /// number, or an application number.
    pub fn identified(&self) -> bool {
        !self.applicant.is_empty() || super::persons::number_of(self).is_some()
    }

    /// Whether the student is on leave 休学, and so lawfully not attending.
    pub fn suspended(&self) -> bool {
        matches!(self.status.trim().to_lowercase().as_str(), "休学" | "suspended" | "on_leave")
    }
}

/// A class 行政班, or one student in it: a row of `classes.csv`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClassRow {
    /// The school.
    pub school: Text,
    /// 年级 as written: `1`, `高一`, `2026级`.
    pub grade: Text,
    /// 班号
    pub class_no: Text,
    /// The student, where the table lists students.
    pub applicant: Text,
    /// 人数, where the table lists classes.
    pub size: Option<u32>,
}

/// A teaching section 教学班: a row of `sections.csv`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SectionRow {
    /// The school.
    pub school: Text,
    /// 教学班号
    pub section_no: Text,
    /// 科目
    pub subject: Text,
    /// 人数
    pub size: u32,
}

/// One sealed figure beside the same figure of what is audited now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seal {
    /// What was sealed: the key of a table, `policy`, `placements`, ….
    pub what: Text,
    /// The digest at sealing.
    pub sealed: String,
    /// The digest now; nothing where it is missing.
    pub found: Option<String>,
}

impl Seal {
    /// A seal beside the digest found.
    pub fn beside(what: &str, sealed: impl Into<String>, found: Option<Digest>) -> Self {
        Self { what: what.into(), sealed: sealed.into(), found: found.map(|d| d.to_string()) }
    }

    /// Whether what was sealed is what is there.
    pub fn holds(&self) -> bool {
        self.found.as_ref().is_some_and(|now| now.eq_ignore_ascii_case(&self.sealed))
    }
}

/// Everything an audit looks at beside the season.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AuditInputs {
    /// The admissions; nothing where there is no such list, so that no record can be held against it.
    pub admissions: Option<Vec<RollAdmission>>,
    /// The registry records.
    pub registry: Vec<RegistryRecord>,
    /// The classes.
    pub classes: Vec<ClassRow>,
    /// The teaching sections.
    pub sections: Vec<SectionRow>,
    /// The seals.
    pub sealed: Vec<Seal>,
}

impl AuditInputs {
    /// The admissions that an answer makes: everyone placed or adjusted, without a time.
    pub fn of_answer(season: &Season, answer: &Answer) -> Self {
        let policy = season.policy();
        let admissions = season.applicants().iter().zip(&answer.outcomes).filter_map(|(a, o)| {
            let (batch, _, school, category) = o.seat()?;
            Some(RollAdmission {
                applicant: a.id.clone(),
                school: season.school(school).id.clone(),
                batch: policy.batch(batch).id.clone(),
                category: policy.category(category).id.clone(),
                admitted_at: None,
            })
        });
        Self { admissions: Some(admissions.collect()), ..Self::default() }
    }
}
