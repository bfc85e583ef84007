//! The columns of every table, declared once: the reader, the template and the documentation share them.
//!
//! The row readers of `rows` take the columns of a table in the order of this list.

use luqu_engine::domain::{Evaluation, Gender, Ownership, Restriction, Stage, Table, Tier};

/// What a cell of a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An id or a number that names something: text, never arithmetic.
    Code,
    /// An identity number 证件号码: a code that a spreadsheet must not have kept as a number.
    IdNumber,
    /// The id or the Chinese name of a batch of the policy.
    Batch,
    /// The id or the Chinese name of a category of the policy.
    Category,
    /// Words.
    Text,
    /// A whole number from 0.
    Count,
    /// A whole number from 1 to 65,535.
    Position,
    /// A whole number, negative ones too.
    Integer,
    /// Points with at most two decimal places, from 0.
    Score,
    /// A share of a whole: a decimal from 0 to 1, or a percentage.
    Share,
    /// `yes` 是 or `no` 否.
    YesNo,
    /// One word of a list.
    Choice(Choice),
    /// A month, `YYYY-MM`.
    Month,
    /// A day, `YYYY-MM-DD`.
    Date,
}

/// The lists of words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// 学段
    Stage,
    /// 办学性质
    Ownership,
    /// 层级
    Tier,
    /// 性别
    Gender,
    /// 综合素质评价
    Evaluation,
    /// What a restriction takes away.
    Restriction,
}

impl Choice {
    /// The words of the list: English key and Chinese label.
    pub fn words(self) -> Vec<(&'static str, &'static str)> {
        macro_rules! words {
            ($list:ty) => {
                <$list>::ALL.iter().map(|(_, key, label)| (*key, *label)).collect()
            };
        }
        match self {
            Self::Stage => words!(Stage),
            Self::Ownership => words!(Ownership),
            Self::Tier => words!(Tier),
            Self::Gender => words!(Gender),
            Self::Evaluation => words!(Evaluation),
            Self::Restriction => words!(Restriction),
        }
    }
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The English key.
    pub key: &'static str,
    /// The Chinese label: the header of the template.
    pub label: &'static str,
    /// Other headers that mean the same, Latin ones in capitals.
    pub aliases: &'static [&'static str],
    /// Whether the column must be there and its cells filled.
    pub required: bool,
    /// What its cells hold.
    pub kind: Kind,
    /// One line for the person who fills it in.
    pub help: &'static str,
}

const fn must(
    key: &'static str,
    label: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
    help: &'static str,
) -> Column {
    Column { key, label, aliases, required: true, kind, help }
}

const fn may(
    key: &'static str,
    label: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
    help: &'static str,
) -> Column {
    Column { key, label, aliases, required: false, kind, help }
}

const APPLICANT_ID: Column = must(
    "applicant_id",
    "报名号",
    &["考生号", "准考证号", "报名序号", "考生报名号", "KSH", "ZKZH"],
    Kind::Code,
    "考生在本次招生中唯一的号码，按文本填写。",
);
const SCHOOL_ID: Column = must(
    "school_id",
    "学校代码",
    &["招生学校代码", "志愿学校代码", "XXDM"],
    Kind::Code,
    "与“学校”表中的学校代码一致。",
);
const JUNIOR_ID: Column = must(
    "junior_id",
    "毕业学校代码",
    &["初中代码", "初中学校代码", "毕业初中代码", "BYXXDM"],
    Kind::Code,
    "毕业初中在“学校”表中的学校代码。",
);
const BATCH: Column = must(
    "batch",
    "批次",
    &["录取批次", "批次代码", "批次名称", "PC"],
    Kind::Batch,
    "政策文件中的批次代码或名称。",
);
const CATEGORY: Column = must(
    "category",
    "类别",
    &["招生类别", "类别代码", "类别名称", "ZSLB"],
    Kind::Category,
    "政策文件中的类别代码或名称。",
);

