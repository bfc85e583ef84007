//! Lists in three forms and in pages, tags, one applicant's track, what if, and that no id number is anywhere.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::header;
use luqu_engine::domain::{Table, id_number};
use serde_json::{Value, json};

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};
use crate::http_kit::Client;

#[test]
fn lists_come_in_three_forms_and_in_pages() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::lived(&db, 300).await;
        let clerk = Client::anonymous(&world).signed_in("zhao").await;
        let base = format!("/v1/seasons/{}", world.season);
        // Every page once, in order, nobody twice and nobody left out.
        let mut next = Some(format!("{base}/applicants?limit=70"));
        let (mut seen, mut pages) = (Vec::new(), 0);
        while let Some(at) = next {
            let reply = clerk.get(&at).await;
            next = reply.headers.get(header::LINK).map(|link| {
                let link = link.to_str().expect("text");
                assert!(link.ends_with("; rel=\"next\""), "{link}");
                link.trim_start_matches('<').split('>').next().expect("an address").to_owned()
            });
            let rows = reply.must_be(200);
            let ids = rows.as_array().expect("rows").iter();
            seen.extend(ids.map(|r| r["applicant_id"].as_str().expect("a number").to_owned()));
            pages += 1;
        }
        assert_eq!((seen.len(), pages), (world.applicants(), world.applicants().div_ceil(70)));
        assert!(seen.is_sorted());

        let held = world.office.store().read().admissions(&world.season).await.expect("all");
        let school = format!("schools/{}", held[0].school);
        let dump = b"id_number,school_id\n11010519491231002X,S1\n".to_vec();
        let dump = luqu::acts::Upload { name: "registry.csv".to_owned(), bytes: dump };
        let dump = clerk.upload(&format!("{base}/registry-dumps"), &[dump]).await.must_be(201);
        let lists = [
            "applicants",
            "rounds",
            "decisions",
            "imports",
            "jobs",
            "plan",
            "quotas",
            "batches",
            "violations",
            "registry-dumps",
        ];
        let more = [
            format!("registry-dumps/{}/reconciliation", dump["id"]),
            format!("{school}/admissions"),
            format!("{school}/classes"),
        ];
        for list in lists.map(str::to_owned).iter().chain(&more) {
            let at = format!("{base}/{list}");
            let csv = clerk.get(&format!("{at}?format=csv")).await;
            assert!(csv.bytes.starts_with(b"\xef\xbb\xbf"), "{list}");
            let book = clerk.get(&format!("{at}?format=xlsx")).await;
            assert!(book.bytes.starts_with(b"PK"), "{list}");
            let accept = [("accept", "text/csv;q=0.9, application/json;q=0.1")];
            let asked = clerk.send_with(axum::http::Method::GET, &at, None, &accept).await;
            assert_eq!(asked.bytes, csv.bytes, "{list}");
            clerk.get(&format!("{at}?format=pdf")).await.must_be(400);
            let accept = [("accept", "image/png")];
            let refused = clerk.send_with(axum::http::Method::GET, &at, None, &accept).await;
            refused.must_be(406);
            // What was read need not be read again.
            let tag = csv.headers[header::ETAG].to_str().expect("text").to_owned();
            let known = [("if-none-match", tag.as_str()), ("accept", "text/csv")];
            let same = clerk.send_with(axum::http::Method::GET, &at, None, &known).await;
            assert_eq!((same.status.as_u16(), same.bytes.len()), (304, 0), "{list}");
        }
        let admitted = clerk.get(&format!("{base}/applicants?admitted=true&limit=1000")).await;
        assert_eq!(admitted.must_be(200).as_array().map(Vec::len), Some(held.len()));
    });
}

#[test]
fn an_applicant_is_followed_explained_and_revealed_with_a_reason() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::lived(&db, 300).await;
        let anybody = Client::anonymous(&world);
        let clerk = anybody.signed_in("zhao").await;
        let regulator = anybody.signed_in("sun").await;
        let base = format!("/v1/seasons/{}", world.season);
        let applicant = world.applicant(3);
        let place = format!("{base}/applicants/{applicant}");
        let track = regulator.get(&place).await.must_be(200);
        let masked = track["applicant"]["id_number"].as_str().expect("a number").to_owned();
        assert!(masked.contains("********"), "{masked}");
        assert!(track["marks"].as_array().is_some_and(|m| !m.is_empty()), "{track}");

        clerk.post(&format!("{place}/reveal"), json!({"reason": " "})).await.must_be(400);
        let reason = json!({"reason": "核对考生来访登记"});
        let told = clerk.post(&format!("{place}/reveal"), reason).await.must_be(200);
        let number = told["id_number"].as_str().expect("a number").to_owned();
        assert!(id_number::check(&number).is_ok() && number.len() == 18, "{number}");
        let log = regulator.get("/v1/access-log").await.must_be(200);
        assert_eq!((&log[0]["account"], &log[0]["action"]), (&json!("zhao"), &json!("reveal")));
        assert_eq!(log[0]["reason"], "核对考生来访登记");
        let find = json!({"id_number": number.to_lowercase()});
        let found = clerk.post(&format!("{base}/applicants/find"), find).await.must_be(200);
        assert_eq!(found["applicant_id"], json!(applicant));
        clerk.get(&format!("{base}/applicants?search={number}")).await.must_be(400);

        let rounds = clerk.get(&format!("{base}/rounds")).await.must_be(200);
        let last = rounds.as_array().and_then(|r| r.last()).expect("a round")["id"].clone();
        let round = format!("{base}/rounds/{last}");
        let said = clerk.get(&format!("{round}/explanations/{applicant}")).await.must_be(200);
        assert_eq!(said["applicant_id"], json!(applicant));
        let again = regulator.post(&format!("{round}/recompute"), Value::Null).await.must_be(200);
        assert_eq!(again["same"], true);
        let same = format!("{base}/compare?a={last}&b={last}");
        assert_eq!(clerk.get(&same).await.must_be(200)["moves"], json!([]));
        let other = format!("{base}/compare?a={}&b={last}", rounds[0]["id"]);
        let moves = clerk.get(&other).await.must_be(200)["moves"].clone();
        assert!(moves.as_array().is_some_and(|m| !m.is_empty()), "{moves}");
        let floor = json!({"floor": ["-500"]});
        let what_if = clerk.post(&format!("{round}/what-if"), floor).await.must_be(200);
        assert!(what_if["a"]["placed"].is_u64(), "{what_if}");
        let bad = json!({"seats": ["nonsense"]});
        clerk.post(&format!("{round}/what-if"), bad).await.must_be(400);
        let quotas = clerk.get(&format!("{base}/quotas")).await.must_be(200);
        assert!(quotas[0]["ideal"].is_string() && quotas[0]["reason"].is_string(), "{quotas}");
        let violations = regulator.get(&format!("{base}/violations")).await.must_be(200);
        assert!(violations.is_array());
    });
}

