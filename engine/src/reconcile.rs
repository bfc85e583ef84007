//! Reconciliation 对账: the admissions beside the records of the registry system, in both directions.
//!
//! Policy: item 18, 「加强普通高中招生录取系统和学籍系统数据对接」.
//!
//! 1. What the rules of the audit find in registry records is taken over as they say it; no rule is written here again.
//! 2. Every admission is looked for among the active records of its person: missing, ended, or there before the gate.
//! 3. Every record is held against what is known of its person: a number that goes on, a number that differs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::{Season, Severity, Text};
use crate::rules::persons::{masked, national, numbered};
use crate::rules::{AuditInputs, Case, Code, NAMED, RULES, RegistryRecord, Violation};

/// In what the two systems differ.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 录取未建籍: admitted and not registered.
    Missing,
    /// 学籍已离校: registered, and every record of the person has ended.
    Ended,
    /// 先于准入建籍: registered at the right school before the gate opened a record.
    Premature,
    /// 无录取建籍 (V07).
    Unadmitted,
    /// 重复学籍 (V06).
    Double,
    /// 建在他校 (V05).
    Elsewhere,
    /// 人籍分离 (V09).
    Split,
    /// 空挂学籍 (V08).
    Ghost,
    /// 提前建籍 (V03).
    Early,
    /// 公民混招 (V10).
    Mixed,
    /// 学籍号不一致: another number than the one that the applicant gave.
    NumberDiffers,
    /// 身份待核: nothing to know the person by; somebody has to look.
    Unidentified,
    /// 临时转正式: the formal record goes on from the temporary one. Nothing is wrong.
    Continued,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Missing,
        Self::Ended,
        Self::Premature,
        Self::Unadmitted,
        Self::Double,
        Self::Elsewhere,
        Self::Split,
        Self::Ghost,
        Self::Early,
        Self::Mixed,
        Self::NumberDiffers,
        Self::Unidentified,
        Self::Continued,
    ];

    /// The word of the files.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Ended => "ended",
            Self::Premature => "premature",
            Self::Unadmitted => "unadmitted",
            Self::Double => "double",
            Self::Elsewhere => "elsewhere",
            Self::Split => "split",
            Self::Ghost => "ghost",
            Self::Early => "early",
            Self::Mixed => "mixed",
            Self::NumberDiffers => "number_differs",
            Self::Unidentified => "unidentified",
            Self::Continued => "continued",
        }
    }

    /// The Chinese word.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Missing => "录取未建籍",
            Self::Ended => "学籍已离校",
            Self::Premature => "先于准入建籍",
            Self::Unadmitted => "无录取建籍",
            Self::Double => "重复学籍",
            Self::Elsewhere => "建在他校",
            Self::Split => "人籍分离",
            Self::Ghost => "空挂学籍",
            Self::Early => "提前建籍",
            Self::Mixed => "公民混招",
            Self::NumberDiffers => "学籍号不一致",
            Self::Unidentified => "身份待核",
            Self::Continued => "临时转正式",
        }
    }

    /// What to do.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Missing => "请学籍管理部门按统一招生名单建籍；确未就读的，学校撤回报到",
            Self::Ended => "核实离校原因；仍在校的请恢复学籍，已离校的请撤销录取或注销学籍",
            Self::Premature => "先完成报到和合规核查，再由准入建籍；不合规的请注销该学籍",
            Self::Unadmitted => "请注销该学籍，或补齐经批准的录取依据",
            Self::Double => "保留录取学校的一条，其余请注销或办理转出",
            Self::Elsewhere => "请在录取学校建籍；确需变更的，先办理经批准的更正",
            Self::Split => "学生应回学籍所在学校就读，或按规定办理转学",
            Self::Ghost => "核实去向：在校的更正就读学校，未就读的按规定处理学籍",
            Self::Early => "核查建籍依据，批次开始之前的学籍请注销后重建",
            Self::Mixed => "请在录取学校建籍，同一集团公办、民办不得互转",
            Self::NumberDiffers => "人工核对是否同一学生，以证件号码为准更正一方的学籍号",
            Self::Unidentified => "人工核对学生身份，补录证件号码后重新对账",
            Self::Continued => "无需处理：临时学籍号已转为正式学籍号",
        }
    }

    fn of_code(code: Code) -> Option<Self> {
        Some(match code {
            Code::V03 => Self::Early,
            Code::V05 => Self::Elsewhere,
            Code::V06 => Self::Double,
            Code::V07 => Self::Unadmitted,
            Code::V08 => Self::Ghost,
            Code::V09 => Self::Split,
            Code::V10 => Self::Mixed,
            _ => return None,
        })
    }
}