const SCHOOLS: &[Column] = &[
    must("school_id", "学校代码", &["XXDM"], Kind::Code, "全区唯一，按文本填写。"),
    must("name", "学校名称", &["学校", "XXMC"], Kind::Text, "学校全称。"),
    must(
        "stage",
        "学段",
        &["办学学段", "XD"],
        Kind::Choice(Choice::Stage),
        "初中、高中或完全中学。",
    ),
    may("ownership", "办学性质", &["BXXZ"], Kind::Choice(Choice::Ownership), "公办或民办。"),
    may("tier", "层级", &["学校层级"], Kind::Choice(Choice::Tier), "市级重点或普通。"),
    must("region", "所在区县", &["区县", "SZQX"], Kind::Text, "学校所在区县的名称。"),
    may("is_new", "新建高中", &["是否新建高中", "新建"], Kind::YesNo, "是或否，空白为否。"),
    may("enrolled", "现有在校生", &["在校生", "在校生数"], Kind::Count, "下学年高二、高三的人数。"),
    may("group", "教育集团", &["集团"], Kind::Text, "所属教育集团的名称。"),
    may(
        "boarding_places",
        "住宿床位",
        &["床位数", "住宿学位", "指标生床位"],
        Kind::Count,
        "可供指标到校学生住宿的床位数，空白为不限；只用于分配指标。",
    ),
];

const PLAN: &[Column] = &[
    SCHOOL_ID,
    BATCH,
    CATEGORY,
    must(
        "seats",
        "计划数",
        &["招生计划数", "计划人数", "JHS"],
        Kind::Count,
        "批准的招生人数；只有待计算的指标行可以空白。",
    ),
    may("classes", "班数", &["招生班数", "BS"], Kind::Count, "批准的班数。"),
    may("quota_share", "指标比例", &[], Kind::Share, "0 至 1 的小数或百分数，空白用政策的比例。"),
    may(
        "region_scope",
        "招生范围",
        &["招生区域"],
        Kind::Text,
        "区县名称以 ; 分隔；空白为本区县，* 为不限。",
    ),
    must("document", "计划文号", &["文号", "批准文号", "JHWH"], Kind::Text, "批准计划的文件号。"),
];

const GRADUATES: &[Column] = &[
    must(
        "junior_id",
        "毕业学校代码",
        &["初中代码", "初中学校代码", "毕业初中代码", "学校代码", "BYXXDM"],
        Kind::Code,
        "毕业初中在“学校”表中的学校代码。",
    ),
    must(
        "graduates",
        "应届毕业人数",
        &["毕业人数", "应届毕业生数"],
        Kind::Count,
        "应届毕业生总数。",
    ),
    must(
        "eligible",
        "具备指标资格人数",
        &["指标资格人数"],
        Kind::Count,
        "其中具备指标到校资格的人数。",
    ),
    may("tilt", "倾斜", &["是否倾斜"], Kind::YesNo, "是否属于指标倾斜的学校，空白为否。"),
    may(
        "boarding",
        "寄宿",
        &["是否寄宿", "须住宿"],
        Kind::YesNo,
        "离各高中较远、学生须住宿的学校填是，空白为否；只用于分配指标。",
    ),
];

const QUOTAS: &[Column] = &[
    SCHOOL_ID,
    BATCH,
    JUNIOR_ID,
    must("seats", "指标数", &["计划数", "指标人数", "ZBS"], Kind::Count, "分给该初中的名额。"),
    may("reason", "调整理由", &["手工调整理由"], Kind::Text, "手工调整过的格写明理由；其余空白。"),
    may("document", "文号", &["调整文号"], Kind::Text, "手工调整所依据的文件号；其余空白。"),
];

const APPLICANTS: &[Column] = &[
    APPLICANT_ID,
    must("name", "姓名", &["考生姓名", "学生姓名", "XM"], Kind::Text, "考生姓名。"),
    may("gender", "性别", &["XB"], Kind::Choice(Choice::Gender), "女或男。"),
    may(
        "id_number",
        "证件号码",
        &["身份证号", "身份证号码", "身份证件号", "身份证件号码", "证件号", "SFZJH", "SFZH"],
        Kind::IdNumber,
        "十八位公民身份号码，必须按文本填写。",
    ),
    may(
        "registry_no",
        "学籍号",
        &["全国学籍号", "学籍号码", "XJH"],
        Kind::Code,
        "全国学籍号，按文本填写。",
    ),
    JUNIOR_ID,
    must(
        "region",
        "学籍所在区县",
        &["学籍区县", "所在区县", "区县", "XJQX"],
        Kind::Text,
        "初中学籍所在区县的名称。",
    ),
    may("fresh", "应届", &["是否应届", "应届生"], Kind::YesNo, "是或否，空白为否。"),
    may(
        "junior_since",
        "在籍起始",
        &["在籍起始年月", "学籍起始年月"],
        Kind::Month,
        "取得初中学籍的年月，如 2023-09。",
    ),
    may("attended", "实际就读", &["是否实际就读"], Kind::YesNo, "是或否，空白为否。"),
    may("bonus", "照顾加分", &["加分", "政策加分", "ZGJF"], Kind::Score, "政策照顾分，空白为 0。"),
    must("total", "总分", &["总成绩", "投档总分", "ZF"], Kind::Score, "录取总分，最多两位小数。"),
    may(
        "evaluation",
        "综合素质评价",
        &["综评", "综合素质", "综合素质评价等级"],
        Kind::Choice(Choice::Evaluation),
        "A 至 D。",
    ),
    may("tie_class", "同分优先级", &["同分优先"], Kind::Integer, "整数，小者优先，空白为 0。"),
];

