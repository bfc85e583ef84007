//! Reads everybody's wishes once, in parallel, into the markets of their batches.

use std::sync::Arc;

use rayon::prelude::*;

use super::{CLOSED, Market, NO_CLASS, Proposal, SeatClass};
use crate::domain::{ApplicantIx, Scope, Season, Wish};
use crate::policy::Predicate;

/// Applicants read together.
const PIECE: usize = 1 << 10;

/// How much some applicants have in one batch.
#[derive(Clone, Copy, Default)]
struct Count {
    wishers: usize,
    proposals: usize,
}

/// What everybody wishes in one batch, as the market keeps it.
struct Lists {
    wishers: Vec<ApplicantIx>,
    ticked: Vec<bool>,
    offsets: Vec<u32>,
    proposals: Vec<Proposal>,
}

/// The part of the [`Lists`] that is of some applicants.
struct Part<'l> {
    wishers: &'l mut [ApplicantIx],
    ticked: &'l mut [bool],
    ends: &'l mut [u32],
    proposals: &'l mut [Proposal],
    /// How many proposals go before.
    start: u32,
}

/// 1. Counts what there is of each piece and batch.
/// 2. Makes room for exactly that.
/// 3. Reads every piece into its room.
pub(super) fn read(season: &Season, markets: &mut [Market<'_>]) {
    let everybody: Vec<ApplicantIx> =
        (0..season.applicants().len()).map(ApplicantIx::from).collect();
    let counts: Vec<Vec<Count>> =
        everybody.par_chunks(PIECE).map(|piece| count(season, markets, piece)).collect();
    let mut lists: Vec<Lists> = (0..markets.len()).map(|batch| room(&counts, batch)).collect();
    let mut parts: Vec<Vec<Part<'_>>> = counts.iter().map(|_| Vec::new()).collect();
    for (batch, lists) in lists.iter_mut().enumerate() {
        share_out(lists, &counts, batch, &mut parts);
    }
    let alone = alone(season);
    everybody.par_chunks(PIECE).zip(parts).for_each(|(piece, parts)| {
        fill(season, markets, &alone, piece, parts);
    });
    markets.par_iter_mut().zip(lists).for_each(|(market, lists)| {
        let Lists { wishers, ticked, offsets, proposals } = lists;
        for (place, applicant) in (0..NO_CLASS).zip(&wishers) {
            market.places[applicant.at()] = place;
        }
        (market.wishers, market.ticked) = (wishers, ticked);
        (market.offsets, market.proposals) = (offsets, proposals);
    });
}

/// The wishes of an applicant, batch by batch.
fn by_batch(season: &Season, applicant: ApplicantIx) -> impl Iterator<Item = &[Wish]> {
    season.wishes(applicant).chunk_by(|a, b| a.batch == b.batch)
}

fn count(season: &Season, markets: &[Market<'_>], piece: &[ApplicantIx]) -> Vec<Count> {
    let mut counts = vec![Count::default(); markets.len()];
    for &applicant in piece {
        for wishes in by_batch(season, applicant) {
            let batch = wishes[0].batch.at();
            counts[batch].wishers += 1;
            let meant = wishes.iter().map(|wish| markets[batch].meant(wish).len());
            counts[batch].proposals += meant.sum::<usize>();
        }
    }
    counts
}

fn room(counts: &[Vec<Count>], batch: usize) -> Lists {
    let wishers = counts.iter().map(|c| c[batch].wishers).sum();
    let proposals = counts.iter().map(|c| c[batch].proposals).sum();
    Lists {
        wishers: vec![ApplicantIx(0); wishers],
        ticked: vec![false; wishers],
        offsets: vec![0; wishers + 1],
        proposals: vec![Proposal::BLANK; proposals],
    }
}

/// Gives every piece its part of the lists of a batch.
fn share_out<'l>(
    lists: &'l mut Lists,
    counts: &[Vec<Count>],
    batch: usize,
    parts: &mut [Vec<Part<'l>>],
) {
    let Lists { wishers, ticked, offsets, proposals } = lists;
    let (mut wishers, mut ticked) = (wishers.as_mut_slice(), ticked.as_mut_slice());
    let (mut ends, mut proposals) = (&mut offsets[1..], proposals.as_mut_slice());
    let mut start = 0;
    for (counts, parts) in counts.iter().zip(parts) {
        let Count { wishers: people, proposals: claims } = counts[batch];
        parts.push(Part {
            wishers: front(&mut wishers, people),
            ticked: front(&mut ticked, people),
            ends: front(&mut ends, people),
            proposals: front(&mut proposals, claims),
            start,
        });
        start += claims as u32;
    }
}

/// Takes so many off the front.
fn front<'l, T>(rest: &mut &'l mut [T], count: usize) -> &'l mut [T] {
    let (front, behind) = std::mem::take(rest).split_at_mut(count);
    *rest = behind;
    front
}