/// How an admitted applicant stands at the registry gate of this office.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// A record was opened.
    Open,
    /// A record may be opened.
    Ready,
    /// Not arrived, or not cleared.
    Waiting,
}

/// One difference between the two systems.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What differs.
    pub kind: Kind,
    /// The rule of the audit, where it is a violation.
    pub code: Option<Code>,
    /// Whether it is unlawful as it stands, or has to be looked at. A number that goes on is neither: a warning.
    pub severity: Severity,
    /// The school that answers for it.
    pub school: Text,
    /// The applicant, where known.
    pub applicant: Text,
    /// The registry records concerned, by their places in the list, [`NAMED`] at most.
    pub records: Vec<usize>,
    /// What was found.
    pub found: String,
    /// What should be.
    pub allowed: String,
    /// The whole in one sentence in Chinese. Identity and registry numbers lose their middle.
    pub detail: String,
}

/// Every difference, ordered by kind, school, applicant and records.
///
/// `gate` says how the admitted stand with this office; without it every admission should have a record. Without a list
/// of admissions nothing is missing, as [`crate::rules`] judges no record without one. Linear in the records, but for
/// sorting, however many of them are one person's.
#[must_use]
pub fn reconcile(
    season: &Season,
    inputs: &AuditInputs,
    gate: Option<&BTreeMap<Text, Gate>>,
) -> Vec<Difference> {
    let case = Case::new(season, inputs);
    let mut found: Vec<Difference> = RULES
        .iter()
        .filter(|rule| Kind::of_code(rule.code).is_some())
        .flat_map(|rule| (rule.check)(&case))
        .filter(|v| !v.records.is_empty())
        .filter_map(of_violation)
        .collect();
    let people = People::of(&case);
    found.extend(admitted(&case, &people, gate));
    found.extend(numbers(&case));
    add_candidates(&case, &mut found);
    found.sort_by_cached_key(|d| {
        (d.kind, d.school.clone(), d.applicant.clone(), d.records.clone(), d.detail.clone())
    });
    found
}

fn of_violation(v: Violation) -> Option<Difference> {
    let kind = match Kind::of_code(v.code)? {
        Kind::Unadmitted if v.severity == Severity::Warning => Kind::Unidentified,
        kind => kind,
    };
    Some(Difference {
        kind,
        code: Some(v.code),
        severity: v.severity,
        school: v.school,
        applicant: v.applicant,
        records: v.records,
        found: v.found,
        allowed: v.allowed,
        detail: v.detail,
    })
}

/// The records of every applicant, active or not, by applicant id.
struct People(BTreeMap<String, Vec<usize>>);

impl People {
    fn of(case: &Case<'_>) -> Self {
        let mut people: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, record) in case.inputs.registry.iter().enumerate() {
            let applicant = case.applicant_of_record(record);
            if !applicant.is_empty() {
                people.entry(applicant).or_default().push(at);
            }
        }
        Self(people)
    }
}

/// Admissions without the record that they should have, or with one too soon.
fn admitted(
    case: &Case<'_>,
    people: &People,
    gate: Option<&BTreeMap<Text, Gate>>,
) -> Vec<Difference> {
    let registry = &case.inputs.registry;
    let mut found = Vec::new();
    let mut last: Option<&Text> = None;
    for row in case.admissions() {
        // Of several admissions the first stands; that there are several is the audit's to say.
        if last == Some(&row.applicant) {
            continue;
        }
        last = Some(&row.applicant);
        let stands = match gate {
            None => Gate::Open,
            Some(gate) => gate.get(&row.applicant).copied().unwrap_or(Gate::Waiting),
        };
        let records = people.0.get(row.applicant.as_str()).map_or(&[][..], Vec::as_slice);
        let active: Vec<usize> =
            records.iter().copied().filter(|&at| registry[at].active()).collect();
        let school = case.school_name(&row.school);
        let who = format!("考生 {} 由 {school} 录取", row.applicant);
        let left = records.iter().any(|&at| registry[at].school == row.school);
        let here: Vec<usize> =
            active.iter().copied().filter(|&at| registry[at].school == row.school).collect();
        let (kind, severity, places, what, allowed, rest) = match stands {
            // A record of the junior school has ended, as it should.
            Gate::Open | Gate::Ready if active.is_empty() && !(stands == Gate::Open && left) => {
                let severity =
                    if stands == Gate::Open { Severity::Error } else { Severity::Warning };
                let rest = if stands == Gate::Open {
                    "学籍系统中没有该生"
                } else {
                    "已通过准入，学籍系统中尚没有该生"
                };
                (Kind::Missing, severity, vec![], "没有学籍".to_owned(), "在录取学校建籍", rest)
            }
            Gate::Open if active.is_empty() => {
                let named = records.iter().copied().take(NAMED);
                let states: Vec<&str> = named.map(|at| registry[at].status.as_str()).collect();
                let rest = "学籍系统中该生的学籍都已终止";
                (
                    Kind::Ended,
                    Severity::Error,
                    records.to_vec(),
                    states.join("、"),
                    "在用学籍",
                    rest,
                )
            }
            Gate::Ready | Gate::Waiting if !here.is_empty() => {
                let severity =
                    if stands == Gate::Waiting { Severity::Error } else { Severity::Warning };
                let rest = if stands == Gate::Waiting {
                    "尚未报到或未通过核查，学籍系统中已经建籍"
                } else {
                    "准入尚未办理建籍，学籍系统中已经建籍"
                };
                (Kind::Premature, severity, here, "已建学籍".to_owned(), "准入之后建籍", rest)
            }
            _ => continue,
        };
        found.push(Difference {
            kind,
            code: None,
            severity,
            school: row.school.clone(),
            applicant: row.applicant.clone(),
            records: places.into_iter().take(NAMED).collect(),
            found: what,
            allowed: allowed.to_owned(),
            detail: format!("{who}，{rest}"),
        });
    }
    found
}

