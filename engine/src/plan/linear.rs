//! Sums of variables with a constant as rows of an integer program, and several minima one after the other.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::solver::{Effort, End, Program, Unsolved, Var};

/// Something to minimise: a key, a Chinese label, and the variables that add up to it.
pub(super) type Aim = (&'static str, &'static str, Vec<Var>);

/// How one of several minima was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Stage {
    /// What was minimised.
    pub aim: &'static str,
    /// What it is called, in Chinese.
    pub label: &'static str,
    /// The value found.
    pub cost: i64,
    /// No value is less, by the solver's word; nothing where it has no bound.
    pub bound: Option<i64>,
    /// Nothing better exists.
    pub optimal: bool,
}

/// Several minima and the values that attain them.
pub(super) struct Found {
    pub(super) stages: Vec<Stage>,
    pub(super) values: Vec<i64>,
    /// Every aim was reached and proved.
    pub(super) complete: bool,
}

/// Minimises the aims in order, each held at its least from there on, so that no weight has to say how much of one is
/// worth one of another. After one that is not proved least, no later one may make it worse. A `hint` that keeps every row is
/// where the first begins, and any later one that it is better for.
///
/// # Errors
/// As [`Program::solve`], of the first aim; what was found before is never given up.
pub(super) fn one_by_one(
    mut program: Program,
    aims: &[Aim],
    hint: Option<&[i64]>,
    effort: &Effort<'_>,
) -> Result<Found, Unsolved> {
    let mut found = Found { stages: Vec::new(), values: Vec::new(), complete: true };
    for (at, &(aim, label, ref vars)) in aims.iter().enumerate() {
        program.set_costs(vars.iter().map(|&v| (v, 1)));
        let known = (at > 0).then_some(found.values.as_slice());
        let kept = [hint, known].into_iter().flatten();
        let priced = kept.filter_map(|values| Some((program.check(values).ok()?, values)));
        let start = priced.min_by_key(|&(cost, _)| cost).map(|(_, values)| values);
        let solved = program.solve(effort, start)?;
        let optimal = solved.end == End::Optimal;
        found.stages.push(Stage { aim, label, cost: solved.cost, bound: solved.bound, optimal });
        found.values = solved.values;
        found.complete &= optimal;
        // From below too where that is proved, so that later aims can be proved by it.
        let least = optimal.then_some(solved.cost);
        program.row(vars.iter().map(|&v| (v, 1)), least, solved.cost);
    }
    Ok(found)
}

/// Σ coefficient × variable + constant.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    terms: BTreeMap<Var, i64>,
    constant: i64,
}

impl Sum {
    pub(super) fn of(constant: i64) -> Self {
        Self { terms: BTreeMap::new(), constant }
    }

    pub(super) fn var(mut self, var: Var, times: i64) -> Self {
        *self.terms.entry(var).or_insert(0) += times;
        self
    }

    pub(super) fn add(mut self, other: &Self, times: i64) -> Self {
        for (&var, &coefficient) in &other.terms {
            *self.terms.entry(var).or_insert(0) += times * coefficient;
        }
        self.constant += times * other.constant;
        self
    }

    /// The value under an assignment.
    pub(super) fn value(&self, values: &[i64]) -> i64 {
        self.constant + self.terms.iter().map(|(v, c)| c * values[v.at()]).sum::<i64>()
    }

    /// Adds the row sum ≤ `most`. Coefficients beyond 2³¹ do not occur: shares are in lowest terms.
    pub(super) fn at_most(self, most: i64, program: &mut Program) {
        let narrow = |c: i64| i32::try_from(c).unwrap_or(if c < 0 { i32::MIN } else { i32::MAX });
        let terms = self.terms.into_iter().filter(|&(_, c)| c != 0).map(|(v, c)| (v, narrow(c)));
        program.row(terms.collect::<Vec<_>>(), None, most - self.constant);
    }
}
