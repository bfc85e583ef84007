//! Floors 录取下限: announced, relative to an earlier batch, and relative to this one (SPEC §5.4).

use super::classes::Classes;
use super::market::Market;
use super::run::{FloorRule, Holdings, deferred_acceptance, walk};
use crate::domain::Score;

/// A run together with the floors that it obeyed.
pub struct Floored {
    /// Who holds what.
    pub holdings: Holdings,
    /// The floor of each class as it bound in the end, if it did.
    pub floors: Vec<Option<Score>>,
    /// The part of each floor that was known before the batch.
    pub fixed: Vec<Option<Score>>,
    /// For a walk: from which rank in the common order on a class's relative floor binds.
    pub binds_from: Vec<Option<u32>>,
    /// The frozen lines: class and total, for every line that a floor refers to and that filled.
    pub frozen: Vec<(usize, Score)>,
    /// The first pass, whose lines are the frozen ones.
    pub first: Option<Box<Self>>,
}

impl Floored {
    /// The floor that keeps a participant out of a class, if one does. In a walk a relative floor binds
    /// only those who come after the last holder of its line.
    pub fn bars(&self, market: &Market, participant: u32, class: usize) -> Option<Score> {
        let floor = self.floors[class]?;
        let total = market.totals[participant as usize];
        if total >= floor {
            return None;
        }
        match self.binds_from[class] {
            Some(from) if market.rank_in_common(participant, class) <= u64::from(from) => {
                self.fixed[class].filter(|&least| total < least)
            }
            _ => Some(floor),
        }
    }
}

/// Runs the market under its floors.
///
/// 1. Without a floor relative to this batch: the walk where one order is common, else deferred acceptance.
/// 2. With one, and nothing returned: the walk is the result, and lines bind as they fill.
/// 3. With one, and seats returned: the walk over the planned seats is the first pass; its lines are
///    frozen, and deferred acceptance under them is the result. Never iterated.
pub fn run(market: &Market, classes: &Classes, general: bool) -> Floored {
    let fixed: Vec<Option<Score>> = classes.list.iter().map(|c| c.floor).collect();
    let unbound = vec![None; fixed.len()];
    let rules = |lines: bool| -> Vec<FloorRule> {
        let rule = |c: &super::classes::SeatClass| FloorRule {
            least: c.floor,
            line: if lines { c.line_floor } else { None },
        };
        classes.list.iter().map(rule).collect()
    };
    match (&market.common, classes.any_line_floor(), classes.any_returns()) {
        (Some(order), false, false) if !general => {
            let holdings = walk(market, order, &rules(false));
            Floored {
                holdings,
                floors: fixed.clone(),
                fixed,
                binds_from: unbound,
                frozen: Vec::new(),
                first: None,
            }
        }
        (Some(order), true, returns) => {
            let first = walk(market, order, &rules(true));
            let lines = relative_floors(classes, market, &first);
            let floors: Vec<Option<Score>> =
                fixed.iter().zip(&lines).map(|(fixed, line)| *fixed.max(line)).collect();
            let frozen = returns.then(|| frozen_lines(classes, market, &first));
            let rank = super::priority::ranks(order);
            let binds_from = classes
                .list
                .iter()
                .map(|c| {
                    let (last, _) = c.line_floor.and_then(|(line, _)| full_last(&first, line))?;
                    Some(rank[last as usize])
                })
                .collect();
            let first = Floored {
                holdings: first,
                floors,
                fixed,
                binds_from,
                frozen: Vec::new(),
                first: None,
            };
            let Some(frozen) = frozen else { return first };
            Floored {
                holdings: deferred_acceptance(market, &first.floors),
                floors: first.floors.clone(),
                fixed: first.fixed.clone(),
                binds_from: unbound,
                frozen,
                first: Some(Box::new(first)),
            }
        }
        _ => {
            let holdings = deferred_acceptance(market, &fixed);
            Floored {
                holdings,
                floors: fixed.clone(),
                fixed,
                binds_from: unbound,
                frozen: Vec::new(),
                first: None,
            }
        }
    }
}

/// The last holder of a class that had seats and filled them.
fn full_last(holdings: &Holdings, class: usize) -> Option<(u32, u32)> {
    let full = holdings.seats[class] > 0 && holdings.count[class] >= holdings.seats[class];
    if full { holdings.last[class] } else { None }
}

/// The floor that each class's line puts on it, where that line filled.
fn relative_floors(classes: &Classes, market: &Market, first: &Holdings) -> Vec<Option<Score>> {
    let floor = |c: &super::classes::SeatClass| {
        let (line, minus) = c.line_floor?;
        let (last, _) = full_last(first, line)?;
        Some(market.totals[last as usize].minus(minus))
    };
    classes.list.iter().map(floor).collect()
}

/// The lines that floors refer to, by class, where they filled.
fn frozen_lines(classes: &Classes, market: &Market, first: &Holdings) -> Vec<(usize, Score)> {
    let mut lines: Vec<usize> =
        classes.list.iter().filter_map(|c| c.line_floor.map(|(line, _)| line)).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
        .into_iter()
        .filter_map(|line| {
            full_last(first, line).map(|(last, _)| (line, market.totals[last as usize]))
        })
        .collect()
}
