//! The cheapest lawful change of a draft.
//!
//! 1. Every line may get more or fewer seats, every school more or fewer classes. Rules of the rank `Never` are rows of
//!    the program; every other rule has a variable that says by how much it gives way.
//! 2. Rank by rank – law, targets, means, then seats that the district loses, classes changed, schools' totals changed, lines
//!    changed – the least is found and held from there on, so that no weight has to say how many seats a rule of law is worth.
//! 3. The repaired draft is judged again like any draft, in whole numbers; one that breaks what was not said to give way is
//!    no answer.

mod settle;

use serde::Serialize;

use super::conflict::among;
use super::linear::{Aim, Stage, Sum, one_by_one};
use super::rule::Rank;
use super::{Breach, Conflict, DraftPlan, LineDraft, Rule, SchoolDraft, breaches};
use crate::domain::{Share, Text};
use crate::policy::Rounding;
use crate::solver::{Effort, End, Program, Unsolved, Var};

/// A rule that gives way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Relaxed {
    /// The rule.
    pub rule: Rule,
    /// 学校代码; nothing for the district.
    pub school_id: Option<Text>,
    /// By so much: seats, rooms or staff.
    pub by: u64,
    /// What to ask for, in Chinese.
    pub sentence: String,
}

/// A number of the plan that changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PlanChange {
    /// 学校代码
    pub school_id: Text,
    /// The school's name.
    pub school: Text,
    /// The batch's id.
    pub batch: Text,
    /// The category's id.
    pub category: Text,
    /// The column: `seats` or `classes`.
    pub column: &'static str,
    /// Before.
    pub from: Option<u32>,
    /// After; nothing where the cell is to be left blank.
    pub to: Option<u32>,
    /// Why, in Chinese.
    pub reason: String,
}

/// A repaired plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repair {
    /// The plan after the change.
    pub plan: DraftPlan,
    /// The changed numbers, ordered by school and line.
    pub changes: Vec<PlanChange>,
    /// The rules that give way, ordered by rule and school; none where some plan keeps them all.
    pub relaxed: Vec<Relaxed>,
    /// The minima, in order.
    pub stages: Vec<Stage>,
    /// Name and version of the solver.
    pub solver: &'static str,
    /// Whether every minimum is one; otherwise this is the best found when the search was stopped.
    pub complete: bool,
}

/// Why there is no repair.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoRepair {
    /// Rules that may not give way conflict among themselves.
    #[error("不可放宽的规则之间已互相矛盾：{}", .0.names.join("、"))]
    Held(Conflict),
    /// Nothing found before the search ended.
    #[error("中止时尚未找到调整方案")]
    NotFound(End),
    /// The solver failed, or its answer did not hold.
    #[error("求解失败：{0}")]
    Failed(String),
}

/// The cheapest lawful change; of the rules that may give way, those in `held` may not.
///
/// Class size, the size of new schools and what was approved never give way. A draft that breaks nothing is not changed.
/// The same plan gives the same repair, whatever the order of its rows, unless the search was stopped.
///
/// # Errors
/// Where the rules that may not give way conflict, or the search found nothing.
pub fn repair(plan: &DraftPlan, held: &[Rule], effort: &Effort<'_>) -> Result<Repair, NoRepair> {
    let fast = |rule: &Rule| rule.rank() == Rank::Never || held.contains(rule);
    let fast: Vec<Rule> = Rule::ALL.into_iter().filter(fast).collect();
    if let Some(found) = among(plan, &fast) {
        return Err(NoRepair::Held(found));
    }
    let model = Model::of(plan, held);
    let start = settle::settled(plan, &model, effort);
    let found = one_by_one(model.program.clone(), &model.aims(), start.as_deref(), effort);
    let found = found.map_err(|error| match error {
        Unsolved::NotFound(end) => NoRepair::NotFound(end),
        other => NoRepair::Failed(other.to_string()),
    })?;
    let after = model.applied(plan, &found.values);
    let relaxed = model.relaxed(plan, &found.values);
    for breach in breaches(&after) {
        let told = relaxed.iter().any(|r| r.rule == breach.rule && r.school_id == breach.school_id);
        if breach.rule.rank() == Rank::Never || !told {
            return Err(NoRepair::Failed(format!("复核未通过：{}", breach.sentence)));
        }
    }
    Ok(Repair {
        changes: changes(plan, &after, &relaxed),
        plan: after,
        relaxed,
        complete: found.complete,
        stages: found.stages,
        solver: effort.backend.name(),
    })
}

/// More and fewer than the draft has.
#[derive(Clone, Copy)]
struct Shift {
    more: Var,
    fewer: Var,
}

