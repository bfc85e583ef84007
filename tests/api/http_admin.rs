//! Accounts, passwords, tokens, and requests that are done once.

use axum::http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::acts_world::{PASSWORD, World};
use crate::databases::{TestDb, block_on};
use crate::http_kit::Client;

#[test]
fn an_administrator_keeps_the_accounts_and_no_result() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let anybody = Client::anonymous(&world);
        let admin = anybody.signed_in("zhou").await;
        let new = json!({"name": "chen", "display": "陈", "role": "clerk"});
        let made = admin.post("/v1/accounts", new.clone()).await.must_be(201);
        admin.post("/v1/accounts", new).await.must_be(409);
        let bad = json!({"name": "chen2", "display": "陈", "role": "school"});
        admin.post("/v1/accounts", bad).await.must_be(409);

        // The password that was given out opens nothing but its own change.
        let given = made["password"].as_str().expect("a password").to_owned();
        let begin = |password: String| {
            let anybody = anybody.clone();
            async move {
                anybody.post("/v1/session", json!({"name": "chen", "password": password})).await
            }
        };
        let first = begin(given.clone()).await.must_be(200);
        let chen = anybody.with(first["token"].as_str().expect("a token"));
        assert_eq!(chen.get("/v1/me").await.must_be(200)["must_change_password"], true);
        let refused = chen.get("/v1/seasons").await.must_be(403);
        assert_eq!(refused["type"], "/problems/password-change-required");
        let change = |old: &str, new: &str| json!({"old": old, "new": new});
        chen.post("/v1/me/password", change("something else", "a new password")).await.must_be(403);
        chen.post("/v1/me/password", change(&given, &given)).await.must_be(409);
        chen.post("/v1/me/password", change(&given, "short")).await.must_be(409);
        let second = begin(given.clone()).await.must_be(200);
        let elsewhere = anybody.with(second["token"].as_str().expect("a token"));
        chen.post("/v1/me/password", change(&given, "a new password")).await.must_be(204);
        chen.get("/v1/seasons").await.must_be(200);
        elsewhere.get("/v1/me").await.must_be(401);
        begin(given).await.must_be(403);

        // Reset, disabled and enabled again.
        let reset = admin.post("/v1/accounts/chen/reset-password", Value::Null).await.must_be(200);
        chen.get("/v1/me").await.must_be(401);
        let again = begin(reset["password"].as_str().expect("a password").to_owned()).await;
        let chen = anybody.with(again.must_be(200)["token"].as_str().expect("a token"));
        admin.post("/v1/accounts/chen/disable", Value::Null).await.must_be(204);
        chen.get("/v1/me").await.must_be(401);
        admin.post("/v1/accounts/chen/enable", Value::Null).await.must_be(204);
        chen.get("/v1/me").await.must_be(401);
        admin.post("/v1/accounts/zhou/disable", Value::Null).await.must_be(409);
        let list = admin.get("/v1/accounts?format=csv").await;
        assert!(list.text().contains("chen,陈,经办"), "{}", list.text());
        assert!(!list.text().contains("argon2"), "{}", list.text());
        admin.get(&format!("/v1/seasons/{}/rounds", world.season)).await.must_be(403);
    });
}

#[test]
fn an_account_has_a_name_that_can_be_seen_and_a_school_that_there_is() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let admin = Client::anonymous(&world).signed_in("zhou").await;
        world.import().await;
        world.freeze().await;
        for (name, display, school) in
            [(".", "陈", None), ("chen", "陈\u{202e}", None), ("chen", "陈", Some("S999"))]
        {
            let role = if school.is_some() { "school" } else { "clerk" };
            let new = json!({"name": name, "display": display, "role": role, "school": school});
            admin.post("/v1/accounts", new).await.must_be(409);
        }
        let token = json!({"account": "li", "scopes": ["registry"], "note": "市\n学籍"});
        admin.post("/v1/tokens", token).await.must_be(400);
    });
}

#[test]
fn wrong_passwords_tire_an_account_that_exists_and_one_that_does_not() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let anybody = Client::anonymous(&world);
        for name in ["zhao", "nobody-at-all"] {
            let wrong = json!({"name": name, "password": "something else"});
            for _ in 0..10 {
                anybody.post("/v1/session", wrong.clone()).await.must_be(403);
            }
            let right = json!({"name": name, "password": PASSWORD});
            anybody.post("/v1/session", right).await.must_be(429);
        }
        // Others sign in meanwhile, until the address itself is tired.
        anybody.signed_in("qian").await;
        for at in 0..30 {
            let wrong = json!({"name": format!("n{at}"), "password": "something else"});
            anybody.post("/v1/session", wrong).await.must_be(403);
        }
        let right = json!({"name": "qian", "password": PASSWORD});
        anybody.post("/v1/session", right).await.must_be(429);
    });
}