/// Records whose number goes on from the one that the applicant gave, or is another.
fn numbers(case: &Case<'_>) -> Vec<Difference> {
    let mut temporary: BTreeMap<(Text, &Text), usize> = BTreeMap::new();
    for (at, record) in case.inputs.registry.iter().enumerate() {
        if let Some(place) = numbered(record, 'L') {
            temporary.entry(place).or_insert(at);
        }
    }
    let mut found = Vec::new();
    for (at, record) in case.inputs.registry.iter().enumerate().filter(|(_, r)| r.active()) {
        let applicant = case.applicant_of_record(record);
        let known = case.season.find_applicant(&applicant);
        let given = known.and_then(|a| case.season.applicant(a).registry_no.as_deref());
        let given = given.and_then(national);
        let Some((letter, number)) = national(&record.registry_no) else { continue };
        let earlier = numbered(record, 'G').and_then(|place| temporary.get(&place).copied());
        let (kind, places, before) = match given {
            Some(('L', was)) if letter == 'G' && was == number => {
                (Kind::Continued, vec![at], format!("L{was}"))
            }
            Some((was, other)) if other != number => {
                (Kind::NumberDiffers, vec![at], format!("{was}{other}"))
            }
            _ => match earlier {
                Some(other) => {
                    let before = case.inputs.registry[other].registry_no.to_string();
                    (Kind::Continued, vec![other, at], before)
                }
                None => continue,
            },
        };
        let (now, before) = (masked(&record.registry_no), masked(&before));
        let school = case.school_name(&record.school);
        let who =
            if applicant.is_empty() { "学生".to_owned() } else { format!("考生 {applicant}") };
        let detail = match kind {
            Kind::Continued => {
                format!("{school} {who} 的临时学籍号 {before} 已转为正式学籍号 {now}")
            }
            _ => format!("{school} {who} 的学籍号 {now} 与报名登记的 {before} 不一致，须人工核对"),
        };
        found.push(Difference {
            kind,
            code: None,
            severity: Severity::Warning,
            school: record.school.clone(),
            applicant: applicant.into(),
            records: places,
            found: now,
            allowed: before,
            detail,
        });
    }
    found
}

/// Adds to records that nobody can be known by the applicants who gave the same number: evidence for whoever looks.
fn add_candidates(case: &Case<'_>, found: &mut [Difference]) {
    let mut given: BTreeMap<&str, Vec<&Text>> = BTreeMap::new();
    for applicant in case.season.applicants() {
        if let Some(number) = applicant.registry_no.as_deref().filter(|n| !n.is_empty()) {
            given.entry(number).or_default().push(&applicant.id);
        }
    }
    for difference in found.iter_mut().filter(|d| d.kind == Kind::Unidentified) {
        let Some(record) = difference.records.first().map(|&at| &case.inputs.registry[at]) else {
            continue;
        };
        let numbers = [&record.registry_no, &record.local_no];
        let same: Vec<&str> = numbers
            .into_iter()
            .filter(|n| !n.is_empty())
            .filter_map(|n| given.get(n.as_str()))
            .flatten()
            .map(|id| id.as_str())
            .take(NAMED)
            .collect();
        if !same.is_empty() {
            difference.detail += &format!("；报名登记了同一学籍号的考生：{}", same.join("、"));
        }
    }
}

/// A registry number as it may be shown: the national one, else a municipality's; without its middle.
#[must_use]
pub fn shown_number(record: &RegistryRecord) -> String {
    let number = [&record.registry_no, &record.local_no].into_iter().find(|n| !n.is_empty());
    number.map_or_else(String::new, |n| masked(n))
}
