//! Integer programs by type: a bound that groups force, and for small schools a better dealing or the proof that there
//! is none.

use super::Kind;
use super::model::{Counts, Model};
use crate::solver::{Backend, Effort, End, Program, Unsolved, Var};

/// Variables up to which the program over all types is worth its time with the pure-Rust backend.
const SMALL: usize = 400;
/// The same with a strong one.
const LARGE: usize = 4_000;

/// Groups of so many pupils, and so many of those, have classes of their own in the bound.
const LARGE_GROUP: u32 = 4;
const GROUPS: usize = 4;

/// Nodes for one program of a bound, which is nearly a flow.
const FLOW_NODES: u32 = 50;

/// No dealing costs less: the least costs of the kinds, each alone, added up. Zero where no group has more pupils of a
/// value than the even share, and without groups.
pub(super) fn floor(model: &Model, effort: &Effort<'_>) -> i64 {
    if model.types.iter().all(|t| t.size == 1) {
        return 0;
    }
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.even());
    kinds.map(|kind| Alone::of(model, kind).floor(effort)).sum()
}

/// One kind alone: classes that hold no large group differ in size only, and stand in the program as one column.
struct Alone<'m> {
    model: &'m Model,
    /// The values of the kind.
    values: Vec<usize>,
    /// The largest groups: their sizes and how many pupils of each value they have.
    large: Vec<(u32, Vec<i64>)>,
    /// Places above the even share that each value's groups take wherever they are.
    forced: Vec<i64>,
}

/// Equal classes.
#[derive(Clone)]
struct Column {
    classes: u32,
    size: u32,
    /// Pupils of the large groups, by value.
    held: Vec<i64>,
}

impl<'m> Alone<'m> {
    fn of(model: &'m Model, kind: Kind) -> Self {
        let values: Vec<usize> =
            (0..model.values.len()).filter(|&v| model.values[v].kind == kind).collect();
        let held = |unit: &[(u16, u32)]| -> Vec<i64> {
            let of = |v: &usize| unit.iter().find(|(w, _)| usize::from(*w) == *v);
            values.iter().map(|v| of(v).map_or(0, |&(_, many)| i64::from(many))).collect()
        };
        let groups = model.types.iter().filter(|t| t.size > 1);
        let mut groups: Vec<(u32, Vec<i64>)> = groups
            .flat_map(|t| std::iter::repeat_n((t.size, held(&t.values)), t.units.len()))
            .collect();
        let above = |at: usize, many: i64| (many - model.bounds(values[at], 0)[0].1).max(0);
        let forced = (0..values.len())
            .map(|at| groups.iter().map(|(_, held)| above(at, held[at])).sum())
            .collect();
        groups.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
        groups.retain(|(size, _)| *size >= LARGE_GROUP);
        groups.truncate(GROUPS);
        Self { model, values, large: groups, forced }
    }

    /// The least cost over every way to seat the large groups, up to exchanging equal classes; everyone else counts as
    /// single, but for the places that are forced.
    fn floor(&self, effort: &Effort<'_>) -> i64 {
        if self.large.is_empty() && self.forced.iter().all(|&f| f == 0) {
            return 0;
        }
        let mut columns: Vec<Column> = Vec::new();
        for &size in &self.model.sizes {
            match columns.last_mut() {
                Some(last) if last.size == size => last.classes += 1,
                _ => columns.push(Column { classes: 1, size, held: vec![0; self.values.len()] }),
            }
        }
        self.seated(columns, 0, effort).unwrap_or(0)
    }

    /// Seats the large groups from the `next` on; nothing where they cannot be seated.
    fn seated(&self, columns: Vec<Column>, next: usize, effort: &Effort<'_>) -> Option<i64> {
        let Some((size, group)) = self.large.get(next) else {
            return self.cost(&columns, effort);
        };
        let mut least: Option<i64> = None;
        for at in 0..columns.len() {
            let taken: i64 = columns[at].held.iter().sum();
            if taken + i64::from(*size) > i64::from(columns[at].size) {
                continue;
            }
            let mut columns = columns.clone();
            let mut own = Column { classes: 1, ..columns[at].clone() };
            own.held.iter_mut().zip(group).for_each(|(held, more)| *held += more);
            columns[at].classes -= 1;
            columns.push(own);
            columns.retain(|c| c.classes > 0);
            if let Some(cost) = self.seated(columns, next + 1, effort) {
                least = Some(least.map_or(cost, |l| l.min(cost)));
            }
            if least == Some(0) {
                break;
            }
        }
        least
    }

    /// The least cost with the large groups in these columns, nothing where that cannot be. What a value costs in equal classes is least when it is
    /// spread evenly, so that one variable for all of them loses nothing.
    fn cost(&self, columns: &[Column], effort: &Effort<'_>) -> Option<i64> {
        let mut program = Program::new();
        let heavy = i32::try_from(1 + self.model.heavy()).unwrap_or(i32::MAX);
        let mut rows: Vec<Vec<Var>> = Vec::new();
        for (at, &value) in self.values.iter().enumerate() {
            let seated: i64 = columns.iter().map(|c| c.held[at]).sum();
            let left = i64::from(self.model.values[value].count) - seated;
            let row: Vec<Var> = columns.iter().map(|_| program.var(0, left as i32, 0)).collect();
            program.sum(row.iter().copied(), left);
            let [near, rule] = self.model.bounds(value, 0);
            let mut above = Vec::new();
            for (column, &var) in columns.iter().zip(&row) {
                let many = i64::from(column.classes);
                let wide = |gap: i64| (gap * many) as i32;
                let off = [
                    program.var(0, wide(rule.1 - near.1), 1),
                    program.var(0, 1_000_000, heavy),
                    program.var(0, wide(near.0 - rule.0), 1),
                    program.var(0, 1_000_000, heavy),
                ];
                above.extend([(off[0], 1), (off[1], 1)]);
                let signed = off.into_iter().zip([-1, -1, 1, 1]).chain([(var, 1)]);
                let held = column.held[at];
                program.row(signed, near.0 * many - held, near.1 * many - held);
            }
            program.row(above, self.forced[at], None);
            rows.push(row);
        }
        for (at, column) in columns.iter().enumerate() {
            let room = i64::from(column.classes * column.size) - column.held.iter().sum::<i64>();
            program.sum(rows.iter().map(|row| row[at]), room);
        }
        let effort = Effort { nodes: FLOW_NODES, ..*effort };
        match program.solve(&effort, None) {
            Ok(solved) => Some(solved.bound.unwrap_or(0).max(0)),
            Err(Unsolved::Infeasible) => None,
            Err(_) => Some(0),
        }
    }
}

/// What is known of the least cost.
pub(super) struct Known {
    pub(super) counts: Counts,
    pub(super) cost: i64,
    /// No dealing costs less.
    pub(super) bound: i64,
    /// How the search ended.
    pub(super) end: End,
}

/// Improves on `counts`, which cost more than `floor`, or raises the bound towards them, where the program over all
/// types is small enough for the backend.
pub(super) fn improve(model: &Model, counts: Counts, floor: i64, effort: &Effort<'_>) -> Known {
    let cost = model.total(&model.table(&counts));
    let mut known = Known { counts, cost, bound: floor, end: End::Limit };
    let most = if effort.backend == Backend::Microlp { SMALL } else { LARGE };
    if model.types.len() * model.classes() <= most && !(effort.stop)() {
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
