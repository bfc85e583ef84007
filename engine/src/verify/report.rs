//! What verification says: properties, findings, the report.

use serde::{Deserialize, Serialize};

use crate::domain::Text;

/// A property of SPEC §7 that a lawful answer has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Property {
    /// P1: nobody holds two seats.
    #[serde(rename = "P1")]
    OneSeat,
    /// P2: no class above its seats, no school above its plan.
    #[serde(rename = "P2")]
    WithinPlan,
    /// P3: every holder is eligible, in region, above the floor.
    #[serde(rename = "P3")]
    Lawful,
    /// P4: no justified envy.
    #[serde(rename = "P4")]
    NoEnvy,
    /// P5: no waste.
    #[serde(rename = "P5")]
    NoWaste,
    /// P6: ties only by a recorded key.
    #[serde(rename = "P6")]
    RecordedTies,
    /// P7: returned, carried and frozen figures add up.
    #[serde(rename = "P7")]
    Figures,
    /// P8: digests match.
    #[serde(rename = "P8")]
    Digests,
    /// The outcome of everybody is of the right kind.
    #[serde(rename = "outcomes")]
    Outcomes,
    /// Every proposal that did not stick has its reason, and no other.
    #[serde(rename = "reasons")]
    Reasons,
    /// The second algorithm gives the same placement.
    #[serde(rename = "agreement")]
    Agreement,
}

impl Property {
    /// Every property, in the order of the report.
    pub const ALL: [Self; 11] = [
        Self::OneSeat,
        Self::WithinPlan,
        Self::Lawful,
        Self::NoEnvy,
        Self::NoWaste,
        Self::RecordedTies,
        Self::Figures,
        Self::Digests,
        Self::Outcomes,
        Self::Reasons,
        Self::Agreement,
    ];

    /// The stable code, such as `P4`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OneSeat => "P1",
            Self::WithinPlan => "P2",
            Self::Lawful => "P3",
            Self::NoEnvy => "P4",
            Self::NoWaste => "P5",
            Self::RecordedTies => "P6",
            Self::Figures => "P7",
            Self::Digests => "P8",
            Self::Outcomes => "outcomes",
            Self::Reasons => "reasons",
            Self::Agreement => "agreement",
        }
    }

    /// The property in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::OneSeat => "一人一席，没有人占两个名额",
            Self::WithinPlan => "不超计划，每个招生单元不超名额、每所学校不超总计划",
            Self::Lawful => "被录取者都符合资格、在招生范围内、不低于下限",
            Self::NoEnvy => "没有合理嫉妒，没有人被排在其后的考生顶替",
            Self::NoWaste => "没有浪费，没有人想去且合格的名额空着",
            Self::RecordedTies => "同分只由有记录的次序（随机号或裁定）区分",
            Self::Figures => "转入、结转、冻结的数字都对得上",
            Self::Digests => "数字摘要一致，输入、政策与结果均未改动",
            Self::Outcomes => "每名考生的结果类别正确",
            Self::Reasons => "每个落选志愿都有且仅有正确的理由",
            Self::Agreement => "第二种算法得出同一结果",
        }
    }
}

/// Something that does not hold.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Finding {
    /// Which property fails.
    pub property: Property,
    /// The applicants concerned, by id.
    pub applicants: Vec<Text>,
    /// One sentence in Chinese: the property in words, who, and the numbers.
    pub sentence: String,
}

impl Finding {
    /// A finding; the sentence begins with the property in words.
    pub fn new(property: Property, applicants: Vec<Text>, detail: &str) -> Self {
        Self { property, applicants, sentence: format!("{}：{detail}", property.words()) }
    }
}

/// What verification found.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Report {
    /// The findings, ordered by property; at most [`Report::MOST`] of each.
    pub findings: Vec<Finding>,
    /// How many more there are of each property that has more.
    pub omitted: Vec<(Property, usize)>,
}

impl Report {
    /// Most findings kept per property: one changed score can upset thousands of rows.
    pub const MOST: usize = 200;

    /// A report of these findings.
    pub fn of(mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|f| f.property);
        let mut report = Self::default();
        for run in findings.chunk_by(|a, b| a.property == b.property) {
            report.findings.extend(run.iter().take(Self::MOST).cloned());
            if run.len() > Self::MOST {
                report.omitted.push((run[0].property, run.len() - Self::MOST));
            }
        }
        report
    }

    /// Whether every property holds.
    pub fn clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many findings there are of a property, the omitted ones included.
    pub fn count(&self, property: Property) -> usize {
        let kept = self.findings.iter().filter(|f| f.property == property).count();
        kept + self.omitted.iter().find(|(p, _)| *p == property).map_or(0, |(_, n)| *n)
    }
}
