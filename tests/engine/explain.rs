//! Explanations: exact sentences on a small town, and claims tried by placing random seasons again.

use luqu_engine::domain::draft::{
    ApplicantRow, PlanRow, QuotaRow, RestrictionRow, Rows, SchoolRow, WishRow,
};
use luqu_engine::domain::{
    Answer, ApplicantIx, Draft, Outcome, Restriction, Score, Season, Stage, YearMonth,
};
use luqu_engine::explain::compare::{Cause, Direction};
use luqu_engine::explain::whatif::grid::{Grid, GridResult, evaluate};
use luqu_engine::explain::whatif::{Change, WhatIfError, changed, compared};
use luqu_engine::explain::{Explanation, Lang, ProposalSaid, compare, explain, explain_in};
use luqu_engine::placement::{place, place_outcomes};
use luqu_engine::policy::Policy;
use luqu_fixtures::tiny::{Shape, tiny};
use luqu_fixtures::{DistrictSpec, district};

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

fn rows<R>(rows: impl IntoIterator<Item = R>) -> Rows<R> {
    let rows = (2..).zip(rows).collect();
    Rows { present: true, columns: Vec::new(), rows }
}

/// One applicant of the town: id, total, Chinese, junior school, since when, wishes
/// (batch, position, school, category).
type Person<'t> =
    (&'t str, &'t str, &'t str, &'t str, &'t str, &'t [(&'t str, u16, &'t str, &'t str)]);

/// 一中 with two unified seats and one quota seat of 东初; 二中 with one in the first batch; 三中 with one
/// in the second.
const PEOPLE: &[Person<'_>] = &[
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

fn town(people: &[Person<'_>], unified: u32) -> Season {
    town_of(people, unified, &[("J1", 1)])
}

/// The same with quota cells of one's own; they add up to one.
fn town_of(people: &[Person<'_>], unified: u32, cells: &[(&str, u32)]) -> Season {
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
        schools: rows([
            school("S1", "一中", Stage::Senior),
            school("S2", "二中", Stage::Senior),
            school("S3", "三中", Stage::Senior),
            school("J1", "东初", Stage::Junior),
            school("J2", "西初", Stage::Junior),
            school("J3", "南初", Stage::Junior),
        ]),
        plan: rows([
            plan("S1", "key", "unified", unified),
            plan("S1", "key", "quota", 1),
            plan("S2", "key", "unified", 1),
            plan("S3", "late", "ordinary", 1),
        ]),
        quotas: rows(cells.iter().map(|&(junior, seats)| QuotaRow {
            school_id: Some("S1".into()),
            batch: Some("key".into()),
            junior_id: Some(junior.into()),
            seats: Some(seats),
            ..QuotaRow::default()
        })),
        applicants: Rows {
            columns: ["fresh", "junior_since", "attended", "chinese", "math"]
                .map(Into::into)
                .to_vec(),
            ..rows(people.iter().map(person))
        },
        wishes: rows(people.iter().flat_map(|p| p.5.iter().map(|w| wish(p.0, w)))),
        restrictions: rows([RestrictionRow {
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

fn said(season: &Season, id: &str, lang: Lang) -> Explanation {
    let answer = place(season).expect("decided");
    explain_in(season, &answer, season.find_applicant(id).expect("an applicant"), lang)
}

fn proposals(explanation: &Explanation) -> Vec<&ProposalSaid> {
    explanation.batches.iter().flat_map(|b| &b.wishes).flat_map(|w| &w.proposals).collect()
}

/// Every sentence of an explanation, line by line.
fn lines(explanation: &Explanation) -> Vec<String> {
    let mut lines = vec![explanation.sentence.clone()];
    for batch in &explanation.batches {
        lines.extend(batch.note.iter().map(|note| format!("{}: {note}", batch.name)));
        for wish in &batch.wishes {
            for p in &wish.proposals {
                lines.push(format!("{} {} {}", wish.position, p.category_name, p.sentence));
                lines.extend(p.condition.iter().map(|c| format!("→ {c}")));
            }
        }
    }
    lines
}

#[test]
fn a_floor_before_a_cell_without_seats_does_not_hide_that_there_are_none() {
    let told =
        |cells: &[(&str, u32)]| lines(&said(&town_of(PEOPLE, 2, cells), "A5", Lang::Zh)).join("\n");
    let with = told(&[("J1", 1)]);
    assert!(with.contains("低于指标到校的录取下限 600 分") && !with.contains("没有名额"), "{with}");
    let without = told(&[("J1", 0), ("J2", 1)]);
    assert!(without.contains("低于指标到校的录取下限 600 分"), "{without}");
    assert!(without.contains("而且这里最后没有名额"), "{without}");
}

#[test]
fn every_wish_has_a_sentence_that_a_parent_understands() {
    let season = town(PEOPLE, 2);
    let told = |id: &str| lines(&said(&season, id, Lang::Zh)).join("\n");
    assert_eq!(
        told("A3"),
        "已录取：二中，统招，第一批第 2 志愿\n\
         1 统招 未录取：2 个名额，你排第 3 位，录取到第 2 位，差 1 位；录取线 650 分；同分比较语文、数学之和，少 2 分\n\
         → 其他都不变时，总分达到 650.01 分（多 0.01 分），或再多 1 个名额即可录取\n\
         1 指标到校 未录取：该校没有分配给西初的指标到校名额\n\
         2 统招 录取：1 个名额，你排第 1 位，录取到第 1 位，录取线 650 分\n\
         第二批: 已在第一批录取，本批次志愿不再考虑\n\
         1 普通统招 已在第一批录取，此志愿不再考虑"
    );
    assert_eq!(
        told("A4"),
        "已录取：三中，普通统招，第二批第 1 志愿\n\
         1 统招 未录取：2 个名额，你排第 4 位，录取到第 2 位，差 2 位；录取线 650 分，差 10 分\n\
         → 其他都不变时，总分达到 650.01 分（多 10.01 分），或再多 2 个名额即可录取\n\
         1 指标到校 未录取：不符合指标到校的条件，在籍起始 2024-02，须不晚于 2023-09\n\
         → 登记如有误，请持证明材料向毕业学校或招办申请更正\n\
         2 统招 未录取：1 个名额，你排第 2 位，录取到第 1 位，差 1 位；录取线 650 分，差 10 分\n\
         → 其他都不变时，总分达到 650.01 分（多 10.01 分，届时录取在更靠前的一中志愿 1），或再多 1 个名额即可录取\n\
         1 普通统招 录取：1 个名额，你排第 1 位，录取到第 1 位，录取线 640 分"
    );
    assert_eq!(
        told("A5"),
        "未录取：所填志愿都没有录取，原因见下\n\
         1 指标到校 未录取：总分 599.5 分，低于指标到校的录取下限 600 分，差 0.5 分（本校统招录取线 650 分减 50 分）\n\
         → 其他都不变时，总分达到 610.01 分（多 10.51 分）即可录取\n\
         第二批: 没有勾选服从调剂，未参加剩余名额的调剂\n\
         2 普通统招 未录取：1 个名额，你排第 2 位，录取到第 1 位，差 1 位；录取线 640 分；先比较志愿顺序，录取到第 1 志愿，你在第 2 志愿\n\
         → 其他都不变时，总分达到 610.01 分（多 10.51 分，届时录取在更靠前的一中志愿 1），或再多 1 个名额即可录取"
    );
    assert_eq!(
        told("A9"),
        "未录取：所填志愿都没有录取，原因见下\n\
         1 统招 未录取：学籍所在区县为南川区，招生范围是綦江区\n\
         → 学籍所在区县须在招生范围（綦江区）内\n\
         3 指标到校 未录取：该校没有分配给南初的指标到校名额"
    );
    assert_eq!(told("A7"), "未参加录取：没有填报志愿");
    assert_eq!(
        told("A8"),
        "未参加录取：已被取消录取资格（冒名报考，綦招处〔2026〕2号）\n\
         1 统招 已被取消录取资格，此志愿不参加录取\n\
         1 指标到校 已被取消录取资格，此志愿不参加录取"
    );
}

#[test]
fn english_is_complete() {
    let season = town(PEOPLE, 2);
    let told = lines(&said(&season, "A4", Lang::En)).join("\n");
    assert_eq!(
        told,
        "Admitted: 三中, ordinary, wish 1 of 第二批\n\
         1 统招 not admitted: 2 seats, you are number 4, the last admitted is number 2, 2 places short; cut-off 650, 10 points short\n\
         → All else equal, a total of 650.01 (+10.01), or 2 more seats would have been enough\n\
         1 指标到校 not admitted: not eligible for quota: in the junior registry since 2024-02; must be since 2023-09 or earlier\n\
         → If the record is wrong, ask the junior school or the admissions office to correct it\n\
         2 统招 not admitted: 1 seat, you are number 2, the last admitted is number 1, 1 place short; cut-off 650, 10 points short\n\
         → All else equal, a total of 650.01 (+10.01, on the earlier wish 1, 一中), or 1 more seat would have been enough\n\
         1 普通统招 admitted: 1 seat, you are number 1, the last admitted is number 1, cut-off 640"
    );
    for &(id, ..) in PEOPLE {
        let english = said(&season, id, Lang::En);
        let mut text = lines(&english).join(" ") + &english.next_step;
        // What is left of Chinese are names and recorded words.
        for name in ["一中", "二中", "三中", "东初", "西初", "南初", "第一批", "第二批", "綦江区"]
            .iter()
            .chain(&["南川区", "统招", "指标到校", "普通统招", "普通", "冒名报考", "语文", "数学"])
            .chain(&["綦招处〔2026〕2号"])
        {
            text = text.replace(name, "");
        }
        let rest: String = text.chars().filter(|c| !c.is_ascii()).collect();
        assert!(rest.chars().all(|c| c == '→'), "{id}: {rest}");
    }
}

#[test]
fn the_five_outcomes_have_a_next_step() {
    let season = town(PEOPLE, 2);
    let step = |id: &str| said(&season, id, Lang::Zh).next_step;
    assert!(step("A1").contains("到一中报到"));
    assert!(step("A5").contains("征集志愿"));
    assert!(step("A7").contains("征集志愿"));
    assert!(step("A8").contains("复核"));
    let mut answer = place(&season).expect("decided");
    let a5 = season.find_applicant("A5").expect("there");
    let (batch, school) = (season.policy().batch_ix("late"), season.find_school("S3"));
    let category = season.policy().category_ix("ordinary");
    answer.outcomes[a5.at()] = Outcome::Adjusted {
        batch: batch.expect("late"),
        school: school.expect("S3"),
        category: category.expect("ordinary"),
    };
    let told = explain(&season, &answer, a5);
    assert_eq!(told.sentence, "已录取：三中，普通统招，第二批服从调剂");
    assert!(told.next_step.contains("到三中报到"));
    let note = told.batches[1].note.as_deref();
    assert_eq!(note, Some("各志愿都未录取，按服从调剂录取到三中（普通统招）"));
}

#[test]
fn an_explanation_names_nobody_else() {
    let season = town(PEOPLE, 2);
    for &(id, ..) in PEOPLE {
        let told = serde_json::to_string(&said(&season, id, Lang::Zh)).expect("json");
        for &(other, ..) in PEOPLE.iter().filter(|p| p.0 != id) {
            assert!(!told.contains(other), "{id} is told of {other}: {told}");
        }
    }
}

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

fn tiny_season(seed: u64, shape: &Shape) -> Option<(Season, Answer)> {
    let (policy, draft) = tiny(seed, shape);
    let policy = Policy::load(&policy, None).ok()?;
    let (season, _) = Season::check(policy, draft).ok()?;
    let answer = place(&season).ok()?;
    Some((season, answer))
}

/// The place of the seat held among all proposals, in order; nothing without one.
fn held(season: &Season, told: &Explanation, outcome: Outcome) -> Option<usize> {
    let Outcome::Placed { batch, position, category, .. } = outcome else { return None };
    let policy = season.policy();
    let (batch, category) = (&policy.batch(batch).id, &policy.category(category).id);
    let all = told.batches.iter().flat_map(|b| {
        b.wishes.iter().flat_map(move |w| w.proposals.iter().map(move |p| (b, w.position, p)))
    });
    all.enumerate()
        .find(|(_, (b, at, p))| b.batch == **batch && *at == position && p.category == **category)
        .map(|(at, _)| at)
}

#[test]
fn every_reason_is_explained_and_every_claim_holds_when_placed_again() {
    let (mut claims, mut gaps, mut seasons) = (0, 0, 0);
    let shapes = [Shape::PLAIN, Shape::FULL, Shape { wish_keys: true, ..Shape::PLAIN }];
    for (seed, shape) in (0..150).flat_map(|seed| shapes.iter().map(move |s| (seed, s))) {
        let Some((season, answer)) = tiny_season(seed, shape) else { continue };
        seasons += 1;
        for at in 0..season.applicants().len() {
            let me = ApplicantIx::from(at);
            let told = explain(&season, &answer, me);
            let reasons: Vec<_> = answer.reasons.iter().filter(|r| r.applicant == me).collect();
            let all = proposals(&told);
            let turned_down: Vec<&str> = all
                .iter()
                .map(|p| p.kind.as_str())
                .filter(|k| !["granted", "not_considered", "barred"].contains(k))
                .collect();
            let kinds: Vec<String> = reasons.iter().map(|r| r.kind.key()).collect();
            assert_eq!(turned_down, kinds, "seed {seed}");
            for (index, p) in all.iter().enumerate() {
                assert!(!p.sentence.is_empty(), "seed {seed}: {p:?}");
                let queued =
                    p.kind == "below_cutoff" || (p.kind == "no_seats" && p.place.is_some());
                assert_eq!(p.gap_places.is_some(), queued, "seed {seed}: {p:?}");
                if let (Some(place), Some(last), Some(gap)) = (p.place, p.last_place, p.gap_places)
                {
                    assert_eq!(place, last + gap);
                    assert!(p.more_seats.is_none_or(|more| (1..=gap).contains(&more)));
                    gaps += 1;
                }
                if p.kind == "granted" {
                    assert!(p.place <= p.last_place, "seed {seed}: {p:?}");
                }
                let Some(least) = &p.least_total else { continue };
                let reached = |total: Score| {
                    let other = season.with_total(me, total);
                    let outcome = place_outcomes(&other).ok().map(|a| a.outcomes[at]);
                    outcome.and_then(|o| held(&season, &told, o)).is_some_and(|h| h <= index)
                };
                let below = |by: i32| Score::from_hundredths(least.total.hundredths() - by);
                assert!(reached(least.total), "seed {seed}: {p:?}");
                assert!(!reached(below(1)), "seed {seed}: {p:?}");
                if least.least_of_all {
                    let mine = season.applicants()[at].total;
                    let span = least.total.minus(mine).hundredths();
                    for part in 2..6 {
                        assert!(!reached(below(1 + span / part)), "seed {seed}: {p:?}");
                    }
                }
                claims += 1;
            }
        }
    }
    assert!(seasons > 200 && claims > 200 && gaps > 200, "{seasons} {claims} {gaps}");
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
