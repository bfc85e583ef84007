//! Class formation beside what an office would do instead, and beside one binary variable per student:
//! `classes [SCHOOLS]` prints quality and time.
#![allow(clippy::print_stdout)]

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Instant;

use luqu_engine::classes::{Formation, Groups, Request, form};
use luqu_engine::domain::{Outcome, Season};
use luqu_engine::solver::{Backend, Effort, Program, Var};
use luqu_fixtures::{RollSpec, WantsSpec, rolls, wants};

/// The gender, junior school and quarter of every pupil of a season with one school, as numbers.
fn traits(season: &Season) -> Vec<[usize; 3]> {
    let mut totals: Vec<_> = season.applicants().iter().map(|a| a.total).collect();
    totals.sort_unstable_by_key(|&t| Reverse(t));
    let quarter = |total| 4 * totals.partition_point(|&t| t > total) / totals.len();
    let of = |a: &luqu_engine::domain::Applicant| {
        [a.gender.map_or(0, |g| g as usize + 1), a.junior.at(), quarter(a.total)]
    };
    season.applicants().iter().map(of).collect()
}

/// The pupils with each value of each kind.
fn values(traits: &[[usize; 3]]) -> BTreeMap<(usize, usize), Vec<usize>> {
    let mut values: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (pupil, held) in traits.iter().enumerate() {
        for (kind, &value) in held.iter().enumerate() {
            values.entry((kind, value)).or_default().push(pupil);
        }
    }
    values
}

/// Places off the nearest whole numbers to the even share, and classes × values more than one off it.
fn quality(traits: &[[usize; 3]], class_of: &[usize], classes: usize) -> (i64, usize) {
    let (mut off, mut wrong) = (0, 0);
    for pupils in values(traits).values() {
        let mut counts = vec![0_i64; classes];
        pupils.iter().for_each(|&p| counts[class_of[p]] += 1);
        let (total, classes) = (pupils.len() as i64, classes as i64);
        for count in counts {
            let gap = (count * classes - total).abs();
            off += gap / classes;
            wrong += usize::from(gap > classes);
        }
    }
    (off, wrong)
}

/// 蛇形分班: in the order of totals – girls first and then boys, if asked – forth and back over the classes.
fn serpentine(season: &Season, classes: usize, by_gender: bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..season.applicants().len()).collect();
    order.sort_by_key(|&p| {
        let a = &season.applicants()[p];
        (by_gender.then_some(a.gender), Reverse(a.total), p)
    });
    let mut class_of = vec![0; order.len()];
    for (nth, pupil) in order.into_iter().enumerate() {
        let (round, at) = (nth / classes, nth % classes);
        class_of[pupil] = if round % 2 == 0 { at } else { classes - 1 - at };
    }
    class_of
}

/// The same problem with one binary variable per student and class.
fn by_student(traits: &[[usize; 3]], classes: usize, nodes: u32) -> String {
    let mut program = Program::new();
    let rows: Vec<Vec<Var>> =
        traits.iter().map(|_| (0..classes).map(|_| program.var(0, 1, 0)).collect()).collect();
    for row in &rows {
        program.sum(row.iter().copied(), 1);
    }
    let (low, high) = (traits.len() / classes, traits.len().div_ceil(classes));
    for class in 0..classes {
        program.row(rows.iter().map(|r| (r[class], 1)), low as i64, high as i64);
        for pupils in values(traits).values() {
            let (low, high) = (pupils.len() / classes, pupils.len().div_ceil(classes));
            let off = [program.var(0, 1_000, 1), program.var(0, 1_000, 1)];
            let held = pupils.iter().map(|&p| (rows[p][class], 1));
            let signed = [(off[0], -1), (off[1], 1)];
            program.row(held.chain(signed).collect::<Vec<_>>(), low as i64, high as i64);
        }
    }
    let effort = Effort { backend: Backend::best(), ..Effort::nodes(nodes) };
    match program.solve(&effort, None) {
        Ok(solved) => format!("{} off, bound {:?}, {:?}", solved.cost, solved.bound, solved.end),
        Err(error) => error.to_string(),
    }
}

fn formed(season: &Season, outcomes: &[Outcome]) -> Vec<Formation> {
    formed_with(season, outcomes, &Groups::default())
}

