//! The market of a batch as verification reads it from the season: seat classes, proposals, who may hold what.
//!
//! Policy: SPEC §5.1. Written from the contract alone; nothing here is taken from `placement`.

mod wishes;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::fronts::{self, Fronts};
use super::order::{Lots, Order, Spans};
use crate::domain::{
    ApplicantIx, BatchIx, CategoryIx, QuotaCell, SchoolIx, Scope, Season, Wish, YearMonth,
};
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
    /// The regions admitted; all cells of a plan line share one.
    pub scope: Arc<Scope>,
    /// The class that gets the unfilled seats inside the batch.
    pub to: Option<usize>,
}

/// A proposal: one class that one wish stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proposal {
    /// The senior school.
    pub school: SchoolIx,
    /// The class, marked [`CLOSED`] where it may not hold the applicant.
    class: u32,
    /// The category.
    pub category: CategoryIx,
    /// The wish.
    pub position: u16,
}

impl Proposal {
    /// Room for one that is still to be read.
    const BLANK: Self =
        Self { school: SchoolIx(0), class: NO_CLASS, category: CategoryIx(0), position: 0 };

    /// The class, unless the school has none there for this applicant.
    pub fn class(&self) -> Option<usize> {
        (self.class != NO_CLASS).then_some((self.class & !CLOSED) as usize)
    }

    /// Whether there is a class, and neither region nor eligibility keeps the applicant out of it.
    pub const fn open(&self) -> bool {
        self.class & CLOSED == 0
    }

    /// The class of an open proposal.
    pub(super) const fn open_class(&self) -> usize {
        self.class as usize
    }
}

/// Where there is no class, or no place among those with wishes.
const NO_CLASS: u32 = u32::MAX;
/// Marks the class of a proposal that region or eligibility rules out; every class is below it.
const CLOSED: u32 = 1 << 31;

/// Why a class may not hold an applicant, floors aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Barrier<'s> {
    /// The region is outside the scope.
    Region,
    /// The first predicate that fails.
    Predicate(&'s Predicate),
}

/// The market of one batch. Classes are in the order of `cutoffs.csv`.
#[derive(Clone)]
pub struct Market<'s> {
    season: &'s Season,
    /// The lottery of the season, the same in all batches.
    pub lots: Arc<Lots<'s>>,
    /// How far the figures of the applicants reach, in all batches.
    pub spans: Arc<Spans>,
    /// The batch.
    pub batch: BatchIx,
    /// The seat classes.
    pub classes: Vec<SeatClass>,
    /// The classes with every source before what it returns to.
    pub forward: Vec<usize>,
    /// Every school and category of the batch with the scope: plan lines, and classes made by others.
    offered: BTreeMap<(SchoolIx, CategoryIx), Arc<Scope>>,
    /// By school and category: the class that is not split by junior school.
    single: Vec<u32>,
    cells: FxHashMap<ClassKey, u32>,
    /// Per school: what a wish without a category means there.
    blank: Vec<Vec<CategoryIx>>,
    /// Everybody with a wish in the batch, ascending; each has a place here.
    wishers: Vec<ApplicantIx>,
    /// By applicant: the place among the wishers.
    places: Vec<u32>,
    /// By place: whether any wish of the batch ticks adjustment.
    ticked: Vec<bool>,
    /// All proposals, wisher by wisher.
    proposals: Vec<Proposal>,
    /// One more than wishers: where the proposals of each begin.
    offsets: Vec<u32>,
    /// Read when all wishes are.
    pub(super) fronts: Fronts,
}

type ClassKey = (SchoolIx, CategoryIx, SchoolIx);

/// What a class is made of: its seats and its scope, by school, category and junior school.
type Planned = Vec<((SchoolIx, CategoryIx, Option<SchoolIx>), u32, Arc<Scope>)>;

/// The markets of all batches, in their order.
pub fn markets(season: &Season) -> Vec<Market<'_>> {
    let policy = season.policy();
    let shared = (Arc::new(Lots::new(season)), Arc::new(Spans::of(season)));
    let ranks = Ranks::of(season);
    let mut carried: Vec<BTreeMap<(SchoolIx, CategoryIx), Arc<Scope>>> =
        vec![BTreeMap::new(); policy.batches.len()];
    let mut markets = Vec::with_capacity(policy.batches.len());
    for at in 0..policy.batches.len() {
        let made = std::mem::take(&mut carried[at]);
        let market = Market::new(season, &shared, &ranks, BatchIx::from(at), made);
        for (&(school, category), scope) in &market.offered {
            if let Some((batch, to)) = policy.category(category).carry_to
                && batch.at() > at
            {
                narrow(&mut carried[batch.at()], (school, to), scope);
            }
        }
        markets.push(market);
    }
    wishes::read(season, &mut markets);
    fronts::set(&mut markets);
    markets
}

