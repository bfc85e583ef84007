//! A good start for the flow of a table: potentials from a few sweeps of dual coordinate ascent.
//!
//! A sweep sets the potential of each row so that just as many of its cells are cheap as it has seats to give, then that of
//! each column so that its count is inside its bounds, then that of the sink. Each step raises the dual objective or leaves it,
//! so that ever fewer units are left for the exact search. Where it stops has no bearing on the answer, only on the time.

use super::flow::{Cost, Network};

const SWEEPS: usize = 12;

/// Potentials for a network of `rows`, then columns, then the sink, whose first `cells` arcs run from rows to
/// columns with room for one each, the next from each column to the sink, and any others between rows.
pub(super) fn potentials(network: &Network, rows: usize, cells: usize) -> Vec<Cost> {
    let sink = network.supply.len() - 1;
    let (unit, others) = network.arcs.split_at(cells);
    let to_sink = &others[..sink - rows];
    let mut touching = vec![Vec::new(); sink];
    for arc in unit {
        touching[arc.from].push((arc.cost, arc.to));
        touching[arc.to].push((arc.cost, arc.from));
    }
    let least: i64 = to_sink.iter().map(|a| a.lower).sum();
    let over = usize::try_from(-network.supply[sink] - least).unwrap_or(0);
    let mut potential = vec![Cost::ZERO; sink + 1];
    let mut values = Vec::new();
    for _ in 0..SWEEPS {
        for row in 0..rows {
            values.clear();
            values.extend(touching[row].iter().map(|&(cost, column)| cost - potential[column]));
            if let Some(next) = value_after(&mut values, network.supply[row]) {
                potential[row] = Cost::ZERO - next;
            }
        }
        for arc in to_sink {
            values.clear();
            values.extend(touching[arc.from].iter().map(|&(cost, row)| cost + potential[row]));
            let level = potential[sink];
            let count = i64::try_from(values.iter().filter(|&&v| v < level).count()).unwrap_or(0);
            let wanted = count.clamp(arc.lower, arc.upper);
            potential[arc.from] = if wanted == count {
                level
            } else {
                value_after(&mut values, wanted).unwrap_or(level)
            };
        }
        values.clear();
        values.extend(to_sink.iter().filter(|a| a.lower < a.upper).map(|a| potential[a.from]));
        if let Some(level) = value_after(&mut values, i64::try_from(over).unwrap_or(0) - 1) {
            potential[sink] = level;
        }
    }
    potential
}

/// The value that has `count` others before it in ascending order, the last one if there are fewer.
fn value_after(values: &mut [Cost], count: i64) -> Option<Cost> {
    let last = values.len().checked_sub(1)?;
    let at = usize::try_from(count).unwrap_or(0).min(last);
    Some(*values.select_nth_unstable(at).1)
}
