//! What is put right after publication, and that everything goes on behind it.

use std::collections::BTreeMap;

use luqu::acts::{ActError, Cleared, Mistake};
use luqu::store::{Admission, Mode};
use luqu_engine::domain::{ApplicantIx, BatchIx, Season};
use luqu_fixtures::DistrictSpec;

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};

/// The active admissions by applicant.
async fn held(world: &World) -> BTreeMap<String, Admission> {
    let all = world.office.store().read().admissions(&world.season).await.expect("admissions");
    all.into_iter().filter(|a| a.active).map(|a| (a.applicant.clone(), a)).collect()
}

async fn audited(world: &World) -> Cleared {
    let cleared = world.office.clear(&world.clerk, &world.season).await.expect("an audit");
    // Whatever two people decide is no sign of a hand in the database.
    let ledger = world.office.check_up().await.expect("the ledger");
    assert_eq!(ledger.findings, [""; 0]);
    let season = world.office.check_season(&world.season).await.expect("the season");
    assert_eq!(season, [""; 0]);
    cleared
}

async fn revoke(world: &World, applicant: &str) {
    let (office, season) = (&world.office, world.season.as_str());
    let proposed = office.propose_revocation(&world.clerk, season, applicant, "自愿放弃").await;
    let proposed = proposed.expect("a proposal");
    office
        .approve_revocation(&world.reviewer, season, proposed.decision, &proposed.digest)
        .await
        .expect("a revocation");
}

/// Puts a total right by two; how many seats it gave.
async fn correct(
    world: &World,
    batch: &str,
    applicant: &str,
    total: &str,
) -> Result<usize, ActError> {
    let (office, season) = (&world.office, world.season.as_str());
    let mistake = Mistake {
        batch: batch.to_owned(),
        applicant: applicant.to_owned(),
        total: total.parse().expect("a score"),
        approval_no: "綦教补〔2026〕1号".to_owned(),
        reason: "登分错误".to_owned(),
    };
    let (proposed, _) = office.propose_correction(&world.clerk, season, mistake).await?;
    office.approve_correction(&world.reviewer, season, proposed.decision, &proposed.digest).await
}

/// Those admitted to a school arrive, and whoever may has a record.
async fn register(world: &World, school: &str, besides: &str) -> usize {
    let (office, season) = (&world.office, world.season.as_str());
    for admission in held(world).await.into_values() {
        if admission.school == school && admission.applicant != besides {
            let applicant = &admission.applicant;
            office.arrive(&world.clerk, season, applicant, true).await.expect("an arrival");
        }
    }
    office.open_records(&world.clerk, season, school).await.expect("records").opened
}

/// Somebody with a first wish in a batch, for no category of its own, who holds what `holds` says.
fn somebody(season: &Season, batch: BatchIx, holds: impl Fn(&str) -> bool) -> Option<String> {
    let fits = |&i: &ApplicantIx| {
        let a = season.applicant(i);
        let first = season.wishes_in(i, batch).first();
        !a.barred && first.is_some_and(|w| w.category.is_none()) && holds(&a.id)
    };
    let found = (0..season.applicants().len()).map(ApplicantIx::from).find(fits)?;
    Some(season.applicant(found).id.to_string())
}

#[test]
fn the_gate_goes_on_after_a_revocation() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::lived(&db, 300).await;
            let first = audited(&world).await;
            let all = held(&world).await;
            assert_eq!((first.cleared, first.held), (all.len(), 0), "{}", db.name);
            // The best and the last of one school: both seats are free, and nobody stands in front of anybody.
            let school = &all.values().next().expect("an admission").school;
            let of_school = || all.values().filter(|a| a.school == *school);
            let best = of_school().max_by_key(|a| a.total).expect("somebody");
            let last = of_school().min_by_key(|a| a.total).expect("somebody");
            revoke(&world, &best.applicant).await;
            let second = audited(&world).await;
            assert_eq!((second.cleared, second.held), (all.len() - 1, 0), "{}", db.name);
            let opened = register(&world, school, &last.applicant).await;
            assert_eq!(opened, of_school().count() - 2);
            revoke(&world, &last.applicant).await;
            let third = audited(&world).await;
            assert_eq!((third.cleared, third.held), (all.len() - 2, 0), "{}", db.name);
            assert_eq!(third.registered, [""; 0]);
        });
    }
}

