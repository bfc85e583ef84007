//! V02 Over plan (超计划招生): no class holds more than its seats.
//!
//! Policy: item 18, 「严禁无计划招生、超计划招生和提前招生」. Seats are the plan's, with what other classes left
//! unfilled and returned or carried; a quota seat is its junior school's own.

use super::{Case, Code, Violation};

/// Lists the holders beyond the seats of their class, those of lowest priority first to go. A class
/// that is exactly full is lawful.
///
/// Priority is the class's own; ties go by the lottery; whoever has no wish for the class stands behind
/// those who have, and an applicant nobody knows behind everyone.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (&class, holders) in &case.holders {
        let seats = case.seats.of(class).unwrap_or(0);
        let cell = class
            .1
            .map_or(String::new(), |junior| format!("（{}）", case.season.school(junior).name));
        for holder in holders.iter().skip(seats as usize) {
            let held = &case.admissions[holder.admission];
            let sentence = format!(
                "{} {}{cell} 录取{}人，计划{seats}人；考生 {} 在超出之列",
                case.school_name(&held.row.school),
                case.seat_name(&held.row.batch, &held.row.category),
                holders.len(),
                held.row.applicant,
            );
            found.push(Violation::of_admission(Code::V02, held, holders.len(), seats, sentence));
        }
    }
    found
}
