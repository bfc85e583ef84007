//! Deals the free pupils and evens the classes out by exchanges: found in milliseconds, and proved by costing nothing.

use super::model::{Counts, Model};

/// Exchanges without a better dealing before a start is given up; a school without groups needs a few dozen in all.
const PATIENCE: u32 = 1_000;

/// Starts tried; each deals the types in another order.
const STARTS: u64 = 3;

/// Where the sequence begins that decides in what order is looked.
const START: u64 = 0x9e37_79b9_7f4a_7c15;

/// The cheapest dealing found of the free types around `seated`, which stays. It costs `enough` or more; the search
/// ends when it costs that, when its exchanges are used up or when `stop` says so.
pub(super) fn deal(
    model: &Model,
    seated: &Counts,
    enough: i64,
    stop: &(dyn Fn() -> bool + Sync),
) -> (Counts, i64) {
    let mut best: Option<(Counts, i64)> = None;
    for start in 0..STARTS {
        let mut table = Table::dealt(model, seated, start);
        table.even_out(enough, stop);
        if best.as_ref().is_none_or(|(_, cost)| table.best.1 < *cost) {
            best = Some(table.best);
        }
        if stop() || best.as_ref().is_some_and(|(_, cost)| *cost <= enough) {
            break;
        }
    }
    best.unwrap_or_else(|| (seated.clone(), 0))
}

/// The same from whole classes on: the cheapest dealing found by exchanges of free pupils.
pub(super) fn evened(
    model: &Model,
    counts: Counts,
    enough: i64,
    stop: &(dyn Fn() -> bool + Sync),
) -> (Counts, i64) {
    let mut table = Table::of(model, counts, START);
    table.even_out(enough, stop);
    table.best
}

/// The same with exchanges between classes that are `alike` alone.
pub(super) fn evened_among(
    model: &Model,
    counts: Counts,
    alike: &[Vec<usize>],
    stop: &(dyn Fn() -> bool + Sync),
) -> Counts {
    let mut table = Table::of(model, counts, START);
    for (place, classes) in alike.iter().enumerate() {
        classes.iter().for_each(|&class| table.with[class] = place);
    }
    table.even_out(0, stop);
    table.best.0
}

/// Classes and the units of free types that are to fill them.
pub(super) struct Room {
    pub(super) classes: Vec<usize>,
    /// Types, and how many units of each.
    pub(super) units: Vec<(usize, u32)>,
}

/// Every pupil in turn goes to the class of the room with a seat where the pupil's values are furthest below their share.
pub(super) fn spread(model: &Model, counts: &mut Counts, room: &Room) {
    let classes = model.classes();
    let mut table = model.table(counts);
    let mut taken = vec![0_u32; classes];
    for (kind, row) in model.types.iter().zip(counts.chunks(classes)) {
        for (class, &units) in row.iter().enumerate() {
            taken[class] += units * kind.size;
        }
    }
    for &(t, units) in &room.units {
        for _ in 0..units {
            let want = |k: &usize| {
                let short = |&(v, _): &(u16, u32)| {
                    let at = usize::from(v);
                    let [(low, high), _] = model.bounds(at, *k);
                    2 * table[at * classes + k] - low - high
                };
                (model.types[t].values.iter().map(short).sum::<i64>(), taken[*k], *k)
            };
            let open = room.classes.iter().copied().filter(|&k| taken[k] < model.sizes[k]);
            // The sizes add up to the pupils, so that there is room for everyone.
            let Some(class) = open.min_by_key(want) else { continue };
            counts[t * classes + class] += 1;
            taken[class] += 1;
            for &(v, _) in &model.types[t].values {
                table[usize::from(v) * classes + class] += 1;
            }
        }
    }
}

/// Classes in the making.
struct Table<'m> {
    model: &'m Model,
    classes: usize,
    counts: Counts,
    /// `values × classes`.
    table: Vec<i64>,
    /// What one more and what one less of a value in a class would cost.
    more: Vec<i64>,
    less: Vec<i64>,
    cost: i64,
    best: (Counts, i64),
    /// Free types.
    free: Vec<usize>,
    random: u64,
    /// For each class the classes that exchange with it: those with the same number.
    with: Vec<usize>,
}

/// One pupil of type `gives` from class `from` against one of type `takes` from class `to`.
#[derive(Clone, Copy)]
struct Exchange {
    from: usize,
    to: usize,
    gives: usize,
    takes: usize,
    price: i64,
}

impl<'m> Table<'m> {
    /// The free types around `seated`, in an order of their own for every start.
    fn dealt(model: &'m Model, seated: &Counts, start: u64) -> Self {
        let free: Vec<usize> = (0..model.types.len()).filter(|&t| model.types[t].free()).collect();
        let mut random = START ^ start.wrapping_mul(0xd134_2543_de82_ef95);
        let mut order = free;
        if start > 0 {
            for at in (1..order.len()).rev() {
                order.swap(at, next(&mut random) as usize % (at + 1));
            }
        }
        let units = order.into_iter().map(|t| (t, model.types[t].units.len() as u32)).collect();
        let mut counts = seated.clone();
        spread(model, &mut counts, &Room { classes: (0..model.classes()).collect(), units });
        Self::of(model, counts, random)
    }

