//! Prints what `luqu sections` finds for made schools of 600, 1,000 and 2,000 pupils beside what a scheduler finds who
//! opens one section at a time: `sections [SEEDS]`, three seeds unless given. With the feature `highs`, both backends.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use luqu_engine::sections::{Budget, Pupil, Subject, Terms, form, verify};
use luqu_engine::solver::Backend;
use luqu_fixtures::choices;

const LIMIT: usize = 55;

fn main() {
    let seeds: u64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(3);
    let backends = [
        Backend::Microlp,
        #[cfg(feature = "highs")]
        Backend::Highs,
    ];
    println!(
        "pupils | blocks | seed | who | s | sections (bound) | staying (bound) | moves (bound)"
    );
    for (n, blocks) in [(600, 3), (1000, 3), (2000, 3), (2000, 4)] {
        for seed in 1..=seeds {
            let pupils = choices(n, seed);
            let row = |who: &str, time: Duration, figures: [String; 3]| {
                let time = time.as_secs_f64();
                println!("{n} | {blocks} | {seed} | {who} | {time:.3} | {}", figures.join(" | "));
            };
            let start = Instant::now();
            let greedy = one_at_a_time(&pupils, blocks.into());
            row("greedy", start.elapsed(), greedy.map(|f| f.to_string()));
            for backend in backends {
                let seed = seed.to_string();
                let terms = Terms { limit: LIMIT as u32, blocks, caps: Vec::new(), seed };
                let start = Instant::now();
                let Ok(made) = form(&pupils, &terms, &Budget::usual(backend)) else { continue };
                let time = start.elapsed();
                assert!(verify(&pupils, &terms, &made.sections).is_empty());
                let levels = [made.opened, made.staying, made.moves];
                row(backend.name(), time, levels.map(|l| format!("{} ({})", l.value, l.bound)));
            }
        }
    }
}

/// A section of the scheduler: subject, block, pupils.
type Opened = (Subject, usize, Vec<usize>);

/// Subject after subject and class after class, every pupil goes into the first section with a seat in a free block; where
/// there is none, a section opens in the first free block. Rooms go to the class with most pupils inside. Returns
/// sections, pupils who stay, moves.
fn one_at_a_time(pupils: &[Pupil], blocks: usize) -> [usize; 3] {
    let mut order: Vec<usize> = (0..pupils.len()).collect();
    order.sort_by_key(|&at| (pupils[at].class_no.len(), &pupils[at].class_no, &pupils[at].id));
    let mut busy = vec![vec![false; blocks]; pupils.len()];
    let mut sections: Vec<Opened> = Vec::new();
    for subject in Subject::ALL {
        for &at in &order {
            if !pupils[at].combination.subjects().contains(&subject) {
                continue;
            }
            let fits =
                |(s, b, inside): &Opened| *s == subject && !busy[at][*b] && inside.len() < LIMIT;
            let found = sections.iter().position(fits).unwrap_or_else(|| {
                let block = (0..blocks).find(|&b| !busy[at][b]).unwrap_or_default();
                sections.push((subject, block, Vec::new()));
                sections.len() - 1
            });
            busy[at][sections[found].1] = true;
            sections[found].2.push(at);
        }
    }
    let mut away = vec![3; pupils.len()];
    for block in 0..blocks {
        let mut wants: Vec<(usize, &str, usize)> = Vec::new();
        for (number, (_, b, inside)) in sections.iter().enumerate() {
            for &at in inside.iter().filter(|_| *b == block) {
                let class = pupils[at].class_no.as_str();
                let own = inside.iter().filter(|&&p| pupils[p].class_no == class).count();
                wants.push((own, class, number));
            }
        }
        wants.sort_by(|a, b| b.cmp(a));
        wants.dedup();
        let (mut housed, mut hosts) = (Vec::new(), Vec::new());
        for (_, class, number) in wants {
            if !housed.contains(&number) && !hosts.contains(&class) {
                housed.push(number);
                hosts.push(class);
                for &at in sections[number].2.iter().filter(|&&p| pupils[p].class_no == class) {
                    away[at] -= 1;
                }
            }
        }
    }
    let staying = away.iter().filter(|&&moves| moves == 0).count();
    [sections.len(), staying, away.iter().sum()]
}
