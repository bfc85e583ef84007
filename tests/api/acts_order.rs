//! Acts that come twice, late or out of order.

use futures_util::future::{join_all, try_join_all};
use luqu::acts::ActError;
use luqu::store::RoundStatus;

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
fn what_is_acknowledged_after_a_full_disk_is_there() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::lived(&db, 120).await;
        let (office, season) = (&world.office, world.season.as_str());
        let all = office.store().read().admissions(season).await.expect("admissions");
        let all: Vec<String> = all.into_iter().map(|a| a.applicant).collect();
        // The file may not grow: SQLite answers as on a full disk, and rolls back by itself. Of every connection, which
        // are as many as are asked for at once.
        let bound = async |pages: &str| {
            let pragma = format!("PRAGMA max_page_count = {pages}");
            let all = (0..8).map(|_| office.store().execute_raw(&pragma));
            try_join_all(all).await.expect("a pragma");
        };
        let arrive = async |some: &[String]| {
            let all = some.iter().map(|a| office.arrive(&world.clerk, season, a, true));
            join_all(all).await.into_iter().map(|done| done.is_ok()).collect::<Vec<bool>>()
        };
        let (before, after) = all.split_at(all.len() / 2);
        let mut told: Vec<&String> = Vec::new();
        let mut refused = 0;
        for some in before.chunks(4) {
            bound("1").await;
            for (applicant, done) in some.iter().zip(arrive(some).await) {
                if done { told.push(applicant) } else { refused += 1 }
            }
        }
        assert!(refused > 0, "the file was never full");
        bound("1000000").await;
        for some in after.chunks(4) {
            let done = arrive(some).await;
            assert_eq!(done, vec![true; some.len()], "there is room again");
            told.extend(some);
        }
        // Whoever opens the file anew sees what is in it.
        let anew = db.open().await;
        let rows = anew.read().gate_rows(season, luqu::store::Which::After("", 10_000)).await;
        let there: std::collections::BTreeSet<String> = rows
            .expect("rows")
            .into_iter()
            .filter(|r| r.arrived_at.is_some())
            .map(|r| r.admission.applicant)
            .collect();
        let lost: Vec<&String> = told.into_iter().filter(|a| !there.contains(*a)).collect();
        assert_eq!(lost, [""; 0]);
    });
}
