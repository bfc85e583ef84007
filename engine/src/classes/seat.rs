//! Seats what is bound – squads, pupils who stay together or apart – before the rest: greedily, then exactly.

use super::model::{Counts, Model};
use crate::solver::{Effort, Program, Unsolved};

/// Why the bound units have no seats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unseated {
    /// There is no way.
    Never,
    /// None was found before the search ended.
    Unknown,
}

/// The bound units of `model` in classes of at most `room` pupils each, free types nowhere. Single pupils without a
/// group fill the rest in any case, so that this alone decides whether the rules can be kept.
///
/// 1. Larger units first, each to the class where it goes least beyond the even shares, then where its values and
///    then pupils are fewest. With a class for every unit this fails only where there is no way.
/// 2. If that finds no room for a unit, an integer program seats them all or proves that it cannot be done.
pub(super) fn seat(model: &Model, room: &[u32], effort: &Effort<'_>) -> Result<Counts, Unseated> {
    let bound: Vec<usize> = (0..model.types.len()).filter(|&t| !model.types[t].free()).collect();
    let most = room.iter().copied().max().unwrap_or(0);
    let twice = |t: usize| model.types[t].apart.windows(2).any(|w| w[0] == w[1]);
    if bound.iter().any(|&t| model.types[t].size > most || twice(t)) {
        return Err(Unseated::Never);
    }
    if let Some(counts) = greedy(model, room, &bound) {
        return Ok(counts);
    }
    exact(model, room, &bound, effort)
}

fn greedy(model: &Model, room: &[u32], bound: &[usize]) -> Option<Counts> {
    let classes = room.len();
    let mut counts = vec![0; model.types.len() * classes];
    let mut table = vec![0_i64; model.values.len() * classes];
    let mut taken = vec![0_u32; classes];
    let mut here = vec![false; model.aparts * classes];
    let mut order = bound.to_vec();
    // Among equals those go first who may not meet the most others.
    order.sort_by_key(|&t| {
        (std::cmp::Reverse((model.types[t].size, model.types[t].apart.len())), t)
    });
    for t in order {
        let unit = &model.types[t];
        for _ in &unit.units {
            let fits = |k: &usize| {
                taken[*k] + unit.size <= room[*k]
                    && unit.apart.iter().all(|&a| !here[usize::from(a) * classes + k])
            };
            let price = |k: &usize| {
                let at = |v: u16| table[usize::from(v) * classes + k];
                let beyond = |v: u16, more: i64| {
                    let [(_, high), _] = model.bounds(usize::from(v), *k);
                    (at(v) + more - high).max(0) - (at(v) - high).max(0)
                };
                let over: i64 = unit.values.iter().map(|&(v, m)| beyond(v, i64::from(m))).sum();
                let met: i64 = unit.values.iter().map(|&(v, m)| at(v) * i64::from(m)).sum();
                (over, met, taken[*k], *k)
            };
            let class = (0..classes).filter(fits).min_by_key(price)?;
            counts[t * classes + class] += 1;
            taken[class] += unit.size;
            for &a in &unit.apart {
                here[usize::from(a) * classes + class] = true;
            }
            for &(v, many) in &unit.values {
                table[usize::from(v) * classes + class] += i64::from(many);
            }
        }
    }
    Some(counts)
}

fn exact(
    model: &Model,
    room: &[u32],
    bound: &[usize],
    effort: &Effort<'_>,
) -> Result<Counts, Unseated> {
    let classes = room.len();
    let mut program = Program::new();
    let mut vars = Vec::with_capacity(bound.len());
    for &t in bound {
        let unit = &model.types[t];
        let units = unit.units.len() as i32;
        let most = if unit.apart.is_empty() { units } else { 1 };
        let row: Vec<_> = (0..classes).map(|_| program.var(0, most, 0)).collect();
        program.sum(row.iter().copied(), i64::from(units));
        vars.push(row);
    }
    for (class, &room) in room.iter().enumerate() {
        let sizes =
            bound.iter().zip(&vars).map(|(&t, row)| (row[class], model.types[t].size as i32));
        program.row(sizes, None, i64::from(room));
        for apart in 0..model.aparts as u16 {
            let members = bound.iter().zip(&vars);
            let members = members.filter(|(t, _)| model.types[**t].apart.contains(&apart));
            program.row(members.map(|(_, row)| (row[class], 1)), None, 1);
        }
    }
    match program.solve(effort, None) {
        Ok(solved) => {
            let mut counts = vec![0; model.types.len() * classes];
            for (&t, row) in bound.iter().zip(&vars) {
                for (class, &var) in row.iter().enumerate() {
                    counts[t * classes + class] = solved.value(var) as u32;
                }
            }
            Ok(counts)
        }
        Err(Unsolved::Infeasible) => Err(Unseated::Never),
        Err(_) => Err(Unseated::Unknown),
    }
}
