//! V19 Oversize section (走班大班额): no teaching section above the class size.
//!
//! Policy: item 4, 「严防因选课走班产生新的大班额」; `limits.class_size`.

use super::{Case, Code, Violation};

/// Lists the teaching sections above the cap; exactly the cap is lawful.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    let Some(cap) = &case.season.policy().limits.class_size else { return Vec::new() };
    let sections = case.inputs.sections.iter().filter(|s| s.size > cap.value);
    sections
        .map(|s| {
            let sentence = format!(
                "{} {}教学班 {} {}人，上限{}人",
                case.school_name(&s.school),
                s.subject,
                s.section_no,
                s.size,
                cap.value
            );
            Violation::of_school(Code::V19, &s.school, s.size, cap.value, sentence)
                .under_item(&cap.item)
        })
        .collect()
}
