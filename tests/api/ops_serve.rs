//! The server as a process: readiness, metrics, its end by SIGTERM and by SIGKILL, several on one PostgreSQL.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use luqu::store::{Job, JobStatus};
use serde_json::json;

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};
use crate::ops_kit::{Server, luqu, must_exit};
use crate::races::Held;

/// A season whose first batch is closed, ready to be run.
async fn closed(db: &TestDb, applicants: u32) -> World {
    let world = World::new(db, applicants).await;
    world.bring_in().await;
    world.collect(&world.batches()[0]).await;
    world
}

/// The job once it satisfies a condition.
async fn job_once(world: &World, id: i64, wanted: impl Fn(&Job) -> bool) -> Job {
    let begun = Instant::now();
    loop {
        let job = world.office.store().read().job(id).await.expect("jobs").expect("the job");
        if wanted(&job) {
            return job;
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "{job:?}");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

async fn rounds(world: &World) -> usize {
    world.office.store().read().rounds(&world.season).await.expect("rounds").len()
}

/// Answers that were kept for a day are gone soon after a server starts, though nobody sends a key.
async fn answers_are_forgotten(world: &World, server: &Server) {
    let store = world.office.store();
    let begun = Instant::now();
    loop {
        let kept = store.execute_raw("UPDATE idempotency SET created_at = created_at").await;
        if kept.expect("a count") == 0 {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{} is kept", server.listen);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[test]
fn readiness_and_metrics_tell_what_is() {
    for db in TestDb::all() {
        block_on(async {
            let world = closed(&db, 60).await;
            let day = 24 * 3600 * 1_000_000;
            let kept = format!(
                "INSERT INTO idempotency (key_hash, request_digest, answer, created_at) \
                 VALUES ({{b:01}}, '{}', {{b:02}}, {})",
                "d".repeat(64),
                luqu::acts::now() - day
            );
            world.office.store().execute_raw(&db.dialect(&kept)).await.expect("a row");
            let server = Server::start(&db, &world);
            let (status, _) = server.get(server.listen, "/healthz").expect("health");
            assert_eq!(status, 200);
            let token = server.sign_in("zhao");
            let applicant = world.applicant(0);
            answers_are_forgotten(&world, &server).await;
            let path = format!(
                "/v1/seasons/{}/batches/{}/wishes/{applicant}",
                world.season,
                world.batches()[0]
            );
            let closed = server.send("PUT", &path, Some(&token), &json!({"wishes": []}));
            assert_eq!(closed.expect("an answer").0, 409);
            let asked =
                json!({"season": world.season, "applicant_id": applicant, "code": "AAAAAAAA"});
            let wrong = server.send("POST", "/v1/public/results", None, &asked);
            assert_eq!(wrong.expect("an answer").0, 404);
            let (_, told) = server.get(server.metrics, "/metrics").expect("metrics");
            for wanted in [
                "luqu_database_up 1",
                "luqu_lookups_total{outcome=\"early\"} 1",
                "luqu_jobs{status=\"queued\"} 0",
                "route=\"/v1/seasons/{season}/batches/{batch}/wishes/{applicant}\",status=\"409\"} 1",
                "luqu_http_request_seconds_bucket",
            ] {
                assert!(told.contains(wanted), "{}: no {wanted} in\n{told}", db.name);
            }
            assert!(!told.contains(&applicant), "a number of an applicant in the metrics");
            assert_eq!(server.get(server.listen, "/metrics").expect("an answer").0, 404);

            world.office.store().execute_raw("DROP INDEX admission_seat").await.expect("a touch");
            tokio::time::sleep(Duration::from_millis(2100)).await;
            let (status, why) = server.get(server.listen, "/readyz").expect("readiness");
            assert_eq!((status, why.contains("schema")), (503, true), "{}: {why}", db.name);
        });
    }
}

#[test]
fn a_ledger_that_is_held_is_told_and_not_waited_for() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 60).await;
            let server = Server::start(&db, &world);
            let admin = server.sign_in("zhou");
            let held = Held::new(&db).await;
            let begun = Instant::now();
            let account = json!({"name": "wu", "display": "吴", "role": "clerk"});
            let (status, problem) =
                server.send("POST", "/v1/accounts", Some(&admin), &account).expect("an answer");
            assert_eq!((status, &problem["type"]), (503, &json!("/problems/busy")), "{}", db.name);
            assert!(begun.elapsed() < Duration::from_secs(14), "{:?}", begun.elapsed());
            assert_eq!(server.get(server.listen, "/readyz").expect("readiness").0, 200);
            held.release().await;
            let again = server.send("POST", "/v1/accounts", Some(&admin), &account);
            assert_eq!(again.expect("an answer").0, 201, "{}", db.name);
        });
    }
}

