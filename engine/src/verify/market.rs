//! The market of a batch as verification reads it from the season: seat classes, proposals, who may hold what.
//!
//! Policy: SPEC §5.1. Written from the contract alone; nothing here is taken from `placement`.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::domain::{ApplicantIx, BatchIx, CategoryIx, SchoolIx, Scope, Season, YearMonth};
use crate::policy::Predicate;

/// A seat class 招生单元: school × category, and × junior school where the category is split by it.
#[derive(Clone, Debug)]
pub struct SeatClass {
    /// The senior school.
    pub school: SchoolIx,
    /// The category.
    pub category: CategoryIx,
    /// The junior school of a cell.
    pub junior: Option<SchoolIx>,
    /// Planned seats, before anything is returned or carried to the class.
    pub own: u32,
    /// The regions admitted.
    pub scope: Scope,
    /// The class that gets the unfilled seats inside the batch.
    pub to: Option<usize>,
    /// The classes whose unfilled seats this one gets.
    pub sources: Vec<usize>,
}

/// A proposal: one class that one wish stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proposal {
    /// The wish.
    pub position: u16,
    /// The senior school.
    pub school: SchoolIx,
    /// The category.
    pub category: CategoryIx,
    /// The class, unless the school has none there for this applicant.
    pub class: Option<usize>,
    /// There is a class, and neither region nor eligibility keeps the applicant out of it.
    pub open: bool,
}

/// Why a class may not hold an applicant, floors aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Barrier<'s> {
    /// The region is outside the scope.
    Region,
    /// The first predicate that fails.
    Predicate(&'s Predicate),
}

/// The market of one batch. Classes are in the order of `cutoffs.csv`.
#[derive(Clone, Debug)]
pub struct Market<'s> {
    season: &'s Season,
    /// The batch.
    pub batch: BatchIx,
    /// The seat classes.
    pub classes: Vec<SeatClass>,
    /// The classes with every source before what it returns to.
    pub forward: Vec<usize>,
    /// Every school and category of the batch with the scope: plan lines, and classes made by others.
    offered: BTreeMap<(SchoolIx, CategoryIx), Scope>,
    index: FxHashMap<(SchoolIx, CategoryIx, Option<SchoolIx>), usize>,
    /// Per school: what a wish without a category means there.
    blank: Vec<Vec<CategoryIx>>,
    /// All proposals, applicant by applicant: they are read many times.
    proposals: Vec<Proposal>,
    /// One more than applicants: where the proposals of each begin.
    offsets: Vec<usize>,
}

type ClassKey = (SchoolIx, CategoryIx, Option<SchoolIx>);

/// The markets of all batches, in their order.
pub fn markets(season: &Season) -> Vec<Market<'_>> {
    let policy = season.policy();
    let mut carried: Vec<BTreeMap<(SchoolIx, CategoryIx), Scope>> =
        vec![BTreeMap::new(); policy.batches.len()];
    let mut markets = Vec::with_capacity(policy.batches.len());
    for at in 0..policy.batches.len() {
        let market = Market::new(season, BatchIx::from(at), std::mem::take(&mut carried[at]));
        for (&(school, category), scope) in &market.offered {
            if let Some((batch, to)) = policy.category(category).carry_to
                && batch.at() > at
            {
                narrow(&mut carried[batch.at()], (school, to), scope);
            }
        }
        markets.push(market);
    }
    markets
}

/// A class made by several sources admits from the regions that all of them do.
fn narrow(
    made: &mut BTreeMap<(SchoolIx, CategoryIx), Scope>,
    key: (SchoolIx, CategoryIx),
    scope: &Scope,
) {
    made.entry(key).and_modify(|s| *s = s.intersect(scope)).or_insert_with(|| scope.clone());
}

