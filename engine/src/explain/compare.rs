//! Comparison 方案对比: who moved and why between two answers, and which lines changed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::said::{Lang, Seat};
use super::seat_of;
use super::why::Causes;
use crate::domain::{
    Answer, Applicant, ApplicantIx, CategoryIx, Line, Outcome, SchoolIx, Score, Season, Text,
};

/// A season with an answer.
#[derive(Clone, Copy)]
pub(super) struct Side<'s> {
    pub(super) season: &'s Season,
    pub(super) answer: &'s Answer,
}

/// A seat class by ids, so that two seasons can be laid side by side; orders by batch, school, category
/// and junior school.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct ClassKey {
    /// The place of the batch in the second season's policy, or after all of them.
    pub(super) at: usize,
    pub(super) batch: Text,
    pub(super) school: Text,
    pub(super) category: Text,
    pub(super) junior: Option<Text>,
}

/// What differs between two answers, `a` before and `b` after.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Comparison {
    /// Counts before.
    pub a: Totals,
    /// Counts after.
    pub b: Totals,
    /// Applicants whose result is the same.
    pub same: u32,
    /// Moved up their own list of wishes, or in.
    pub better: u32,
    /// Moved down their own list, or out.
    pub worse: u32,
    /// Changed in another way: the category of one wish, two adjusted seats, other wishes.
    pub different: u32,
    /// Only in the second season.
    pub joined: u32,
    /// Only in the first season.
    pub left: u32,
    /// The seat classes whose seats, holders, cut-off or floor changed, in the order of `cutoffs.csv`.
    pub lines: Vec<LineChange>,
    /// Those who moved, by applicant id.
    pub moves: Vec<Move>,
}

impl Comparison {
    /// Whether nothing differs at all.
    pub const fn is_same(&self) -> bool {
        self.lines.is_empty() && self.moves.is_empty()
    }
}

/// How many applicants ended how.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Totals {
    /// Admitted on a wish.
    pub placed: u32,
    /// Admitted by adjustment.
    pub adjusted: u32,
    /// Had wishes and hold nothing.
    pub unplaced: u32,
    /// Barred.
    pub barred: u32,
    /// Made no wish.
    pub no_wishes: u32,
}

impl Totals {
    /// Counts an answer.
    pub fn of(answer: &Answer) -> Self {
        let mut totals = Self::default();
        for outcome in &answer.outcomes {
            *match outcome {
                Outcome::Placed { .. } => &mut totals.placed,
                Outcome::Adjusted { .. } => &mut totals.adjusted,
                Outcome::Unplaced => &mut totals.unplaced,
                Outcome::Barred => &mut totals.barred,
                Outcome::NoWishes => &mut totals.no_wishes,
            } += 1;
        }
        totals
    }

    /// Admitted in all.
    pub const fn admitted(&self) -> u32 {
        self.placed + self.adjusted
    }
}

/// A figure before and after.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Change<T> {
    /// Before.
    pub a: T,
    /// After.
    pub b: T,
}

/// A seat class whose figures changed. Nothing where the class does not exist.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LineChange {
    /// The batch's id.
    pub batch: String,
    /// 学校代码
    pub school_id: String,
    /// 学校名称
    pub school: String,
    /// The category's id.
    pub category: String,
    /// The category's Chinese name.
    pub category_name: String,
    /// The junior school of a cell.
    pub junior_id: Option<String>,
    /// Seats after returns and carries.
    pub seats: Change<Option<u32>>,
    /// Holders.
    pub placed: Change<Option<u32>>,
    /// The cut-off, where the class filled.
    pub cutoff: Change<Option<Score>>,
    /// The floor, where one bound.
    pub floor: Change<Option<Score>>,
}

/// Which way somebody moved, by their own wishes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Up the list, or in.
    Better,
    /// Down the list, or out.
    Worse,
    /// Neither.
    Different,
    /// Only in the second season.
    Joined,
    /// Only in the first season.
    Left,
}

/// What moved somebody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The class has more seats.
    SeatsMore,
    /// The class has fewer seats.
    SeatsFewer,
    /// The cut-off fell, since others moved on.
    LineFell,
    /// The cut-off rose, since others moved in.
    LineRose,
    /// The floor changed.
    Floor,
    /// The rule of order or the lottery changed.
    Order,
    /// A registered fact or the scope of the plan changed.
    Facts,
    /// The applicant's own total changed.
    Score,
    /// The applicant's own wishes changed.
    Wishes,
    /// What was left for adjustment changed.
    Adjustment,
    /// The applicant joined or left the season.
    Season,
}

/// Somebody who moved.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Move {
    /// 报名号
    pub applicant_id: String,
    /// Which way.
    pub direction: Direction,
    /// The outcome before, as in `placements.csv`.
    pub from_outcome: Option<&'static str>,
    /// The seat before.
    pub from: Option<Seat>,
    /// The outcome after.
    pub to_outcome: Option<&'static str>,
    /// The seat after.
    pub to: Option<Seat>,
    /// The nearest cause.
    pub cause: Cause,
    /// The chain of causes, in a sentence.
    pub why: String,
}

