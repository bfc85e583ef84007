//! The seats behind the admissions: what each class had, after returns and carries, given who holds what.
//!
//! A class with `returns_to` lends what it did not fill; the audit reads that off the admissions as they
//! are, so a school that filled its quota seats has none to give away (SPEC §5.3, §5.5).

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::domain::{BatchIx, CategoryIx, SchoolIx, Scope, Season};

/// School, batch, category: what a plan line is about.
pub(super) type Offer = (SchoolIx, BatchIx, CategoryIx);

/// A seat class: an offer, and the junior school where the category is split by it.
pub(super) type ClassKey = (Offer, Option<SchoolIx>);

/// The seats of a season, given how many hold a seat of each class. A plan line that nobody approved has none.
#[derive(Default)]
pub(super) struct Seats {
    seats: BTreeMap<ClassKey, u32>,
    scopes: BTreeMap<Offer, Scope>,
    /// The seats of the plan lines that cells divide, where they are given.
    divided: BTreeMap<Offer, u32>,
    /// Offers without a plan line, which others return or carry to.
    made: BTreeSet<Offer>,
}

impl Seats {
    /// Works through the batches in order.
    ///
    /// 1. Own seats: plan lines, and cells where the category is split by junior school.
    /// 2. Carried seats join from earlier batches.
    /// 3. Returns, sources before targets: target + Σ max(0, seats − held) of its sources.
    /// 4. What is unfilled then is carried on.
    pub(super) fn new(season: &Season, held: &FxHashMap<ClassKey, u32>) -> Self {
        let policy = season.policy();
        let mut this = Self::default();
        let mut by_batch: BTreeMap<BatchIx, Vec<(Offer, Option<u32>, Scope)>> = BTreeMap::new();
        for line in season.plan().iter().filter(|l| l.is_approved()) {
            let offer = (line.school, line.batch, line.category);
            let row = (offer, line.seats, line.scope.clone());
            by_batch.entry(line.batch).or_default().push(row);
        }
        let mut carried: BTreeMap<Offer, (u32, Scope)> = BTreeMap::new();
        let mut sources_first: Vec<CategoryIx> =
            (0..policy.categories.len()).map(CategoryIx::from).collect();
        let hops = |category: CategoryIx| {
            let next = |c: &CategoryIx| policy.category(*c).returns_to;
            std::iter::successors(Some(category), next).take(policy.categories.len()).count()
        };
        sources_first.sort_by_key(|&c| std::cmp::Reverse(hops(c)));

        for batch in (0..policy.batches.len()).map(BatchIx::from) {
            let mut schools = Vec::new();
            for (offer, seats, scope) in by_batch.remove(&batch).unwrap_or_default() {
                match (policy.category(offer.2).by_junior, seats) {
                    (false, seats) => _ = this.seats.insert((offer, None), seats.unwrap_or(0)),
                    (true, Some(seats)) => _ = this.divided.insert(offer, seats),
                    (true, None) => {}
                }
                this.scopes.insert(offer, scope);
                schools.push(offer.0);
            }
            if let Some(rule) = &policy.quota {
                for cell in season.quotas().iter().filter(|c| c.batch == batch) {
                    let offer = (cell.school, batch, rule.category);
                    this.seats.insert((offer, Some(cell.junior)), cell.seats);
                }
            }
            let arriving: Vec<_> = carried
                .iter()
                .filter(|(o, _)| o.1 == batch)
                .map(|(o, c)| (*o, c.clone()))
                .collect();
            for (offer, (seats, scope)) in arriving {
                this.give(offer, seats, &scope);
                schools.push(offer.0);
            }
            schools.sort_unstable();
            schools.dedup();
            for &school in &schools {
                for &category in &sources_first {
                    let offer = (school, batch, category);
                    let Some(scope) = this.scopes.get(&offer).cloned() else { continue };
                    let unfilled = this.unfilled(offer, held);
                    let rules = policy.category(category);
                    if let Some(to) = rules.returns_to {
                        this.give((school, batch, to), unfilled, &scope);
                    }
                    if let Some((later, to)) = rules.carry_to
                        && later > batch
                    {
                        let entry =
                            carried.entry((school, later, to)).or_insert((0, scope.clone()));
                        entry.0 += unfilled;
                        entry.1 = entry.1.intersect(&scope);
                    }
                }
            }
        }
        this
    }

    /// Adds seats to an offer; one that only others make takes the common part of their scopes.
    fn give(&mut self, to: Offer, seats: u32, scope: &Scope) {
        *self.seats.entry((to, None)).or_insert(0) += seats;
        match self.scopes.get_mut(&to) {
            None => {
                self.scopes.insert(to, scope.clone());
                self.made.insert(to);
            }
            Some(there) if self.made.contains(&to) => *there = there.intersect(scope),
            Some(_) => {}
        }
    }

    /// What an offer has to lend: what its classes did not fill, and no more than its plan line did not.
    fn unfilled(&self, offer: Offer, held: &FxHashMap<ClassKey, u32>) -> u32 {
        let held = |key: &ClassKey| held.get(key).copied().unwrap_or(0);
        let classes: u32 =
            self.classes_of(offer).map(|(key, seats)| seats.saturating_sub(held(&key))).sum();
        self.divided(offer).map_or(classes, |seats| {
            let all = self.classes_of(offer).map(|(key, _)| held(&key)).sum();
            classes.min(seats.saturating_sub(all))
        })
    }

    fn classes_of(&self, offer: Offer) -> impl Iterator<Item = (ClassKey, u32)> {
        self.seats
            .range((offer, None)..)
            .take_while(move |(k, _)| k.0 == offer)
            .map(|(k, s)| (*k, *s))
    }

    /// The seats of the plan line that cells divide; nothing where there is no such line.
    pub(super) fn divided(&self, offer: Offer) -> Option<u32> {
        self.divided.get(&offer).copied()
    }

    /// The regions of an offer; nothing where nobody may admit on it.
    pub(super) fn scope(&self, offer: Offer) -> Option<&Scope> {
        self.scopes.get(&offer)
    }

    /// The seats of a class; nothing where there is no such class.
    pub(super) fn of(&self, class: ClassKey) -> Option<u32> {
        self.seats.get(&class).copied()
    }
}
