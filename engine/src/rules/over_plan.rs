//! V02 Over plan (超计划招生): no class holds more than its seats.
//!
//! Policy: item 18, 「严禁无计划招生、超计划招生和提前招生」. Seats are the plan's, with what other classes left
//! unfilled and returned or carried; a quota seat is its junior school's own.

use std::collections::BTreeMap;

use super::case::Holder;
use super::seats::Offer;
use super::{Case, Code, Violation};

/// Lists the holders beyond the seats of their class, those of lowest priority first to go. A class
/// that is exactly full is lawful.
///
/// Priority is the class's own; ties go by the lottery; whoever has no wish for the class stands behind
/// those who have, and an applicant nobody knows behind everyone. Where cells were handed out beyond their
/// plan line, whoever is within the cell and beyond the line is listed too.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut within: BTreeMap<Offer, Vec<&Holder>> = BTreeMap::new();
    for (&class, holders) in &case.holders {
        let seats = case.seats.of(class).unwrap_or(0);
        let cell = class
            .1
            .map_or(String::new(), |junior| format!("（{}）", case.season.school(junior).name));
        let (lawful, beyond) = holders.split_at(holders.len().min(seats as usize));
        let counts = (holders.len(), seats);
        found.extend(beyond.iter().map(|holder| over(case, holder, &cell, counts)));
        if class.1.is_some() {
            within.entry(class.0).or_default().extend(lawful);
        }
    }
    for (offer, mut holders) in within {
        let Some(seats) = case.seats.divided(offer) else { continue };
        holders.sort_by(|a, b| a.order().cmp(&b.order()));
        let counts = (holders.len(), seats);
        let beyond = holders.iter().skip(seats as usize);
        found.extend(beyond.map(|holder| over(case, holder, "（各初中合计）", counts)));
    }
    found
}

fn over(case: &Case<'_>, holder: &Holder, cell: &str, (count, seats): (usize, u32)) -> Violation {
    let held = &case.admissions[holder.admission];
    let sentence = format!(
        "{} {}{cell} 录取{count}人，计划{seats}人；考生 {} 在超出之列",
        case.school_name(&held.row.school),
        case.seat_name(&held.row.batch, &held.row.category),
        held.row.applicant,
    );
    Violation::of_admission(Code::V02, held, count, seats, sentence)
}
