//! What groups force: a bound from each kind of value alone, with the large groups in classes of their own.
//!
//! The objective adds up over kinds, so that the least that each kind can cost by itself is a bound for all together. One
//! kind alone needs no types: classes that are equal and hold no large group stand in the program as one column, and everyone
//! outside the large groups counts as single. The seats of the large groups are searched by branch and bound, each partial
//! seating judged by the same program, which never falls when one more group is seated.

use super::Kind;
use super::model::Model;
use crate::solver::{Effort, Program, Unsolved, Var};

/// Groups of so many pupils, and so many of those, have classes of their own.
const LARGE_GROUP: u32 = 4;
const GROUPS: usize = 12;

/// Nodes for one program, which is nearly a flow.
const FLOW_NODES: u32 = 50;

/// Programs for the seatings of one kind; where they are used up, a partial seating counts as what it costs.
const PROGRAMS: u32 = 300;

/// No dealing costs less: the least costs of the kinds, each alone, added up. Zero where no group has more pupils of a
/// value than the even share, or of a combination than are at home in one class, and without groups.
pub(super) fn floor(model: &Model, effort: &Effort<'_>) -> i64 {
    if model.types.iter().all(|t| t.size == 1) {
        return 0;
    }
    Kind::ALL.into_iter().map(|kind| Alone::of(model, kind).floor(effort)).sum()
}

/// One kind alone.
struct Alone<'m> {
    model: &'m Model,
    /// Whether everybody has a value of the kind.
    whole: bool,
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
    /// One of them.
    class: usize,
    size: u32,
    /// Pupils of the large groups, by value.
    held: Vec<i64>,
}

/// The best seating so far.
struct Search {
    best: Option<i64>,
    programs: u32,
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
        let above = |at: usize, many: i64| {
            // Where a combination is at home depends on the class, so that nothing is forced in every class.
            let most = (0..model.classes()).map(|k| model.bounds(values[at], k)[0].1).max();
            (many - most.unwrap_or(0)).max(0)
        };
        let forced = (0..values.len())
            .map(|at| groups.iter().map(|(_, held)| above(at, held[at])).sum())
            .collect();
        groups.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
        groups.retain(|(size, _)| *size >= LARGE_GROUP);
        groups.truncate(GROUPS);
        Self { model, whole: kind.even(), values, large: groups, forced }
    }

    /// The least cost over every way to seat the large groups, up to exchanging equal classes.
    fn floor(&self, effort: &Effort<'_>) -> i64 {
        if self.values.is_empty() || self.large.is_empty() && self.forced.iter().all(|&f| f == 0) {
            return 0;
        }
        let bounds = |class: usize| -> Vec<_> {
            self.values.iter().map(|&v| self.model.bounds(v, class)).collect()
        };
        let mut columns: Vec<Column> = Vec::new();
        for (class, &size) in self.model.sizes.iter().enumerate() {
            let alike = |c: &&mut Column| c.size == size && bounds(c.class) == bounds(class);
            match columns.iter_mut().find(alike) {
                Some(column) => column.classes += 1,
                None => {
                    let held = vec![0; self.values.len()];
                    columns.push(Column { classes: 1, class, size, held });
                }
            }
        }
        let mut search = Search { best: None, programs: 0 };
        self.seated(&columns, 0, &mut search, effort);
        search.best.unwrap_or(0)
    }

    /// Seats the large groups from the `next` on, cheapest seats first, unless that cannot come out below the best.
    fn seated(&self, columns: &[Column], next: usize, search: &mut Search, effort: &Effort<'_>) {
        search.programs += 1;
        let Some(cost) = self.cost(columns, effort) else { return };
        if search.best.is_some_and(|best| cost >= best) {
            return;
        }
        let left = search.programs < PROGRAMS && !(effort.stop)();
        let Some((size, group)) = self.large.get(next).filter(|_| left) else {
            search.best = Some(cost);
            return;
        };
        let taken = |c: &Column| c.held.iter().sum::<i64>();
        // What a group costs in a class by itself says which class to look at first, and nothing more.
        let price = |c: &Column| -> (i64, i64) {
            let over = |(at, more): (usize, &i64)| {
                let most = self.model.bounds(self.values[at], c.class)[0].1;
                (c.held[at] + more - most).max(0)
            };
            (group.iter().enumerate().map(over).sum(), taken(c))
        };
        let room =
            |&at: &usize| taken(&columns[at]) + i64::from(*size) <= i64::from(columns[at].size);
        let mut order: Vec<usize> = (0..columns.len()).filter(room).collect();
        order.sort_by_key(|&at| price(&columns[at]));
        for at in order {
            let mut columns = columns.to_vec();
            let mut own = Column { classes: 1, ..columns[at].clone() };
            own.held.iter_mut().zip(group).for_each(|(held, more)| *held += more);
            columns[at].classes -= 1;
            columns.push(own);
            columns.retain(|c| c.classes > 0);
            self.seated(&columns, next + 1, search, effort);
            if search.best.is_some_and(|best| best <= cost) {
                break;
            }
        }
    }

    /// The least cost with the large groups seated so far in these columns, nothing where that cannot be. What a value costs
    /// in equal classes is least when it is spread evenly, so that one variable for all of them loses nothing.
    fn cost(&self, columns: &[Column], effort: &Effort<'_>) -> Option<i64> {
        let mut program = Program::new();
        let heavy = i32::try_from(1 + self.model.heavy()).unwrap_or(i32::MAX);
        let mut rows: Vec<Vec<Var>> = Vec::new();
        for (at, &value) in self.values.iter().enumerate() {
            let seated: i64 = columns.iter().map(|c| c.held[at]).sum();
            let left = i64::from(self.model.values[value].count) - seated;
            let row: Vec<Var> = columns.iter().map(|_| program.var(0, left as i32, 0)).collect();
            program.sum(row.iter().copied(), left);
            let mut above = Vec::new();
            for (column, &var) in columns.iter().zip(&row) {
                let [near, rule] = self.model.bounds(value, column.class);
                let many = i64::from(column.classes);
                let wide = |gap: i64| (gap * many).clamp(0, 1_000_000) as i32;
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
            let least = self.whole.then_some(room);
            program.row(rows.iter().map(|row| (row[at], 1)), least, room);
        }
        let effort = Effort { nodes: FLOW_NODES, ..*effort };
        match program.solve(&effort, None) {
            Ok(solved) => Some(solved.bound.unwrap_or(0).max(0)),
            Err(Unsolved::Infeasible) => None,
            Err(_) => Some(0),
        }
    }
}
