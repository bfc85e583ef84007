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
    /// A legal number that its quote contradicts.
    WrongSource,
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
            Self::WrongSource => {
                "法定数字必须出现在它所引的原文里；数字与出处不符，凭它判的违规和放行都站不住。"
            }
            Self::Seed => "随机号必须来自事先承诺的种子。",
        }
    }

    /// The smallest market in which the rule contradicts itself, in Chinese.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Unreadable => {
                "例：一中计划 100 名，share = \"0.70\" 误写成 shares。若默默忽略，指标从 70 名变成 0 名，谁也不知道少了哪一行。"
            }
            Self::UnknownName => {
                "例：类别名为 quota，seat_order 却写成 [\"unified\", \"quotas\"]。甲 560 分，统招线 600、指标线 550：甲不写类别只填一中，展开后没有指标，本该录取却落选。"
            }
            Self::NoLastKey => {
                "例：一中 1 个名额，顺序只有 [\"total\"]。甲、乙都填一中，都是 600 分：录甲、录乙都符合这个顺序，录谁没有依据。"
            }
            Self::UncommonOrder => {
                "例：一中统招 1 名（按总分）、特长 1 名（按专业分，下限＝统招线−50）。甲总分 600、专业 70，先填特长后填统招；乙总分 540、专业 90，只填特长。若录乙，甲退到统招，统招线 600，下限 550，乙不过线；若不录乙，甲在特长，统招没有录满、没有下限，乙专业分更高却落选。两种结果都站不住。"
            }
            Self::ReturnsBackward => {
                "例：一中统招 1 名、指标 1 名，先统招后指标，指标剩余转回统招。甲 600、乙 590，都填一中且都有指标资格。乙占指标，则统招只有 1 名、录甲，成立；乙不占指标，则统招有 2 名、录甲和乙，也成立。乙究竟录统招还是指标，没有唯一答案。"
            }
            Self::ReturnsInCircle => {
                "例：一中体育 1 名、艺术 1 名，剩余互转，只有甲一人，录在体育。艺术计划数＝1＋体育剩余＝1＋（体育计划数−1）＝体育计划数；体育计划数＝1＋艺术剩余＝1＋艺术计划数＝1＋体育计划数，无解。"
            }
            Self::FloorOnLaterLine => {
                "例：第一批指标的下限＝第二批统招线−50，甲 550 分填指标。第二批若以 590 分录满，下限 540，甲过线；若以 610 分录满，下限 560，甲差 10 分——第一批公布时第二批还没有录取，甲录不录无从判断。以本类别自己的线为准也不行：末位考生的分数就是线，他永远过线，这条下限从不起作用。"
            }
            Self::CarryBackward => {
                "例：第一批一中统招 1 名，甲 600 录取，乙 590、丙 580 落选；第二批乙录到二中，一中剩 1 名转回第一批。给乙，乙已在二中；给丙，丙 580 分进了一中，590 分的乙却没有。"
            }
            Self::ReturnsAndCarries => {
                "例：一中体育 1 名无人报考，同时转给本批统招和下一批统招：甲在本批录取，乙在下一批录取，1 个计划录了 2 人。"
            }
            Self::NoQuotaCells => {
                "例：一中指标 10 名，设了 by_junior = true 却不是 [quota].category，分配表里没有它的格。甲毕业于东初、乙毕业于西初，两校的指标数都是 0：10 个名额空着，甲、乙都录不上。"
            }
            Self::OverlappingCaps => {
                "例：一中 2 个名额，城区至多 1 人、女生至多 1 人。甲（城区女）600、乙（城区男）590、丙（乡镇女）580。录最高分的甲，乙、丙就都超上限，空 1 个名额；录满只能录乙和丙，越过了甲。"
            }
            Self::LowerBound => {
                "例：一中体育班 2 个名额，“至少录 2 人”。只有甲、乙填报，乙专业测试不合格：录乙不合资格，不录乙就只有 1 人，两条规则必违其一。"
            }
            Self::BadNumber => {
                "例：wish_group:0 表示每组 0 个志愿，甲的第 1 志愿、乙的第 2 志愿都不属于任何一组，谁先谁后无从比较。"
            }
            Self::WrongSource => {
                "例：value = 60，quote = \"班额不得超过55人\"。58 人的班不被查出，报告却引 55 人的条文作依据；确有新规定的，请把 quote 换成新原文。"
            }
            Self::Seed => {
                "例：一中 1 个名额，甲、乙都是 600 分。种子没有事先承诺：看过志愿再一个个试种子，平均两次就能让乙中签。"
            }
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
