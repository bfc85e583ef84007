//! Tiny markets under a policy, placed by the real engine.

use crate::domain::draft::{
    ApplicantRow, Draft, PlanRow, QuotaRow, Rows, SchoolRow, SpecialScoreRow, TieDecisionRow,
    WishRow,
};
use crate::domain::{BatchIx, CategoryIx, Evaluation, Score, Season, Stage, Text, YearMonth};
use crate::placement::place;
use crate::policy::{Policy, Predicate};

/// A seat class with its seats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seat {
    pub(super) school: usize,
    pub(super) batch: BatchIx,
    pub(super) category: CategoryIx,
    /// The junior school of a cell.
    pub(super) junior: Option<usize>,
}

/// An applicant with a true order over schools.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Person {
    /// In whole points.
    pub(super) total: i32,
    /// Points moved from the last subject to the first, the total being the same.
    pub(super) lean: i32,
    /// In whole points, the same in every test.
    pub(super) special: i32,
    pub(super) junior: usize,
    /// The schools they would go to, the best first.
    pub(super) prefs: Vec<usize>,
}

/// A market: one seat per class.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Tiny {
    pub(super) schools: usize,
    pub(super) seats: Vec<Seat>,
    pub(super) people: Vec<Person>,
}

/// A wish list that one person hands in for one batch instead of the true one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Lie {
    pub(super) person: usize,
    pub(super) batch: BatchIx,
    pub(super) list: Vec<usize>,
}

/// Who holds what: school, batch, category.
pub(super) type Held = Option<(usize, BatchIx, CategoryIx)>;

impl Tiny {
    /// The batches with seats, in order.
    pub(super) fn batches(&self) -> Vec<BatchIx> {
        let mut batches: Vec<BatchIx> = self.seats.iter().map(|s| s.batch).collect();
        batches.sort_unstable();
        batches.dedup();
        batches
    }

    /// The schools of one's true order that have seats in the batch, as many as the batch allows.
    pub(super) fn truth(&self, policy: &Policy, person: usize, batch: BatchIx) -> Vec<usize> {
        let has = |school: usize| {
            let seat = |s: &&Seat| s.school == school && s.batch == batch;
            let listed = |s: &Seat| policy.batch(batch).seat_order.contains(&s.category);
            self.seats.iter().filter(seat).any(listed)
        };
        let most = policy.batch(batch).wishes.map_or(usize::MAX, |w| w as usize);
        self.people[person].prefs.iter().copied().filter(|&s| has(s)).take(most).collect()
    }

    /// How good an outcome is to a person: 0 is the best; nothing comes after every school they would go to.
    pub(super) fn rank(&self, person: usize, held: Held) -> usize {
        let prefs = &self.people[person].prefs;
        let nothing = prefs.len();
        held.map_or(nothing, |(school, ..)| {
            prefs.iter().position(|&p| p == school).unwrap_or(nothing + 1)
        })
    }

    /// Places the market; nothing if the policy does not allow it.
    pub(super) fn place(&self, policy: &Policy, lie: Option<&Lie>) -> Option<Vec<Held>> {
        let (season, _) = Season::check(policy.clone(), self.draft(policy, lie)).ok()?;
        let answer = place(&season).ok()?;
        let held = answer.outcomes.iter().map(|o| o.seat());
        Some(held.map(|s| s.map(|(b, _, school, c)| (school.at(), b, c))).collect())
    }

    fn draft(&self, policy: &Policy, lie: Option<&Lie>) -> Draft {
        let mut draft = Draft::default();
        for school in 0..self.schools {
            push(&mut draft.schools, school_row(&school_id(school), Stage::Senior));
        }
        for junior in 0..2 {
            push(&mut draft.schools, school_row(&junior_id(junior), Stage::Junior));
        }
        for (at, seat) in self.seats.iter().enumerate() {
            let same = |s: &&Seat| {
                (s.school, s.batch, s.category) == (seat.school, seat.batch, seat.category)
            };
            let first = self.seats.iter().position(|s| same(&s)) == Some(at);
            let batch: Option<Text> = Some(policy.batch(seat.batch).id.clone());
            if first {
                let plan = PlanRow {
                    school_id: Some(school_id(seat.school)),
                    batch: batch.clone(),
                    category: Some(policy.category(seat.category).id.clone()),
                    seats: u32::try_from(self.seats.iter().filter(same).count()).ok(),
                    document: Some("1".into()),
                    ..PlanRow::default()
                };
                push(&mut draft.plan, plan);
            }
            if let Some(junior) = seat.junior {
                let cell = QuotaRow {
                    school_id: Some(school_id(seat.school)),
                    batch,
                    junior_id: Some(junior_id(junior)),
                    seats: Some(1),
                    ..QuotaRow::default()
                };
                push(&mut draft.quotas, cell);
            }
        }
        let mut tested = tested(policy);
        tested.retain(|(c, _)| self.seats.iter().any(|s| s.category == *c));
        for (at, person) in self.people.iter().enumerate() {
            push(&mut draft.applicants, applicant_row(policy, at, person));
            for (_, category) in &tested {
                let special = SpecialScoreRow {
                    applicant_id: Some(applicant_id(at)),
                    category: Some(category.clone()),
                    score: Some(Score::from_points(person.special)),
                    qualified: Some(true),
                    ..SpecialScoreRow::default()
                };
                push(&mut draft.special_scores, special);
            }
            for batch in self.batches() {
                let list = match lie {
                    Some(lie) if (lie.person, lie.batch) == (at, batch) => lie.list.clone(),
                    _ => self.truth(policy, at, batch),
                };
                for (position, school) in (1..).zip(list) {
                    let wish = WishRow {
                        applicant_id: Some(applicant_id(at)),
                        batch: Some(policy.batch(batch).id.clone()),
                        position: Some(position),
                        school_id: Some(school_id(school)),
                        ..WishRow::default()
                    };
                    push(&mut draft.wishes, wish);
                }
                if manual(policy, batch) {
                    let tie = TieDecisionRow {
                        batch: Some(policy.batch(batch).id.clone()),
                        applicant_id: Some(applicant_id(at)),
                        order: u32::try_from(at + 1).ok(),
                        document: Some("1".into()),
                    };
                    push(&mut draft.tie_decisions, tie);
                }
            }
        }
        let columns = ["fresh", "junior_since", "attended", "evaluation"];
        draft.applicants.columns = columns.iter().map(|&c| c.into()).collect();
        draft.applicants.columns.extend(policy.subjects.iter().map(|s| s.id.clone()));
        draft
    }
}

