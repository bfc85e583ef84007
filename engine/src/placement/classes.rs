//! The seat classes of a batch: plan lines, cells, and the classes that seats return or carry to (SPEC §5.1).

use rustc_hash::FxHashMap;

use crate::domain::{
    ApplicantIx, BatchIx, CategoryIx, Line, SchoolIx, Scope, Score, Season, Wish, YearMonth,
};
use crate::policy::Predicate;

/// A seat class: school × category, and × junior school for a cell.
#[derive(Clone, Debug)]
pub struct SeatClass {
    /// The senior school.
    pub school: SchoolIx,
    /// The category.
    pub category: CategoryIx,
    /// The junior school of a cell.
    pub junior: Option<SchoolIx>,
    /// Seats of its own: planned, and carried from earlier batches.
    pub own: u32,
    /// From where it admits.
    pub scope: Scope,
    /// The class that gets its unfilled seats, as a place in the list of classes.
    pub returns_to: Option<usize>,
    /// The floor known before the batch: announced, or relative to an earlier batch; the higher of both.
    pub floor: Option<Score>,
    /// A floor relative to a class of this batch: that class and how far below its line.
    pub line_floor: Option<(usize, Score)>,
}

/// What carried over from earlier batches.
#[derive(Clone, Debug, Default)]
pub struct Carried {
    /// Seats that join a class of a later batch.
    pub seats: FxHashMap<(BatchIx, SchoolIx, CategoryIx), u32>,
    /// The classes that were carried to, with the scope of each class that carried there.
    pub scopes: Vec<(BatchIx, SchoolIx, CategoryIx, Scope)>,
    /// Cut-offs found, where a class that is no cell filled.
    pub cutoffs: FxHashMap<(BatchIx, SchoolIx, CategoryIx), Score>,
}

/// The classes of a batch and the way to find them.
#[derive(Clone, Debug)]
pub struct Classes {
    /// Ordered by school id, category id and junior school id.
    pub list: Vec<SeatClass>,
    /// The scope of every school and category that has a class, or would have cells.
    pub scopes: Vec<(SchoolIx, CategoryIx, Scope)>,
    places: Vec<Place>,
    cells: FxHashMap<(SchoolIx, SchoolIx), u32>,
    categories: usize,
}

/// Where the classes of a school and category are.
#[derive(Clone, Copy, Debug)]
enum Place {
    Nowhere,
    Single(u32),
    /// One class per junior school, some perhaps missing.
    Cells,
}

/// A class before its place is known.
struct Found {
    seats: u32,
    scope: Scope,
    /// It stands in the plan; its scope is its own.
    planned: bool,
}

impl Carried {
    /// Adds what a finished batch passes on: its cut-offs, its unfilled seats, and where they may go.
    pub fn close<'l>(
        &mut self,
        season: &Season,
        classes: &Classes,
        lines: impl IntoIterator<Item = &'l Line>,
    ) {
        let carry = |category: CategoryIx| season.policy().category(category).carry_to;
        for line in lines {
            if let (Some(total), None) = (line.cutoff(), line.junior) {
                self.cutoffs.insert((line.batch, line.school, line.category), total);
            }
            if let Some((later, to)) = carry(line.category) {
                *self.seats.entry((later, line.school, to)).or_default() +=
                    line.seats.saturating_sub(line.placed);
            }
        }
        for (school, category, scope) in &classes.scopes {
            if let Some((later, to)) = carry(*category) {
                self.scopes.push((later, *school, to, scope.clone()));
            }
        }
    }
}