    fn of(model: &'m Model, counts: Counts, random: u64) -> Self {
        let table = model.table(&counts);
        let cost = model.total(&table);
        let mut made = Self {
            model,
            classes: model.classes(),
            more: vec![0; table.len()],
            less: vec![0; table.len()],
            table,
            cost,
            best: (counts.clone(), cost),
            counts,
            free: (0..model.types.len()).filter(|&t| model.types[t].free()).collect(),
            random,
            with: vec![0; model.classes()],
        };
        for at in 0..made.table.len() {
            made.price_cell(at);
        }
        made
    }

    fn price_cell(&mut self, at: usize) {
        let cost = |count| self.model.cost(at / self.classes, at % self.classes, count);
        let (count, now) = (self.table[at], cost(self.table[at]));
        (self.more[at], self.less[at]) = (cost(count + 1) - now, cost(count - 1) - now);
    }

    /// Takes the best exchange that touches a count which costs something, even a dear one, and forbids for a while to
    /// undo it; the cheapest classes seen are kept.
    fn even_out(&mut self, enough: i64, stop: &(dyn Fn() -> bool + Sync)) {
        // Until when a type may not come back to a class.
        let mut barred = vec![0_u32; self.counts.len()];
        let (mut turn, mut now, mut last) = (0, 0, (self.best.1, 0));
        while self.best.1 > enough && now - last.1 < PATIENCE && !stop() {
            now += 1;
            if self.best.1 < last.0 {
                last = (self.best.1, now);
            }
            let Some(cell) = self.costly(&mut turn) else { return };
            let Some(found) = self.best_exchange(cell, &barred, now) else { continue };
            let stay = now + 6 + (next(&mut self.random) % 8) as u32;
            barred[found.gives * self.classes + found.from] = stay;
            barred[found.takes * self.classes + found.to] = stay;
            self.apply(found);
        }
    }

    /// The next count, in turn, that costs something.
    fn costly(&self, turn: &mut usize) -> Option<usize> {
        let cells = self.table.len();
        let costs =
            |at: &usize| self.model.cost(at / self.classes, at % self.classes, self.table[*at]) > 0;
        let found = (0..cells).map(|step| (*turn + step) % cells).find(costs)?;
        *turn = (found + 1) % cells;
        Some(found)
    }

    /// The cheapest allowed exchange that moves the count of `cell` towards its share; one of the equally cheap ones.
    fn best_exchange(&mut self, cell: usize, barred: &[u32], now: u32) -> Option<Exchange> {
        let (value, class) = ((cell / self.classes) as u16, cell % self.classes);
        let over = self.less[cell] < 0;
        let holds = |t: usize| self.model.types[t].values.iter().any(|&(v, _)| v == value);
        let mine: Vec<usize> = self.present(class).filter(|&t| holds(t) == over).collect();
        let mut best: Option<Exchange> = None;
        let mut equals = 0;
        let with = |k: &usize| *k != class && self.with[*k] == self.with[class];
        for other in (0..self.classes).filter(with) {
            let theirs: Vec<(usize, i64)> = self
                .present(other)
                .filter(|&t| holds(t) != over)
                .map(|t| (t, self.moved(t, other, class)))
                .collect();
            for &gives in &mine {
                let gone = self.moved(gives, class, other);
                for &(takes, come) in &theirs {
                    let price = gone + come - self.both(gives, takes, class, other);
                    if best.is_some_and(|b| price > b.price) {
                        continue;
                    }
                    let back = barred[gives * self.classes + other] > now
                        || barred[takes * self.classes + class] > now;
                    if back && self.cost + price >= self.best.1 {
                        continue;
                    }
                    let better = best.is_none_or(|b| price < b.price);
                    equals = if better { 1 } else { equals + 1 };
                    if better || next(&mut self.random).is_multiple_of(equals) {
                        best = Some(Exchange { from: class, to: other, gives, takes, price });
                    }
                }
            }
        }
        best
    }

    /// The free types with a pupil in a class.
    fn present(&self, class: usize) -> impl Iterator<Item = usize> {
        self.free.iter().copied().filter(move |t| self.counts[t * self.classes + class] > 0)
    }

    /// What it costs that one pupil of a type changes class.
    fn moved(&self, t: usize, from: usize, to: usize) -> i64 {
        let change = |&(v, _): &(u16, u32)| {
            let row = usize::from(v) * self.classes;
            self.less[row + from] + self.more[row + to]
        };
        self.model.types[t].values.iter().map(change).sum()
    }

    /// What two changes of class count too much where both pupils have the same value.
    fn both(&self, a: usize, b: usize, x: usize, y: usize) -> i64 {
        let (a, b) = (&self.model.types[a].values, &self.model.types[b].values);
        let common = a.iter().filter(|(v, _)| b.iter().any(|(w, _)| v == w));
        let four = |&(v, _): &(u16, u32)| {
            let row = usize::from(v) * self.classes;
            self.less[row + x] + self.more[row + y] + self.less[row + y] + self.more[row + x]
        };
        common.map(four).sum()
    }

    fn apply(&mut self, done: Exchange) {
        for (t, from, to) in [(done.gives, done.from, done.to), (done.takes, done.to, done.from)] {
            self.counts[t * self.classes + from] -= 1;
            self.counts[t * self.classes + to] += 1;
            for &(v, _) in &self.model.types[t].values {
                let row = usize::from(v) * self.classes;
                self.table[row + from] -= 1;
                self.table[row + to] += 1;
                self.price_cell(row + from);
                self.price_cell(row + to);
            }
        }
        self.cost += done.price;
        if self.cost < self.best.1 {
            self.best = (self.counts.clone(), self.cost);
        }
    }
}

/// The next number of a fixed sequence (xorshift): only the order of looking depends on it.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
