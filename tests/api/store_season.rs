//! A season stored and read back is the same season, by the digests of all its tables.

use luqu::store::{
    Account, Calendar, CellEdit, DecisionKind, Intake, Mode, Proposal, Role, SealedId, SeasonRow,
    SeatLine, Store, WishLine, WishList,
};
use luqu_engine::domain::{Applicant, BatchIx, Season, Table, Text};
use luqu_engine::verify::table_digest;
use luqu_fixtures::{DistrictSpec, district};

use crate::databases::{TestDb, block_on};

const TABLES: [Table; 9] = [
    Table::Schools,
    Table::Plan,
    Table::Graduates,
    Table::Quotas,
    Table::Applicants,
    Table::Wishes,
    Table::SpecialScores,
    Table::Restrictions,
    Table::TieDecisions,
];

fn season(applicants: u32) -> Season {
    let source = district(&DistrictSpec::new(applicants, 7));
    Season::check(source.policy, source.draft).expect("a made season has no faults").0
}

/// Two people of the office, the season, its plan by a decision of both, its applicants.
async fn stored(store: &Store, season: &Season) {
    let policy = season.policy();
    let tx = store.write().await.expect("a transaction");
    for (name, role) in [("zhao", Role::Clerk), ("qian", Role::Reviewer)] {
        let account = Account {
            name: name.to_owned(),
            display: name.to_owned(),
            role,
            school: None,
            password_hash: String::new(),
            must_change: false,
            disabled: false,
        };
        tx.create_account(&account, 1).await.expect("an account");
    }
    let row = SeasonRow {
        id: policy.id.to_string(),
        district: policy.district.to_string(),
        year: policy.year,
        mode: Mode::Drill,
        policy: policy.text.clone(),
    };
    tx.create_season(&row, "zhao", 1).await.expect("a season");
    let proposal = Proposal {
        season: &policy.id,
        kind: DecisionKind::FreezePlan,
        digest: &"0".repeat(64),
        note: "",
        body: "",
        by: "zhao",
        at: 1,
    };
    let decision = tx.propose(&proposal).await.expect("a proposal");
    assert!(tx.approve(decision, "qian", 2).await.expect("an approval"));
    tx.store_schools(season).await.expect("schools");
    tx.store_flows(policy, decision).await.expect("flows");
    tx.store_plan(season, decision, DecisionKind::FreezePlan, 2).await.expect("a plan");
    let intake = |a: &Applicant| Intake {
        sealed: SealedId {
            cipher: a.id_number.as_ref().map(|n| n.as_bytes().to_vec()),
            person: a.id.as_bytes().to_vec(),
            lookup: None,
        },
        quota_eligible: !a.quota_ineligible,
    };
    let intakes = season.applicants().iter().map(intake).collect();
    tx.store_applicants(season, intakes).await.expect("applicants");
    for (at, batch) in policy.batches.iter().enumerate() {
        let lists = WishList::all_of(season, BatchIx::from(at));
        tx.open_window(&policy.id, &batch.id, Calendar::default(), 3).await.expect("a window");
        tx.store_wishes(&policy.id, &batch.id, &lists, "zhao", 3).await.expect("wishes");
    }
    tx.commit().await.expect("a commit");
}

async fn read_back(store: &Store, season: &Season) -> Season {
    let open = |sealed: &[u8]| String::from_utf8(sealed.to_vec()).ok();
    let draft = store.read().draft(season.policy(), &open).await.expect("a draft");
    Season::check(season.policy().clone(), draft).expect("the season that was stored").0
}

#[test]
fn a_season_reads_back_as_it_was_stored() {
    let season = season(400);
    for db in TestDb::all() {
        block_on(async {
            let store = db.open().await;
            stored(&store, &season).await;
            let again = read_back(&store, &season).await;
            for table in TABLES {
                assert_eq!(
                    table_digest(&again, table),
                    table_digest(&season, table),
                    "{}: {table:?}",
                    db.name
                );
            }
        });
    }
}

