//! The pupils of a school as the balance sees them: gender, junior school, score quarter, boarding, combination.

use std::collections::BTreeMap;

use super::{Groups, Kind};
use crate::domain::{ApplicantIx, Season, Text};

/// One value of a kind, such as the junior school `C1`, with the pupils who have it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) key: Text,
    pub(super) count: u32,
}

/// The pupils of one school, in the order of applicant ids.
pub(super) struct Pupils {
    pub(super) ids: Vec<ApplicantIx>,
    /// Ordered by kind, then key.
    pub(super) values: Vec<Value>,
    /// For each pupil the values held, ascending.
    pub(super) of: Vec<Vec<u16>>,
}

impl Pupils {
    /// The pupils with these ids, which are in ascending order. A kind that nobody's row fills is left out.
    pub(super) fn of(season: &Season, ids: Vec<ApplicantIx>, groups: &Groups) -> Self {
        let quarters = quarters(season, &ids);
        let boarding = ids.iter().any(|&id| groups.of(id).is_some_and(|g| g.boarding.is_some()));
        let held: Vec<Vec<(Kind, Text)>> = ids
            .iter()
            .zip(quarters)
            .map(|(&id, quarter)| {
                let person = season.applicant(id);
                let row = groups.of(id);
                let mut list = vec![
                    (Kind::Gender, Text::from(person.gender.map_or("", |g| g.key()))),
                    (Kind::Junior, season.school(person.junior).id.clone()),
                    (Kind::Quarter, Text::from(quarter.to_string())),
                ];
                if boarding {
                    let boards = row.and_then(|g| g.boarding).unwrap_or(false);
                    list.push((Kind::Boarding, Text::from(if boards { "yes" } else { "no" })));
                }
                if let Some(combination) = row.and_then(|g| g.combination.clone()) {
                    list.push((Kind::Combination, combination));
                }
                list
            })
            .collect();
        let mut counts: BTreeMap<&(Kind, Text), u32> = BTreeMap::new();
        for value in held.iter().flatten() {
            *counts.entry(value).or_default() += 1;
        }
        let place: BTreeMap<&(Kind, Text), u16> = counts.keys().copied().zip(0..).collect();
        let of = held.iter().map(|list| list.iter().map(|value| place[value]).collect()).collect();
        let values = counts
            .into_iter()
            .map(|((kind, key), count)| Value { kind: *kind, key: key.clone(), count })
            .collect();
        Self { ids, values, of }
    }
}

/// The quarter of each pupil by total, 1 the best: ⌊4 × (pupils with a higher total) ÷ pupils⌋ + 1, so that equal
/// totals are in one quarter.
fn quarters(season: &Season, ids: &[ApplicantIx]) -> Vec<usize> {
    let totals: Vec<_> = ids.iter().map(|&id| season.applicant(id).total).collect();
    let mut order = totals.clone();
    order.sort_unstable_by(|a, b| b.cmp(a));
    let higher = |total| order.partition_point(|&t| t > total);
    totals.into_iter().map(|total| 4 * higher(total) / ids.len() + 1).collect()
}