impl Classes {
    /// The seat classes of a batch. A class without a plan line of its own has no own seats, and the scope
    /// of the lines its seats come from (what is inside all of them, where they differ).
    pub fn of(season: &Season, batch: BatchIx, carried: &Carried) -> Self {
        let found = find(season, batch, carried);
        let policy = season.policy();
        let mut list = Vec::with_capacity(found.len());
        let mut classes = Self {
            list: Vec::new(),
            scopes: found.iter().map(|((s, c), f)| (*s, *c, f.scope.clone())).collect(),
            places: vec![Place::Nowhere; season.schools().len() * policy.categories.len()],
            cells: FxHashMap::default(),
            categories: policy.categories.len(),
        };
        for ((school, category), Found { seats, scope, .. }) in found {
            if policy.category(category).by_junior {
                let place = classes.place_at(school, category);
                classes.places[place] = Place::Cells;
                let cells = season.quotas();
                let start = cells
                    .partition_point(|c| season.school(c.school).id < season.school(school).id);
                let own = cells[start..].iter().take_while(|c| c.school == school);
                list.extend(
                    own.filter(|c| c.batch == batch)
                        .map(|c| SeatClass::new(school, category, Some(c.junior), c.seats, &scope)),
                );
            } else {
                let more = carried.seats.get(&(batch, school, category)).copied().unwrap_or(0);
                list.push(SeatClass::new(school, category, None, seats + more, &scope));
            }
        }
        let school = |s: SchoolIx| &season.school(s).id;
        let category = |c: CategoryIx| &policy.category(c).id;
        list.sort_by(|a, b| {
            (school(a.school), category(a.category), a.junior.map(school)).cmp(&(
                school(b.school),
                category(b.category),
                b.junior.map(school),
            ))
        });
        for (at, class) in (0_u32..).zip(&list) {
            match class.junior {
                Some(junior) => {
                    classes.cells.insert((class.school, junior), at);
                }
                None => {
                    let place = classes.place_at(class.school, class.category);
                    classes.places[place] = Place::Single(at);
                }
            }
        }
        classes.list = list;
        classes.link(season, batch, carried);
        classes
    }

    /// Sets what needs every class to be known: where seats return, and floors.
    fn link(&mut self, season: &Season, batch: BatchIx, carried: &Carried) {
        let policy = season.policy();
        for at in 0..self.list.len() {
            let (school, category) = (self.list[at].school, self.list[at].category);
            let rule = policy.category(category);
            self.list[at].returns_to = rule.returns_to.and_then(|to| self.single(school, to));
            let Some(floor) = &rule.floor else { continue };
            self.list[at].floor = floor.at_least;
            let Some(relative) = &floor.relative else { continue };
            match relative.batch {
                Some(earlier) if earlier != batch => {
                    let line = carried.cutoffs.get(&(earlier, school, relative.line));
                    let floor = line.map(|line| line.minus(relative.minus));
                    self.list[at].floor = self.list[at].floor.max(floor);
                }
                _ => {
                    self.list[at].line_floor =
                        self.single(school, relative.line).map(|line| (line, relative.minus));
                }
            }
        }
    }

    fn place_at(&self, school: SchoolIx, category: CategoryIx) -> usize {
        school.at() * self.categories + category.at()
    }

    /// The one class of a school and category that is not split by junior school.
    fn single(&self, school: SchoolIx, category: CategoryIx) -> Option<usize> {
        match self.places[self.place_at(school, category)] {
            Place::Single(at) => Some(at as usize),
            Place::Nowhere | Place::Cells => None,
        }
    }

    /// Whether the school has any seat class of the category.
    pub fn has(&self, school: SchoolIx, category: CategoryIx) -> bool {
        !matches!(self.places[self.place_at(school, category)], Place::Nowhere)
    }

    /// The class that an applicant from a junior school would hold a seat of.
    pub fn find(&self, school: SchoolIx, category: CategoryIx, junior: SchoolIx) -> Option<u32> {
        match self.places[self.place_at(school, category)] {
            Place::Nowhere => None,
            Place::Single(at) => Some(at),
            Place::Cells => self.cells.get(&(school, junior)).copied(),
        }
    }

    /// Whether any class lends its unfilled seats.
    pub fn any_returns(&self) -> bool {
        self.list.iter().any(|c| c.returns_to.is_some())
    }

    /// Whether any class has a floor relative to a line of this very batch.
    pub fn any_line_floor(&self) -> bool {
        self.list.iter().any(|c| c.line_floor.is_some())
    }
}

