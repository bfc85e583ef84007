//! The walk of SPEC §5.4, word for word: the participants once, in the common order, on planned seats.

use super::floors::Floors;
use super::market::Market;
use super::order::Order;
use crate::domain::ApplicantIx;

/// Walks the participants and returns the last holder of every class that filled.
///
/// All classes share one wish-free order. Nothing is returned; a class of no seats never fills.
pub(super) fn last_holders(
    market: &Market<'_>,
    lottery: &[u32],
    participants: &[ApplicantIx],
    base: &[u32],
    floors: &Floors,
) -> Vec<Option<ApplicantIx>> {
    let mut last = vec![None; market.classes.len()];
    if market.classes.is_empty() {
        return last;
    }
    let season = market.season();
    let order = Order::of_class(market, lottery, 0);
    let items: Vec<_> = participants.iter().map(|&a| (a, 0)).collect();
    let keys = order.keys(&items);
    let mut walk: Vec<_> = keys.into_iter().zip(participants).collect();
    walk.sort_unstable();
    let total = |a: ApplicantIx| season.applicant(a).total;
    let mut held = vec![0; market.classes.len()];
    // Only the lines that floors follow move a floor; the many other classes fill without a word.
    let followed = floors.line_classes();
    let mut current = floors.with_lines(&last, total);
    for (_, &applicant) in walk {
        let open = market.proposals(applicant).iter().filter(|p| p.open);
        let seat = open.filter_map(|p| p.class).find(|&class| {
            held[class] < base[class] && current.passes(class, applicant, &order, total(applicant))
        });
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
