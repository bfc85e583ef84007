//! A season from its first file to its last registry record, by the acts of the office, on every database.

use luqu::acts::{ActError, Upload};
use luqu::store::{Admission, ImportStatus, RoundStatus};

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};

#[test]
fn a_season_runs_from_import_to_registry() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 400).await;
            let (office, season) = (&world.office, world.season.as_str());
            let admitted = world.live().await;
            let admissions = office.store().read().admissions(season).await.expect("admissions");
            assert_eq!(admissions.len(), admitted, "{}", db.name);
            assert!(admitted > 200, "{}: {admitted}", db.name);
            let vacancies = office.vacancies(season).await.expect("vacancies");
            let held: u32 = vacancies.iter().map(|v| v.held).sum();
            assert_eq!(held as usize, admitted);

            let school = admissions[0].school.clone();
            let cleared = office.clear(&world.clerk, season).await.expect("an audit");
            assert_eq!(cleared.cleared, admitted, "{:?}", cleared.violations);
            let mine: Vec<_> = admissions.iter().filter(|a| a.school == school).collect();
            for admission in &mine[1..] {
                office
                    .arrive(&world.clerk, season, &admission.applicant, true)
                    .await
                    .expect("them");
            }
            let opened = office.open_records(&world.clerk, season, &school).await.expect("records");
            assert_eq!(opened.opened, mine.len() - 1);
            assert_eq!(opened.refused, [(mine[0].applicant.clone(), "尚未报到")]);
            // Nobody gets a second one.
            let again = office.open_records(&world.clerk, season, &school).await.expect("records");
            assert_eq!(again.opened, 0);

            // An arrival under a record stays; a revocation takes all of it away and frees the seat.
            let one = &mine[1].applicant;
            let kept = office.arrive(&world.clerk, season, one, false).await;
            assert!(matches!(kept, Err(ActError::Conflict(_))), "{kept:?}");
            let proposed = office
                .propose_revocation(&world.clerk, season, one, "冒名顶替")
                .await
                .expect("a proposal");
            let alone = office
                .approve_revocation(&world.clerk, season, proposed.decision, &proposed.digest)
                .await;
            assert!(matches!(alone, Err(ActError::NotPermitted(_))), "{alone:?}");
            office
                .approve_revocation(&world.reviewer, season, proposed.decision, &proposed.digest)
                .await
                .expect("a revocation");
            let records = office.store().read().records(season).await.expect("records");
            assert!(records.iter().all(|r| r.applicant != *one || !r.open));
            let after = office.vacancies(season).await.expect("vacancies");
            assert_eq!(after.iter().map(|v| v.held).sum::<u32>() + 1, held);
        });
    }
}

#[test]
fn faults_stand_at_their_cells_and_are_never_in_force() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let bytes = b"school_id,name,stage,region\nS1,,senior,R\n".to_vec();
        let upload = Upload { name: "schools.csv".to_owned(), bytes };
        let staged = world.office.stage(&world.clerk, &world.season, vec![upload]).await;
        let staged = staged.expect("a reading");
        assert_eq!(staged.status, ImportStatus::Refused);
        let places: Vec<String> = staged.loaded.faults.iter().map(|f| f.place()).collect();
        assert!(places.contains(&"schools.csv:2:name".to_owned()), "{places:?}");
        let (office, season) = (&world.office, world.season.as_str());
        let committed = office.commit_import(&world.clerk, season, staged.id).await;
        assert!(matches!(committed, Err(ActError::Conflict(_))), "{committed:?}");
        let undone = office.undo_import(&world.clerk, season, staged.id).await;
        assert!(matches!(undone, Err(ActError::Conflict(_))), "{undone:?}");
        assert!(office.store().read().committed(season).await.expect("imports").is_empty());
        for name in ["../x.csv", "x.xls", ".csv", "a/b.csv", "x", "a\n.csv"] {
            let upload = Upload { name: name.to_owned(), bytes: vec![] };
            let refused = world.office.stage(&world.clerk, &world.season, vec![upload]).await;
            assert!(refused.is_err(), "{name}");
        }
        let twice = ["schools.csv", "Schools.CSV"]
            .map(|name| Upload { name: name.to_owned(), bytes: b"school_id\n".to_vec() });
        let refused = office.stage(&world.clerk, season, twice.to_vec()).await;
        assert!(matches!(refused, Err(ActError::Conflict(_))), "{refused:?}");
    });
}

