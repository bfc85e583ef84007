//! V03 Early (提前招生): nothing is decided, tested or registered before the batch opens.
//!
//! Policy: item 18, 「严禁无计划招生、超计划招生和提前招生」; `batches.opens`.

use super::{Case, Code, Violation};
use crate::domain::{BatchIx, Moment};

/// Lists admissions, special tests and registry records dated before their batch opens.
///
/// A date without a time counts as that day and is compared with the opening day, so that the same day
/// is not early. A batch without an opening is not judged. A test belongs to the first batch in which
/// its category has seats, at its own school where it was that school's test.
pub fn check(case: &Case<'_>) -> Vec<Violation> {
    admitted(case).chain(tested(case)).chain(registered(case)).collect()
}

fn admitted<'c>(case: &'c Case<'_>) -> impl Iterator<Item = Violation> + 'c {
    case.admissions.iter().filter_map(|held| {
        let at = held.row.admitted_at.as_ref()?;
        let opens = case.season.policy().batch(held.batch?).opens.as_ref()?;
        let sentence = format!(
            "{} 于 {} 录取考生 {}，{}自 {} 开始",
            case.school_name(&held.row.school),
            clock(at),
            held.row.applicant,
            case.season.policy().batch(held.batch?).name,
            clock(opens),
        );
        early(at, opens).then(|| Violation::of_admission(Code::V03, held, at, opens, sentence))
    })
}

fn tested<'c>(case: &'c Case<'_>) -> impl Iterator<Item = Violation> + 'c {
    let season = case.season;
    let policy = season.policy();
    season.special_scores().filter_map(move |(applicant, category, school, _, date)| {
        let at: Moment = date.parse().ok()?;
        let lines = season.plan().iter().filter(|l| l.category == category);
        let batch: BatchIx = lines
            .filter(|l| school.is_none_or(|s| s == l.school))
            .filter(|l| policy.batch(l.batch).opens.is_some())
            .map(|l| l.batch)
            .min()?;
        let opens = policy.batch(batch).opens.as_ref()?;
        let id = &season.applicant(applicant).id;
        let name = &policy.category(category).name;
        let (by, school) = match school {
            Some(s) => (case.school_name(&season.school(s).id), season.school(s).id.as_str()),
            None => ("统一测试".to_owned(), ""),
        };
        let sentence = format!(
            "{by} 于 {} 对考生 {id} 进行{name}测试，{}自 {} 开始",
            clock(&at),
            policy.batch(batch).name,
            clock(opens),
        );
        early(&at, opens).then(|| {
            Violation::of_applicant(Code::V03, school, id, &at, opens, sentence)
                .at(&policy.batch(batch).id, &policy.category(category).id)
        })
    })
}

fn registered<'c>(case: &'c Case<'_>) -> impl Iterator<Item = Violation> + 'c {
    case.inputs.registry.iter().enumerate().filter_map(|(place, record)| {
        let at = record.opened_on.as_ref()?;
        let held = case.admissions_of_record(record).iter().find(|h| h.batch.is_some())?;
        let batch = case.season.policy().batch(held.batch?);
        let opens = batch.opens.as_ref()?;
        let sentence = format!(
            "{} 于 {} 为考生 {} 建立学籍，{}自 {} 开始",
            case.school_name(&record.school),
            clock(at),
            held.row.applicant,
            batch.name,
            clock(opens),
        );
        early(at, opens).then(|| {
            Violation::of_applicant(
                Code::V03,
                &record.school,
                &held.row.applicant,
                at,
                opens,
                sentence,
            )
            .at(&held.row.batch, &held.row.category)
            .on_records(&[place])
        })
    })
}

/// Whether `at` lies before `opens`, by the day where either has no time.
fn early(at: &Moment, opens: &Moment) -> bool {
    let day = |m: &Moment| (m.seconds() + 8 * 3600).div_euclid(86_400);
    if day_only(at) || day_only(opens) { day(at) < day(opens) } else { at < opens }
}

/// A moment as people write it: the day, and the minute in China Standard Time if there is one.
fn clock(moment: &Moment) -> String {
    let text = moment.to_string();
    match text.strip_suffix("+08:00") {
        Some(local) => local.get(..16).unwrap_or(local).replacen(['T', 't'], " ", 1),
        None => text,
    }
}

fn day_only(moment: &Moment) -> bool {
    moment.to_string().len() <= "2026-07-05".len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_without_a_time_is_the_whole_day() {
        let moment = |t: &str| -> Moment { t.parse().expect("a moment") };
        let opens = moment("2026-07-05T09:00:00+08:00");
        assert!(early(&moment("2026-07-04"), &opens));
        assert!(!early(&moment("2026-07-05"), &opens));
        assert!(early(&moment("2026-07-05T08:59:59+08:00"), &opens));
        assert!(!early(&moment("2026-07-05T09:00:00+08:00"), &opens));
        assert!(!early(&moment("2026-07-05T01:00:00Z"), &opens));
    }
}
