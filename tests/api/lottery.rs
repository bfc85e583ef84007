//! The lottery of a season and its calendar: committed first, public when wishes have closed, nothing before its time.

use luqu::acts::ActError;
use luqu::ledger::Entry;
use luqu::ledger::bundle::{Outside, check};
use luqu::store::Mode;
use luqu_engine::policy::PLACEHOLDER_SEED;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};

/// The made policy without a seed of its own.
fn unseeded(text: &str) -> String {
    let line = text.lines().find(|l| l.starts_with("seed = ")).expect("a seed");
    text.replacen(line, &format!("seed = \"{PLACEHOLDER_SEED}\""), 1)
}

/// The facts of the entries of a kind.
async fn facts(world: &World, kind: &str) -> Vec<Value> {
    let read = world.office.store().read();
    let size = read.ledger_size().await.expect("a size");
    let leaves = read.leaves(0, size).await.expect("leaves");
    let entries = leaves.iter().filter_map(|leaf| Entry::of_leaf(leaf)).filter(|e| e.kind == kind);
    entries.map(|e| serde_json::from_str(&e.facts).expect("facts")).collect()
}

#[test]
fn the_seed_is_committed_first_and_public_when_wishes_close() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::begun(&db, 150, Mode::Drill, unseeded).await;
            let (office, season) = (&world.office, world.season.as_str());
            let committed = facts(&world, "lottery_committed").await;
            let commitment = committed[0]["commitment"].as_str().expect("a hash").to_owned();
            assert!(committed[0]["seed"].is_null());
            world.bring_in().await;
            let batch = world.batches().remove(0);
            office.open_wishes(&world.clerk, season, &batch).await.expect("an opening");
            let known = office.store().read().lottery(season).await.expect("a row").expect("it");
            assert_eq!(known.seed, None, "{}", db.name);
            office
                .close_wishes(&world.clerk, season, &batch, Some("公证号 0731"))
                .await
                .expect("a close");
            let revealed = facts(&world, "lottery_revealed").await;
            let seed = revealed[0]["seed"].as_str().expect("a seed");
            let (secret, word) = seed.split_once('/').expect("a word");
            assert_eq!(word, "公证号 0731");
            assert_eq!(hex::encode(Sha256::digest(secret)), commitment);
            let second = &world.batches()[1];
            world.collect(second).await;
            assert_eq!(facts(&world, "lottery_revealed").await.len(), 1, "once");

            world.publish(&batch).await;
            let placed = office.season_of_batch(season, &batch).await.expect("the season");
            assert_eq!(placed.policy().seed.as_deref(), Some(seed));
            let bundle = office.bundle(&world.clerk, season).await.expect("a bundle");
            let checked = check(&bundle, &Outside::default()).expect("a bundle");
            assert_eq!((checked.findings, checked.rounds), (vec![], 1), "{}", db.name);
        });
    }
}

#[test]
fn a_live_season_keeps_its_calendar_and_its_secret() {
    let db = TestDb::sqlite();
    block_on(async {
        let later = |text: &str| unseeded(text).replace("\"2026-0", "\"2099-0");
        let world = World::begun(&db, 60, Mode::Live, later).await;
        world.bring_in().await;
        let batch = world.batches().remove(0);
        let early = world.office.open_wishes(&world.clerk, &world.season, &batch).await;
        let Err(ActError::Conflict(words)) = early else { panic!("{early:?}") };
        assert!(words.contains("2099-07"), "{words}");
    });
    let db = TestDb::sqlite();
    block_on(async {
        let later = |text: &str| {
            let mut text = unseeded(text);
            for line in text.clone().lines().filter(|l| l.starts_with("closes = \"2026-0")) {
                text = text.replacen(line, &line.replace("2026-0", "2099-0"), 1);
            }
            text
        };
        let world = World::begun(&db, 60, Mode::Live, later).await;
        world.bring_in().await;
        let (batch, season) = (world.batches().remove(0), world.season.as_str());
        world.office.open_wishes(&world.clerk, season, &batch).await.expect("an opening");
        let early = world.office.close_wishes(&world.clerk, season, &batch, None).await;
        assert!(matches!(early, Err(ActError::Conflict(_))), "{early:?}");
        assert!(facts(&world, "lottery_revealed").await.is_empty());
    });
}
