//! Looks for a market that breaks a property: small ones first, many of each size, always the same ones.

use super::market::{Held, Lie, Person, Seat, Tiny, full_mark};
use super::shrink::shrink;
use super::{Property, Scope, theory};
use crate::domain::{BatchIx, CategoryIx, Score};
use crate::policy::{Key, Policy, Predicate};

/// What breaks a property in a market.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Break {
    /// Somebody gains by another list.
    Lie(Lie),
    /// The first would rather have the seat of the second.
    Envy(usize, usize),
    /// A person does worse with this total.
    Raise(usize, i32),
}

/// A market with what breaks in it, and what everybody holds before and after.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Witness {
    pub(super) market: Tiny,
    pub(super) breaks: Break,
    pub(super) before: Vec<Held>,
    /// The same as before for envy.
    pub(super) after: Vec<Held>,
}

/// The outcome of a search.
pub(super) struct Found {
    pub(super) witness: Option<Witness>,
    pub(super) markets: u32,
}

/// The sizes tried: applicants, schools, and how many markets of that size.
const SIZES: [(usize, usize, u32); 4] = [(2, 2, 400), (3, 2, 400), (3, 3, 200), (4, 3, 100)];

/// Searches for each property in turn, in the order of [`Property::ALL`], in markets they share.
pub(super) fn search(policy: &Policy, scope: Scope) -> [Found; 3] {
    // The file's text is part of a policy and of no rule; without it a market is made much faster.
    let policy = &Policy { text: String::new(), ..policy.clone() };
    let stages = stages(policy, scope);
    let mut found = Property::ALL.map(|_| Found { witness: None, markets: 0 });
    let levels = Levels::of(policy);
    let mut dice = Dice(0x6c75_7175);
    for (people, schools, count) in SIZES {
        for at in 0..count as usize {
            if found.iter().all(|f| f.witness.is_some()) {
                return found;
            }
            let stage = &stages[at % stages.len()];
            let market = draw(policy, stage, (people, schools), &levels, &mut dice);
            let Some(before) = market.place(policy, None) else { continue };
            for (property, found) in Property::ALL.into_iter().zip(&mut found) {
                if found.witness.is_some() {
                    continue;
                }
                found.markets += 1;
                if let Some(witness) = broken_from(policy, &market, property, &before) {
                    found.witness = Some(shrink(policy, witness, property));
                }
            }
        }
    }
    found
}

/// What breaks the property in the market, if anything does.
pub(super) fn broken(policy: &Policy, market: &Tiny, property: Property) -> Option<Witness> {
    let before = market.place(policy, None)?;
    broken_from(policy, market, property, &before)
}

fn broken_from(
    policy: &Policy,
    market: &Tiny,
    property: Property,
    before: &[Held],
) -> Option<Witness> {
    let people = 0..market.people.len();
    let (breaks, after) = match property {
        Property::StrategyProof => people.into_iter().find_map(|p| lie(policy, market, p, before)),
        Property::EnvyFree => people
            .flat_map(|i| (0..market.people.len()).map(move |j| (i, j)))
            .find(|&(i, j)| envies(policy, market, i, j, before))
            .map(|(i, j)| (Break::Envy(i, j), before.to_vec())),
        Property::RewardsScores => {
            people.into_iter().find_map(|p| raise(policy, market, p, before))
        }
    }?;
    Some(Witness { market: market.clone(), breaks, before: before.to_vec(), after })
}

fn lie(
    policy: &Policy,
    market: &Tiny,
    person: usize,
    before: &[Held],
) -> Option<(Break, Vec<Held>)> {
    let own = market.rank(person, before[person]);
    if own == 0 {
        return None;
    }
    for batch in market.batches() {
        let truth = market.truth(policy, person, batch);
        let most = policy.batch(batch).wishes.map_or(usize::MAX, |w| w as usize);
        let mut schools = market.people[person].prefs.clone();
        schools.retain(|&s| {
            let seat = |x: &Seat| x.school == s && x.batch == batch;
            market.seats.iter().any(seat)
        });
        // Whoever cannot list all they would go to has no true list to hand in.
        if schools.len() > most {
            continue;
        }
        for list in lists(&schools) {
            if list == truth {
                continue;
            }
            let lie = Lie { person, batch, list };
            let Some(after) = market.place(policy, Some(&lie)) else { continue };
            if market.rank(person, after[person]) < own {
                return Some((Break::Lie(lie), after));
            }
        }
    }
    None
}

/// Every list without repetition of these schools, the shorter first.
fn lists(schools: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    let mut from = 0;
    for _ in schools {
        let upto = all.len();
        for at in from..upto {
            for &school in schools {
                if !all[at].contains(&school) {
                    let mut longer: Vec<usize> = all[at].clone();
                    longer.push(school);
                    all.push(longer);
                }
            }
        }
        from = upto;
    }
    all
}