impl Shift {
    fn sum(self, from: u32) -> Sum {
        Sum::of(from.into()).var(self.more, 1).var(self.fewer, -1)
    }

    fn apply(self, from: u32, values: &[i64]) -> u32 {
        u32::try_from(self.sum(from).value(values)).unwrap_or(0)
    }
}

/// Both variables of a shift.
const fn both(shift: &Shift) -> [Var; 2] {
    [shift.more, shift.fewer]
}

/// How much a rule gives way.
struct Give {
    rule: Rule,
    school: Option<usize>,
    line: Option<usize>,
    var: Var,
}

struct Model {
    program: Program,
    /// By school, then line; nothing for a line still to be computed.
    lines: Vec<Vec<Option<Shift>>>,
    classes: Vec<Shift>,
    /// Seats of each school in all.
    totals: Vec<Shift>,
    /// Seats of the district that the draft has and the repair has not.
    lost: Var,
    gives: Vec<Give>,
}

fn narrow(n: u64) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

impl Model {
    fn of(plan: &DraftPlan, held: &[Rule]) -> Self {
        let mut program = Program::new();
        let mut shift = |draft: u32, most: u64| Shift {
            more: program.var(0, narrow(most), 0),
            fewer: program.var(0, narrow(draft.into()), 0),
        };
        let seats = u64::from(plan.approved_seats);
        let lines = plan
            .schools
            .iter()
            .map(|s| s.lines.iter().map(|l| l.seats.map(|draft| shift(draft, seats))).collect())
            .collect();
        let most = u64::from(plan.approved_classes);
        let classes = plan.schools.iter().map(|s| shift(s.classes, most)).collect();
        let totals = plan.schools.iter().map(|s| shift(s.seats(), seats)).collect();
        let lost = program.var(0, narrow(plan.seats()), 0);
        let mut model = Self { program, lines, classes, totals, lost, gives: Vec::new() };
        model.add_rules(plan, held);
        model
    }

    /// What is minimised, in order.
    fn aims(&self) -> Vec<Aim> {
        let gives = |rank: Rank| {
            let mine = self.gives.iter().filter(|g| g.rule.rank() == rank);
            mine.map(|g| g.var).collect()
        };
        vec![
            ("law", "政策规定放宽（人）", gives(Rank::Law)),
            ("target", "目标未达（人）", gives(Rank::Target)),
            ("means", "增配教室（间）、教职工（人）", gives(Rank::Means)),
            ("lost", "比草案少的学位（人）", vec![self.lost]),
            ("classes", "调整班数（个）", self.classes.iter().flat_map(both).collect()),
            ("schools", "各校总数变动（人）", self.totals.iter().flat_map(both).collect()),
            (
                "lines",
                "各条计划变动（人）",
                self.lines.iter().flatten().flatten().flat_map(both).collect(),
            ),
        ]
    }

    fn seats(&self, plan: &DraftPlan, school: usize) -> Sum {
        let lines = 0..self.lines[school].len();
        lines.fold(Sum::default(), |sum, at| sum.add(&self.line(plan, school, at), 1))
    }

    fn line(&self, plan: &DraftPlan, school: usize, at: usize) -> Sum {
        let draft = plan.schools[school].lines[at].seats.unwrap_or(0);
        self.lines[school][at].map_or_else(Sum::default, |shift| shift.sum(draft))
    }

