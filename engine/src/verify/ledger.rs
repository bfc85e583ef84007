//! The figures of an answer over all batches: school totals, lines, frozen lines, the second algorithm.

use rustc_hash::FxHashMap;

use super::class_words;
use super::report::{Finding, Property};
use super::second::Second;
use crate::domain::{Answer, ApplicantIx, FrozenLine, Line, Outcome, Reason, Season, Text};

/// P2 for schools: no school above its plan.
pub(super) fn schools_within_plan(
    season: &Season,
    outcomes: &[Outcome],
    findings: &mut Vec<Finding>,
) {
    let mut plan = vec![0u64; season.schools().len()];
    for line in season.plan() {
        plan[line.school.at()] += u64::from(line.seats.unwrap_or(0));
    }
    let mut held = vec![0u64; season.schools().len()];
    for (.., school, _) in outcomes.iter().filter_map(|o| o.seat()) {
        if let Some(held) = held.get_mut(school.at()) {
            *held += 1;
        }
    }
    for (school, (plan, held)) in season.schools().iter().zip(plan.iter().zip(&held)) {
        if held > plan {
            let detail = format!("学校 {} 总计划 {plan}，录取 {held}", school.id);
            findings.push(Finding::new(Property::WithinPlan, vec![], &detail));
        }
    }
}

fn line_words(season: &Season, line: &Line) -> String {
    let junior = line.junior.and_then(|j| season.schools().get(j.at())).map(|s| s.id.as_str());
    class_words(season, line.batch, line.school, line.category, junior)
}

fn figure(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "空".to_owned(), |v| v.to_string())
}

/// P7 for `cutoffs.csv`: every row there once, in order, each figure as it follows from the holders.
pub(super) fn lines_add_up(
    season: &Season,
    due: &[Line],
    given: &[Line],
    findings: &mut Vec<Finding>,
) {
    if due == given {
        return;
    }
    let mut find = |detail: String| findings.push(Finding::new(Property::Figures, vec![], &detail));
    let key = |l: &Line| (l.batch, l.school, l.category, l.junior);
    let mut rows = FxHashMap::default();
    for line in given {
        if rows.insert(key(line), line).is_some() {
            find(format!("{} 的分数线出现两行", line_words(season, line)));
        }
    }
    for line in due {
        let words = || line_words(season, line);
        let Some(found) = rows.remove(&key(line)) else {
            find(format!("{} 没有分数线行", words()));
            continue;
        };
        let columns = [
            ("名额", line.seats.to_string(), found.seats.to_string()),
            ("录取数", line.placed.to_string(), found.placed.to_string()),
            ("最低分", figure(line.lowest_total), figure(found.lowest_total)),
            ("最低分的志愿序号", figure(line.lowest_position), figure(found.lowest_position)),
            ("下限", figure(line.floor), figure(found.floor)),
        ];
        for (column, due, found) in columns.into_iter().filter(|(_, due, found)| due != found) {
            find(format!("{} 的{column}应为 {due}，结果中是 {found}", words()));
        }
    }
    for line in given.iter().filter(|l| rows.contains_key(&key(l))) {
        find(format!("{} 没有这个招生单元，却有分数线行", line_words(season, line)));
    }
    let same_rows = due.len() == given.len();
    if same_rows && due.iter().map(key).ne(given.iter().map(key)) {
        find("分数线各行没有按批次、学校、类别、初中排列".to_owned());
    }
}

/// P7 for the frozen lines.
pub(super) fn frozen_add_up(
    season: &Season,
    due: &[FrozenLine],
    given: &[FrozenLine],
    findings: &mut Vec<Finding>,
) {
    if due == given {
        return;
    }
    let words = |l: &FrozenLine| {
        let class = class_words(season, l.batch, l.school, l.category, None);
        format!("{class} 线 {}", l.total)
    };
    for line in due.iter().filter(|l| !given.contains(l)) {
        let detail = format!("冻结线应有 {}，结果中没有", words(line));
        findings.push(Finding::new(Property::Figures, vec![], &detail));
    }
    for line in given.iter().filter(|l| !due.contains(l)) {
        let detail = format!("冻结线 {} 不成立", words(line));
        findings.push(Finding::new(Property::Figures, vec![], &detail));
    }
    if due.len() != given.len() || (due != given && given.iter().all(|l| due.contains(l))) {
        let detail = format!("冻结线应有 {} 条，结果中 {} 条，或次序不同", due.len(), given.len());
        findings.push(Finding::new(Property::Figures, vec![], &detail));
    }
}

/// A reason for somebody who took no part in the batch.
pub(super) fn stranger(season: &Season, reason: &Reason) -> Finding {
    let id =
        season.applicants().get(reason.applicant.at()).map_or(Text::default(), |a| a.id.clone());
    let batch = season.policy().batches.get(reason.batch.at()).map_or("?", |b| &b.id);
    let detail =
        format!("考生 {id} 没有参加批次 {batch} 的录取，却有第 {} 志愿的理由", reason.position);
    Finding::new(Property::Reasons, vec![id], &detail)
}

/// Names everybody whom the second algorithm places otherwise.
pub(super) fn agree(
    season: &Season,
    second: &Second,
    answer: &Answer,
    findings: &mut Vec<Finding>,
) {
    let words = |outcome: &Outcome| match outcome.seat() {
        None => outcome.key().to_owned(),
        Some((batch, position, school, category)) => {
            let class = class_words(season, batch, school, category, None);
            format!("{} {class} 第 {position} 志愿", outcome.key())
        }
    };
    for (at, (second, given)) in second.outcomes.iter().zip(&answer.outcomes).enumerate() {
        if second != given {
            let id = season.applicant(ApplicantIx::from(at)).id.clone();
            let detail = format!("考生 {id} 应为 {}，结果中是 {}", words(second), words(given));
            findings.push(Finding::new(Property::Agreement, vec![id], &detail));
        }
    }
}