#[test]
fn a_second_server_gives_nobody_more_tries() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 60).await;
            let servers = [Client::anonymous(&world), Client::anonymous(&world)];
            let wrong = json!({"name": "zhao", "password": "something else"});
            let right = json!({"name": "zhao", "password": PASSWORD});
            // A right one gives the tries back, on both.
            for at in 0..9 {
                servers[at % 2].post("/v1/session", wrong.clone()).await.must_be(403);
            }
            servers[0].post("/v1/session", right.clone()).await.must_be(200);
            // Many at once get as many as one after another.
            let mut sent = Vec::new();
            for at in 0..24 {
                let (server, wrong) = (servers[at % 2].clone(), wrong.clone());
                sent.push(tokio::spawn(async move {
                    server.post("/v1/session", wrong).await.status.as_u16()
                }));
            }
            let mut told = std::collections::BTreeMap::new();
            for task in sent {
                *told.entry(task.await.expect("a reply")).or_insert(0) += 1;
            }
            assert_eq!(told, [(403, 10), (429, 14)].into(), "{}", db.name);
            for server in &servers {
                server.post("/v1/session", right.clone()).await.must_be(429);
                server.signed_in("qian").await;
            }
            // A name that was typed stands nowhere; the rest is over after a quarter of an hour.
            let store = world.office.store();
            let ago = |minutes: i64| luqu::acts::now() - minutes * 60_000_000;
            let aged = format!("UPDATE sign_in_try SET since = {}", ago(14));
            assert_eq!(store.execute_raw(&aged).await.expect("one name"), 1);
            servers[1].post("/v1/session", right.clone()).await.must_be(429);
            let aged = format!("UPDATE sign_in_try SET since = {}", ago(16));
            store.execute_raw(&aged).await.expect("one name");
            servers[1].post("/v1/session", right.clone()).await.must_be(200);

            // Guessing one's own old password takes from the same tries.
            let zhao = servers[0].signed_in("zhao").await;
            let guess = json!({"old": "something else", "new": "another password"});
            for _ in 0..10 {
                zhao.post("/v1/me/password", guess.clone()).await.must_be(403);
            }
            zhao.post("/v1/me/password", guess).await.must_be(429);
            servers[1].post("/v1/session", right).await.must_be(429);
        });
    }
}

#[test]
fn a_session_ends_idle_after_a_quarter_of_an_hour_and_in_any_case_after_eight_hours() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 60).await;
            let anybody = Client::anonymous(&world);
            let store = world.office.store();
            let now = luqu::acts::now();
            let ago = |minutes: i64| now - minutes * 60_000_000;
            // Begun so many minutes ago and last used so many minutes ago.
            for (at, (begun, seen, status)) in [
                (0, 0, 200),
                (14, 14, 200),
                (16, 16, 401),
                (479, 1, 200),
                (479, 16, 401),
                (481, 0, 401),
            ]
            .into_iter()
            .enumerate()
            {
                let token = format!("token {at}");
                let hash = Sha256::digest(token.as_bytes());
                let tx = store.write().await.expect("a transaction");
                tx.begin_session(&hash, "zhao", ago(begun)).await.expect("a session");
                tx.touch_session(&hash, ago(seen)).await.expect("a use");
                tx.commit().await.expect("a commit");
                let client = anybody.with(&token);
                client.get("/v1/me").await.must_be(status);
                // Whoever uses it is no longer idle; whoever came too late stays out.
                let noted = store.read().session(&hash).await.expect("sessions").expect("it");
                assert_eq!(noted.seen_at >= now, status == 200 && seen > 0 || seen == 0, "{at}");
                assert_eq!(noted.created_at, ago(begun));
                client.get("/v1/me").await.must_be(status);
            }
        });
    }
}

