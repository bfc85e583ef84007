//! Rules that a policy may not have, each with its reason and the smallest example of the harm.

use serde::Serialize;

/// Why a policy is refused (SPEC §4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// Not TOML, a missing or unknown key, a value of the wrong kind.
    Unreadable,
    /// An id that nothing defines, or one that two things have.
    UnknownName,
    /// A priority list that does not end with `lottery` or `manual`, or has one of them before its end.
    NoLastKey,
    /// A relative floor of the same batch without one common wish-free order.
    UncommonOrder,
    /// `returns_to` a category that is not later in the seat order.
    ReturnsBackward,
    /// `returns_to` that comes back to where it began.
    ReturnsInCircle,
    /// A floor relative to a line that is not decided yet.
    FloorOnLaterLine,
    /// `carry_to` a batch that is not later.
    CarryBackward,
    /// `returns_to` and `carry_to` on one category.
    ReturnsAndCarries,
    /// A by-junior category that no quota cells can belong to.
    NoQuotaCells,
    /// Caps over sets of seats that overlap.
    OverlappingCaps,
    /// A least number of students for a class or category.
    LowerBound,
    /// A number that a rule cannot have.
    BadNumber,
    /// The seed does not hash to what was committed, or is needed and missing.
    Seed,
}

impl RefusalKind {
    /// Why such a rule is refused, in Chinese.
    pub const fn why(self) -> &'static str {
        match self {
            Self::Unreadable => "政策文件只能包含约定的键和取值；未知的键不会被默默忽略。",
            Self::UnknownName => "规则引用了没有定义或重复定义的名称。",
            Self::NoLastKey => {
                "录取顺序必须以 lottery（随机号）或 manual（人工裁定）结尾且仅在结尾出现，否则同分考生无先后。"
            }
            Self::UncommonOrder => {
                "同批次的相对下限边录取边确定，只有该批次所有类别共用一个与志愿序号无关的录取顺序时，结果才唯一。"
            }
            Self::ReturnsBackward => {
                "剩余计划只能转给志愿顺序中排在后面的类别；转回前面的类别会使已被拒绝的考生又应被录取。"
            }
            Self::ReturnsInCircle => "剩余计划循环转移，计划数没有确定的值。",
            Self::FloorOnLaterLine => "下限所依据的分数线在此之后才产生，或取决于自身，无从比较。",
            Self::CarryBackward => "剩余计划只能转入之后的批次；之前的批次已经录取完毕。",
            Self::ReturnsAndCarries => {
                "同一类别的剩余计划不能既转给同批次又转给后续批次，否则同一计划被用两次。"
            }
            Self::NoQuotaCells => {
                "按毕业初中分配的类别必须由 [quota].category 指定，其指标来自 quotas 表。"
            }
            Self::OverlappingCaps => {
                "相互重叠的上限使“谁应被录取”可能无解或不唯一（NP 困难）；请改为互不重叠的计划行。"
            }
            Self::LowerBound => {
                "最低录取人数（下限名额）会迫使录取不合条件或不愿就读的考生，且可能无解（NP 困难）。"
            }
            Self::BadNumber => "数值超出该规则允许的范围。",
            Self::Seed => "随机号必须来自事先承诺的种子。",
        }
    }

    /// The smallest example of what would go wrong, in Chinese.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Unreadable => "例：把 share 误写成 shares，比例就会悄悄失效。",
            Self::UnknownName => {
                "例：seat_order 写了 quotas，而类别名为 quota，则指标计划永远轮不到。"
            }
            Self::NoLastKey => {
                "例：1 个名额，甲、乙均 600 分，顺序仅为 [\"total\"]：录甲录乙都“对”。"
            }
            Self::UncommonOrder => {
                "例：统招按总分，特长按专业分；统招线尚未录满时特长考生 590 分该不该过线，取决于谁先处理。"
            }
            Self::ReturnsBackward => {
                "例：指标 1 名、统招 1 名，配转统又转回指标：甲被指标拒绝后统招录走，退回的名额使甲当初的拒绝不成立。"
            }
            Self::ReturnsInCircle => {
                "例：A 剩余给 B、B 剩余给 A，各 1 个名额、1 名考生：两类都可以说自己有 2 个名额。"
            }
            Self::FloorOnLaterLine => {
                "例：指标下限＝统招线−50，而统招要到下一批才录取：考生 550 分现在无法判断是否过线；下限以本类别自己的线为准时，录他则线降、他过线，不录则线高、他不过线。"
            }
            Self::CarryBackward => {
                "例：第二批剩余 1 名转入第一批：第一批落选的乙已在第二批被录取。"
            }
            Self::ReturnsAndCarries => "例：体育剩 1 名，同时转给统招和下一批：1 个计划录了 2 人。",
            Self::NoQuotaCells => {
                "例：quota 设 by_junior = true 而没有分配表：每所初中都没有名额，10 个计划无人能报。"
            }
            Self::OverlappingCaps => {
                "例：城区至多 1 人、女生至多 1 人，2 个名额，三名考生城区女、城区男、乡镇女：只录城区女会空 1 个名额，录另外两人才满，却越过了最高分。"
            }
            Self::LowerBound => "例：某班“至少 2 人”而只有 1 人填报：要么违规，要么强录未填报者。",
            Self::BadNumber => "例：wish_group:0 无法分组。",
            Self::Seed => "例：先看志愿再挑种子，就能让指定的同分考生中签。",
        }
    }
}

/// One refusal of a policy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Refusal {
    /// Why.
    pub kind: RefusalKind,
    /// Where in the file, as a dotted path such as `categories.quota.returns_to`.
    pub path: String,
    /// The line in the file, where it is known.
    pub line: Option<u32>,
    /// What was found there, in Chinese.
    pub message: String,
}
