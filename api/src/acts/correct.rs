//! Corrections: a recorded mistake is put right by supplementary seats with their own approval, by two; nobody loses one.
//!
//! Published rounds stay as they are. All that is published is placed again with everything put right so far; whoever
//! comes out better than where they sit gets the seat that was due, on a plan line made for it. Whoever would come out
//! worse keeps the seat. What is published later is placed with the right figures.

use std::collections::{BTreeMap, BTreeSet};

use luqu_engine::domain::{BatchIx, Draft, Outcome, Score, Season, Text};
use luqu_engine::placement::{self, Undecided};
use luqu_engine::policy::Policy;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::memory::away;
use super::run::checked;
use super::{ActError, Actor, Office, PlanProposal, now, typed};
use crate::error::Failure;
use crate::ledger::Event;
use crate::store::{
    Admission, DecisionKind, GateKind, NewAdmission, Publishing, Role, RoundStatus, SeatLine,
};
use crate::tables::Located;

/// A mistake to be put right.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mistake {
    /// Whose figures were wrong.
    pub applicant: String,
    /// The right marks of the subjects that were wrong, by key.
    pub marks: BTreeMap<String, Score>,
    /// The right total.
    pub total: Score,
    /// The approval of the supplementary seats.
    pub approval_no: String,
    /// Why, in the office's words.
    pub reason: String,
}

/// Somebody whose seat would differ, had the figures been right.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Differs {
    /// 报名号
    pub applicant: String,
    /// The seat held: batch, school and category; none for none.
    pub held: Option<(String, String, String)>,
    /// The seat as due.
    pub due: Option<(String, String, String)>,
    /// Wish position of the seat that is due; 0 by adjustment.
    pub position: u16,
    /// Whether the seat that is due is given now: it is better than the one held. A worse one takes nothing away.
    pub gains: bool,
}

/// What the two sign.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) mistake: Mistake,
    pub(super) differs: Vec<Differs>,
}

/// A correction that two people made.
pub(super) struct Made {
    /// When, in microseconds of UTC.
    pub(super) at: i64,
    pub(super) body: Body,
}

