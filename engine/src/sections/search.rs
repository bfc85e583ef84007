//! Local search for a timetable: classes, pupils and sections change blocks and homes until everybody fits.
//!
//! A *state* gives every pupil a pattern and every section a block, and may overflow: more pupils of a subject in a
//! block than its sections hold. Steps: a class swaps two blocks, with its homes and all its pupils · a pupil swaps
//! two blocks · a section without a home changes its block · a class becomes home to another section. A step is taken
//! if it is better, or worse by less than a threshold that falls. The best state that overflows nowhere is kept.
//!
//! All in whole numbers, with random numbers of a fixed seed: the same school gives the same timetable anywhere.

use super::opened::Grid;
use super::school::World;

/// No subject: the class is home to nothing in this block.
pub(super) const NONE: u8 = 6;

/// Figures of a state; smaller is better, from left to right once nothing overflows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Score {
    /// Pupils, or sections × limit, that do not fit.
    pub(super) over: i32,
    /// Pupils who leave their class at least once.
    pub(super) leaving: i32,
    /// Lessons away from the own class.
    pub(super) moves: i32,
}

/// What a leaving pupil weighs in moves while searching.
const LEAVING: i32 = 8;

impl Score {
    const fn energy(self, weight: i32) -> i64 {
        self.over as i64 * weight as i64 + self.leaving as i64 * LEAVING as i64 + self.moves as i64
    }
}

/// The parts of a state that an answer is made of.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// For each pupil of the world, the block of each subject.
    pub(super) patterns: Vec<[u8; 3]>,
    /// For each class, the subject it is home to in each block; 6 for none.
    pub(super) homes: Vec<[u8; 6]>,
    /// Sections of each subject in each block.
    pub(super) grid: Grid,
    pub(super) score: Score,
}

#[derive(Clone)]
pub(super) struct State<'a> {
    world: &'a World<'a>,
    most_of: Grid,
    most_at: [i32; 6],
    now: Layout,
    load: Grid,
    hosted: Grid,
    /// For each class, its pupils of each subject in each block.
    own: Vec<[[i16; 6]; 6]>,
    /// For each pupil, the lessons away from the own class.
    away: Vec<u8>,
}

impl<'a> State<'a> {
    /// Takes homes where there is a section for each of them.
    pub(super) fn of(
        world: &'a World<'a>,
        patterns: Vec<[u8; 3]>,
        homes: Vec<[u8; 6]>,
        grid: Grid,
    ) -> Self {
        let mut load = Grid::default();
        let mut hosted = Grid::default();
        let mut own = vec![[[0; 6]; 6]; world.classes.len()];
        let mut away = Vec::with_capacity(patterns.len());
        for of_class in &homes {
            for (b, &s) in of_class.iter().enumerate().filter(|(_, s)| **s != NONE) {
                hosted[usize::from(s)][b] += 1;
            }
        }
        for (pupil, pattern) in world.pupils.iter().zip(&patterns) {
            let mut moves = 0;
            for (&s, &b) in pupil.subjects.iter().zip(pattern) {
                let b = usize::from(b);
                load[s][b] += 1;
                own[pupil.class][s][b] += 1;
                moves += u8::from(usize::from(homes[pupil.class][b]) != s);
            }
            away.push(moves);
        }
        let score = Score {
            over: 0,
            leaving: away.iter().filter(|&&a| a > 0).count() as i32,
            moves: away.iter().map(|&a| i32::from(a)).sum(),
        };
        let most_of = std::array::from_fn(|s| std::array::from_fn(|b| world.most_of(s, b)));
        let most_at = std::array::from_fn(|b| world.most_at(b));
        let now = Layout { patterns, homes, grid, score };
        let mut state = Self { world, most_of, most_at, now, load, hosted, own, away };
        let excess = (0..world.classes.len()).map(|class| state.excess(class)).sum::<i32>();
        state.now.score.over = (0..world.blocks).map(|b| state.over_at(b)).sum::<i32>() + excess;
        state
    }

    fn over_at(&self, b: usize) -> i32 {
        let limit = self.world.limit;
        let mut over = 0;
        let mut sections = 0;
        for s in 0..6 {
            let open = self.now.grid[s][b];
            sections += open;
            over += (self.load[s][b] - limit * open).max(0);
            over += limit * (open - self.most_of[s][b]).max(0);
        }
        over + limit * (sections - self.most_at[b]).max(0)
    }

    /// The pupils of a class above the limit whom its home sections cannot take: they must go elsewhere.
    fn excess(&self, class: usize) -> i32 {
        let limit = self.world.limit;
        if (self.world.members[class].len() as i32) <= limit {
            return 0;
        }
        let homes = self.now.homes[class].iter().enumerate().filter(|(_, s)| **s != NONE);
        homes.map(|(b, &s)| (i32::from(self.own[class][usize::from(s)][b]) - limit).max(0)).sum()
    }

