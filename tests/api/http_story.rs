//! The API: a season by HTTP, what each role may do, sessions, the public look-up.

use axum::body::Body;
use axum::http::{Method, Request, header};
use luqu_engine::domain::Table;
use serde_json::{Value, json};

use crate::acts_world::{PASSWORD, World};
use crate::databases::{TestDb, block_on};
use crate::http_kit::Client;

#[test]
fn a_season_runs_by_http() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 300).await;
        let anybody = Client::anonymous(&world);
        let clerk = anybody.signed_in("zhao").await;
        let reviewer = anybody.signed_in("qian").await;
        let base = format!("/v1/seasons/{}", world.season);

        // A file with a fault keeps nothing and says where; the right ones are committed.
        let tables = [
            (Table::Schools, "schools.csv"),
            (Table::Plan, "plan.csv"),
            (Table::Graduates, "graduates.csv"),
        ];
        let files: Vec<_> = tables.iter().filter_map(|(t, n)| world.upload(*t, n)).collect();
        let mut broken = files.clone();
        broken[0].bytes.extend(b"S999,,senior,public,key,R,no,0,\n");
        let told = clerk.upload(&format!("{base}/imports"), &broken).await.must_be(422);
        let cell = told["faults"][0]["cell"].as_str().expect("a cell");
        assert!(cell.starts_with("schools.csv:"), "{told}");
        let staged = clerk.upload(&format!("{base}/imports"), &files).await.must_be(201);
        let import = staged["id"].as_i64().expect("a number");
        clerk.post(&format!("{base}/imports/{import}/commit"), Value::Null).await.must_be(204);
        let steps = clerk.get(&base).await.must_be(200);
        assert_eq!(steps["steps"][1]["next"], "提交冻结招生计划");

        for kind in ["freeze_plan", "quota"] {
            let proposed =
                clerk.post(&format!("{base}/decisions"), json!({"kind": kind})).await.must_be(201);
            let place = format!("{base}/decisions/{}/approve", proposed["id"]);
            let signature = json!({"digest": proposed["digest"]});
            let thing = format!("{base}/decisions/{}", proposed["id"]);
            clerk.decide(&thing, &place, signature.clone()).await.must_be(403);
            reviewer.decide(&thing, &place, json!({"digest": "0"})).await.must_be(409);
            // Nobody decides without having looked, or on what has changed since.
            reviewer.post(&place, signature.clone()).await.must_be(428);
            let stale = reviewer.matching(&place, "\"0\"", signature.clone()).await;
            assert_eq!(stale.must_be(412)["type"], "/problems/precondition-failed");
            reviewer.decide(&thing, &place, signature).await.must_be(204);
        }
        world.import_people().await;

        let batch = world.batches().remove(0);
        let wishes = format!("{base}/batches/{batch}/wishes");
        clerk.post(&format!("{wishes}/open"), Value::Null).await.must_be(204);
        let window = format!("{base}/batches/{batch}");
        clerk.decide(&window, &format!("{wishes}/close"), Value::Null).await.must_be(200);
        let late = json!({"wishes": []});
        let applicant = world.applicant(0);
        clerk.send(Method::PUT, &format!("{wishes}/{applicant}"), Some(late)).await.must_be(409);

        let queued = clerk.post(&format!("{base}/batches/{batch}/runs"), Value::Null).await;
        let place = queued.headers[header::LOCATION].to_str().expect("text").to_owned();
        queued.must_be(202);
        world.office.work_once("test").await.expect("work");
        let job = clerk.get(&place).await.must_be(200);
        assert_eq!(job["status"], "done");
        let steps = clerk.get(&format!("{place}/events")).await;
        assert!(steps.text().contains("event: job"), "{}", steps.text());

        let round = clerk.get(&format!("{base}/rounds")).await.must_be(200)[0].clone();
        let place = format!("{base}/rounds/{}", round["id"]);
        let placements = clerk.get(&format!("{place}/placements.csv")).await;
        assert!(placements.text().starts_with("applicant_id,outcome,"));
        let signature = json!({"digest": round["answer_digest"]});
        let (sign, publish) = (format!("{place}/sign"), format!("{place}/publish"));
        clerk.decide(&place, &sign, signature.clone()).await.must_be(204);
        clerk.decide(&place, &publish, signature.clone()).await.must_be(403);
        let published = reviewer.decide(&place, &publish, signature).await.must_be(200);
        assert!(published["admissions"].as_u64().is_some());
    });
}

#[test]
fn families_look_up_their_own_result_alone() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 120).await;
        world.bring_in().await;
        let anybody = Client::anonymous(&world);
        let reviewer = anybody.signed_in("qian").await;
        let ask = |applicant: String, code: String| {
            let body = json!({"season": world.season, "applicant_id": applicant, "code": code});
            let anybody = anybody.clone();
            async move { anybody.post("/v1/public/results", body).await }
        };
        let first = world.applicant(0);
        let code = world.office.slip_code(&world.season, &first);
        ask(first.clone(), code.clone()).await.must_be(404);
        for batch in world.batches() {
            world.collect(&batch).await;
            let (round, digest) = world.run(&batch).await;
            world.office.sign(&world.clerk, &world.season, round, &digest).await.expect("signed");
            let place = format!("/v1/seasons/{}/rounds/{round}", world.season);
            let publish = format!("{place}/publish");
            reviewer.decide(&place, &publish, json!({"digest": digest})).await.must_be(200);
        }
        // Everybody is told what was published.
        let admissions = world.office.store().read().admissions(&world.season).await.expect("all");
        for at in 0..world.applicants() {
            let applicant = world.applicant(at);
            let code = world.office.slip_code(&world.season, &applicant);
            let told = ask(applicant.clone(), code.to_lowercase()).await.must_be(200);
            let held = admissions.iter().find(|a| a.applicant == applicant);
            assert_eq!(held.is_some(), told["school"].is_string(), "{told}");
        }
        // A wrong code and a number that does not exist get one answer; after ten the number rests. Whoever asked
        // before publication is not among them.
        let wrong = ask(first.clone(), "AAAAAAAA".to_owned()).await;
        let nobody = ask("nobody".to_owned(), "AAAAAAAA".to_owned()).await;
        assert_eq!((wrong.status, &wrong.bytes), (nobody.status, &nobody.bytes));
        for _ in 1..10 {
            ask(first.clone(), "AAAAAAAA".to_owned()).await.must_be(404);
        }
        ask(first, code).await.must_be(429);
    });
}

