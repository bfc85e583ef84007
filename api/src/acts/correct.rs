//! Corrections: a recorded mistake is put right by supplementary seats with their own approval, by two; nobody loses one.
//!
//! The published round stays as it is. It is computed again with the right figure; whoever comes out better gets the
//! seat that was due, on a plan line made for it. Whoever would come out worse keeps what was published.

use std::collections::{BTreeMap, BTreeSet};

use luqu_engine::domain::{BatchIx, Outcome, Score, Season};
use luqu_engine::placement;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::memory::away;
use super::{ActError, Actor, Office, PlanProposal, now, typed};
use crate::error::Failure;
use crate::ledger::Event;
use crate::store::{Admission, DecisionKind, GateKind, NewAdmission, Publishing, Role, SeatLine};

/// A mistake to be put right.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mistake {
    /// The published batch in which it counted.
    pub batch: String,
    /// Whose total was wrong.
    pub applicant: String,
    /// The right total.
    pub total: Score,
    /// The approval of the supplementary seats.
    pub approval_no: String,
    /// Why, in the office's words.
    pub reason: String,
}

/// Somebody whose seat would differ, had the figure been right.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Differs {
    /// 报名号
    pub applicant: String,
    /// The seat as published: school and category; none for none.
    pub published: Option<(String, String)>,
    /// The seat as due.
    pub due: Option<(String, String)>,
    /// Wish position of the seat that is due; 0 by adjustment.
    pub position: u16,
    /// Whether the seat that is due is given now: it is better than the one published, and than the one held by now.
    /// A worse one takes nothing away.
    pub gains: bool,
}

/// What the two sign.
#[derive(Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) mistake: Mistake,
    pub(super) differs: Vec<Differs>,
}

impl Office {
    /// Proposes to put a mistake right; says everybody whose seat would differ.
    ///
    /// # Errors
    /// The batch is not published; the applicant is unknown; ties without a decision; no permission.
    pub async fn propose_correction(
        &self,
        actor: &Actor,
        season: &str,
        mistake: Mistake,
    ) -> Result<(PlanProposal, Vec<Differs>), ActError> {
        actor.must_be(&[Role::Clerk, Role::Reviewer])?;
        let approval_no = typed::document(&mistake.approval_no)?.to_owned();
        let reason = typed::reason(&mistake.reason)?.to_owned();
        let mistake = Mistake { approval_no, reason: reason.clone(), ..mistake };
        if mistake.total < Score::ZERO {
            return Err(ActError::Conflict("总分不能为负数".to_owned()));
        }
        if self.store.read().published_round(season, &mistake.batch).await?.is_none() {
            return Err(ActError::Conflict("该批次尚未公布，请直接更正数据后重新计算".to_owned()));
        }
        let same = |m: &Mistake| {
            (&m.batch, &m.applicant, m.total) == (&mistake.batch, &mistake.applicant, mistake.total)
        };
        if self.corrections(season).await?.iter().any(|made| same(&made.mistake)) {
            return Err(ActError::Conflict("该考生的总分已按此更正".to_owned()));
        }
        let differs = self.differences(season, &mistake).await?;
        let body = serde_json::to_string(&Body { mistake, differs: differs.clone() })
            .map_err(|e| Failure::Internal(e.to_string()))?;
        let proposal = self.propose(actor, season, DecisionKind::Correction, &reason, body).await?;
        Ok((proposal, differs))
    }