#[test]
fn a_program_may_do_what_its_token_names_until_it_is_revoked() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let anybody = Client::anonymous(&world);
        let admin = anybody.signed_in("zhou").await;
        let body = json!({"account": "li", "scopes": ["registry"], "note": "市学籍", "days": 30});
        let made = admin.post("/v1/tokens", body).await.must_be(201);
        let program = anybody.with(made["token"].as_str().expect("a token"));
        assert_eq!(program.get("/v1/me").await.must_be(200)["role"], "machine");
        let base = format!("/v1/seasons/{}", world.season);
        program.get(&format!("{base}/registry/1")).await.must_be(404);
        let wishes = format!("{base}/batches/b/wishes/1");
        let none = Some(json!({"wishes": []}));
        program.send(Method::PUT, &wishes, none).await.must_be(403);
        program.get(&format!("{base}/imports")).await.must_be(403);
        // A machine has no password, and nobody else a token.
        let password = json!({"name": "li", "password": PASSWORD});
        anybody.post("/v1/session", password).await.must_be(403);
        let body = json!({"account": "zhao", "scopes": ["registry"]});
        admin.post("/v1/tokens", body).await.must_be(409);
        let list = admin.get("/v1/tokens").await.must_be(200);
        assert!(list[0]["used_at"].is_i64() && list[0].get("token").is_none(), "{list}");
        let place = format!("/v1/tokens/{}", made["id"]);
        admin.send(Method::DELETE, &place, None).await.must_be(204);
        admin.send(Method::DELETE, &place, None).await.must_be(409);
        program.get("/v1/me").await.must_be(401);
    });
}

#[test]
fn a_request_with_a_key_is_done_once_by_whichever_server() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 60).await;
            let one = Client::anonymous(&world).signed_in("zhao").await;
            let other = Client::anonymous(&world).with(one.token());
            world.import().await;
            let place = format!("/v1/seasons/{}/decisions", world.season);
            let freeze = Some(json!({"kind": "freeze_plan", "note": "a"}));
            let key = [("idempotency-key", "k-1")];
            let first = one.send_with(Method::POST, &place, freeze.clone(), &key).await;
            let again = other.send_with(Method::POST, &place, freeze.clone(), &key).await;
            assert_eq!(again.headers["idempotency-replayed"], "true");
            assert_eq!((first.status, &first.bytes), (again.status, &again.bytes), "{}", db.name);
            first.must_be(201);
            let list = one.get(&place).await.must_be(200);
            assert_eq!(list.as_array().map(Vec::len), Some(1), "{}", db.name);
            // The key for something else; the same by another person; without a key it is another request.
            let note = Some(json!({"kind": "freeze_plan", "note": "b"}));
            let reply = other.send_with(Method::POST, &place, note, &key).await;
            assert_eq!(reply.must_be(422)["type"], "/problems/idempotency-key");
            let reviewer = Client::anonymous(&world).signed_in("qian").await;
            let theirs = reviewer.send_with(Method::POST, &place, freeze.clone(), &key).await;
            assert!(!theirs.headers.contains_key("idempotency-replayed"));
            theirs.must_be(201);

            // Many at once: one is done, the others wait or get its answer.
            let key = [("idempotency-key", "k-2")];
            let mut sent = Vec::new();
            for _ in 0..8 {
                let (one, place, freeze) = (one.clone(), place.clone(), freeze.clone());
                sent.push(tokio::spawn(async move {
                    one.send_with(Method::POST, &place, freeze, &key).await
                }));
            }
            let mut replies = Vec::new();
            for task in sent {
                replies.push(task.await.expect("a reply"));
            }
            for reply in &replies {
                assert!([201, 409].contains(&reply.status.as_u16()), "{}", reply.text());
            }
            assert!(replies.iter().any(|r| r.status == 201));
            let list = one.get(&place).await.must_be(200);
            assert_eq!(list.as_array().map(Vec::len), Some(3), "{}", db.name);

            // What did nothing frees its key, and a secret is told once.
            let key = [("idempotency-key", "k-3")];
            let quota = Some(json!({"kind": "quota"}));
            one.send_with(Method::POST, &place, quota, &key).await.must_be(409);
            one.send_with(Method::POST, &place, freeze, &key).await.must_be(201);
            let admin = Client::anonymous(&world).signed_in("zhou").await;
            let new = Some(json!({"name": "chen", "display": "陈", "role": "clerk"}));
            admin.send_with(Method::POST, "/v1/accounts", new.clone(), &key).await.must_be(201);
            admin.send_with(Method::POST, "/v1/accounts", new, &key).await.must_be(409);
        });
    }
}
