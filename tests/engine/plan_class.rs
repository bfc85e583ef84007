//! One class more: every figure against the second algorithm, a town worked out by hand, and the order of the list.

use luqu_engine::domain::draft::{ApplicantRow, PlanRow, Rows, SchoolRow, WishRow};
use luqu_engine::domain::{Draft, Outcome, Score, Season, Stage};
use luqu_engine::placement;
use luqu_engine::plan::{Added, Gain, one_more_class};
use luqu_engine::policy::Policy;
use luqu_engine::verify::second;
use luqu_fixtures::tiny::{Shape, tiny};
use luqu_fixtures::{DistrictSpec, Source, district};

/// What a class does, from two answers: admitted more, better off, worse off, moved, mean wish in hundredths.
fn figures(before: &[Outcome], after: &[Outcome]) -> (i64, u32, u32, u32, u64) {
    let admitted = |all: &[Outcome]| all.iter().filter(|o| o.seat().is_some()).count() as i64;
    // The batch, then the wish; adjustment comes after all wishes of its batch, and no seat after everything.
    let place = |o: &Outcome| match o.seat() {
        Some((batch, position, ..)) => {
            (usize::from(batch.0), if position == 0 { usize::MAX } else { usize::from(position) })
        }
        None => (usize::MAX, usize::MAX),
    };
    let (mut better, mut worse, mut moved) = (0, 0, 0);
    for (old, new) in before.iter().zip(after) {
        moved += u32::from(old.seat() != new.seat());
        better += u32::from(place(new) < place(old));
        worse += u32::from(place(new) > place(old));
    }
    let positions = after.iter().filter_map(|o| o.seat()).map(|(_, position, ..)| position);
    let positions: Vec<u64> = positions.filter(|&p| p > 0).map(u64::from).collect();
    let mean = match positions.len() as u64 {
        0 => 0,
        n => (positions.iter().sum::<u64>() * 100 + n / 2) / n,
    };
    (admitted(after) - admitted(before), better, worse, moved, mean)
}

/// Holds every gain to the season made with the class in its plan and placed by the second algorithm; gives how many
/// gains had effects, and how many of those put somebody more into a school.
fn judged(policy: &Policy, draft: &Draft, shown: &str) -> (u32, u32) {
    let Ok((season, _)) = Season::check(policy.clone(), draft.clone()) else { return (0, 0) };
    let base = placement::place(&season).expect("no manual ties");
    let gains = one_more_class(&season, &base);
    let (mut seen, mut helped) = (0, 0);
    for gain in &gains {
        let Added::Effects { batch, category, seats, placed, better, worse, moved, mean_wish } =
            &gain.result
        else {
            continue;
        };
        let mut more = draft.clone();
        for (_, row) in &mut more.plan.rows {
            let ids = [&row.school_id, &row.batch, &row.category].map(|id| id.as_deref());
            if ids == [Some(gain.school_id.as_str()), Some(batch), Some(category)] {
                row.seats = row.seats.map(|s| s + seats);
                row.classes = row.classes.map(|c| c + 1);
            }
        }
        let (other, _) = Season::check(policy.clone(), more).expect("a season");
        let after = second::place(&other).outcomes;
        let told = (*placed, *better, *worse, *moved, *mean_wish);
        assert_eq!(told, figures(&base.outcomes, &after), "{shown}: {}", gain.school_id);
        seen += 1;
        helped += u32::from(*placed > 0);
    }
    let key = |gain: &Gain| match &gain.result {
        Added::Effects { placed, better, mean_wish, .. } => {
            (0, -placed, -i64::from(*better), *mean_wish, gain.school_id.clone())
        }
        Added::Refused(_) => (1, 0, 0, 0, gain.school_id.clone()),
    };
    assert!(gains.is_sorted_by_key(key), "{shown}: {gains:?}");
    (seen, helped)
}

