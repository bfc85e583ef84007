//! A season that exists has been checked: every code resolves, every key is unique, every sum holds.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::special::{SpecialScore, SpecialScores};
use super::{
    ApplicantIx, BatchIx, CategoryIx, RegionIx, SchoolIx, Score, Share, SubjectIx, Text, YearMonth,
};
use crate::policy::Policy;

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $key:literal | $label:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $key)] $variant,)* }

        impl $name {
            /// Every value with its key and its Chinese label.
            pub const ALL: &'static [(Self, &'static str, &'static str)] =
                &[$((Self::$variant, $key, $label),)*];

            /// The English key of the files.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key,)* }
            }

            /// The Chinese label of the files and screens.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// The value that a cell names, by key or by label.
            pub fn from_cell(text: &str) -> Option<Self> {
                Self::ALL.iter().find(|(_, key, label)| *key == text || *label == text).map(|(v, ..)| *v)
            }
        }
    };
}

choice! {
    /// What a school teaches (学段).
    Stage {
        /// A junior school only.
        Junior = "junior" | "初中",
        /// A senior school only.
        Senior = "senior" | "高中",
        /// Both.
        Complete = "complete" | "完全中学",
    }
}
choice! {
    /// Who runs a school (办学性质).
    Ownership {
        /// 公办
        Public = "public" | "公办",
        /// 民办
        Private = "private" | "民办",
    }
}
choice! {
    /// The standing of a senior school (层级).
    Tier {
        /// 市级重点
        Key = "key" | "市级重点",
        /// 普通
        Ordinary = "ordinary" | "普通",
    }
}
choice! {
    /// 性别
    Gender {
        /// 女
        Female = "F" | "女",
        /// 男
        Male = "M" | "男",
    }
}
choice! {
    /// The grade of the comprehensive evaluation (综合素质评价); `A` is the best and the smallest.
    Evaluation {
        /// Best.
        A = "A" | "优秀",
        /// Good.
        B = "B" | "良好",
        /// Fair.
        C = "C" | "合格",
        /// Poor.
        D = "D" | "不合格",
    }
}
choice! {
    /// What a row of `restrictions` takes away.
    Restriction {
        /// No admission at all.
        Barred = "barred" | "取消资格",
        /// No quota seat.
        QuotaIneligible = "quota_ineligible" | "无指标资格",
    }
}

impl Stage {
    /// Whether applicants can come from such a school.
    pub const fn has_junior(self) -> bool {
        matches!(self, Self::Junior | Self::Complete)
    }

    /// Whether such a school can admit.
    pub const fn has_senior(self) -> bool {
        matches!(self, Self::Senior | Self::Complete)
    }
}

/// A school 学校.
#[derive(Clone, Debug)]
pub struct School {
    /// 学校代码
    pub id: Text,
    /// 学校名称
    pub name: Text,
    /// 学段
    pub stage: Stage,
    /// 办学性质, where known.
    pub ownership: Option<Ownership>,
    /// 层级, where known.
    pub tier: Option<Tier>,
    /// 所在区县
    pub region: RegionIx,
    /// 新建高中: the size limit applies to it.
    pub is_new: bool,
    /// Pupils of grades 2 and 3 next year, where known.
    pub enrolled: Option<u32>,
    /// 教育集团, where it belongs to one.
    pub group: Option<Text>,
    /// 住宿床位: beds for pupils who come with quota seats; no bound where blank.
    pub boarding_places: Option<u32>,
}

/// The regions from which a plan line admits (招生范围).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// `*`: anywhere.
    Any,
    /// These regions, in ascending order; a blank cell is the school's own.
    Regions(Vec<RegionIx>),
}

impl Scope {
    /// Whether an applicant of the region is inside.
    pub fn covers(&self, region: RegionIx) -> bool {
        match self {
            Self::Any => true,
            Self::Regions(regions) => regions.contains(&region),
        }
    }

    /// The regions inside both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Any, scope) | (scope, Self::Any) => scope.clone(),
            (Self::Regions(a), Self::Regions(b)) => {
                Self::Regions(a.iter().copied().filter(|r| b.contains(r)).collect())
            }
        }
    }
}

