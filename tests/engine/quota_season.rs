//! From a season with blank quota seats to one that is placed: the split of the plan, the cells, the refusals.

use luqu_engine::domain::draft::{GraduatesRow, PlanRow, QuotaRow, Rows, SchoolRow};
use luqu_engine::domain::{Draft, Season, Share, Stage};
use luqu_engine::policy::Policy;
use luqu_engine::quota::{
    Origin, Overrides, QuotaError, distribute, distribute_with, files, with_share,
};

const MATRIX: &str = r#"
[season]
id = "test-2026"
district = "测试区"
year = 2026
seed = "committed"

[[batches]]
id = "first"
name = "第一批"
seat_order = ["sports", "unified", "quota"]
priority = ["total", "lottery"]

[[batches]]
id = "second"
name = "第二批"
seat_order = ["open", "quota"]
priority = ["total", "lottery"]

[categories.sports]
name = "体育"
eligible = ["qualified"]

[categories.unified]
name = "统招"

[categories.open]
name = "普通"

[categories.quota]
name = "指标到校"
by_junior = true

[quota]
category = "quota"
share = "0.70"
rounding = "half_up"
method = "matrix"
"#;

fn pool() -> String {
    MATRIX.replace(
        "method = \"matrix\"",
        "method = \"pool\"\ntilt = { per = 30, rounding = \"half_up\" }",
    )
}

/// The plan row of a school in a batch; no seats means that the cell is blank.
pub(crate) fn plan(school: &str, batch: &str, category: &str, seats: Option<u32>) -> PlanRow {
    PlanRow {
        school_id: Some(school.into()),
        batch: Some(batch.into()),
        category: Some(category.into()),
        seats,
        seats_blank: seats.is_none(),
        document: Some("文〔2026〕1号".into()),
        ..PlanRow::default()
    }
}

fn draft(plan: Vec<PlanRow>) -> Draft {
    let school = |id: &str, stage| SchoolRow {
        school_id: Some(id.into()),
        name: Some(format!("{id}校").into()),
        stage: Some(stage),
        region: Some("测试区".into()),
        ..SchoolRow::default()
    };
    let junior = |id: &str, eligible: u32, tilt| GraduatesRow {
        junior_id: Some(id.into()),
        graduates: Some(eligible + 10),
        eligible: Some(eligible),
        tilt: Some(tilt),
        ..GraduatesRow::default()
    };
    Draft {
        schools: Rows::of(vec![
            school("S2", Stage::Senior),
            school("S1", Stage::Senior),
            school("J1", Stage::Junior),
            school("J2", Stage::Junior),
            school("J3", Stage::Junior),
        ]),
        graduates: Rows::of(vec![
            junior("J3", 77, false),
            junior("J1", 45, true),
            junior("J2", 101, false),
        ]),
        plan: Rows::of(plan),
        applicants: Rows::of(vec![]),
        wishes: Rows::of(vec![]),
        ..Draft::default()
    }
}

fn season_of(policy: &str, draft: Draft) -> Season {
    let policy = Policy::load(policy, None).expect("a policy");
    Season::check(policy, draft).map(|(season, _)| season).expect("a season")
}

fn usual() -> Vec<PlanRow> {
    vec![
        plan("S1", "first", "unified", Some(672)),
        plan("S1", "first", "quota", None),
        plan("S1", "first", "sports", Some(20)),
        PlanRow { quota_share: "0.4".parse().ok(), ..plan("S2", "first", "quota", None) },
        plan("S2", "first", "unified", Some(1008)),
        plan("S2", "second", "open", Some(10)),
        plan("S2", "second", "quota", None),
    ]
}

fn seats(season: &Season) -> Vec<(String, u32)> {
    let policy = season.policy();
    let key = |l: &luqu_engine::domain::PlanLine| {
        let (school, batch) = (&season.school(l.school).id, &policy.batch(l.batch).id);
        format!("{school} {batch} {}", policy.category(l.category).id)
    };
    season.plan().iter().map(|l| (key(l), l.seats.expect("computed"))).collect()
}

fn expected(list: &[(&str, u32)]) -> Vec<(String, u32)> {
    list.iter().map(|(key, seats)| ((*key).to_owned(), *seats)).collect()
}

