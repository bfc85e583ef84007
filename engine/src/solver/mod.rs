//! Integer programs 整数规划: stated in whole numbers, solved by a backend of `good_lp`, re-checked in whole numbers.
//!
//! A backend calculates in floating point and is believed in nothing: its values are rounded and every bound and
//! row is checked again exactly, and a bound counts only where it is the trivial one of whole costs. What it says
//! of infeasibility and of bounds is reported as the backend's word.
//!
//! One thread, a fixed seed and limits counted in nodes, so that the same program gives the same values on any
//! machine unless `stop` cuts a search short.

#[cfg(feature = "highs")]
mod highs;
mod microlp;
mod program;

pub use program::{Broken, Program, Var};

/// Who solves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Backend {
    /// Pure Rust; always there.
    #[default]
    Microlp,
    /// HiGHS, where the program was built with the feature `highs`.
    #[cfg(feature = "highs")]
    Highs,
}

impl Backend {
    /// The strongest that this build has.
    #[must_use]
    pub const fn best() -> Self {
        #[cfg(feature = "highs")]
        return Self::Highs;
        #[cfg(not(feature = "highs"))]
        return Self::Microlp;
    }

    /// Name and version, as reports show them.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Microlp => microlp::NAME,
            #[cfg(feature = "highs")]
            Self::Highs => highs::NAME,
        }
    }
}

/// How long a search may go on.
#[derive(Clone, Copy)]
pub struct Effort<'a> {
    /// Who solves.
    pub backend: Backend,
    /// Nodes of the branch-and-bound tree at most; the root does not count.
    pub nodes: u32,
    /// Asked between portions of the search; `true` ends it with the best found so far. The caller's clock and
    /// Ctrl-C come in here, since the engine has none.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl Effort<'static> {
    /// A search of so many nodes by the default backend that nobody stops.
    #[must_use]
    pub fn nodes(nodes: u32) -> Self {
        Self { backend: Backend::default(), nodes, stop: &|| false }
    }
}

/// How a search ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Nothing better exists.
    Optimal,
    /// The nodes were used up.
    Limit,
    /// Stopped from outside.
    Stopped,
}

/// A solution of a program: every bound and row holds, checked in whole numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Solved {
    /// One value per variable, in the order they were made.
    pub values: Vec<i64>,
    /// What the values cost.
    pub cost: i64,
    /// No solution costs less, by the backend's word; at most `cost`. `None` if it has no bound to give.
    pub bound: Option<i64>,
    /// How the search ended.
    pub end: End,
}

impl Solved {
    /// The value of a variable.
    #[must_use]
    pub fn value(&self, var: Var) -> i64 {
        self.values[var.at()]
    }
}

/// Why there is no solution.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unsolved {
    /// The rows contradict each other.
    #[error("the program has no solution")]
    Infeasible,
    /// The search ended before anything was found.
    #[error("nothing found before the search ended")]
    NotFound(End),
    /// The backend failed, or gave values that break a row.
    #[error("the solver failed: {0}")]
    Failed(String),
}
