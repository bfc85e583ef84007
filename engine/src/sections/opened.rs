//! The fewest sections: how many sections of each subject meet in each block, as an integer program by combination.
//!
//! Variables: sections of subject s in block b, and pupils of combination t who follow *pattern* π, a block for each of
//! their three subjects. Whole pupils of one combination are alike here; their classes enter later. Classes cannot
//! make more sections necessary, since a home section takes in pupils of other classes.
//!
//! Rows: every pupil follows one pattern; the pupils of s in b fit into its sections; rooms and teachers. Two
//! bounds that need no solver are rows too: ⌈pupils of s ÷ limit⌉ sections of s, and, where three blocks leave no
//! pupil free, ⌈pupils ÷ limit⌉ sections in every block.

use std::collections::BTreeMap;

use super::Subject;
use super::school::{Cap, MANY, World};
use crate::solver::{Program, Solved, Var};

/// Sections of each subject (rows, by [`Subject::ALL`]) in each block (columns).
pub(super) type Grid = [[i32; 6]; 6];

/// The ways to give three subjects different blocks, in order.
pub(super) fn patterns(blocks: usize) -> Vec<[u8; 3]> {
    let mut all = Vec::new();
    for a in 0..blocks as u8 {
        for b in (0..blocks as u8).filter(|&b| b != a) {
            all.extend((0..blocks as u8).filter(|&c| c != a && c != b).map(|c| [a, b, c]));
        }
    }
    all
}

/// The program, with its variables.
pub(super) struct Opening {
    pub(super) program: Program,
    /// Sections by subject and block.
    pub(super) sections: [Vec<Var>; 6],
    /// Pupils by combination and pattern.
    flows: Vec<([usize; 3], Vec<Var>)>,
    patterns: Vec<[u8; 3]>,
}

/// What a limit of capacity costs to be exceeded by one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Caps {
    /// Not at all.
    Hard,
    /// One, and sections cost nothing.
    Priced,
}

impl Opening {
    /// The program under some of the limits of capacity. Returns the variables by which they are exceeded, too.
    pub(super) fn of(world: &World<'_>, caps: &[Cap], how: Caps) -> (Self, Vec<Var>) {
        let mut program = Program::new();
        let blocks = world.blocks;
        let cost = i32::from(how == Caps::Hard);
        let most = world.pupils.len().min(MANY as usize) as i32;
        let takers: [i32; 6] = std::array::from_fn(|s| world.takers(s));
        let sections: [Vec<Var>; 6] = std::array::from_fn(|s| {
            (0..blocks).map(|_| program.var(0, takers[s].min(most), cost)).collect()
        });
        let patterns = patterns(blocks);
        let mut kinds: BTreeMap<[usize; 3], i32> = BTreeMap::new();
        for pupil in &world.pupils {
            *kinds.entry(pupil.subjects).or_default() += 1;
        }
        let flows: Vec<([usize; 3], Vec<Var>)> = kinds
            .iter()
            .map(|(&subjects, &n)| {
                let vars: Vec<Var> = patterns.iter().map(|_| program.var(0, n, 0)).collect();
                program.sum(vars.iter().copied(), i64::from(n));
                (subjects, vars)
            })
            .collect();
        for (s, of_subject) in sections.iter().enumerate() {
            for (b, &open) in of_subject.iter().enumerate() {
                let inside = flows.iter().flat_map(|(subjects, vars)| {
                    let place = subjects.iter().position(|&t| t == s);
                    vars.iter().zip(&patterns).filter_map(move |(&v, pattern)| {
                        (usize::from(pattern[place?]) == b).then_some((v, 1))
                    })
                });
                program.row(inside.chain([(open, -world.limit)]), None, 0);
            }
            let fewest = world.sections_for(takers[s]);
            program.row(of_subject.iter().map(|&v| (v, 1)), i64::from(fewest), None);
        }
        if let Some(fewest) = world.fewest_at_once() {
            for b in 0..blocks {
                program.row(sections.iter().map(|of| (of[b], 1)), i64::from(fewest), None);
            }
        }
        let mut over = Vec::new();
        for cap in caps {
            for b in (0..blocks).filter(|&b| cap.holds_in(b)) {
                let counted = (0..6).filter(|&s| cap.counts(Subject::ALL[s], b));
                let mut row: Vec<(Var, i32)> = counted.map(|s| (sections[s][b], 1)).collect();
                if how == Caps::Priced {
                    let extra = program.var(0, most, 1);
                    over.push(extra);
                    row.push((extra, -1));
                }
                program.row(row, None, i64::from(cap.most));
            }
        }
        (Self { program, sections, flows, patterns }, over)
    }

    /// The sections of a solution.
    pub(super) fn grid(&self, solved: &Solved) -> Grid {
        let value = |var: &Var| solved.value(*var) as i32;
        std::array::from_fn(|s| std::array::from_fn(|b| self.sections[s].get(b).map_or(0, value)))
    }

    /// A pattern for every pupil, in the order of the world.
    pub(super) fn dealt(&self, world: &World<'_>, solved: &Solved) -> Vec<[u8; 3]> {
        let mut left: BTreeMap<[usize; 3], Vec<[u8; 3]>> = BTreeMap::new();
        for (subjects, vars) in &self.flows {
            let queue = left.entry(*subjects).or_default();
            for (&var, &pattern) in vars.iter().zip(&self.patterns) {
                queue.extend((0..solved.value(var)).map(|_| pattern));
            }
            queue.reverse();
        }
        let next = |p: &super::school::Seat| left.get_mut(&p.subjects).and_then(Vec::pop);
        world.pupils.iter().map(next).map(Option::unwrap_or_default).collect()
    }
}
