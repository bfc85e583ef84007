//! Class formation 均衡分班: the pupils placed at a school into classes that are as alike as whole pupils allow.
//!
//! Policy: item 4, 「普通高中新入学年级班额不得超过55人」; `limits.class_size`.
//!
//! 1. `pupils` – what is balanced: gender, junior school, score quarter, and boarding where the table has it.
//! 2. `rules`, `model` – pupils who must share a class become one unit; equal units one *type*.
//! 3. `seat` – groups first; where they have no seats, `conflict` names the rules and the cheapest legal change.
//! 4. `deal` – everyone else, evened out by exchanges until nothing deviates or nothing better is found.
//! 5. `floor` – what groups force: a bound from each kind alone. Where that is not met: `dive` – a dealing by prices of values in
//!    classes, since balance and combinations pull in opposite directions; `prices` – a bound over all kinds at once; `exact` –
//!    for small schools the program over all types.
//! 6. `draw` – names within a type, and the numbers of the classes, by the committed lottery.
//! 7. `check` – everything once more from the definitions, before anybody sees it.
//!
//! Promised: the same season, placements, table and seed give the same classes, whatever the order of rows and the
//! number of threads, unless somebody stops the search.

mod check;
mod conflict;
mod deal;
mod dive;
mod draw;
mod exact;
pub mod files;
mod floor;
mod groups;
mod model;
mod prices;
mod pupils;
mod rules;
mod seat;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::domain::{ApplicantIx, Lottery, Outcome, SchoolIx, Season, Text};
use crate::solver::{Effort, End};

pub use check::{Broken, check};
pub use conflict::{Conflict, Remedy, Rule};
pub use groups::{Groups, PupilRow, Wants};
pub use rules::Bind;

/// What the classes of a school are to have alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// 性别
    Gender,
    /// 毕业学校
    Junior,
    /// 成绩段: the quarter by total among the school's pupils, 1 the best.
    Quarter,
    /// 住宿
    Boarding,
    /// 选科组合: not spread but gathered.
    Combination,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Gender, Self::Junior, Self::Quarter, Self::Boarding, Self::Combination];

    /// The word of the files.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Gender => "gender",
            Self::Junior => "junior",
            Self::Quarter => "quarter",
            Self::Boarding => "boarding",
            Self::Combination => "combination",
        }
    }

    /// The Chinese word.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Gender => "性别",
            Self::Junior => "毕业学校",
            Self::Quarter => "成绩段",
            Self::Boarding => "住宿",
            Self::Combination => "选科组合",
        }
    }

    /// Whether every class is to have its even share.
    #[must_use]
    pub const fn even(self) -> bool {
        !matches!(self, Self::Combination)
    }
}

/// What is asked for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// These schools, or every school with pupils if none is named.
    pub schools: &'a [SchoolIx],
    /// Fewer classes than approved, or their number where the plan has none.
    pub classes: &'a BTreeMap<SchoolIx, u32>,
    /// Who shares a class and who may not.
    pub groups: &'a Groups,
    /// The lottery seed.
    pub seed: &'a str,
}

/// Where the number of classes comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Basis {
    /// The plan.
    Approved,
    /// Asked for.
    Asked,
    /// The plan has no number: the fewest that the class size allows.
    Fewest,
}

impl Basis {
    /// The word of the files.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Asked => "asked",
            Self::Fewest => "fewest",
        }
    }
}

/// How many pupils of a value are in each class.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Margin {
    /// What kind of value.
    pub kind: Kind,
    /// The value: `F`, the id of a junior school, a quarter from 1, `yes`, a combination. Blank is not known.
    pub value: Text,
    /// In all classes.
    pub total: u32,
    /// By class number.
    pub counts: Vec<u32>,
}

impl Margin {
    /// Whether a class is within one of the even share, total ÷ classes.
    #[must_use]
    pub fn within(&self, class: usize) -> bool {
        let classes = self.counts.len() as i64;
        (i64::from(self.counts[class]) * classes - i64::from(self.total)).abs() <= classes
    }

