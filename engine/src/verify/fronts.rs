//! The fronts of all keys of a market: the leading keys of a proposal in one word, by which nearly all are told apart.

use std::sync::Arc;

use rayon::prelude::*;

use super::market::{Market, Proposal};
use super::order::Order;
use crate::domain::{ApplicantIx, CategoryIx, SchoolIx};
use crate::policy::PriorityList;

/// Of two proposals in one class the one with the smaller front goes first; equals need a closer look.
#[derive(Clone)]
pub(super) enum Fronts {
    /// One order for all classes that reads neither wishes nor special scores: by applicant of the season.
    Common(Arc<Vec<u64>>),
    /// By proposal of the market.
    Each(Vec<u64>),
}

impl Default for Fronts {
    fn default() -> Self {
        Self::Each(Vec::new())
    }
}

/// Gives every market its fronts; batches in the same order share them.
pub(super) fn set(markets: &mut [Market<'_>]) {
    let mut known: Vec<(&PriorityList, Arc<Vec<u64>>)> = Vec::new();
    for market in markets {
        let fronts = match common_list(market) {
            None => Fronts::Each(each(market)),
            Some(list) => match known.iter().find(|(before, _)| *before == list) {
                Some((_, fronts)) => Fronts::Common(fronts.clone()),
                None => {
                    let fronts = Arc::new(Order::of_class(market, 0).fronts());
                    known.push((list, fronts.clone()));
                    Fronts::Common(fronts)
                }
            },
        };
        market.fronts = fronts;
    }
}

/// The list that orders every class, if there is one that is a matter of the applicant alone.
fn common_list<'s>(market: &Market<'s>) -> Option<&'s PriorityList> {
    let policy = market.season().policy();
    let mut lists = market.classes.iter().map(|c| policy.priority(market.batch, c.category));
    let first = lists.next()?;
    let common = first.wish_free() && !first.reads_special() && lists.all(|list| list == first);
    common.then_some(first)
}

/// The front of every proposal that is open.
fn each(market: &Market<'_>) -> Vec<u64> {
    const TOGETHER: usize = 1 << 10;
    let likes = Like::by_category(market);
    let mut fronts = vec![0; market.all_proposals().len()];
    let mut slices: Vec<(usize, &[ApplicantIx], &mut [u64])> = Vec::new();
    let (mut rest, mut start) = (fronts.as_mut_slice(), 0);
    for (chunk, wishers) in market.wishers().chunks(TOGETHER).enumerate() {
        let end = market.range(chunk * TOGETHER + wishers.len() - 1).end;
        let (mine, others) = rest.split_at_mut(end - start);
        slices.push((chunk * TOGETHER, wishers, mine));
        (rest, start) = (others, end);
    }
    slices.into_par_iter().for_each(|(first, wishers, fronts)| {
        let start = market.range(first).start;
        for (place, &applicant) in (first..).zip(wishers) {
            let (mut before, mut front) = (None, 0);
            for at in market.range(place) {
                let p = &market.all_proposals()[at];
                if !p.open() {
                    continue;
                }
                let like = likes[p.category.at()];
                if before.replace(like.of(p)) != Some(like.of(p)) {
                    let order = Order::of(market, p.school, p.category);
                    front = order.front(applicant, p.position);
                }
                fronts[at - start] = front;
            }
        }
    });
    fronts
}

/// A list, and the category, school and wish position as far as they matter.
type Alike = (Option<CategoryIx>, Option<CategoryIx>, Option<SchoolIx>, Option<u16>);

/// What the key of a category's proposals depends on beside the applicant.
#[derive(Clone, Copy)]
struct Like {
    /// The category with a list of its own; the others follow the batch's.
    list: Option<CategoryIx>,
    category: bool,
    school: bool,
    wish: bool,
}

impl Like {
    fn by_category(market: &Market<'_>) -> Vec<Self> {
        let season = market.season();
        let policy = season.policy();
        let like = |at: usize| {
            let category = CategoryIx::from(at);
            let list = policy.priority(market.batch, category);
            let special = list.reads_special();
            Self {
                list: policy.category(category).priority.as_ref().map(|_| category),
                category: special,
                school: special && season.special_by_school(category),
                wish: !list.wish_free(),
            }
        };
        (0..policy.categories.len()).map(like).collect()
    }

    /// Equal for two proposals of an applicant only if their keys are.
    fn of(&self, p: &Proposal) -> Alike {
        (
            self.list,
            self.category.then_some(p.category),
            self.school.then_some(p.school),
            self.wish.then_some(p.position),
        )
    }
}