const WISHES: &[Column] = &[
    APPLICANT_ID,
    BATCH,
    must(
        "position",
        "志愿序号",
        &["志愿号", "志愿顺序", "ZYXH"],
        Kind::Position,
        "从 1 起，可以跳号。",
    ),
    SCHOOL_ID,
    Column {
        required: false,
        help: "空白表示该批次考生可报的每一类别，按批次的顺序。",
        ..CATEGORY
    },
    may("adjust", "服从调剂", &["是否服从调剂", "服从"], Kind::YesNo, "是或否，空白为否。"),
];

const SPECIAL_SCORES: &[Column] = &[
    APPLICANT_ID,
    CATEGORY,
    Column { required: false, help: "空白表示全区统一测试。", ..SCHOOL_ID },
    must("score", "专业测试分", &["专业分", "测试成绩"], Kind::Score, "专业测试得分。"),
    must("qualified", "合格", &["是否合格"], Kind::YesNo, "是或否。"),
    may("test_date", "测试日期", &["考试日期"], Kind::Date, "如 2026-05-10。"),
];

const RESTRICTIONS: &[Column] = &[
    APPLICANT_ID,
    must(
        "kind",
        "限制类型",
        &["类型"],
        Kind::Choice(Choice::Restriction),
        "取消资格或无指标资格。",
    ),
    must("reason", "原因", &["事由"], Kind::Text, "限制的原因。"),
    may("document", "文号", &["依据文号"], Kind::Text, "决定的文件号。"),
];

const TIE_DECISIONS: &[Column] = &[
    BATCH,
    APPLICANT_ID,
    must("order", "裁定顺序", &["顺序"], Kind::Count, "同分考生中小者优先。"),
    must("document", "文号", &["裁定文号"], Kind::Text, "裁定的文件号。"),
];

const ADMISSIONS: &[Column] = &[
    APPLICANT_ID,
    Column {
        key: "school_id",
        label: "录取学校代码",
        aliases: &["学校代码", "LQXXDM"],
        ..SCHOOL_ID
    },
    BATCH,
    CATEGORY,
    may("admitted_at", "录取时间", &["录取日期"], Kind::Date, "日期，或带时刻；只写日期即当日。"),
    may(
        "outcome",
        "录取结果",
        &["结果"],
        Kind::Text,
        "有此列时只取 placed、adjusted、录取、调剂录取 的行；placements.csv 即是如此。",
    ),
    may("position", "志愿序号", &["录取志愿"], Kind::Text, "不参与核查。"),
    may("total", "总分", &["投档总分"], Kind::Text, "不参与核查，以考生表为准。"),
];

const REGISTRY: &[Column] = &[
    may(
        "registry_no",
        "学籍号",
        &["全国学籍号", "学籍号码", "XJH"],
        Kind::Code,
        "全国学籍号（一个字母加 18 位）或地方学籍号，按文本填写。",
    ),
    may(
        "local_no",
        "地方学籍号",
        &["市学籍号", "市级学籍号", "学籍辅号", "XJFH"],
        Kind::Code,
        "另有地方学籍号时填写；只作核对线索，不用来认人。",
    ),
    may(
        "id_number",
        "证件号码",
        &["身份证号", "身份证号码", "身份证件号", "证件号", "SFZJH", "SFZH"],
        Kind::IdNumber,
        "必须按文本填写。",
    ),
    Column { required: false, ..APPLICANT_ID },
    Column {
        key: "school_id", label: "学籍学校代码", aliases: &["学校代码", "XXDM"], ..SCHOOL_ID
    },
    may("opened_on", "建籍日期", &["建籍时间", "注册日期"], Kind::Date, "如 2026-08-20。"),
    may("status", "学籍状态", &["状态", "XSDQZT"], Kind::Text, "在读、休学、转出、毕业等。"),
    may(
        "attending_school_id",
        "实际就读学校代码",
        &["就读学校代码", "实际就读学校"],
        Kind::Code,
        "实际就读的学校；有此列而空白，即未就读。",
    ),
];

