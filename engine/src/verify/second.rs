//! A whole season by the second algorithm: batch after batch, with floors, adjustment and carried seats.
//!
//! Policy: SPEC §5.

use rustc_hash::FxHashMap;

use super::figures::{self, Carried};
use super::floors::Floors;
use super::lines::{Candidates, clear, clear_walk};
use super::market::{Market, markets};
use crate::domain::{
    ApplicantIx, BatchIx, CategoryIx, FrozenLine, Line, Outcome, SchoolIx, Score, Season,
};

/// What the second algorithm finds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Second {
    /// One per applicant, in the season's order.
    pub outcomes: Vec<Outcome>,
    /// Every seat class, in the order of `cutoffs.csv`.
    pub lines: Vec<Line>,
    /// The frozen lines, in the same order.
    pub frozen: Vec<FrozenLine>,
}

/// Places a season by raising lines. Ties that nothing decides go by applicant id.
pub fn place(season: &Season) -> Second {
    place_in(season, &markets(season))
}

pub(super) fn place_in(season: &Season, markets: &[Market<'_>]) -> Second {
    let mut found = Second {
        outcomes: season
            .applicants()
            .iter()
            .enumerate()
            .map(|(at, a)| match (a.barred, season.wishes(ApplicantIx::from(at)).is_empty()) {
                (true, _) => Outcome::Barred,
                (false, true) => Outcome::NoWishes,
                (false, false) => Outcome::Unplaced,
            })
            .collect(),
        ..Second::default()
    };
    let mut carried = Vec::new();
    for market in markets {
        place_batch(market, &mut carried, &mut found);
    }
    found
}

/// The cut-off of a class of an earlier batch that is not split by junior school.
pub(super) fn cutoff(
    lines: &[Line],
) -> impl Fn(BatchIx, SchoolIx, CategoryIx) -> Option<Score> + '_ {
    let found: FxHashMap<(BatchIx, SchoolIx, CategoryIx), Score> = lines
        .iter()
        .filter(|l| l.junior.is_none())
        .filter_map(|l| Some(((l.batch, l.school, l.category), l.cutoff()?)))
        .collect();
    move |batch, school, category| found.get(&(batch, school, category)).copied()
}

fn place_batch(market: &Market<'_>, carried: &mut Vec<Carried>, found: &mut Second) {
    let season = market.season();
    let participants = (0_u32..)
        .zip(market.wishers())
        .filter(|(_, a)| found.outcomes[a.at()] == Outcome::Unplaced)
        .map(|(place, _)| place)
        .collect();
    let candidates = Candidates::of(market, participants);
    let base = figures::base(market, carried);
    let announced = Floors::announced(market, cutoff(&found.lines));
    let (cleared, floors) = match (announced.any_moving(), market.has_returns()) {
        (false, returns) => (clear(&candidates, &base, &announced, returns), announced),
        (true, false) => clear_walk(&candidates, &base, &announced),
        (true, true) => {
            let (planned, moving) = clear_walk(&candidates, &base, &announced);
            for class in announced.line_classes() {
                found.frozen.extend(planned.last[class].map(|a| FrozenLine {
                    batch: market.batch,
                    school: market.classes[class].school,
                    category: market.classes[class].category,
                    total: season.applicant(a).total,
                }));
            }
            let frozen = moving.frozen();
            (clear(&candidates, &base, &frozen, true), frozen)
        }
    };

    let mut held = cleared.held.clone();
    let mut holders: Vec<Vec<(ApplicantIx, u16)>> = vec![Vec::new(); market.classes.len()];
    let mut walkers = Vec::new();
    for (place, (&applicant, seat)) in market.wishers().iter().zip(&cleared.seat).enumerate() {
        match *seat {
            Some((class, position)) => {
                holders[class].push((applicant, position));
                found.outcomes[applicant.at()] = Outcome::Placed {
                    batch: market.batch,
                    position,
                    school: market.classes[class].school,
                    category: market.classes[class].category,
                };
            }
            None if market.ticked(place) && found.outcomes[applicant.at()] == Outcome::Unplaced => {
                walkers.push(applicant);
            }
            None => {}
        }
    }
    for (applicant, class) in figures::adjust(market, &base, &floors, &mut held, walkers) {
        holders[class].push((applicant, 0));
        found.outcomes[applicant.at()] = Outcome::Adjusted {
            batch: market.batch,
            school: market.classes[class].school,
            category: market.classes[class].category,
        };
    }
    let seats = market.capacities(&base, &held);
    found.lines.extend(figures::lines(market, &seats, &floors, &holders));
    carried.extend(figures::carried(market, &seats, &held));
}