impl<'s> Market<'s> {
    fn new(
        season: &'s Season,
        batch: BatchIx,
        mut made: BTreeMap<(SchoolIx, CategoryIx), Scope>,
    ) -> Self {
        let policy = season.policy();
        let mut planned: BTreeMap<ClassKey, (u32, Scope)> = BTreeMap::new();
        // A by-junior line is offered even where no junior school has a cell of it.
        let mut offered: BTreeMap<(SchoolIx, CategoryIx), Scope> = BTreeMap::new();
        for line in season.plan().iter().filter(|l| l.batch == batch) {
            offered.insert((line.school, line.category), line.scope.clone());
            if policy.category(line.category).by_junior {
                let quota = policy.quota.as_ref().map(|q| q.category);
                let cells = season.quotas().iter().filter(|c| {
                    quota == Some(line.category) && c.school == line.school && c.batch == batch
                });
                for cell in cells {
                    let key = (line.school, line.category, Some(cell.junior));
                    planned.insert(key, (cell.seats, line.scope.clone()));
                }
            } else {
                let key = (line.school, line.category, None);
                planned.insert(key, (line.seats.unwrap_or(0), line.scope.clone()));
            }
        }
        // Sources before targets, so that a chain of returns hands its scope on in one pass.
        let mut categories: Vec<usize> = (0..policy.categories.len()).collect();
        categories.sort_by_key(|&c| std::cmp::Reverse(steps(season, CategoryIx::from(c))));
        for category in categories.into_iter().map(CategoryIx::from) {
            let here: Vec<_> = made.iter().filter(|((_, c), _)| *c == category).collect();
            for (&(school, _), scope) in here {
                offered.entry((school, category)).or_insert_with(|| {
                    planned.insert((school, category, None), (0, scope.clone()));
                    scope.clone()
                });
            }
            if let Some(to) = policy.category(category).returns_to {
                for ((school, _), scope) in offered.iter().filter(|((_, c), _)| *c == category) {
                    narrow(&mut made, (*school, to), scope);
                }
            }
        }

        let mut classes: Vec<SeatClass> = planned
            .into_iter()
            .map(|((school, category, junior), (own, scope))| SeatClass {
                school,
                category,
                junior,
                own,
                scope,
                to: None,
                sources: Vec::new(),
            })
            .collect();
        let id = |s: SchoolIx| season.school(s).id.as_str();
        classes.sort_by_key(|c| {
            (id(c.school), policy.category(c.category).id.as_str(), c.junior.map(id))
        });
        let index: FxHashMap<ClassKey, usize> = classes
            .iter()
            .enumerate()
            .map(|(at, c)| ((c.school, c.category, c.junior), at))
            .collect();
        for at in 0..classes.len() {
            let to = policy
                .category(classes[at].category)
                .returns_to
                .and_then(|to| index.get(&(classes[at].school, to, None)).copied());
            classes[at].to = to;
            if let Some(to) = to {
                classes[to].sources.push(at);
            }
        }
        let mut forward: Vec<usize> = (0..classes.len()).collect();
        forward.sort_by_key(|&c| std::cmp::Reverse(steps(season, classes[c].category)));
        let mut blank: Vec<Vec<CategoryIx>> = vec![Vec::new(); season.schools().len()];
        for &category in &policy.batch(batch).seat_order {
            for (school, _) in offered.keys().filter(|(_, c)| *c == category) {
                blank[school.at()].push(category);
            }
        }
        let (proposals, offsets) = (Vec::new(), Vec::new());
        let market =
            Self { season, batch, classes, offered, forward, index, blank, proposals, offsets };
        let (proposals, offsets) = market.read_proposals();
        Self { proposals, offsets, ..market }
    }

    /// Reads the proposals of all applicants, in parallel, in their order.
    fn read_proposals(&self) -> (Vec<Proposal>, Vec<usize>) {
        let applicants: Vec<ApplicantIx> =
            (0..self.season.applicants().len()).map(ApplicantIx::from).collect();
        let parts: Vec<(Vec<Proposal>, Vec<usize>)> = applicants
            .par_chunks(1 << 11)
            .map(|chunk| {
                let mut list = Vec::with_capacity(4 * chunk.len());
                let ends = chunk.iter().map(|&applicant| {
                    list.extend(self.read_wishes(applicant));
                    list.len()
                });
                let ends = ends.collect();
                (list, ends)
            })
            .collect();
        let mut proposals = Vec::with_capacity(parts.iter().map(|p| p.0.len()).sum());
        let mut offsets = Vec::with_capacity(applicants.len() + 1);
        offsets.push(0);
        for (list, ends) in parts {
            let start = proposals.len();
            offsets.extend(ends.into_iter().map(|end| start + end));
            proposals.extend(list);
        }
        (proposals, offsets)
    }