/// Whether ties in some class of the batch are left to a recorded decision.
pub(super) fn manual(policy: &Policy, batch: BatchIx) -> bool {
    policy.batch(batch).seat_order.iter().any(|&c| policy.priority(batch, c).manual())
}

/// The categories for which a special score is read.
pub(super) fn tested(policy: &Policy) -> Vec<(CategoryIx, Text)> {
    let reads = |at: usize| {
        let category = CategoryIx::from(at);
        let special = |b: usize| policy.priority(BatchIx::from(b), category).reads_special();
        let listed = |b: usize| policy.batches[b].seat_order.contains(&category);
        policy.category(category).eligible.contains(&Predicate::Qualified)
            || (0..policy.batches.len()).any(|b| listed(b) && special(b))
    };
    let all = policy.categories.iter().enumerate();
    all.filter(|(at, _)| reads(*at)).map(|(at, c)| (at.into(), c.id.clone())).collect()
}

/// The full mark in whole points: of the total's parts, else of all subjects, else 750.
pub(super) fn full_mark(policy: &Policy) -> i32 {
    let points = |s: &crate::policy::Subject| s.max.hundredths() / 100;
    let sum: i32 = match &policy.total {
        Some(rule) => rule.parts.iter().map(|s| points(&policy.subjects[s.at()])).sum(),
        None => policy.subjects.iter().map(points).sum(),
    };
    if sum == 0 { 750 } else { sum }
}

/// The subject scores of a person: the total spread over the parts by their full marks, then leant.
pub(super) fn subject_scores(policy: &Policy, person: &Person) -> Vec<i32> {
    let counted: Vec<usize> = match &policy.total {
        Some(rule) => rule.parts.iter().map(|s| s.at()).collect(),
        None => (0..policy.subjects.len()).collect(),
    };
    let full = i64::from(full_mark(policy));
    let max = |at: usize| i64::from(policy.subjects[at].max.hundredths() / 100);
    let mut scores = vec![0_i64; policy.subjects.len()];
    let (mut marks, mut given) = (0, 0);
    for &at in &counted {
        marks += max(at);
        let upto = i64::from(person.total) * marks / full;
        scores[at] = upto - given;
        given = upto;
    }
    if let (Some(&first), Some(&last)) = (counted.first(), counted.last())
        && first != last
    {
        let moved = i64::from(person.lean).min(max(first) - scores[first]).min(scores[last]);
        scores[first] += moved;
        scores[last] -= moved;
    }
    for (at, score) in scores.iter_mut().enumerate() {
        if !counted.contains(&at) {
            *score = max(at) / 2;
        }
    }
    scores.into_iter().map(|s| i32::try_from(s).unwrap_or(0)).collect()
}

pub(super) fn applicant_id(at: usize) -> Text {
    Text::from(format!("{}", at + 1))
}

fn school_id(at: usize) -> Text {
    Text::from(format!("S{}", at + 1))
}

fn junior_id(at: usize) -> Text {
    Text::from(format!("J{}", at + 1))
}

fn push<R>(rows: &mut Rows<R>, row: R) {
    rows.present = true;
    let number = u32::try_from(rows.rows.len() + 2).unwrap_or(u32::MAX);
    rows.rows.push((number, row));
}

fn school_row(id: &Text, stage: Stage) -> SchoolRow {
    SchoolRow {
        school_id: Some(id.clone()),
        name: Some(id.clone()),
        stage: Some(stage),
        region: Some("1".into()),
        ..SchoolRow::default()
    }
}

fn applicant_row(policy: &Policy, at: usize, person: &Person) -> ApplicantRow {
    let scores = subject_scores(policy, person);
    ApplicantRow {
        applicant_id: Some(applicant_id(at)),
        name: Some(applicant_id(at)),
        junior_id: Some(junior_id(person.junior)),
        region: Some("1".into()),
        fresh: Some(true),
        junior_since: YearMonth::new(policy.year.saturating_sub(3), 9),
        attended: Some(true),
        scores: scores.into_iter().map(|s| Some(Score::from_points(s))).collect(),
        total: Some(Score::from_points(person.total)),
        evaluation: Some(Evaluation::A),
        ..ApplicantRow::default()
    }
}
