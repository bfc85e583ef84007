//! The small town of the explanations, and random seasons that are placed.

use luqu_engine::domain::draft::{
    ApplicantRow, PlanRow, QuotaRow, RestrictionRow, Rows, SchoolRow, WishRow,
};
use luqu_engine::domain::{Answer, Draft, Restriction, Score, Season, Stage, YearMonth};
use luqu_engine::placement::place;
use luqu_engine::policy::Policy;
use luqu_fixtures::tiny::{Shape, tiny};

const POLICY: &str = r#"[season]
id = "t"
district = "綦江区"
year = 2026
seed = "s"

[[subjects]]
id = "chinese"
name = "语文"
max = "150"

[[subjects]]
id = "math"
name = "数学"
max = "150"

[[subjects]]
id = "rest"
name = "其他"
max = "450"

[[batches]]
id = "key"
name = "第一批"
wishes = 3
seat_order = ["unified", "quota"]
priority = ["total", "chinese+math", "lottery"]
source = "招生办法第 3 条"

[[batches]]
id = "late"
name = "第二批"
seat_order = ["ordinary"]
priority = ["wish", "total", "lottery"]
adjustment = ["ordinary"]

[categories.unified]
name = "统招"

[categories.quota]
name = "指标到校"
by_junior = true
eligible = ["fresh", "registered_three_years", "attended", "quota_listed"]
floor = { line = "unified", minus = "50" }

[categories.ordinary]
name = "普通统招"

[quota]
category = "quota"
share = "0.5"
"#;

/// One applicant of the town: id, total, Chinese, junior school, since when, wishes
/// (batch, position, school, category).
pub(crate) type Person<'t> =
    (&'t str, &'t str, &'t str, &'t str, &'t str, &'t [(&'t str, u16, &'t str, &'t str)]);

/// 一中 with two unified seats and one quota seat of 东初; 二中 with one in the first batch; 三中 with one
/// in the second.
pub(crate) const PEOPLE: &[Person<'_>] = &[
    ("A1", "700", "120", "J1", "2023-09", &[("key", 1, "S1", "")]),
    ("A2", "650", "120", "J2", "2023-09", &[("key", 1, "S1", "")]),
    (
        "A3",
        "650",
        "118",
        "J2",
        "2023-09",
        &[("key", 1, "S1", ""), ("key", 2, "S2", "unified"), ("late", 1, "S3", "ordinary")],
    ),
    (
        "A4",
        "640",
        "100",
        "J1",
        "2024-02",
        &[("key", 1, "S1", ""), ("key", 2, "S2", ""), ("late", 1, "S3", "")],
    ),
    ("A5", "599.5", "99", "J1", "2023-09", &[("key", 1, "S1", "quota"), ("late", 2, "S3", "")]),
    ("A6", "610", "100", "J1", "2023-09", &[("key", 3, "S1", "quota")]),
    ("A7", "400", "100", "J1", "2023-09", &[]),
    ("A8", "710", "100", "J1", "2023-09", &[("key", 1, "S1", "")]),
    (
        "A9",
        "630",
        "100",
        "J3",
        "2023-09",
        &[("key", 1, "S1", "unified"), ("key", 3, "S1", "quota")],
    ),
];

pub(crate) fn town(people: &[Person<'_>], unified: u32) -> Season {
    town_of(people, unified, &[("J1", 1)])
}

/// The same with quota cells of one's own; they add up to one.
pub(crate) fn town_of(people: &[Person<'_>], unified: u32, cells: &[(&str, u32)]) -> Season {
    let school = |id: &str, name: &str, stage| SchoolRow {
        school_id: Some(id.into()),
        name: Some(name.into()),
        stage: Some(stage),
        region: Some("綦江区".into()),
        ..SchoolRow::default()
    };
    let plan = |school: &str, batch: &str, category: &str, seats| PlanRow {
        school_id: Some(school.into()),
        batch: Some(batch.into()),
        category: Some(category.into()),
        seats: Some(seats),
        classes: Some(1),
        document: Some("綦教〔2026〕1号".into()),
        ..PlanRow::default()
    };
    let person = |&(id, total, chinese, junior, since, _): &Person<'_>| ApplicantRow {
        applicant_id: Some(id.into()),
        name: Some("某".into()),
        junior_id: Some(junior.into()),
        region: Some(if junior == "J3" { "南川区" } else { "綦江区" }.into()),
        fresh: Some(true),
        junior_since: since.parse::<YearMonth>().ok(),
        attended: Some(true),
        scores: vec![chinese.parse().ok(), Some(Score::from_points(100)), Some(Score::ZERO)],
        total: total.parse().ok(),
        ..ApplicantRow::default()
    };
    let wish = |id: &str, &(batch, position, school, category): &(&str, u16, &str, &str)| WishRow {
        applicant_id: Some(id.into()),
        batch: Some(batch.into()),
        position: Some(position),
        school_id: Some(school.into()),
        category: (!category.is_empty()).then(|| category.into()),
        adjust: Some(batch == "late" && id == "A4"),
        wide: false,
    };
    let draft = Draft {
        schools: Rows::of([
            school("S1", "一中", Stage::Senior),
            school("S2", "二中", Stage::Senior),
            school("S3", "三中", Stage::Senior),
            school("J1", "东初", Stage::Junior),
            school("J2", "西初", Stage::Junior),
            school("J3", "南初", Stage::Junior),
        ]),
        plan: Rows::of([
            plan("S1", "key", "unified", unified),
            plan("S1", "key", "quota", 1),
            plan("S2", "key", "unified", 1),
            plan("S3", "late", "ordinary", 1),
        ]),
        quotas: Rows::of(cells.iter().map(|&(junior, seats)| QuotaRow {
            school_id: Some("S1".into()),
            batch: Some("key".into()),
            junior_id: Some(junior.into()),
            seats: Some(seats),
            ..QuotaRow::default()
        })),
        applicants: Rows::of(people.iter().map(person)).with_columns(&[
            "fresh",
            "junior_since",
            "attended",
            "chinese",
            "math",
        ]),
        wishes: Rows::of(people.iter().flat_map(|p| p.5.iter().map(|w| wish(p.0, w)))),
        restrictions: Rows::of([RestrictionRow {
            applicant_id: Some("A8".into()),
            kind: Some(Restriction::Barred),
            reason: Some("冒名报考".into()),
            document: Some("綦招处〔2026〕2号".into()),
        }]),
        ..Draft::default()
    };
    let policy = Policy::load(POLICY, None).expect("a policy");
    match Season::check(policy, draft) {
        Ok((season, _)) => season,
        Err(faults) => panic!("{faults:#?}"),
    }
}

pub(crate) fn tiny_season(seed: u64, shape: &Shape) -> Option<(Season, Answer)> {
    let (policy, draft) = tiny(seed, shape);
    let policy = Policy::load(&policy, None).ok()?;
    let (season, _) = Season::check(policy, draft).ok()?;
    let answer = place(&season).ok()?;
    Some((season, answer))
}