const CLASSES: &[Column] = &[
    SCHOOL_ID,
    must("grade", "年级", &["NJ"], Kind::Text, "高一、高二、高三，或 1、2、3。"),
    must("class_no", "班号", &["班级", "班级号", "BH"], Kind::Text, "班级的编号。"),
    Column { required: false, help: "逐名列出学生时填写。", ..APPLICANT_ID },
    may("size", "人数", &["班额", "班级人数"], Kind::Count, "按班列出时填写。"),
];

const SECTIONS: &[Column] = &[
    SCHOOL_ID,
    must("section_no", "教学班号", &["教学班"], Kind::Text, "教学班的编号。"),
    may("subject", "科目", &["学科"], Kind::Text, "走班的科目。"),
    must("size", "人数", &["教学班人数"], Kind::Count, "教学班的人数。"),
    may("block", "节段", &["时段"], Kind::Text, "不参与核查。"),
    may("room", "教室", &["上课教室"], Kind::Text, "不参与核查。"),
    may("home_class", "所在班级", &[], Kind::Text, "不参与核查。"),
];

const CHOICES: &[Column] = &[
    SCHOOL_ID,
    must("class_no", "班号", &["班级", "班级号", "行政班", "BH"], Kind::Text, "行政班的编号。"),
    Column {
        aliases: &["学号", "学生编号", "学籍号", "考生号", "准考证号", "KSH", "XH"],
        help: "学生唯一的号码，按文本填写。",
        ..APPLICANT_ID
    },
    must("name", "姓名", &["学生姓名", "XM"], Kind::Text, "学生姓名。"),
    must(
        "combination",
        "选科组合",
        &["选科", "选考组合", "组合"],
        Kind::Text,
        "物理、历史中一门，化学、生物、政治、地理中两门，如 物化生。",
    ),
];

const CAPACITY: &[Column] = &[
    SCHOOL_ID,
    may("subject", "科目", &["学科"], Kind::Text, "空白表示全部科目合计。"),
    may("block", "节段", &["时段"], Kind::Position, "从 1 起；空白表示每个节段。"),
    may("rooms", "教室数", &["教室"], Kind::Count, "同一节段可用的教室间数，空白为不限。"),
    may("teachers", "教师数", &["教师"], Kind::Count, "同一节段可上课的教师人数，空白为不限。"),
];

const PUPILS: &[Column] = &[
    APPLICANT_ID,
    may(
        "together",
        "同班组",
        &["同班"],
        Kind::Text,
        "同校填写相同文字的学生编在一个班，如双胞胎。",
    ),
    may("apart", "分班组", &["分班"], Kind::Text, "同校填写相同文字的学生互不同班。"),
    may("squad", "专项队", &["特长队", "训练队"], Kind::Text, "同队学生编在一个班，如田径队。"),
    may("boarding", "住宿", &["是否住宿", "住校"], Kind::YesNo, "是或否；住宿生均分到各班。"),
    may("combination", "选科组合", &["组合"], Kind::Text, "如 物化生；在均衡的前提下尽量集中。"),
];

const RESOURCES: &[Column] = &[
    SCHOOL_ID,
    may("rooms", "教室数", &["普通教室数"], Kind::Count, "全校各年级可用的普通教室间数。"),
    may("older_classes", "高二高三班数", &[], Kind::Count, "下学年高二、高三占用教室的班数。"),
    may("staff", "教职工数", &["教职工人数"], Kind::Count, "在编在岗教职工人数。"),
    may("least_seats", "最低计划数", &[], Kind::Count, "已承诺该校的最少招生人数。"),
];

/// What stands beside the season: what an audit reads, what classes and sections are formed from, and what a plan is
/// advised on by.
pub const BESIDE: [Table; 8] = [
    Table::Admissions,
    Table::Registry,
    Table::Classes,
    Table::Sections,
    Table::Pupils,
    Table::Choices,
    Table::Capacity,
    Table::Resources,
];

