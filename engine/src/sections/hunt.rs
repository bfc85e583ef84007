//! From homes without blocks to a timetable: places to begin, searches, and the best that they find.

use super::homes::{self, Homes};
use super::opened::{Grid, Opening};
use super::school::World;
use super::search::{Layout, NONE, Score, State};
use super::{Budget, Progress};
use crate::solver::Solved;

/// What the searches found.
pub(super) struct Hunt {
    pub(super) best: Layout,
    /// Bound: no more pupils stay.
    pub(super) most_staying: i32,
    /// Bound: no fewer moves where as many pupils stay as here.
    pub(super) fewest_moves: i32,
    /// Stopped from outside before the bounds were met or the rounds used up.
    pub(super) stopped: bool,
}

/// The best timetable found within the budget, in as many sections as `opened` has.
pub(super) fn best(
    world: &World<'_>,
    opening: &Opening,
    opened: &Solved,
    budget: &Budget<'_>,
) -> Hunt {
    let total = opened.cost as i32;
    let all = world.pupils.len() as i32;
    let patterns = opening.dealt(world, opened);
    let homeless = vec![[NONE; 6]; world.classes.len()];
    let mut plain = State::of(world, patterns, homeless, opening.grid(opened));
    house(world, &mut plain);
    let mut best = plain.layout();
    let homes = homes::best(world, total, &budget.effort).ok();
    let mut stopped = homes.is_none() && (budget.effort.stop)();
    if let Some(homes) = &homes {
        let goal = Score { over: 0, leaving: all - homes.most_staying, moves: homes.fewest_moves };
        let mut before = 0;
        for round in 0..budget.rounds {
            let steps = steps(world, round);
            // A school that cannot have these homes begins where everybody has a seat already.
            let hopeless = round > 1 && best.score == plain.score();
            let mut state = if hopeless { plain.clone() } else { arranged(world, homes) };
            let found =
                state.anneal(steps, HEAT << (round % 4), round.into(), &mut |done, score| {
                    let progress = Progress {
                        done: before + u64::from(done),
                        of: (0..budget.rounds).map(|r| u64::from(self::steps(world, r))).sum(),
                        sections: total as u32,
                        moves: best.score.min(score).moves as u32,
                    };
                    (budget.progress)(progress);
                    stopped = (budget.effort.stop)();
                    stopped || score <= goal
                });
            before += u64::from(steps);
            best = found
                .into_iter()
                .chain([best])
                .min_by_key(|l| l.score)
                .unwrap_or_else(|| plain.layout());
            if stopped || best.score <= goal {
                break;
            }
        }
    }
    let staying = all - best.score.leaving;
    let fewest_moves = match &homes {
        Some(homes) if staying >= homes.staying => homes.fewest_moves,
        _ => homes::fewest_moves(world, total, staying, &budget.effort).unwrap_or(0),
    };
    let most_staying = homes.map_or(all, |h| h.most_staying);
    Hunt { best, most_staying, fewest_moves, stopped }
}

/// The heat of the first search, in thousandths of a move: the homes planned are nearly right, and a cold search
/// keeps them. The next three are hotter, each twice as much as the one before.
const HEAT: u32 = 200;

/// Steps of a search: what a school of this size needs to settle. Most schools need less, so the first two are short.
fn steps(world: &World<'_>, round: u32) -> u32 {
    (50_000 + 1_100 * world.pupils.len().min(20_000) as u32) >> 2_u32.saturating_sub(round)
}

/// Gives sections to the classes that have most pupils in them.
fn house(world: &World<'_>, state: &mut State<'_>) {
    let mut wants: Vec<(i16, usize, usize, u8)> = Vec::new();
    for class in 0..world.classes.len() {
        for block in 0..world.blocks {
            wants.extend((0..6).map(|s| (-state.own(class, s, block), class, block, s as u8)));
        }
    }
    wants.sort_unstable();
    for (pupils, class, block, s) in wants {
        if pupils < 0 && state.home(class, block) == NONE {
            state.rehost(class, block, s);
        }
    }
}

/// The homes in blocks, the sections of each subject spread evenly over them, and pupils who follow the homes of their
/// class where they can.
fn arranged<'a>(world: &'a World<'a>, planned: &Homes) -> State<'a> {
    let mut grid = Grid::default();
    let mut homes = vec![[NONE; 6]; world.classes.len()];
    let emptiest = |grid: &Grid, s: usize, free: &dyn Fn(usize) -> bool| {
        let room = |b: &usize| grid[s][*b] < world.most_of(s, *b);
        let in_all = |b: usize| grid.iter().map(|of| of[b]).sum::<i32>();
        let blocks = || (0..world.blocks).filter(|&b| free(b));
        let by_size = |b: &usize| (grid[s][*b], in_all(*b));
        blocks().filter(room).min_by_key(by_size).or_else(|| blocks().min_by_key(by_size))
    };
    for (home, hosted) in homes.iter_mut().zip(&planned.hosted) {
        for &s in hosted {
            if let Some(b) = emptiest(&grid, s, &|b| home[b] == NONE) {
                home[b] = s as u8;
                grid[s][b] += 1;
            }
        }
    }
    for s in 0..6 {
        for _ in grid[s].iter().sum::<i32>()..planned.sections[s] {
            if let Some(b) = emptiest(&grid, s, &|_| true) {
                grid[s][b] += 1;
            }
        }
    }
    let mut load = Grid::default();
    let follow = |p: &super::school::Seat| {
        const NOWHERE: u8 = u8::MAX;
        let mut pattern = [NOWHERE; 3];
        let home = &homes[p.class];
        for (at, &s) in pattern.iter_mut().zip(&p.subjects) {
            *at =
                (0..world.blocks).find(|&b| usize::from(home[b]) == s).map_or(NOWHERE, |b| b as u8);
        }
        for at in 0..3 {
            if pattern[at] == NOWHERE {
                let s = p.subjects[at];
                let free = (0..world.blocks).filter(|&b| !pattern.contains(&(b as u8)));
                let roomiest =
                    free.max_by_key(|&b| (world.limit * grid[s][b] - load[s][b], usize::MAX - b));
                pattern[at] = roomiest.unwrap_or_default() as u8;
            }
            load[p.subjects[at]][usize::from(pattern[at])] += 1;
        }
        pattern
    };
    let patterns = world.pupils.iter().map(follow).collect();
    State::of(world, patterns, homes, grid)
}
