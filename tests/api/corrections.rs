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

/// Puts a total right by two; how many seats it gave.
async fn correct(world: &World, applicant: &str, total: &str) -> Result<usize, ActError> {
    let (office, season) = (&world.office, world.season.as_str());
    let mistake = world.mistake(applicant, total);
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
            world.revoke(&best.applicant).await;
            let second = audited(&world).await;
            assert_eq!((second.cleared, second.held), (all.len() - 1, 0), "{}", db.name);
            let opened = register(&world, school, &last.applicant).await;
            assert_eq!(opened, of_school().count() - 2);
            world.revoke(&last.applicant).await;
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
                somebody(&known, at, |id| !before.contains_key(id))
            });
            let who = unlucky.expect("somebody without a seat");
            assert!(correct(&world, &who, "749").await.expect("a correction") > 0);
            let found = audited(&world).await;
            let after = held(&world).await;
            assert_eq!((found.cleared, found.held), (after.len(), 0), "{:?}", found.violations);
            let school = &after[&who].school;
            register(&world, school, "").await;
            let records = office.store().read().records(season).await.expect("records");
            assert!(records.iter().any(|r| r.open && r.applicant == who), "{}", db.name);

            let again = correct(&world, &who, "749").await;
            assert!(matches!(again, Err(ActError::Conflict(_))), "{again:?}");
            let less = correct(&world, &who, "-1").await;
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
            let given = correct(&world, &lucky, "1").await.expect("a correction");
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
        assert!(correct(&world, &who, "749").await.expect("a correction") > 0);
        assert_eq!(held(&world).await[&who].batch, batch);
        world.collect(last).await;
        world.publish(last).await;
        assert_eq!(audited(&world).await.held, 0);
        // Who was seated there was revoked: the correction gives nothing to whoever has gone.
        world.revoke(&who).await;
        let gone = correct(&world, &who, "748").await;
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

/// Everybody at the gate is cleared.
async fn all_are_cleared(world: &World, when: &str) {
    let found = audited(world).await;
    let all = held(world).await.len();
    assert_eq!((found.cleared, found.held), (all, 0), "{when}: {:?}", found.violations);
}

#[test]
fn corrections_build_on_one_another_and_settle_everybody() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::lived(&db, 300).await;
            let before = held(&world).await;
            // Holders of one school turn out to have had nothing, one after another: each time somebody else is due.
            let school = &before.values().max_by_key(|a| a.total).expect("a seat").school;
            let holders: Vec<&Admission> =
                before.values().filter(|a| a.school == *school && a.position > 0).take(3).collect();
            let mut gained = std::collections::BTreeSet::new();
            for holder in &holders {
                let seats = held(&world).await;
                correct(&world, &holder.applicant, "0").await.expect("a correction");
                for (who, now) in held(&world).await {
                    if seats.get(&who).is_none_or(|was| was.id != now.id) && now.school == *school {
                        gained.insert(who);
                    }
                }
                all_are_cleared(&world, "a holder was corrected").await;
            }
            assert!(gained.len() >= holders.len(), "{}: {gained:?}", db.name);
            for holder in holders {
                assert_eq!(held(&world).await[&holder.applicant].id, holder.id, "nobody loses one");
            }
        });
    }
}

#[test]
fn a_mistyped_correction_and_a_corrected_pupil_who_leaves_harm_nobody() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::lived(&db, 300).await;
        let before = held(&world).await;
        let known = world.office.current(&world.season).await.expect("the season");
        let total = |who: &str| {
            let at = known.find_applicant(who).expect("somebody");
            known.applicant(at).total.to_string()
        };
        let late = before.values().find(|a| a.position > 1).expect("a later wish");
        let who = late.applicant.as_str();
        assert!(correct(&world, who, "749").await.expect("a mistyped one") > 0);
        all_are_cleared(&world, "mistyped").await;
        // Put back, the better seat stays: nobody loses one.
        let better = held(&world).await[who].clone();
        assert_ne!(better.id, late.id);
        correct(&world, who, &total(who)).await.expect("put back");
        all_are_cleared(&world, "put back").await;
        assert_eq!(held(&world).await[who].id, better.id);
        world.revoke(who).await;
        all_are_cleared(&world, "gone").await;
    });
}

