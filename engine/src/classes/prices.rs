//! A bound over all kinds at once: prices for the values in the classes, at which nobody can be seated for less.
//!
//! Put a price on every value in every class and on every seat. Whatever the prices, a dealing costs at least
//!
//! * what everybody pays who sits in the cheapest class for all that he is, and
//! * for every value and class, the least over all counts of what the count costs less what so many pupils pay:
//!
//! in a dealing the pupils of a value pay what its counts take in, so that the two sums add up to the cost or less (weak
//! duality). The best prices give the bound of the program over all types with parts of pupils allowed, which is too large
//! for a solver: of 1,000 pupils hardly two are alike. Prices are whole numbers and every sum is exact, so that the bound is
//! proved by arithmetic, however the prices were found.
//!
//! They are found by the volume algorithm (Barahona and Anbil 2000): steps go towards the mean of what was asked for too much
//! at the prices tried, and the same mean of who sat where is nearly the best dealing in parts of pupils, from which [`super::dive`]
//! begins.
//!
//! A place beyond the rule costs more than all within it; at such prices steps lead nowhere. Here it costs [`BEYOND`], and
//! the places beyond that the kinds force each alone (`floor`) are put in afterwards: with h places beyond at least and λ the
//! bound at these prices, no dealing costs less than h full prices and λ − h × `BEYOND` places within.

use super::model::{Counts, Model, Off};

/// One place in the units of the prices; shares of pupils and of steps have the same parts.
pub(super) const UNIT: i64 = 1 << 16;

/// What a place beyond the rule costs here.
pub(super) const BEYOND: i64 = 8;

/// Steps for a bound.
const STEPS: u32 = 4_500;

/// The largest weight of the newest prices in the mean, of which a tenth goes every [`AGE`] steps, and the least there is.
const NEWEST: i64 = UNIT * 3 / 100;
const AGE: u32 = 100;
const OLDEST: i64 = UNIT / 1_000;

/// Steps without a better bound after which they are shortened by a tenth, and the shortest, as a part of the way.
const PATIENCE: u32 = 20;
const SHORTEST: i64 = UNIT / 500;

/// No price is further from nothing than so many places, so that no sum overflows.
const FURTHEST: i64 = UNIT << 12;

/// Prices are tried in parts of a place too: what is best often costs a half or a third.
const PARTS: [i64; 6] = [1, 2, 3, 4, 6, 12];

/// No dealing costs less than what is returned, which is at least `floor`, a bound that each kind has alone. `found` is what
/// some dealing is off; the search ends when that is proved to be the least.
pub(super) fn bound(
    model: &Model,
    floor: i64,
    found: Off,
    stop: &(dyn Fn() -> bool + Sync),
) -> i64 {
    let full = 1 + model.heavy();
    let forced = floor.div_euclid(full);
    let market = Market::of(model, None);
    let start = vec![0; market.counts.len()];
    let came = market.volume(
        start,
        Aim { goal: found.priced(BEYOND), end: true },
        (STEPS, UNIT / 20),
        stop,
    );
    let rounded = PARTS.iter().map(|part| {
        let unit = UNIT / part;
        let near = |price: &i64| (price + unit / 2).div_euclid(unit) * unit;
        market.bound(&came.prices.iter().map(near).collect::<Vec<_>>())
    });
    let least = rounded.fold(came.bound, i64::max);
    // A bound on whole costs: anything above a whole number is the next.
    let least = (least + UNIT - 1).div_euclid(UNIT);
    floor.max(full * forced + (least - BEYOND * forced).max(0))
}

/// Units that pay the same.
#[derive(Clone)]
pub(super) struct Payer {
    /// The type.
    pub(super) kind: usize,
    /// Rows and how many pupils of a unit stand for each.
    pub(super) held: Vec<(usize, i64)>,
    pub(super) units: i64,
}

/// A count that may be the cheapest at some price, and what it costs in units of the prices.
#[derive(Clone, Copy, Default)]
struct Count {
    pupils: i64,
    cost: i64,
}

/// Who pays for what. A row is a value, the last one the seat itself; a cell is a row in classes that are alike.
#[derive(Clone)]
pub(super) struct Market<'m> {
    model: &'m Model,
    /// Equal classes: of one size, home to the same pupils, with the same pupils seated.
    pub(super) alike: Vec<Vec<usize>>,
    pub(super) payers: Vec<Payer>,
    /// For every cell the pupils who sit there already.
    pub(super) held: Vec<i64>,
    /// For every cell the counts of further pupils at which its cost bends.
    counts: Vec<Vec<Count>>,
}