/// An applicant as either season has them.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) a: Option<ApplicantIx>,
    pub(super) b: Option<ApplicantIx>,
}

/// The lines of every class of either answer.
pub(super) type Lines<'s> = BTreeMap<ClassKey, (Option<&'s Line>, Option<&'s Line>)>;

/// Compares two answers, of the same season or of two, matching everything by id. Sentences in Chinese.
///
/// Both answers must hold their reasons. O(applicants + proposals of those who moved), and a sort of the
/// lines.
pub fn compare(
    season_a: &Season,
    answer_a: &Answer,
    season_b: &Season,
    answer_b: &Answer,
) -> Comparison {
    compare_in(season_a, answer_a, season_b, answer_b, Lang::Zh)
}

/// As [`compare`], in a language.
pub fn compare_in(
    season_a: &Season,
    answer_a: &Answer,
    season_b: &Season,
    answer_b: &Answer,
    lang: Lang,
) -> Comparison {
    let (a, b) =
        (Side { season: season_a, answer: answer_a }, Side { season: season_b, answer: answer_b });
    let mut lines = Lines::new();
    for line in &answer_a.lines {
        lines.entry(line_key(a, b, line)).or_default().0 = Some(line);
    }
    for line in &answer_b.lines {
        lines.entry(line_key(b, b, line)).or_default().1 = Some(line);
    }
    let pairs = pairs(season_a, season_b);
    let moved: Vec<Pair> = pairs.iter().copied().filter(|&pair| has_moved(a, b, pair)).collect();
    let causes = Causes::new(a, b, &lines, &moved, lang);
    let moves: Vec<Move> = moved
        .iter()
        .map(|&pair| {
            let direction = direction(a, b, pair);
            let (cause, why) = causes.of(pair, direction);
            let from = pair.a.map(|at| answer_a.outcomes[at.at()]);
            let to = pair.b.map(|at| answer_b.outcomes[at.at()]);
            Move {
                applicant_id: person(a, b, pair).id.to_string(),
                direction,
                from_outcome: from.map(Outcome::key),
                from: from.and_then(|o| seat_of(season_a, o)),
                to_outcome: to.map(Outcome::key),
                to: to.and_then(|o| seat_of(season_b, o)),
                cause,
                why,
            }
        })
        .collect();
    let count = |d: Direction| {
        u32::try_from(moves.iter().filter(|m| m.direction == d).count()).unwrap_or(u32::MAX)
    };
    Comparison {
        a: Totals::of(answer_a),
        b: Totals::of(answer_b),
        same: u32::try_from(pairs.len() - moves.len()).unwrap_or(u32::MAX),
        better: count(Direction::Better),
        worse: count(Direction::Worse),
        different: count(Direction::Different),
        joined: count(Direction::Joined),
        left: count(Direction::Left),
        lines: lines.iter().filter_map(|(key, pair)| line_change(a, b, key, *pair)).collect(),
        moves,
    }
}

/// Everybody of either season, by id.
fn pairs(a: &Season, b: &Season) -> Vec<Pair> {
    let (ids_a, ids_b) = (a.applicants(), b.applicants());
    let (mut at, mut bt) = (0, 0);
    let mut pairs = Vec::with_capacity(ids_a.len().max(ids_b.len()));
    while at < ids_a.len() || bt < ids_b.len() {
        let order = match (ids_a.get(at), ids_b.get(bt)) {
            (Some(x), Some(y)) => x.id.cmp(&y.id),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, _) => std::cmp::Ordering::Greater,
        };
        pairs.push(Pair {
            a: order.is_le().then(|| ApplicantIx::from(at)),
            b: order.is_ge().then(|| ApplicantIx::from(bt)),
        });
        at += usize::from(order.is_le());
        bt += usize::from(order.is_ge());
    }
    pairs
}

/// Whether the result differs, by ids.
fn has_moved(a: Side<'_>, b: Side<'_>, pair: Pair) -> bool {
    let (Some(at), Some(bt)) = (pair.a, pair.b) else { return true };
    let (before, after) = (a.answer.outcomes[at.at()], b.answer.outcomes[bt.at()]);
    if before.key() != after.key() {
        return true;
    }
    let ids = |season: &Season, outcome: Outcome| {
        let (batch, position, school, category) = outcome.seat()?;
        let policy = season.policy();
        Some((
            policy.batch(batch).id.clone(),
            position,
            season.school(school).id.clone(),
            policy.category(category).id.clone(),
        ))
    };
    ids(a.season, before) != ids(b.season, after)
}

