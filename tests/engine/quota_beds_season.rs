//! Beds over the batches of a season: what is given takes its beds first, and what goes over them is told at its cell.

use luqu_engine::domain::draft::{GraduatesRow, PlanRow, QuotaRow, Rows, SchoolRow};
use luqu_engine::domain::{Draft, Fault, FaultCode, Season, Stage, Table};
use luqu_engine::policy::Policy;
use luqu_engine::quota::{Distribution, distribute};
use proptest::prelude::*;

use crate::quota_season::plan;

const POLICY: &str = r#"
[season]
id = "beds-2026"
district = "测试区"
year = 2026
seed = "committed"

[[batches]]
id = "first"
name = "第一批"
seat_order = ["unified", "quota"]
priority = ["total", "lottery"]

[[batches]]
id = "second"
name = "第二批"
seat_order = ["unified", "quota"]
priority = ["total", "lottery"]

[categories.unified]
name = "统招"

[categories.quota]
name = "指标到校"
by_junior = true

[quota]
category = "quota"
share = "0.50"
rounding = "half_up"
method = "matrix"
"#;

fn cell(school: &str, batch: &str, junior: &str, seats: u32) -> QuotaRow {
    QuotaRow {
        school_id: Some(school.into()),
        batch: Some(batch.into()),
        junior_id: Some(junior.into()),
        seats: Some(seats),
        ..QuotaRow::default()
    }
}

/// Senior schools `S1` and `S2` with these beds; the pupils of `J1` live at home, those of `J2` and `J3` board.
fn draft(beds: [Option<u32>; 2], plan: Vec<PlanRow>, cells: Vec<QuotaRow>) -> Draft {
    let school = |id: &str, stage, boarding_places| SchoolRow {
        school_id: Some(id.into()),
        name: Some(format!("{id}校").into()),
        stage: Some(stage),
        region: Some("测试区".into()),
        boarding_places,
        ..SchoolRow::default()
    };
    let junior = |id: &str, eligible: u32, boarding| GraduatesRow {
        junior_id: Some(id.into()),
        graduates: Some(eligible),
        eligible: Some(eligible),
        boarding: Some(boarding),
        ..GraduatesRow::default()
    };
    Draft {
        schools: Rows::of([
            school("S1", Stage::Senior, beds[0]),
            school("S2", Stage::Senior, beds[1]),
            school("J1", Stage::Junior, None),
            school("J2", Stage::Junior, None),
            school("J3", Stage::Junior, None),
        ]),
        graduates: Rows::of([
            junior("J1", 50, false),
            junior("J2", 30, true),
            junior("J3", 20, true),
        ]),
        plan: Rows::of(plan),
        quotas: Rows::of(cells),
        applicants: Rows::of([]),
        wishes: Rows::of([]),
        ..Draft::default()
    }
}

fn checked(draft: Draft) -> (Season, Vec<Fault>) {
    let policy = Policy::load(POLICY, None).expect("a policy");
    Season::check(policy, draft).expect("a season")
}

/// The rows of `quotas` that are told to go over the beds, and what is said there.
fn told(draft: Draft) -> Vec<(Option<u32>, Fault)> {
    let (_, faults) = checked(draft);
    let over = faults.into_iter().filter(|f| f.code == FaultCode::OverBeds);
    over.map(|f| (f.row, f)).collect()
}

/// A plan of one batch, as many quota seats as the cells have.
fn given(cells: &[QuotaRow]) -> Vec<PlanRow> {
    ["S1", "S2"]
        .iter()
        .flat_map(|&school| ["first", "second"].map(|batch| (school, batch)))
        .filter_map(|(school, batch)| {
            let mine = |c: &&QuotaRow| {
                c.school_id.as_deref() == Some(school) && c.batch.as_deref() == Some(batch)
            };
            let seats: Vec<u32> = cells.iter().filter(mine).filter_map(|c| c.seats).collect();
            (!seats.is_empty()).then(|| plan(school, batch, "quota", Some(seats.iter().sum())))
        })
        .collect()
}

#[test]
fn cells_over_the_beds_are_told_where_the_beds_run_out() {
    let cells = vec![
        cell("S1", "first", "J1", 40),
        cell("S1", "first", "J2", 3),
        cell("S2", "first", "J2", 9),
        cell("S1", "second", "J3", 2),
        cell("S1", "second", "J2", 4),
    ];
    // After rows 3, 5 and 6 the boarders at S1 are 3, 5 and 9.
    let at = |beds| told(draft([Some(beds), None], given(&cells), cells.clone()));
    assert_eq!(at(9), vec![], "as many as there are beds");
    let [(row, fault)] = &at(8)[..] else { panic!("one warning") };
    assert_eq!(
        (*row, fault.table, fault.column.as_deref()),
        (Some(6), Table::Quotas, Some("seats"))
    );
    assert_eq!(fault.found, "4");
    assert!(
        fault.expected.contains("S1校的住宿床位为 8") && fault.expected.contains("共 9 个，多 1")
    );
    assert!(!fault.help.is_empty());
    let row = |beds| at(beds).into_iter().map(|(row, _)| row).collect::<Vec<_>>();
    assert_eq!(row(5), [Some(6)]);
    assert_eq!(row(4), [Some(5)], "one warning for a school, where its beds run out");
    assert_eq!(row(0), [Some(3)]);
}