/// The header of a link that a workbook with marked faults has beside the columns; no column of a season.
pub const BACK_LINK: &str = "←错误清单";

/// The columns of a table, in the order of the template. The subjects of the policy stand beside them in
/// `applicants`, and the wide columns `wish_1`… in `wishes`. The policy has none.
pub const fn columns(table: Table) -> &'static [Column] {
    match table {
        Table::Schools => SCHOOLS,
        Table::Plan => PLAN,
        Table::Graduates => GRADUATES,
        Table::Quotas => QUOTAS,
        Table::Applicants => APPLICANTS,
        Table::Wishes => WISHES,
        Table::SpecialScores => SPECIAL_SCORES,
        Table::Restrictions => RESTRICTIONS,
        Table::TieDecisions => TIE_DECISIONS,
        Table::Admissions => ADMISSIONS,
        Table::Registry => REGISTRY,
        Table::Classes => CLASSES,
        Table::Sections => SECTIONS,
        Table::Pupils => PUPILS,
        Table::Choices => CHOICES,
        Table::Capacity => CAPACITY,
        Table::Resources => RESOURCES,
        Table::Policy => &[],
    }
}

/// Whether the season cannot do without the table.
pub const fn table_required(table: Table) -> bool {
    matches!(table, Table::Schools | Table::Plan | Table::Applicants | Table::Wishes)
}

/// The table that a file stem or a sheet name means: its English key in any case, or its Chinese name.
pub fn table_named(name: &str) -> Option<Table> {
    let name = name.trim_matches(super::cell::is_space);
    let mut tables = Table::SEASON.into_iter().chain(BESIDE);
    tables.find(|t| t.key().eq_ignore_ascii_case(name) || t.label() == name)
}

/// A header without what people put around a word: spaces anywhere, a byte order mark, the `*` of
/// required columns; Latin letters in lower case.
pub fn normal_header(text: &str) -> String {
    text.chars()
        .filter(|c| !super::cell::is_space(*c) && !c.is_control() && !matches!(c, '*' | '＊'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// A header without what people add to a word: full-width letters as plain ones, nothing from a bracket on.
/// It finds what somebody probably meant; no column is read by it.
pub fn plain_header(header: &str) -> String {
    let plain = header.chars().map(|c| match u32::from(c) {
        wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0).unwrap_or(c),
        _ => c,
    });
    let word: String = plain.take_while(|c| !matches!(c, '(' | '[' | '【' | ':')).collect();
    word.to_lowercase()
}

/// The number of a wide wish column: `wish_3`, `志愿3` or `第3志愿`.
pub fn wide_wish(header: &str) -> Option<u16> {
    let digits = header
        .strip_prefix("wish_")
        .or_else(|| header.strip_prefix("志愿"))
        .or_else(|| header.strip_prefix('第').and_then(|h| h.strip_suffix("志愿")))?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

impl Column {
    /// Whether a header, made normal by [`normal_header`], names the column.
    pub fn is_named(&self, header: &str) -> bool {
        self.key == header
            || self.label == header
            || self.aliases.iter().any(|a| a.eq_ignore_ascii_case(header))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_header_means_two_columns_of_one_table() {
        for table in Table::SEASON.into_iter().chain(BESIDE) {
            let list = columns(table);
            assert!(!list.is_empty());
            for (at, column) in list.iter().enumerate() {
                let names =
                    [column.key, column.label].into_iter().chain(column.aliases.iter().copied());
                for name in names {
                    let header = normal_header(&format!(" {name}*"));
                    let found: Vec<_> = list.iter().filter(|c| c.is_named(&header)).collect();
                    assert_eq!(found.len(), 1, "{table:?}: {name}");
                    assert_eq!(found[0].key, list[at].key);
                    assert_eq!(wide_wish(&header), None);
                }
            }
        }
    }

    #[test]
    fn wide_columns_have_a_number_from_one() {
        assert_eq!(wide_wish("wish_12"), Some(12));
        assert_eq!(wide_wish("志愿3"), Some(3));
        assert_eq!(wide_wish("第3志愿"), Some(3));
        for no in ["wish_0", "wish_", "志愿", "志愿序号", "wish_99999", "wish_01", "第志愿"]
        {
            assert_eq!(wide_wish(no), None, "{no}");
        }
    }
}
