//! Cuts a broken market down for as long as it stays broken.

use super::Property;
use super::market::Tiny;
use super::search::{Witness, broken};
use crate::policy::Policy;

/// The witness of a smallest market that is reached by leaving things out one at a time.
///
/// Leaves out, in this order and again from the start after each success: an applicant, a seat, a school of
/// somebody's true order; then makes people alike where it makes no difference.
pub(super) fn shrink(policy: &Policy, mut witness: Witness, property: Property) -> Witness {
    'again: loop {
        for smaller in smaller(&witness.market) {
            if let Some(found) = broken(policy, &smaller, property) {
                witness = found;
                continue 'again;
            }
        }
        return witness;
    }
}

fn smaller(market: &Tiny) -> Vec<Tiny> {
    let mut all = Vec::new();
    let mut try_with = |change: &dyn Fn(&mut Tiny)| {
        let mut copy = market.clone();
        change(&mut copy);
        if copy != *market {
            all.push(copy);
        }
    };
    for at in 0..market.people.len() {
        try_with(&|m| {
            m.people.remove(at);
        });
    }
    for at in 0..market.seats.len() {
        try_with(&|m| {
            m.seats.remove(at);
        });
    }
    for person in 0..market.people.len() {
        for at in 0..market.people[person].prefs.len() {
            try_with(&|m| {
                m.people[person].prefs.remove(at);
            });
        }
    }
    try_with(&|m| m.people.iter_mut().for_each(|p| p.lean = 0));
    try_with(&|m| m.people.iter_mut().for_each(|p| p.special = 80));
    try_with(&|m| {
        m.people.iter_mut().for_each(|p| p.junior = 0);
        m.seats.retain(|s| s.junior != Some(1));
    });
    // Totals ten points apart, and the highest first, read best.
    try_with(&|m| {
        let mut totals: Vec<i32> = m.people.iter().map(|p| p.total).collect();
        totals.sort_unstable_by(|a, b| b.cmp(a));
        totals.dedup();
        let highest = totals.first().copied().unwrap_or(0);
        for person in &mut m.people {
            let place = totals.iter().position(|&t| t == person.total).unwrap_or(0);
            person.total = highest - 10 * i32::try_from(place).unwrap_or(0);
        }
    });
    try_with(&|m| m.people.sort_by_key(|p| std::cmp::Reverse(p.total)));
    all
}