    /// Approves a correction: it is computed again, supplementary lines are written and their seats given. Whoever had
    /// arrived or was registered at the seat that is left begins at the registry gate of the better one anew.
    ///
    /// # Errors
    /// The approver is the proposer; computing again gives other differences; it is no longer proposed; no permission.
    pub async fn approve_correction(
        &self,
        actor: &Actor,
        season: &str,
        decision: i64,
        signed: &str,
    ) -> Result<usize, ActError> {
        let proposed =
            self.to_approve(actor, season, decision, DecisionKind::Correction, signed).await?;
        let body: Body = serde_json::from_str(&proposed.body)
            .map_err(|_| Failure::Internal("a correction that is no JSON".to_owned()))?;
        if self.differences(season, &body.mistake).await? != body.differs {
            return Err(ActError::Conflict("重新计算的差异与提交的不同，请重新提交".to_owned()));
        }
        let published = self.store.read().published_round(season, &body.mistake.batch).await?;
        let Some(round) = published else {
            return Err(ActError::Conflict("该批次尚未公布".to_owned()));
        };
        let known = self.current(season).await?;
        let tx = self.approved(actor, season, &proposed).await?;
        let held = Held::of(tx.admissions(season).await?);
        let mut seats: BTreeMap<(String, String, Option<String>), Vec<&Differs>> = BTreeMap::new();
        for gain in body.differs.iter().filter(|d| d.gains) {
            let Some((school, category)) = &gain.due else { continue };
            if !held.lets_gain(|b| known.policy().batch_ix(b), &body.mistake.batch, gain) {
                let text = format!("考生 {} 的录取刚有变动，请重新提交", gain.applicant);
                return Err(ActError::Conflict(text));
            }
            let junior = self.quota_junior(&known, category, &gain.applicant);
            seats.entry((school.clone(), category.clone(), junior)).or_default().push(gain);
        }
        let mut given = 0;
        let mut events = Vec::new();
        for ((school, category, junior), gains) in &seats {
            let line = SeatLine {
                id: 0,
                school: school.clone(),
                batch: body.mistake.batch.clone(),
                category: category.clone(),
                junior: junior.clone(),
                seats: u32::try_from(gains.len()).unwrap_or(u32::MAX),
                approval_no: body.mistake.approval_no.clone(),
                edit: None,
                scope: regions_of(&known, gains),
            };
            let line = tx.store_supplementary(season, &line, decision, now()).await?;
            let mut new = Vec::new();
            for (gain, seat_no) in gains.iter().zip(1..) {
                if let Some(left) = held.seats.get(&gain.applicant) {
                    let why = "更正后改录到更靠前的志愿";
                    self.take_down(&tx, actor, season, left, &proposed.digest, why).await?;
                    tx.leave(left.id, decision).await?;
                    events.push((GateKind::Revoked, left.id));
                }
                let total = known.find_applicant(&gain.applicant).map_or(Score::ZERO, |at| {
                    if gain.applicant == body.mistake.applicant {
                        body.mistake.total
                    } else {
                        known.applicant(at).total
                    }
                });
                new.push(NewAdmission {
                    applicant: &gain.applicant,
                    category,
                    held_quota: junior.is_some(),
                    position: gain.position,
                    total: total.hundredths(),
                    line: &line,
                    seat_no,
                });
            }
            given += new.len();
            let publishing = Publishing {
                season,
                batch: &body.mistake.batch,
                round,
                correction: Some(decision),
                at: now(),
            };
            tx.store_admissions(publishing, &new).await?;
        }
        let told = json!({
            "decision": decision, "batch": body.mistake.batch, "given": given,
            "differs": body.differs.len(), "digest": proposed.digest, "proposed_by": proposed.proposed_by,
        });
        let seq = self.record(&tx, Event::new("corrected", &actor.name, season, told)).await?;
        let new = tx.admissions_given(round, Some(decision)).await?;
        events.extend(new.into_iter().map(|id| (GateKind::Published, id)));
        tx.tell(season, seq, &events).await?;
        self.seal(tx).await?;
        Ok(given)
    }

    /// The corrections that two people made, the first in front.
    pub(super) async fn corrections(&self, season: &str) -> Result<Vec<Body>, ActError> {
        let decisions = self.store.read().decisions(season).await?.into_iter();
        let made = decisions.filter(|d| d.made(DecisionKind::Correction));
        // Those of a season whose personal data were destroyed hold nothing.
        Ok(made.filter_map(|d| serde_json::from_str(&d.body).ok()).collect())
    }

    /// The junior school whose cell a seat of the category belongs to, if it is split by junior school.
    fn quota_junior(&self, season: &Season, category: &str, applicant: &str) -> Option<String> {
        let policy = season.policy();
        let by_junior = policy.category_ix(category).is_some_and(|c| policy.category(c).by_junior);
        let at = season.find_applicant(applicant).filter(|_| by_junior)?;
        Some(season.school(season.applicant(at).junior).id.to_string())
    }

