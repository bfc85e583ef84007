//! A plan to begin with: every school by itself, once it is settled how many seats each has.
//!
//! With its classes and its seats in all given, no school depends on another, and a program of a few variables finds its least
//! changed lines. So where nothing has to give way:
//!
//! 1. Every school keeps its seats, or takes the nearest number that its rules and its classes allow.
//! 2. Seats that are missing then go to the schools with most room, so that few schools change.
//! 3. Each school that changed or breaks a rule is repaired alone, its seats and classes held.
//!
//! The whole is a start for the program of the district, which proves it least or finds something better. It is no answer by
//! itself, and where any step fails there is no such start.

use std::cmp::Reverse;

use super::super::reach::{Active, least, most};
use super::super::{DraftPlan, Rule, SchoolDraft, breaches};
use super::{Model, both};
use crate::solver::Effort;

/// Nodes for the program of one school.
const NODES: u32 = 2_000;

/// The values of the district's program for the plan so found.
pub(super) fn settled(plan: &DraftPlan, model: &Model, effort: &Effort<'_>) -> Option<Vec<i64>> {
    let rules = Active::of(&Rule::ALL);
    let size = plan.class_size();
    let span = |school: &SchoolDraft| {
        let within = size.map(|size| size * u64::from(school.classes));
        let most = u64::try_from(most(plan, school, rules, within)).ok()?;
        least(plan, school, rules).filter(|&low| low <= most).map(|low| (low, most))
    };
    let spans = plan.schools.iter().map(span).collect::<Option<Vec<_>>>()?;
    let own = plan.schools.iter().zip(&spans);
    let mut seats: Vec<u64> =
        own.map(|(s, &(low, high))| u64::from(s.seats()).clamp(low, high)).collect();
    let wanted = plan.seats().max(plan.intake.map_or(0, u64::from));
    let mut missing = wanted.saturating_sub(seats.iter().sum());
    let mut order: Vec<usize> = (0..seats.len()).collect();
    order.sort_by_key(|&at| Reverse(spans[at].1 - seats[at]));
    for at in order {
        let more = missing.min(spans[at].1 - seats[at]);
        seats[at] += more;
        missing -= more;
    }
    if missing > 0 || seats.iter().sum::<u64>() > u64::from(plan.approved_seats) {
        return None;
    }
    let mut after = plan.clone();
    for (at, school) in after.schools.iter_mut().enumerate() {
        if (effort.stop)() {
            return None;
        }
        *school = alone(plan, at, seats[at], effort)?;
    }
    Some(model.values_of(plan, &after))
}

/// A school with so many seats in all, its lines changed as little as its rules allow.
fn alone(plan: &DraftPlan, at: usize, seats: u64, effort: &Effort<'_>) -> Option<SchoolDraft> {
    let school = &plan.schools[at];
    let own = u64::from(school.seats());
    let single = DraftPlan {
        schools: vec![school.clone()],
        approved_seats: u32::try_from(seats.max(own)).ok()?,
        approved_classes: school.classes,
        intake: None,
        ..plan.clone()
    };
    if seats == own && breaches(&single).is_empty() {
        return Some(school.clone());
    }
    let mut model = Model::of(&single, &Rule::ALL);
    let gap = i64::try_from(seats).ok()? - i64::try_from(own).ok()?;
    let total = model.totals[0];
    model.program.row([(total.more, 1), (total.fewer, -1)], gap, gap);
    model.program.row(both(&model.classes[0]).map(|v| (v, 1)), 0, 0);
    let lines: Vec<_> = model.lines[0].iter().flatten().flat_map(both).collect();
    model.program.set_costs(lines.into_iter().map(|v| (v, 1)));
    let solved = model.program.solve(&Effort { nodes: NODES, ..*effort }, None).ok()?;
    model.applied(&single, &solved.values).schools.pop()
}