/// A plan line 招生计划: school × batch × category → seats.
#[derive(Clone, Debug)]
pub struct PlanLine {
    /// The senior school.
    pub school: SchoolIx,
    /// 批次
    pub batch: BatchIx,
    /// 类别
    pub category: CategoryIx,
    /// 计划数; nothing for a quota row that is still to be computed.
    pub seats: Option<u32>,
    /// 班数, where given.
    pub classes: Option<u32>,
    /// 指标比例 of this row, where it differs from the policy's.
    pub quota_share: Option<Share>,
    /// 招生范围
    pub scope: Scope,
    /// 计划文号; blank only in a season for an audit, where nobody approved the line.
    pub document: Text,
}

impl PlanLine {
    /// Whether somebody approved it.
    pub fn is_approved(&self) -> bool {
        !self.document.is_empty()
    }
}

/// The graduates of a junior school 初中毕业生.
#[derive(Clone, Debug)]
pub struct Graduates {
    /// The junior school.
    pub junior: SchoolIx,
    /// 应届毕业人数
    pub graduates: u32,
    /// 具备指标资格人数
    pub eligible: u32,
    /// 倾斜
    pub tilt: bool,
    /// 寄宿: too far from the senior schools to live at home.
    pub boarding: bool,
}

/// A quota cell 指标分配: seats of a senior school for one junior school.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuotaCell {
    /// The senior school.
    pub school: SchoolIx,
    /// 批次
    pub batch: BatchIx,
    /// The junior school.
    pub junior: SchoolIx,
    /// 指标数
    pub seats: u32,
}

/// An applicant 考生. Scores by subject are in [`Season::subject_score`].
#[derive(Clone, Debug)]
pub struct Applicant {
    /// 报名号
    pub id: Text,
    /// 姓名
    pub name: Text,
    /// 性别, where known.
    pub gender: Option<Gender>,
    /// 证件号码, where known.
    pub id_number: Option<Text>,
    /// 学籍号, where known.
    pub registry_no: Option<Text>,
    /// 毕业学校
    pub junior: SchoolIx,
    /// 学籍所在区县
    pub region: RegionIx,
    /// 应届; blank is no.
    pub fresh: bool,
    /// 在籍起始, where known.
    pub junior_since: Option<YearMonth>,
    /// 实际就读; blank is no.
    pub attended: bool,
    /// 照顾加分
    pub bonus: Score,
    /// 总分
    pub total: Score,
    /// 综合素质评价, where known.
    pub evaluation: Option<Evaluation>,
    /// 同分优先级: smaller goes first.
    pub tie_class: i32,
    /// 取消资格
    pub barred: bool,
    /// 无指标资格
    pub quota_ineligible: bool,
}

/// A wish 志愿.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wish {
    /// 批次
    pub batch: BatchIx,
    /// 志愿序号, from 1; gaps are allowed.
    pub position: u16,
    /// The senior school.
    pub school: SchoolIx,
    /// The category; nothing for every category of the batch's seat order.
    pub category: Option<CategoryIx>,
    /// 服从调剂
    pub adjust: bool,
}

/// Of the quota cells set by hand, by school, batch and junior school: the seats decided, the reason and the
/// document.
pub(crate) type QuotaPapers = FxHashMap<(SchoolIx, BatchIx, SchoolIx), (u32, Text, Text)>;

/// One year of one district, checked. Made by [`Season::check`] alone, and changed by making another.
///
/// The tables that grow with the applicants are shared between a season and those made from it, so that
/// a clone costs microseconds at any size.
#[derive(Clone, Debug)]
pub struct Season {
    pub(crate) policy: Policy,
    pub(crate) regions: Vec<Text>,
    pub(crate) schools: Vec<School>,
    pub(crate) plan: Vec<PlanLine>,
    pub(crate) graduates: Vec<Graduates>,
    pub(crate) quotas: Vec<QuotaCell>,
    pub(crate) quota_papers: Arc<QuotaPapers>,
    pub(crate) applicants: Arc<Vec<Applicant>>,
    /// `applicants.len() × subjects` scores, applicant by applicant.
    pub(crate) scores: Arc<Vec<Score>>,
    pub(crate) wishes: Arc<Vec<Wish>>,
    /// `applicants.len() + 1` offsets into `wishes`.
    pub(crate) wish_offsets: Arc<Vec<u32>>,
    pub(crate) special: Arc<SpecialScores>,
    pub(crate) tie_decisions: Arc<FxHashMap<(BatchIx, ApplicantIx), u32>>,
    pub(crate) restriction_papers: Arc<Vec<(ApplicantIx, Restriction, Text, Text)>>,
    pub(crate) tie_papers: Arc<Vec<(BatchIx, ApplicantIx, u32, Text)>>,
}