    fn add_rules(&mut self, plan: &DraftPlan, held: &[Rule]) {
        let give = |model: &mut Self, rule: Rule, school: Option<usize>, line: Option<usize>| {
            let most = if held.contains(&rule) { 0 } else { i32::MAX };
            let var = model.program.var(0, most, 0);
            model.gives.push(Give { rule, school, line, var });
            var
        };
        let (mut all_seats, mut all_classes) = (Sum::default(), Sum::default());
        for (at, school) in plan.schools.iter().enumerate() {
            let seats = self.seats(plan, at);
            let classes = self.classes[at].sum(school.classes);
            all_seats = all_seats.add(&seats, 1);
            all_classes = all_classes.add(&classes, 1);
            let total = self.totals[at].sum(school.seats());
            seats.clone().add(&total, -1).at_most(0, &mut self.program);
            total.add(&seats, -1).at_most(0, &mut self.program);
            // A total moves by no more than its lines do: true anyway, and said so that proofs are short.
            let row =
                both(&self.totals[at]).into_iter().fold(Sum::default(), |sum, v| sum.var(v, 1));
            let lines = self.lines[at].iter().flatten().flat_map(both);
            lines.fold(row, |sum, v| sum.var(v, -1)).at_most(0, &mut self.program);
            if let Some(size) = plan.class_size() {
                let size = i64::try_from(size).unwrap_or(i64::MAX);
                seats.clone().add(&classes, -size).at_most(0, &mut self.program);
            }
            if let Some(room) = plan.new_school_room(school) {
                seats.clone().at_most(room, &mut self.program);
            }
            for (cap, places) in school.capped() {
                let over = give(self, Rule::SpecialShare, Some(at), places.first().copied());
                let (n, d) = lowest(cap);
                let own = places
                    .iter()
                    .fold(Sum::default(), |sum, &l| sum.add(&self.line(plan, at, l), 1));
                let row = Sum::default().add(&own, d).var(over, -d).add(&seats, -n);
                row.at_most(0, &mut self.program);
            }
            for (l, line) in school.lines.iter().enumerate() {
                if let Some((share, mate)) = line.quota {
                    let short = give(self, Rule::QuotaShare, Some(at), Some(l));
                    let (n, d) = lowest(share);
                    let own = self.line(plan, at, l);
                    let whole = own.clone().add(&self.line(plan, at, mate), 1);
                    // round(n/d × whole) ≤ own + short, in whole numbers.
                    let (times, most) = match plan.rounding {
                        Rounding::Up => (1, 0),
                        Rounding::HalfUp => (2, d - 1),
                        Rounding::Down => (1, d - 1),
                    };
                    let row = Sum::default().add(&whole, times * n).add(&own, -times * d);
                    row.var(short, -times * d).at_most(most, &mut self.program);
                }
                if line.least > 0 {
                    let short = give(self, Rule::Least, Some(at), Some(l));
                    let row = Sum::of(line.least.into()).add(&self.line(plan, at, l), -1);
                    row.var(short, -1).at_most(0, &mut self.program);
                }
            }
            if school.least > 0 {
                let short = give(self, Rule::Least, Some(at), None);
                let row = Sum::of(school.least.into()).add(&seats, -1).var(short, -1);
                row.at_most(0, &mut self.program);
            }
            if let Some(rooms) = school.rooms {
                let more = give(self, Rule::Rooms, Some(at), None);
                classes.var(more, -1).at_most(rooms.into(), &mut self.program);
            }
            if let Some((room, per)) = plan.staff_room(school) {
                let more = give(self, Rule::Staff, Some(at), None);
                let row = Sum::default().add(&seats, 10).var(more, -i64::from(per));
                row.at_most(i64::try_from(room).unwrap_or(i64::MAX), &mut self.program);
            }
        }
        all_seats.clone().at_most(plan.approved_seats.into(), &mut self.program);
        let draft = i64::try_from(plan.seats()).unwrap_or(i64::MAX);
        let row = Sum::of(draft).add(&all_seats, -1).var(self.lost, -1);
        row.at_most(0, &mut self.program);
        all_classes.at_most(plan.approved_classes.into(), &mut self.program);
        if let Some(intake) = plan.intake {
            let short = give(self, Rule::Intake, None, None);
            let row = Sum::of(intake.into()).add(&all_seats, -1).var(short, -1);
            row.at_most(0, &mut self.program);
        }
    }

    /// The values of a plan with the draft's classes in which nothing gives way.
    fn values_of(&self, plan: &DraftPlan, after: &DraftPlan) -> Vec<i64> {
        let mut values = vec![0; self.program.vars()];
        let mut set = |shift: &Shift, from: u64, to: u64| {
            values[shift.more.at()] = narrow(to.saturating_sub(from)).into();
            values[shift.fewer.at()] = narrow(from.saturating_sub(to)).into();
        };
        for (at, (old, new)) in plan.schools.iter().zip(&after.schools).enumerate() {
            set(&self.totals[at], old.seats().into(), new.seats().into());
            for ((shift, a), b) in self.lines[at].iter().zip(&old.lines).zip(&new.lines) {
                if let (Some(shift), Some(from), Some(to)) = (shift, a.seats, b.seats) {
                    set(shift, from.into(), to.into());
                }
            }
        }
        values[self.lost.at()] = narrow(plan.seats().saturating_sub(after.seats())).into();
        values
    }

    fn applied(&self, plan: &DraftPlan, values: &[i64]) -> DraftPlan {
        let mut after = plan.clone();
        for (at, school) in after.schools.iter_mut().enumerate() {
            for (line, shift) in school.lines.iter_mut().zip(&self.lines[at]) {
                if let (Some(draft), Some(shift)) = (line.seats, shift) {
                    line.seats = Some(shift.apply(draft, values));
                }
            }
            school.classes = self.classes[at].apply(school.classes, values);
            spread_classes(school, plan.class_size());
        }
        after
    }

