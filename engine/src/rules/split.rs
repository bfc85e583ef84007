//! V09 Split (人籍分离): who is registered at a school attends that school.
//!
//! Policy: item 18, 「规范学生学籍管理」.

use super::input::Attending;
use super::{Case, Code, Violation};

/// Lists the active records whose student attends another school.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (at, record) in case.inputs.registry.iter().enumerate().filter(|(_, r)| r.active()) {
        let Attending::School(there) = &record.attending else { continue };
        if *there == record.school {
            continue;
        }
        let applicant = case.applicant_of_record(record);
        let sentence = format!(
            "考生 {} 学籍在 {}，实际就读于 {}；人籍应当一致",
            if applicant.is_empty() { "（报名号未知）" } else { &applicant },
            case.school_name(&record.school),
            case.school_name(there),
        );
        let school = &record.school;
        let v = Violation::of_applicant(Code::V09, school, &applicant, there, school, sentence);
        found.push(v.on_records(&[at]));
    }
    found
}