#[test]
fn that_it_is_stopping_is_told_until_it_has_stopped() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let mut server = Server::start(&db, &world);
        // A request whose body is still to come.
        let mut slow = TcpStream::connect(server.listen).expect("a connection");
        let head = "POST /v1/session HTTP/1.1\r\nHost: luqu\r\nContent-Type: application/json\r\n\
                    Content-Length: 9\r\n\r\n{";
        slow.write_all(head.as_bytes()).expect("a head");
        std::thread::sleep(Duration::from_millis(300));
        server.signal("TERM");
        std::thread::sleep(Duration::from_millis(500));
        for _ in 0..3 {
            let (status, why) = server.get(server.metrics, "/readyz").expect("readiness");
            assert_eq!((status, why.contains("stopping")), (503, true), "{why}");
            assert_eq!(server.get(server.metrics, "/metrics").expect("metrics").0, 200);
        }
        slow.write_all(b"\"a\": 1}").expect("the rest");
        assert_eq!(server.ended(), Some(0));
    });
}

#[test]
fn a_database_that_waits_is_told_at_once_by_readiness_and_soon_by_every_request() {
    let Some(db) = TestDb::postgres() else { return };
    block_on(async {
        let world = World::new(&db, 60).await;
        let server = Server::start(&db, &world);
        let token = server.sign_in("zhao");
        let store = db.open().await;
        let lock = "BEGIN; LOCK TABLE account_session, ledger_entry IN ACCESS EXCLUSIVE MODE";
        store.execute_raw(lock).await.expect("a lock");
        std::thread::scope(|threads| {
            // More than there are connections.
            let ask = || {
                let begun = Instant::now();
                let (status, _) =
                    server.send("GET", "/v1/me", Some(&token), &json!({})).expect("an answer");
                (status, begun.elapsed())
            };
            let asked: Vec<_> = (0..24).map(|_| threads.spawn(ask)).collect();
            std::thread::sleep(Duration::from_millis(500));
            for (path, status, word) in
                [("/readyz", 503, "database"), ("/metrics", 200, "luqu_database_up 0")]
            {
                let begun = Instant::now();
                let told = server.get(server.metrics, path).expect("an answer");
                assert!(begun.elapsed() < Duration::from_secs(2), "{path}: {:?}", begun.elapsed());
                assert!(told.0 == status && told.1.contains(word), "{told:?}");
            }
            for one in asked {
                let (status, took) = one.join().expect("an answer");
                assert_eq!(status, 503);
                assert!(took < Duration::from_secs(14), "{took:?}");
            }
        });
        store.close().await.expect("an end");
        let well = server.send("GET", "/v1/me", Some(&token), &json!({}));
        assert_eq!(well.expect("an answer").0, 200);
        assert_eq!(server.get(server.listen, "/readyz").expect("readiness").0, 200);
    });
}

#[test]
fn no_log_holds_the_password_of_the_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys");
    let url = "postgres://luqu:geheimnis@127.0.0.1:1/luqu?frobnicate=1&connect_timeout=1";
    let mut command = luqu(url, &keys, folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    let mut child =
        command.env("RUST_LOG", "trace").stderr(Stdio::piped()).spawn().expect("a process");
    // The address is read at once; that nobody listens there is noticed after half a minute.
    std::thread::sleep(Duration::from_secs(3));
    child.kill().expect("its end");
    let output = child.wait_with_output().expect("its end");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("geheimnis"), "{said}");
}

#[test]
fn a_run_survives_sigterm_and_sigkill_once() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = closed(&db, 3000).await;
        let batch = world.batches().remove(0);
        for (signal, code) in [("TERM", Some(0)), ("KILL", None)] {
            let before = rounds(&world).await;
            let mut server = Server::start(&db, &world);
            let job =
                world.office.queue_run(&world.clerk, &world.season, &batch).await.expect("a job");
            job_once(&world, job, |j| j.status != JobStatus::Queued).await;
            server.signal(signal);
            assert_eq!(server.ended(), code, "{signal}");
            let left = job_once(&world, job, |_| true).await;
            if signal == "TERM" {
                assert_ne!(left.status, JobStatus::Running, "given back or done, not left");
            }
            let _next = Server::start(&db, &world);
            let done = job_once(&world, job, |j| j.round.is_some()).await;
            assert_eq!(done.status, JobStatus::Done);
            assert_eq!(rounds(&world).await, before + 1, "{signal}: one run, one round");
        }
    });
}

#[test]
fn a_second_server_on_one_sqlite_file_is_turned_away() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let _server = Server::start(&db, &world);
        let data = tempfile::tempdir().expect("a folder");
        let second = luqu(&db.url, &world.keys_file(), data.path(), &["serve"])
            .env("LUQU_LISTEN", "127.0.0.1:0")
            .output()
            .expect("a process");
        must_exit(&second, 6);
    });
}

