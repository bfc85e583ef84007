//! What an explanation says: figures, and the sentences that a parent reads.

use serde::Serialize;

use crate::domain::{Evaluation, Score};

/// The language of the sentences. Names of schools and batches stay as the season has them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lang {
    /// 中文
    #[default]
    Zh,
    /// English; categories are named by their key.
    En,
}

/// Why one applicant is where they are: every wish of every batch, in order.
///
/// Of other people it holds places, lines and counts only.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Explanation {
    /// 报名号
    pub applicant_id: String,
    /// 总分
    pub total: Score,
    /// The word of `placements.csv`.
    pub outcome: &'static str,
    /// The seat held, if one is.
    pub seat: Option<Seat>,
    /// The outcome in a sentence.
    pub sentence: String,
    /// 下一步
    pub next_step: String,
    /// Every batch in which the applicant has wishes or a seat, in the order of processing.
    pub batches: Vec<BatchSaid>,
}

/// A seat in names.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Seat {
    /// The batch's id.
    pub batch: String,
    /// The wish; 0 when adjusted.
    pub position: u16,
    /// 学校代码
    pub school_id: String,
    /// 学校名称
    pub school: String,
    /// The category's id.
    pub category: String,
    /// The category's Chinese name.
    pub category_name: String,
}

/// One batch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BatchSaid {
    /// The batch's id.
    pub batch: String,
    /// Its name.
    pub name: String,
    /// What holds for the whole batch: admitted earlier, adjusted, barred.
    pub note: Option<String>,
    /// The wishes, in order.
    pub wishes: Vec<WishSaid>,
}

/// One wish.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WishSaid {
    /// 志愿序号
    pub position: u16,
    /// 学校代码
    pub school_id: String,
    /// 学校名称
    pub school: String,
    /// The category's id, if the wish names one.
    pub category: Option<String>,
    /// 服从调剂
    pub adjust: bool,
    /// What became of it, category by category.
    pub proposals: Vec<ProposalSaid>,
}

/// One proposal: a wish in one category.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ProposalSaid {
    /// The category's id.
    pub category: String,
    /// Its Chinese name.
    pub category_name: String,
    /// `granted`, a word of `reasons.csv`, `not_considered`, or `barred`.
    pub kind: String,
    /// Seats after returns and carries; nothing where there is no such class.
    pub seats: Option<u32>,
    /// Holders, the adjusted included.
    pub placed: Option<u32>,
    /// The total of the last one admitted, where the class filled.
    pub cutoff: Option<Score>,
    /// The floor that bound, if one did.
    pub floor: Option<FloorSaid>,
    /// My place among all who proposed here and may hold a seat, from 1.
    pub place: Option<u32>,
    /// The place of the last one admitted on a wish; 0 for none.
    pub last_place: Option<u32>,
    /// How many places short (差几位).
    pub gap_places: Option<u32>,
    /// How many points short of the cut-off or the floor.
    pub gap_points: Option<Score>,
    /// The key that put the last one admitted before me.
    pub decided_by: Option<Decided>,
    /// What would have been granted with a higher total, all else equal.
    pub least_total: Option<LeastTotal>,
    /// The fewest seats more with which it would have been granted, all else equal.
    pub more_seats: Option<u32>,
    /// The source of the rule, as the policy states it.
    pub source: Option<String>,
    /// Why, in a sentence.
    pub sentence: String,
    /// The condition that would have changed it, in a sentence.
    pub condition: Option<String>,
}

/// The smallest total with which a wish is granted: placed again, it is with this total and is not with
/// 0.01 less.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LeastTotal {
    /// The total.
    pub total: Score,
    /// No smaller total will do either. Where seats are returned or floors follow a line of the same
    /// batch, that is not shown, and only the step at `total` is.
    pub least_of_all: bool,
    /// The earlier wish that is granted with that total in place of this one, if one is.
    pub instead: Option<Seat>,
}

/// A floor and where it comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FloorSaid {
    /// The least total.
    pub total: Score,
    /// An announced line; otherwise relative to a cut-off.
    pub announced: bool,
    /// The category whose cut-off counts, by its Chinese name.
    pub line_of: Option<String>,
    /// That cut-off: the floor plus `minus`.
    pub line: Option<Score>,
    /// How far below it one may be.
    pub minus: Option<Score>,
    /// The earlier batch in which it was found, by name.
    pub batch: Option<String>,
}

/// The first key on which the last one admitted and I differ.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "key", rename_all = "snake_case")]
pub enum Decided {
    /// Fewer points in all.
    Total {
        /// How many.
        short: Score,
    },
    /// A lower composite 综合成绩.
    Composite {
        /// How much lower, in points with up to four places.
        short: String,
    },
    /// A lower special score.
    Special {
        /// How many points.
        short: Score,
    },
    /// Fewer points in a subject or a sum of subjects.
    Subjects {
        /// The subjects, by name.
        names: Vec<String>,
        /// How many points.
        short: Score,
    },
    /// A lower evaluation.
    Evaluation {
        /// Mine, if there is one.
        mine: Option<Evaluation>,
    },
    /// A later tie class.
    TieClass {
        /// Mine.
        mine: i32,
    },
    /// A later wish.
    Wish {
        /// The last wish, or group of wishes, that was admitted, from 1.
        last: u32,
        /// Mine.
        mine: u32,
        /// Groups are compared and not single wishes.
        grouped: bool,
    },
    /// A lower band of totals.
    Band {
        /// How wide bands are, in points; nothing for announced lines.
        width: Option<Score>,
    },
    /// Equal on all keys before it, later in the lottery.
    Lottery,
    /// Equal on all keys before it, later in the recorded order.
    Manual,
}
