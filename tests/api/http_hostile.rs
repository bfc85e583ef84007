//! What hostile clients try: the service answers as told, holds little, and gives nothing away.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use luqu::acts::Upload;
use serde_json::json;

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};
use crate::http_kit::Client;

#[test]
fn whoever_asks_before_results_are_open_is_told_nothing_and_rests_no_number() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 150).await;
        world.bring_in().await;
        let batches = world.batches();
        world.collect(&batches[0]).await;
        let anybody = Client::anonymous(&world);
        anybody.refresh().await;
        let applicant = world.applicant(0);
        let code = world.office.slip_code(&world.season, &applicant);
        let ask = |applicant: &str, code: &str| json!({"season": world.season, "applicant_id": applicant, "code": code});
        let mut told = std::collections::BTreeSet::new();
        for _ in 0..12 {
            for who in [applicant.as_str(), "9999"] {
                for with in [code.as_str(), "AAAAAAAA"] {
                    for at in ["results", "explanations"] {
                        let at = format!("/v1/public/{at}");
                        let reply = anybody.post(&at, ask(who, with)).await;
                        told.insert((reply.status.as_u16(), reply.text()));
                    }
                }
            }
        }
        assert_eq!(told.len(), 1, "one answer for all: {told:?}");
        assert_eq!(told.first().map(|t| t.0), Some(404));

        world.publish(&batches[0]).await;
        anybody.refresh().await;
        anybody.post("/v1/public/results", ask(&applicant, &code)).await.must_be(200);
        // From now on guesses are counted.
        for _ in 0..10 {
            anybody.post("/v1/public/results", ask(&applicant, "AAAAAAAA")).await.must_be(404);
        }
        anybody.post("/v1/public/results", ask(&applicant, &code)).await.must_be(429);
    });
}

#[test]
fn a_body_of_json_is_held_to_what_people_write() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let anybody = Client::anonymous(&world);
        let long = "x".repeat(2 << 20);
        let ask = json!({"season": long, "applicant_id": "1", "code": "2"});
        for at in ["/v1/public/results", "/v1/public/explanations"] {
            anybody.post(at, ask.clone()).await.must_be(413);
        }
        let sign_in = json!({"name": "zhao", "password": long});
        anybody.post("/v1/session", sign_in).await.must_be(413);
        // What is refused for what it holds is not sent back whole.
        let refused = anybody.post("/v1/session", json!("y".repeat(100_000))).await;
        assert!(refused.bytes.len() < 2_000, "{} bytes", refused.bytes.len());
        refused.must_be(422);
        // Files are longer than what people write.
        let clerk = anybody.signed_in("zhao").await;
        let file = Upload { name: "schools.csv".to_owned(), bytes: long.into_bytes() };
        let imports = format!("/v1/seasons/{}/imports", world.season);
        clerk.upload(&imports, &[file]).await.must_be(422);
    });
}

#[test]
fn a_body_that_is_not_the_json_wanted_is_told_where_and_in_chinese() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let anybody = Client::anonymous(&world);
        let json = "application/json";
        for (kind, body, status, words) in [
            (json, "{\n \"name\": \"zhao\",\n \"password\": 7}", 422, "第 3 行第 14 列：字段缺少"),
            (json, "{\"name\": zhao}", 400, "第 1 行第 10 列：不是 JSON"),
            (json, "{\"name\": \"zhao\"", 400, "第 1 行第 15 列：内容不完整"),
            (json, "", 400, "第 1 行第 0 列：内容不完整"),
            ("text/plain", "{}", 415, "须是 JSON"),
        ] {
            let request = Request::post("/v1/session")
                .header(header::CONTENT_TYPE, kind)
                .body(Body::from(body))
                .expect("a request");
            let reply = anybody.exchange(request).await;
            assert_eq!(reply.status.as_u16(), status, "{body}: {}", reply.text());
            let detail = reply.json()["detail"].as_str().expect("words").to_owned();
            assert!(detail.contains(words) && !detail.contains("Failed"), "{body}: {detail}");
        }
    });
}

