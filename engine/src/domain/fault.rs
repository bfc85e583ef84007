//! Faults of input: what is wrong in which cell, and what to do about it.
//!
//! Faults are data. All of them are reported at once; a season with a blocking fault does not exist.

use std::fmt;

use serde::Serialize;

/// A table of the season folder (a sheet of the workbook), in the order in which they are read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// `policy.toml`; its rows are lines.
    Policy,
    /// 学校
    Schools,
    /// 招生计划
    Plan,
    /// 初中毕业生
    Graduates,
    /// 指标分配
    Quotas,
    /// 考生
    Applicants,
    /// 志愿
    Wishes,
    /// 特长成绩
    SpecialScores,
    /// 资格与限制
    Restrictions,
    /// 同分裁定
    TieDecisions,
    /// Audit: 录取名单
    Admissions,
    /// Audit: 学籍
    Registry,
    /// Audit: 行政班
    Classes,
    /// Audit: 教学班
    Sections,
    /// Class formation: 分班要求
    Pupils,
    /// Sections: 选科
    Choices,
    /// Sections: 走班条件
    Capacity,
    /// Plan advisor: 办学条件
    Resources,
}

impl Table {
    /// The tables of the season proper, without the policy file and the inputs of the audit.
    pub const SEASON: [Self; 9] = [
        Self::Schools,
        Self::Plan,
        Self::Graduates,
        Self::Quotas,
        Self::Applicants,
        Self::Wishes,
        Self::SpecialScores,
        Self::Restrictions,
        Self::TieDecisions,
    ];

    /// The English key: the file name without its ending.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Schools => "schools",
            Self::Plan => "plan",
            Self::Graduates => "graduates",
            Self::Quotas => "quotas",
            Self::Applicants => "applicants",
            Self::Wishes => "wishes",
            Self::SpecialScores => "special_scores",
            Self::Restrictions => "restrictions",
            Self::TieDecisions => "tie_decisions",
            Self::Admissions => "admissions",
            Self::Registry => "registry",
            Self::Classes => "classes",
            Self::Sections => "sections",
            Self::Pupils => "pupils",
            Self::Choices => "choices",
            Self::Capacity => "capacity",
            Self::Resources => "resources",
        }
    }

    /// The Chinese name: the name of the sheet.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Policy => "政策",
            Self::Schools => "学校",
            Self::Plan => "招生计划",
            Self::Graduates => "初中毕业生",
            Self::Quotas => "指标分配",
            Self::Applicants => "考生",
            Self::Wishes => "志愿",
            Self::SpecialScores => "特长成绩",
            Self::Restrictions => "资格与限制",
            Self::TieDecisions => "同分裁定",
            Self::Admissions => "录取名单",
            Self::Registry => "学籍",
            Self::Classes => "行政班",
            Self::Sections => "教学班",
            Self::Pupils => "分班要求",
            Self::Choices => "选科",
            Self::Capacity => "走班条件",
            Self::Resources => "办学条件",
        }
    }
}

/// Whether a fault stops the season.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Blocking: nothing is imported, nothing is placed.
    Error,
    /// Reported, and the season goes on.
    Warning,
}

