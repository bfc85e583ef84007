//! Why there is no timetable: the smallest set of limits that conflict, and the cheapest change.

use super::opened::{Caps, Opening};
use super::school::{Cap, World};
use crate::solver::{Effort, End, Program, Unsolved, Var};

/// Limits that cannot all be kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// The fewest limits of capacity that no timetable keeps together, whatever the others are.
    pub limits: Vec<Cap>,
    /// The fewest rooms and teachers more that make a timetable possible; the class size is law and stays.
    pub changes: Vec<Change>,
    /// Both are proved; otherwise the search ended first, and the limits conflict but may not be the fewest.
    pub proved: bool,
}

/// A limit and how much more of it is needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// The limit as it is.
    pub cap: Cap,
    /// The block, from 1.
    pub block: u8,
    /// How many more in that block.
    pub more: u32,
}

impl Change {
    /// The change in the clerk's words: 第2节段化学教师由 3 名增至 4 名.
    #[must_use]
    pub fn sentence(&self) -> String {
        let (what, unit) = self.cap.words();
        let most = self.cap.most;
        format!("第{}节段{what}由 {most} {unit}增至 {} {unit}", self.block, most + self.more)
    }
}

/// Explains why the limits of the world conflict.
///
/// The smallest conflict hits every *correction*, a set of limits without which there is a timetable. So: take the
/// smallest set that hits all corrections known; if it conflicts, it is the answer; if not, grow it as far as there is
/// a timetable, and what is left out is one correction more.
///
/// # Errors
/// What the solver says.
pub(super) fn explained(world: &World<'_>, effort: &Effort<'_>) -> Result<Conflict, Unsolved> {
    let caps = &world.terms.caps;
    let mut proved = true;
    let mut holds = |chosen: &[usize]| {
        let some: Vec<Cap> = chosen.iter().map(|&at| caps[at]).collect();
        let (opening, _) = Opening::of(world, &some, Caps::Hard);
        match opening.program.solve(effort, None) {
            Ok(_) => Ok(true),
            Err(Unsolved::Infeasible) => Ok(false),
            Err(Unsolved::NotFound(End::Limit)) => {
                proved = false;
                Ok(false)
            }
            Err(why) => Err(why),
        }
    };
    let mut corrections: Vec<Vec<usize>> = Vec::new();
    let limits = loop {
        let hitting = smallest_hitting(caps.len(), &corrections, effort)?;
        if !holds(&hitting)? {
            break hitting;
        }
        let mut kept = hitting;
        let mut left_out = Vec::new();
        for at in 0..caps.len() {
            if kept.contains(&at) {
                continue;
            }
            kept.push(at);
            if !holds(&kept)? {
                kept.pop();
                left_out.push(at);
            }
        }
        if left_out.is_empty() {
            return Err(Unsolved::Failed("contradictory answers about the limits".to_owned()));
        }
        corrections.push(left_out);
    };
    let (changes, cheapest) = cheapest(world, effort)?;
    let limits = limits.into_iter().map(|at| caps[at]).collect();
    Ok(Conflict { limits, changes, proved: proved && cheapest })
}

/// The smallest set with a member in each of the others.
fn smallest_hitting(
    limits: usize,
    corrections: &[Vec<usize>],
    effort: &Effort<'_>,
) -> Result<Vec<usize>, Unsolved> {
    let mut program = Program::new();
    let vars: Vec<Var> = (0..limits).map(|_| program.var(0, 1, 1)).collect();
    for correction in corrections {
        program.row(correction.iter().map(|&at| (vars[at], 1)), 1, None);
    }
    let solved = program.solve(effort, None)?;
    Ok((0..limits).filter(|&at| solved.value(vars[at]) == 1).collect())
}

/// The fewest rooms and teachers more, and whether fewer are proved impossible.
fn cheapest(world: &World<'_>, effort: &Effort<'_>) -> Result<(Vec<Change>, bool), Unsolved> {
    let caps = &world.terms.caps;
    let (opening, extra) = Opening::of(world, caps, Caps::Priced);
    let solved = opening.program.solve(effort, None)?;
    let places = caps.iter().flat_map(|&cap| {
        (0..world.blocks).filter(move |&b| cap.holds_in(b)).map(move |b| (cap, b as u8 + 1))
    });
    let changes = places.zip(extra).filter_map(|((cap, block), var)| {
        let more = u32::try_from(solved.value(var)).ok().filter(|&more| more > 0)?;
        Some(Change { cap, block, more })
    });
    Ok((changes.collect(), solved.bound == Some(solved.cost)))
}
