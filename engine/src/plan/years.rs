//! The years ahead 分年化解: oversize classes dissolved, oversize schools shrunk, every intake in lawful classes.
//!
//! Policy: item 4, 「全面消除56人及以上大班额。对现有的大规模学校，结合实际制订规模压减实施方案，积极稳妥化解。普通高中新入学年级班额不得超过55人」;
//! `limits.class_size`, `limits.oversize_class`, `limits.super_oversize_class`, `limits.new_school_size`.
//!
//! A grade that now has classes too large is formed anew, evenly, in as few more classes as its numbers need: once for none
//! of 66 or more, or for none of 56 or more. It leaves school two years later at most, so classes too large go by
//! themselves; the schedule says how much sooner rooms and teachers allow, and who takes whom meanwhile.

mod model;
mod start;

use serde::Serialize;

use self::model::Model;
use super::Stage;
use super::linear::{Found, one_by_one};
use crate::domain::Text;
use crate::solver::{Effort, End, Unsolved};

pub use start::{SchoolYears, Start};

/// What the years must hold, and what they may not go beyond.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Demand {
    /// How many years, from the season's own.
    pub years: u16,
    /// Students to be taken in each year, the last standing for all that follow; the draft's seats if none.
    pub intake: Vec<u32>,
    /// Classes of a new intake approved for each year.
    pub approved_classes: u32,
    /// Classes that may be added to older grades in a year; as many as the rooms hold if nothing.
    pub new_classes: Option<u32>,
}

/// A district in one year; year 0 is now, before the season's intake.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct YearTotals {
    /// The calendar year of the intake.
    pub year: u16,
    /// Students to be taken in.
    pub demand: u64,
    /// Students for whom there is no seat.
    pub short: u64,
    /// Classes of 56–65 大班额.
    pub oversize: u64,
    /// Classes of 66 and more 超大班额.
    pub super_oversize: u64,
    /// Students above the size of a large school, all schools.
    pub above_size: u64,
    /// Classes added to older grades this year.
    pub added: u64,
}

/// A school in one year.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SchoolYear {
    /// The calendar year of the intake.
    pub year: u16,
    /// 学校代码
    pub school_id: Text,
    /// 学校名称
    pub school: Text,
    /// Students taken in.
    pub intake: u64,
    /// Classes of the new intake.
    pub classes: u64,
    /// Classes that older grades have more than now.
    pub extra: u64,
    /// Students of all grades.
    pub students: u64,
    /// Classes of all grades.
    pub all_classes: u64,
    /// Classes of 56–65.
    pub oversize: u64,
    /// Classes of 66 and more.
    pub super_oversize: u64,
}

/// The years ahead.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Schedule {
    /// The district: now, then year by year.
    pub totals: Vec<YearTotals>,
    /// The schools, by year, then id; now is not among them.
    pub schools: Vec<SchoolYear>,
    /// The first year from which on no class has 66 or more.
    pub super_gone: Option<u16>,
    /// The first year from which on no class has 56 or more.
    pub oversize_gone: Option<u16>,
    /// The first year from which on no school is too large.
    pub large_gone: Option<u16>,
    /// What stands in the way of fewer, or of seats for everybody: each rule whose lifting would help, in Chinese.
    pub binding: Vec<String>,
    /// The minima, in order.
    pub stages: Vec<Stage>,
    /// Name and version of the solver.
    pub solver: &'static str,
    /// Whether every minimum is one; otherwise this is the best found when the search was stopped.
    pub complete: bool,
}

/// Why there is no schedule.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoSchedule {
    /// Without a class size nothing is too large.
    #[error("政策未设定班额上限，无法判断大班额")]
    NoLimit,
    /// Nothing found before the search ended.
    #[error("中止时尚未找到方案")]
    NotFound(End),
    /// The solver failed.
    #[error("求解失败：{0}")]
    Failed(String),
}

/// A limit that may stand in the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Limit {
    Rooms,
    Staff,
    Approved,
    Added,
}

impl Limit {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Rooms, "教室数"),
        (Self::Staff, "教职工数"),
        (Self::Approved, "每年批准的新生班数"),
        (Self::Added, "每年可增的班数"),
    ];
}

/// The best schedule: first seats for everybody every year, then no class of 66, then none of 56, then no school too large,
/// each summed over the years, so that sooner is better; then as little change of any school's intake from year to year as
/// that allows, and as few classes.
///
/// New intakes never exceed the class size, nor new schools their limit; a school that is not too large never becomes so, one
/// that is never grows. Deterministic unless the search is stopped.
///
/// # Errors
/// A policy without class size; a search that found nothing.
pub fn schedule(
    start: &Start,
    demand: &Demand,
    effort: &Effort<'_>,
) -> Result<Schedule, NoSchedule> {
    let model = Model::of(start, demand, &[]).ok_or(NoSchedule::NoLimit)?;
    let found =
        one_by_one(model.program.clone(), &model.aims(), None, effort).map_err(|e| match e {
            Unsolved::NotFound(end) => NoSchedule::NotFound(end),
            other => NoSchedule::Failed(other.to_string()),
        })?;
    let (totals, schools) = model.read(start, demand, &found.values);
    let gone = |left: &dyn Fn(&YearTotals) -> bool| {
        let last = totals.iter().rposition(left);
        let next = last.map_or(0, |at| at + 1);
        totals.get(next).map(|t| t.year)
    };
    Ok(Schedule {
        super_gone: gone(&|t| t.super_oversize > 0),
        oversize_gone: gone(&|t| t.super_oversize + t.oversize > 0),
        large_gone: gone(&|t| t.above_size > 0),
        binding: binding(start, demand, &found, effort),
        totals,
        schools,
        stages: found.stages,
        solver: effort.backend.name(),
        complete: found.complete,
    })
}

/// The aims that a limit can stand in the way of; the others only choose among equals.
const WANTED: usize = 4;

/// Lifts the limits one by one, and all at once where no single one helps.
fn binding(start: &Start, demand: &Demand, found: &Found, effort: &Effort<'_>) -> Vec<String> {
    let costs =
        |found: &Found| found.stages.iter().take(WANTED).map(|s| s.cost).collect::<Vec<_>>();
    let now = costs(found);
    if !found.complete || now.iter().all(|&c| c == 0) {
        return Vec::new();
    }
    let without = |lifted: &[Limit]| {
        let model = Model::of(start, demand, lifted)?;
        let aims = model.aims();
        let found = one_by_one(model.program, &aims[..WANTED], None, effort).ok()?;
        let better = found.complete && costs(&found) < now;
        better.then(|| {
            let better = found.stages.iter().zip(&now).find(|(s, was)| s.cost < **was);
            better.map_or_else(String::new, |(s, was)| format!("{} {was} → {}", s.label, s.cost))
        })
    };
    let alone = |&(limit, name): &(Limit, &str)| {
        without(&[limit]).map(|words| format!("“{name}”放开后：{words}"))
    };
    let list: Vec<String> = Limit::ALL.iter().filter_map(alone).collect();
    if !list.is_empty() {
        return list;
    }
    let all = Limit::ALL.map(|(limit, _)| limit);
    without(&all)
        .map(|words| format!("须同时放开教室、教职工和班数：{words}"))
        .into_iter()
        .collect()
}
