//! V08 Ghost (空挂学籍): who is registered attends.
//!
//! Policy: item 18, 「规范学生学籍管理」.

use super::input::Attending;
use super::{Case, Code, Violation};

/// Lists the active records whose student attends nowhere. Leave (休学) is lawful; a table without the
/// column of attendance is not judged.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let records = case.inputs.registry.iter().enumerate();
    records
        .filter(|(_, r)| r.active() && !r.suspended() && r.attending == Attending::Nowhere)
        .map(|(at, r)| {
            let (applicant, found) = (case.applicant_of_record(r), "未就读");
            let sentence = format!(
                "{} 有考生 {} 的学籍，该生没有在任何学校就读；应在学籍学校就读",
                case.school_name(&r.school),
                if applicant.is_empty() { "（报名号未知）" } else { &applicant },
            );
            Violation::of_applicant(Code::V08, &r.school, &applicant, found, &r.school, sentence)
                .on_records(&[at])
        })
        .collect()
}