/// The places of schools and categories by id, bytewise.
struct Ranks {
    school: Vec<usize>,
    category: Vec<usize>,
}

impl Ranks {
    fn of(season: &Season) -> Self {
        fn places<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<usize> {
            let ids: Vec<&str> = ids.collect();
            let mut sorted: Vec<usize> = (0..ids.len()).collect();
            sorted.sort_unstable_by_key(|&at| ids[at]);
            let mut places = vec![0; ids.len()];
            for (place, at) in sorted.into_iter().enumerate() {
                places[at] = place;
            }
            places
        }
        Self {
            school: places(season.schools().iter().map(|s| s.id.as_str())),
            category: places(season.policy().categories.iter().map(|c| c.id.as_str())),
        }
    }
}

/// A class made by several sources admits from the regions that all of them do.
fn narrow(
    made: &mut BTreeMap<(SchoolIx, CategoryIx), Arc<Scope>>,
    key: (SchoolIx, CategoryIx),
    scope: &Arc<Scope>,
) {
    made.entry(key)
        .and_modify(|s| *s = Arc::new(s.intersect(scope)))
        .or_insert_with(|| scope.clone());
}

impl<'s> Market<'s> {
    /// The market before anybody's wishes are read.
    fn new(
        season: &'s Season,
        (lots, spans): &(Arc<Lots<'s>>, Arc<Spans>),
        ranks: &Ranks,
        batch: BatchIx,
        mut made: BTreeMap<(SchoolIx, CategoryIx), Arc<Scope>>,
    ) -> Self {
        let policy = season.policy();
        let mut planned: Planned = Vec::new();
        let quota = policy.quota.as_ref().map(|q| q.category);
        let mut cells: FxHashMap<SchoolIx, &[QuotaCell]> = FxHashMap::default();
        for run in season.quotas().chunk_by(|a, b| (a.school, a.batch) == (b.school, b.batch)) {
            if run[0].batch == batch {
                cells.insert(run[0].school, run);
            }
        }
        // A by-junior line is offered even where no junior school has a cell of it.
        let mut offered: BTreeMap<(SchoolIx, CategoryIx), Arc<Scope>> = BTreeMap::new();
        // Equal scopes are one, so that whoever was found inside need not be looked for again.
        let mut scopes: FxHashSet<Arc<Scope>> = FxHashSet::default();
        for line in season.plan().iter().filter(|l| l.batch == batch) {
            let (school, category) = (line.school, line.category);
            let scope = scopes.get(&line.scope).cloned().unwrap_or_else(|| {
                let scope = Arc::new(line.scope.clone());
                scopes.insert(scope.clone());
                scope
            });
            offered.insert((school, category), scope.clone());
            if !policy.category(category).by_junior {
                planned.push(((school, category, None), line.seats.unwrap_or(0), scope));
            } else if quota == Some(category) {
                for cell in cells.get(&school).copied().unwrap_or_default() {
                    let key = (school, category, Some(cell.junior));
                    planned.push((key, cell.seats, scope.clone()));
                }
            }
        }
        // Sources before targets, so that a chain of returns hands its scope on in one pass.
        let mut categories: Vec<usize> = (0..policy.categories.len()).collect();
        categories.sort_by_key(|&c| std::cmp::Reverse(steps(season, CategoryIx::from(c))));
        for category in categories.into_iter().map(CategoryIx::from) {
            let here: Vec<_> = made.iter().filter(|((_, c), _)| *c == category).collect();
            for (&(school, _), scope) in here {
                offered.entry((school, category)).or_insert_with(|| {
                    planned.push(((school, category, None), 0, scope.clone()));
                    scope.clone()
                });
            }
            if let Some(to) = policy.category(category).returns_to {
                for ((school, _), scope) in offered.iter().filter(|((_, c), _)| *c == category) {
                    narrow(&mut made, (*school, to), scope);
                }
            }
        }

        planned.sort_unstable_by_key(|((school, category, junior), ..)| {
            let junior = junior.map(|j| ranks.school[j.at()]);
            (ranks.school[school.at()], ranks.category[category.at()], junior)
        });
        let width = policy.categories.len();
        let mut single = vec![NO_CLASS; season.schools().len() * width];
        let mut cells = FxHashMap::default();
        for (at, &((school, category, junior), ..)) in (0..NO_CLASS).zip(&planned) {
            match junior {
                None => single[school.at() * width + category.at()] = at,
                Some(junior) => drop(cells.insert((school, category, junior), at)),
            }
        }
        let to = |school: SchoolIx, category: CategoryIx| {
            let to = policy.category(category).returns_to?;
            let class = single[school.at() * width + to.at()];
            (class != NO_CLASS).then_some(class as usize)
        };
        let classes: Vec<SeatClass> = planned
            .into_iter()
            .map(|((school, category, junior), own, scope)| SeatClass {
                school,
                category,
                junior,
                own,
                scope,
                to: to(school, category),
            })
            .collect();
        let steps: Vec<usize> =
            (0..width).map(|category| steps(season, CategoryIx::from(category))).collect();
        let mut forward: Vec<usize> = (0..classes.len()).collect();
        forward.sort_by_key(|&c| std::cmp::Reverse(steps[classes[c].category.at()]));
        let mut blank: Vec<Vec<CategoryIx>> = vec![Vec::new(); season.schools().len()];
        for &category in &policy.batch(batch).seat_order {
            for (school, _) in offered.keys().filter(|(_, c)| *c == category) {
                blank[school.at()].push(category);
            }
        }
        Self {
            season,
            lots: lots.clone(),
            spans: spans.clone(),
            batch,
            classes,
            forward,
            offered,
            single,
            cells,
            blank,
            wishers: Vec::new(),
            places: vec![NO_CLASS; season.applicants().len()],
            ticked: Vec::new(),
            proposals: Vec::new(),
            offsets: vec![0],
            fronts: Fronts::default(),
        }
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
        if self.season.policy().category(category).by_junior {
            let junior = self.season.applicant(applicant).junior;
            return self.cells.get(&(school, category, junior)).map(|&at| at as usize);
        }
        self.open_class(school, category)
    }

    /// The class of the category that is not split by junior school.
    pub fn open_class(&self, school: SchoolIx, category: CategoryIx) -> Option<usize> {
        let width = self.season.policy().categories.len();
        let class = self.single[school.at() * width + category.at()];
        (class != NO_CLASS).then_some(class as usize)
    }

    /// Everybody with a wish in the batch, the barred too, ascending.
    pub fn wishers(&self) -> &[ApplicantIx] {
        &self.wishers
    }

    /// The applicant's place among the wishers.
    pub fn place(&self, applicant: ApplicantIx) -> Option<usize> {
        let place = self.places[applicant.at()];
        (place != NO_CLASS).then_some(place as usize)
    }

    /// Whether the wisher at a place ticked adjustment on any wish of the batch.
    pub fn ticked(&self, place: usize) -> bool {
        self.ticked[place]
    }

    /// The applicant's proposals in their order.
    pub fn proposals(&self, applicant: ApplicantIx) -> &[Proposal] {
        self.place(applicant).map_or(&[], |place| &self.proposals[self.range(place)])
    }

    /// All proposals; [`Market::range`] says whose are where.
    pub fn all_proposals(&self) -> &[Proposal] {
        &self.proposals
    }

    /// Where the proposals of the wisher at a place are.
    pub fn range(&self, place: usize) -> std::ops::Range<usize> {
        self.offsets[place] as usize..self.offsets[place + 1] as usize
    }

    /// The front of an open proposal's key.
    pub(super) fn front(&self, applicant: ApplicantIx, proposal: usize) -> u64 {
        match &self.fronts {
            Fronts::Common(fronts) => fronts[applicant.at()],
            Fronts::Each(fronts) => fronts[proposal],
        }
    }

    /// The front of the key of somebody in a class, from whatever wish.
    pub(super) fn front_in(&self, class: usize, applicant: ApplicantIx, position: u16) -> u64 {
        match &self.fronts {
            Fronts::Common(fronts) => fronts[applicant.at()],
            Fronts::Each(_) => Order::of_class(self, class).front(applicant, position),
        }
    }

    /// The categories that a wish stands for.
    fn meant<'w>(&'w self, wish: &'w Wish) -> &'w [CategoryIx] {
        match wish.category.as_slice() {
            [] => self.blank[wish.school.at()].as_slice(),
            named => named,
        }
    }

    /// What keeps the applicant out of the class whatever the scores of others, if anything does.
    pub fn barrier(&self, applicant: ApplicantIx, class: usize) -> Option<Barrier<'s>> {
        let class = &self.classes[class];
        if !class.scope.covers(self.season.applicant(applicant).region) {
            return Some(Barrier::Region);
        }
        self.failing(applicant, class).map(Barrier::Predicate)
    }

    /// The first condition of eligibility that the applicant fails.
    fn failing(&self, applicant: ApplicantIx, class: &SeatClass) -> Option<&'s Predicate> {
        let season: &'s Season = self.season;
        let who = season.applicant(applicant);
        let policy = season.policy();
        policy.category(class.category).eligible.iter().find(|predicate| match predicate {
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