    fn relaxed(&self, plan: &DraftPlan, values: &[i64]) -> Vec<Relaxed> {
        let mut list: Vec<Relaxed> = Vec::new();
        for give in &self.gives {
            let by = u64::try_from(values[give.var.at()]).unwrap_or(0);
            if by == 0 {
                continue;
            }
            let school = give.school.map(|at| &plan.schools[at]);
            let line = school.zip(give.line).map_or("", |(s, l)| s.lines[l].name.as_str());
            let words = match give.rule {
                Rule::SpecialShare => format!("{line}超出占比上限 {by} 人，须报批"),
                Rule::QuotaShare => format!("{line}比规定比例少 {by} 人，须报批"),
                Rule::Intake => format!("招生总数比目标少 {by} 人"),
                Rule::Least => format!("{line}计划数比承诺少 {by} 人"),
                Rule::Rooms => format!("须增加教室 {by} 间"),
                Rule::Staff => format!("须增加教职工 {by} 人"),
                _ => String::new(),
            };
            let sentence = match school {
                Some(s) => format!("{} {}：{words}", s.id, s.name),
                None => words,
            };
            let school_id = school.map(|s| s.id.clone());
            list.push(Relaxed { rule: give.rule, school_id, by, sentence });
        }
        list.sort_by(|a, b| (a.rule, &a.school_id).cmp(&(b.rule, &b.school_id)));
        list
    }
}

/// A share as a fraction in lowest terms.
fn lowest(share: Share) -> (i64, i64) {
    let (n, d) = (share.millionths(), Share::ONE);
    let (mut a, mut b) = (n, d);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let part = |of: u64| i64::try_from(of / a.max(1)).unwrap_or(i64::MAX);
    (part(n), part(d))
}

/// Writes a school's classes into its lines. Where the lines with classes of their own no longer fit, the largest line
/// has them all and the others stay blank: they sit in the same classes.
fn spread_classes(school: &mut SchoolDraft, size: Option<u64>) {
    let own: Vec<usize> =
        (0..school.lines.len()).filter(|&l| school.lines[l].classes.is_some()).collect();
    let sum: u32 = own.iter().filter_map(|&l| school.lines[l].classes).sum();
    let fits = |l: &LineDraft| {
        let (Some(seats), Some(classes), Some(size)) = (l.seats, l.classes, size) else {
            return true;
        };
        u64::from(seats) <= u64::from(classes) * size
    };
    if own.is_empty() || (sum == school.classes && school.lines.iter().all(fits)) {
        return;
    }
    let seats = |&l: &usize| (school.lines[l].seats.unwrap_or(0), std::cmp::Reverse(l));
    let largest = own.iter().copied().max_by_key(seats).unwrap_or(own[0]);
    let total = school.classes;
    for l in own {
        school.lines[l].classes = (l == largest).then_some(total);
    }
}

/// The numbers that differ, each with the rules it is changed for.
fn changes(before: &DraftPlan, after: &DraftPlan, relaxed: &[Relaxed]) -> Vec<PlanChange> {
    let broken = breaches(before);
    let names = |of: &dyn Fn(&&Breach) -> bool| {
        let mut rules: Vec<Rule> = broken.iter().filter(of).map(|b| b.rule).collect();
        rules.dedup();
        rules.iter().map(|r| format!("“{}”", r.name(before))).collect::<Vec<_>>().join("、")
    };
    let district = names(&|b| b.school_id.is_none());
    let elsewhere = names(&|_| true);
    let mut list = Vec::new();
    for (old, new) in before.schools.iter().zip(&after.schools) {
        let own = names(&|b| b.school_id.as_ref() == Some(&old.id));
        let why = match (own.as_str(), district.as_str()) {
            ("", "") => format!("补足别校为{elsewhere}减少的计划"),
            ("", district) => format!("全区计划不符合{district}"),
            (own, _) => format!("本校计划不符合{own}"),
        };
        let rooms = relaxed
            .iter()
            .find(|r| r.school_id.as_ref() == Some(&old.id) && r.rule.rank() == Rank::Means);
        let why = match rooms {
            Some(relaxed) => format!("{why}；前提：{}", relaxed.sentence),
            None => why,
        };
        for (a, b) in old.lines.iter().zip(&new.lines) {
            for (column, from, to) in
                [("seats", a.seats, b.seats), ("classes", a.classes, b.classes)]
            {
                if from != to {
                    list.push(PlanChange {
                        school_id: old.id.clone(),
                        school: old.name.clone(),
                        batch: a.batch.clone(),
                        category: a.category.clone(),
                        column,
                        from,
                        to,
                        reason: why.clone(),
                    });
                }
            }
        }
    }
    list
}
