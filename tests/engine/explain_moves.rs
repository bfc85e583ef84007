//! Comparisons and what-ifs: who moved and why on a small town, and the same seasons made otherwise by hand.

use luqu_engine::domain::{Score, Season};
use luqu_engine::explain::compare::{Cause, Direction};
use luqu_engine::explain::whatif::grid::{Grid, GridResult, evaluate};
use luqu_engine::explain::whatif::{Change, WhatIfError, changed, compared};
use luqu_engine::explain::{Lang, compare};
use luqu_engine::placement::place;
use luqu_fixtures::tiny::Shape;
use luqu_fixtures::{DistrictSpec, district};

use crate::explain_town::{PEOPLE, tiny_season, town};

#[test]
fn a_comparison_says_who_moved_and_by_what_chain() {
    let (less, more) = (town(PEOPLE, 2), town(PEOPLE, 3));
    let (x, y) = (place(&less).expect("decided"), place(&more).expect("decided"));
    assert!(compare(&less, &x, &less, &x).is_same());

    let found = compare(&less, &x, &more, &y);
    assert_eq!((found.better, found.worse, found.different, found.same), (3, 0, 0, 6));
    let why = found.moves.iter().map(|m| (m.applicant_id.as_str(), m.cause, m.why.as_str()));
    let why: Vec<_> = why.collect();
    assert_eq!(
        why,
        [
            (
                "A3",
                Cause::SeatsMore,
                "一中统招名额 2→3，录取线 650，总分 650，同分，现排在录取范围内"
            ),
            (
                "A4",
                Cause::LineFell,
                "一中统招名额 2→3，二中统招有 1 人转出，录取线 650→640，总分 640，已在录取范围内"
            ),
            (
                "A5",
                Cause::LineFell,
                "一中统招名额 2→3，三中普通统招有 1 人转出，录取线 640→599.5，总分 599.5，已在录取范围内"
            ),
        ]
    );
    let changed: Vec<_> = found.lines.iter().map(|l| (l.school_id.as_str(), l.cutoff.b)).collect();
    let score = |text: &str| text.parse::<Score>().ok();
    assert_eq!(changed, [("S1", score("650")), ("S2", score("640")), ("S3", score("599.5"))]);

    let back = compare(&more, &y, &less, &x);
    assert_eq!((back.better, back.worse), (0, 3));
    assert_eq!(back.moves[0].cause, Cause::SeatsFewer);
    assert_eq!(
        back.moves[1].why,
        "一中统招名额 3→2，二中统招有 1 人转入，录取线 640→650，总分 640，不再在录取范围内"
    );
}

#[test]
fn a_comparison_tells_changed_people_apart() {
    let mut people = PEOPLE.to_vec();
    people[8].1 = "500";
    people[4].5 = &[("late", 1, "S3", "")];
    people[0].0 = "B1";
    let (before, after) = (town(PEOPLE, 2), town(&people, 2));
    let (x, y) = (place(&before).expect("decided"), place(&after).expect("decided"));
    let found = compare(&before, &x, &after, &y);
    assert_eq!((found.joined, found.left), (1, 1));
    let direction = |id: &str| {
        found.moves.iter().find(|m| m.applicant_id == id).map(|m| (m.direction, m.cause))
    };
    assert_eq!(direction("A1"), Some((Direction::Left, Cause::Season)));
    assert_eq!(direction("B1"), Some((Direction::Joined, Cause::Season)));
    assert_eq!(direction("A9"), None, "another total and the same result is no move");
}

fn change(text: &str) -> Change {
    Change::seats(text).expect("a change")
}

#[test]
fn a_what_if_is_the_season_made_that_way() {
    let (less, more) = (town(PEOPLE, 2), town(PEOPLE, 3));
    let other = changed(&less, &[change("S1:unified+1")]).expect("a season");
    assert_eq!(place(&other), place(&more));
    for same in ["S1:unified=3", "S1:unified@key+1"] {
        let again = changed(&less, &[change(same)]).expect("a season");
        assert_eq!(place(&again), place(&more), "{same}");
    }
    let x = place(&less).expect("decided");
    let floor = [Change::floor("-30").expect("a floor")];
    let found = compared(&less, &x, &floor, Lang::Zh).expect("lawful").expect("decided");
    assert_eq!(found.moves.len(), 1);
    assert_eq!(found.moves[0].why, "一中指标到校（东初）录取下限 600→620");
    assert_eq!(found.moves[0].cause, Cause::Floor);
    let order = [Change::priority("late=total,lottery").expect("an order")];
    assert!(compared(&less, &x, &order, Lang::Zh).expect("lawful").expect("decided").is_same());
    let seed = [Change::Seed("another".to_owned())];
    assert_eq!(changed(&less, &seed).expect("a season").policy().seed.as_deref(), Some("another"));
}

