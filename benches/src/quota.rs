//! Quota distribution beside largest remainder per school, which an office would do instead, and beside a linear program:
//! `quota [LP]` prints quality and time; with `LP` = 0 the program of the largest size is left out.
#![allow(clippy::print_stdout)]

use std::cmp::Reverse;
use std::time::Instant;

use luqu_engine::domain::Lottery;
use luqu_engine::quota::matrix::{Column, Row, Table, round};
use luqu_engine::solver::{Backend, Effort, Program, Var};
use luqu_fixtures::Rng;
use rayon::prelude::*;

/// The seats of senior schools and the eligible graduates of junior schools.
struct Instance {
    seats: Vec<u32>,
    eligible: Vec<u32>,
    names: Vec<String>,
}

impl Instance {
    fn made(seniors: usize, juniors: usize, seed: u64) -> Self {
        let mut rng = Rng::new(seed, 0);
        let mut many =
            |count, low, high| -> Vec<u32> { (0..count).map(|_| rng.between(low, high)).collect() };
        let (seats, eligible) = (many(seniors, 100, 500), many(juniors, 30, 450));
        let names = (0..seniors + juniors).map(|n| format!("N{n:05}")).collect();
        Self { seats, eligible, names }
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let named = self.names.iter().zip(&self.seats);
        named.map(|(id, &seats)| Row { id, seats, places: None }).collect()
    }

    fn columns(&self) -> Vec<Column<'_>> {
        let named = self.names[self.seats.len()..].iter().zip(&self.eligible);
        named
            .map(|(id, &eligible)| Column { id, eligible, tilt: false, least: 0, boards: false })
            .collect()
    }

    fn all(&self) -> u64 {
        self.eligible.iter().map(|&e| u64::from(e)).sum()
    }

    /// The ideal of a cell in units of one by all eligible graduates.
    fn share(&self, h: usize, m: usize) -> u64 {
        u64::from(self.seats[h]) * u64::from(self.eligible[m])
    }

    /// Whole seats of every cell: the largest remainders of each row go up, the first junior school among equals.
    fn largest_remainder(&self) -> Vec<u32> {
        let (width, all) = (self.eligible.len(), self.all());
        let mut table = vec![0; self.seats.len() * width];
        for (h, row) in table.chunks_mut(width).enumerate() {
            for (m, cell) in row.iter_mut().enumerate() {
                *cell = (self.share(h, m) / all) as u32;
            }
            let over = self.seats[h] - row.iter().sum::<u32>();
            let mut order: Vec<usize> = (0..width).collect();
            order.sort_by_key(|&m| (Reverse(self.share(h, m) % all), m));
            order.iter().take(over as usize).for_each(|&m| row[m] += 1);
        }
        table
    }

    /// Σ |seats − ideal|, junior schools whose total is neither the floor nor the ceiling of its ideal, and the most seats
    /// that a total is off its ideal.
    fn quality(&self, table: &[u32]) -> (f64, usize, f64) {
        let (width, all) = (self.eligible.len(), self.all());
        let quota: u64 = self.seats.iter().map(|&q| u64::from(q)).sum();
        let off: u64 = table
            .iter()
            .enumerate()
            .map(|(at, &x)| (u64::from(x) * all).abs_diff(self.share(at / width, at % width)))
            .sum();
        let (mut broken, mut most) = (0, 0_u64);
        for (m, &e) in self.eligible.iter().enumerate() {
            let total: u64 = table.iter().skip(m).step_by(width).map(|&x| u64::from(x)).sum();
            let gap = (total * all).abs_diff(quota * u64::from(e));
            broken += usize::from(gap >= all);
            most = most.max(gap);
        }
        (off as f64 / all as f64, broken, most as f64 / all as f64)
    }

    /// The same table by a linear program whose vertices are whole: its Σ |seats − ideal|.
    fn by_program(&self, backend: Backend) -> Result<f64, String> {
        let (width, all) = (self.eligible.len(), self.all());
        let quota: u64 = self.seats.iter().map(|&q| u64::from(q)).sum();
        let mut program = Program::new();
        let mut by_column: Vec<Vec<Var>> = vec![Vec::new(); width];
        let mut floors = vec![0; width];
        let mut base = 0;
        for h in 0..self.seats.len() {
            let mut row = Vec::new();
            let mut floor_of_row = 0;
            for m in 0..width {
                let (floor, rest) = (self.share(h, m) / all, self.share(h, m) % all);
                floors[m] += floor;
                floor_of_row += floor;
                base += rest;
                if rest > 0 {
                    let cost = i32::try_from(all as i64 - 2 * rest as i64).unwrap_or(i32::MAX);
                    let var = program.vertex_var(0, 1, cost);
                    row.push(var);
                    by_column[m].push(var);
                }
            }
            program.sum(row, (u64::from(self.seats[h]) - floor_of_row) as i64);
        }
        for (m, vars) in by_column.into_iter().enumerate() {
            let ideal = quota * u64::from(self.eligible[m]);
            let bound = |whole: u64| (whole - floors[m]) as i64;
            let (low, high) = (bound(ideal / all), bound(ideal.div_ceil(all)));
            program.row(vars.into_iter().map(|v| (v, 1)), low, high);
        }
        let effort = Effort { backend, ..Effort::nodes(1) };
        let solved = program.solve(&effort, None).map_err(|e| e.to_string())?;
        Ok((solved.cost + base as i64) as f64 / all as f64)
    }
}

