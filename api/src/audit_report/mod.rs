//! What an audit found, for people and for machines: `violations.csv`, a page to read and print, a
//! workbook. The three say the same in the same order.

mod book;
mod csv;
mod page;

use luqu_engine::domain::{Season, Severity};
use luqu_engine::rules::{Attending, AuditInputs, Code, RULES, Rule, Violation};

pub use book::workbook;
pub use csv::violations_csv;
pub use page::page;

/// The findings of one audit.
#[derive(Clone, Copy)]
pub struct Findings<'a> {
    /// The season judged against.
    pub season: &'a Season,
    /// What was judged.
    pub inputs: &'a AuditInputs,
    /// Everything found, in the order of the audit.
    pub violations: &'a [Violation],
}

/// The findings under one rule.
#[derive(Clone, Copy)]
pub struct ByRule<'a> {
    /// The rule.
    pub rule: &'static Rule,
    /// Its violations.
    pub violations: &'a [Violation],
    /// Why the rule could not be judged, in Chinese, if it could not.
    pub unjudged: Option<&'static str>,
}

impl ByRule<'_> {
    /// How many are errors.
    pub fn errors(&self) -> usize {
        self.violations.iter().filter(|v| v.severity == Severity::Error).count()
    }

    /// How many are warnings.
    pub fn warnings(&self) -> usize {
        self.violations.len() - self.errors()
    }

    /// The state in one word: not judged, nothing found, or found.
    pub fn state(&self) -> String {
        match (self.unjudged, self.errors(), self.warnings()) {
            (Some(why), 0, 0) => format!("未检查（{why}）"),
            (None, 0, 0) => "未发现".to_owned(),
            (_, errors, 0) => format!("违规 {errors}"),
            (_, 0, warnings) => format!("提醒 {warnings}"),
            (_, errors, warnings) => format!("违规 {errors}，提醒 {warnings}"),
        }
    }
}

impl<'a> Findings<'a> {
    /// Every rule in order, with what it found.
    pub fn by_rule(&self) -> Vec<ByRule<'a>> {
        let of = |rule: &'static Rule| {
            let start = self.violations.partition_point(|v| v.code < rule.code);
            let end = self.violations.partition_point(|v| v.code <= rule.code);
            let unjudged = unjudged(rule.code, self.inputs);
            ByRule { rule, violations: &self.violations[start..end], unjudged }
        };
        RULES.iter().map(of).collect()
    }

    /// How many violations are errors.
    pub fn errors(&self) -> usize {
        self.violations.iter().filter(|v| v.severity == Severity::Error).count()
    }

    /// What was judged, in one line: 录取 1,200 条，学籍 … .
    pub fn scope(&self) -> String {
        let inputs = self.inputs;
        let admissions = match &inputs.admissions {
            Some(list) => format!("录取 {} 条", list.len()),
            None => "无录取名单".to_owned(),
        };
        let mut parts = vec![admissions];
        for (what, count) in [
            ("学籍", inputs.registry.len()),
            ("行政班", inputs.classes.len()),
            ("教学班", inputs.sections.len()),
            ("封存摘要", inputs.sealed.len()),
        ] {
            if count > 0 {
                parts.push(format!("{what} {count} 条"));
            }
        }
        parts.join("，")
    }
}

/// Why a rule had nothing to judge.
fn unjudged(code: Code, inputs: &AuditInputs) -> Option<&'static str> {
    let no_roll = inputs.admissions.is_none().then_some("没有录取名单");
    let no_registry = inputs.registry.is_empty().then_some("没有学籍表");
    let no_attendance = || {
        let unknown = inputs.registry.iter().all(|r| r.attending == Attending::Unknown);
        unknown.then_some("学籍表没有实际就读学校")
    };
    match code {
        Code::V01 | Code::V02 | Code::V04 | Code::V05 | Code::V11 | Code::V12 => no_roll,
        Code::V13 | Code::V16 | Code::V18 => no_roll,
        Code::V06 => no_registry,
        Code::V07 | Code::V10 => no_roll.or(no_registry),
        Code::V08 | Code::V09 => no_registry.or_else(no_attendance),
        Code::V14 => inputs.classes.is_empty().then_some("没有行政班名单"),
        Code::V17 => inputs.sealed.is_empty().then_some("没有封存证书"),
        Code::V19 => inputs.sections.is_empty().then_some("没有教学班名单"),
        Code::V03 | Code::V15 => None,
    }
}

/// A cell that a spreadsheet would take for a formula, made harmless with an apostrophe in front.
fn defused(text: &str) -> std::borrow::Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}