#[test]
fn a_what_if_meets_the_refusals_of_a_file() {
    let season = town(PEOPLE, 2);
    let says = |change: Change| match changed(&season, &[change]) {
        Ok(_) => panic!("a season"),
        Err(error) => error,
    };
    let order = |text: &str| Change::priority(text).expect("an order");
    let uncommon = says(order("key=wish,total,lottery"));
    assert!(matches!(&uncommon, WhatIfError::Refused(_)), "{uncommon:?}");
    assert!(uncommon.to_string().contains("与志愿序号无关"), "{uncommon}");
    assert!(says(order("key=total")).to_string().contains("lottery"));
    assert!(says(order("nowhere=lottery")).to_string().contains("没有批次 nowhere"));
    assert!(says(change("S9:unified+1")).to_string().contains("没有学校 S9"));
    assert!(says(change("S1:unified-3")).to_string().contains("不能改为 -1"));
    assert!(says(change("S2:quota+1")).to_string().contains("没有 S2 的 quota"));
    assert!(says(Change::floor("unified=-30").expect("a floor")).to_string().contains("相对下限"));
    for bad in ["S1", "S1:unified", "S1:unified+", "S1:+3", ":unified+3", "S1:unified@+3"] {
        assert!(Change::seats(bad).is_err(), "{bad}");
    }
    for bad in ["30", "=30", "quota", "quota=x", "--30x"] {
        assert!(Change::floor(bad).is_err(), "{bad}");
    }
    for bad in ["key", "=total", "key=", "key=total,,lottery"] {
        assert!(Change::priority(bad).is_err(), "{bad}");
    }
    assert!(Change::share("1.5").is_err() && Change::share("60%").is_ok());
    for bad in
        ["seats=S1:unified", "seats=S1:unified:1..2/0", "share=x..1", "seats=S1:unified:0..99999"]
    {
        assert!(Grid::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn quota_seats_and_shares_are_distributed_anew() {
    let source = district(&DistrictSpec::new(400, 5));
    let (season, _) = Season::check(source.policy, source.draft).expect("a season");
    let quota = season.policy().category_ix("quota").expect("quota");
    let line = season.plan().iter().find(|l| l.category == quota).expect("a quota line");
    let id = &season.school(line.school).id;
    let more = changed(&season, &[change(&format!("{id}:quota+3"))]).expect("a season");
    let cells = |s: &Season| -> u32 {
        s.quotas().iter().filter(|c| c.school == line.school).map(|c| c.seats).sum()
    };
    assert_eq!(cells(&more), cells(&season) + 3);
    let share = changed(&season, &[Change::share("0.5").expect("a share")]).expect("a season");
    let seats = |s: &Season| -> u32 {
        let here = s.plan().iter().filter(|l| (l.school, l.batch) == (line.school, line.batch));
        here.filter_map(|l| l.seats).sum()
    };
    assert_eq!(seats(&share), seats(&season), "a share splits and adds nothing");
    assert_eq!(cells(&share), seats(&season).div_ceil(2), "half, rounded half up");
}

#[test]
fn a_grid_is_its_points_one_by_one() {
    let season = town(PEOPLE, 2);
    let grid = Grid::parse("seats=S1:unified:-1..+2/1").expect("a grid");
    assert_eq!(grid.points.len(), 4);
    let rows = evaluate(&season, &[], &grid);
    for (row, point) in rows.iter().zip(&grid.points) {
        let GridResult::Figures(figures) = &row.result else { panic!("{row:?}") };
        assert!(figures.envy_free && figures.verified);
        let alone = changed(&season, std::slice::from_ref(point)).expect("a season");
        let placed = place(&alone).expect("decided");
        let held = placed.outcomes.iter().filter(|o| o.seat().is_some()).count();
        assert_eq!(figures.totals.admitted() as usize, held);
        let cutoffs: Vec<_> = figures.lines.iter().map(|l| l.cutoff).collect();
        let school = season.find_school("S1").expect("S1");
        let lines = placed.lines.iter().filter(|l| l.school == school && l.junior.is_none());
        assert_eq!(cutoffs, lines.map(|l| l.cutoff()).collect::<Vec<_>>());
    }
    let refused = Grid::parse("seats=S1:unified:-3..-2").expect("a grid");
    let rows = evaluate(&season, &[], &refused);
    assert!(matches!(rows[0].result, GridResult::Refused(_)));
    assert!(matches!(rows[1].result, GridResult::Figures(_)));
    assert_eq!(Grid::parse("floor=-10..-60/20").expect("a grid").points.len(), 4);
    assert_eq!(Grid::parse("share=0.5..0.6/0.05").expect("a grid").points.len(), 3);
}
#[test]
fn comparisons_of_random_seasons_count_everybody_and_turn_around() {
    let mut moved = 0;
    for seed in 0..800 {
        let Some((season, answer)) = tiny_season(seed, &Shape::FULL) else { continue };
        assert!(compare(&season, &answer, &season, &answer).is_same());
        let Ok(other) = changed(&season, &[Change::Seed(format!("other {seed}"))]) else {
            continue;
        };
        let Ok(after) = place(&other) else { continue };
        let there = compare(&season, &answer, &other, &after);
        let back = compare(&other, &after, &season, &answer);
        assert_eq!((there.better, there.worse), (back.worse, back.better), "seed {seed}");
        assert_eq!(there.different, back.different);
        let people = season.applicants().len();
        assert_eq!((there.same + there.better + there.worse + there.different) as usize, people);
        assert!(there.moves.iter().all(|m| !m.why.is_empty()), "seed {seed}: {:?}", there.moves);
        moved += there.moves.len();
    }
    assert!(moved > 20, "{moved}");
}