    /// How many pupils are in classes beyond one above or below the even share, over all classes.
    #[must_use]
    pub fn beyond(&self) -> u32 {
        let classes = self.counts.len() as u32;
        let (low, high) =
            (self.total.div_ceil(classes).saturating_sub(1), self.total / classes + 1);
        self.counts.iter().map(|&c| low.saturating_sub(c) + c.saturating_sub(high)).sum()
    }
}

/// The classes of one school.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Formation {
    /// The school.
    pub school: SchoolIx,
    /// The classes of the plan, if it has a number.
    pub approved: Option<u32>,
    /// Where the number of classes comes from.
    pub basis: Basis,
    /// The classes by number, each in the order of applicant ids.
    pub classes: Vec<Vec<ApplicantIx>>,
    /// Every value, ordered by kind and key.
    pub margins: Vec<Margin>,
    /// What is left uneven: one for every place off the nearest whole numbers to an even share, `heavy` more for every
    /// place off the share by more than one, one for every pupil away from the classes of the combination. Zero is
    /// proof of itself.
    pub objective: i64,
    /// The price of a place beyond the rule: more than all places within it can cost together.
    pub heavy: i64,
    /// No classes have a smaller objective: trivially so if zero, else by prices that prove it in whole numbers, or in small
    /// schools by the solver's word.
    pub bound: i64,
    /// How the search ended.
    pub end: End,
    /// The solver that was at hand.
    pub solver: &'static str,
}

impl Formation {
    /// Places off an even share by more than one.
    #[must_use]
    pub fn beyond(&self) -> u32 {
        self.margins.iter().filter(|m| m.kind.even()).map(Margin::beyond).sum()
    }

    /// How much smaller the objective might be.
    #[must_use]
    pub const fn gap(&self) -> i64 {
        self.objective - self.bound
    }

    /// Pupils in all classes.
    #[must_use]
    pub fn pupils(&self) -> usize {
        self.classes.iter().map(Vec::len).sum()
    }
}

/// Why a school has no classes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unformed {
    /// The rules contradict each other.
    Conflict(Conflict),
    /// The plan has no number of classes and the policy no class size: it must be asked for.
    NumberMissing,
    /// Nothing found for the groups before the search ended.
    NotFound,
    /// The classes made break a definition: a fault of this program.
    Wrong(Vec<Broken>),
}

/// The approved classes of a school: the sum over its plan lines, nothing where all of them are blank.
#[must_use]
pub fn approved_classes(season: &Season, school: SchoolIx) -> Option<u32> {
    let lines = season.plan().iter().filter(|line| line.school == school);
    lines.filter_map(|line| line.classes).fold(None, |sum, n| Some(sum.unwrap_or(0) + n))
}

/// The pupils of every school, ordered by school id, each in the order of applicant ids; schools without any left out.
#[must_use]
pub fn rolls(season: &Season, outcomes: &[Outcome]) -> Vec<(SchoolIx, Vec<ApplicantIx>)> {
    let mut rolls: BTreeMap<&Text, (SchoolIx, Vec<ApplicantIx>)> = BTreeMap::new();
    for (at, outcome) in outcomes.iter().enumerate() {
        if let Some((_, _, school, _)) = outcome.seat() {
            let roll = rolls.entry(&season.school(school).id).or_insert((school, Vec::new()));
            roll.1.push(ApplicantIx::from(at));
        }
    }
    rolls.into_values().collect()
}

/// Forms the classes of every school asked for, in parallel over schools, ordered by school id.
///
/// A school has its approved classes, unless fewer are asked for; never more than pupils. What comes back has passed
/// [`check`].
#[must_use]
pub fn form(
    season: &Season,
    outcomes: &[Outcome],
    request: &Request<'_>,
    effort: &Effort<'_>,
) -> Vec<(SchoolIx, Result<Formation, Unformed>)> {
    let mut rolls = rolls(season, outcomes);
    rolls.retain(|(school, _)| request.schools.is_empty() || request.schools.contains(school));
    rolls
        .into_par_iter()
        .map(|(school, ids)| (school, form_school(season, school, ids, request, effort)))
        .collect()
}