    /// Everybody whose seat in the batch would differ, by applicant.
    async fn differences(&self, season: &str, mistake: &Mistake) -> Result<Vec<Differs>, ActError> {
        let before = self.season_of_batch(season, &mistake.batch).await?;
        let Some(applicant) = before.find_applicant(&mistake.applicant) else {
            return Err(ActError::NotFound(format!("考生 {}", mistake.applicant)));
        };
        let (total, batch) = (mistake.total, super::batch_of(&before, &mistake.batch)?);
        let policy = before.policy().clone();
        let work = away(move || {
            let after = before.with_total(applicant, total);
            let was = placement::place(&before).map_err(|e| e.to_string())?;
            let due = placement::place(&after).map_err(|e| e.to_string())?;
            let rank = |o: Outcome| o.seat().map_or(u32::MAX, |(_, position, ..)| rank(position));
            let named = |o: Outcome| {
                let (_, _, school, category) = o.seat()?;
                let category = before.policy().category(category).id.to_string();
                Some((before.school(school).id.to_string(), category))
            };
            let in_batch = |o: Outcome| o.seat().is_none_or(|(b, ..)| b == batch);
            let outcomes = was.outcomes.iter().zip(&due.outcomes).enumerate();
            let differs = outcomes.filter(|(_, (w, d))| w != d && in_batch(**w) && in_batch(**d));
            Ok::<Vec<Differs>, String>(
                differs
                    .map(|(at, (&was, &due))| Differs {
                        applicant: before.applicant(at.into()).id.to_string(),
                        published: named(was),
                        due: named(due),
                        position: due.seat().map_or(0, |(_, position, ..)| position),
                        gains: rank(due) < rank(was),
                    })
                    .collect(),
            )
        });
        let mut differs = work.await?.map_err(ActError::Conflict)?;
        let held = Held::of(self.store.read().admissions(season).await?);
        for of in differs.iter_mut().filter(|d| d.gains) {
            if of.applicant == mistake.applicant && held.has_gone(&of.applicant) {
                let text = format!("考生 {} 的录取已撤销，不能按更正补录", of.applicant);
                return Err(ActError::Conflict(text));
            }
            of.gains = held.lets_gain(|b| policy.batch_ix(b), &mistake.batch, of);
        }
        Ok(differs)
    }
}

/// Who holds which seat now, and whose was taken by decision.
struct Held {
    seats: BTreeMap<String, Admission>,
    left: BTreeSet<String>,
}

impl Held {
    fn of(admissions: Vec<Admission>) -> Self {
        let (active, left): (Vec<_>, Vec<_>) = admissions.into_iter().partition(|a| a.active);
        Self {
            seats: active.into_iter().map(|a| (a.applicant.clone(), a)).collect(),
            left: left.into_iter().map(|a| a.applicant).collect(),
        }
    }

    fn has_gone(&self, applicant: &str) -> bool {
        !self.seats.contains_key(applicant) && self.left.contains(applicant)
    }

    /// Whether a seat that is due in a batch is better than the one held: of an earlier batch, or of a wish further in
    /// front. Whoever's admission was taken by decision claims none.
    fn lets_gain(
        &self,
        place: impl Fn(&str) -> Option<BatchIx>,
        batch: &str,
        due: &Differs,
    ) -> bool {
        let Some(seat) = self.seats.get(&due.applicant) else {
            return !self.has_gone(&due.applicant);
        };
        (place(batch), rank(due.position)) < (place(&seat.batch), rank(seat.position))
    }
}

/// How good a seat is for its holder: the wish position, behind all wishes when adjusted. Less is better.
fn rank(position: u16) -> u32 {
    if position == 0 { u32::from(u16::MAX) + 1 } else { position.into() }
}

/// The regions of those who gain, in order: supplementary seats admit from no other.
fn regions_of(season: &Season, gains: &[&Differs]) -> Vec<String> {
    let at = gains.iter().filter_map(|g| season.find_applicant(&g.applicant));
    let regions: BTreeSet<String> =
        at.map(|a| season.region_name(season.applicant(a).region).to_owned()).collect();
    regions.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_due_is_given_to_whoever_holds_no_better_one() {
        let admission = |applicant: &str, batch: &str, position, active| Admission {
            id: 1,
            applicant: applicant.to_owned(),
            batch: batch.to_owned(),
            category: "c".to_owned(),
            school: "S".to_owned(),
            position,
            plan: 1,
            seat_no: 1,
            total: 0,
            round: 1,
            recorded_at: 0,
            active,
            ended_by: None,
        };
        let held = Held::of(vec![
            admission("early", "1", 9, true),
            admission("late", "3", 1, true),
            admission("front", "2", 1, true),
            admission("behind", "2", 3, true),
            admission("adjusted", "2", 0, true),
            admission("moved", "2", 1, false),
            admission("moved", "1", 1, true),
            admission("gone", "2", 1, false),
        ]);
        let place = |b: &str| ["1", "2", "3"].iter().position(|x| *x == b).map(BatchIx::from);
        let gains = |who: &str, position| {
            let due = Differs {
                applicant: who.to_owned(),
                published: None,
                due: None,
                position,
                gains: true,
            };
            held.lets_gain(place, "2", &due)
        };
        for (who, position, expected) in [
            ("nobody", 2, true),
            ("late", 9, true),
            ("behind", 2, true),
            ("adjusted", 2, true),
            ("early", 1, false),
            ("front", 1, false),
            ("behind", 3, false),
            ("behind", 0, false),
            ("moved", 1, false),
            ("gone", 1, false),
        ] {
            assert_eq!(gains(who, position), expected, "{who} {position}");
        }
    }
}
