//! The walk of SPEC §5.4, word for word: the participants once, in the common order, on planned seats.

use super::floors::Floors;
use super::market::{Market, Proposal};
use super::order::Order;
use crate::domain::ApplicantIx;

/// Walks the participants and returns the last holder of every class that filled.
///
/// All classes share one wish-free order. Nothing is returned; a class of no seats never fills.
pub(super) fn last_holders(
    market: &Market<'_>,
    participants: &[ApplicantIx],
    base: &[u32],
    floors: &Floors,
) -> Vec<Option<ApplicantIx>> {
    let mut last = vec![None; market.classes.len()];
    if market.classes.is_empty() {
        return last;
    }
    let season = market.season();
    let total = |a: ApplicantIx| season.applicant(a).total;
    let mut held = vec![0; market.classes.len()];
    // Only the lines that floors follow move a floor; the many other classes fill without a word.
    let followed = floors.line_classes();
    let mut current = floors.with_lines(&last, total);
    let fronts = participants.iter().map(|&a| (market.front_in(0, a, 0), a));
    for applicant in Order::of_class(market, 0).sorted_by(fronts.collect()) {
        let open = market.proposals(applicant).iter().filter(|p| p.open());
        let seat = open
            .map(Proposal::open_class)
            .find(|&class| held[class] < base[class] && current.passes(market, class, applicant));
        if let Some(class) = seat {
            held[class] += 1;
            if held[class] == base[class] {
                last[class] = Some(applicant);
                if followed.binary_search(&class).is_ok() {
                    current = floors.with_lines(&last, total);
                }
            }
        }
    }
    last
}
