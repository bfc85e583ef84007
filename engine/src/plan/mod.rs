//! The plan advisor 计划体检: which rules a draft plan breaks, which of them cannot hold together, and what to change.
//!
//! Policy: item 4, 「普通高中新入学年级班额不得超过55人，新建普通高中学校高中生规模不得超过3000人」, 「全面消除56人及以上大班额。对现有的大规模学校，
//! 结合实际制订规模压减实施方案，积极稳妥化解」; item 18, 「严禁无计划招生、超计划招生和提前招生」.
//!
//! * [`DraftPlan`] is what is judged: the plan as drafted, its schools, their rooms and staff, and what is wanted.
//! * [`breaches`] lists every rule that the draft breaks, with its numbers.
//! * [`conflict`] finds the smallest set of rules that no plan at all can keep together, in exact arithmetic.
//! * [`repair`] finds the cheapest lawful change, rank of law by rank of law, by an integer program.
//! * [`one_more_class`] places the district again with one class more at every school.
//! * [`schedule`] dissolves oversize classes and shrinks oversize schools year by year.

mod add_class;
mod breach;
mod conflict;
mod draft;
mod linear;
mod reach;
mod repair;
mod rule;
mod years;

pub use add_class::{Added, Gain, one_more_class};
pub use breach::{Breach, breaches};
pub use conflict::{Conflict, conflict};
pub use draft::{DraftPlan, Least, LineDraft, Resources, SchoolDraft, Targets};
pub use linear::Stage;
pub use reach::{Active, Shortfall, shortfall};
pub use repair::{NoRepair, PlanChange, Relaxed, Repair, repair};
pub use rule::{Rank, Rule};
pub use years::{
    Demand, NoSchedule, Schedule, SchoolYear, SchoolYears, Start, YearTotals, schedule,
};
