//! The integer program over all types: for small schools a better dealing or the proof that there is none.

use super::model::{Counts, Model};
use crate::solver::{Backend, Effort, End, Program, Var};

/// Variables up to which the program over all types is worth its time with the pure-Rust backend.
const SMALL: usize = 400;
/// The same with a strong one.
const LARGE: usize = 4_000;

/// What is known of the least cost.
pub(super) struct Known {
    pub(super) counts: Counts,
    pub(super) cost: i64,
    /// No dealing costs less.
    pub(super) bound: i64,
    /// How the search ended.
    pub(super) end: End,
}

/// Improves on `counts`, or raises the bound that is known towards them, where they cost more and the program over all types
/// is small enough for the backend.
pub(super) fn improve(model: &Model, counts: Counts, bound: i64, effort: &Effort<'_>) -> Known {
    let cost = model.total(&model.table(&counts));
    let mut known = Known { counts, cost, bound, end: End::Limit };
    let most = if effort.backend == Backend::Microlp { SMALL } else { LARGE };
    let open = cost > bound && !(effort.stop)();
    if open && model.types.len() * model.classes() <= most {
        let stated = Stated::of(model);
        let start = stated.values(model, &known.counts);
        if let Ok(solved) = stated.program.solve(effort, Some(&start)) {
            known.end = solved.end;
            if solved.cost < known.cost {
                known.counts = stated.units.iter().map(|&v| solved.value(v) as u32).collect();
                known.cost = model.total(&model.table(&known.counts));
            }
            known.bound = known.bound.max(solved.bound.unwrap_or(0)).min(known.cost);
        }
    }
    known.end = match known.end {
        _ if known.bound >= known.cost => End::Optimal,
        _ if (effort.stop)() => End::Stopped,
        _ => End::Limit,
    };
    known
}

/// The program over all types and values.
struct Stated {
    program: Program,
    /// `types × classes`.
    units: Vec<Var>,
    /// Value, class, and the four variables of its deviation: above and below, within the rule and beyond it.
    cells: Vec<(usize, usize, [Var; 4])>,
}

impl Stated {
    fn of(model: &Model) -> Self {
        let classes = model.classes();
        let mut program = Program::new();
        let mut units = Vec::with_capacity(model.types.len() * classes);
        for t in &model.types {
            let count = t.units.len();
            let row: Vec<Var> = (0..classes).map(|_| program.var(0, count as i32, 0)).collect();
            program.sum(row.iter().copied(), count as i64);
            units.extend(row);
        }
        let rows = || model.types.iter().zip(units.chunks(classes));
        for (class, &size) in model.sizes.iter().enumerate() {
            let all = rows().map(|(t, row)| (row[class], t.size as i32));
            program.row(all, i64::from(size), i64::from(size));
            for apart in 0..model.aparts as u16 {
                let members = rows().filter(|(t, _)| t.apart.contains(&apart));
                program.row(members.map(|(_, row)| (row[class], 1)), None, 1);
            }
        }
        let heavy = i32::try_from(1 + model.heavy()).unwrap_or(i32::MAX);
        let wide = |gap: i64| gap.clamp(0, 1_000_000) as i32;
        let mut cells = Vec::new();
        for value in 0..model.values.len() {
            for class in 0..classes {
                let [near, rule] = model.bounds(value, class);
                let off = [
                    program.var(0, wide(rule.1 - near.1), 1),
                    program.var(0, 1_000_000, heavy),
                    program.var(0, wide(near.0 - rule.0), 1),
                    program.var(0, 1_000_000, heavy),
                ];
                let held = rows().filter_map(|(t, row)| {
                    let (_, many) = t.values.iter().find(|(v, _)| usize::from(*v) == value)?;
                    Some((row[class], *many as i32))
                });
                let signed = off.into_iter().zip([-1, -1, 1, 1]);
                program.row(held.chain(signed).collect::<Vec<_>>(), near.0, near.1);
                cells.push((value, class, off));
            }
        }
        Self { program, units, cells }
    }

    /// The values of the program for a dealing.
    fn values(&self, model: &Model, counts: &Counts) -> Vec<i64> {
        let table = model.table(counts);
        let mut values = vec![0; self.program.vars()];
        for (var, &count) in self.units.iter().zip(counts) {
            values[var.at()] = i64::from(count);
        }
        for &(value, class, [up, far_up, down, far_down]) in &self.cells {
            let count = table[value * model.classes() + class];
            let [near, rule] = model.bounds(value, class);
            let (above, below) = ((count - near.1).max(0), (near.0 - count).max(0));
            values[up.at()] = above.min(rule.1 - near.1);
            values[far_up.at()] = above - values[up.at()];
            values[down.at()] = below.min(near.0 - rule.0);
            values[far_down.at()] = below - values[down.at()];
        }
        values
    }
}