fn applied(season: &Season) -> Season {
    let distribution = distribute(season).expect("a distribution");
    luqu_engine::quota::applied(season, &distribution)
}

#[test]
fn the_unified_line_carries_the_whole_and_keeps_the_rest() {
    let season = season_of(MATRIX, draft(usual()));
    assert_eq!(season.pending().count(), 3);
    let done = applied(&season);
    assert_eq!(
        seats(&done),
        expected(&[
            ("S1 first sports", 20),
            ("S1 first unified", 202),
            ("S1 first quota", 470),
            ("S2 first unified", 605),
            ("S2 first quota", 403),
            ("S2 second open", 3),
            ("S2 second quota", 7),
        ])
    );
    assert_eq!(done.pending().count(), 0);
    // Three lines by three junior schools, each line's cells adding up to it; batches are apart.
    assert_eq!(done.quotas().len(), 9);
    for line in done.plan().iter().filter(|l| done.policy().category(l.category).id == "quota") {
        let cells =
            done.quotas().iter().filter(|c| (c.school, c.batch) == (line.school, line.batch));
        assert_eq!(Some(cells.map(|c| c.seats).sum::<u32>()), line.seats);
    }
}

#[test]
fn what_is_given_is_kept() {
    let mut lines = usual();
    lines[1] = plan("S1", "first", "quota", Some(5));
    let mut draft = draft(lines);
    let cell = |junior: &str, seats| QuotaRow {
        school_id: Some("S1".into()),
        batch: Some("first".into()),
        junior_id: Some(junior.into()),
        seats: Some(seats),
        ..QuotaRow::default()
    };
    draft.quotas = Rows::of(vec![cell("J2", 4), cell("J1", 1)]);
    let season = season_of(MATRIX, draft);
    let distribution = distribute(&season).expect("a distribution");
    let first = &distribution.batches[0];
    assert_eq!(first.lines[0].origin, Origin::KeptCells);
    let done = applied(&season);
    assert!(seats(&done).contains(&("S1 first unified".to_owned(), 672)));
    let own = |c: &&luqu_engine::domain::QuotaCell| {
        done.school(c.school).id == "S1" && done.policy().batch(c.batch).id == "first"
    };
    assert_eq!(done.quotas().iter().filter(own).map(|c| c.seats).collect::<Vec<_>>(), [1, 4]);
    // The junior schools' totals are those of the line that was distributed alone.
    assert_eq!(first.juniors.iter().map(|j| j.seats).sum::<u64>(), 403);
    assert!(first.cells.iter().any(|c| c.reason().contains("照用")));
}

#[test]
fn another_share_is_distributed_anew_and_back_again() {
    let season = applied(&season_of(MATRIX, draft(usual())));
    let half: Share = "0.5".parse().expect("share");
    let changed = with_share(&season, half).expect("a season");
    assert_eq!(
        seats(&changed),
        expected(&[
            ("S1 first sports", 20),
            ("S1 first unified", 336),
            ("S1 first quota", 336),
            ("S2 first unified", 504),
            ("S2 first quota", 504),
            ("S2 second open", 5),
            ("S2 second quota", 5),
        ])
    );
    let again = with_share(&changed, half).expect("a season");
    assert_eq!(again.quotas(), changed.quotas());
    // Blank or computed, the same share gives the same season.
    let fresh = Overrides { share: Some(half), all_rows: false };
    let from_blank = distribute_with(&season_of(MATRIX, draft(usual())), &fresh).expect("seats");
    assert_eq!(from_blank.quotas, changed.quotas());
}

#[test]
fn the_order_of_rows_does_not_matter() {
    for policy in [MATRIX.to_owned(), pool()] {
        let files_of = |season: &Season| {
            let d = distribute(season).expect("a distribution");
            [files::plan, files::quotas, files::report, files::draws].map(|file| file(season, &d))
        };
        let straight = files_of(&season_of(&policy, draft(usual())));
        let mut turned = draft(usual());
        turned.plan.rows.reverse();
        turned.graduates.rows.reverse();
        turned.schools.rows.reverse();
        assert_eq!(straight, files_of(&season_of(&policy, turned)));
    }
}