fn envies(policy: &Policy, market: &Tiny, i: usize, j: usize, held: &[Held]) -> bool {
    let Some((school, batch, category)) = held[j] else { return false };
    let (envious, holder) = (&market.people[i], &market.people[j]);
    let own_cell = !policy.category(category).by_junior || envious.junior == holder.junior;
    // A higher total than the holder's is above whatever floor the holder is above.
    envious.total > holder.total
        && own_cell
        && !policy.priority(batch, category).reads_special()
        && market.rank(i, Some((school, batch, category))) < market.rank(i, held[i])
        && market.truth(policy, i, batch).contains(&school)
}

fn raise(
    policy: &Policy,
    market: &Tiny,
    person: usize,
    before: &[Held],
) -> Option<(Break, Vec<Held>)> {
    let own = market.rank(person, before[person]);
    let total = market.people[person].total;
    let full = full_mark(policy);
    let mut higher: Vec<i32> = market.people.iter().map(|p| p.total + 10).collect();
    higher.extend([total + 10, total + 60]);
    higher.retain(|&t| t > total && t <= full);
    higher.sort_unstable();
    higher.dedup();
    for to in higher {
        let mut raised = market.clone();
        raised.people[person].total = to;
        let Some(after) = raised.place(policy, None) else { continue };
        if market.rank(person, after[person]) > own {
            return Some((Break::Raise(person, to), after));
        }
    }
    None
}

/// The sets of batches that markets have seats in: each batch of its own kind, or each pair of kinds.
fn stages(policy: &Policy, scope: Scope) -> Vec<Vec<BatchIx>> {
    let kind = |b: usize| {
        let batch = BatchIx::from(b);
        let of = |c: &CategoryIx| {
            let rule = policy.category(*c);
            let carries = rule.carry_to.is_some();
            let order = policy.priority(batch, *c);
            (order, &rule.eligible, &rule.floor, rule.by_junior, rule.returns_to, carries)
        };
        let classes: Vec<_> = policy.batch(batch).seat_order.iter().map(of).collect();
        format!("{classes:?} {:?}", policy.batch(batch).wishes.map(|w| w.min(4)))
    };
    let kinds: Vec<String> = (0..policy.batches.len()).map(kind).collect();
    let usable = |b: usize| !categories(policy, BatchIx::from(b)).is_empty();
    let mut seen: Vec<Vec<&String>> = Vec::new();
    let mut stages = Vec::new();
    let mut add = |batches: Vec<usize>| {
        let kinds: Vec<&String> = batches.iter().map(|&b| &kinds[b]).collect();
        if batches.iter().all(|&b| usable(b)) && !seen.contains(&kinds) {
            seen.push(kinds);
            stages.push(batches.into_iter().map(BatchIx::from).collect());
        }
    };
    for first in 0..policy.batches.len() {
        match scope {
            Scope::Batch => add(vec![first]),
            Scope::Season => (first + 1..policy.batches.len()).for_each(|b| add(vec![first, b])),
        }
    }
    if stages.is_empty() {
        stages.push(vec![BatchIx(0)]);
    }
    // Pairs with quota cells first: they are what people ask about.
    let cells = |s: &Vec<BatchIx>| {
        let by_junior =
            |b: &BatchIx| policy.batch(*b).seat_order.iter().any(|&c| policy.category(c).by_junior);
        !s.iter().any(by_junior)
    };
    stages.sort_by_key(cells);
    // Frozen lines need rarer markets than anything else.
    let frozen = |s: &&Vec<BatchIx>| s.len() == 1 && theory::frozen(policy, s[0]);
    let again: Vec<Vec<BatchIx>> = stages.iter().filter(frozen).cloned().collect();
    for _ in 0..3 {
        stages.extend(again.iter().cloned());
    }
    stages
}

/// The categories of a batch that can have seats of their own in it.
fn categories(policy: &Policy, batch: BatchIx) -> Vec<CategoryIx> {
    let returned = |c: CategoryIx| policy.categories.iter().any(|o| o.returns_to == Some(c));
    let ends = |c: CategoryIx| policy.category(c).carry_to.is_some_and(|(to, _)| to <= batch);
    let order = policy.batch(batch).seat_order.iter().copied();
    order.filter(|&c| !returned(c) && !ends(c)).collect()
}

/// Totals worth trying: near one another, and around every line that the policy names.
struct Levels {
    totals: Vec<i32>,
    /// A total that is higher than every line, and near the top of the others.
    base: i32,
    /// How far below a line of the same batch one may be.
    minus: Vec<i32>,
    /// Equal totals matter where something else is read before the order is decided.
    ties: bool,
}

