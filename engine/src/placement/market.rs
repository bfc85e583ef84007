//! The market of a batch, ready to be run: seats, orders, and what each participant proposes (SPEC §5.1).

use rayon::prelude::*;

use super::classes::{Classes, each_proposal, first_failing};
use super::priority::{Claim, Order, Reader, ranks, sort_claims, sort_participants, wish_order};
use crate::domain::{ApplicantIx, BatchIx, CategoryIx, Lottery, Score, Season};
use crate::policy::{Key, PriorityList};

/// A proposal that its class may take: the class and the wish it came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proposal {
    /// The place of the class.
    pub class: u32,
    /// The wish position.
    pub position: u16,
}

/// Seat classes and participants as arrays; everything about law and people is already decided.
#[derive(Clone, Debug)]
pub struct Market {
    /// Seats of its own, by class.
    pub own: Vec<u32>,
    /// Where each class's unfilled seats go, as a place in the list of classes.
    pub returns_to: Vec<Option<usize>>,
    /// Which order each class follows.
    pub order_of: Vec<usize>,
    /// The orders.
    pub orders: Vec<Order>,
    /// All participants by the one order that every class follows, best first; nothing where they differ.
    pub common: Option<Vec<u32>>,
    /// The total of each participant, for floors.
    pub totals: Vec<Score>,
    /// `participants + 1` offsets into `proposals`.
    pub offsets: Vec<u32>,
    /// The proposals that region and eligibility allow, participant by participant.
    pub proposals: Vec<Proposal>,
}

impl Market {
    /// The places of a participant's proposals.
    #[inline]
    pub fn range(&self, participant: u32) -> std::ops::Range<usize> {
        let at = participant as usize;
        self.offsets[at] as usize..self.offsets[at + 1] as usize
    }

    /// How many participants there are.
    pub fn participants(&self) -> u32 {
        u32::try_from(self.totals.len()).unwrap_or(u32::MAX)
    }

    /// The key of a proposal at its class; smaller is better.
    #[inline]
    pub fn key(&self, participant: u32, proposal: usize) -> u64 {
        let Proposal { class, position } = self.proposals[proposal];
        self.orders[self.order_of[class as usize]].key(participant, proposal, position)
    }

    /// The rank of a participant in the order that a wish-free class follows.
    pub fn rank_in_common(&self, participant: u32, class: usize) -> u64 {
        self.orders[self.order_of[class]].key(participant, 0, 0)
    }

    /// Builds the market of a batch for participants in the order of their ids.
    pub fn of(
        season: &Season,
        batch: BatchIx,
        classes: &Classes,
        participants: &[ApplicantIx],
        lottery: &Lottery,
    ) -> Self {
        let (offsets, proposals) = propose(season, batch, classes, participants);
        let mut market = Self {
            own: classes.list.iter().map(|c| c.own).collect(),
            returns_to: classes.list.iter().map(|c| c.returns_to).collect(),
            order_of: Vec::with_capacity(classes.list.len()),
            orders: Vec::new(),
            common: None,
            totals: participants.iter().map(|&a| season.applicant(a).total).collect(),
            offsets,
            proposals,
        };
        market.set_orders(season, batch, classes, participants, lottery);
        market
    }

    /// Finds the distinct orders of the classes, and ranks the participants or their proposals by each.
    fn set_orders(
        &mut self,
        season: &Season,
        batch: BatchIx,
        classes: &Classes,
        participants: &[ApplicantIx],
        lottery: &Lottery,
    ) {
        // Lists that read special scores differ between categories, the others are shared.
        let mut distinct: Vec<(&PriorityList, Option<CategoryIx>, CategoryIx)> = Vec::new();
        for class in &classes.list {
            let list = season.policy().priority(batch, class.category);
            let own = list.reads_special().then_some(class.category);
            let at = distinct.iter().position(|d| (d.0, d.1) == (list, own)).unwrap_or_else(|| {
                distinct.push((list, own, class.category));
                distinct.len() - 1
            });
            self.order_of.push(at);
        }
        for (at, &(list, own, category)) in distinct.iter().enumerate() {
            let reader = Reader::new(season, batch, Some(category), lottery);
            let wish_keys = list.keys.iter().filter(|k| k.reads_wish()).count();
            let by_school = own.is_some_and(|category| season.special_by_school(category));
            let order = match (by_school, wish_keys) {
                (false, 0) => {
                    let sorted = sort_participants(&reader, participants);
                    let rank = ranks(&sorted);
                    if distinct.len() == 1 {
                        self.common = Some(sorted);
                    }
                    Order::Applicants { rank }
                }
                (false, 1) => wish_order(&reader, participants, &self.positions()),
                _ => self.proposal_order(&reader, classes, at, participants),
            };
            self.orders.push(order);
        }
    }

    /// The wish positions that occur, ascending.
    fn positions(&self) -> Vec<u16> {
        let mut seen = vec![false; usize::from(u16::MAX) + 1];
        for proposal in &self.proposals {
            seen[usize::from(proposal.position)] = true;
        }
        (0..=u16::MAX).filter(|&p| seen[usize::from(p)]).collect()
    }

    /// Ranks the proposals of one order by their claims.
    fn proposal_order(
        &self,
        reader: &Reader<'_>,
        classes: &Classes,
        order: usize,
        participants: &[ApplicantIx],
    ) -> Order {
        let mut claims: Vec<(u32, Claim)> = Vec::new();
        for participant in 0..self.participants() {
            for at in self.range(participant) {
                let Proposal { class, position } = self.proposals[at];
                if self.order_of[class as usize] == order {
                    let school = classes.list[class as usize].school;
                    let applicant = participants[participant as usize];
                    claims.push((at as u32, Claim { applicant, position, school }));
                }
            }
        }
        let keys: Vec<&Key> = reader.list().keys.iter().collect();
        let sorted = sort_claims(reader, &keys, claims.len(), |at| claims[at].1);
        let mut rank = vec![0; self.proposals.len()];
        for (place, at) in (0_u32..).zip(sorted) {
            rank[claims[at as usize].0 as usize] = place;
        }
        Order::Proposals { rank }
    }
}

/// The proposals that region and eligibility allow, with the offsets of each participant's.
fn propose(
    season: &Season,
    batch: BatchIx,
    classes: &Classes,
    participants: &[ApplicantIx],
) -> (Vec<u32>, Vec<Proposal>) {
    let parts: Vec<(Vec<u32>, Vec<Proposal>)> = participants
        .par_chunks(1 << 12)
        .map(|chunk| {
            let mut counts = Vec::with_capacity(chunk.len());
            let mut proposals = Vec::with_capacity(chunk.len() * 4);
            for &applicant in chunk {
                let before = proposals.len();
                let region = season.applicant(applicant).region;
                each_proposal(season, batch, classes, applicant, |wish, category, class| {
                    let Some(at) = class else { return };
                    if classes.list[at as usize].scope.covers(region)
                        && first_failing(season, applicant, category, wish.school).is_none()
                    {
                        proposals.push(Proposal { class: at, position: wish.position });
                    }
                });
                counts.push((proposals.len() - before) as u32);
            }
            (counts, proposals)
        })
        .collect();
    let mut offsets = Vec::with_capacity(participants.len() + 1);
    let mut proposals = Vec::with_capacity(parts.iter().map(|p| p.1.len()).sum());
    let mut end = 0;
    offsets.push(0);
    for (counts, part) in parts {
        for count in counts {
            end += count;
            offsets.push(end);
        }
        proposals.extend_from_slice(&part);
    }
    (offsets, proposals)
}
