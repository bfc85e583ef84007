//! The smallest set of rules that conflict: named rules, not rows.

use serde::Serialize;

use super::reach::present;
use super::{Active, DraftPlan, Rule, Shortfall, shortfall};

/// Rules that no plan at all keeps together. Without any one of them some plan does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Conflict {
    /// The rules, in order.
    pub rules: Vec<Rule>,
    /// Their names, as the clerk calls them.
    pub names: Vec<String>,
    /// Their sources.
    pub sources: Vec<String>,
    /// The numbers, as a sentence in Chinese.
    pub sentence: String,
}

/// The smallest set of rules that conflict; nothing where some plan keeps them all.
///
/// Sets are tried by size, so that none smaller exists – a deletion filter would only find one from which nothing can be
/// left out. Among the smallest it is the first in the order of rules. At most 2¹⁰ sets, each in exact arithmetic.
pub fn conflict(plan: &DraftPlan) -> Option<Conflict> {
    among(plan, &present(plan))
}

/// The smallest set that conflicts among these.
pub(super) fn among(plan: &DraftPlan, rules: &[Rule]) -> Option<Conflict> {
    shortfall(plan, Active::of(rules))?;
    let (set, why) = (1..=rules.len()).find_map(|size| {
        let sets = subsets(rules, size);
        sets.into_iter().find_map(|set| shortfall(plan, Active::of(&set)).map(|why| (set, why)))
    })?;
    Some(Conflict {
        names: set.iter().map(|r| r.name(plan)).collect(),
        sources: set.iter().map(|r| r.source(plan)).collect(),
        sentence: sentence(&why),
        rules: set,
    })
}

/// The subsets of a size, the earlier rules first.
fn subsets(rules: &[Rule], size: usize) -> Vec<Vec<Rule>> {
    match (size, rules) {
        (0, _) => vec![Vec::new()],
        (_, []) => Vec::new(),
        (_, [first, rest @ ..]) => {
            let with = subsets(rest, size - 1).into_iter().map(|mut set| {
                set.insert(0, *first);
                set
            });
            with.chain(subsets(rest, size)).collect()
        }
    }
}

/// The numbers of a shortfall under the rules that are in force.
fn sentence(why: &Shortfall) -> String {
    match why {
        Shortfall::School { id, name, least: None, .. } => {
            format!("{id} {name}：无论计划多少人，承诺的计划数都不能满足")
        }
        Shortfall::School { id, name, least: Some(least), most } if *most < 0 => {
            format!(
                "{id} {name}：高二、高三已超出 {} 人，新生 {least} 人也容不下",
                most.unsigned_abs()
            )
        }
        Shortfall::School { id, name, least: Some(least), most } => {
            format!("{id} {name}：至少要 {least} 人，至多 {most} 人")
        }
        Shortfall::Classes { least, most } => format!("各校至少要 {least} 个班，批准 {most} 个"),
        Shortfall::Seats { least, most } => format!("各校至少要 {least} 人，批准 {most} 人"),
        Shortfall::Intake { least, most } => {
            format!("需要 {least} 个学位，至多能有 {most} 个，差 {} 个", least - most)
        }
    }
}
