//! The plan advisor: breaches at their edge, conflicts and repairs against every possible plan of tiny districts.

use std::collections::BTreeSet;

use luqu_engine::domain::{Share, Text};
use luqu_engine::plan::{
    Active, DraftPlan, LineDraft, NoRepair, Rank, Rule, SchoolDraft, breaches, conflict, repair,
    shortfall,
};
use luqu_engine::policy::{Clause, Limits, Rounding};
use luqu_engine::quota::rounded;
use luqu_engine::solver::Effort;
use proptest::prelude::*;

fn clause(value: u32) -> Option<Clause> {
    let (item, quote) = ("4".to_owned(), format!("不得超过{value}人"));
    Some(Clause { value, unit: "students".to_owned(), item, quote })
}

fn limits(class_size: u32, new_school_size: u32) -> Limits {
    Limits {
        class_size: clause(class_size),
        new_school_size: clause(new_school_size),
        students_per_ten_staff: clause(125),
        ..Limits::default()
    }
}

fn line(category: &str, seats: u32) -> LineDraft {
    LineDraft {
        batch: "key".into(),
        category: category.into(),
        name: category.to_owned(),
        seats: Some(seats),
        classes: None,
        least: 0,
        cap: None,
        quota: None,
    }
}

fn school(id: &str, classes: u32, lines: Vec<LineDraft>) -> SchoolDraft {
    SchoolDraft {
        id: id.into(),
        name: format!("{id}中学").into(),
        is_new: false,
        enrolled: 0,
        classes,
        rooms: None,
        staff: None,
        least: 0,
        lines,
    }
}

fn plan(limits: Limits, schools: Vec<SchoolDraft>) -> DraftPlan {
    let mut plan = DraftPlan {
        limits,
        rounding: Rounding::HalfUp,
        approved_seats: 0,
        approved_classes: 0,
        intake: None,
        schools,
    };
    plan.approved_seats = plan.seats() as u32;
    plan.approved_classes = plan.classes() as u32;
    plan
}

fn rules(plan: &DraftPlan) -> Vec<Rule> {
    breaches(plan).into_iter().map(|b| b.rule).collect()
}

fn effort() -> Effort<'static> {
    Effort::nodes(20_000)
}

#[test]
fn exactly_at_every_limit_is_lawful_and_one_over_is_not() {
    let mut sports = line("sports", 5);
    sports.cap = Some("0.05".parse().expect("a share"));
    let mut quota = line("quota", 67);
    quota.quota = Some(("0.70".parse().expect("a share"), 2));
    let mut one = school("S1", 2, vec![sports, quota, line("unified", 28)]);
    one.rooms = Some(2);
    // 100 + 25 students for 10 of the staff.
    (one.enrolled, one.staff, one.is_new, one.least) = (25, Some(10), true, 100);
    let mut at = plan(limits(50, 125), vec![one]);
    at.intake = Some(100);
    assert_eq!(at.seats(), 100);
    assert_eq!(rules(&at), [], "0.7 × 95 = 66.5 is 67");

    let broken = |change: &dyn Fn(&mut DraftPlan)| {
        let mut over = at.clone();
        change(&mut over);
        rules(&over)
    };
    assert_eq!(broken(&|p| p.schools[0].classes = 1), [Rule::ClassSize]);
    assert_eq!(broken(&|p| p.schools[0].enrolled = 26), [Rule::NewSchoolSize, Rule::Staff]);
    assert_eq!(broken(&|p| p.approved_seats = 99), [Rule::ApprovedSeats]);
    assert_eq!(broken(&|p| p.approved_classes = 1), [Rule::ApprovedClasses]);
    assert_eq!(broken(&|p| p.intake = Some(101)), [Rule::Intake]);
    assert_eq!(broken(&|p| p.schools[0].least = 101), [Rule::Least]);
    assert_eq!(broken(&|p| p.schools[0].rooms = Some(1)), [Rule::Rooms]);
    assert_eq!(broken(&|p| p.schools[0].lines[0].least = 6), [Rule::Least]);
    let moved = broken(&|p| {
        p.schools[0].lines[1].seats = Some(66);
        p.schools[0].lines[2].seats = Some(29);
    });
    assert_eq!(moved, [Rule::QuotaShare]);
    let special = broken(&|p| {
        p.schools[0].lines[0].seats = Some(6);
        p.schools[0].lines[2].seats = Some(27);
    });
    assert_eq!(special, [Rule::SpecialShare], "0.7 × 94 = 65.8 is 66");
}

