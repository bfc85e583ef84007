//! Which classes may be home to which subjects: bounds for the pupils who stay and for the moves, and a place to
//! begin the search.
//!
//! A *hosted set* is a set of subjects, no more than there are blocks, whose sections a class is home to. One variable
//! per class and set, of which each class has one; a subject has no more homes than sections. Blocks are left out
//! but for the sections that meet in them, so no timetable has more pupils who stay, or fewer moves, than this program.

use super::school::{Seat, World};
use crate::solver::{Effort, Program, Unsolved, Var};

/// Homes with the most staying pupils, then the fewest moves, and what no timetable can beat.
pub(super) struct Homes {
    /// For each class, the subjects it is home to.
    pub(super) hosted: Vec<Vec<usize>>,
    /// Sections of each subject.
    pub(super) sections: [i32; 6],
    /// Pupils who stay in these homes.
    pub(super) staying: i32,
    /// Bound: no more pupils stay.
    pub(super) most_staying: i32,
    /// Bound: no fewer moves where at least so many stay.
    pub(super) fewest_moves: i32,
}

struct Column {
    class: usize,
    set: u8,
    staying: i32,
    /// Lessons with the own class: pupils × subjects.
    with_class: i32,
}

/// The program over hosted sets.
struct Hosting {
    program: Program,
    columns: Vec<(Column, Var)>,
    sections: [Vec<Var>; 6],
}

/// What a column gains.
type Gain = fn(&Column) -> i32;

const STAYING: Gain = |column| column.staying;
const WITH_CLASS: Gain = |column| column.with_class;

impl Hosting {
    /// Most gain under `total` sections where at least so many pupils stay.
    fn of(world: &World<'_>, total: i32, gain: Gain, staying: i32) -> Self {
        let mut program = Program::new();
        let blocks = world.blocks;
        let mut columns: Vec<(Column, Var)> = Vec::new();
        for (class, members) in world.members.iter().enumerate() {
            let members = &world.pupils[members.clone()];
            let sets = sets(members, blocks).map(|set| {
                let inside = |p: &&Seat| p.subjects.iter().all(|s| set >> s & 1 == 1);
                let staying = members.iter().filter(inside).count() as i32;
                let with_class =
                    |p: &Seat| p.subjects.iter().filter(|&s| set >> s & 1 == 1).count();
                let with_class = members.iter().map(with_class).sum::<usize>() as i32;
                let column = Column { class, set, staying, with_class };
                let var = program.var(0, 1, -gain(&column));
                (column, var)
            });
            let own: Vec<(Column, Var)> = sets.collect();
            program.sum(own.iter().map(|&(_, v)| v), 1);
            columns.extend(own);
        }
        let sections: [Vec<Var>; 6] = std::array::from_fn(|s| {
            (0..blocks).map(|b| program.var(0, world.most_of(s, b).min(total), 0)).collect()
        });
        for (s, of_subject) in sections.iter().enumerate() {
            let homes = columns.iter().filter(|(c, _)| c.set >> s & 1 == 1).map(|&(_, v)| (v, 1));
            program.row(homes.chain(of_subject.iter().map(|&v| (v, -1))), None, 0);
            let fewest = world.sections_for(world.takers(s));
            program.row(of_subject.iter().map(|&v| (v, 1)), i64::from(fewest), None);
        }
        program.sum(sections.iter().flatten().copied(), i64::from(total));
        for b in 0..blocks {
            let fewest = world.fewest_at_once().map(i64::from);
            program.row(sections.iter().map(|of| (of[b], 1)), fewest, i64::from(world.most_at(b)));
        }
        if staying > 0 {
            let row = columns.iter().filter(|(c, _)| c.staying > 0).map(|(c, v)| (*v, c.staying));
            program.row(row, i64::from(staying), None);
        }
        Self { program, columns, sections }
    }
}

/// The sets of subjects that pupils of the class take, no more than the blocks, as bits.
fn sets(members: &[Seat], blocks: usize) -> impl Iterator<Item = u8> {
    let taken = members.iter().flat_map(|p| p.subjects).fold(0_u8, |set, s| set | 1 << s);
    (0_u8..64).filter(move |set| set & !taken == 0 && set.count_ones() as usize <= blocks)
}

/// The best homes under `total` sections.
///
/// # Errors
/// What the solver says.
pub(super) fn best(world: &World<'_>, total: i32, effort: &Effort<'_>) -> Result<Homes, Unsolved> {
    let first = Hosting::of(world, total, STAYING, 0).program.solve(effort, None)?;
    let all = world.pupils.len() as i32;
    let most_staying = first.bound.map_or(all, |b| (-b) as i32);
    let staying = (-first.cost) as i32;
    let hosting = Hosting::of(world, total, WITH_CLASS, staying);
    let second = hosting.program.solve(effort, Some(&first.values))?;
    let fewest_moves = moves(world, second.bound);
    let mut hosted = vec![Vec::new(); world.classes.len()];
    for (column, var) in &hosting.columns {
        if second.value(*var) == 1 {
            hosted[column.class] = (0..6).filter(|s| column.set >> s & 1 == 1).collect();
        }
    }
    let sections = hosting.sections.map(|of| of.iter().map(|&v| second.value(v) as i32).sum());
    Ok(Homes { hosted, sections, staying, most_staying, fewest_moves })
}

/// The fewest moves of any timetable in `total` sections in which so many pupils stay: a bound.
///
/// # Errors
/// What the solver says.
pub(super) fn fewest_moves(
    world: &World<'_>,
    total: i32,
    staying: i32,
    effort: &Effort<'_>,
) -> Result<i32, Unsolved> {
    let solved = Hosting::of(world, total, WITH_CLASS, staying).program.solve(effort, None)?;
    Ok(moves(world, solved.bound))
}

/// The lessons that are not with the class, given the bound of those that are, as a cost.
fn moves(world: &World<'_>, with_class: Option<i64>) -> i32 {
    with_class.map_or(0, |cost| 3 * world.pupils.len() as i32 + cost as i32)
}
