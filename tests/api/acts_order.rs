//! Acts that come twice, late or out of order.

use luqu::acts::{ActError, Actor, SlipsAsked};
use luqu::store::{Role, RoundStatus};
use luqu_engine::rules::{Code, Violation};

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};

#[test]
fn a_plan_gets_its_lines_once() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 60).await;
            let (office, season) = (&world.office, world.season.as_str());
            let (clerk, reviewer) = (&world.clerk, &world.reviewer);
            world.import().await;
            let frozen = office.propose_freeze(clerk, season, "").await.expect("a proposal");
            let freeze =
                office.approve_freeze(reviewer, season, frozen.decision, &frozen.digest).await;
            freeze.expect("an approval");
            let first = office.propose_quota(clerk, season, "").await.expect("a proposal");
            let second = office.propose_quota(clerk, season, "").await.expect("another");
            assert_eq!(first.digest, second.digest, "the second click is the same");
            let once = office.approve_quota(reviewer, season, first.decision, &first.digest).await;
            once.expect("an approval");
            let lines = office.store().read().seat_lines(season).await.expect("lines");
            let twice =
                office.approve_quota(reviewer, season, second.decision, &second.digest).await;
            assert!(matches!(twice, Err(ActError::Conflict(_))), "{}: {twice:?}", db.name);
            let still = office.store().read().seat_lines(season).await.expect("lines");
            assert_eq!(still, lines, "{}", db.name);
        });
    }
}

#[test]
fn ties_of_a_later_batch_change_nothing_of_an_earlier_one() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 120).await;
        world.bring_in().await;
        let (office, season) = (&world.office, world.season.as_str());
        let [first, second, ..] = &world.batches()[..] else { panic!("two batches") };
        world.collect(first).await;
        world.publish(first).await;
        let tied = [world.applicant(0), world.applicant(1)];
        let document = "綦招办〔2026〕3号";
        office.decide_ties(&world.clerk, season, second, &tied, document).await.expect("an order");
        let again = office.decide_ties(&world.clerk, season, second, &tied[..1], document).await;
        assert!(matches!(again, Err(ActError::Conflict(_))), "{again:?}");
        let rounds = office.store().read().rounds(season).await.expect("rounds");
        let published = rounds.iter().find(|r| r.status == RoundStatus::Published).expect("one");
        let again = office.recompute(season, published.id).await.expect("computed again");
        assert!(again.same, "what went into the first batch is as it was");
        world.collect(second).await;
        world.publish(second).await;
    });
}

#[test]
fn no_batch_opens_behind_one_that_is_published() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 120).await;
        world.bring_in().await;
        let [first, second, third, ..] = &world.batches()[..] else { panic!("three batches") };
        // A batch may be left out, and then it is.
        world.collect(second).await;
        world.publish(second).await;
        let late = world.office.open_wishes(&world.clerk, &world.season, first).await;
        assert!(
            matches!(&late, Err(ActError::Conflict(words)) if words.contains("已经公布")),
            "{late:?}"
        );
        world.collect(third).await;
        world.publish(third).await;
    });
}