#[test]
fn a_line_over_its_own_classes_is_told_and_mended_without_moving_a_seat() {
    let mut small = line("sports", 60);
    small.classes = Some(1);
    let mut large = line("unified", 100);
    large.classes = Some(2);
    let plan = plan(limits(55, 3000), vec![school("S1", 3, vec![small, large])]);
    assert_eq!(rules(&plan), [Rule::ClassSize]);
    let found = repair(&plan, &[], &effort()).expect("a repair");
    let changed: Vec<_> = found.changes.iter().map(|c| (c.column, c.from, c.to)).collect();
    assert_eq!(changed, [("classes", Some(1), None), ("classes", Some(2), Some(3))]);
    assert_eq!(rules(&found.plan), []);
}

#[test]
fn a_new_school_too_large_by_its_older_grades_alone_cannot_be_repaired() {
    let mut new = school("S1", 1, vec![line("unified", 10)]);
    (new.is_new, new.enrolled) = (true, 3001);
    let plan = plan(limits(55, 3000), vec![new]);
    let found = conflict(&plan).expect("a conflict");
    assert_eq!(found.rules, [Rule::NewSchoolSize]);
    assert!(matches!(repair(&plan, &[], &effort()), Err(NoRepair::Held(c)) if c == found));
}

#[test]
fn a_stopped_search_says_so_or_says_that_it_found_nothing() {
    let mut wide = plan(limits(55, 3000), vec![school("S1", 2, vec![line("unified", 120)])]);
    wide.intake = Some(110);
    let stop: &(dyn Fn() -> bool + Sync) = &|| true;
    let stopped = Effort { nodes: 0, stop, ..effort() };
    match repair(&wide, &[], &stopped) {
        Ok(found) => assert_eq!(found.complete, found.stages.iter().all(|s| s.optimal)),
        Err(why) => assert!(matches!(why, NoRepair::NotFound(_)), "{why}"),
    }
}

/// The values of a whole plan: seats of every line, classes of every school.
type Point = (Vec<Vec<u32>>, Vec<u32>);

/// By how much a point breaks each rule, from the definitions.
fn excess(plan: &DraftPlan, point: &Point) -> [u64; 10] {
    let mut by = [0_u64; 10];
    let over = |have: u64, most: u64| have.saturating_sub(most);
    let (mut seats_all, mut classes_all) = (0_u64, 0_u64);
    for ((school, seats), &classes) in plan.schools.iter().zip(&point.0).zip(&point.1) {
        let whole: u64 = seats.iter().map(|&s| u64::from(s)).sum();
        let classes = u64::from(classes);
        seats_all += whole;
        classes_all += classes;
        let size = plan.limits.class_size.as_ref().map_or(0, |c| u64::from(c.value));
        by[Rule::ClassSize as usize] += over(whole, classes * size);
        if school.is_new {
            let limit = plan.limits.new_school_size.as_ref().map_or(0, |c| u64::from(c.value));
            by[Rule::NewSchoolSize as usize] += over(whole + u64::from(school.enrolled), limit);
        }
        for (line, &own) in school.lines.iter().zip(seats) {
            let own = u64::from(own);
            if let Some(cap) = line.cap {
                let most = cap.millionths() * whole / Share::ONE;
                by[Rule::SpecialShare as usize] += over(own, most);
            }
            if let Some((share, mate)) = line.quota {
                let both = own + u64::from(seats[mate]);
                let least = rounded(both * share.millionths(), Share::ONE, plan.rounding);
                by[Rule::QuotaShare as usize] += over(least, own);
            }
            by[Rule::Least as usize] += over(line.least.into(), own);
        }
        by[Rule::Least as usize] += over(school.least.into(), whole);
        if let Some(rooms) = school.rooms {
            by[Rule::Rooms as usize] += over(classes, rooms.into());
        }
        if let Some(staff) = school.staff {
            // Each of the staff brings 12.5; students of the older grades are nobody's fault.
            let enough = |more: u64| {
                let room = (125 * u64::from(staff)).saturating_sub(10 * u64::from(school.enrolled));
                10 * whole <= room + 125 * more
            };
            by[Rule::Staff as usize] += (0..).find(|&more| enough(more)).expect("some number");
        }
    }
    by[Rule::ApprovedSeats as usize] = over(seats_all, plan.approved_seats.into());
    by[Rule::ApprovedClasses as usize] = over(classes_all, plan.approved_classes.into());
    by[Rule::Intake as usize] = over(plan.intake.unwrap_or(0).into(), seats_all);
    by
}