#[test]
fn the_files_say_why() {
    let season = season_of(MATRIX, draft(usual()));
    let distribution = distribute(&season).expect("a distribution");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let plan = text(files::plan(&season, &distribution));
    assert!(
        plan.starts_with(
            "school_id,batch,category,seats,classes,quota_share,region_scope,document\n"
        )
    );
    assert!(plan.contains("\nS2,first,quota,403,,0.4,测试区,文〔2026〕1号\n"));
    let report = text(files::report(&season, &distribution));
    assert_eq!(report.lines().count(), 10);
    // S1 for J1: 470 × 45/223 = 94.843…
    assert!(report.contains("\nS1,first,J1,94.843049,94,95,余数 0.843049，在本校余数中排第 2，"));
    assert!(report.lines().any(|l| l.ends_with(",21150/223")));
    assert_eq!(text(files::draws(&season, &distribution)).lines().count(), 1);
}

#[test]
fn a_pool_is_drawn_with_a_protocol() {
    let season = season_of(&pool(), draft(usual()));
    let distribution = distribute(&season).expect("a distribution");
    let first = &distribution.batches[0];
    assert_eq!(first.draws.len(), 873);
    let tilts: Vec<u64> = first.juniors.iter().map(|j| j.tilt).collect();
    assert_eq!(tilts, [2, 0, 0], "round(45/30), for J1 alone");
    for cell in &first.cells {
        let drawn =
            first.draws.iter().filter(|d| (d.school, d.junior) == (cell.school, cell.junior));
        assert_eq!(drawn.count() as u32, cell.seats);
    }
    let protocol = String::from_utf8(files::draws(&season, &distribution)).expect("UTF-8");
    assert!(protocol.starts_with("batch,draw,junior_id,seat,school_id,hash\nfirst,1,J1,1,S"));
    let applied = applied(&season);
    assert_eq!(applied.quotas().iter().map(|c| u64::from(c.seats)).sum::<u64>(), 880);
}

fn error(policy: &str, lines: Vec<PlanRow>) -> QuotaError {
    distribute(&season_of(policy, draft(lines))).expect_err("no distribution")
}

#[test]
fn what_cannot_be_distributed_says_so_with_numbers() {
    let tilt = error(
        &pool(),
        vec![plan("S1", "first", "unified", Some(1)), plan("S1", "first", "quota", None)],
    );
    assert_eq!(tilt, QuotaError::TiltOverPool { batch: "first".into(), tilt: 2, pool: 1 });
    assert!(tilt.to_string().contains("共 1 个") && tilt.to_string().contains("合计 2 个，多出 1"));

    let no_line = error(
        MATRIX,
        vec![plan("S1", "first", "sports", Some(9)), plan("S1", "first", "quota", None)],
    );
    assert_eq!(no_line, QuotaError::NoUnified { school: "S1 S1校".into(), batch: "first".into() });

    let two = MATRIX
        .replace("[categories.open]", "[categories.other]\nname = \"其他\"\n\n[categories.open]");
    let many = error(
        &two,
        vec![
            plan("S1", "second", "open", Some(9)),
            plan("S1", "second", "other", Some(9)),
            plan("S1", "second", "quota", None),
        ],
    );
    assert!(
        many.to_string().contains("2 行") && many.to_string().contains("other、open"),
        "{many}"
    );

    let no_share = error(&MATRIX.replace("share = \"0.70\"\n", ""), usual());
    assert!(no_share.to_string().contains("S1 S1校") && no_share.to_string().contains("share"));

    let no_rule = MATRIX.split("[quota]").next().expect("a head").replace("by_junior = true", "");
    assert_eq!(error(&no_rule, vec![]), QuotaError::NoRule);

    let policy = Policy::load(MATRIX, None).expect("a policy");
    let mut nobody = draft(usual());
    for (_, row) in &mut nobody.graduates.rows {
        row.eligible = Some(0);
    }
    let (season, _) = Season::check(policy, nobody).expect("a season");
    let error = distribute(&season).expect_err("nobody eligible");
    assert_eq!(error, QuotaError::NoEligible { batch: "first".into(), seats: 873 });
}
