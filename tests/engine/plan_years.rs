//! The years ahead: districts worked out by hand, and what every schedule keeps.

use luqu_engine::plan::{Demand, Schedule, SchoolYears, Start, schedule};
use luqu_engine::policy::{Clause, Limits};
use luqu_engine::solver::Effort;
use proptest::prelude::*;

fn clause(value: u32) -> Option<Clause> {
    Some(Clause { value, unit: String::new(), item: "4".to_owned(), quote: String::new() })
}

fn limits() -> Limits {
    Limits {
        class_size: clause(55),
        new_school_size: clause(3000),
        oversize_class: clause(56),
        super_oversize_class: clause(66),
        students_per_ten_staff: clause(125),
    }
}

fn school(id: &str, rooms: u32, grades: [Vec<u32>; 3], intake: u32) -> SchoolYears {
    SchoolYears {
        id: id.into(),
        name: id.into(),
        is_new: false,
        rooms: Some(rooms),
        staff: None,
        grades,
        estimated: false,
        intake,
        classes: intake.div_ceil(55),
    }
}

fn start(schools: Vec<SchoolYears>) -> Start {
    Start { year: 2026, limits: limits(), schools }
}

fn run(start: &Start, demand: &Demand) -> Schedule {
    let found = schedule(start, demand, &Effort::nodes(20_000)).expect("a schedule");
    keeps(start, demand, &found);
    assert!(found.complete);
    found
}

/// Every limit, judged again on the tables of the schedule.
fn keeps(start: &Start, demand: &Demand, found: &Schedule) {
    for total in &found.totals[1..] {
        let rows: Vec<_> = found.schools.iter().filter(|r| r.year == total.year).collect();
        assert_eq!(rows.len(), start.schools.len());
        let intake: u64 = rows.iter().map(|r| r.intake).sum();
        assert_eq!(intake + total.short, total.demand);
        let classes: u64 = rows.iter().map(|r| r.classes).sum();
        assert!(classes <= u64::from(demand.approved_classes));
        assert!(demand.new_classes.is_none_or(|most| total.added <= u64::from(most)));
        assert_eq!(total.oversize, rows.iter().map(|r| r.oversize).sum::<u64>());
        for (school, row) in start.schools.iter().zip(rows) {
            assert!(row.intake <= 55 * row.classes, "{row:?}");
            let rooms = school.rooms.map_or(u64::MAX, u64::from);
            // Older grades that already fill more rooms than there are stay as they are.
            assert!(row.all_classes <= rooms || row.extra + row.classes == 0, "{row:?}");
        }
    }
    for school in &start.schools {
        let sizes = found.schools.iter().filter(|r| r.school_id == school.id);
        let mut before: u64 = school.grades.iter().flatten().map(|&n| u64::from(n)).sum();
        for row in sizes {
            assert!(row.students <= before.max(3000), "{row:?} after {before}");
            before = row.students;
        }
    }
}

/// 高一 70, 58, 50 and 50; 高二 60 and 60; 高三 50. 228 students fit into four classes of 57, or five of at most 55.
fn crowded(rooms: u32) -> Start {
    let grades = [vec![70, 58, 50, 50], vec![60, 60], vec![50]];
    start(vec![school("S1", rooms, grades, 110)])
}

#[test]
fn more_rooms_dissolve_oversize_classes_sooner() {
    let demand = Demand { years: 3, approved_classes: 2, ..Demand::default() };
    // Six older classes and two new ones fill eight rooms; ninth and tenth room each take one class more.
    for (rooms, gone, oversize) in [(8, 2028, [6, 4, 0]), (9, 2027, [2, 0, 0]), (10, 2026, [0; 3])]
    {
        let found = run(&crowded(rooms), &demand);
        assert_eq!((found.totals[0].oversize, found.totals[0].super_oversize), (3, 1));
        let left: Vec<u64> = found.totals[1..].iter().map(|t| t.oversize).collect();
        assert_eq!(left, oversize, "{rooms} rooms");
        assert_eq!((found.super_gone, found.oversize_gone), (Some(2026), Some(gone)));
        assert_eq!(found.binding.is_empty(), rooms == 10, "{:?}", found.binding);
        assert!(found.binding.iter().all(|b| b.contains("教室数")), "{:?}", found.binding);
    }
}