/// Which way a result went. Batches count in the order of processing, then wishes; an adjusted seat comes
/// after every wish of its batch, nothing after all.
fn direction(a: Side<'_>, b: Side<'_>, pair: Pair) -> Direction {
    let (Some(at), Some(bt)) = (pair.a, pair.b) else {
        return if pair.a.is_none() { Direction::Joined } else { Direction::Left };
    };
    let rank = |season: &Season, outcome: Outcome| match outcome.seat() {
        None => (usize::MAX, 0),
        Some((batch, position, ..)) => {
            let at = batch_place(b.season, &season.policy().batch(batch).id);
            (at, if position == 0 { u32::MAX } else { u32::from(position) })
        }
    };
    let (before, after) = (a.answer.outcomes[at.at()], b.answer.outcomes[bt.at()]);
    let in_or_out = before.seat().is_none() || after.seat().is_none();
    if !in_or_out && !same_wishes(a.season, at, b.season, bt) {
        return Direction::Different;
    }
    match rank(b.season, after).cmp(&rank(a.season, before)) {
        std::cmp::Ordering::Less => Direction::Better,
        std::cmp::Ordering::Equal => Direction::Different,
        std::cmp::Ordering::Greater => Direction::Worse,
    }
}

/// Whether an applicant made the same wishes in both seasons.
pub(super) fn same_wishes(a: &Season, at: ApplicantIx, b: &Season, bt: ApplicantIx) -> bool {
    let (x, y) = (a.wishes(at), b.wishes(bt));
    x.len() == y.len()
        && x.iter().zip(y).all(|(x, y)| {
            let category =
                |s: &Season, c: Option<CategoryIx>| c.map(|c| s.policy().category(c).id.clone());
            (x.position, x.adjust) == (y.position, y.adjust)
                && a.school(x.school).id == b.school(y.school).id
                && a.policy().batch(x.batch).id == b.policy().batch(y.batch).id
                && category(a, x.category) == category(b, y.category)
        })
}

/// Somebody as the second season has them, or else the first. One of the two does.
pub(super) fn person<'s>(a: Side<'s>, b: Side<'s>, pair: Pair) -> &'s Applicant {
    match (pair.b, pair.a) {
        (Some(at), _) => b.season.applicant(at),
        (None, at) => a.season.applicant(at.unwrap_or(ApplicantIx(0))),
    }
}

fn batch_place(season: &Season, id: &str) -> usize {
    season.policy().batch_ix(id).map_or(usize::MAX - 1, |b| b.at())
}

fn line_key(of: Side<'_>, b: Side<'_>, line: &Line) -> ClassKey {
    class_key(of.season, b.season, line.batch, line.school, line.category, line.junior)
}

/// The key of a class of a season, with batches placed as in the season `b`.
pub(super) fn class_key(
    of: &Season,
    b: &Season,
    batch: crate::domain::BatchIx,
    school: SchoolIx,
    category: CategoryIx,
    junior: Option<SchoolIx>,
) -> ClassKey {
    let policy = of.policy();
    let batch = policy.batch(batch).id.clone();
    ClassKey {
        at: batch_place(b, &batch),
        batch,
        school: of.school(school).id.clone(),
        category: policy.category(category).id.clone(),
        junior: junior.map(|j| of.school(j).id.clone()),
    }
}

fn line_change(
    a: Side<'_>,
    b: Side<'_>,
    key: &ClassKey,
    (before, after): (Option<&Line>, Option<&Line>),
) -> Option<LineChange> {
    let seats = Change { a: before.map(|l| l.seats), b: after.map(|l| l.seats) };
    let placed = Change { a: before.map(|l| l.placed), b: after.map(|l| l.placed) };
    let cutoff = Change { a: before.and_then(Line::cutoff), b: after.and_then(Line::cutoff) };
    let floor = Change { a: before.and_then(|l| l.floor), b: after.and_then(|l| l.floor) };
    if seats.a == seats.b && placed.a == placed.b && cutoff.a == cutoff.b && floor.a == floor.b {
        return None;
    }
    let (school, category_name) = names(a, b, key);
    Some(LineChange {
        batch: key.batch.to_string(),
        school_id: key.school.to_string(),
        school,
        category: key.category.to_string(),
        category_name,
        junior_id: key.junior.as_ref().map(Text::to_string),
        seats,
        placed,
        cutoff,
        floor,
    })
}

/// The names of a class's school and category in whichever season has them.
pub(super) fn names(a: Side<'_>, b: Side<'_>, key: &ClassKey) -> (String, String) {
    let school = |s: &Season| s.find_school(&key.school).map(|ix| s.school(ix).name.to_string());
    let category = |s: &Season| {
        s.policy().category_ix(&key.category).map(|ix| s.policy().category(ix).name.clone())
    };
    (
        school(b.season).or_else(|| school(a.season)).unwrap_or_default(),
        category(b.season).or_else(|| category(a.season)).unwrap_or_default(),
    )
}
