//! The pure-Rust backend: branch and bound in portions of nodes, so that a search can be stopped between them.

use ::microlp::{
    Error, OptimizationDirection, Problem, ResumeOptions, SolveOptions, SolveOutcome,
    TerminationReason, Variable,
};
use good_lp::SolverModel;

use super::program::{Program, Raw};
use super::{Effort, End, Unsolved};

pub(super) const NAME: &str = "microlp 0.6";

/// Nodes between two questions whether to stop.
const PORTION: u32 = 64;

pub(super) fn solve(
    program: &Program,
    effort: &Effort<'_>,
    start: Option<&[i64]>,
) -> Result<Raw, Unsolved> {
    let stated = program.stated();
    let mut model = stated.variables.minimise(stated.objective).using(good_lp::microlp);
    for constraint in stated.constraints {
        model.add_constraint(constraint);
    }
    let mut left = effort.nodes;
    let mut portion = || {
        let now = left.min(PORTION);
        left -= now;
        now
    };
    let mut options = SolveOptions::default();
    options.node_limit = Some(portion().into());
    options.warm_start =
        start.map(|values| handles(values.len()).zip(values.iter().map(|&v| v as f64)).collect());
    let mut outcome = model.as_inner().solve_with(options).map_err(unsolved)?;
    let end = loop {
        if outcome.termination_reason() == TerminationReason::ProvenOptimal {
            break End::Optimal;
        }
        if (effort.stop)() {
            break End::Stopped;
        }
        let nodes = portion();
        if nodes == 0 {
            break End::Limit;
        }
        let mut more = ResumeOptions::default();
        more.node_limit = Some(nodes.into());
        outcome = outcome.resume_with(more).map_err(unsolved)?;
    };
    match outcome {
        SolveOutcome::Solution(solution) => Ok(Raw {
            values: solution.iter().map(|(_, value)| value).collect(),
            bound: solution.stats().best_bound,
            end,
        }),
        SolveOutcome::Interrupted(_) => Err(Unsolved::NotFound(end)),
    }
}

/// The handles of the first `count` variables. The backend numbers variables in the order they are made, in any
/// problem, and `good_lp` keeps the handles it was given to itself.
fn handles(count: usize) -> impl Iterator<Item = Variable> {
    let mut blank = Problem::new(OptimizationDirection::Minimize);
    (0..count).map(move |_| blank.add_var(0.0, (0.0, 0.0)))
}

fn unsolved(error: Error) -> Unsolved {
    match error {
        Error::Infeasible => Unsolved::Infeasible,
        other => Unsolved::Failed(other.to_string()),
    }
}
