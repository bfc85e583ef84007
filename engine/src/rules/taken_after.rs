//! V05 Taken after close (录取后抢生): who is admitted by one school is not taken by another.
//!
//! Policy: item 18, 「对违规招生行为加大查处力度」.

use super::{Case, Code, Violation};

/// Lists active records at another school than the one that admitted the student, and second admissions
/// of one applicant.
///
/// Of several admissions the first by batch and time stands and the later ones are named. A record at
/// any school that admitted the student is not named again. Not judged without a list of admissions.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for pair in case
        .admissions
        .chunk_by(|a, b| a.row.applicant == b.row.applicant && !a.row.applicant.is_empty())
    {
        let Some((first, later)) = pair.split_first() else { continue };
        for held in later {
            let sentence = format!(
                "考生 {} 已被 {} {}录取，又被 {} {}录取；一名考生只能有一个录取",
                held.row.applicant,
                case.school_name(&first.row.school),
                case.seat_name(&first.row.batch, &first.row.category),
                case.school_name(&held.row.school),
                case.seat_name(&held.row.batch, &held.row.category),
            );
            let (taken, by) = (&held.row.school, &first.row.school);
            found.push(Violation::of_admission(Code::V05, held, taken, by, sentence));
        }
    }
    for (at, record) in case.inputs.registry.iter().enumerate().filter(|(_, r)| r.active()) {
        let admissions = case.admissions_of_record(record);
        let Some(first) = admissions.first() else { continue };
        if admissions.iter().any(|h| h.row.school == record.school) {
            continue;
        }
        let sentence = format!(
            "考生 {} 由 {} 录取，学籍却建在 {}，没有经批准的变更",
            first.row.applicant,
            case.school_name(&first.row.school),
            case.school_name(&record.school),
        );
        found.push(
            Violation::of_applicant(
                Code::V05,
                &record.school,
                &first.row.applicant,
                &record.school,
                &first.row.school,
                sentence,
            )
            .at(&first.row.batch, &first.row.category)
            .on_records(&[at]),
        );
    }
    found
}
