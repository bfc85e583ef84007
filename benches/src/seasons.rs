//! Whole seasons to measure: a realistic district, and one in which everything that makes a run general is there.

use luqu_engine::domain::draft::{
    ApplicantRow, Draft, PlanRow, QuotaRow, Rows, SchoolRow, SpecialScoreRow, WishRow,
};
use luqu_engine::domain::{Score, Season, Stage, Text};
use luqu_engine::policy::Policy;
use luqu_engine::quota;
use luqu_fixtures::{DistrictSpec, district, market_columns};

/// The categories of one school: open seats, cells, and what the cells return.
const GENERAL: &str = r#"[season]
id = "general"
district = "试区"
year = 2026
seed = "general"
[[batches]]
id = "b"
name = "批次"
priority = ["special", "lottery"]
seat_order = ["open", "quota", "returned"]
[categories.open]
name = "统招"
[categories.quota]
name = "指标到校"
by_junior = true
returns_to = "returned"
[categories.returned]
name = "配转统"
[quota]
category = "quota"
share = "0.5"
rounding = "half_up"
method = "matrix"
"#;
/// The junior schools of a general season.
const JUNIORS: u32 = 20;
/// The wishes of an applicant there.
const WISHES: u16 = 6;

/// A made district of so many applicants, its quota seats distributed; nothing if it has faults.
pub fn district_season(applicants: u32) -> Option<Season> {
    let source = district(&DistrictSpec::new(applicants, 7));
    let (season, _) = Season::check(source.policy, source.draft).ok()?;
    quota::distribute(&season).map(|d| quota::applied(&season, &d)).ok()
}

/// A season with an order of its own for every school, a cell for every junior school and seats that return;
/// nothing if it has faults.
pub fn general_season(applicants: usize) -> Option<Season> {
    let schools = u16::try_from((applicants / 500).max(20)).ok()?;
    let columns = market_columns(applicants, schools, WISHES, 7);
    let policy = Policy::load(GENERAL, None).ok()?;
    let mut draft = Draft::default();
    for junior in 0..JUNIORS {
        push(&mut draft.schools, school(format!("J{junior}"), Stage::Junior));
    }
    for (school, &seats) in columns.seats.iter().enumerate() {
        own_plan(&mut draft, &format!("S{school}"), seats);
    }
    for (at, &score) in columns.scores.iter().enumerate() {
        let id = format!("A{at:08}");
        let junior = (at as u32).wrapping_mul(2_654_435_761) % JUNIORS;
        let applicant = ApplicantRow {
            applicant_id: text(&id),
            name: text("考生"),
            junior_id: text(&format!("J{junior}")),
            region: text("R"),
            total: Some(Score::from_hundredths(i32::try_from(score).ok()?)),
            ..ApplicantRow::default()
        };
        push(&mut draft.applicants, applicant);
        let range = columns.offsets[at] as usize..columns.offsets[at + 1] as usize;
        for (&school, position) in columns.wishes[range].iter().zip(1..) {
            // The total, shifted by what this school thinks of this applicant.
            let mixed = (u64::from(school) << 32 | at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let special = score * 8 + (mixed >> 49) as u32;
            own_wish(&mut draft, &id, &format!("S{school}"), position, special);
        }
    }
    Season::check(policy, draft).ok().map(|(season, _)| season)
}

/// A senior school with its seats, half of them in cells.
fn own_plan(draft: &mut Draft, id: &str, seats: u32) {
    push(&mut draft.schools, school(id.to_owned(), Stage::Senior));
    let quota = seats / 2;
    for (category, seats) in [("open", seats - quota), ("quota", quota)] {
        let line = PlanRow {
            school_id: text(id),
            batch: text("b"),
            category: text(category),
            seats: Some(seats),
            document: text("文"),
            ..PlanRow::default()
        };
        push(&mut draft.plan, line);
    }
    for junior in 0..JUNIORS {
        let cell = QuotaRow {
            school_id: text(id),
            batch: text("b"),
            junior_id: text(&format!("J{junior}")),
            seats: Some(quota / JUNIORS + u32::from(junior < quota % JUNIORS)),
            ..QuotaRow::default()
        };
        push(&mut draft.quotas, cell);
    }
}

/// A wish, and the special scores by which the school orders whoever makes it.
fn own_wish(draft: &mut Draft, id: &str, school: &str, position: u16, special: u32) {
    let wish = WishRow {
        applicant_id: text(id),
        batch: text("b"),
        position: Some(position),
        school_id: text(school),
        ..WishRow::default()
    };
    push(&mut draft.wishes, wish);
    for category in ["open", "quota", "returned"] {
        let score = SpecialScoreRow {
            applicant_id: text(id),
            category: text(category),
            school_id: text(school),
            score: i32::try_from(special).ok().map(Score::from_hundredths),
            qualified: Some(true),
            test_date: None,
        };
        push(&mut draft.special_scores, score);
    }
}

fn school(id: String, stage: Stage) -> SchoolRow {
    SchoolRow {
        school_id: text(&id),
        name: text(&id),
        stage: Some(stage),
        region: text("R"),
        ..SchoolRow::default()
    }
}

fn text(text: &str) -> Option<Text> {
    Some(Text::from(text))
}

fn push<R>(rows: &mut Rows<R>, row: R) {
    rows.present = true;
    let number = u32::try_from(rows.rows.len() + 2).unwrap_or(u32::MAX);
    rows.rows.push((number, row));
}