#[test]
fn what_people_type_is_held_to_its_length_and_told_in_chinese() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        world.import().await;
        let clerk = Client::anonymous(&world).signed_in("zhao").await;
        let base = format!("/v1/seasons/{}", world.season);
        let decisions = format!("{base}/decisions");
        for note in ["多\n行".to_owned(), "长".repeat(201)] {
            let freeze = json!({"kind": "freeze_plan", "note": note});
            clerk.post(&decisions, freeze).await.must_be(400);
        }
        let correction = |total: &str, number: &str| {
            json!({"kind": "correction", "applicant": "1",
                "total": total, "approval_no": number, "reason": "登分错误"})
        };
        for number in ["", "綦\u{1b}教", &"号".repeat(101)] {
            let told = clerk.post(&decisions, correction("600", number)).await.must_be(400);
            assert!(told["detail"].as_str().is_some_and(|d| d.contains("文号")), "{told}");
        }
        let told = clerk.post(&decisions, correction("99999999", "1")).await.must_be(400);
        assert_eq!(told["detail"], "分数过大");
        let ties = json!({"document": "号".repeat(101), "applicants": ["1"]});
        let at = format!("{base}/batches/{}/ties", world.batches()[0]);
        clerk.post(&at, ties).await.must_be(400);

        for (query, words) in
            [("decisions?limit=-1", "limit 应在 1 到 1000"), ("compare?a=x&b=1", "须是数字")]
        {
            let told = clerk.get(&format!("{base}/{query}")).await.must_be(400);
            assert!(told["detail"].as_str().is_some_and(|d| d.contains(words)), "{told}");
        }
        let told = clerk.post("/v1/seasons", json!({"policy": "x = [", "mode": "drill"})).await;
        assert!(!told.text().contains("：："), "{}", told.text());
    });
}

#[test]
fn a_nul_is_refused_alike_on_both_databases() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 60).await;
            let anybody = Client::anonymous(&world);
            let clerk = anybody.signed_in("zhao").await;
            let base = format!("/v1/seasons/{}", world.season);
            for at in [
                "/v1/seasons/a%00b".to_owned(),
                format!("{base}/applicants/%00"),
                format!("{base}/schools/1%00/admissions"),
                format!("{base}/batches/%00"),
                "/v1/public/seasons/%00/lines".to_owned(),
            ] {
                let reply = clerk.get(&at).await;
                assert_eq!(reply.status, 404, "{}: {at}: {}", db.name, reply.text());
            }
            let reply = clerk.get(&format!("{base}/applicants?after=%00")).await;
            assert_eq!(reply.status, 400, "{}: {}", db.name, reply.text());
            let sign_in = json!({"name": "zh\0ao", "password": "ten characters"});
            let reply = anybody.post("/v1/session", sign_in).await;
            assert_eq!(reply.status, 400, "{}: {}", db.name, reply.text());
            let note = json!({"kind": "freeze_plan", "note": "\0"});
            let reply = clerk.post(&format!("{base}/decisions"), note).await;
            assert_eq!(reply.status, 400, "{}: {}", db.name, reply.text());
        });
    }
}

#[test]
fn a_stream_of_events_ends_with_the_session() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 120).await;
        world.bring_in().await;
        let batch = world.batches().remove(0);
        world.collect(&batch).await;
        let anybody = Client::anonymous(&world);
        let (clerk, other) = (anybody.signed_in("zhao").await, anybody.signed_in("zhao").await);
        let queued = format!("/v1/seasons/{}/batches/{batch}/runs", world.season);
        let queued = clerk.send(Method::POST, &queued, None).await;
        let at = queued.headers[header::LOCATION].to_str().expect("text").to_owned();
        queued.must_be(202);
        // Nobody works on the run, so that it has no end of its own.
        let watch = |client: &Client| {
            let (client, at) = (client.clone(), format!("{at}/events"));
            tokio::spawn(async move { client.get(&at).await })
        };
        let (shut, open) = (watch(&clerk), watch(&other));
        tokio::time::sleep(Duration::from_millis(300)).await;
        clerk.send(Method::DELETE, "/v1/session", None).await.must_be(204);
        let reply = tokio::time::timeout(Duration::from_secs(20), shut).await;
        let reply = reply.expect("the stream ends with the session").expect("a reply");
        assert_eq!((reply.status, reply.text().matches("event: job").count()), (StatusCode::OK, 1));
        assert!(!open.is_finished(), "another session watches on");
        open.abort();
    });
}

#[test]
fn a_body_that_stalls_is_not_waited_for() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let anybody = Client::anonymous(&world);
        let begun = std::time::Instant::now();
        let first = Ok::<_, std::convert::Infallible>("{");
        let stalled = futures_util::stream::once(async move { first });
        let stalled = futures_util::StreamExt::chain(stalled, futures_util::stream::pending());
        let request = Request::post("/v1/session")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from_stream(stalled))
            .expect("a request");
        let reply = tokio::time::timeout(Duration::from_secs(60), anybody.exchange(request)).await;
        let reply = reply.expect("an answer");
        assert_eq!(reply.status, 400, "{}", reply.text());
        assert!(reply.text().contains("没有在限定时间内收到"), "{}", reply.text());
        assert!(begun.elapsed() > Duration::from_secs(5), "those who are slow are waited for");
    });
}

#[test]
fn a_database_out_of_reach_is_said_to_be_asked_again() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 60).await;
            let clerk = Client::anonymous(&world).signed_in("zhao").await;
            world.office.store().clone().close().await.expect("an end");
            let reply = clerk.get("/v1/me").await;
            assert_eq!(reply.headers.get(header::RETRY_AFTER).expect("a time"), "5");
            let problem = reply.must_be(503);
            assert_eq!(problem["type"], "/problems/busy", "{}", db.name);
        });
    }
}
