//! What if 试算: the season as it would be under another plan, share, floor, order or seed.
//!
//! A changed policy goes through the same refusals as a file, a changed plan through the same checks as a
//! table; nothing that could not be a season is placed.

mod flags;
pub mod grid;

use super::said::Lang;
use super::{Comparison, compare::compare_in};
use crate::domain::{
    Answer, BatchIx, CategoryIx, Fault, PlanLine, QuotaCell, SchoolIx, Score, Season, Share,
};
use crate::placement::{Undecided, place};
use crate::policy::{Policy, Refusal};
use crate::quota::{self, QuotaError};

/// One thing to change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// The seats of a plan line.
    Seats {
        /// 学校代码
        school: String,
        /// The category's id.
        category: String,
        /// The batch's id; may be left out where the school has one such line.
        batch: Option<String>,
        /// By how much, or to what.
        amount: Amount,
    },
    /// The quota share of every school; its quota and unified seats and all cells are distributed anew.
    Share(Share),
    /// `minus` of the relative floor of one category, or of every category that has one.
    FloorMinus {
        /// The category's id.
        category: Option<String>,
        /// How far below the line one may be.
        minus: Score,
    },
    /// The announced floor of a category.
    FloorAtLeast {
        /// The category's id.
        category: String,
        /// The least total.
        total: Score,
    },
    /// The priority list of a batch.
    Priority {
        /// The batch's id.
        batch: String,
        /// The words of the policy file.
        keys: Vec<String>,
    },
    /// The lottery seed.
    Seed(String),
}

/// A change of a number of seats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amount {
    /// So many more, or fewer.
    By(i64),
    /// So many.
    To(u32),
}

/// Why there is no such season.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum WhatIfError {
    /// A flag that cannot be read.
    #[error("--{flag} {text}：{expected}")]
    Unreadable {
        /// Which flag.
        flag: &'static str,
        /// What it was given.
        text: String,
        /// The form, with an example.
        expected: &'static str,
    },
    /// A school, batch or category that the season does not have, or not once.
    #[error("{0}")]
    NoSuch(String),
    /// The policy would be refused.
    #[error("这样的政策会被拒绝：{}", refusals(.0))]
    Refused(Vec<Refusal>),
    /// The plan would have blocking faults.
    #[error("这样的计划会被拒绝：{}", faults(.0))]
    Faulty(Vec<Fault>),
    /// The quota seats cannot be distributed.
    #[error("指标无法分配：{0}")]
    Quota(String),
}

impl From<QuotaError> for WhatIfError {
    fn from(error: QuotaError) -> Self {
        Self::Quota(error.to_string())
    }
}

fn refusals(list: &[Refusal]) -> String {
    let one = |r: &Refusal| format!("{}（{}）", r.message, r.kind.why());
    list.iter().map(one).collect::<Vec<_>>().join("；")
}

fn faults(list: &[Fault]) -> String {
    let one = |f: &Fault| match f.found.is_empty() {
        true => format!("{} {}", f.code, f.expected),
        false => format!("{} {}，{}", f.code, f.found, f.expected),
    };
    list.iter().map(one).collect::<Vec<_>>().join("；")
}

/// The season with every change made: seats first, then the share of what they add up to, then the policy.
///
/// Applicants and wishes are shared with the season given. Seats of a by-junior line are distributed to
/// its junior schools anew.
///
/// # Errors
/// What the first group of changes that cannot be made says.
pub fn changed(season: &Season, changes: &[Change]) -> Result<Season, WhatIfError> {
    let policy = changed_policy(season, changes)?;
    let season = &season.with_policy(policy.clone());
    let mut plan = season.plan().to_vec();
    let mut quotas = season.quotas().to_vec();
    let mut undistributed = false;
    for change in changes {
        if let Change::Seats { school, category, batch, amount } = change {
            let at = plan_line(season, &plan, school, category, batch.as_deref())?;
            undistributed |= set_seats(season, &mut plan[at], &mut quotas, *amount)?;
        }
    }
    if undistributed {
        let bare = season.with_plan(plan, quotas);
        let done = quota::distribute(&bare)?;
        (plan, quotas) = (done.plan, done.quotas);
    }
    let share = changes.iter().rev().find_map(|c| match c {
        Change::Share(share) => Some(*share),
        _ => None,
    });
    if let Some(share) = share {
        let other = quota::with_share(&season.with_plan(plan, quotas), share)?;
        (plan, quotas) = (other.plan().to_vec(), other.quotas().to_vec());
    }
    season.recheck(policy, plan, quotas).map_err(WhatIfError::Faulty)
}

/// Places a changed season and compares it with the season and answer given.
///
/// # Errors
/// As [`changed`]; ties without a recorded order are the inner result.
pub fn compared(
    season: &Season,
    answer: &Answer,
    changes: &[Change],
    lang: Lang,
) -> Result<Result<Comparison, Undecided>, WhatIfError> {
    let other = changed(season, changes)?;
    Ok(place(&other).map(|after| compare_in(season, answer, &other, &after, lang)))
}