fn form_school(
    season: &Season,
    school: SchoolIx,
    ids: Vec<ApplicantIx>,
    request: &Request<'_>,
    effort: &Effort<'_>,
) -> Result<Formation, Unformed> {
    let cap = season.policy().limits.class_size.as_ref().map(|c| c.value.max(1));
    let approved = approved_classes(season, school);
    let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let (classes, basis) = match (request.classes.get(&school), approved, cap) {
        (Some(&asked), ..) => (asked, Basis::Asked),
        (None, Some(approved), _) => (approved, Basis::Approved),
        (None, None, Some(cap)) => (count.div_ceil(cap), Basis::Fewest),
        (None, None, None) => return Err(Unformed::NumberMissing),
    };
    let pupils = pupils::Pupils::of(season, ids, request.groups);
    let bonds = rules::Bonds::of(&pupils.ids, request.groups);
    let limits = conflict::Limits { classes, approved, cap };
    conflict::counted(count, limits).map_err(Unformed::Conflict)?;
    let model = model::Model::new(&pupils, &bonds, classes.min(count));
    let seated = seat::seat(&model, &model.sizes, effort).map_err(|why| match why {
        seat::Unseated::Never => {
            Unformed::Conflict(conflict::among(&pupils, &bonds, limits, effort))
        }
        seat::Unseated::Unknown => Unformed::NotFound,
    })?;
    let floor = floor::floor(&model, effort);
    let (counts, cost) = deal::deal(&model, &seated, floor, effort.stop);
    let known = if cost > floor {
        let counts = closer(&model, &seated, (counts, cost), floor, effort.stop);
        let found = model.off_table(&model.table(&counts));
        let bound = prices::bound(&model, floor, found, effort.stop);
        exact::improve(&model, counts, bound, effort)
    } else {
        exact::Known { counts, cost, bound: cost, end: End::Optimal }
    };
    let lottery = Lottery::new(request.seed);
    let id = &season.school(school).id;
    let classes = draw::draw(season, &lottery, id, &pupils, &model, &known.counts);
    let formation = Formation {
        school,
        approved,
        basis,
        margins: margins(&pupils, &classes),
        classes,
        objective: known.cost,
        heavy: model.heavy(),
        bound: known.bound,
        end: known.end,
        solver: effort.backend.name(),
    };
    let broken = check(season, &pupils.ids, request, &formation);
    if broken.is_empty() { Ok(formation) } else { Err(Unformed::Wrong(broken)) }
}

/// A dealing no dearer than the one found: by prices, then by exchanges.
fn closer(
    model: &model::Model,
    seated: &model::Counts,
    (counts, cost): (model::Counts, i64),
    enough: i64,
    stop: &(dyn Fn() -> bool + Sync),
) -> model::Counts {
    let found = model.off_table(&model.table(&counts));
    match dive::dive(model, seated, found, enough, stop) {
        Some((other, less)) if less < cost => other,
        _ => counts,
    }
}

fn margins(pupils: &pupils::Pupils, classes: &[Vec<ApplicantIx>]) -> Vec<Margin> {
    let mut counts = vec![vec![0_u32; classes.len()]; pupils.values.len()];
    for (class, members) in classes.iter().enumerate() {
        for id in members {
            let at = pupils.ids.binary_search(id).unwrap_or_default();
            for &value in &pupils.of[at] {
                counts[usize::from(value)][class] += 1;
            }
        }
    }
    let values = pupils.values.iter().zip(counts);
    values
        .map(|(v, counts)| Margin { kind: v.kind, value: v.key.clone(), total: v.count, counts })
        .collect()
}