/// What steps go towards.
#[derive(Clone, Copy)]
pub(super) struct Aim {
    /// Places that some dealing is off.
    pub(super) goal: i64,
    /// Whether to end where the bound proves that nothing costs less.
    pub(super) end: bool,
}

/// What prices come to.
#[derive(Clone)]
pub(super) struct Came {
    /// In units of the prices.
    pub(super) bound: i64,
    pub(super) prices: Vec<i64>,
    /// For every payer and classes that are alike, the units that sit there in the mean, in parts.
    pub(super) shares: Vec<i64>,
}

impl<'m> Market<'m> {
    /// The market for all units; where some are `seated`, for the free ones beside them.
    pub(super) fn of(model: &'m Model, seated: Option<&Counts>) -> Self {
        let nobody = vec![0; model.types.len() * model.classes()];
        let table = model.table(seated.unwrap_or(&nobody));
        let mut taken = vec![0; model.classes()];
        for (at, &units) in seated.unwrap_or(&nobody).iter().enumerate() {
            taken[at % model.classes()] +=
                i64::from(units * model.types[at / model.classes()].size);
        }
        let rows = 0..model.values.len();
        let column = |class: usize| {
            rows.clone()
                .map(move |v| (v, class))
                .map(|(v, class)| (model.bounds(v, class), table[v * model.classes() + class]))
        };
        let mut alike: Vec<Vec<usize>> = Vec::new();
        for class in 0..model.classes() {
            let same = |known: &&mut Vec<usize>| {
                let one = known[0];
                (model.sizes[one], taken[one]) == (model.sizes[class], taken[class])
                    && column(one).eq(column(class))
            };
            match alike.iter_mut().find(same) {
                Some(known) => known.push(class),
                None => alike.push(vec![class]),
            }
        }
        let seat = model.values.len();
        let wanted = |t: &usize| seated.is_none() || model.types[*t].free();
        let payer = |kind: usize| {
            let t = &model.types[kind];
            let values = t.values.iter().map(|&(v, many)| (usize::from(v), i64::from(many)));
            let held = values.chain([(seat, i64::from(t.size))]).collect();
            Payer { kind, held, units: t.units.len() as i64 }
        };
        let sum = |of: &dyn Fn(usize) -> i64| -> Vec<i64> {
            alike.iter().map(|classes| classes.iter().map(|&k| of(k)).sum()).collect()
        };
        let mut held = Vec::with_capacity((seat + 1) * alike.len());
        for value in rows.clone() {
            held.extend(sum(&|k| table[value * model.classes() + k]));
        }
        held.extend(sum(&|k| taken[k]));
        let payers = (0..model.types.len()).filter(wanted).map(payer).collect();
        let mut market = Self { model, alike, payers, held, counts: Vec::new() };
        market.bend();
        market
    }

    /// Seats left in classes that are alike.
    pub(super) fn room(&self, at: usize) -> i64 {
        let size: i64 = self.alike[at].iter().map(|&k| i64::from(self.model.sizes[k])).sum();
        size - self.held[self.model.values.len() * self.alike.len() + at]
    }

    /// Finds the bends anew, after units have sat down.
    pub(super) fn bend(&mut self) {
        let (seat, width) = (self.model.values.len(), self.alike.len());
        let mut left = vec![0; seat + 1];
        for payer in &self.payers {
            for &(row, many) in &payer.held {
                left[row] += many * payer.units;
            }
        }
        let mut counts = Vec::with_capacity(self.held.len());
        for (value, &left) in left.iter().enumerate().take(seat) {
            for (at, classes) in self.alike.iter().enumerate() {
                let (many, held) = (classes.len() as i64, self.held[value * width + at]);
                let most = left.min(self.room(at));
                let [near, rule] = self.model.bounds(value, classes[0]);
                // Costs of equal classes are least where they are shared evenly, so that all of them are one.
                let all = |(low, high): (i64, i64)| (low * many, high.saturating_mul(many));
                let (near, rule) = (all(near), all(rule));
                let mut bends =
                    [0, near.0 - held, near.1 - held, rule.0 - held, rule.1 - held, most]
                        .map(|bend| bend.clamp(0, most))
                        .to_vec();
                bends.sort_unstable();
                bends.dedup();
                let off =
                    |count: i64, (low, high): (i64, i64)| (low - count).max(count - high).max(0);
                let cost = |pupils: i64| {
                    let beyond = off(pupils + held, rule);
                    let within = off(pupils + held, near) - beyond;
                    UNIT * Off { within, beyond }.priced(BEYOND)
                };
                counts
                    .push(bends.into_iter().map(|c| Count { pupils: c, cost: cost(c) }).collect());
            }
        }
        counts.extend((0..width).map(|at| vec![Count { pupils: self.room(at), cost: 0 }]));
        self.counts = counts;
    }