#[test]
fn the_town_worked_out_by_hand() {
    // Classes of two. S1 and S2 have one each; S3 is new, and with 2,998 in its older grades its two seats fill it.
    //
    // Totals fall from A to F. A wishes S1; B and C S1, then S2; D S2, then S1; E S2; F S1, then S2. S1 takes A and B, S2 takes C
    // and D; E and F have nothing.
    //
    // One class more at S1: it takes A, B, C and F, S2 takes D and E. Two more are admitted, C, E and F are better off, and all six
    // sit where they wished first. At S2: it takes C, D, E and F. Two more are admitted and they alone are better off; C and F sit
    // on second wishes, 8 ÷ 6 in the mean. So the class belongs to S1.
    let policy = Policy::load(
        r#"
[season]
id = "town"
district = "演练区"
year = 2026
seed = "none is drawn"

[limits.class_size]
value = 2
unit = "students"
item = "4"
quote = "班额不得超过2人"

[limits.new_school_size]
value = 3000
unit = "students"
item = "4"
quote = "高中生规模不得超过3000人"

[[batches]]
id = "one"
name = "第一批"
wishes = 2
seat_order = ["unified"]
priority = ["total", "lottery"]

[categories.unified]
name = "统招"
"#,
        None,
    )
    .expect("a policy");
    let school = |id: &str, stage, is_new, enrolled| SchoolRow {
        school_id: Some(id.into()),
        name: Some(format!("{id}校").into()),
        stage: Some(stage),
        region: Some("演练区".into()),
        is_new: Some(is_new),
        enrolled,
        ..SchoolRow::default()
    };
    let plan = |id: &str| PlanRow {
        school_id: Some(id.into()),
        batch: Some("one".into()),
        category: Some("unified".into()),
        seats: Some(2),
        classes: Some(1),
        document: Some("演〔2026〕1号".into()),
        ..PlanRow::default()
    };
    let pupils = [
        ("A", 90, &["S1"][..]),
        ("B", 80, &["S1", "S2"]),
        ("C", 70, &["S1", "S2"]),
        ("D", 60, &["S2", "S1"]),
        ("E", 50, &["S2"]),
        ("F", 40, &["S1", "S2"]),
    ];
    let draft = Draft {
        schools: Rows::of([
            school("S1", Stage::Senior, false, None),
            school("S2", Stage::Senior, false, None),
            school("S3", Stage::Senior, true, Some(2_998)),
            school("J1", Stage::Junior, false, None),
        ]),
        plan: Rows::of(["S1", "S2", "S3"].map(plan)),
        applicants: Rows::of(pupils.map(|(id, total, _)| ApplicantRow {
            applicant_id: Some(id.into()),
            name: Some("某".into()),
            junior_id: Some("J1".into()),
            region: Some("演练区".into()),
            total: Some(Score::from_points(total)),
            ..ApplicantRow::default()
        })),
        wishes: Rows::of(pupils.into_iter().flat_map(|(id, _, list)| {
            (1..).zip(list).map(move |(position, &school)| WishRow {
                applicant_id: Some(id.into()),
                batch: Some("one".into()),
                position: Some(position),
                school_id: Some(school.into()),
                ..WishRow::default()
            })
        })),
        ..Draft::default()
    };
    let (season, _) = Season::check(policy.clone(), draft.clone()).expect("a season");
    let base = placement::place(&season).expect("decided");
    let gains = one_more_class(&season, &base);
    let effects = |placed, better, worse, moved, mean_wish| Added::Effects {
        batch: "one".into(),
        category: "unified".into(),
        seats: 2,
        placed,
        better,
        worse,
        moved,
        mean_wish,
    };
    let ids: Vec<&str> = gains.iter().map(|g| g.school_id.as_str()).collect();
    assert_eq!(ids, ["S1", "S2", "S3"]);
    assert_eq!(gains[0].result, effects(2, 3, 0, 3, 100));
    assert_eq!(gains[1].result, effects(2, 2, 0, 2, 133));
    let Added::Refused(why) = &gains[2].result else { panic!("{gains:?}") };
    assert!(why.contains("3000 人") && why.contains("不得超过3000人"), "{why}");
    assert_eq!(judged(&policy, &draft, "the town"), (2, 2));
}

#[test]
fn a_made_season_of_the_district_has_every_figure_right() {
    for (applicants, seed) in [(2_000, 7), (3_500, 2)] {
        let Source { policy, draft } = district(&DistrictSpec::new(applicants, seed));
        let (seen, helped) = judged(&policy, &draft, &format!("{applicants} of seed {seed}"));
        assert!(seen >= 3 && helped >= 1, "{helped} of {seen}");
    }
}

/// Under one order without wishes a seat more hurts nobody.
#[test]
fn one_class_more_hurts_nobody_in_plain_markets() {
    let (mut seen, mut helped) = (0, 0);
    for seed in 0..400 {
        let (text, draft) = tiny(seed, &Shape::PLAIN);
        let text = format!("{text}\n[limits.class_size]\nvalue = 1\n");
        let Ok(policy) = Policy::load(&text, None) else { continue };
        let Ok((season, _)) = Season::check(policy.clone(), draft.clone()) else { continue };
        let base = placement::place(&season).expect("no manual ties");
        for gain in one_more_class(&season, &base) {
            let Added::Effects { seats, placed, better, worse, moved, .. } = gain.result else {
                continue;
            };
            assert_eq!((seats, worse), (1, 0), "seed {seed}");
            // Another category of the same wish is another seat and no better one.
            assert!(placed >= 0 && better <= moved && i64::from(better) >= placed, "seed {seed}");
        }
        let (all, some) = judged(&policy, &draft, &format!("seed {seed}"));
        (seen, helped) = (seen + all, helped + some);
    }
    assert!(seen > 300 && helped > 20, "{helped} of {seen}");
}

/// Whatever the policy says: orders that read wishes, floors, returned and carried seats, adjustment.
#[test]
fn every_figure_is_right_under_every_kind_of_policy() {
    let shape = Shape { manual: false, ..Shape::FULL };
    let (mut seen, mut helped) = (0, 0);
    for seed in 0..300 {
        let (text, draft) = tiny(seed, &shape);
        let text = format!("{text}\n[limits.class_size]\nvalue = 2\n");
        let Ok(policy) = Policy::load(&text, None) else { continue };
        let (all, some) = judged(&policy, &draft, &format!("seed {seed}"));
        (seen, helped) = (seen + all, helped + some);
    }
    assert!(seen > 200 && helped > 20, "{helped} of {seen}");
}