impl Office {
    /// Proposes to put a mistake right; says everybody whose published seat would differ.
    ///
    /// # Errors
    /// The applicant is unknown, or has gone; figures that contradict each other; the same was put right before; ties
    /// without a decision; no permission.
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
        let made = self.corrections(season).await?;
        let last = made.iter().rfind(|m| m.body.mistake.applicant == mistake.applicant);
        let same = |m: &Mistake| (&m.marks, m.total) == (&mistake.marks, mistake.total);
        if last.is_some_and(|m| same(&m.body.mistake)) {
            return Err(ActError::Conflict("该考生的成绩已按此更正".to_owned()));
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
        let known = self.current(season).await?;
        let tx = self.approved(actor, season, &proposed).await?;
        let held = Held::of(tx.admissions(season).await?);
        let mut seats: BTreeMap<(&str, &str, &str, Option<String>), Vec<&Differs>> =
            BTreeMap::new();
        for gain in body.differs.iter().filter(|d| d.gains) {
            let Some((batch, school, category)) = &gain.due else { continue };
            if !held.lets_gain(|b| known.policy().batch_ix(b), gain) {
                let text = format!("考生 {} 的录取刚有变动，请重新提交", gain.applicant);
                return Err(ActError::Conflict(text));
            }
            let junior = self.quota_junior(&known, category, &gain.applicant);
            seats.entry((batch, school, category, junior)).or_default().push(gain);
        }
        let mut given = 0;
        let mut events = Vec::new();
        let mut rounds: BTreeSet<i64> = BTreeSet::new();
        for ((batch, school, category, junior), gains) in &seats {
            let Some(round) = tx.published_round(season, batch).await? else {
                return Err(ActError::Conflict(format!("批次 {batch} 尚未公布")));
            };
            rounds.insert(round);
            let line = SeatLine {
                id: 0,
                school: (*school).to_owned(),
                batch: (*batch).to_owned(),
                category: (*category).to_owned(),
                junior: junior.clone(),
                seats: u32::try_from(gains.len()).unwrap_or(u32::MAX),
                approval_no: body.mistake.approval_no.clone(),
                edit: None,
                scope: regions_of(&known, gains),
                added: true,
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
            let publishing =
                Publishing { season, batch, round, correction: Some(decision), at: now() };
            tx.store_admissions(publishing, &new).await?;
        }
        // A plan that is no longer lawful with the new seats would stop every later step.
        checked(known.policy().clone(), tx.plan_draft(season).await?)?;
        let told = json!({
            "decision": decision, "given": given,
            "differs": body.differs.len(), "digest": proposed.digest, "proposed_by": proposed.proposed_by,
        });
        let seq = self.record(&tx, Event::new("corrected", &actor.name, season, told)).await?;
        for round in rounds {
            let new = tx.admissions_given(round, Some(decision)).await?;
            events.extend(new.into_iter().map(|id| (GateKind::Published, id)));
        }
        tx.tell(season, seq, &events).await?;
        self.seal(tx).await?;
        Ok(given)
    }

    /// The corrections that two people made, the first in front.
    pub(super) async fn corrections(&self, season: &str) -> Result<Vec<Made>, ActError> {
        let decisions = self.store.read().decisions(season).await?.into_iter();
        let made = decisions.filter(|d| d.made(DecisionKind::Correction));
        // Those of a season whose personal data were destroyed hold nothing.
        let read = made.filter_map(|d| {
            Some(Made { at: d.approved_at?, body: serde_json::from_str(&d.body).ok()? })
        });
        let mut made: Vec<Made> = read.collect();
        made.sort_by_key(|m| m.at);
        Ok(made)
    }

    /// The totals that were put right, by applicant.
    ///
    /// # Errors
    /// What the store said.
    pub async fn right_totals(&self, season: &str) -> Result<BTreeMap<String, Score>, ActError> {
        let made = self.corrections(season).await?.into_iter();
        Ok(made.map(|m| (m.body.mistake.applicant, m.body.mistake.total)).collect())
    }

    /// The junior school whose cell a seat of the category belongs to, if it is split by junior school.
    fn quota_junior(&self, season: &Season, category: &str, applicant: &str) -> Option<String> {
        let policy = season.policy();
        let by_junior = policy.category_ix(category).is_some_and(|c| policy.category(c).by_junior);
        let at = season.find_applicant(applicant).filter(|_| by_junior)?;
        Some(season.school(season.applicant(at).junior).id.to_string())
    }

    /// Everybody whose seat in what is published would differ, by applicant.
    async fn differences(&self, season: &str, mistake: &Mistake) -> Result<Vec<Differs>, ActError> {
        self.must_be_kept(season).await?;
        let (_, policy) = self.season_row(season).await?;
        let read = self.store.read();
        if !read.has_applicant(season, &mistake.applicant).await? {
            return Err(ActError::NotFound(format!("考生 {}", mistake.applicant)));
        }
        must_be_of(&policy, mistake)?;
        let open = |sealed: &[u8]| self.opened_id(season, sealed);
        let mut draft = read.draft_before_corrections(&policy, &open).await?;
        let out = |r: &crate::store::Round| r.status == RoundStatus::Published;
        let rounds = read.rounds(season).await?;
        let last = rounds.iter().filter(|r| out(r)).filter_map(|r| policy.batch_ix(&r.batch)).max();
        let is_out = |b: &Option<Text>| b.as_deref().and_then(|b| policy.batch_ix(b)) <= last;
        draft.wishes.rows.retain(|(_, wish)| last.is_some() && is_out(&wish.batch));
        draft.tie_decisions.rows.retain(|(_, tie)| last.is_some() && is_out(&tie.batch));
        let made = self.corrections(season).await?;
        put_right(&mut draft, &policy, made.iter().map(|m| &m.body.mistake));
        let before = checked(policy.clone(), draft.clone())?;
        put_right(&mut draft, &policy, [mistake]);
        let after = checked(policy.clone(), draft).map_err(|error| match error {
            // What is wrong now is in what was said, and stands in no file.
            ActError::Faults(faults) => {
                const HERE: &str = "更正的成绩";
                let here = |f: Located| Located {
                    cell: HERE.to_owned(),
                    ..Located::in_file(f.fault, HERE)
                };
                ActError::Faults(faults.into_iter().map(here).collect())
            }
            other => other,
        })?;
        if last.is_none() {
            return Ok(Vec::new());
        }
        let held = Held::of(read.admissions(season).await?);
        let own = mistake.applicant.clone();
        let work = away(move || {
            let place = |season: &Season| placement::place(season).map_err(|u| tied(season, &u));
            let (was, due) = (place(&before)?, place(&after)?);
            let named = |o: Outcome| {
                let (batch, _, school, category) = o.seat()?;
                let batch = policy.batch(batch).id.to_string();
                let category = policy.category(category).id.to_string();
                Some((batch, after.school(school).id.to_string(), category))
            };
            let mut differs = Vec::new();
            for (at, (&was, &due)) in was.outcomes.iter().zip(&due.outcomes).enumerate() {
                let applicant = after.applicant(at.into()).id.to_string();
                let seat = held.seats.get(&applicant);
                let seat = seat.map(|a| (a.batch.clone(), a.school.clone(), a.category.clone()));
                let mut of = Differs {
                    applicant,
                    held: seat,
                    due: named(due),
                    position: due.seat().map_or(0, |(_, position, ..)| position),
                    gains: false,
                };
                of.gains = of.due.is_some() && held.lets_gain(|b| policy.batch_ix(b), &of);
                if of.applicant == own && of.due.is_some() && held.has_gone(&own) {
                    return Err(format!("考生 {own} 的录取已撤销，不能按更正补录"));
                }
                if of.held != of.due && (was != due || of.gains) {
                    differs.push(of);
                }
            }
            Ok::<Vec<Differs>, String>(differs)
        });
        work.await?.map_err(ActError::Conflict)
    }
}

/// Who would be equal at a cut, for whoever decides it.
fn tied(season: &Season, undecided: &Undecided) -> String {
    let words = undecided.ties.iter().map(|tie| {
        let ids = tie.applicants.iter().map(|&a| season.applicant(a).id.as_str());
        let batch = &season.policy().batch(tie.batch).name;
        format!("{batch}：{}", ids.take(20).collect::<Vec<_>>().join("、"))
    });
    let words: Vec<String> = words.take(5).collect();
    format!("更正后录取线上有同分，请先录入裁定次序再提交（{}）", words.join("；"))
}

/// Writes the right figures into the rows of applicants.
pub(super) fn put_right<'m>(
    draft: &mut Draft,
    policy: &Policy,
    mistakes: impl IntoIterator<Item = &'m Mistake>,
) {
    for mistake in mistakes {
        let own = |id: &Option<Text>| id.as_deref() == Some(mistake.applicant.as_str());
        let found = draft.applicants.rows.iter_mut().find(|(_, row)| own(&row.applicant_id));
        let Some((_, row)) = found else { continue };
        row.total = Some(mistake.total);
        for (subject, mark) in policy.subjects.iter().zip(&mut row.scores) {
            if let Some(right) = mistake.marks.get(subject.id.as_str()) {
                *mark = Some(*right);
            }
        }
    }
}