#[test]
fn seats_that_were_given_up_are_there_for_supplementary_wishes() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 300).await;
        world.bring_in().await;
        let (office, season) = (&world.office, world.season.as_str());
        let batches = world.batches();
        let (last, earlier) = batches.split_last().expect("batches");
        for batch in earlier {
            world.collect(batch).await;
            world.publish(batch).await;
        }
        let known = office.current(season).await.expect("the season");
        let all = office.store().read().admissions(season).await.expect("admissions");
        let best = all.iter().filter(|a| a.category == "unified").max_by_key(|a| a.total);
        let school = &best.expect("a seat").school;
        // Two who hold a seat of the best school leave, and two without a seat wish for it.
        let gone: Vec<_> =
            all.iter().filter(|a| a.school == *school && a.category == "unified").take(2).collect();
        for seat in &gone {
            world.revoke(&seat.applicant).await;
        }
        let free: Vec<String> = known
            .applicants()
            .iter()
            .filter(|a| !a.barred && all.iter().all(|x| x.applicant != a.id.as_str()))
            .map(|a| a.id.to_string())
            .take(3)
            .collect();
        office.open_wishes(&world.clerk, season, last).await.expect("an opening");
        let lists = free.iter().map(|applicant| luqu::store::WishList {
            applicant: applicant.clone(),
            wishes: vec![luqu::store::WishLine {
                position: 1,
                school: school.clone(),
                category: None,
                adjust: false,
            }],
        });
        let lists: Vec<_> = lists.collect();
        office.submit_wishes(&world.clerk, season, last, &lists).await.expect("wishes");
        office.close_wishes(&world.clerk, season, last, None).await.expect("a close");
        world.publish(last).await;
        let now = office.store().read().admissions(season).await.expect("admissions");
        let new: Vec<_> =
            now.iter().filter(|a| a.active && a.batch == *last && a.school == *school).collect();
        assert_eq!(new.len(), 2, "the two seats that were given up");
        let seats: std::collections::BTreeSet<_> =
            new.iter().map(|a| (a.plan, a.seat_no)).collect();
        let left: std::collections::BTreeSet<_> =
            gone.iter().map(|a| (a.plan, a.seat_no)).collect();
        assert_eq!(seats, left, "no seat is made");
        assert_eq!(office.clear(&world.clerk, season).await.expect("an audit").held, 0);
        let vacant = office.vacancies(season).await.expect("vacancies");
        let of_school = vacant.iter().filter(|v| v.school == *school && v.category == "unified");
        assert_eq!(of_school.map(|v| v.vacant).sum::<u32>(), 0);
    });
}

#[test]
fn what_was_changed_behind_the_signatures_clears_nobody() {
    for (triggers, change) in [
        (
            &["admission_fixed", "admission_forward"][..],
            "UPDATE admission SET total = total + 100 WHERE id = 1",
        ),
        (&["plan_line_fixed"], "UPDATE plan_line SET approval_no = '0' WHERE id = 1"),
        (
            &["applicant_fixed"],
            "UPDATE applicant SET total = total - 1 WHERE applicant_id = \
            (SELECT applicant_id FROM admission WHERE id = 1)",
        ),
    ] {
        let db = TestDb::sqlite();
        block_on(async {
            let world = World::lived(&db, 120).await;
            let (office, season) = (&world.office, world.season.as_str());
            let before = office.clear(&world.clerk, season).await.expect("an audit");
            assert!(before.cleared > 0 && before.violations.is_empty());
            for trigger in triggers {
                let dropped = office.store().execute_raw(&format!("DROP TRIGGER {trigger}")).await;
                dropped.expect("a trigger");
            }
            office.store().execute_raw(change).await.expect("a change");
            match office.clear(&world.clerk, season).await {
                Ok(found) => {
                    assert_eq!(found.cleared, 0, "{change}");
                    let tampered = |v: &Violation| v.code == Code::V17;
                    assert!(
                        found.violations.iter().any(tampered),
                        "{change}: {:?}",
                        found.violations
                    );
                }
                // Figures that no longer add up are no season at all.
                Err(refused) => assert!(matches!(refused, ActError::Faults(_)), "{refused:?}"),
            }
        });
    }
}

#[test]
fn the_feed_knows_its_own_cursors_alone() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::lived(&db, 60).await;
        let (office, season) = (&world.office, world.season.as_str());
        let li = Actor { name: "li".to_owned(), role: Role::Machine, school: None };
        let page = office.feed(&li, season, None, 5).await.expect("a page");
        let next = page.next.expect("a cursor");
        assert!(office.feed(&li, season, Some(&next), 5).await.is_ok());
        // As after a backup was restored: beyond the end, or of another entry at its number.
        let (place, mark) = next.rsplit_once('.').expect("a mark");
        let turned: String = mark.chars().rev().collect();
        for strange in [format!("999999.0.{mark}"), format!("{place}.{turned}"), place.to_owned()] {
            let told = office.feed(&li, season, Some(&strange), 5).await;
            assert!(matches!(told, Err(ActError::Conflict(_))), "{strange}: {told:?}");
        }
    });
}

