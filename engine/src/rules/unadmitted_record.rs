//! V07 Registry without admission (违规建籍): a record needs a published admission of that very person.
//!
//! Policy: item 18, 「严禁为违规招录的学生建立学籍」.

use super::persons::{masked, normal};
use super::violation::Blocks;
use super::{Case, Code, Violation};
use crate::domain::Severity;

/// Lists the active records of persons without an admission, and records that claim the admission of
/// somebody with another identity number. Not judged without a list of admissions.
///
/// A record without anything to know the person by (a `J` number, or a municipality's alone) accuses nobody: it is a
/// warning, and a person has to look.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    if !case.has_roll {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, record) in case.inputs.registry.iter().enumerate().filter(|(_, r)| r.active()) {
        let applicant = case.applicant_of_record(record);
        let school = case.school_name(&record.school);
        let who = match (applicant.as_str(), record.id_number.trim()) {
            ("", "") => format!("学籍号 {}", masked(&record.registry_no)),
            ("", number) => format!("证件号码 {}", masked(number)),
            (id, _) => format!("考生 {id}"),
        };
        let unknown = !record.identified();
        let (what, allowed, sentence) = if unknown {
            let sentence =
                format!("{school} 有{who} 的学籍，没有可用的证件号码，无法与录取核对，须人工核对");
            ("身份待核", "可核对的证件号码", sentence)
        } else if case.admissions_of_record(record).is_empty() {
            let sentence = format!("{school} 为{who} 建立学籍，该生没有公布的录取");
            ("没有录取", "公布的录取", sentence)
        } else if impostor(case, record) {
            let sentence = format!(
                "{school} 以{who} 的录取为证件号码 {} 的学生建立学籍，与报名登记的证件号码不符",
                masked(&record.id_number)
            );
            ("证件号码不符", "录取考生本人", sentence)
        } else {
            continue;
        };
        let code = Code::V07;
        let school = &record.school;
        let mut v = Violation::of_applicant(code, school, &applicant, what, allowed, sentence);
        if unknown {
            (v.severity, v.blocks) = (Severity::Warning, Blocks::Nobody);
        }
        found.push(v.on_records(&[at]));
    }
    found
}

/// Whether the record names an applicant whose identity number is known and another.
fn impostor(case: &Case<'_>, record: &super::input::RegistryRecord) -> bool {
    let own = normal(&record.id_number);
    let known = case
        .season
        .find_applicant(&record.applicant)
        .and_then(|a| case.season.applicant(a).id_number.as_deref())
        .map(normal);
    !own.is_empty() && known.is_some_and(|known| !known.is_empty() && known != own)
}