/// Passes for figures that the policy can have. Whether they add up is for the checks of a season to say.
fn must_be_of(policy: &Policy, mistake: &Mistake) -> Result<(), ActError> {
    for (key, mark) in &mistake.marks {
        let Some(subject) = policy.subjects.iter().find(|s| s.id == key.as_str()) else {
            return Err(ActError::NotFound(format!("科目 {key}")));
        };
        if !(Score::ZERO..=subject.max).contains(mark) {
            let text = format!("{}成绩须在 0 至 {} 之间", subject.name, subject.max);
            return Err(ActError::Conflict(text));
        }
    }
    let whole = policy.subjects.iter().fold(Score::ZERO, |sum, s| sum.plus(s.max));
    if mistake.total < Score::ZERO {
        return Err(ActError::Conflict("总分不能为负数".to_owned()));
    }
    // Where the policy makes the total, its parts and the bonus say what it is.
    if policy.total.is_none() && whole > Score::ZERO && mistake.total > whole {
        return Err(ActError::Conflict(format!("总分不能高于各科满分之和 {whole}")));
    }
    Ok(())
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

    /// Whether a seat that is due is better than the one held: of an earlier batch, or of a wish further in front. Whoever's admission was taken by decision claims none.
    fn lets_gain(&self, place: impl Fn(&str) -> Option<BatchIx>, due: &Differs) -> bool {
        let Some((batch, ..)) = &due.due else { return false };
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
                held: None,
                due: Some(("2".to_owned(), "S".to_owned(), "c".to_owned())),
                position,
                gains: true,
            };
            held.lets_gain(place, &due)
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
