//! G4: publishing is whole or not at all. The server is killed at chosen system calls on SQLite, by SIGKILL at spread
//! times on PostgreSQL, and so is the PostgreSQL process that serves it; nothing is half there and nothing that was
//! acknowledged is lost.
//!
//! `LUQU_KILLS` sets how often; the short form is a few. Kills at system calls need `strace`.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use luqu::acts::Office;
use luqu::auth::keys::Keys;
use luqu::ledger::{Entry, Guard};
use luqu::store::{RoundStatus, Store};
use serde_json::json;

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};
use crate::ops_kit::Server;

/// The calls by which files are changed, changes made lasting, and the answer sent.
const CALLS: [&str; 10] = [
    "pwrite64",
    "fdatasync",
    "fsync",
    "ftruncate",
    "unlink",
    "rename",
    "openat",
    "write",
    "writev",
    "sendto",
];

fn kills() -> usize {
    std::env::var("LUQU_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(4)
}

/// A season with a round that one person has signed.
struct Signed {
    world: World,
    round: i64,
    digest: String,
    /// How many will be admitted.
    holders: usize,
    /// How many are admitted before.
    before: usize,
}

impl Signed {
    async fn on(db: &TestDb) -> Self {
        let world = World::new(db, 200).await;
        world.bring_in().await;
        // The first batch is a small one.
        let [first, batch] = [0, 1].map(|at| world.batches()[at].clone());
        world.collect(&first).await;
        world.publish(&first).await;
        world.collect(&batch).await;
        let (round, digest) = world.run(&batch).await;
        let season = world.season.as_str();
        world.office.sign(&world.clerk, season, round, &digest).await.expect("a signature");
        let placed =
            world.office.round_file(season, round, "placements.csv").await.expect("a file");
        let of_batch = format!(",{batch},");
        let holders =
            String::from_utf8_lossy(&placed).lines().filter(|l| l.contains(&of_batch)).count();
        assert!(holders > 10, "{holders}");
        let before =
            world.office.store().read().admissions(season).await.expect("admissions").len();
        Self { before, world, round, digest, holders }
    }

    /// Publishes over HTTP; whether it was acknowledged.
    fn publish(&self, server: &Server, token: &str) -> bool {
        let path = format!("/v1/seasons/{}/rounds/{}/publish", self.world.season, self.round);
        let answer = server.send("POST", &path, Some(token), &json!({"digest": self.digest}));
        answer.is_some_and(|(status, _)| status == 200)
    }

    /// Whether the round is published; panics if it is so by half, or not although it was acknowledged.
    async fn whole(&self, url: &str, guard: &Path, acknowledged: bool, what: &str) -> bool {
        let store = Store::open(url).await.expect("a database that opens after the kill");
        let keys = Keys::read(&self.world.keys_file()).expect("keys");
        let office = Office::new(store, keys.into()).guarded(Guard::at(guard.to_owned()));
        office.stand_by(&[]).await.unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(office.check_up().await.expect("the ledger").findings, [""; 0], "{what}");
        let read = office.store().read();
        let season = self.world.season.as_str();
        let (round, _) = read.round(season, self.round).await.expect("rounds").expect("the round");
        let published = round.status == RoundStatus::Published;
        let admitted = read.admissions(season).await.expect("admissions").len();
        let here = admitted - self.before;
        assert_eq!(here, if published { self.holders } else { 0 }, "{what}: half a publication");
        let size = read.ledger_size().await.expect("the ledger");
        let leaves = read.leaves(0, size).await.expect("the ledger");
        let told = leaves.iter().filter_map(|l| Entry::of_leaf(l));
        let told = told.filter(|e| e.kind == "round_published").count();
        assert_eq!(told, 1 + usize::from(published), "{what}: the ledger says otherwise");
        let (covered, ..) = read.last_checkpoint().await.expect("checkpoints").expect("one");
        assert!(!published || covered == size, "{what}: published without a checkpoint");
        assert!(published || !acknowledged, "{what}: acknowledged and lost");
        office.store().clone().close().await.expect("closed");
        published
    }
}

/// Traces a server from here on; killing it at the `at`-th of a call, or only writing the calls to a file.
fn traced(server: &Server, log: &Path, kill: Option<(&str, usize)>) -> Child {
    let mut strace = Command::new("strace");
    match kill {
        Some((call, at)) => {
            strace.args(["-e", &format!("trace={call}")]);
            strace.args(["-e", &format!("inject={call}:signal=KILL:when={at}")]);
        }
        None => {
            strace.args(["-e", &format!("trace={}", CALLS.join(","))]);
        }
    }
    let mut child = strace
        .args(["-f", "-p", &server.pid().to_string(), "-o"])
        .arg(log)
        .stderr(Stdio::piped())
        .spawn()
        .expect("strace");
    // It says on stderr that it is attached; nothing before that is traced.
    let mut said = [0; 1];
    child.stderr.as_mut().expect("its words").read_exact(&mut said).expect("attached");
    let mut rest = child.stderr.take().expect("its words");
    std::thread::spawn(move || {
        // Whatever else it says is drained, so that it never waits for a reader.
        let _ = std::io::copy(&mut rest, &mut std::io::sink());
    });
    std::thread::sleep(Duration::from_millis(50));
    child
}

#[test]
fn sqlite_killed_at_system_calls_is_whole_or_not_at_all() {
    let probe = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    if !probe.is_ok_and(|o| o.status.success()) {
        eprintln!(
            "跳过：未安装 strace，或不许跟踪 (skipped: no strace, or tracing is not allowed)"
        );
        return;
    }
    let (db, room) = (TestDb::sqlite(), tempfile::tempdir().expect("a folder"));
    block_on(async {
        let signed = Signed::on(&db).await;
        let template = room.path().join("template.db");
        signed.world.office.store().copy_to(&template).await.expect("a copy");
        let copy = |number: usize| {
            let path = room.path().join(format!("{number}.db"));
            std::fs::copy(&template, &path).expect("a copy");
            (path.clone(), format!("sqlite://{}", path.display()))
        };

        // Without a kill: how many of each call there are, in each thread.
        let (_, url) = copy(0);
        let log = room.path().join("log");
        let server = Server::start_at(&url, &signed.world);
        let token = server.sign_in("qian");
        let mut strace = traced(&server, &log, None);
        assert!(signed.publish(&server, &token));
        server.signal("KILL");
        strace.wait().expect("strace");
        assert!(signed.whole(&url, &server.guard(), true, "no kill").await);
        let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
        for line in std::fs::read_to_string(&log).expect("the calls").lines() {
            let mut words = line.split_whitespace();
            let (Some(thread), Some(call)) = (words.next(), words.next()) else { continue };
            if let Some(call) = CALLS.iter().find(|c| call.starts_with(&format!("{c}("))) {
                *counts.entry((thread.to_owned(), (*call).to_owned())).or_default() += 1;
            }
        }
        let mut most: BTreeMap<&str, usize> = BTreeMap::new();
        for ((_, call), count) in &counts {
            let most = most.entry(call).or_default();
            *most = (*most).max(*count);
        }
        let places: usize = most.values().sum();
        let calls: Vec<(&str, usize)> = most.iter().map(|(call, most)| (*call, *most)).collect();
        assert!(places > 20, "{most:?}");

        // One call after the other, each at places all over it: how often a thread wakes another varies with what else the
        // machine does, so that late ones of the calls that do it may not be reached again.
        let (mut killed, mut published, mut survived) = (0, 0, 0);
        let kills = kills();
        for number in 1..=kills {
            let (call, most) = calls[number % calls.len()];
            let at = 1 + (number * 7919) % most;
            let (path, url) = copy(number);
            let mut server = Server::start_at(&url, &signed.world);
            let token = server.sign_in("qian");
            let mut strace = traced(&server, &log, Some((call, at)));
            let acknowledged = signed.publish(&server, &token);
            // A broken connection is the beginning of its end; an answer leaves it a moment for what comes after.
            let most = if acknowledged { 300 } else { 10_000 };
            survived += usize::from(!server.ends_within(Duration::from_millis(most)));
            server.kill();
            strace.wait().expect("strace");
            killed += 1;
            let what = format!("kill {number} at {call} {at}");
            published +=
                usize::from(signed.whole(&url, &server.guard(), acknowledged, &what).await);
            std::fs::remove_file(path).expect("a file");
        }
        eprintln!(
            "G4 SQLite: {killed} servers killed ({} at a system call, {survived} after the answer) of {} places {most:?}; \
             {published} published whole, {} not at all, 0 half, 0 lost",
            killed - survived,
            places,
            killed - published
        );
        assert!(survived < killed, "no kill hit a system call");
    });
}

#[test]
fn postgres_killed_at_any_time_is_whole_or_not_at_all() {
    let Some(db) = TestDb::postgres_alone() else { return };
    block_on(async {
        let signed = Signed::on(&db).await;
        signed.world.office.store().clone().close().await.expect("closed");
        let kills = kills();
        let mut took = Duration::from_millis(300);
        let (mut published, mut acknowledgements) = (0, 0);
        for number in 0..=kills {
            let copy = db.copied(&format!("k{number}"));
            let mut server = Server::start_at(&copy.url, &signed.world);
            let token = server.sign_in("qian");
            let what = format!("kill {number}");
            let backend = number % 2 == 0;
            let acknowledged = std::thread::scope(|scope| {
                let (signed, server, token) = (&signed, &server, &token);
                let begun = Instant::now();
                let asked = scope.spawn(move || (signed.publish(server, token), begun.elapsed()));
                // The first is not killed and says how long it takes.
                if number > 0 {
                    let part = u32::try_from(number).unwrap_or(1);
                    let parts = u32::try_from(kills).unwrap_or(1);
                    std::thread::sleep(took * part / parts);
                    if backend {
                        kill_backends(&copy, number);
                    } else {
                        server.signal("KILL");
                    }
                }
                let (acknowledged, elapsed) = asked.join().expect("a client");
                if number == 0 {
                    took = elapsed;
                }
                acknowledged
            });
            if number == 0 || backend {
                server.signal("KILL");
            }
            server.ended();
            wait_for(&copy).await;
            acknowledgements += usize::from(acknowledged);
            published +=
                usize::from(signed.whole(&copy.url, &server.guard(), acknowledged, &what).await);
        }
        eprintln!(
            "G4 PostgreSQL: {kills} kills (every second a backend of the server, the others luqu) over {took:?}; \
             {published} of {} published whole, {acknowledgements} acknowledged, 0 half, 0 lost",
            kills + 1
        );
        assert!(published > 0);
    });
}

/// Kills the processes of PostgreSQL that serve a database, as `kill -9` does.
fn kill_backends(db: &TestDb, number: usize) {
    let pids = db.asked(&format!("SELECT pid FROM pg_stat_activity WHERE datname = 'k{number}'"));
    for pid in pids.lines().filter(|l| !l.is_empty()) {
        // One killed process takes the others of the cluster with it, so that later ones may be gone.
        let _ = Command::new("kill").args(["-9", pid]).stderr(Stdio::null()).status();
    }
}

/// Waits until the cluster has recovered.
async fn wait_for(db: &TestDb) {
    let begun = Instant::now();
    while Store::look_into(&db.url).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "PostgreSQL does not come back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