impl SeatClass {
    fn new(
        school: SchoolIx,
        category: CategoryIx,
        junior: Option<SchoolIx>,
        own: u32,
        scope: &Scope,
    ) -> Self {
        Self {
            school,
            category,
            junior,
            own,
            scope: scope.clone(),
            returns_to: None,
            floor: None,
            line_floor: None,
        }
    }
}

/// Every (school, category) of the batch that has a class, in a fixed order.
fn find(
    season: &Season,
    batch: BatchIx,
    carried: &Carried,
) -> Vec<((SchoolIx, CategoryIx), Found)> {
    let policy = season.policy();
    let mut found: Vec<((SchoolIx, CategoryIx), Found)> = Vec::new();
    let mut at: FxHashMap<(SchoolIx, CategoryIx), usize> = FxHashMap::default();
    let mut derived: Vec<(SchoolIx, CategoryIx, Scope)> = Vec::new();
    for line in season.plan() {
        if line.batch == batch {
            at.insert((line.school, line.category), found.len());
            let seats = line.seats.unwrap_or(0);
            let planned = Found { seats, scope: line.scope.clone(), planned: true };
            found.push(((line.school, line.category), planned));
            let returns = policy.category(line.category).returns_to;
            derived.extend(returns.map(|to| (line.school, to, line.scope.clone())));
        }
    }
    let here = carried.scopes.iter().filter(|(into, ..)| *into == batch);
    derived.extend(here.map(|(_, school, to, scope)| (*school, *to, scope.clone())));
    while let Some((school, category, scope)) = derived.pop() {
        match at.get(&(school, category)).map(|&i| &mut found[i].1) {
            Some(Found { planned: true, .. }) => continue,
            Some(before) => {
                let both = before.scope.intersect(&scope);
                if both == before.scope {
                    continue;
                }
                before.scope = both;
            }
            None => {
                at.insert((school, category), found.len());
                let made = Found { seats: 0, scope: scope.clone(), planned: false };
                found.push(((school, category), made));
            }
        }
        derived.extend(policy.category(category).returns_to.map(|to| (school, to, scope.clone())));
    }
    found
}

/// Calls `each` for every proposal of an applicant's wishes in a batch, in order: the wish, the category
/// and the class, if there is such a class.
pub fn each_proposal(
    season: &Season,
    batch: BatchIx,
    classes: &Classes,
    applicant: ApplicantIx,
    mut each: impl FnMut(&Wish, CategoryIx, Option<u32>),
) {
    let junior = season.applicant(applicant).junior;
    for wish in season.wishes_in(applicant, batch) {
        match wish.category {
            Some(category) => each(wish, category, classes.find(wish.school, category, junior)),
            None => {
                for &category in &season.policy().batch(batch).seat_order {
                    if classes.has(wish.school, category) {
                        each(wish, category, classes.find(wish.school, category, junior));
                    }
                }
            }
        }
    }
}

/// The first predicate that an applicant fails for a category at a school.
pub fn first_failing(
    season: &Season,
    applicant: ApplicantIx,
    category: CategoryIx,
    school: SchoolIx,
) -> Option<&Predicate> {
    let person = season.applicant(applicant);
    let policy = season.policy();
    policy.category(category).eligible.iter().find(|predicate| {
        let holds = match predicate {
            Predicate::Fresh => person.fresh,
            Predicate::Attended => person.attended,
            Predicate::RegisteredThreeYears => {
                let latest = YearMonth::new(policy.year.saturating_sub(3), 9);
                person.junior_since.zip(latest).is_some_and(|(since, latest)| since <= latest)
            }
            Predicate::QuotaListed => !person.quota_ineligible,
            Predicate::Qualified => {
                season.special_score(applicant, category, school).is_some_and(|s| s.qualified)
            }
            Predicate::EvaluationAtLeast(grade) => person.evaluation.is_some_and(|e| e <= *grade),
            Predicate::TotalAtLeast(total) => person.total >= *total,
        };
        !holds
    })
}