/// Every point with at most so many seats a line and classes a school.
fn points(plan: &DraftPlan, seats: u32, classes: u32) -> Vec<Point> {
    let lines: usize = plan.schools.iter().map(|s| s.lines.len()).sum();
    let base = u64::from(seats) + 1;
    let mut list = Vec::new();
    for code in 0..base.pow(lines as u32) {
        let mut rest = code;
        let mut digit = || {
            let digit = (rest % base) as u32;
            rest /= base;
            digit
        };
        let all: Vec<Vec<u32>> =
            plan.schools.iter().map(|s| s.lines.iter().map(|_| digit()).collect()).collect();
        for code in 0..(classes + 1).pow(plan.schools.len() as u32) {
            let at = |place: usize| code / (classes + 1).pow(place as u32) % (classes + 1);
            list.push((all.clone(), (0..plan.schools.len()).map(at).collect()));
        }
    }
    list
}

fn by_rank(excess: &[u64; 10], rank: Rank) -> u64 {
    Rule::ALL.iter().filter(|r| r.rank() == rank).map(|&r| excess[r as usize]).sum()
}

/// The least cost of any point, aim by aim; nothing where even the rules that never give way cannot be kept.
fn least_cost(plan: &DraftPlan, points: &[Point]) -> Option<[u64; 7]> {
    let cost = |point: &Point| {
        let by = excess(plan, point);
        if by_rank(&by, Rank::Never) > 0 {
            return None;
        }
        let moved = |now: u32, was: u32| u64::from(now.abs_diff(was));
        let (mut classes, mut schools, mut lines, mut seats) = (0, 0, 0, 0);
        for ((school, own), &count) in plan.schools.iter().zip(&point.0).zip(&point.1) {
            classes += moved(count, school.classes);
            schools += moved(own.iter().sum(), school.seats());
            seats += own.iter().map(|&s| u64::from(s)).sum::<u64>();
            let drafts = school.lines.iter().filter_map(|l| l.seats);
            lines += own.iter().zip(drafts).map(|(&now, was)| moved(now, was)).sum::<u64>();
        }
        let lost = plan.seats().saturating_sub(seats);
        let rank = |rank| by_rank(&by, rank);
        let (law, target, means) = (rank(Rank::Law), rank(Rank::Target), rank(Rank::Means));
        Some([law, target, means, lost, classes, schools, lines])
    };
    points.iter().filter_map(cost).min()
}