    pub(super) const fn score(&self) -> Score {
        self.now.score
    }

    /// The pupils of a class who are taught a subject in a block.
    pub(super) fn own(&self, class: usize, s: usize, b: usize) -> i16 {
        self.own[class][s][b]
    }

    /// What the class is home to in the block.
    pub(super) fn home(&self, class: usize, b: usize) -> u8 {
        self.now.homes[class][b]
    }

    pub(super) fn layout(&self) -> Layout {
        self.now.clone()
    }

    /// Changes something in two blocks and counts the overflow again.
    fn between(&mut self, a: usize, b: usize, change: impl FnOnce(&mut Self)) {
        self.now.score.over -= self.over_at(a) + self.over_at(b);
        change(self);
        self.now.score.over += self.over_at(a) + self.over_at(b);
    }

    /// A class changes places between two blocks, with everything it has.
    fn swap_class(&mut self, class: usize, a: usize, b: usize) {
        self.between(a, b, |state| {
            let homes = &mut state.now.homes[class];
            for (s, from, to) in [(homes[a], a, b), (homes[b], b, a)] {
                if s != NONE {
                    let s = usize::from(s);
                    state.now.grid[s][from] -= 1;
                    state.now.grid[s][to] += 1;
                    state.hosted[s][from] -= 1;
                    state.hosted[s][to] += 1;
                }
            }
            homes.swap(a, b);
            for (s, own) in state.own[class].iter_mut().enumerate() {
                let moved = i32::from(own[a] - own[b]);
                state.load[s][a] -= moved;
                state.load[s][b] += moved;
                own.swap(a, b);
            }
            for pattern in &mut state.now.patterns[state.world.members[class].clone()] {
                for at in pattern {
                    if usize::from(*at) == a {
                        *at = b as u8;
                    } else if usize::from(*at) == b {
                        *at = a as u8;
                    }
                }
            }
        });
    }

    /// A pupil changes places between two blocks.
    fn swap_pupil(&mut self, pupil: usize, a: usize, b: usize) {
        let seat = self.world.pupils[pupil];
        self.now.score.over -= self.excess(seat.class);
        self.between(a, b, |state| {
            let pattern = &mut state.now.patterns[pupil];
            let own = &mut state.own[seat.class];
            for (&s, at) in seat.subjects.iter().zip(pattern) {
                let from = usize::from(*at);
                let to = match from {
                    _ if from == a => b,
                    _ if from == b => a,
                    _ => continue,
                };
                state.load[s][from] -= 1;
                state.load[s][to] += 1;
                own[s][from] -= 1;
                own[s][to] += 1;
                *at = to as u8;
            }
        });
        self.now.score.over += self.excess(seat.class);
        self.recount(pupil);
    }

    /// Counts the lessons of a pupil away from the own class.
    fn recount(&mut self, pupil: usize) {
        let seat = &self.world.pupils[pupil];
        let homes = &self.now.homes[seat.class];
        let lessons = seat.subjects.iter().zip(&self.now.patterns[pupil]);
        let away =
            lessons.filter(|&(&s, &b)| usize::from(homes[usize::from(b)]) != s).count() as u8;
        let before = std::mem::replace(&mut self.away[pupil], away);
        self.now.score.moves += i32::from(away) - i32::from(before);
        self.now.score.leaving += i32::from(away > 0) - i32::from(before > 0);
    }

    /// A section without a home moves to another block. False if there is none.
    fn shift(&mut self, s: usize, a: usize, b: usize) -> bool {
        if self.now.grid[s][a] <= self.hosted[s][a] {
            return false;
        }
        self.between(a, b, |state| {
            state.now.grid[s][a] -= 1;
            state.now.grid[s][b] += 1;
        });
        true
    }

    /// A class becomes home to a section of `s`, or to none, in a block. False if every section has a home.
    pub(super) fn rehost(&mut self, class: usize, b: usize, s: u8) -> bool {
        let before = self.now.homes[class][b];
        if s != NONE && self.now.grid[usize::from(s)][b] <= self.hosted[usize::from(s)][b] {
            return false;
        }
        self.now.score.over -= self.excess(class);
        if before != NONE {
            self.hosted[usize::from(before)][b] -= 1;
        }
        if s != NONE {
            self.hosted[usize::from(s)][b] += 1;
        }
        self.now.homes[class][b] = s;
        self.now.score.over += self.excess(class);
        for pupil in self.world.members[class].clone() {
            self.recount(pupil);
        }
        true
    }