    /// The season of the market.
    pub const fn season(&self) -> &'s Season {
        self.season
    }

    /// Whether seats can be returned anywhere in the batch.
    pub fn has_returns(&self) -> bool {
        self.classes.iter().any(|c| c.to.is_some())
    }

    /// The class that would hold the applicant at the school in the category.
    pub fn class_for(
        &self,
        applicant: ApplicantIx,
        school: SchoolIx,
        category: CategoryIx,
    ) -> Option<usize> {
        let by_junior = self.season.policy().category(category).by_junior;
        let junior = by_junior.then(|| self.season.applicant(applicant).junior);
        self.index.get(&(school, category, junior)).copied()
    }

    /// The class of the category that is not split by junior school.
    pub fn open_class(&self, school: SchoolIx, category: CategoryIx) -> Option<usize> {
        self.index.get(&(school, category, None)).copied()
    }

    /// The applicant's proposals in their order.
    pub fn proposals(&self, applicant: ApplicantIx) -> &[Proposal] {
        &self.proposals[self.offsets[applicant.at()]..self.offsets[applicant.at() + 1]]
    }

    /// What the applicant's wishes stand for.
    fn read_wishes(&self, applicant: ApplicantIx) -> impl Iterator<Item = Proposal> + '_ {
        self.season.wishes_in(applicant, self.batch).iter().flat_map(move |wish| {
            let named = wish.category.as_slice();
            let categories = match named {
                [] => self.blank[wish.school.at()].as_slice(),
                named => named,
            };
            categories.iter().map(move |&category| {
                let class = self.class_for(applicant, wish.school, category);
                let open = class.is_some_and(|class| self.barrier(applicant, class).is_none());
                Proposal { position: wish.position, school: wish.school, category, class, open }
            })
        })
    }

    /// What keeps the applicant out of the class whatever the scores of others, if anything does.
    pub fn barrier(&self, applicant: ApplicantIx, class: usize) -> Option<Barrier<'s>> {
        let class = &self.classes[class];
        let who = self.season.applicant(applicant);
        if !class.scope.covers(who.region) {
            return Some(Barrier::Region);
        }
        let season: &'s Season = self.season;
        let policy = season.policy();
        policy
            .category(class.category)
            .eligible
            .iter()
            .find(|predicate| match predicate {
                Predicate::Fresh => !who.fresh,
                Predicate::Attended => !who.attended,
                Predicate::RegisteredThreeYears => {
                    let latest = YearMonth::new(policy.year.saturating_sub(3), 9);
                    who.junior_since.is_none_or(|since| Some(since) > latest)
                }
                Predicate::QuotaListed => who.quota_ineligible,
                Predicate::Qualified => !season
                    .special_score(applicant, class.category, class.school)
                    .is_some_and(|s| s.qualified),
                Predicate::EvaluationAtLeast(grade) => who.evaluation.is_none_or(|e| e > *grade),
                Predicate::TotalAtLeast(total) => who.total < *total,
            })
            .map(Barrier::Predicate)
    }

    /// Seats of every class: `base` (own and carried) plus what its sources leave unfilled.
    ///
    /// A source that holds more than its seats lends nothing. The order of `classes`.
    pub fn capacities(&self, base: &[u32], held: &[u32]) -> Vec<u32> {
        let mut seats = base.to_vec();
        for &class in &self.forward {
            if let Some(to) = self.classes[class].to {
                seats[to] += seats[class].saturating_sub(held[class]);
            }
        }
        seats
    }
}

/// How many returns lie after a category; sources have more than their targets.
fn steps(season: &Season, category: CategoryIx) -> usize {
    let policy = season.policy();
    let mut steps = 0;
    let mut at = category;
    while let Some(to) = policy.category(at).returns_to {
        steps += 1;
        at = to;
        if steps > policy.categories.len() {
            break;
        }
    }
    steps
}