#[test]
fn a_school_sees_its_own_and_nothing_else() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::lived(&db, 200).await;
        let admissions = world.office.store().read().admissions(&world.season).await.expect("all");
        let mine = &admissions[0];
        let other = admissions.iter().find(|a| a.school != mine.school).expect("another school");
        world.school_account("wu", &mine.school).await;
        let school = Client::anonymous(&world).signed_in("wu").await;
        let base = format!("/v1/seasons/{}", world.season);
        let list =
            school.get(&format!("{base}/schools/{}/admissions", mine.school)).await.must_be(200);
        let count = admissions.iter().filter(|a| a.school == mine.school).count();
        assert_eq!(list.as_array().map(Vec::len), Some(count));
        let csv =
            school.get(&format!("{base}/schools/{}/admissions?format=csv", mine.school)).await;
        assert!(csv.bytes.starts_with(b"\xef\xbb\xbf"), "a spreadsheet needs the mark");
        school.get(&format!("{base}/schools/{}/admissions", other.school)).await.must_be(404);
        let arrived = Some(json!({"arrived": true}));
        let place = format!("{base}/arrivals/{}", mine.applicant);
        school.send(Method::PUT, &place, arrived.clone()).await.must_be(204);
        let place = format!("{base}/arrivals/{}", other.applicant);
        school.send(Method::PUT, &place, arrived).await.must_be(404);
        // That another school's child exists at all is not told.
        let theirs = school.get(&format!("{base}/registry/{}", other.applicant)).await;
        let nobody = school.get(&format!("{base}/registry/nobody")).await;
        assert_eq!((theirs.status, theirs.bytes), (nobody.status, nobody.bytes));
    });
}

#[test]
fn a_cookie_is_secure_where_our_proxy_says_that_the_way_is_encrypted() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let (direct, proxied) = (Client::anonymous(&world), Client::behind_proxy(&world));
        let secure = async |client: &Client, told: &[(&str, &str)]| {
            let sent = Some(json!({"name": "zhao", "password": PASSWORD}));
            let begun = client.send_with(Method::POST, "/v1/session", sent, told).await;
            let cookie = begun.headers[header::SET_COOKIE].to_str().expect("text");
            cookie.split("; ").any(|part| part == "Secure")
        };
        let https = ("x-forwarded-proto", "https");
        assert!(secure(&proxied, &[https]).await);
        assert!(!secure(&direct, &[https]).await, "anybody may say so");
        // What the sender said of itself stands before what the proxy says, in one line or in another.
        assert!(!secure(&proxied, &[https, ("x-forwarded-proto", "http")]).await);
        assert!(!secure(&proxied, &[("x-forwarded-proto", "https, http")]).await);
        assert!(!secure(&proxied, &[]).await);
    });
}

#[test]
fn sessions_begin_with_the_password_and_end() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let anybody = Client::anonymous(&world);
        let wrong = json!({"name": "zhao", "password": "something else"});
        let wrong = anybody.post("/v1/session", wrong).await;
        let nobody = json!({"name": "nobody", "password": "something else"});
        let nobody = anybody.post("/v1/session", nobody).await;
        assert_eq!((wrong.status.as_u16(), &wrong.bytes), (403, &nobody.bytes));
        let clerk = anybody.signed_in("zhao").await;
        assert_eq!(clerk.get("/v1/me").await.must_be(200)["role"], "clerk");
        clerk.send(Method::DELETE, "/v1/session", None).await.must_be(204);
        clerk.get("/v1/me").await.must_be(401);

        // A browser's cookie changes nothing without the second proof.
        let begun = json!({"name": "zhao", "password": PASSWORD});
        let begun = anybody.post("/v1/session", begun).await;
        let cookie = begun.headers[header::SET_COOKIE].to_str().expect("text").to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        let cookie = cookie.split(';').next().expect("a pair").to_owned();
        let csrf = begun.must_be(200)["csrf"].as_str().expect("a proof").to_owned();
        for (proof, status) in [("", 403), (csrf.as_str(), 204)] {
            let request = Request::delete("/v1/session")
                .header(header::COOKIE, &cookie)
                .header("x-csrf-token", proof)
                .body(Body::empty())
                .expect("a request");
            assert_eq!(anybody.exchange(request).await.status.as_u16(), status);
        }

        // A disabled account is refused on its next request.
        let clerk = anybody.signed_in("zhao").await;
        let tx = world.office.store().write().await.expect("a transaction");
        assert!(tx.set_disabled("zhao", true).await.expect("an account"));
        tx.commit().await.expect("a commit");
        clerk.get("/v1/me").await.must_be(401);
    });
}