macro_rules! fault_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $severity:ident, $title:literal;)*) => {
        /// The kind of a fault. Codes are stable: `E1` cells, `E2` keys and references, `E3` the plan and
        /// the sums, `E4` the policy file, `E0` files, `W` warnings.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum FaultCode { $($(#[$doc])* $name,)* }

        impl FaultCode {
            /// Every code, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable code, such as `E104`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it is called, in Chinese.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// Whether it blocks.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

fault_codes! {
    /// A table that must be there is not.
    MissingTable = "E001", Error, "缺少数据表";
    /// A file of a kind that is not read, such as `.xls`.
    UnsupportedFile = "E002", Error, "文件格式不支持";
    /// A file that cannot be read as what its name says.
    UnreadableFile = "E003", Error, "文件无法读取";
    /// A file whose reading went over the limit of memory, time or size.
    FileTooLarge = "E004", Error, "文件超出读取限制";
    /// The same table in two places.
    AmbiguousTable = "E005", Error, "同一数据表出现两份";
    /// Bytes that are neither UTF-8 nor GB18030 (nor UTF-16 with its mark).
    BadEncoding = "E006", Error, "文字编码无法识别";
    /// A file or sheet without any row, not even a header.
    EmptyTable = "E007", Error, "表是空的";

    /// A required column is not there.
    MissingColumn = "E101", Error, "缺少必需的列";
    /// Two columns of one table mean the same.
    DuplicateColumn = "E102", Error, "列重复";
    /// A required value is blank.
    MissingValue = "E103", Error, "缺少必填值";
    /// An identity number or code that the spreadsheet kept as a number.
    StoredAsNumber = "E104", Error, "证件号码被存成了数字，末几位可能已丢失";
    /// An identity number that cannot be one.
    BadIdNumber = "E105", Error, "证件号码有误";
    /// A value that is not of the column's kind.
    BadValue = "E106", Error, "值的格式不对";
    /// A number outside its range.
    OutOfRange = "E107", Error, "数值超出范围";
    /// A code that cannot be one (control characters, a formula sign in front, too long).
    BadCode = "E108", Error, "代码含不允许的字符";
    /// A row with more cells than the header.
    RaggedRow = "E109", Error, "行的列数与表头不符";
    /// Titles or notes above the header.
    HeaderNotFirst = "E110", Error, "表头上面有其他行";
    /// All columns in one cell: another delimiter than the comma, or text pasted into one column.
    OneColumn = "E111", Error, "各列没有分开";
    /// A formula whose result was never computed, as programs write them.
    UncomputedFormula = "E112", Error, "公式没有保存结果";
    /// Cells of rows that were merged into one, of which only the first has a value.
    MergedCells = "E113", Error, "单元格被合并";

    /// The same key twice.
    DuplicateKey = "E201", Error, "主键重复";
    /// A code that no table or policy defines.
    UnknownCode = "E202", Error, "代码不存在";
    /// A school of the wrong stage.
    WrongStage = "E203", Error, "学校学段不符";
    /// One identity number for two applicants.
    DuplicatePerson = "E204", Error, "同一证件号码出现两次";

    /// The total is not the policy's sum.
    TotalMismatch = "E301", Error, "总分与各科之和不符";
    /// A plan line without the document that approves it.
    NoPlanDocument = "E302", Error, "招生计划没有计划文号（无计划招生）";
    /// More seats than the approved classes can hold.
    SeatsOverClasses = "E303", Error, "计划数超过班数×班额";
    /// The quota cells of a school do not add up to its quota seats.
    QuotaMismatch = "E304", Error, "指标分配与指标计划不符";
    /// A new school that would grow over its limit.
    NewSchoolTooLarge = "E305", Error, "新建高中规模超限";
    /// Quota seats that are still to be computed.
    SeatsPending = "E306", Error, "指标计划数尚未计算";
    /// A wish for a school without a seat class there.
    WishWithoutSeats = "E307", Error, "志愿学校在该批次、类别没有招生计划";
    /// More wishes than the batch allows.
    TooManyWishes = "E308", Error, "志愿数超过上限";
    /// More eligible graduates than graduates.
    EligibleOverGraduates = "E309", Error, "具备指标资格人数多于毕业人数";
    /// A column that the policy's rules read is not there.
    RuleColumnMissing = "E310", Error, "政策所需的列缺失";
    /// Priorities that differ between classes of a batch with a relative floor.
    UncommonOrder = "E311", Error, "同批次相对下限要求统一的录取顺序";

    /// `policy.toml` is not TOML, or has an unknown or missing key.
    PolicyUnreadable = "E401", Error, "政策文件无法读取";
    /// A rule that the policy may not have.
    PolicyRefused = "E402", Error, "政策规则自相矛盾或不受支持";

    /// A column that means nothing here.
    UnknownColumn = "W501", Warning, "未知的列，已忽略";
    /// A file or sheet that means nothing here.
    UnknownTable = "W502", Warning, "未知的数据表，已忽略";
    /// A condition of eligibility that is left blank.
    BlankCondition = "W503", Warning, "资格信息为空，按不具备处理";
    /// The same wish twice.
    RepeatedWish = "W504", Warning, "同一志愿重复填报";
    /// Years, lengths or sizes that are lawful and unlikely.
    Unlikely = "W505", Warning, "数值可疑，请核对";
    /// A region of a plan's scope that no school and no applicant has.
    UnknownRegion = "W507", Warning, "招生范围中的区县不曾出现";
    /// Applicants of a region that no plan line covers.
    UncoveredRegion = "W508", Warning, "考生所在区县没有任何招生计划";
    /// Applicants of a junior school that the graduates table leaves out.
    UnlistedJunior = "W509", Warning, "考生的毕业学校不在初中毕业生表中";
    /// The seed of the shipped files, which everybody knows.
    PlaceholderSeed = "W510", Warning, "随机号种子还是样例";
    /// Tilted junior schools under a policy that tilts nothing.
    IdleTilt = "W511", Warning, "倾斜不起作用";
    /// A quota cell that was set by hand.
    EditedQuota = "W512", Warning, "指标经手工调整";
    /// Quota cells that give boarding junior schools more seats of a senior school than it has beds.
    OverBeds = "W513", Warning, "寄宿初中的指标多于住宿床位";
    /// A table on a sheet that its workbook hides.
    HiddenSheet = "W514", Warning, "工作表是隐藏的，已照常读取";
    /// Rows that a filter, or somebody, has hidden in their sheet.
    HiddenRows = "W518", Warning, "有隐藏的行，已照常读取";
    /// A composite whose percentages are not a hundred together.
    CompositeSum = "W515", Warning, "综合成绩的比例之和不是 100";
    /// Special scores of a category that reads none.
    IdleSpecial = "W516", Warning, "特长成绩不起作用";
    /// Recorded orders among equals under orders that end with a lottery.
    IdleTies = "W517", Warning, "同分裁定不起作用";
    /// A limit that the policy does not set.
    LimitNotSet = "W506", Warning, "政策未设定该上限，未作检查";
}

impl FaultCode {
    /// Whether it says that a plan, or a wish beside it, is unlawful rather than unintelligible: what an audit is
    /// there to judge, and so no obstacle to it.
    pub const fn is_for_audit(self) -> bool {
        matches!(
            self,
            Self::NoPlanDocument
                | Self::SeatsOverClasses
                | Self::QuotaMismatch
                | Self::NewSchoolTooLarge
                | Self::WishWithoutSeats
        )
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for FaultCode {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.code())
    }
}

/// One thing wrong at one place of the input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// What kind of fault.
    pub code: FaultCode,
    /// Whether it blocks: as the code says, unless an audit is to judge it.
    pub severity: Severity,
    /// The table it is in.
    pub table: Table,
    /// The row as the file counts it, the header being row 1; nothing for the table as a whole.
    pub row: Option<u32>,
    /// The English key of the column; a wide wish column is `wish_N`. Nothing for the row as a whole.
    pub column: Option<String>,
    /// What was found there, as written.
    pub found: String,
    /// What was expected, with the numbers, as a sentence in Chinese.
    pub expected: String,
    /// What to do, as a sentence in Chinese.
    pub help: String,
}

impl Fault {
    /// A fault of a whole table.
    pub fn of_table(code: FaultCode, table: Table, expected: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            table,
            row: None,
            column: None,
            found: String::new(),
            expected: expected.into(),
            help: String::new(),
        }
    }

    /// A fault at a cell.
    pub fn at(code: FaultCode, table: Table, row: u32, column: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            table,
            row: Some(row),
            column: Some(column.into()),
            found: String::new(),
            expected: String::new(),
            help: String::new(),
        }
    }

    /// The same fault with what was found.
    #[must_use]
    pub fn found(mut self, found: impl fmt::Display) -> Self {
        self.found = found.to_string();
        self
    }

    /// The same fault with what was expected.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = expected.into();
        self
    }

    /// The same fault with what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The order in which faults are listed: table, row, column, code.
    pub fn sort(faults: &mut [Self]) {
        faults.sort_by(|a, b| {
            (a.table, a.row, &a.column, a.code).cmp(&(b.table, b.row, &b.column, b.code))
        });
    }
}