    /// The bound at these prices.
    fn bound(&self, prices: &[i64]) -> i64 {
        let (mut asked, mut seats) = (vec![0; prices.len()], vec![0; self.payers.len()]);
        self.ask(prices, &mut asked, &mut seats)
    }

    /// The bound at these prices; what is asked for too much, for every cell; and where each payer sits.
    fn ask(&self, prices: &[i64], asked: &mut [i64], seats: &mut [usize]) -> i64 {
        let width = self.alike.len();
        let mut bound = 0;
        for (cell, counts) in self.counts.iter().enumerate() {
            let left = |c: &Count| c.cost - prices[cell] * c.pupils;
            let best = counts.iter().min_by_key(|c| left(c)).copied().unwrap_or_default();
            bound += left(&best);
            asked[cell] = -best.pupils;
        }
        let mut pays = vec![0; width];
        for (payer, seat) in self.payers.iter().zip(seats) {
            pays.fill(0);
            for &(row, many) in &payer.held {
                let prices = &prices[row * width..(row + 1) * width];
                pays.iter_mut().zip(prices).for_each(|(pay, price)| *pay += many * price);
            }
            let cheapest = (0..width).min_by_key(|&at| pays[at]).unwrap_or(0);
            *seat = cheapest;
            bound += payer.units * pays.get(cheapest).copied().unwrap_or(0);
            for &(row, many) in &payer.held {
                asked[row * width + cheapest] += payer.units * many;
            }
        }
        bound
    }

    /// The best bound that so many steps from `prices` on lead to, beginning with steps of such a part of the way.
    pub(super) fn volume(
        &self,
        mut prices: Vec<i64>,
        aim: Aim,
        (steps, mut pace): (u32, i64),
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Came {
        let (width, unit) = (self.alike.len(), i128::from(UNIT));
        let goal = aim.goal * UNIT;
        let mut asked = vec![0; prices.len()];
        let mut seats = vec![0; self.payers.len()];
        let bound = self.ask(&prices, &mut asked, &mut seats);
        let mut best = Came { bound, prices: prices.clone(), shares: Vec::new() };
        let mut way: Vec<i64> = asked.iter().map(|a| a * UNIT).collect();
        let mut shares = vec![0; self.payers.len() * width];
        for (at, (payer, &seat)) in self.payers.iter().zip(&seats).enumerate() {
            shares[at * width + seat] = payer.units * UNIT;
        }
        let dot = |a: &[i64], b: &[i64]| -> i128 {
            a.iter().zip(b).map(|(&a, &b)| i128::from(a) * i128::from(b)).sum()
        };
        let (mut newest, mut idle) = (NEWEST, 0);
        for step in 1..=steps {
            let length = dot(&way, &way);
            let proved = aim.end && best.bound > goal - UNIT;
            if length == 0 || proved || stop() {
                break;
            }
            let rise = i128::from((goal - best.bound).max(UNIT)) * i128::from(pace);
            for ((price, from), way) in prices.iter_mut().zip(&best.prices).zip(&way) {
                let wanted = i128::from(*from) + rise * i128::from(*way) / length;
                *price = wanted.clamp((-FURTHEST).into(), FURTHEST.into()) as i64;
            }
            let bound = self.ask(&prices, &mut asked, &mut seats);
            // The mean is made as small as the newest weight allows.
            let gap: Vec<i64> = asked.iter().zip(&way).map(|(a, w)| a * UNIT - w).collect();
            let least = -dot(&way, &gap) * unit / dot(&gap, &gap).max(1);
            let weight = least.clamp(i128::from(newest / 10), i128::from(newest)) as i64;
            let ahead = dot(&asked, &way) >= 0;
            for (way, gap) in way.iter_mut().zip(&gap) {
                *way += (i128::from(*gap) * i128::from(weight) / unit) as i64;
            }
            for (at, (payer, &seat)) in self.payers.iter().zip(&seats).enumerate() {
                let row = &mut shares[at * width..(at + 1) * width];
                row.iter_mut().for_each(|share| *share -= *share * weight / UNIT);
                row[seat] += payer.units * weight;
            }
            if bound > best.bound {
                (best.bound, idle) = (bound, 0);
                best.prices.clone_from(&prices);
                if ahead {
                    pace = (pace + pace / 10 + 1).min(2 * UNIT);
                }
            } else {
                idle += 1;
                if idle >= PATIENCE {
                    (pace, idle) = ((pace * 9 / 10).max(SHORTEST), 0);
                }
            }
            if step % AGE == 0 {
                newest = (newest * 9 / 10).max(OLDEST);
            }
        }
        best.shares = shares;
        best
    }
}