#[test]
fn two_servers_share_the_queue_and_what_is_published() {
    let Some(db) = TestDb::postgres() else { return };
    block_on(async {
        let world = closed(&db, 400).await;
        let batch = world.batches().remove(0);
        let servers = [Server::start(&db, &world), Server::start(&db, &world)];
        let mut last = None;
        for number in 1..=4 {
            let job =
                world.office.queue_run(&world.clerk, &world.season, &batch).await.expect("a job");
            let done = job_once(&world, job, |j| j.round.is_some()).await;
            assert_eq!(done.status, JobStatus::Done);
            assert_eq!(rounds(&world).await, number, "no run was made twice");
            last = done.round;
        }
        let round = last.expect("a round");
        let found = world.office.store().read().round(&world.season, round).await.expect("rounds");
        let digest = found.expect("the round").0.answer_digest;
        world.office.sign(&world.clerk, &world.season, round, &digest).await.expect("a signature");
        let token = servers[0].sign_in("qian");
        let path = format!("/v1/seasons/{}/rounds/{round}/publish", world.season);
        let published = servers[0]
            .send("POST", &path, Some(&token), &json!({"digest": digest}))
            .expect("an answer");
        assert_eq!(published.0, 200, "{}", published.1);
        let applicant = world.applicant(0);
        let code = world.office.slip_code(&world.season, &applicant);
        let asked = json!({"season": world.season, "applicant_id": applicant, "code": code});
        let answer = |server: &Server| server.send("POST", "/v1/public/results", None, &asked);
        // Asked too early and too often, a number would rest.
        let knows = |server: &Server| {
            let told = server.get(server.metrics, "/metrics").expect("metrics").1;
            told.lines().any(|l| l.starts_with("luqu_lookups_known ") && !l.ends_with(" 0"))
        };
        let begun = Instant::now();
        while !knows(&servers[1]) {
            assert!(
                begun.elapsed() < Duration::from_secs(15),
                "the other server never learned of it"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(answer(&servers[1]).expect("an answer").0, 200);
        assert_eq!(answer(&servers[0]), answer(&servers[1]));
    });
}

#[test]
fn a_configuration_is_printed_without_passwords_and_a_misspelt_one_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("luqu.toml");
    std::fs::write(&file, "database = 'postgres://luqu:secret@db/x'\ndrain_seconds = 5\n")
        .expect("a file");
    let printed = |file: &std::path::Path| {
        std::process::Command::new(env!("CARGO_BIN_EXE_luqu"))
            .args(["serve", "--print-config", "--config"])
            .arg(file)
            .args(["--listen", "127.0.0.1:7"])
            .env("LUQU_LISTEN", "127.0.0.1:8")
            .env("LUQU_REFRESH_SECONDS", "9")
            .output()
            .expect("a process")
    };
    let text = must_exit(&printed(&file), 0);
    for wanted in
        ["postgres://luqu:***@db/x", "drain_seconds = 5", "127.0.0.1:7", "refresh_seconds = 9"]
    {
        assert!(text.contains(wanted), "no {wanted} in {text}");
    }
    assert!(!text.contains("secret"));
    std::fs::write(&file, "databse = 'x'\n").expect("a file");
    assert!(must_exit(&printed(&file), 2).contains("databse"));
}

/// What comes on a connection until its end, and how long that took; nothing where it does not end.
fn until_shut(to: std::net::SocketAddr, sent: &[u8]) -> Option<(Duration, String)> {
    use std::io::{Read, Write};
    let begun = Instant::now();
    let mut stream = std::net::TcpStream::connect(to).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(90))).expect("a limit");
    stream.write_all(sent).expect("a beginning");
    let mut told = Vec::new();
    stream.read_to_end(&mut told).ok()?;
    Some((begun.elapsed(), String::from_utf8_lossy(&told).into_owned()))
}

#[test]
fn whoever_sends_slowly_on_purpose_is_shut_out() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let mut server = Server::start(&db, &world);
        let to = server.listen;
        let head = "POST /v1/session HTTP/1.1\r\nHost: luqu\r\nConnection: close\r\n";
        let body = format!("{head}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{{");
        let slow = [String::new(), head.to_owned(), body].map(|sent| {
            tokio::task::spawn_blocking(move || (until_shut(to, sent.as_bytes()), sent))
        });
        // Those who are not slow are served meanwhile.
        assert_eq!(server.get(to, "/healthz").map(|(status, _)| status), Some(200));
        for one in slow {
            let (ended, sent) = one.await.expect("an end");
            let Some((after, told)) = ended else { panic!("held open: {sent:?}") };
            assert!(after > Duration::from_secs(5), "a slow network is waited for: {sent:?}");
            assert!(!told.contains("200 OK"), "{told}");
        }
        server.signal("TERM");
        assert_eq!(server.ended(), Some(0));
    });
}