impl Season {
    /// The policy of the season.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The schools, in the order of their table.
    pub fn schools(&self) -> &[School] {
        &self.schools
    }

    /// The plan, ordered by school, batch and category.
    pub fn plan(&self) -> &[PlanLine] {
        &self.plan
    }

    /// The same season under another policy of the same batches, categories and subjects, unchecked.
    pub(crate) fn with_policy(&self, policy: Policy) -> Self {
        Self { policy, ..self.clone() }
    }

    /// The plan lines whose seats are still to be computed: nothing can be placed before they are.
    pub fn pending(&self) -> impl Iterator<Item = &PlanLine> {
        self.plan.iter().filter(|line| line.seats.is_none())
    }

    /// The graduates of each junior school, ordered by school.
    pub fn graduates(&self) -> &[Graduates] {
        &self.graduates
    }

    /// The quota cells, ordered by school, batch and junior school.
    pub fn quotas(&self) -> &[QuotaCell] {
        &self.quotas
    }

    /// The reason and the document of a cell that was set by hand and has the seats that were decided.
    pub fn quota_paper(&self, cell: &QuotaCell) -> Option<(&Text, &Text)> {
        let found = self.quota_papers.get(&(cell.school, cell.batch, cell.junior));
        let decided = found.filter(|(seats, ..)| *seats == cell.seats);
        decided.map(|(_, reason, document)| (reason, document))
    }

    /// The applicants, ordered by id (bytewise).
    pub fn applicants(&self) -> &[Applicant] {
        &self.applicants
    }

    /// The applicant's wishes, ordered by batch and position.
    pub fn wishes(&self, applicant: ApplicantIx) -> &[Wish] {
        &self.wishes[self.wish_range(applicant)]
    }

    /// The applicant's wishes in one batch, ordered by position.
    pub fn wishes_in(&self, applicant: ApplicantIx, batch: BatchIx) -> &[Wish] {
        // Nobody has so many wishes that halving them would be faster.
        let all = self.wishes(applicant);
        let start = all.iter().position(|w| w.batch >= batch).unwrap_or(all.len());
        let rest = &all[start..];
        let end = rest.iter().position(|w| w.batch != batch).unwrap_or(rest.len());
        &rest[..end]
    }

    fn wish_range(&self, applicant: ApplicantIx) -> Range<usize> {
        let at = applicant.at();
        self.wish_offsets[at] as usize..self.wish_offsets[at + 1] as usize
    }

    /// How many wishes there are in all.
    pub fn wish_count(&self) -> usize {
        self.wishes.len()
    }

    /// The applicant's score in a subject; a blank cell is zero.
    pub fn subject_score(&self, applicant: ApplicantIx, subject: SubjectIx) -> Score {
        self.scores[applicant.at() * self.policy.subjects.len() + subject.at()]
    }

    /// The special score that counts at a school: the row of that school if there is one, else the
    /// city-wide row (SPEC §5.1).
    pub fn special_score(
        &self,
        applicant: ApplicantIx,
        category: CategoryIx,
        school: SchoolIx,
    ) -> Option<SpecialScore> {
        self.special.counting(applicant, category, school)
    }

    /// Whether any school has rows of its own for the category, so that scores differ between schools.
    pub fn special_by_school(&self, category: CategoryIx) -> bool {
        self.special.by_school(category)
    }

    /// The special scores in full, ordered by applicant, category and place of the school (city-wide first),
    /// with the test date as written.
    pub fn special_scores(
        &self,
    ) -> impl Iterator<Item = (ApplicantIx, CategoryIx, Option<SchoolIx>, SpecialScore, &str)> {
        let applicants = (0..self.applicants.len()).map(ApplicantIx::from);
        applicants.flat_map(|a| {
            self.special_rows(a).map(move |(c, s, score, date)| (a, c, s, score, date))
        })
    }

