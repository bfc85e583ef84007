//! Integer programs: small ones against all their points, limits, stops, contradictions.

use luqu_engine::solver::{Backend, Broken, Effort, End, Program, Unsolved, Var};
use proptest::prelude::*;

/// Every backend of this build.
fn backends() -> Vec<Backend> {
    vec![
        Backend::Microlp,
        #[cfg(feature = "highs")]
        Backend::Highs,
    ]
}

fn effort(backend: Backend) -> Effort<'static> {
    Effort { backend, ..Effort::nodes(10_000) }
}

/// Items of these weights and gains into one bag.
fn bag(items: &[(i32, i32)], room: i64) -> (Program, Vec<Var>) {
    let mut program = Program::new();
    let vars: Vec<Var> = items.iter().map(|&(_, gain)| program.var(0, 1, -gain)).collect();
    program.row(vars.iter().zip(items).map(|(&v, &(weight, _))| (v, weight)), None, room);
    (program, vars)
}

#[test]
fn a_bag_is_packed_best() {
    for backend in backends() {
        let (program, vars) = bag(&[(5, 10), (4, 40), (6, 30), (3, 50)], 10);
        let solved = program.solve(&effort(backend), None).expect("a packing");
        assert_eq!((solved.cost, solved.bound, solved.end), (-90, Some(-90), End::Optimal));
        assert_eq!((solved.value(vars[1]), solved.value(vars[3])), (1, 1));
    }
}

#[test]
fn contradictions_are_infeasible() {
    let mut crossed = Program::new();
    let x = crossed.var(0, 9, 1);
    crossed.row([(x, 1)], 5, None);
    crossed.row([(x, 1)], None, 4);
    let mut parity = Program::new();
    let y = parity.var(0, 9, 0);
    parity.row([(y, 2)], 5, 5);
    let mut empty_row = Program::new();
    empty_row.row([], 1, None);
    let mut empty_range = Program::new();
    empty_range.var(2, 1, 0);
    for program in [crossed, parity, empty_row, empty_range] {
        for backend in backends() {
            assert_eq!(program.solve(&effort(backend), None), Err(Unsolved::Infeasible));
        }
    }
}

#[test]
fn a_program_without_variables_costs_nothing() {
    for backend in backends() {
        let solved = Program::new().solve(&effort(backend), None).expect("nothing to do");
        assert_eq!((solved.cost, solved.values.len(), solved.end), (0, 0, End::Optimal));
    }
}

#[test]
fn values_are_checked_in_whole_numbers() {
    let (program, _) = bag(&[(5, 10), (4, 40)], 8);
    assert_eq!(program.check(&[0, 1]), Ok(-40));
    assert_eq!(program.check(&[1, 1]), Err(Broken::Row(0)));
    assert_eq!(program.check(&[0, 2]), Err(Broken::Bound(1)));
    assert_eq!(program.check(&[0]), Err(Broken::Length(1, 2)));
}

/// A program that branch and bound needs many nodes for: halves of an odd sum.
fn hard() -> Program {
    let mut program = Program::new();
    let vars: Vec<Var> = (0..30).map(|_| program.var(0, 1, 0)).collect();
    let slack = program.var(0, 1, 1);
    let terms = vars.iter().map(|&v| (v, 2)).chain([(slack, 1)]);
    program.row(terms, 31, 31);
    program
}

#[test]
fn a_stopped_search_keeps_its_start() {
    let start: Vec<i64> = (0..30).map(|at| i64::from(at < 15)).chain([1]).collect();
    for backend in backends() {
        let effort = Effort { stop: &|| true, nodes: 1, backend };
        let solved = hard().solve(&effort, Some(&start)).expect("the start at least");
        assert_eq!(solved.cost, 1);
        assert!(hard().check(&solved.values).is_ok());
    }
}

#[test]
fn a_start_that_breaks_a_row_is_ignored() {
    let (program, _) = bag(&[(5, 10), (4, 40)], 8);
    for backend in backends() {
        let solved = program.solve(&effort(backend), Some(&[1, 1])).expect("a packing");
        assert_eq!(solved.values, [0, 1]);
    }
}

/// The variables (low, high, cost) and the rows (coefficients, low, high) of a program.
type Stated = (Vec<(i32, i32, i32)>, Vec<(Vec<i32>, i64, i64)>);

fn small() -> impl Strategy<Value = Stated> {
    let column = (-2..=2, 0..=3, -4..=4).prop_map(|(low, span, cost)| (low, low + span, cost));
    (2..=4_usize).prop_flat_map(move |width| {
        let row = (proptest::collection::vec(-3..=3, width), -6..=2_i64, 0..=6_i64)
            .prop_map(|(terms, low, span)| (terms, low, low + span));
        (proptest::collection::vec(column.clone(), width), proptest::collection::vec(row, 1..=3))
    })
}

/// The least cost over all points.
fn by_hand(program: &Program, columns: &[(i32, i32, i32)]) -> Option<i64> {
    let mut points: Vec<Vec<i64>> = vec![vec![]];
    for &(low, high, _) in columns {
        points = points
            .into_iter()
            .flat_map(|p| (low..=high).map(move |v| [p.clone(), vec![v.into()]].concat()))
            .collect();
    }
    points.iter().filter_map(|p| program.check(p).ok()).min()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn small_programs_are_solved_exactly((columns, rows) in small()) {
        let mut program = Program::new();
        let vars: Vec<Var> = columns.iter().map(|&(l, h, c)| program.var(l, h, c)).collect();
        for (terms, low, high) in &rows {
            program.row(vars.iter().copied().zip(terms.iter().copied()), *low, *high);
        }
        let best = by_hand(&program, &columns);
        for backend in backends() {
            match program.solve(&effort(backend), None) {
                Ok(solved) => {
                    prop_assert_eq!(program.check(&solved.values), Ok(solved.cost));
                    prop_assert_eq!((Some(solved.cost), solved.end), (best, End::Optimal));
                }
                Err(error) => prop_assert_eq!((best, error), (None, Unsolved::Infeasible)),
            }
        }
    }
}
