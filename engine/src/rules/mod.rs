//! The rules of the audit: one file per violation, and the table of all of them.
//!
//! Policy: items 4 and 18 of the district's plan for senior high schools; each rule quotes its sentence.
//!
//! **Invariant:** nothing here imports placement. The rules judge what they are given, whoever made it.

pub mod class_size;
pub mod cross_region;
pub mod double_registry;
pub mod early;
pub mod ghost;
pub mod input;
pub mod justified_envy;
pub mod mixed_ownership;
pub mod no_plan;
pub mod over_plan;
pub mod oversize_section;
pub mod quota_eligibility;
pub mod school_size;
pub mod special_floor;
pub mod special_share;
pub mod split;
pub mod taken_after;
pub mod tampered;
pub mod unadmitted_record;
pub mod unqualified_special;
pub mod violation;

mod case;
pub(crate) mod eligibility;
pub(crate) mod persons;
mod seats;
mod standing;

use std::fmt;

pub use case::Case;
pub use input::{
    Attending, AuditInputs, ClassRow, RegistryRecord, RollAdmission, Seal, SectionRow,
};
pub use violation::{Blocks, NAMED, Violation, severity_key};

/// A rule of the audit.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its code.
    pub code: Code,
    /// Its Chinese name.
    pub name: &'static str,
    /// What it demands, as one sentence in Chinese.
    pub demand: &'static str,
    /// The item of the policy document.
    pub item: &'static str,
    /// The words of the document, letter for letter.
    pub quote: &'static str,
    /// Where its numbers stand in the policy file and the tables; none for a rule without numbers.
    pub numbers: &'static [&'static str],
    /// Finds its violations, in an order of its own.
    pub check: fn(&Case<'_>) -> Vec<Violation>,
}

macro_rules! rules {
    ($($code:ident, $name:literal, $item:literal, $demand:literal, $quote:literal, $numbers:expr, $check:path;)*) => {
        /// The code of a rule (SPEC §10); orders as printed.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Code { $(#[doc = $name] $code,)* }

        impl Code {
            /// The code as printed, such as `V14`.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }
        }

        /// Every rule, in the order of the codes.
        pub const RULES: &[Rule] = &[$(Rule {
            code: Code::$code,
            name: $name,
            demand: $demand,
            item: $item,
            quote: $quote,
            numbers: &$numbers,
            check: $check,
        },)*];
    };
}

rules! {
    V01, "无计划招生", "18", "每一录取都有批准的招生计划（学校、批次、类别）。",
        "严禁无计划招生、超计划招生和提前招生", ["plan.document"], no_plan::check;
    V02, "超计划招生", "18", "录取人数不超过计划数，含同校退回和结转的计划。",
        "严禁无计划招生、超计划招生和提前招生", ["plan.seats", "quotas.seats"], over_plan::check;
    V03, "提前招生", "18", "批次开始之前不录取、不测试、不建学籍。",
        "严禁无计划招生、超计划招生和提前招生", ["batches.opens"], early::check;
    V04, "跨区域掐尖", "18", "考生学籍所在区县在招生范围之内。",
        "坚决杜绝违规跨区域掐尖招生", ["plan.region_scope"], cross_region::check;
    V05, "录取后抢生", "18", "已被录取的考生不再由他校录取或建籍。",
        "对违规招生行为加大查处力度", [], taken_after::check;
    V06, "重复学籍", "18", "一名学生只有一条在用学籍。",
        "规范学生学籍管理", [], double_registry::check;
    V07, "违规建籍", "18", "只为公布录取的考生本人建立学籍。",
        "严禁为违规招录的学生建立学籍", [], unadmitted_record::check;
    V08, "空挂学籍", "18", "有学籍的学生在校就读。",
        "规范学生学籍管理", [], ghost::check;
    V09, "人籍分离", "18", "学生就读于学籍所在学校。",
        "规范学生学籍管理", [], split::check;
    V10, "公民混招", "18", "同一教育集团的公办、民办学校不得互转录取的学生。",
        "对违规招生行为加大查处力度", ["schools.group", "schools.ownership"], mixed_ownership::check;
    V11, "特招超比例", "18", "特殊类型录取人数不超过全校计划的规定比例。",
        "规范体育、艺术等特殊类型招生", ["categories.share_cap"], special_share::check;
    V12, "低于录取下限", "18", "考生总分不低于该类别的录取下限。",
        "规范体育、艺术等特殊类型招生", ["categories.floor"], special_floor::check;
    V13, "专业不合格", "18", "特殊类型录取的考生专业测试合格。",
        "规范体育、艺术等特殊类型招生", ["categories.eligible"], unqualified_special::check;
    V14, "班额超标", "4", "新入学年级班额不超上限；各年级没有大班额。",
        "普通高中新入学年级班额不得超过55人",
        ["limits.class_size", "limits.oversize_class", "limits.super_oversize_class"], class_size::check;
    V15, "学校规模超标", "4", "新建普通高中的学生不超过规模上限。",
        "新建普通高中学校高中生规模不得超过3000人", ["limits.new_school_size"], school_size::check;
    V16, "指标资格不符", "18", "指标录取的考生具备资格，且占用本人毕业初中的指标。",
        "落实区属市级重点高中指标到校招生办法", ["categories.eligible", "quotas"], quota_eligibility::check;
    V17, "数据篡改", "18", "封存的数据、计划和结果没有改动。",
        "加强普通高中招生录取系统和学籍系统数据对接", [], tampered::check;
    V18, "合理嫉妒", "18", "符合条件而录取顺序在前的考生不被越过。",
        "加强普通高中招生管理", ["batches.priority", "categories.priority"], justified_envy::check;
    V19, "走班大班额", "4", "走班教学班的人数不超班额。",
        "严防因选课走班产生新的大班额", ["limits.class_size"], oversize_section::check;
}

impl Code {
    /// The rule of the code.
    pub fn rule(self) -> &'static Rule {
        &RULES[self as usize]
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}
