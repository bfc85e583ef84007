//! Races: many at once for few seats, for one publication, for the last second before the close.
//!
//! `LUQU_TRIALS` sets how often each is run; the short form is a few.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use luqu::acts::{ActError, ClassesAsked, RunOutcome, Upload};
use luqu::store::{Admission, ImportStatus, JobStatus, Store, Tx, WishLine, WishList};
use luqu_engine::domain::Table;
use tokio::task::JoinSet;

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};
use crate::registry_story::published;
use crate::store_world::{WORLD, admission, insert, sql};

/// Clients at once.
const CLIENTS: usize = 64;

fn trials() -> usize {
    std::env::var("LUQU_TRIALS").ok().and_then(|n| n.parse().ok()).unwrap_or(2)
}

/// An applicant of the bare season, beside those it has.
fn applicant(number: usize) -> String {
    let (id, hash) = (format!("'R{number:04}'"), format!("{{b:ff{number:04x}}}"));
    let row = [
        ("season_id", "'s'"),
        ("applicant_id", id.as_str()),
        ("name", "'x'"),
        ("person_hash", hash.as_str()),
        ("junior_id", "'J2'"),
        ("region", "'R1'"),
        ("fresh", "1"),
        ("attended", "1"),
        ("marks", "''"),
        ("bonus", "0"),
        ("total", "60000"),
        ("tie_class", "0"),
        ("quota_eligible", "1"),
        ("barred", "0"),
    ];
    insert("applicant", &row, &[])
}

#[test]
fn sixty_four_at_once_never_admit_more_than_the_plan() {
    for db in TestDb::all() {
        block_on(async {
            let store = Arc::new(db.open().await);
            for statement in WORLD.split(";\n").filter(|s| !s.trim().is_empty()) {
                store.execute_raw(&db.dialect(&sql(statement))).await.expect("the season");
            }
            for trial in 0..trials() {
                // A fresh line of ten seats, and everybody tries one of the numbers around them.
                let number = trial + 5;
                let line = format!(
                    "INSERT INTO plan_line (id, season_id, school_id, batch, category, quota, junior_id, seats, scope, \
                     approval_no, decision_id, decision_kind, decision_status, recorded_at) VALUES \
                     ({number}, 's', 'H1', 'key', 'unified', 0, '', 10, '', 'x', 4, 'correction', 'approved', 9)"
                );
                store.execute_raw(&line).await.expect("a line");
                let scope =
                    format!("INSERT INTO plan_scope (plan_id, region) VALUES ({number}, 'R1')");
                store.execute_raw(&scope).await.expect("a scope");
                let mut clients = JoinSet::new();
                for client in 0..CLIENTS {
                    let who = trial * CLIENTS + client;
                    let applicant = db.dialect(&applicant(who));
                    store.execute_raw(&applicant).await.expect("an applicant");
                    let seats: Vec<String> =
                        (0..12).map(|s| ((client + s) % 13).to_string()).collect();
                    let plan = number.to_string();
                    let id = format!("'R{who:04}'");
                    let tries: Vec<String> = seats
                        .iter()
                        .map(|seat| {
                            admission(&[
                                ("applicant_id", &id),
                                ("plan_id", &plan),
                                ("plan_seats", "10"),
                                ("seat_no", seat),
                            ])
                        })
                        .collect();
                    let store = Arc::clone(&store);
                    clients.spawn(async move {
                        let mut held = 0;
                        for attempt in tries {
                            held += u32::from(store.execute_raw(&attempt).await.is_ok());
                        }
                        held
                    });
                }
                let held: u32 = clients.join_all().await.iter().sum();
                assert_eq!(held, 10, "{}, trial {trial}", db.name);
            }
        });
    }
}

#[test]
fn rival_publications_have_one_winner() {
    let mut left = trials();
    while left > 0 {
        left = left.saturating_sub(rivals_of_a_season(left));
    }
}

/// Rivals for every batch of a season, on each database; how many batches that were.
fn rivals_of_a_season(most: usize) -> usize {
    let mut batches = 0;
    for db in TestDb::all() {
        batches = block_on(async {
            let world = World::new(&db, 60).await;
            world.bring_in().await;
            let batches: Vec<String> = world.batches().into_iter().take(most).collect();
            for batch in &batches {
                world.collect(batch).await;
                let (first, digest) = world.run(batch).await;
                let (second, _) = world.run(batch).await;
                for round in [first, second] {
                    world
                        .office
                        .sign(&world.clerk, &world.season, round, &digest)
                        .await
                        .expect("signed");
                }
                let mut rivals = JoinSet::new();
                for rival in 0..CLIENTS {
                    let round = if rival % 2 == 0 { first } else { second };
                    let (office, season) = (world.office.clone(), world.season.clone());
                    let (reviewer, digest) = (world.reviewer.clone(), digest.clone());
                    rivals.spawn(async move {
                        office.publish(&reviewer, &season, round, &digest).await.ok()
                    });
                }
                let won: Vec<usize> = rivals.join_all().await.into_iter().flatten().collect();
                assert_eq!(won.len(), 1, "{}: {won:?}", db.name);
                let held =
                    world.office.store().read().admissions(&world.season).await.expect("all");
                let here = held.iter().filter(|a| a.batch == *batch).count();
                assert_eq!(here, won[0], "{}: a publication is whole", db.name);
            }
            batches.len()
        });
    }
    batches
}