    /// The special scores of one applicant, as [`Season::special_scores`] gives them.
    pub fn special_rows(
        &self,
        applicant: ApplicantIx,
    ) -> impl Iterator<Item = (CategoryIx, Option<SchoolIx>, SpecialScore, &str)> {
        self.special.rows(applicant)
    }

    /// The restrictions in full (applicant, kind, reason, document), ordered by applicant and kind.
    pub fn restrictions(&self) -> impl Iterator<Item = (ApplicantIx, Restriction, &str, &str)> {
        self.restriction_papers.iter().map(|(a, k, r, d)| (*a, *k, r.as_str(), d.as_str()))
    }

    /// The recorded order of an applicant among equals, where there is one; smaller goes first.
    pub fn tie_decision(&self, batch: BatchIx, applicant: ApplicantIx) -> Option<u32> {
        self.tie_decisions.get(&(batch, applicant)).copied()
    }

    /// The recorded tie decisions in full (batch, applicant, order, document), ordered by batch and applicant.
    pub fn tie_decisions(&self) -> impl Iterator<Item = (BatchIx, ApplicantIx, u32, &str)> {
        self.tie_papers.iter().map(|(b, a, o, d)| (*b, *a, *o, d.as_str()))
    }

    /// The name of a region.
    pub fn region_name(&self, region: RegionIx) -> &str {
        &self.regions[region.at()]
    }

    /// A scope as `region_scope` holds it: `*`, or names joined by `;`. A scope of no region is `;`, since a blank
    /// cell would mean the school's own.
    #[must_use]
    pub fn scope_text(&self, scope: &Scope) -> String {
        match scope {
            Scope::Any => "*".to_owned(),
            Scope::Regions(regions) if regions.is_empty() => ";".to_owned(),
            Scope::Regions(regions) => {
                let names: Vec<&str> = regions.iter().map(|&r| self.region_name(r)).collect();
                names.join(";")
            }
        }
    }

    /// A school.
    pub fn school(&self, school: SchoolIx) -> &School {
        &self.schools[school.at()]
    }

    /// An applicant.
    pub fn applicant(&self, applicant: ApplicantIx) -> &Applicant {
        &self.applicants[applicant.at()]
    }

    /// The school that a person calls by its id or, where only one bears it, by its name.
    pub fn school_called(&self, text: &str) -> Option<SchoolIx> {
        self.find_school(text).or_else(|| {
            let mut named = (0..).map(SchoolIx).zip(&self.schools).filter(|(_, s)| s.name == text);
            named.next().filter(|_| named.next().is_none()).map(|(school, _)| school)
        })
    }

    /// The school with the id.
    pub fn find_school(&self, id: &str) -> Option<SchoolIx> {
        self.schools.iter().position(|s| s.id == id).map(SchoolIx::from)
    }

    /// The applicant with the id, by binary search.
    pub fn find_applicant(&self, id: &str) -> Option<ApplicantIx> {
        self.applicants.binary_search_by(|a| a.id.as_str().cmp(id)).ok().map(ApplicantIx::from)
    }

    /// The season as it would be if one applicant had this total, and all else, subject scores too, as it is.
    /// O(applicants), for the copy.
    #[must_use]
    pub fn with_total(&self, applicant: ApplicantIx, total: Score) -> Self {
        let mut season = self.clone();
        season.set_total(applicant, total);
        season
    }

    /// As [`Season::with_total`], in place; copies only while the applicants are shared.
    pub(crate) fn set_total(&mut self, applicant: ApplicantIx, total: Score) {
        if let Some(person) = Arc::make_mut(&mut self.applicants).get_mut(applicant.at()) {
            person.total = total;
        }
    }

    /// The same season with another plan and other quota cells, which the caller answers for: ids resolve,
    /// and the cells of a school add up to its quota seats. Both are put in the order that the season keeps.
    #[must_use]
    pub(crate) fn with_plan(&self, mut plan: Vec<PlanLine>, mut quotas: Vec<QuotaCell>) -> Self {
        let id = |school: SchoolIx| &self.schools[school.at()].id;
        plan.sort_by(|a, b| {
            (id(a.school), a.batch, a.category).cmp(&(id(b.school), b.batch, b.category))
        });
        quotas.sort_by(|a, b| {
            (id(a.school), a.batch, id(a.junior)).cmp(&(id(b.school), b.batch, id(b.junior)))
        });
        Self { plan, quotas, ..self.clone() }
    }
}
