//! V01 No plan (无计划招生): an admission needs an approved plan line of its school, batch and category.
//!
//! Policy: item 18, 「严禁无计划招生、超计划招生和提前招生」. A class that others return or carry seats to is
//! approved with their plan lines.

use super::{Case, Code, Violation};
use crate::domain::PlanLine;

/// Lists the admissions without an approved plan line, and those whose applicant or codes nobody knows.
///
/// A plan line of no seats is a plan line; who sits on it is over plan. A quota seat without a cell of
/// the applicant's own junior school is V16.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for held in &case.admissions {
        let row = held.row;
        let seat = case.seat_name(&row.batch, &row.category);
        let mut wrong = Vec::new();
        if held.applicant.is_none() {
            wrong.push(format!("考生 {} 不在考生名册中", row.applicant));
        }
        if held.school.is_none() {
            wrong.push(format!("学校 {} 不在学校名册中", row.school));
        }
        for (known, what, written) in [
            (held.batch.is_some(), "批次", &row.batch),
            (held.category.is_some(), "类别", &row.category),
        ] {
            match (known, written.as_str()) {
                (true, _) => {}
                (false, "") => wrong.push(format!("没有写明{what}")),
                (false, written) => wrong.push(format!("没有{what} {written}")),
            }
        }
        if let Some(offer) = held.offer().filter(|&offer| case.seats.scope(offer).is_none()) {
            let of = |l: &PlanLine| (l.school, l.batch, l.category) == offer;
            wrong.push(match case.season.plan().iter().any(of) {
                true => format!("{seat}的招生计划没有批准文号"),
                false => format!("没有{seat}的招生计划"),
            });
        }
        if !wrong.is_empty() {
            let what = wrong.join("，");
            let way = if seat.is_empty() { seat } else { format!("以{seat}") };
            let sentence = format!(
                "{} {way}录取考生 {}：{what}；录取须有批准的招生计划",
                case.school_name(&row.school),
                row.applicant
            );
            let allowed = "批准的招生计划";
            found.push(Violation::of_admission(Code::V01, held, what, allowed, sentence));
        }
    }
    found
}