fn formed_with(season: &Season, outcomes: &[Outcome], groups: &Groups) -> Vec<Formation> {
    let classes = BTreeMap::new();
    let request = Request { schools: &[], classes: &classes, groups, seed: "bench" };
    let effort = Effort { backend: Backend::best(), ..Effort::nodes(500) };
    let all = form(season, outcomes, &request, &effort);
    all.into_iter().filter_map(|(_, f)| f.ok()).collect()
}

/// Schools whose combinations are gathered, without and with boarders, squads and twins.
fn gathered() {
    let plain = WantsSpec { combinations: true, ..WantsSpec::default() };
    let boarding = WantsSpec { boarders: 400, ..plain };
    let squads = WantsSpec { squads: &[24, 18], twins: 6, ..boarding };
    let all = [("combinations", plain), ("and boarders", boarding), ("and squads, twins", squads)];
    for (pupils, classes, juniors) in [(1_000, 19, 20), (2_000, 37, 30)] {
        for (name, spec) in all {
            let roll = RollSpec { pupils, classes: Some(classes), juniors };
            let (season, outcomes) = rolls(&[roll], 1);
            let Ok(groups) = Groups::check(&season, wants(&season, &spec, 1)) else { continue };
            let (formed, ms) = timed(|| formed_with(&season, &outcomes, &groups));
            for f in &formed {
                println!(
                    "{pupils} pupils, {classes} classes, {name}: objective {}, bound {}, gap {}, {} wrong, {:.2} s",
                    f.objective,
                    f.bound,
                    f.gap(),
                    f.beyond(),
                    ms / 1e3
                );
            }
        }
    }
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let made = run();
    (made, start.elapsed().as_secs_f64() * 1e3)
}

fn main() {
    let schools: u32 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(400);
    println!("solver at hand: {}", Backend::best().name());
    for (pupils, classes, juniors) in [(1_000, 19, 20), (2_000, 37, 30)] {
        let spec = RollSpec { pupils, classes: Some(classes), juniors };
        let (season, outcomes) = rolls(&[spec], 1);
        let traits = traits(&season);
        println!("{pupils} pupils, {classes} classes, {juniors} junior schools:");
        let (all, ms) = timed(|| formed(&season, &outcomes));
        for f in &all {
            println!(
                "  luqu: {} off, {} wrong, bound {}, {ms:.1} ms",
                f.objective,
                f.beyond(),
                f.bound
            );
        }
        for by_gender in [false, true] {
            let classes = classes as usize;
            let (class_of, ms) = timed(|| serpentine(&season, classes, by_gender));
            let (off, wrong) = quality(&traits, &class_of, classes);
            let how = if by_gender { "gender, then total" } else { "total" };
            println!("  serpentine by {how}: {off} off, {wrong} wrong, {ms:.2} ms");
        }
    }
    for (pupils, classes, juniors) in [(60, 3, 6), (120, 3, 6), (300, 6, 10)] {
        let spec = RollSpec { pupils, classes: Some(classes), juniors };
        let (season, outcomes) = rolls(&[spec], 1);
        let (all, ms) = timed(|| formed(&season, &outcomes));
        let off = all.iter().map(|f| f.objective).sum::<i64>();
        let (said, slow) = timed(|| by_student(&traits(&season), classes as usize, 300));
        println!(
            "{pupils} pupils, {classes} classes: luqu {off} off, {ms:.2} ms; by student, at most 300 nodes: {said}, {slow:.0} ms"
        );
    }
    gathered();
    let spec = |at: u32| {
        let pupils = 300 + at * 37 % 1_500;
        RollSpec { pupils, classes: Some(pupils.div_ceil(53)), juniors: 8 + at % 25 }
    };
    let (season, outcomes) = rolls(&(0..schools).map(spec).collect::<Vec<_>>(), 1);
    let (all, ms) = timed(|| formed(&season, &outcomes));
    let even = all.iter().filter(|f| f.objective == 0).count();
    let classes: usize = all.iter().map(|f| f.classes.len()).sum();
    println!(
        "{schools} schools, {} pupils, {classes} classes: {:.2} s, {even} schools even in everything",
        outcomes.len(),
        ms / 1e3
    );
}