#[test]
fn a_corrected_pupil_passes_the_gate_once() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::lived(&db, 300).await;
            let (office, season) = (&world.office, world.season.as_str());
            let before = held(&world).await;
            let known = office.current(season).await.expect("the season");
            let unlucky = world.batches().into_iter().find_map(|b| {
                let at = known.policy().batch_ix(&b)?;
                Some((b, somebody(&known, at, |id| !before.contains_key(id))?))
            });
            let (batch, who) = unlucky.expect("somebody without a seat");
            assert!(correct(&world, &batch, &who, "749").await.expect("a correction") > 0);
            let found = audited(&world).await;
            let after = held(&world).await;
            assert_eq!((found.cleared, found.held), (after.len(), 0), "{:?}", found.violations);
            let school = &after[&who].school;
            register(&world, school, "").await;
            let records = office.store().read().records(season).await.expect("records");
            assert!(records.iter().any(|r| r.open && r.applicant == who), "{}", db.name);

            let again = correct(&world, &batch, &who, "749").await;
            assert!(matches!(again, Err(ActError::Conflict(_))), "{again:?}");
            let less = correct(&world, &batch, &who, "-1").await;
            assert!(matches!(less, Err(ActError::Conflict(_))), "{less:?}");
            assert_eq!(held(&world).await, after, "nothing was given twice");
        });
    }
}

#[test]
fn a_seat_that_was_published_and_not_due_stays_and_is_held_against_nobody() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::lived(&db, 300).await;
            let before = held(&world).await;
            let full = audited(&world).await;
            assert_eq!(full.held, 0);
            // Whoever holds a seat of the first batch turns out to have had almost nothing.
            let batch = &world.batches()[1];
            let lucky = before.values().filter(|a| a.batch == *batch).max_by_key(|a| a.total);
            let lucky = lucky.expect("a holder").applicant.clone();
            let given = correct(&world, batch, &lucky, "1").await.expect("a correction");
            let after = held(&world).await;
            assert!(given > 0, "somebody else was due a seat");
            assert_eq!(after[&lucky].school, before[&lucky].school, "it stays");
            let found = audited(&world).await;
            assert_eq!(
                (found.cleared, found.held),
                (after.len(), 0),
                "{given}: {:?}",
                found.violations
            );
        });
    }
}

#[test]
fn later_batches_go_on_after_a_correction_for_somebody_already_seated_there() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 600).await;
        world.bring_in().await;
        let batches = world.batches();
        let (last, earlier) = batches.split_last().expect("batches");
        for batch in earlier {
            world.collect(batch).await;
            world.publish(batch).await;
        }
        let seated = held(&world).await;
        let known = world.office.current(&world.season).await.expect("the season");
        // Seated in a later batch than one in which they had a wish.
        let moved = earlier.iter().enumerate().find_map(|(at, batch)| {
            let ix = known.policy().batch_ix(batch)?;
            let later = |id: &str| {
                let of = seated.get(id).and_then(|a| batches.iter().position(|b| *b == a.batch));
                of.is_some_and(|of| of > at)
            };
            Some((batch.clone(), somebody(&known, ix, later)?))
        });
        let (batch, who) = moved.expect("somebody seated later");
        assert!(correct(&world, &batch, &who, "749").await.expect("a correction") > 0);
        assert_eq!(held(&world).await[&who].batch, batch);
        world.collect(last).await;
        world.publish(last).await;
        assert_eq!(audited(&world).await.held, 0);
        // Who was seated there was revoked: the correction gives nothing to whoever has gone.
        revoke(&world, &who).await;
        let gone = correct(&world, &batch, &who, "748").await;
        assert!(matches!(gone, Err(ActError::Conflict(_))), "{gone:?}");
    });
}

#[test]
fn seats_of_lines_with_other_regions_are_dealt_so_that_all_are_seated() {
    for seed in [30, 31, 33] {
        let db = TestDb::sqlite();
        block_on(async {
            let world = World::of(&db, &DistrictSpec::new(600, seed)).await;
            assert!(world.live().await > 0, "{seed}");
        });
    }
}

#[test]
fn a_rehearsal_stands_in_nobodys_way() {
    let db = TestDb::sqlite();
    block_on(async {
        let mut world = World::lived(&db, 60).await;
        let school = held(&world).await.into_values().next().expect("an admission").school;
        audited(&world).await;
        let first = register(&world, &school, "").await;
        let second = format!("{}-2", world.season);
        let text = world.policy_text().replace(&world.season, &second);
        let created = world.office.create_season(&world.clerk, &text, Mode::Drill).await;
        world.season = created.expect("a season").id;
        world.live().await;
        audited(&world).await;
        assert_eq!((register(&world, &school, "").await, first > 0), (first, true));
    });
}