fn solved(instance: &Instance) -> Option<Table> {
    round(&instance.rows(), &instance.columns(), &Lottery::new("bench")).ok()
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let made = run();
    (made, start.elapsed().as_secs_f64() * 1e3)
}

fn told(who: &str, quality: (f64, usize, f64), ms: f64) {
    let (off, broken, most) = quality;
    println!(
        "  {who}: off {off:.1}, {broken} junior schools broken, the worst {most:.2} seats off, {ms:.2} ms"
    );
}

fn main() {
    let largest = std::env::args().nth(1).is_none_or(|n| n != "0");
    for (seniors, juniors, runs) in [(10, 40, 15), (100, 400, 5), (400, 1_600, 3)] {
        println!("{seniors} × {juniors}, median of {runs}:");
        let instances: Vec<Instance> =
            (0..runs).map(|seed| Instance::made(seniors, juniors, seed)).collect();
        let mut times = Vec::new();
        for instance in &instances {
            let (table, ms) = timed(|| solved(instance));
            let Some(table) = table else {
                println!("  no table");
                return;
            };
            let seats: Vec<u32> = table.cells.iter().map(|c| c.seats).collect();
            times.push((ms, instance.quality(&seats)));
        }
        times.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (ms, quality) = times[times.len() / 2];
        told("luqu, proved least", quality, ms);
        let (table, ms) = timed(|| instances[0].largest_remainder());
        told("largest remainder per school", instances[0].quality(&table), ms);
        let backends = match (seniors < 100, seniors < 400 || largest) {
            (true, _) => vec![Backend::Microlp, Backend::best()],
            (_, true) if Backend::best() != Backend::Microlp => vec![Backend::best()],
            _ => Vec::new(),
        };
        for backend in backends {
            let (off, ms) = timed(|| instances[0].by_program(backend));
            let (own, again) = timed(|| solved(&instances[0]));
            drop(own);
            println!(
                "  {} as a linear program: {off:.1?} off, {ms:.1} ms; luqu on the same {again:.1} ms, {:.2} of it",
                backend.name(),
                again / ms
            );
        }
    }
    let districts: Vec<Instance> =
        (0..38).map(|n| Instance::made(6 + n % 15, 25 + 3 * (n % 17), n as u64)).collect();
    let (_, one) = timed(|| districts.iter().map(solved).collect::<Vec<_>>());
    let (tables, all) = timed(|| districts.par_iter().map(solved).collect::<Vec<_>>());
    let cells: usize = tables.iter().flatten().map(|t| t.cells.len()).sum();
    println!(
        "38 districts, {cells} cells: one after the other {one:.1} ms, {} threads {all:.1} ms",
        rayon::current_num_threads()
    );
}
