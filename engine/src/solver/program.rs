//! A program: whole variables with bounds and costs, and rows of whole coefficients.

use good_lp::{Expression, ProblemVariables, Variable, variable};

use super::{Backend, Effort, End, Solved, Unsolved};

/// A variable of one program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Var(u32);

impl Var {
    /// Its place among the variables of its program.
    #[must_use]
    pub const fn at(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Copy, Debug)]
struct Column {
    low: i32,
    high: i32,
    cost: i32,
    /// The backend may treat it as real: every vertex is whole anyway.
    vertex: bool,
}

#[derive(Clone, Debug)]
struct Row {
    terms: Vec<(Var, i32)>,
    low: Option<i64>,
    high: Option<i64>,
}

impl Row {
    /// Whether it holds for no values at all, so that no backend has to cope with it.
    fn is_hopeless(&self) -> bool {
        let crossed = matches!((self.low, self.high), (Some(low), Some(high)) if low > high);
        let zero_is_outside = self.low.is_some_and(|l| l > 0) || self.high.is_some_and(|h| h < 0);
        crossed || (self.terms.is_empty() && zero_is_outside)
    }
}

/// What a set of values breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Broken {
    /// As many values as variables are needed.
    #[error("{0} values for {1} variables")]
    Length(usize, usize),
    /// A variable outside its bounds.
    #[error("variable {0} is outside its bounds")]
    Bound(usize),
    /// A row, counted from 0 in the order they were added.
    #[error("row {0} does not hold")]
    Row(usize),
}

/// Least cost over whole variables under linear rows.
///
/// Keep costs and coefficients small: a sum of costs beyond 10⁹ is beyond what a backend tells apart.
#[derive(Clone, Debug, Default)]
pub struct Program {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

impl Program {
    /// A program without variables, which costs nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A whole variable, both bounds inclusive.
    pub fn var(&mut self, low: i32, high: i32, cost: i32) -> Var {
        self.column(Column { low, high, cost, vertex: false })
    }

    /// A variable that a backend may treat as real because every vertex of the program is whole, as in a flow.
    /// Its value is checked to be whole all the same.
    pub fn vertex_var(&mut self, low: i32, high: i32, cost: i32) -> Var {
        self.column(Column { low, high, cost, vertex: true })
    }

    fn column(&mut self, column: Column) -> Var {
        let at =
            u32::try_from(self.columns.len()).expect("fewer than 2^32 variables fit in memory");
        self.columns.push(column);
        Var(at)
    }

    /// Low ≤ Σ coefficient × variable ≤ high, either side open if `None`. A variable may stand in a row once.
    pub fn row(
        &mut self,
        terms: impl IntoIterator<Item = (Var, i32)>,
        low: impl Into<Option<i64>>,
        high: impl Into<Option<i64>>,
    ) {
        let terms = terms.into_iter().collect();
        self.rows.push(Row { terms, low: low.into(), high: high.into() });
    }

    /// Replaces every cost: these variables cost so much apiece, all others nothing.
    pub fn set_costs(&mut self, costs: impl IntoIterator<Item = (Var, i32)>) {
        for column in &mut self.columns {
            column.cost = 0;
        }
        for (var, cost) in costs {
            self.columns[var.at()].cost = cost;
        }
    }

    /// Σ of the variables = `sum`.
    pub fn sum(&mut self, vars: impl IntoIterator<Item = Var>, sum: i64) {
        self.row(vars.into_iter().map(|v| (v, 1)), sum, sum);
    }