/// A district of two schools with a quota, a unified and a sports line among them, in classes of three.
fn tiny() -> impl Strategy<Value = DraftPlan> {
    let share = |list: &'static [&'static str]| {
        proptest::sample::select(list).prop_map(|s| s.parse::<Share>().expect("a share"))
    };
    let numbers = proptest::collection::vec(0_u32..6, 16);
    (numbers, any::<[bool; 9]>(), share(&["0.5", "0.7", "0.666667"]), share(&["0.5", "0.345679"]))
        .prop_map(|(n, yes, quota_share, cap)| {
            let mut quota = line("quota", n[0]);
            quota.quota = yes[0].then_some((quota_share, 1));
            let mut unified = line("unified", n[1]);
            unified.least = if yes[1] { n[2] / 2 } else { 0 };
            let mut sports = line("sports", n[3]);
            sports.cap = Some(cap);
            sports.least = if yes[2] { n[4] / 3 } else { 0 };
            let (first, second) = if yes[8] {
                (vec![quota, unified], vec![sports])
            } else {
                sports.batch = "special".into();
                (vec![quota, unified, sports], vec![])
            };
            let mut one = school("S1", n[5] / 2, first);
            one.rooms = yes[3].then_some(n[6] / 2);
            (one.is_new, one.enrolled) = (yes[4], n[7]);
            let mut two = school("S2", n[8] / 2, second);
            two.lines.push(line("open", n[9] / 2));
            if !yes[8] {
                two.staff = yes[5].then_some(1);
                two.enrolled = n[10] + 6;
            }
            two.least = if yes[6] { n[11] / 2 } else { 0 };
            let mut plan = plan(limits(3, 7), vec![one, two]);
            plan.approved_seats = n[12] + 3;
            plan.approved_classes = n[13] / 2 + 1;
            plan.intake = yes[7].then_some(n[14] + n[15]);
            plan
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_repair_is_lawful_and_the_cheapest_of_all_plans(plan in tiny()) {
        let best = least_cost(&plan, &points(&plan, 8, 3));
        match repair(&plan, &[], &effort()) {
            Ok(found) => {
                prop_assert!(found.complete);
                let costs: Vec<u64> = found.stages.iter().map(|s| s.cost as u64).collect();
                prop_assert_eq!(Some(costs), best.map(Vec::from));
                let seats = found.plan.schools.iter().map(|s| s.lines.iter().filter_map(|l| l.seats).collect());
                let classes = found.plan.schools.iter().map(|s| s.classes).collect();
                let by = excess(&found.plan, &(seats.collect(), classes));
                prop_assert_eq!(by_rank(&by, Rank::Never), 0);
                prop_assert_eq!(conflict(&plan).is_none(), found.relaxed.is_empty());
                for told in &found.relaxed {
                    prop_assert!(told.rule.rank() != Rank::Never && by[told.rule as usize] >= told.by);
                }
                // A repaired plan that nothing gives way in is clean, and is not changed again.
                if found.relaxed.is_empty() {
                    prop_assert_eq!(rules(&found.plan), vec![]);
                    let again = repair(&found.plan, &[], &effort()).expect("a repair");
                    prop_assert_eq!(again.changes, vec![]);
                }
            }
            Err(why) => {
                prop_assert!(matches!(why, NoRepair::Held(_)), "{}", why);
                prop_assert_eq!(best, None);
            }
        }
    }

    #[test]
    fn a_conflict_is_real_and_no_smaller_set_conflicts(plan in tiny()) {
        // Which rules a point breaks, as a set of bits; a set of rules holds together if some point breaks none of it.
        let broken = |by: [u64; 10]| (0..10).filter(|&r| by[r] > 0).fold(0_u16, |set, r| set | 1 << r);
        let points: BTreeSet<u16> =
            points(&plan, 9, 4).iter().map(|p| broken(excess(&plan, p))).collect();
        let keeps = |set: u16| points.iter().any(|broken| broken & set == 0);
        let all = Rule::ALL.iter().fold(0_u16, |set, &r| set | 1 << r as u16);
        prop_assert_eq!(conflict(&plan).is_none(), keeps(all));
        if let Some(found) = conflict(&plan) {
            let set = found.rules.iter().fold(0_u16, |set, &r| set | 1 << r as u16);
            prop_assert!(!keeps(set), "{:?}", found);
            for other in (0..=all).filter(|s| s.count_ones() < set.count_ones()) {
                prop_assert!(keeps(other), "{:?} is larger than {:#b}", found, other);
            }
        }
    }

    #[test]
    fn the_order_of_schools_changes_no_figure(plan in tiny()) {
        let mut other = plan.clone();
        other.schools.reverse();
        let ids = |plan: &DraftPlan| conflict(plan).map(|c| c.rules);
        prop_assert_eq!(ids(&plan), ids(&other));
        let costs = |plan: &DraftPlan| {
            repair(plan, &[], &effort()).map(|r| r.stages.iter().map(|s| s.cost).collect::<Vec<_>>())
        };
        prop_assert_eq!(costs(&plan).ok(), costs(&other).ok());
    }

    #[test]
    fn more_rooms_and_more_approved_never_make_a_conflict(plan in tiny(), at in 0_usize..2) {
        let rules = Active::of(&Rule::ALL);
        prop_assume!(shortfall(&plan, rules).is_none());
        let mut more = plan;
        more.approved_seats += 1;
        more.approved_classes += 1;
        more.schools[at].rooms = more.schools[at].rooms.map(|r| r + 1);
        more.schools[at].staff = more.schools[at].staff.map(|s| s + 1);
        prop_assert_eq!(shortfall(&more, rules), None);
    }
}

#[test]
fn rules_have_names_of_their_own() {
    let mut names: Vec<Text> = Rule::ALL.iter().map(|r| r.key().into()).collect();
    assert!(Rule::ALL.iter().all(|r| Rule::from_key(r.key()) == Some(*r)));
    names.sort();
    names.dedup();
    assert_eq!(names.len(), Rule::ALL.len());
}