#[test]
fn the_order_of_the_season_is_kept() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let (office, season) = (&world.office, world.season.as_str());
        let (clerk, reviewer) = (&world.clerk, &world.reviewer);
        let batches = world.batches();
        let early = office.open_wishes(clerk, season, &batches[0]).await;
        assert!(matches!(early, Err(ActError::Conflict(_))), "{early:?}");
        world.import().await;
        let unfrozen = office.propose_quota(clerk, season, "").await;
        assert!(matches!(unfrozen, Err(ActError::Conflict(_))), "{unfrozen:?}");
        let proposed = office.propose_freeze(clerk, season, "").await.expect("a proposal");
        let digest = &proposed.digest;
        let twice = office.propose_freeze(clerk, season, "").await.expect("another proposal");
        let own = office.approve_freeze(clerk, season, proposed.decision, digest).await;
        assert!(matches!(own, Err(ActError::NotPermitted(_))), "{own:?}");
        let other =
            office.approve_freeze(reviewer, season, proposed.decision, &"0".repeat(64)).await;
        assert!(matches!(other, Err(ActError::Conflict(_))), "{other:?}");
        office.approve_freeze(reviewer, season, proposed.decision, digest).await.expect("approved");
        let again = office.approve_freeze(reviewer, season, proposed.decision, digest).await;
        assert!(matches!(again, Err(ActError::Conflict(_))), "{again:?}");
        let twice = office.approve_freeze(reviewer, season, twice.decision, &twice.digest).await;
        assert!(
            matches!(&twice, Err(ActError::Conflict(words)) if words.contains("已经冻结")),
            "{twice:?}"
        );
        let quota = office.propose_quota(clerk, season, "").await.expect("a distribution");
        office
            .approve_quota(reviewer, season, quota.decision, &quota.digest)
            .await
            .expect("approved");
        world.import_people().await;
        let open = office.queue_run(clerk, season, &batches[0]).await;
        assert!(matches!(open, Err(ActError::Conflict(_))), "{open:?}");
        world.collect(&batches[0]).await;
        world.collect(&batches[1]).await;
        let skipped = office.queue_run(clerk, season, &batches[1]).await;
        assert!(matches!(skipped, Err(ActError::Conflict(_))), "{skipped:?}");

        // Two runs of one batch, of which one is published; the other can only be given up.
        let (first, digest) = world.run(&batches[0]).await;
        let (second, same) = world.run(&batches[0]).await;
        assert_eq!(digest, same, "a second run gives the same answer");
        for round in [first, second] {
            office.sign(clerk, season, round, &digest).await.expect("a signature");
        }
        let own = office.publish(clerk, season, first, &digest).await;
        assert!(matches!(own, Err(ActError::NotPermitted(_))), "{own:?}");
        office.publish(reviewer, season, first, &digest).await.expect("published");
        let twice = office.publish(reviewer, season, second, &digest).await;
        assert!(twice.is_err(), "a batch was published twice");
        office.discard(clerk, season, second).await.expect("given up");
        let gone = office.discard(clerk, season, first).await;
        assert!(matches!(gone, Err(ActError::Conflict(_))), "{gone:?}");
        let rounds = office.store().read().rounds(season).await.expect("rounds");
        let statuses: Vec<RoundStatus> = rounds.iter().map(|r| r.status).collect();
        assert_eq!(statuses, [RoundStatus::Published, RoundStatus::Discarded]);
    });
}

#[test]
fn a_mistake_is_put_right_and_nobody_loses_a_seat() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 300).await;
            let (office, season) = (&world.office, world.season.as_str());
            world.live().await;
            let batches = world.batches();
            let before = office.store().read().admissions(season).await.expect("admissions");
            // Somebody who holds nothing turns out to have the best score of all.
            let known = office.current(season).await.expect("the season");
            let applicant = batches
                .iter()
                .filter_map(|b| {
                    let at = known.policy().batch_ix(b)?;
                    let unlucky = (0..known.applicants().len()).map(|i| i.into()).find(|&i| {
                        let a = known.applicant(i);
                        !a.barred
                            && known.wishes_in(i, at).first().is_some_and(|w| w.category.is_none())
                            && before.iter().all(|x| x.applicant != a.id.as_str())
                    })?;
                    Some(known.applicant(unlucky).id.to_string())
                })
                .next()
                .expect("somebody without a seat");
            let mistake = world.mistake(&applicant, "749");
            let (proposed, differs) =
                office.propose_correction(&world.clerk, season, mistake).await.expect("a proposal");
            assert!(differs.iter().any(|d| d.applicant == applicant && d.gains), "{differs:?}");
            let (decision, digest) = (proposed.decision, proposed.digest.as_str());
            let own = office.approve_correction(&world.clerk, season, decision, digest).await;
            assert!(matches!(own, Err(ActError::NotPermitted(_))), "{own:?}");
            let given = office
                .approve_correction(&world.reviewer, season, decision, digest)
                .await
                .expect("an approval");
            assert_eq!(given, differs.iter().filter(|d| d.gains).count());
            let after = office.store().read().admissions(season).await.expect("admissions");
            let seat = |all: &[Admission], who: &str| {
                all.iter()
                    .find(|a| a.active && a.applicant == who)
                    .map(|a| (a.school.clone(), a.position))
            };
            assert!(seat(&after, &applicant).is_some(), "{}", db.name);
            for one in &before {
                assert!(seat(&after, &one.applicant).is_some(), "{} lost a seat", one.applicant);
            }
            // The published round stays what it was.
            let rounds = office.store().read().rounds(season).await.expect("rounds");
            assert!(rounds.iter().all(|r| r.status == RoundStatus::Published));
        });
    }
}
