//! HiGHS, the strong backend: one thread, a fixed seed, a limit of nodes.

use good_lp::SolverModel;
use highs::{HighsModelStatus, HighsSolutionStatus};

use super::program::{Program, Raw};
use super::{Effort, End, Unsolved};

pub(super) const NAME: &str = "HiGHS 1.16";

pub(super) fn solve(
    program: &Program,
    effort: &Effort<'_>,
    start: Option<&[i64]>,
) -> Result<Raw, Unsolved> {
    let failed = |what: &str| Unsolved::Failed(what.to_owned());
    let stated = program.stated();
    let mut model = stated.variables.minimise(stated.objective).using(good_lp::highs);
    for constraint in stated.constraints {
        model.add_constraint(constraint);
    }
    let mut model = model.try_into_inner().map_err(|e| Unsolved::Failed(e.to_string()))?;
    model.make_quiet();
    let nodes = i32::try_from(effort.nodes).unwrap_or(i32::MAX);
    let options = [
        model.try_set_option("parallel", "off"),
        model.try_set_option("threads", 1),
        model.try_set_option("random_seed", 0),
        model.try_set_option("mip_rel_gap", 0.0),
        model.try_set_option("mip_max_nodes", nodes),
    ];
    if options.iter().any(Result::is_err) {
        return Err(failed("an option was refused"));
    }
    if let Some(values) = start {
        let values: Vec<f64> = values.iter().map(|&v| v as f64).collect();
        model.try_set_solution(Some(&values), None, None, None).map_err(|_| failed("start"))?;
    }
    if (effort.stop)() {
        return Err(Unsolved::NotFound(End::Stopped));
    }
    let solved = model.try_solve().map_err(|e| Unsolved::Failed(format!("{e:?}")))?;
    let end = match solved.status() {
        HighsModelStatus::Optimal | HighsModelStatus::ModelEmpty => End::Optimal,
        HighsModelStatus::Infeasible | HighsModelStatus::UnboundedOrInfeasible => {
            return Err(Unsolved::Infeasible);
        }
        HighsModelStatus::ReachedSolutionLimit
        | HighsModelStatus::ReachedIterationLimit
        | HighsModelStatus::ReachedTimeLimit => End::Limit,
        other => return Err(Unsolved::Failed(format!("{other:?}"))),
    };
    if end != End::Optimal && solved.primal_solution_status() != HighsSolutionStatus::Feasible {
        return Err(Unsolved::NotFound(end));
    }
    let bound = solved.double_info_value(c"mip_dual_bound").ok().filter(|b| b.is_finite());
    Ok(Raw { values: solved.get_solution().columns().to_vec(), bound, end })
}