#[test]
fn the_latest_version_of_wishes_counts() {
    let season = season(60);
    let line = &season.plan()[0];
    let (batch, applicant) = (&season.policy().batch(line.batch).id, &season.applicants()[0].id);
    for db in TestDb::all() {
        block_on(async {
            let store = db.open().await;
            stored(&store, &season).await;
            let wish = WishLine {
                position: 1,
                school: season.school(line.school).id.to_string(),
                category: None,
                adjust: true,
            };
            for wishes in [vec![], vec![wish]] {
                let list = WishList { applicant: applicant.to_string(), wishes: wishes.clone() };
                let tx = store.write().await.expect("a transaction");
                let id = &season.policy().id;
                tx.store_wishes(id, batch, &[list], "zhao", 4).await.expect("wishes");
                tx.commit().await.expect("a commit");
                let again = read_back(&store, &season).await;
                let found =
                    again.wishes_in(again.find_applicant(applicant).expect("them"), line.batch);
                assert_eq!(found.len(), wishes.len(), "{}", db.name);
            }
        });
    }
}

#[test]
fn what_is_not_committed_is_not_there() {
    let season = season(60);
    for db in TestDb::all() {
        block_on(async {
            let store = db.open().await;
            let tx = store.write().await.expect("a transaction");
            let row = SeasonRow {
                id: "s".to_owned(),
                district: "D".to_owned(),
                year: 2026,
                mode: Mode::Drill,
                policy: String::new(),
            };
            tx.create_season(&row, "zhao", 1).await.expect("a season");
            drop(tx);
            stored(&store, &season).await;
            let seasons = store.read().seasons().await.expect("seasons");
            assert_eq!(seasons.len(), 1, "{}", db.name);
        });
    }
}

#[test]
fn a_correction_stands_beside_the_document_of_a_cell_set_by_hand() {
    let source = district(&DistrictSpec::new(60, 7));
    let mut draft = source.draft;
    let (_, cell) = &mut draft.quotas.rows[0];
    (cell.reason, cell.document) = (Some("并校".into()), Some("教〔2026〕9号".into()));
    let cell = cell.clone();
    let season = Season::check(source.policy, draft).expect("no faults that block").0;
    for db in TestDb::all() {
        block_on(async {
            let store = db.open().await;
            stored(&store, &season).await;
            let id = &season.policy().id;
            let of = |c: &Option<Text>| c.as_deref().map(str::to_owned).unwrap_or_default();
            let lines = store.read().seat_lines(id).await.expect("lines");
            let edits: Vec<_> = lines.iter().filter_map(|l| Some((l, l.edit.as_ref()?))).collect();
            let [(line, edit)] = edits[..] else { panic!("{}: {edits:?}", db.name) };
            let wanted = CellEdit { reason: of(&cell.reason), document: of(&cell.document) };
            assert_eq!(*edit, wanted, "{}", db.name);
            assert_eq!(line.junior.as_deref(), cell.junior_id.as_deref(), "{}", db.name);

            let tx = store.write().await.expect("a transaction");
            let proposal = Proposal {
                season: id,
                kind: DecisionKind::Correction,
                digest: &"0".repeat(64),
                note: "",
                body: "",
                by: "zhao",
                at: 4,
            };
            let decision = tx.propose(&proposal).await.expect("a proposal");
            assert!(tx.approve(decision, "qian", 5).await.expect("an approval"));
            let more = SeatLine {
                seats: 1,
                approval_no: "更正1号".to_owned(),
                edit: None,
                ..line.clone()
            };
            tx.store_supplementary(id, &more, decision, 5).await.expect("a line");
            tx.commit().await.expect("a commit");

            let draft = store.read().plan_draft(id).await.expect("a draft");
            let with_papers = draft.quotas.rows.iter().filter(|(_, q)| q.reason.is_some());
            let [(_, now)] = with_papers.collect::<Vec<_>>()[..] else { panic!("{}", db.name) };
            assert_eq!(now.seats, cell.seats.map(|s| s + 1), "{}", db.name);
            assert_eq!(now.reason, cell.reason, "{}", db.name);
            assert_eq!(now.document.as_deref(), Some("教〔2026〕9号；更正1号"), "{}", db.name);
        });
    }
}