/// The place in the plan of the line that a change names.
fn plan_line(
    season: &Season,
    plan: &[PlanLine],
    school: &str,
    category: &str,
    batch: Option<&str>,
) -> Result<usize, WhatIfError> {
    let policy = season.policy();
    let no = |text: String| WhatIfError::NoSuch(text);
    let school_ix: SchoolIx =
        season.school_called(school).ok_or_else(|| no(format!("没有学校 {school}，或不止一所")))?;
    let category_ix: CategoryIx =
        policy.category_called(category).ok_or_else(|| no(format!("没有类别 {category}")))?;
    let batch_ix: Option<BatchIx> = match batch {
        Some(id) => Some(policy.batch_called(id).ok_or_else(|| no(format!("没有批次 {id}")))?),
        None => None,
    };
    let fits = |line: &PlanLine| {
        (line.school, line.category) == (school_ix, category_ix)
            && batch_ix.is_none_or(|b| b == line.batch)
    };
    let found: Vec<usize> = (0..plan.len()).filter(|&at| fits(&plan[at])).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(no(format!("招生计划中没有 {school} 的 {category} 计划"))),
        several => {
            let ids: Vec<String> = several
                .iter()
                .map(|&at| format!("{school}:{category}@{}", policy.batch(plan[at].batch).id))
                .collect();
            Err(no(format!("{school} 有多条 {category} 计划，请写明批次：{}", ids.join(" 或 "))))
        }
    }
}

/// Sets the seats of a line. The cells of a by-junior line are taken away, to be distributed anew; says
/// whether there is such a line.
fn set_seats(
    season: &Season,
    line: &mut PlanLine,
    quotas: &mut Vec<QuotaCell>,
    amount: Amount,
) -> Result<bool, WhatIfError> {
    let before = i64::from(line.seats.unwrap_or(0));
    let after = match amount {
        Amount::By(by) => before + by,
        Amount::To(to) => i64::from(to),
    };
    let Ok(seats) = u32::try_from(after) else {
        let school = &season.school(line.school).name;
        return Err(WhatIfError::NoSuch(format!("{school}的计划数 {before} 不能改为 {after}")));
    };
    let by_junior = season.policy().category(line.category).by_junior;
    if line.seats == Some(seats) {
        return Ok(false);
    }
    line.seats = Some(seats);
    if by_junior {
        quotas.retain(|c| (c.school, c.batch) != (line.school, line.batch));
    }
    Ok(by_junior)
}

/// The policy with every change made, read again as a file would be.
fn changed_policy(season: &Season, changes: &[Change]) -> Result<Policy, WhatIfError> {
    let policy = season.policy();
    let mut seed = policy.seed.clone();
    let mut file: Option<toml::Table> = None;
    for change in changes {
        if let Change::Seed(other) = change {
            seed = Some(other.clone());
            continue;
        }
        if matches!(change, Change::Seats { .. } | Change::Share(_)) {
            continue;
        }
        if file.is_none() {
            let read = policy.text.parse::<toml::Table>();
            file = Some(read.map_err(|e| WhatIfError::NoSuch(e.message().to_owned()))?);
        }
        if let Some(file) = &mut file {
            edit(policy, file, change)?;
        }
    }
    if let Some(file) = file {
        return Policy::load(&file.to_string(), seed.as_deref()).map_err(WhatIfError::Refused);
    }
    if seed == policy.seed {
        return Ok(policy.clone());
    }
    Policy::load(&policy.text, seed.as_deref()).map_err(WhatIfError::Refused)
}

/// Makes one change in the tables of a policy file.
fn edit(policy: &Policy, file: &mut toml::Table, change: &Change) -> Result<(), WhatIfError> {
    match change {
        Change::FloorMinus { category, minus } => {
            let mut any = false;
            for rule in &policy.categories {
                let called = |text: &String| rule.id == text.as_str() || rule.name == *text;
                let wanted = category.as_ref().is_none_or(called);
                let relative = rule.floor.as_ref().is_some_and(|f| f.relative.is_some());
                if wanted && relative {
                    any = true;
                    if let Some(floor) = table_at(file, &["categories", &rule.id, "floor"]) {
                        floor.insert("minus".to_owned(), minus.to_string().into());
                    }
                }
            }
            if any {
                return Ok(());
            }
            Err(WhatIfError::NoSuch(match category {
                Some(id) => format!("类别 {id} 没有相对下限"),
                None => "政策中没有相对下限".to_owned(),
            }))
        }
        Change::FloorAtLeast { category, total } => {
            let Some(rule) = policy.category_called(category).map(|c| policy.category(c)) else {
                return Err(WhatIfError::NoSuch(format!("没有类别 {category}")));
            };
            if let Some(floor) = table_at(file, &["categories", &rule.id, "floor"]) {
                floor.insert("at_least".to_owned(), total.to_string().into());
            }
            Ok(())
        }
        Change::Priority { batch, keys } => {
            let at = policy
                .batch_called(batch)
                .ok_or_else(|| WhatIfError::NoSuch(format!("没有批次 {batch}")))?;
            let batches = file.get_mut("batches").and_then(toml::Value::as_array_mut);
            let table =
                batches.and_then(|b| b.get_mut(at.at())).and_then(toml::Value::as_table_mut);
            if let Some(table) = table {
                let keys: Vec<toml::Value> = keys.iter().map(|k| k.as_str().into()).collect();
                table.insert("priority".to_owned(), keys.into());
            }
            Ok(())
        }
        Change::Seats { .. } | Change::Share(_) | Change::Seed(_) => Ok(()),
    }
}

/// The table at a path, made where it is missing.
fn table_at<'t>(file: &'t mut toml::Table, path: &[&str]) -> Option<&'t mut toml::Table> {
    path.iter().try_fold(file, |table, key| {
        table
            .entry((*key).to_owned())
            .or_insert_with(|| toml::Value::Table(toml::Table::new()))
            .as_table_mut()
    })
}
