//! The plan advisor on the draft of a made district: conflicts by arithmetic, repairs against every plan near the draft.

use std::collections::BTreeMap;

use luqu_engine::plan::{DraftPlan, Rank, Rule, Targets, breaches, conflict, repair};
use luqu_engine::solver::Effort;
use luqu_fixtures::{DistrictSpec, Source, district};

/// The draft of a district of so many applicants under the Qijiang policy.
fn draft(applicants: u32, seed: u64) -> DraftPlan {
    let Source { policy, draft } = district(&DistrictSpec::new(applicants, seed));
    let read = DraftPlan::read(&policy, &draft, &[], &Targets::default());
    read.expect("no faults").expect("a plan")
}

/// Seats and classes that schools may have more or less than the draft in the plans looked at.
const SEATS: i64 = 150;
const CLASSES: i64 = 3;

/// The least of what a plan costs by rank – law, targets, means, seats lost, classes changed, schools' totals changed – over
/// every number of seats and classes of every school near the draft.
///
/// A school can hold any number of seats lawfully: with none for specials no cap binds, and a quota share is met by moving
/// seats between two lines. So nothing of these costs depends on how a school spreads its seats.
fn least(plan: &DraftPlan) -> [i64; 6] {
    let size = i64::from(plan.limits.class_size.as_ref().expect("a class size").value);
    let new = plan.limits.new_school_size.as_ref().map(|c| i64::from(c.value));
    // For all seats and classes of the schools so far, the least means, classes and totals.
    let mut reached: BTreeMap<(i64, i64), [i64; 3]> = BTreeMap::from([((0, 0), [0; 3])]);
    for school in &plan.schools {
        assert!(school.least == 0 && school.staff.is_none());
        let (was, had) = (i64::from(school.seats()), i64::from(school.classes));
        let mut next = BTreeMap::new();
        for (&(seats, classes), &cost) in &reached {
            for t in (was - SEATS).max(0)..=was + SEATS {
                let full = new.filter(|_| school.is_new);
                if full.is_some_and(|most| t + i64::from(school.enrolled) > most) {
                    continue;
                }
                for c in (had - CLASSES).max((t + size - 1) / size)..=had + CLASSES {
                    let rooms = school.rooms.map_or(0, |r| (c - i64::from(r)).max(0));
                    let own = [rooms, (c - had).abs(), (t - was).abs()];
                    let sum: [i64; 3] = std::array::from_fn(|at| cost[at] + own[at]);
                    let best = next.entry((seats + t, classes + c)).or_insert(sum);
                    *best = (*best).min(sum);
                }
            }
        }
        reached = next;
    }
    let (seats, classes) = (i64::from(plan.approved_seats), i64::from(plan.approved_classes));
    let lawful = reached.iter().filter(|((s, c), _)| *s <= seats && *c <= classes);
    let whole = lawful.map(|(&(sum, _), &[means, classes, schools])| {
        let short = (i64::from(plan.intake.unwrap_or(0)) - sum).max(0);
        let lost = (plan.seats() as i64 - sum).max(0);
        [0, short, means, lost, classes, schools]
    });
    whole.min().expect("some plan")
}

/// The repair of a draft, held to every plan near it; its rules by rank that give way, with by how much.
fn repaired(plan: &DraftPlan) -> (DraftPlan, Vec<(Rule, u64)>) {
    let found = repair(plan, &[], &Effort::nodes(20_000)).expect("a repair");
    assert!(found.complete);
    let costs: Vec<i64> = found.stages.iter().map(|s| s.cost).collect();
    assert_eq!(costs[..6], least(plan), "{:?}", found.changes);
    assert_eq!(conflict(plan).is_none(), found.relaxed.is_empty());
    for breach in breaches(&found.plan) {
        assert_ne!(breach.rule.rank(), Rank::Never);
        assert!(found.relaxed.iter().any(|r| r.rule == breach.rule), "{}", breach.sentence);
    }
    (found.plan, found.relaxed.iter().map(|r| (r.rule, r.by)).collect())
}

