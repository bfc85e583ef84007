//! What a draft breaks: every rule, with what was found and what is allowed.

use serde::Serialize;

use super::{DraftPlan, Rule, SchoolDraft};
use crate::domain::{Share, Text};
use crate::quota::rounded;

/// A rule that the draft breaks at one place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Breach {
    /// The rule.
    pub rule: Rule,
    /// 学校代码; nothing for the district.
    pub school_id: Option<Text>,
    /// What was found.
    pub found: u64,
    /// What is allowed: the most, or for shares and targets of at least so much the least.
    pub allowed: u64,
    /// Subject, found, allowed, in Chinese.
    pub sentence: String,
    /// The source of the rule.
    pub source: String,
}

/// Everything that the draft breaks, ordered by rule and school; exactly at a limit is lawful.
pub fn breaches(plan: &DraftPlan) -> Vec<Breach> {
    let mut found = Vec::new();
    for rule in Rule::ALL {
        let mut push = |school: Option<&SchoolDraft>, have: u64, allowed: u64, sentence: String| {
            found.push(Breach {
                rule,
                school_id: school.map(|s| s.id.clone()),
                found: have,
                allowed,
                sentence,
                source: rule.source(plan),
            });
        };
        match rule {
            Rule::ApprovedSeats if plan.seats() > u64::from(plan.approved_seats) => {
                let (have, most) = (plan.seats(), plan.approved_seats);
                push(
                    None,
                    have,
                    most.into(),
                    format!("全区计划 {have} 人，批准招生总数 {most} 人"),
                );
            }
            Rule::ApprovedClasses if plan.classes() > u64::from(plan.approved_classes) => {
                let (have, most) = (plan.classes(), plan.approved_classes);
                push(None, have, most.into(), format!("全区 {have} 个班，批准总班数 {most} 个"));
            }
            Rule::Intake => {
                let (have, least) = (plan.seats(), plan.intake.unwrap_or(0));
                if have < u64::from(least) {
                    push(None, have, least.into(), format!("全区计划 {have} 人，需要 {least} 人"));
                }
            }
            _ => {
                for school in &plan.schools {
                    of_school(plan, rule, school, &mut |have, allowed, words| {
                        let sentence = format!("{} {}：{words}", school.id, school.name);
                        push(Some(school), have, allowed, sentence);
                    });
                }
            }
        }
    }
    found
}

fn of_school(
    plan: &DraftPlan,
    rule: Rule,
    school: &SchoolDraft,
    push: &mut dyn FnMut(u64, u64, String),
) {
    let seats = u64::from(school.seats());
    match rule {
        Rule::ClassSize => {
            let Some(size) = plan.class_size() else { return };
            for line in &school.lines {
                let (Some(own), Some(classes)) = (line.seats, line.classes) else { continue };
                let most = u64::from(classes) * size;
                // The school as a whole is judged below.
                if u64::from(own) > most && seats <= u64::from(school.classes) * size {
                    let name = &line.name;
                    let words = format!("{name}计划 {own} 人，{classes} 个班 × {size} = {most} 人");
                    push(own.into(), most, words);
                }
            }
            let most = u64::from(school.classes) * size;
            if seats > most {
                let words =
                    format!("计划 {seats} 人，{} 个班 × {size} = {most} 人", school.classes);
                push(seats, most, words);
            }
        }
        Rule::NewSchoolSize => {
            let Some(room) = plan.new_school_room(school) else { return };
            let all = seats + u64::from(school.enrolled);
            let limit = plan.limits.new_school_size.as_ref().map_or(0, |c| u64::from(c.value));
            if i64::try_from(seats).is_ok_and(|s| s > room) {
                let words =
                    format!("现有 {} + 计划 {seats} = {all} 人，上限 {limit} 人", school.enrolled);
                push(all, limit, words);
            }
        }
        Rule::SpecialShare => {
            for (cap, places) in school.capped() {
                let lines = places.iter().map(|&at| &school.lines[at]);
                let own: u64 = lines.filter_map(|l| l.seats).map(u64::from).sum();
                let most = cap.millionths() * seats / Share::ONE;
                if own > most {
                    let name = &school.lines[places[0]].name;
                    push(
                        own,
                        most,
                        format!("{name} {own} 人，全校计划 {seats} 人 × {cap} = {most} 人"),
                    );
                }
            }
        }
        Rule::QuotaShare => {
            for line in &school.lines {
                let (Some(own), Some((share, mate))) = (line.seats, line.quota) else { continue };
                let whole = u64::from(own) + u64::from(school.lines[mate].seats.unwrap_or(0));
                let least = rounded(whole * share.millionths(), Share::ONE, plan.rounding);
                if u64::from(own) < least {
                    let name = &line.name;
                    let words =
                        format!("{name} {own} 人，应不少于 {whole} 人 × {share} = {least} 人");
                    push(own.into(), least, words);
                }
            }
        }
        Rule::Least => {
            for line in &school.lines {
                let own = line.seats.unwrap_or(0);
                if own < line.least {
                    let words = format!("{}计划 {own} 人，最低计划数 {} 人", line.name, line.least);
                    push(own.into(), line.least.into(), words);
                }
            }
            if seats < u64::from(school.least) {
                let words = format!("计划 {seats} 人，最低计划数 {} 人", school.least);
                push(seats, school.least.into(), words);
            }
        }
        Rule::Rooms => {
            let Some(rooms) = school.rooms else { return };
            if school.classes > rooms {
                let words = format!("新生 {} 个班，可用教室 {rooms} 间", school.classes);
                push(school.classes.into(), rooms.into(), words);
            }
        }
        Rule::Staff => {
            let Some((room, _)) = plan.staff_room(school) else { return };
            if 10 * seats > room {
                let most = room / 10;
                let words = format!(
                    "计划 {seats} 人，教职工 {} 人还可带 {most} 人",
                    school.staff.unwrap_or(0)
                );
                push(seats, most, words);
            }
        }
        Rule::ApprovedSeats | Rule::ApprovedClasses | Rule::Intake => {}
    }
}