impl Levels {
    fn of(policy: &Policy) -> Self {
        let points = |s: Score| s.hundredths() / 100;
        let mut lines = Vec::new();
        let mut minus = Vec::new();
        for category in &policy.categories {
            if let Some(floor) = &category.floor {
                lines.extend(floor.at_least.map(points));
                minus.extend(floor.relative.as_ref().map(|r| points(r.minus)));
            }
            lines.extend(category.eligible.iter().filter_map(|p| match p {
                Predicate::TotalAtLeast(total) => Some(points(*total)),
                _ => None,
            }));
        }
        let own = policy.categories.iter().filter_map(|c| c.priority.as_ref());
        let orders: Vec<_> = policy.batches.iter().map(|b| &b.priority).chain(own).collect();
        let keys = || orders.iter().flat_map(|p| &p.keys);
        let ties = keys().any(|k| matches!(k, Key::Band(_)));
        for key in keys() {
            if let Key::Lines(list) = key {
                lines.extend(list.iter().copied().map(points));
            }
        }
        let full = full_mark(policy);
        let highest = lines.iter().copied().max().unwrap_or(0);
        let base = (full * 4 / 5 / 10 * 10).max(highest / 10 * 10 + 20);
        let mut totals: Vec<i32> = [-20, -10, 0, 10, 20].iter().map(|d| base + d).collect();
        for &n in &minus {
            totals.extend([base - n - 10, base - n]);
        }
        for &line in &lines {
            totals.extend([line - 10, line]);
        }
        totals.retain(|&t| (0..=full).contains(&t));
        if totals.is_empty() {
            totals.push(full);
        }
        totals.sort_unstable();
        totals.dedup();
        Self { totals, base, minus, ties }
    }
}

fn draw(
    policy: &Policy,
    stage: &[BatchIx],
    (people, schools): (usize, usize),
    levels: &Levels,
    dice: &mut Dice,
) -> Tiny {
    let mut market = Tiny { schools, seats: Vec::new(), people: Vec::new() };
    for &batch in stage {
        for category in categories(policy, batch) {
            for school in 0..schools {
                let cells = if policy.category(category).by_junior { 2 } else { 1 };
                for cell in 0..cells {
                    let junior = (cells == 2).then_some(cell);
                    if dice.one_in(2) {
                        market.seats.push(Seat { school, batch, category, junior });
                    }
                }
            }
        }
    }
    if let Some(&minus) = levels.minus.first()
        && stage.len() == 1
        && theory::frozen(policy, stage[0])
        && people > 2
        && !dice.one_in(4)
    {
        market.people.extend(beside_a_line(levels.base, minus, schools, dice));
    }
    for _ in market.people.len()..people {
        let mut total = levels.totals[dice.below(levels.totals.len())];
        let taken = |t: i32, market: &Tiny| market.people.iter().any(|p| p.total == t);
        if !(levels.ties && dice.one_in(2)) {
            for _ in 0..8 {
                if taken(total, &market) {
                    total = levels.totals[dice.below(levels.totals.len())];
                }
            }
        }
        let mut prefs: Vec<usize> = (0..schools).collect();
        dice.shuffle(&mut prefs);
        if dice.one_in(3) {
            prefs.truncate(1 + dice.below(schools));
        }
        market.people.push(Person {
            total,
            lean: i32::try_from(dice.below(3)).unwrap_or(0),
            special: 60 + 10 * i32::try_from(dice.below(4)).unwrap_or(0),
            junior: dice.below(2),
            prefs,
        });
    }
    market
}

/// Two applicants of two junior schools who want each other's best school, the lower near the floor that the
/// higher makes, and a third just below the higher: where frozen lines do harm, it is to such as these.
fn beside_a_line(base: i32, minus: i32, schools: usize, dice: &mut Dice) -> [Person; 3] {
    let person = |total, junior, prefs| Person { total, lean: 0, special: 80, junior, prefs };
    let high = base + 10 * i32::try_from(dice.below(2)).unwrap_or(0);
    let low = base - minus - 10 * i32::try_from(dice.below(2)).unwrap_or(0);
    let junior = dice.below(2);
    let mut prefs: Vec<usize> = (0..schools).collect();
    dice.shuffle(&mut prefs);
    let reversed: Vec<usize> = prefs.iter().rev().copied().collect();
    let wanted = vec![reversed[0]];
    [
        person(high, junior, prefs),
        person(high - 10, dice.below(2), wanted),
        person(low.max(0), 1 - junior, reversed),
    ]
}

/// SplitMix64: the same numbers every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % (n.max(1) as u64)).unwrap_or(0)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn shuffle(&mut self, items: &mut [usize]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}