#[test]
fn wishes_at_the_close_are_all_in_or_refused() {
    (0..trials().div_ceil(2)).for_each(|_| writers_against_the_close());
}

fn writers_against_the_close() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 120).await;
            world.bring_in().await;
            let batch = world.batches().remove(0);
            let (office, season) = (&world.office, world.season.as_str());
            office.open_wishes(&world.clerk, season, &batch).await.expect("an opening");
            let known = office.current(season).await.expect("the season");
            let at = known.policy().batch_ix(&batch).expect("the batch");
            let school = known.plan().iter().find(|l| l.batch == at).map(|l| l.school);
            let school = school.map_or("", |s| known.school(s).id.as_str()).to_owned();
            let mut writers = JoinSet::new();
            for client in 0..CLIENTS {
                let (office, season, batch) = (office.clone(), season.to_owned(), batch.clone());
                let (clerk, applicant, school) =
                    (world.clerk.clone(), world.applicant(client), school.clone());
                writers.spawn(async move {
                    let wish = WishLine { position: 1, school, category: None, adjust: true };
                    let list = WishList { applicant: applicant.clone(), wishes: vec![wish] };
                    let done = office.submit_wishes(&clerk, &season, &batch, &[list]).await;
                    done.is_ok().then_some(applicant)
                });
            }
            tokio::task::yield_now().await;
            office.close_wishes(&world.clerk, season, &batch, None).await.expect("a close");
            let accepted: Vec<String> = writers.join_all().await.into_iter().flatten().collect();
            let closed = office.season_of_batch(season, &batch).await.expect("the season");
            for applicant in &accepted {
                let who = closed.find_applicant(applicant).expect("them");
                let wishes = closed.wishes_in(who, at);
                assert!(
                    matches!(wishes, [only] if only.adjust && closed.school(only.school).id == school),
                    "{}: an accepted wish was lost",
                    db.name
                );
            }
            let late = crate::http_kit::Client::anonymous(&world).signed_in("zhao").await;
            let place =
                format!("/v1/seasons/{season}/batches/{batch}/wishes/{}", world.applicant(0));
            let body = Some(serde_json::json!({"wishes": []}));
            late.send(Method::PUT, &place, body).await.must_be(409);
        });
    }
}

/// Keeps whoever wants to write waiting, and lets them go together.
pub(crate) struct Held {
    store: Store,
    writer: Option<Tx>,
}

impl Held {
    pub(crate) async fn new(db: &TestDb) -> Self {
        let store = db.open().await;
        let writer = if db.is_postgres() {
            store.execute_raw("SELECT pg_advisory_lock(20260705)").await.expect("the ledger");
            None
        } else {
            Some(store.write().await.expect("a transaction"))
        };
        Self { store, writer }
    }

    /// Lets them go when all of them have read what they read before they write.
    pub(crate) async fn release(self) {
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(self.writer);
        self.store.close().await.expect("an end");
    }
}

/// One of two was done, and the other was told that things have changed.
fn one_of_two<A, B>(first: &Result<A, ActError>, second: &Result<B, ActError>) {
    let told = |e: Option<&ActError>| e.is_none_or(|e| matches!(e, ActError::Conflict(_)));
    assert!(told(first.as_ref().err()), "{:?}", first.as_ref().err());
    assert!(told(second.as_ref().err()), "{:?}", second.as_ref().err());
    assert_ne!(first.is_ok(), second.is_ok());
}

/// A table of the made season as an import that is not in force yet, written a little differently.
pub(crate) async fn staged(world: &World, table: Table, name: &str, change: (&str, &str)) -> i64 {
    let Upload { name, bytes } = world.upload(table, name).expect("a table");
    let text = String::from_utf8(bytes).expect("text");
    assert!(text.contains(change.0), "{text}");
    let bytes = text.replace(change.0, change.1).into_bytes();
    let upload = vec![Upload { name, bytes }];
    let read = world.office.stage(&world.clerk, &world.season, upload).await.expect("a reading");
    assert_eq!(read.status, ImportStatus::Staged, "{:?}", read.loaded.faults);
    read.id
}