/// What the whole test process logs, requests included.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn kept() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_env_filter("info,luqu=debug,tower_http=debug")
            .with_writer(move || writer.clone())
            .init();
        log
    }

    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[test]
fn no_id_number_is_in_any_answer_but_the_one_that_is_asked_for_nor_in_the_log() {
    let log = Log::kept();
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::lived(&db, 150).await;
        let numbers: Vec<String> = world.id_numbers();
        assert!(numbers.len() >= 100, "{}", numbers.len());
        let anybody = Client::anonymous(&world);
        let held = world.office.store().read().admissions(&world.season).await.expect("all");
        let school = held[0].school.clone();
        let mut tried = 0;
        let document = anybody.get("/openapi.json").await.must_be(200);
        for name in ["zhao", "qian", "sun"] {
            let client = anybody.signed_in(name).await;
            for (path, item) in document["paths"].as_object().expect("paths") {
                // The bundle is the sealed inputs themselves, for whoever may take them; taking it is logged.
                if item.get("get").is_none() || path.ends_with("/bundle") {
                    continue;
                }
                let at = path
                    .replace("{season}", &world.season)
                    .replace("{applicant}", &world.applicant(1))
                    .replace("{batch}", &world.batches()[0])
                    .replace("{school}", &school)
                    .replace("{file}", "reasons.csv");
                let at = ["{round}", "{decision}", "{job}", "{import}"]
                    .iter()
                    .fold(at, |at, v| at.replace(v, "1"));
                let query = if path.ends_with("/compare") { "?a=1&b=2" } else { "" };
                let said = client.get(&format!("{at}{query}")).await.text();
                for number in &numbers {
                    assert!(!said.contains(number.as_str()), "{path} tells an id number");
                }
                tried += 1;
            }
        }
        assert!(tried >= 90, "{tried}");
        // A fault at a cell with an id number does not repeat it, in the answer or in an error.
        let clerk = anybody.signed_in("zhao").await;
        let wrong = json!({"kind": numbers[0]});
        let said = clerk.post(&format!("/v1/seasons/{}/decisions", world.season), wrong).await;
        assert!(!said.text().contains(&numbers[0]), "{}", said.text());
        let ledger = clerk.get("/v1/ledger/entries?limit=1000").await.text();
        assert!(numbers.iter().all(|n| !ledger.contains(n.as_str())));
        let place = format!("/v1/seasons/{}/applicants/{}", world.season, world.applicant(1));
        let reason = json!({"reason": format!("核对 {}", numbers[1])});
        clerk.post(&format!("{place}/reveal"), reason).await.must_be(200);
        let sun = anybody.signed_in("sun").await;
        let looks = sun.get("/v1/access-log").await.text();
        assert!(looks.contains("reveal") && !looks.contains(&numbers[1]), "{looks}");
    });
    let said = log.text();
    assert!(said.contains("/v1/seasons"), "requests are logged");
    let db = TestDb::sqlite();
    block_on(async {
        // A number that is mistyped is told at its cell, without its middle.
        let world = World::new(&db, 60).await;
        world.import().await;
        let clerk = Client::anonymous(&world).signed_in("zhao").await;
        let numbers = world.id_numbers();
        let mut file = world.upload(Table::Applicants, "applicants.csv").expect("applicants");
        let text = String::from_utf8(file.bytes).expect("UTF-8");
        let wrong = format!("{}0", &numbers[0][..17]);
        let wrong = if wrong == numbers[0] { format!("{}1", &numbers[0][..17]) } else { wrong };
        file.bytes = text.replace(&numbers[0], &wrong).into_bytes();
        let place = format!("/v1/seasons/{}/imports", world.season);
        let told = clerk.upload(&place, &[file]).await;
        assert_eq!(told.status, 422);
        assert!(!told.text().contains(&wrong), "{}", told.text());
        for number in numbers.iter().chain([&wrong]) {
            assert!(!log.text().contains(number.as_str()), "an id number is in the log");
        }
    });
}