#[test]
fn what_is_computed_anew_is_not_judged_by_old_cells() {
    let lines = vec![plan("S1", "first", "unified", Some(20)), plan("S1", "first", "quota", None)];
    let cells = vec![cell("S1", "first", "J2", 10)];
    assert_eq!(told(draft([Some(1), None], lines, cells)), vec![]);
}

/// The seats of boarders at the two senior schools.
fn boarders(season: &Season, distribution: &Distribution) -> [u32; 2] {
    ["S1", "S2"].map(|school| {
        let school = season.find_school(school).expect("a school");
        let boards = |j| season.school(j).id != "J1";
        let mine = distribution.quotas.iter().filter(|c| c.school == school && boards(c.junior));
        mine.map(|c| c.seats).sum()
    })
}

#[test]
fn cells_given_for_a_later_batch_have_their_beds_before_an_earlier_one_is_computed() {
    // Ten quota seats are computed in the first batch, five of them for boarders in proportion; of six beds the second batch
    // has four in its own cells, so that two are left.
    let lines = vec![
        plan("S1", "first", "unified", Some(20)),
        plan("S1", "first", "quota", None),
        plan("S1", "second", "quota", Some(4)),
    ];
    let (season, faults) =
        checked(draft([Some(6), None], lines, vec![cell("S1", "second", "J3", 4)]));
    assert_eq!(faults.iter().filter(|f| f.code == FaultCode::OverBeds).count(), 0);
    let distribution = distribute(&season).expect("a distribution");
    assert_eq!(boarders(&season, &distribution), [6, 0]);
    let home = season.find_school("J1").expect("a school");
    let day = distribution.quotas.iter().filter(|c| c.junior == home);
    assert_eq!(day.map(|c| c.seats).collect::<Vec<_>>(), [8]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn prop_the_warning_says_what_a_sum_says(
        beds in [proptest::option::of(0_u32..12), proptest::option::of(0_u32..12)],
        seats in proptest::collection::vec((0_usize..12, 0_u32..7), 0..12),
    ) {
        let mut cells = Vec::new();
        for (at, n) in seats {
            let place = (["S1", "S2"][at / 6], ["first", "second"][at / 3 % 2], ["J1", "J2", "J3"][at % 3]);
            let new = cell(place.0, place.1, place.2, n);
            let same = |c: &QuotaRow| {
                (&c.school_id, &c.batch, &c.junior_id) == (&new.school_id, &new.batch, &new.junior_id)
            };
            if !cells.iter().any(same) {
                cells.push(new);
            }
        }
        let over = ["S1", "S2"].iter().zip(beds).filter(|&(&school, places)| {
            let mine = cells.iter().filter(|c| {
                c.school_id.as_deref() == Some(school) && c.junior_id.as_deref() != Some("J1")
            });
            let sum: u32 = mine.filter_map(|c| c.seats).sum();
            places.is_some_and(|p| sum > p)
        });
        let over = over.count();
        prop_assert_eq!(told(draft(beds, given(&cells), cells.clone())).len(), over);
    }

    #[test]
    fn prop_what_is_computed_is_within_the_beds_and_warns_of_nothing(
        beds in [proptest::option::of(0_u32..12), proptest::option::of(0_u32..12)],
        whole in proptest::collection::vec(proptest::option::of(0_u32..30), 4),
        pool: bool,
        later in proptest::option::of(0_u32..6),
    ) {
        let mut lines = Vec::new();
        let mut cells = Vec::new();
        for (at, seats) in whole.iter().enumerate() {
            let (school, batch) = (["S1", "S2"][at / 2], ["first", "second"][at % 2]);
            match (seats, later) {
                (_, Some(n)) if at == 1 => {
                    // Given, and within the beds.
                    let n = n.min(beds[0].unwrap_or(n));
                    lines.push(plan(school, batch, "quota", Some(n)));
                    cells.push(cell(school, batch, "J2", n));
                }
                (Some(seats), _) => {
                    lines.push(plan(school, batch, "unified", Some(*seats)));
                    lines.push(plan(school, batch, "quota", None));
                }
                _ => {}
            }
        }
        let method = if pool { "method = \"pool\"" } else { "method = \"matrix\"" };
        let policy = Policy::load(&POLICY.replace("method = \"matrix\"", method), None).expect("a policy");
        let (season, _) = Season::check(policy.clone(), draft(beds, lines, cells)).expect("a season");
        let distribution = distribute(&season).expect("a distribution");
        for (sum, places) in boarders(&season, &distribution).into_iter().zip(beds) {
            prop_assert!(places.is_none_or(|p| sum <= p), "{} of {:?}", sum, places);
        }
        // As files, read again.
        let id = |school| season.school(school).id.to_string();
        let batch = |b| season.policy().batch(b).id.to_string();
        let lines = distribution.plan.iter().map(|l| {
            let category = &season.policy().category(l.category).id;
            plan(&id(l.school), &batch(l.batch), category, l.seats)
        });
        let cells = distribution.quotas.iter();
        let cells = cells.map(|c| cell(&id(c.school), &batch(c.batch), &id(c.junior), c.seats));
        let again = draft(beds, lines.collect(), cells.collect());
        let (_, faults) = Season::check(policy, again).expect("a season");
        prop_assert!(faults.iter().all(|f| f.code != FaultCode::OverBeds), "{:?}", faults);
    }
}
