//! Quota cells set by hand: the reason and the document stay with the cell, from the file of the office to the bundle.

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};
use luqu::acts::Upload;
use luqu::ledger::bundle::{Outside, check};
use luqu::tables::season_csv::table_csv;
use luqu_engine::domain::{Draft, Table};
use luqu_engine::policy::Policy;
use luqu_fixtures::{DistrictSpec, district};
use serde_json::Value;

use crate::acts_world::World;
use crate::bundle::{unzip, zipped};
use crate::databases::{TestDb, block_on};
use crate::http_kit::Client;

const REASON: &str = "并校，老校生源转入";
const DOCUMENT: &str = "教〔2026〕9号";

/// The made season with its distribution, in which one seat went from one cell to another by hand; the rows of both.
fn edited(applicants: u32) -> (Policy, Draft, [usize; 2]) {
    let source = district(&DistrictSpec::new(applicants, 7));
    let mut draft = source.draft;
    let rows = &draft.quotas.rows;
    let from = rows.iter().position(|(_, r)| r.seats > Some(0)).expect("a cell with seats");
    let same = |at: &usize| {
        let (one, other) = (&rows[from].1, &rows[*at].1);
        *at != from && (&one.school_id, &one.batch) == (&other.school_id, &other.batch)
    };
    let to = (0..rows.len()).find(same).expect("another cell of the school");
    for (at, by) in [(from, -1), (to, 1)] {
        let (_, row) = &mut draft.quotas.rows[at];
        row.seats = row.seats.and_then(|s| s.checked_add_signed(by));
        row.reason = Some(REASON.into());
        row.document = Some(DOCUMENT.into());
    }
    (source.policy, draft, [from, to])
}

/// The quota line of a school other than that of the edited cells waits for its seats and cells.
fn with_one_school_pending(policy: &Policy, draft: &mut Draft, edited: usize) {
    let busy = draft.quotas.rows[edited].1.school_id.clone();
    let by_junior = |c: &str| policy.category_ix(c).is_some_and(|c| policy.category(c).by_junior);
    let (_, line) = draft
        .plan
        .rows
        .iter_mut()
        .find(|(_, l)| l.school_id != busy && l.category.as_deref().is_some_and(by_junior))
        .expect("another school with quota seats");
    let (seats, school, batch) = (line.seats.take(), line.school_id.clone(), line.batch.clone());
    line.seats_blank = true;
    for (_, line) in &mut draft.plan.rows {
        let whole = (&line.school_id, &line.batch) == (&school, &batch)
            && line.category.as_deref() == Some("unified");
        line.seats = if whole { line.seats.zip(seats).map(|(a, b)| a + b) } else { line.seats };
    }
    draft.quotas.rows.retain(|(_, q)| (&q.school_id, &q.batch) != (&school, &batch));
}

/// Brings the plan with its cells, and has it frozen, and what waits distributed, by two.
async fn frozen(world: &World, policy: &Policy, draft: &Draft, pending: bool) {
    let (office, season) = (&world.office, world.season.as_str());
    let tables = [
        (Table::Schools, "schools.csv"),
        (Table::Plan, "plan.csv"),
        (Table::Graduates, "graduates.csv"),
        (Table::Quotas, "quotas.csv"),
    ];
    let upload = |(table, name): (Table, &str)| Upload {
        name: name.to_owned(),
        bytes: table_csv(table, policy, draft).expect("a table").expect("rows"),
    };
    let staged = office.stage(&world.clerk, season, tables.map(upload).to_vec()).await;
    let staged = staged.expect("a reading");
    let told = staged.loaded.faults.iter().filter(|f| f.fault.code.to_string() == "W512").count();
    assert_eq!(told, 2, "every edit is told of: {:#?}", staged.loaded.faults);
    office.commit_import(&world.clerk, season, staged.id).await.expect("a commit");
    if pending {
        return world.freeze().await;
    }
    let plan = office.propose_freeze(&world.clerk, season, "2026").await.expect("a proposal");
    let approved = office.approve_freeze(&world.reviewer, season, plan.decision, &plan.digest);
    approved.await.expect("an approval");
}

fn told(cells: &Value) -> Vec<[String; 3]> {
    let text = |v: &Value| v.as_str().expect("text").to_owned();
    let cells = cells.as_array().expect("cells").iter();
    cells
        .filter(|c| !c["edit_reason"].is_null() || !c["edit_document"].is_null())
        .map(|c| ["junior_id", "edit_reason", "edit_document"].map(|k| text(&c[k])))
        .collect()
}

#[test]
fn a_cell_set_by_hand_keeps_its_reason_and_document_to_the_bundle() {
    for db in TestDb::all() {
        block_on(kept(&db, false));
    }
}

#[test]
fn a_cell_set_by_hand_keeps_them_where_the_other_cells_are_distributed() {
    block_on(kept(&TestDb::sqlite(), true));
}

async fn kept(db: &TestDb, pending: bool) {
    let (policy, mut draft, at) = edited(150);
    let mut juniors = at.map(|at| draft.quotas.rows[at].1.junior_id.clone().expect("a code"));
    if pending {
        with_one_school_pending(&policy, &mut draft, at[0]);
    }
    juniors.sort();
    let world = World::new(db, 150).await;
    frozen(&world, &policy, &draft, pending).await;
    world.import_people().await;
    let batch = &world.batches()[0];
    world.collect(batch).await;
    world.publish(batch).await;

    let clerk = Client::anonymous(&world).signed_in("zhao").await;
    let cells = format!("/v1/seasons/{}/quotas", world.season);
    let mut shown = told(&clerk.get(&cells).await.must_be(200));
    shown.sort();
    let wanted = juniors.map(|j| [j.to_string(), REASON.to_owned(), DOCUMENT.to_owned()]);
    assert_eq!(shown, wanted, "{}", db.name);
    let csv = clerk.get(&format!("{cells}?format=csv")).await.text();
    assert_eq!(csv.matches(DOCUMENT).count() - csv.matches("手工调整：").count(), 2, "{csv}");
    let book = clerk.get(&format!("{cells}?format=xlsx")).await.bytes;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(book)).expect("a workbook");
    let sheet = book.worksheet_range("指标分配").expect("the sheet");
    let papers = |cell: &Data| *cell == Data::String(DOCUMENT.to_owned());
    assert_eq!(sheet.rows().flatten().filter(|cell| papers(cell)).count(), 2);

    // What is checked elsewhere is what was signed, with its papers; without them it is another season.
    let bundle = world.office.bundle(&world.clerk, &world.season).await.expect("a bundle");
    let mut files = unzip(&bundle);
    let whole = check(&bundle, &Outside::default()).expect("a bundle");
    assert_eq!((whole.findings, whole.rounds), (Vec::new(), 1), "{}", db.name);
    let cells = files.iter_mut().find(|(name, _)| name.ends_with("/season/quotas.csv"));
    let (_, cells) = cells.expect("the cells of the round");
    let text = String::from_utf8(cells.clone()).expect("text");
    assert_eq!(text.matches(&format!("{REASON},{DOCUMENT}")).count(), 2, "{text}");
    *cells = text.replace(REASON, "").replace(DOCUMENT, "").into_bytes();
    let found = check(&zipped(&files), &Outside::default()).expect("a bundle");
    assert!(!found.findings.is_empty(), "papers that were taken out went unnoticed");
}
