//! Reasons: for every proposal that did not stick, the first thing that kept it from sticking (SPEC §6).

use rayon::prelude::*;

use super::classes::{Classes, each_proposal, first_failing};
use super::floors::Floored;
use super::market::Market;
use super::run::NOTHING;
use crate::domain::{ApplicantIx, BatchIx, Reason, ReasonKind, Season};

/// Participants whose reasons are found together.
const PIECE: usize = 1 << 10;

/// The reasons of one batch, ordered by applicant and by order of proposing, in pieces.
pub(super) fn reasons(
    season: &Season,
    batch: BatchIx,
    classes: &Classes,
    market: &Market,
    participants: &[ApplicantIx],
    run: &Floored,
) -> Vec<Vec<Reason>> {
    let one = |participant: u32, applicant: ApplicantIx, reasons: &mut Vec<Reason>| {
        let held = run.holdings.held[participant as usize];
        let stuck = (held != NOTHING).then(|| {
            let proposal = market.proposals[held as usize];
            (proposal.class, proposal.position)
        });
        let region = season.applicant(applicant).region;
        let mut done = false;
        each_proposal(season, batch, classes, applicant, |wish, category, class| {
            if done || class.is_some_and(|class| stuck == Some((class, wish.position))) {
                done = true;
                return;
            }
            let failing = || first_failing(season, applicant, category, wish.school);
            let (kind, bound) = match class.map(|at| (at as usize, &classes.list[at as usize])) {
                None => (ReasonKind::NoClass, None),
                Some((_, class)) if !class.scope.covers(region) => (ReasonKind::OutOfRegion, None),
                Some((at, _)) => match (failing(), run.bars(market, participant, at)) {
                    (Some(predicate), _) => (ReasonKind::Ineligible(predicate.clone()), None),
                    (None, Some(floor)) => (ReasonKind::BelowFloor, Some(floor)),
                    (None, None) if run.holdings.seats[at] == 0 => (ReasonKind::NoSeats, None),
                    (None, None) => {
                        let last = run.holdings.last[at];
                        (ReasonKind::BelowCutoff, last.map(|(p, _)| market.totals[p as usize]))
                    }
                },
            };
            reasons.push(Reason {
                applicant,
                batch,
                position: wish.position,
                school: wish.school,
                category,
                kind,
                bound,
            });
        });
    };
    let piece = |(piece, applicants): (usize, &[ApplicantIx])| {
        let mut reasons = Vec::new();
        for (participant, &applicant) in (piece * PIECE..).zip(applicants) {
            one(participant as u32, applicant, &mut reasons);
        }
        reasons
    };
    participants.par_chunks(PIECE).enumerate().map(piece).collect()
}
