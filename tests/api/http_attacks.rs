//! What somebody tries who has an account, or none, and means no good.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, Request, header};
use luqu::auth::TokenRequest;
use luqu::store::Scope;
use serde_json::{Value, json};

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};
use crate::http_kit::{Client, admin};

#[test]
fn many_wrong_passwords_at_once_are_no_more_than_one_after_another() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let anybody = Client::anonymous(&world);
        let tries = (0..70).map(|at| {
            let anybody = anybody.clone();
            tokio::spawn(async move {
                let who = json!({"name": format!("nobody-{at}"), "password": "a wrong password"});
                anybody.post("/v1/session", who).await.status.as_u16()
            })
        });
        let mut told = BTreeMap::new();
        for tried in tries.collect::<Vec<_>>() {
            *told.entry(tried.await.expect("a reply")).or_insert(0) += 1;
        }
        assert_eq!(told, BTreeMap::from([(403, 50), (429, 20)]));
    });
}

#[test]
fn a_session_of_a_disabled_account_is_over_for_good() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 60).await;
            let anybody = Client::anonymous(&world);
            let admin = anybody.signed_in("zhou").await;
            let clerk = anybody.signed_in("zhao").await;
            for (act, then) in [("disable", 401), ("enable", 401)] {
                admin.post(&format!("/v1/accounts/zhao/{act}"), Value::Null).await.must_be(204);
                clerk.get("/v1/me").await.must_be(then);
            }
            anybody.signed_in("zhao").await.get("/v1/me").await.must_be(200);
        });
    }
}

#[test]
fn an_answer_is_given_again_to_whoever_may_ask_alone() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::lived(&db, 120).await;
        let anybody = Client::anonymous(&world);
        let mut tokens = Vec::new();
        for scope in [Scope::Registry, Scope::Import] {
            let account = "li".to_owned();
            let request =
                TokenRequest { account, note: String::new(), scopes: vec![scope], days: None };
            let made = world.office.create_token(&admin(), &request).await.expect("a token");
            tokens.push(anybody.with(&made.1));
        }
        let base = format!("/v1/seasons/{}", world.season);
        let clerk = anybody.signed_in("zhao").await;
        let all = world.office.store().read().admissions(&world.season).await.expect("all");
        let place = format!("{base}/applicants/{}/reveal", all[0].applicant);
        let person = clerk.post(&place, json!({"reason": "电话核对"})).await.must_be(200);
        let body = Some(json!({"id_number": person["id_number"]}));
        let (place, key) = (format!("{base}/registry-query"), [("idempotency-key", "k-1")]);
        let ask = |client: &Client| {
            let (client, place, body) = (client.clone(), place.clone(), body.clone());
            async move { client.send_with(Method::POST, &place, body, &key).await }
        };
        ask(&tokens[0]).await.must_be(200);
        assert!(ask(&tokens[0]).await.headers.contains_key("idempotency-replayed"));
        ask(&tokens[1]).await.must_be(403);
    });
}

#[test]
fn where_a_child_is_admitted_is_told_to_no_other_school() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::lived(&db, 200).await;
        let all = world.office.store().read().admissions(&world.season).await.expect("all");
        let other = all.iter().find(|a| a.school != all[0].school).expect("another school");
        world.school_account("wu", &all[0].school).await;
        let school = Client::anonymous(&world).signed_in("wu").await;
        let bodies = [
            ("arrivals", Some(json!({"arrived": true}))),
            ("class-places", None),
            ("section-places", Some(json!({"combination": "物化生"}))),
        ];
        for (what, body) in bodies {
            let mut told = Vec::new();
            for who in [other.applicant.as_str(), "nobody"] {
                let place = format!("/v1/seasons/{}/{what}/{who}", world.season);
                let reply = school.send(Method::PUT, &place, body.clone()).await;
                told.push(reply.must_be(404).to_string().replace(who, ""));
            }
            assert_eq!(told[0], told[1], "{what}");
        }
    });
}

#[test]
fn nothing_is_written_about_anybody_once_a_season_is_destroyed() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::lived(&db, 120).await;
            let anybody = Client::anonymous(&world);
            let clerk = anybody.signed_in("zhao").await;
            let reviewer = anybody.signed_in("qian").await;
            let base = format!("/v1/seasons/{}", world.season);
            let all = world.office.store().read().admissions(&world.season).await.expect("all");
            let asked = json!({"kind": "retention", "reason": "演练结束"});
            let made = clerk.post(&format!("{base}/decisions"), asked).await.must_be(201);
            let mut sent = Vec::new();
            for admission in all.iter().take(24) {
                let who = admission.applicant.clone();
                let revoke = json!({"kind": "revocation", "applicant": who, "reason": "某人冒名"});
                let wanted = [
                    (format!("{base}/applicants/{who}/reveal"), json!({"reason": "某人来电"})),
                    (format!("{base}/handover"), json!({"reason": "某人来取"})),
                    (format!("{base}/decisions"), revoke),
                ];
                for (place, body) in wanted {
                    let clerk = clerk.clone();
                    sent.push(tokio::spawn(async move { clerk.post(&place, body).await.status }));
                }
            }
            let place = format!("{base}/decisions/{}/approve", made["id"]);
            let signature = json!({"digest": made["digest"]});
            reviewer.matching(&place, "*", signature).await.must_be(204);
            for one in sent {
                let status = one.await.expect("a reply");
                assert!(!status.is_server_error(), "{}: {status}", db.name);
            }
            let read = world.office.store().read();
            let looks = read.looks(None, 1000).await.expect("looks");
            assert!(looks.iter().all(|(_, l)| !l.reason.contains("某人")), "{}", db.name);
            let decisions = read.decisions(&world.season).await.expect("decisions");
            let said = |d: &luqu::store::Decision| format!("{} {}", d.note, d.body);
            assert!(decisions.iter().all(|d| !said(d).contains("某人")), "{}", db.name);
        });
    }
}

#[test]
fn a_form_that_is_none_is_told_in_chinese() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let clerk = Client::anonymous(&world).signed_in("zhao").await;
        let forms = [
            ("multipart/form-data", "x"),
            ("multipart/form-data; boundary=a", "x"),
            ("multipart/form-data; boundary=a", "--a\r\nfoo\r\n\r\nabc\r\n--a--"),
        ];
        for (kind, body) in forms {
            let request = Request::post(format!("/v1/seasons/{}/imports", world.season))
                .header(header::CONTENT_TYPE, kind)
                .header(header::AUTHORIZATION, format!("Bearer {}", clerk.token()))
                .body(Body::from(body))
                .expect("a request");
            let told = clerk.exchange(request).await.must_be(400);
            let detail = told["detail"].as_str().expect("words");
            assert!(detail.contains("上传") && !detail.contains("multipart stream"), "{detail}");
        }
    });
}