#[test]
fn nothing_is_published_before_what_was_opened_in_front_of_it() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 120).await;
        world.bring_in().await;
        let (office, season) = (&world.office, world.season.as_str());
        let [first, second, ..] = &world.batches()[..] else { panic!("two batches") };
        world.collect(second).await;
        let (round, digest) = world.run(second).await;
        office.sign(&world.clerk, season, round, &digest).await.expect("a signature");
        office.open_wishes(&world.clerk, season, first).await.expect("an opening");
        let late = office.publish(&world.reviewer, season, round, &digest).await;
        assert!(matches!(late, Err(ActError::Conflict(_))), "{late:?}");
        office.close_wishes(&world.clerk, season, first, None).await.expect("a close");
        world.publish(first).await;
        office.discard(&world.clerk, season, round).await.expect("given up");
        world.publish(second).await;
    });
}

#[test]
fn wishes_do_not_open_before_there_are_applicants() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let (office, season) = (&world.office, world.season.as_str());
        world.import().await;
        world.freeze().await;
        let early = office.open_wishes(&world.clerk, season, &world.batches()[0]).await;
        assert!(
            matches!(&early, Err(ActError::Conflict(words)) if words.contains("导入考生")),
            "{early:?}"
        );
        world.import_people().await;
        world.collect(&world.batches()[0]).await;
    });
}

#[test]
fn a_reviewer_rejects_what_another_proposed() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let (office, season) = (&world.office, world.season.as_str());
        world.import().await;
        let proposed = office.propose_freeze(&world.reviewer, season, "").await.expect("one");
        let clerk = office.withdraw(&world.clerk, season, proposed.decision).await;
        assert!(matches!(clerk, Err(ActError::NotPermitted(_))), "{clerk:?}");
        let proposed = office.propose_freeze(&world.clerk, season, "").await.expect("another");
        office.withdraw(&world.reviewer, season, proposed.decision).await.expect("rejected");
        let approved = office
            .approve_freeze(&world.reviewer, season, proposed.decision, &proposed.digest)
            .await;
        assert!(matches!(approved, Err(ActError::Conflict(_))), "{approved:?}");
    });
}

#[test]
fn the_codes_of_the_slips_open_the_results() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::lived(&db, 60).await;
        let (office, season) = (&world.office, world.season.as_str());
        let asked =
            SlipsAsked { junior: None, reason: "印制准考证".to_owned(), workbook: false };
        let list = office.slips(&world.clerk, season, &asked).await.expect("a list");
        let mut rows = csv::Reader::from_reader(list.as_slice());
        let rows: Vec<csv::StringRecord> = rows.records().map(|r| r.expect("a row")).collect();
        assert_eq!(rows.len(), world.applicants());
        let results = office.public_results(season).await.expect("results").results;
        for row in &rows {
            let check = office.lookup_check(season, &row[0], &row[4]);
            let own = results.iter().find(|r| r.applicant == row[0]).expect("a result");
            assert_eq!(own.check, check, "{}", &row[0]);
        }
        let one = SlipsAsked { junior: Some(rows[0][2].to_owned()), ..asked.clone() };
        let few = office.slips(&world.clerk, season, &one).await.expect("a list");
        assert!(few.len() < list.len());
        let nowhere = SlipsAsked { junior: Some("S999".to_owned()), ..asked };
        assert!(office.slips(&world.clerk, season, &nowhere).await.is_err());
        let looks = office.store().read().looks(None, 10).await.expect("looks");
        assert_eq!(looks.iter().filter(|(_, look)| look.action == "slips").count(), 2);
    });
}