#[test]
fn a_limit_of_new_classes_binds_like_rooms_do() {
    let demand =
        Demand { years: 3, approved_classes: 2, new_classes: Some(1), ..Demand::default() };
    let found = run(&crowded(20), &demand);
    let left: Vec<u64> = found.totals[1..].iter().map(|t| t.oversize).collect();
    assert_eq!(left, [2, 0, 0]);
    assert!(found.binding.iter().any(|b| b.contains("每年可增的班数")), "{:?}", found.binding);
}

#[test]
fn students_beyond_the_lawful_classes_are_short_of_seats_and_the_rule_is_named() {
    let demand =
        Demand { years: 2, intake: vec![110, 130], approved_classes: 2, ..Demand::default() };
    let found = run(&crowded(20), &demand);
    assert_eq!(found.totals[1..].iter().map(|t| t.short).collect::<Vec<_>>(), [0, 20]);
    assert!(found.binding.iter().any(|b| b.contains("批准")), "{:?}", found.binding);
}

#[test]
fn an_oversize_school_sheds_students_to_one_with_rooms() {
    let grade = || vec![55; 20];
    let large = || school("S1", 60, [grade(), grade(), grade()], 1100);
    let small = |rooms| school("S2", rooms, [vec![], vec![], vec![]], 0);
    // 800 students of the one sit in 15 classes, 300 of the other in 6.
    let demand = Demand { years: 3, approved_classes: 21, ..Demand::default() };
    let found = run(&start(vec![large(), small(20)]), &demand);
    assert_eq!(found.large_gone, Some(2026));
    assert_eq!((found.schools[0].students, found.schools[1].intake), (3000, 300));
    // Two rooms take 110 students, who sit in them for three years.
    let found = run(&start(vec![large(), small(2)]), &demand);
    let above: Vec<u64> = found.totals.iter().map(|t| t.above_size).collect();
    assert_eq!(above, [300, 190, 190, 190]);
    assert_eq!(found.large_gone, None);
    assert!(found.binding.iter().any(|b| b.contains("教室数")), "{:?}", found.binding);
}

fn district() -> impl Strategy<Value = (Start, Demand)> {
    let grade = || proptest::collection::vec(40_u32..75, 0..4);
    let one = (0_u32..14, [grade(), grade(), grade()], 0_u32..200, any::<bool>());
    let demand = (1_u16..5, proptest::collection::vec(0_u32..500, 0..3), 0_u32..12, 0_u32..4);
    (proptest::collection::vec(one, 1..4), demand).prop_map(|(schools, demand)| {
        let schools =
            schools.into_iter().enumerate().map(|(at, (rooms, grades, intake, known))| {
                let mut school = school(&format!("S{at}"), rooms, grades, intake);
                school.rooms = known.then_some(rooms);
                school.staff = (rooms > 9).then_some(rooms * 3);
                school
            });
        let (years, intake, approved_classes, added) = demand;
        let new_classes = (added > 0).then_some(added);
        (start(schools.collect()), Demand { years, intake, approved_classes, new_classes })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_schedule_keeps_the_limits_and_ends_oversize_classes_in_three_years(
        (start, demand) in district()
    ) {
        let found = schedule(&start, &demand, &Effort::nodes(20_000)).expect("a schedule");
        keeps(&start, &demand, &found);
        for total in found.totals.iter().skip(3) {
            prop_assert_eq!((total.oversize, total.super_oversize), (0, 0));
        }
        let short: u64 = found.totals[1..].iter().map(|t| t.short).sum();
        prop_assert_eq!(short, found.stages[0].cost as u64);
    }
}