fn rules(plan: &DraftPlan) -> Vec<Rule> {
    breaches(plan).into_iter().map(|b| b.rule).collect()
}

/// Seats of the largest line of a school that no share binds.
fn main_line(plan: &mut DraftPlan, school: usize) -> &mut u32 {
    let lines = plan.schools[school].lines.iter_mut();
    let open = lines.filter(|l| l.cap.is_none() && l.quota.is_none());
    open.filter_map(|l| l.seats.as_mut()).max().expect("a line")
}

#[test]
fn a_draft_that_keeps_the_rules_is_left_alone() {
    let plan = draft(2_000, 7);
    assert!(plan.schools.len() >= 3);
    assert_eq!(rules(&plan), []);
    let (after, relaxed) = repaired(&plan);
    assert_eq!((after, relaxed), (plan, vec![]));
}

#[test]
fn seats_over_the_classes_go_where_there_is_room() {
    for seed in 1..=3 {
        let mut plan = draft(2_000, seed);
        // The first school is filled to the last seat of its classes and thirty over; the others have room for those.
        let room = plan.schools[0].classes * 55 - plan.schools[0].seats();
        *main_line(&mut plan, 0) += room + 30;
        plan.schools[1].classes += 1;
        plan.approved_seats = plan.seats() as u32;
        plan.approved_classes = plan.classes() as u32;
        assert!(rules(&plan).contains(&Rule::ClassSize));
        let (after, relaxed) = repaired(&plan);
        assert_eq!(relaxed, []);
        assert_eq!(after.seats(), plan.seats(), "no seat is lost");
        assert_eq!(after.schools[0].seats(), plan.schools[0].seats() - 30);
        assert_eq!(rules(&after), []);
    }
}

#[test]
fn more_children_than_the_approved_classes_hold_are_told_to_the_last() {
    for seed in 1..=3 {
        let mut plan = draft(2_000, seed);
        let most = 55 * plan.classes() as u32;
        let new = |s: &&luqu_engine::plan::SchoolDraft| s.is_new;
        // New schools are far from their limit, so that classes alone say how many there can be.
        for school in plan.schools.iter().filter(new) {
            assert!(school.enrolled + 55 * school.classes <= 3_000);
        }
        plan.approved_seats = most + 100;
        plan.intake = Some(most);
        assert_eq!(conflict(&plan), None, "exactly full is lawful");
        plan.intake = Some(most + 17);
        let found = conflict(&plan).expect("a conflict");
        assert_eq!(found.rules, [Rule::ClassSize, Rule::ApprovedClasses, Rule::Intake]);
        assert!(found.sentence.contains("差 17 个"), "{}", found.sentence);
        // Without any one of the three some plan keeps the others.
        let without = |change: &dyn Fn(&mut DraftPlan)| {
            let mut other = plan.clone();
            change(&mut other);
            conflict(&other)
        };
        assert_eq!(without(&|p| p.limits.class_size = None), None);
        assert_eq!(without(&|p| p.approved_classes += 1), None);
        assert_eq!(without(&|p| p.intake = Some(most)), None);
        let (after, relaxed) = repaired(&plan);
        assert_eq!(relaxed, [(Rule::Intake, 17)]);
        assert_eq!(after.seats(), u64::from(most));
    }
}

#[test]
fn rooms_that_are_missing_are_the_first_to_give_way() {
    let mut plan = draft(2_000, 7);
    // One room less than classes everywhere, and every seat of the draft wanted.
    for school in &mut plan.schools {
        school.rooms = Some(school.classes - 1);
    }
    plan.intake = Some(plan.seats() as u32);
    let missing = least(&plan)[2];
    assert!(missing > 0);
    let (_, relaxed) = repaired(&plan);
    assert!(relaxed.iter().all(|(rule, _)| *rule == Rule::Rooms), "{relaxed:?}");
    assert_eq!(relaxed.iter().map(|(_, by)| *by as i64).sum::<i64>(), missing);
}