#[test]
fn an_import_and_the_opening_of_wishes_at_once_have_one_winner() {
    for undo in [false, true] {
        TestDb::all().iter().for_each(|db| import_against_the_opening(db, undo));
    }
}

fn import_against_the_opening(db: &TestDb, undo: bool) {
    block_on(async {
        let world = World::new(db, 60).await;
        world.bring_in().await;
        let (office, season, clerk) = (&world.office, world.season.as_str(), &world.clerk);
        let import = staged(&world, Table::Applicants, "applicants.csv", ("", "")).await;
        if undo {
            office.commit_import(clerk, season, import).await.expect("a commit");
        }
        let batch = world.batches().remove(0);
        let held = Held::new(db).await;
        let imported = async {
            match undo {
                true => office.undo_import(clerk, season, import).await,
                false => office.commit_import(clerk, season, import).await,
            }
        };
        let (opened, imported, ()) =
            tokio::join!(office.open_wishes(clerk, season, &batch), imported, held.release());
        one_of_two(&opened, &imported);
    });
}

#[test]
fn a_plan_that_changes_while_it_is_frozen_is_not_the_frozen_one() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 60).await;
            world.import().await;
            let (office, season, clerk) = (&world.office, world.season.as_str(), &world.clerk);
            let plan = staged(&world, Table::Plan, "plan.csv", ("2026", "2027")).await;
            let proposed = office.propose_freeze(clerk, season, "").await.expect("a proposal");
            let held = Held::new(&db).await;
            let (reviewer, decision) = (&world.reviewer, proposed.decision);
            let approval = office.approve_freeze(reviewer, season, decision, &proposed.digest);
            let imported = office.commit_import(clerk, season, plan);
            let (approved, imported, ()) = tokio::join!(approval, imported, held.release());
            one_of_two(&approved, &imported);
        });
    }
}

#[test]
fn two_runs_of_a_batch_at_once_are_one() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 60).await;
            world.bring_in().await;
            let batch = world.batches().remove(0);
            world.collect(&batch).await;
            let held = Held::new(&db).await;
            let run = || world.office.queue_run(&world.clerk, &world.season, &batch);
            let (first, second, ()) = tokio::join!(run(), run(), held.release());
            one_of_two(&first, &second);
        });
    }
}

#[test]
fn a_run_that_is_stopped_as_it_ends_leaves_no_round() {
    let Some(db) = TestDb::postgres() else { return };
    block_on(async {
        let world = World::new(&db, 60).await;
        world.bring_in().await;
        let batch = world.batches().remove(0);
        world.collect(&batch).await;
        let (office, season) = (&world.office, world.season.as_str());
        let id = office.queue_run(&world.clerk, season, &batch).await.expect("a job");
        let store = db.open().await;
        store.execute_raw("BEGIN; LOCK TABLE round IN SHARE MODE").await.expect("a lock");
        let stop = async {
            let read = office.store().read();
            while read.job(id).await.expect("jobs").is_none_or(|j| !j.step.contains("保存")) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            office.cancel_run(&world.clerk, season, id).await.expect("it is stopped");
            store.close().await.expect("an end");
        };
        let (worked, ()) = tokio::join!(office.work_once("test"), stop);
        assert_eq!(worked.expect("work"), Some((id, RunOutcome::Cancelled)));
        let read = office.store().read();
        assert_eq!(read.job(id).await.expect("jobs").expect("it").status, JobStatus::Cancelled);
        assert_eq!(read.rounds(season).await.expect("rounds"), []);
    });
}

#[test]
fn classes_formed_while_a_record_is_withdrawn_wait_for_each_other_in_one_order() {
    for db in TestDb::all() {
        block_on(async {
            let (world, admissions, school) = published(&db, 120).await;
            let (office, season, clerk) = (&world.office, world.season.as_str(), &world.clerk);
            let mine: Vec<&Admission> = admissions.iter().filter(|a| a.school == school).collect();
            for one in &mine {
                office.arrive(clerk, season, &one.applicant, true).await.expect("an arrival");
            }
            office.clear(clerk, season).await.expect("an audit");
            office.open_records(clerk, season, &school).await.expect("records");
            let asked = ClassesAsked::default();
            office.form_classes(clerk, season, &school, asked.clone()).await.expect("classes");
            let held = Held::new(&db).await;
            let withdrawn = async {
                // After the forming has come to where it waits.
                tokio::time::sleep(Duration::from_secs(1)).await;
                office.withdraw_record(clerk, season, &mine[0].applicant).await
            };
            let formed = office.form_classes(clerk, season, &school, asked);
            let (formed, withdrawn, ()) = tokio::join!(formed, withdrawn, held.release());
            withdrawn.expect("a withdrawal");
            assert!(matches!(formed, Ok(_) | Err(ActError::Conflict(_))), "{formed:?}");
        });
    }
}
