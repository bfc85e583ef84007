//! Teaching sections 教学班 for 3+1+2: from the combinations that pupils chose to sections no larger than the limit,
//! in blocks of the timetable, with a list that tells every pupil where to go.
//!
//! Policy: item 4, 「严防因选课走班产生新的大班额」; `limits.class_size`.
//!
//! The words. A *section* is a subject, a block and the pupils who are taught it there together. Each class has a
//! room; a section in the room of a class is a *home section* of that class, which is home to one section a block at
//! most and takes in pupils of other classes as well. A pupil taught a subject in a home section of the own class is
//! *with the class*; every other lesson is a *move*. A pupil *stays* who never moves. A block in which a pupil has
//! no section is for self-study, and no move.
//!
//! What is wanted, in this order, each proved or bounded in a phase of its own:
//!
//! 1. Fewest sections (`opened`): an integer program by combination.
//! 2. Most pupils who stay, then fewest moves (`homes`): an integer program by class without blocks, which no timetable
//!    can beat, and a local search (`search`) for a timetable that meets it. Where it falls short, the gap is reported.
//! 3. Names (`deal`): pupils of one class and combination are alike to all of this; which of them follows which
//!    pattern is drawn by the lottery, and no list order can be used to pick a section.
//!
//! Whatever comes out is judged by [`verify()`], which shares the definitions and no code.

mod conflict;
mod deal;
mod homes;
mod hunt;
mod opened;
mod school;
mod search;
mod subject;
mod verify;

use crate::solver::{Backend, Effort, End, Unsolved};

pub use conflict::{Change, Conflict};
pub use school::{BLOCKS, Cap, Pupil, Resource, Terms};
pub use subject::{Combination, NoCombination, Subject};
pub use verify::{Breach, Figures, verify};

use opened::{Caps, Opening};
use school::World;

/// A teaching section.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// What is taught.
    pub subject: Subject,
    /// When, from 1.
    pub block: u8,
    /// The number among the sections of the subject in the block, from 1.
    pub number: u32,
    /// Where.
    pub room: Room,
    /// Who, as places in the list of pupils, ascending.
    pub pupils: Vec<usize>,
}

/// Where a section meets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Room {
    /// In the room of this class.
    Home(crate::domain::Text),
    /// In a room beside those of the classes, from 1.
    Extra(u32),
}

/// A figure and what is proved of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level {
    /// What the timetable has.
    pub value: u32,
    /// No timetable that is as good in what comes first is better than this.
    pub bound: u32,
}

impl Level {
    /// How far the two are apart; 0 is proved best.
    #[must_use]
    pub const fn gap(self) -> u32 {
        self.value.abs_diff(self.bound)
    }
}

/// A timetable of sections that holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timetable {
    /// The sections by subject, block and number.
    pub sections: Vec<Section>,
    /// Sections; fewer is better.
    pub opened: Level,
    /// Pupils who stay; more is better.
    pub staying: Level,
    /// Lessons away from the own class; fewer is better.
    pub moves: Level,
    /// Stopped from outside: the best so far.
    pub stopped: bool,
    /// Who solved the integer programs.
    pub solver: &'static str,
}

/// How far a search is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Steps done.
    pub done: u64,
    /// Steps at most.
    pub of: u64,
    /// Sections.
    pub sections: u32,
    /// Moves of the best so far.
    pub moves: u32,
}

/// How hard to search, and who is told.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// Who solves, how many nodes, and who may stop it.
    pub effort: Effort<'a>,
    /// Searches at most; each begins anew.
    pub rounds: u32,
    /// Told now and then.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

impl Budget<'static> {
    /// The usual: as many nodes and rounds as a school of two thousand needs.
    #[must_use]
    pub fn usual(backend: Backend) -> Self {
        let effort = Effort { backend, ..Effort::nodes(20_000) };
        Self { effort, rounds: 6, progress: &|_| {} }
    }
}

/// Why there is no timetable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stuck {
    /// The limits contradict each other.
    Conflict(Conflict),
    /// Nothing was found before the search ended.
    NotFound(End),
    /// The solver failed.
    Failed(String),
}

impl From<Unsolved> for Stuck {
    fn from(why: Unsolved) -> Self {
        match why {
            Unsolved::NotFound(end) => Self::NotFound(end),
            why => Self::Failed(why.to_string()),
        }
    }
}

/// Forms the sections of one school. No pupils, no sections.
///
/// # Panics
/// If the blocks are outside [`BLOCKS`].
///
/// # Errors
/// [`Stuck`], with the smallest set of limits that conflict and the cheapest change where there is no timetable.
pub fn form(pupils: &[Pupil], terms: &Terms, budget: &Budget<'_>) -> Result<Timetable, Stuck> {
    assert!(BLOCKS.contains(&terms.blocks), "{} blocks", terms.blocks);
    let world = World::of(pupils, terms);
    let effort = &budget.effort;
    let (opening, _) = Opening::of(&world, &terms.caps, Caps::Hard);
    let opened = match opening.program.solve(effort, None) {
        Ok(solved) => solved,
        Err(Unsolved::Infeasible) => {
            let conflict = conflict::explained(&world, effort)?;
            return Err(Stuck::Conflict(conflict));
        }
        Err(why) => return Err(why.into()),
    };
    let fewest = opened.bound.map_or(0, |b| b as i32).max(world.fewest_sections());
    let hunt = hunt::best(&world, &opening, &opened, budget);
    let sections = deal::sections(&world, &hunt.best);
    let figures = verify::figures(pupils, &sections);
    let level = |value, bound: i32| Level { value, bound: bound.max(0) as u32 };
    Ok(Timetable {
        opened: level(figures.sections, fewest),
        staying: level(figures.staying, hunt.most_staying),
        moves: level(figures.moves, hunt.fewest_moves),
        sections,
        stopped: hunt.stopped,
        solver: effort.backend.name(),
    })
}