    /// The number of variables.
    #[must_use]
    pub fn vars(&self) -> usize {
        self.columns.len()
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// What the values cost if they keep every bound and row.
    ///
    /// # Errors
    /// The first thing broken: the length, then bounds, then rows.
    pub fn check(&self, values: &[i64]) -> Result<i64, Broken> {
        if values.len() != self.columns.len() {
            return Err(Broken::Length(values.len(), self.columns.len()));
        }
        let outside =
            |(c, &v): (&Column, &i64)| !(i64::from(c.low)..=i64::from(c.high)).contains(&v);
        if let Some(at) = self.columns.iter().zip(values).position(outside) {
            return Err(Broken::Bound(at));
        }
        let broken = |row: &Row| {
            let sum: i64 = row.terms.iter().map(|&(v, c)| i64::from(c) * values[v.at()]).sum();
            row.low.is_some_and(|low| sum < low) || row.high.is_some_and(|high| sum > high)
        };
        if let Some(at) = self.rows.iter().position(broken) {
            return Err(Broken::Row(at));
        }
        Ok(self.columns.iter().zip(values).map(|(c, &v)| i64::from(c.cost) * v).sum())
    }

    /// Solves for least cost. A `start` that keeps every row is never answered with anything dearer; one that
    /// breaks a row is ignored.
    ///
    /// # Errors
    /// Infeasible, nothing found in time, or a backend that failed.
    pub fn solve(&self, effort: &Effort<'_>, start: Option<&[i64]>) -> Result<Solved, Unsolved> {
        if self.columns.iter().any(|c| c.low > c.high) || self.rows.iter().any(Row::is_hopeless) {
            return Err(Unsolved::Infeasible);
        }
        let start = start.and_then(|values| Some((values, self.check(values).ok()?)));
        let found = match effort.backend {
            Backend::Microlp => super::microlp::solve(self, effort, start.map(|s| s.0)),
            #[cfg(feature = "highs")]
            Backend::Highs => super::highs::solve(self, effort, start.map(|s| s.0)),
        };
        let found = found.and_then(|raw| self.exact(raw));
        let Some((values, cost)) = start else { return found };
        let (end, bound) = match found {
            Ok(solved) if solved.cost <= cost => return Ok(solved),
            Ok(solved) => (solved.end, solved.bound.filter(|&b| b <= cost)),
            Err(Unsolved::NotFound(end)) => (end, None),
            // A start that keeps every row refutes the first; the second leaves it as good as before.
            Err(Unsolved::Infeasible | Unsolved::Failed(_)) => (End::Limit, None),
        };
        // An optimum dearer than a solution in hand is no optimum.
        let end = if end == End::Optimal { End::Limit } else { end };
        Ok(Solved { values: values.to_vec(), cost, bound, end })
    }

    /// The values of a backend, rounded and checked.
    fn exact(&self, raw: Raw) -> Result<Solved, Unsolved> {
        let values: Vec<i64> = raw.values.iter().map(|v| v.round() as i64).collect();
        let cost = self.check(&values).map_err(|b| Unsolved::Failed(b.to_string()))?;
        let bound = match raw.end {
            End::Optimal => Some(cost),
            // Costs are whole, so a bound between two of them is the upper one, less what rounding may have added.
            _ => raw.bound.map(|b| ((b - 1e-6 * b.abs().max(1.0)).ceil() as i64).min(cost)),
        };
        let end = if bound == Some(cost) { End::Optimal } else { raw.end };
        Ok(Solved { values, cost, bound, end })
    }

    /// The program as `good_lp` states it, the objective first.
    pub(super) fn stated(&self) -> Stated {
        let mut variables = ProblemVariables::new();
        let handles: Vec<Variable> = self
            .columns
            .iter()
            .map(|c| {
                let definition = variable().min(c.low).max(c.high);
                variables.add(if c.vertex { definition } else { definition.integer() })
            })
            .collect();
        let costs = self.columns.iter().zip(&handles).filter(|(c, _)| c.cost != 0);
        let objective: Expression = costs.map(|(c, &h)| h * f64::from(c.cost)).sum();
        let mut constraints = Vec::with_capacity(self.rows.len());
        for row in self.rows.iter().filter(|r| !r.terms.is_empty()) {
            let mut left = Expression::with_capacity(row.terms.len());
            for &(var, coefficient) in &row.terms {
                left.add_mul(f64::from(coefficient), handles[var.at()]);
            }
            match (row.low, row.high) {
                (Some(low), Some(high)) if low == high => constraints.push(left.eq(low as f64)),
                (low, high) => {
                    if let Some(low) = low {
                        constraints.push(left.clone().geq(low as f64));
                    }
                    if let Some(high) = high {
                        constraints.push(left.leq(high as f64));
                    }
                }
            }
        }
        Stated { variables, objective, constraints }
    }
}

/// A program in the words of `good_lp`.
pub(super) struct Stated {
    pub(super) variables: ProblemVariables,
    pub(super) objective: Expression,
    pub(super) constraints: Vec<good_lp::Constraint>,
}

/// What a backend answered, unchecked.
pub(super) struct Raw {
    pub(super) values: Vec<f64>,
    pub(super) bound: Option<f64>,
    pub(super) end: End,
}