/// By category: whether eligibility is a matter of the applicant alone, and the category one of the first 64.
fn alone(season: &Season) -> Vec<bool> {
    let categories = season.policy().categories.iter().enumerate();
    let alone = |(at, c): (usize, &crate::policy::Category)| {
        at < u64::BITS as usize && !c.eligible.contains(&Predicate::Qualified)
    };
    categories.map(alone).collect()
}

fn fill(
    season: &Season,
    markets: &[Market<'_>],
    alone: &[bool],
    piece: &[ApplicantIx],
    mut parts: Vec<Part<'_>>,
) {
    // By batch: the wishers and the proposals read so far.
    let mut read = vec![Count::default(); markets.len()];
    for &applicant in piece {
        let mut found = Found::of(season, applicant, alone);
        for wishes in by_batch(season, applicant) {
            let batch = wishes[0].batch.at();
            let (market, part, read) = (&markets[batch], &mut parts[batch], &mut read[batch]);
            for wish in wishes {
                for &category in market.meant(wish) {
                    let class = market.class_for(applicant, wish.school, category);
                    let class = class.map_or(NO_CLASS, |class| {
                        let open = found.admits(market, &market.classes[class]);
                        if open { class as u32 } else { class as u32 | CLOSED }
                    });
                    let (school, position) = (wish.school, wish.position);
                    part.proposals[read.proposals] = Proposal { school, class, category, position };
                    read.proposals += 1;
                }
            }
            part.wishers[read.wishers] = applicant;
            part.ticked[read.wishers] = wishes.iter().any(|w| w.adjust);
            part.ends[read.wishers] = part.start + read.proposals as u32;
            read.wishers += 1;
        }
    }
}

/// What was found of an applicant, whose wishes ask the same again and again.
struct Found<'f> {
    season: &'f Season,
    applicant: ApplicantIx,
    alone: &'f [bool],
    /// The scope last looked at, and whether it covers the applicant's region.
    scope: Option<(*const Scope, bool)>,
    /// A bit for every category whose conditions were read, and for every one whose conditions hold.
    known: u64,
    holds: u64,
}

impl<'f> Found<'f> {
    const fn of(season: &'f Season, applicant: ApplicantIx, alone: &'f [bool]) -> Self {
        Self { season, applicant, alone, scope: None, known: 0, holds: 0 }
    }

    /// Whether neither region nor eligibility keeps the applicant out of a class.
    fn admits(&mut self, market: &Market<'_>, class: &SeatClass) -> bool {
        let scope = Arc::as_ptr(&class.scope);
        let covers = match self.scope {
            Some((last, covers)) if last == scope => covers,
            _ => {
                let covers = class.scope.covers(self.season.applicant(self.applicant).region);
                self.scope = Some((scope, covers));
                covers
            }
        };
        if !covers {
            return false;
        }
        if !self.alone[class.category.at()] {
            return market.failing(self.applicant, class).is_none();
        }
        let bit = 1 << class.category.at();
        if self.known & bit == 0 {
            self.known |= bit;
            if market.failing(self.applicant, class).is_none() {
                self.holds |= bit;
            }
        }
        self.holds & bit != 0
    }
}