    /// A step taken at random: the way back, if anything was done.
    fn step(&mut self, rng: &mut Rng) -> Option<Step> {
        let blocks = self.world.blocks;
        let a = rng.below(blocks);
        let b = (a + 1 + rng.below(blocks - 1)) % blocks;
        match rng.below(64) {
            0..4 => {
                let class = rng.below(self.world.classes.len());
                self.swap_class(class, a, b);
                Some(Step::Class(class, a, b))
            }
            4..8 => {
                let s = rng.below(6);
                self.shift(s, a, b).then_some(Step::Shift(s, b, a))
            }
            8 => {
                let class = rng.below(self.world.classes.len());
                let before = self.now.homes[class][a];
                let s = rng.below(7) as u8;
                (s != before && self.rehost(class, a, s)).then_some(Step::Home(class, a, before))
            }
            9 => {
                let class = rng.below(self.world.classes.len());
                let other = rng.below(self.world.classes.len());
                let (s, t) = (self.now.homes[class][a], self.now.homes[other][a]);
                (s != t)
                    .then(|| self.exchange(class, other, a))
                    .map(|()| Step::Exchange(class, other, a))
            }
            _ => {
                let pupil = self.someone(a, rng);
                self.swap_pupil(pupil, a, b);
                Some(Step::Pupil(pupil, a, b))
            }
        }
    }

    /// A pupil; where the block overflows, mostly one of a subject that does.
    fn someone(&self, block: usize, rng: &mut Rng) -> usize {
        let any = rng.below(self.world.pupils.len());
        let s = rng.below(6);
        if self.load[s][block] <= self.world.limit * self.now.grid[s][block] {
            return any;
        }
        let sits = |&p: &usize| {
            let lessons = self.world.pupils[p].subjects.iter().zip(&self.now.patterns[p]);
            lessons.into_iter().any(|(&t, &b)| t == s && usize::from(b) == block)
        };
        (0..16).map(|_| rng.below(self.world.pupils.len())).find(sits).unwrap_or(any)
    }

    fn exchange(&mut self, class: usize, other: usize, b: usize) {
        let (s, t) = (self.now.homes[class][b], self.now.homes[other][b]);
        self.rehost(class, b, NONE);
        self.rehost(other, b, s);
        self.rehost(class, b, t);
    }

    fn undo(&mut self, step: Step) {
        match step {
            Step::Class(class, a, b) => self.swap_class(class, a, b),
            Step::Pupil(pupil, a, b) => self.swap_pupil(pupil, a, b),
            Step::Shift(s, a, b) => drop(self.shift(s, a, b)),
            Step::Home(class, b, s) => drop(self.rehost(class, b, s)),
            Step::Exchange(class, other, b) => self.exchange(class, other, b),
        }
    }

    /// Searches for so many steps or until nothing overflows and `enough` says so; gives the best state that
    /// overflows nowhere, if there was one.
    pub(super) fn anneal(
        &mut self,
        steps: u32,
        heat: u32,
        stream: u64,
        enough: &mut dyn FnMut(u32, Score) -> bool,
    ) -> Option<Layout> {
        let mut rng = Rng(0x6c75_7175_0000_0000 ^ stream);
        let mut best: Option<Layout> = None;
        for done in 0..steps {
            let score = self.now.score;
            if score.over == 0 && best.as_ref().is_none_or(|b| score < b.score) {
                best = Some(self.now.clone());
            }
            if done % 4096 == 0 && enough(done, best.as_ref().map_or(score, |b| b.score)) {
                break;
            }
            // Overflow weighs more and more; the threshold falls to nothing.
            let weight = 2 + (done / (steps / 16 + 1)) as i32;
            let heat = i64::from(heat)
                - (u64::from(done) * u64::from(heat) / u64::from(steps.max(1))) as i64;
            let before = score.energy(weight);
            let Some(step) = self.step(&mut rng) else { continue };
            let worse = self.now.score.energy(weight) - before;
            if worse > 0 && worse * 1_000_000 > heat * HEAT[rng.below(HEAT.len())] {
                self.undo(step);
            }
        }
        best
    }
}

/// −1000 ln of (2i + 1) ⁄ 32, for i from 0: the thresholds of a falling heat.
const HEAT: [i64; 16] =
    [3466, 2367, 1856, 1520, 1269, 1068, 901, 758, 633, 521, 421, 330, 247, 170, 98, 32];

/// How to go back.
#[derive(Clone, Copy)]
enum Step {
    Class(usize, usize, usize),
    Pupil(usize, usize, usize),
    Shift(usize, usize, usize),
    Home(usize, usize, u8),
    Exchange(usize, usize, usize),
}

/// Random numbers from a fixed seed (splitmix64).
struct Rng(u64);

impl Rng {
    const fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = (z ^ (z >> 31)) >> 32;
        ((high * n as u64) >> 32) as usize
    }
}