#[test]
fn what_is_put_right_counts_in_what_is_published_later() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 600).await;
        world.bring_in().await;
        let batches = world.batches();
        let (first, later) = batches.split_first().expect("batches");
        let (office, season) = (&world.office, world.season.as_str());
        // Before anything is published a figure is put right all the same.
        office.open_wishes(&world.clerk, season, first).await.expect("an opening");
        let known = office.current(season).await.expect("the season");
        let best = known.applicants().iter().max_by_key(|a| a.total).expect("somebody");
        let best = best.id.to_string();
        assert_eq!(correct(&world, &best, "1").await.expect("a correction"), 0);
        office.close_wishes(&world.clerk, season, first, None).await.expect("a close");
        world.publish(first).await;
        world.collect(&later[0]).await;
        let known = office.current(season).await.expect("the season");
        // And between two batches, for somebody who holds nothing yet and would come first in the next.
        let seated = held(&world).await;
        let at = known.policy().batch_ix(&later[0]).expect("a batch");
        let free = known.applicants().iter().enumerate().filter(|(i, a)| {
            !seated.contains_key(a.id.as_str())
                && !a.barred
                && a.id != best.as_str()
                && !known.wishes_in((*i).into(), at).is_empty()
        });
        let (_, top) = free.max_by_key(|(_, a)| a.total).expect("somebody free");
        correct(&world, &top.id, "2").await.expect("a correction");
        world.publish(&later[0]).await;
        for batch in &later[1..] {
            world.collect(batch).await;
            world.publish(batch).await;
        }
        let all = held(&world).await;
        let lowest = all.values().map(|a| a.total).min().expect("seats");
        for who in [best.as_str(), top.id.as_str()] {
            let total = all.get(who).map(|a| a.total);
            assert!(total.is_none_or(|t| t <= 200 && t == lowest), "{who} sits with {total:?}");
        }
        all_are_cleared(&world, "after all batches").await;
        let now = office.current(season).await.expect("the season");
        let told = now.applicant(now.find_applicant(&best).expect("the best")).total;
        assert_eq!(office.right_totals(season).await.expect("totals")[&best], told);
    });
}

#[test]
fn a_seat_beyond_the_approved_classes_stops_nothing() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::lived(&db, 600).await;
        let known = world.office.current(&world.season).await.expect("the season");
        let before = held(&world).await;
        // A line whose classes are full to the last seat, and somebody with a wish for it in front of their own seat.
        let cap = known.policy().class_cap();
        let full =
            known.plan().iter().filter(|l| l.classes.is_some_and(|c| l.seats == Some(c * cap)));
        let wanted = full.into_iter().find_map(|line| {
            let wants = |i: &ApplicantIx| {
                let a = known.applicant(*i);
                let first = known.wishes_in(*i, line.batch).first();
                !a.barred
                    && !before.contains_key(a.id.as_str())
                    && first.is_some_and(|w| w.school == line.school && w.category.is_none())
            };
            (0..known.applicants().len()).map(ApplicantIx::from).find(wants)
        });
        // Made districts have such lines or not; the first wish of anybody will do where they have none.
        let who = wanted.map(|i| known.applicant(i).id.to_string()).or_else(|| {
            let mut batches = (0..known.policy().batches.len()).map(BatchIx::from);
            batches.find_map(|b| somebody(&known, b, |id| !before.contains_key(id)))
        });
        let who = who.expect("somebody without a seat");
        assert!(correct(&world, &who, "749").await.expect("a correction") > 0);
        all_are_cleared(&world, "one more seat").await;
    });
}

#[test]
fn figures_that_cannot_be_are_refused() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::lived(&db, 60).await;
        let (office, season) = (&world.office, world.season.as_str());
        let who = world.applicant(0);
        let right = world.mistake(&who, "600");
        let subject = right.marks.keys().next().expect("a subject").clone();
        let refused = [
            Mistake { total: "9999".parse().expect("a score"), ..right.clone() },
            Mistake {
                marks: [(subject, "9999".parse().expect("a score"))].into(),
                ..right.clone()
            },
            Mistake {
                marks: [("wood".to_owned(), "1".parse().expect("a score"))].into(),
                ..right.clone()
            },
            Mistake { applicant: "nobody".to_owned(), ..right },
        ];
        for mistake in refused {
            let told = office.propose_correction(&world.clerk, season, mistake).await;
            assert!(told.is_err(), "{told:?}");
        }
    });
}
