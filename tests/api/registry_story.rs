//! From publication to classes and back, by HTTP: the registry gate, its feed, the classes, a revocation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{Method, header};
use luqu::store::Admission;
use serde_json::{Value, json};

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};
use crate::http_kit::Client;

/// A season with everything published, its admissions by applicant, and the school that admitted most.
pub(crate) async fn published(db: &TestDb, applicants: u32) -> (World, Vec<Admission>, String) {
    let world = World::lived(db, applicants).await;
    let all = world.office.store().read().admissions(&world.season).await.expect("admissions");
    let mut counts = std::collections::BTreeMap::new();
    for one in &all {
        *counts.entry(one.school.clone()).or_insert(0) += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, n)| *n).expect("a school").0;
    (world, all, most)
}

/// Everything of the feed behind a place, page by page.
async fn drained(client: &Client, base: &str, mut after: Option<String>) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let from = after.as_ref().map(|a| format!("&after={a}")).unwrap_or_default();
        let page = client.get(&format!("{base}/registry-feed?limit=37{from}")).await.must_be(200);
        let events = page["events"].as_array().expect("events").clone();
        if events.is_empty() {
            return all;
        }
        after = page["next"].as_str().map(str::to_owned);
        all.extend(events);
    }
}

fn kinds(events: &[Value], applicant: &str) -> Vec<String> {
    let of = events.iter().filter(|e| e["applicant_id"] == applicant);
    of.map(|e| e["kind"].as_str().expect("a kind").to_owned()).collect()
}

#[test]
fn the_gate_opens_step_by_step_and_closes_in_the_right_order() {
    for db in TestDb::all() {
        block_on(async {
            let (world, admissions, school) = published(&db, 300).await;
            let base = format!("/v1/seasons/{}", world.season);
            let anybody = Client::anonymous(&world);
            let clerk = anybody.signed_in("zhao").await;
            let reviewer = anybody.signed_in("qian").await;
            let registry = anybody.signed_in("sun").await;
            world.school_account("wu", &school).await;
            let own = anybody.signed_in("wu").await;
            let mine: Vec<&Admission> = admissions.iter().filter(|a| a.school == school).collect();
            let (one, two) = (mine[0].applicant.as_str(), mine[1].applicant.as_str());
            let gate = |who: &str| {
                let (registry, path) = (registry.clone(), format!("{base}/registry/{who}"));
                async move { registry.get(&path).await }
            };

            // Published, and nothing else: held. Somebody without a seat, or nobody at all: refused.
            let told = gate(one).await.must_be(200);
            assert_eq!(
                (&told["state"], &told["standing"]),
                (&json!("held"), &json!("not_arrived"))
            );
            assert_eq!(told["evidence"]["seat_no"], mine[0].seat_no);
            let approval = told["evidence"]["approval_no"].as_str().expect("a number");
            assert!(!approval.is_empty());
            let unlucky = (0..world.applicants())
                .map(|at| world.applicant(at))
                .find(|a| admissions.iter().all(|x| x.applicant != *a))
                .expect("somebody without a seat");
            let told = gate(&unlucky).await.must_be(200);
            assert_eq!((&told["state"], &told["evidence"]), (&json!("refused"), &Value::Null));
            gate("nobody").await.must_be(404);
            let opened = format!("{base}/schools/{school}/records");
            let none = clerk.post(&opened, Value::Null).await.must_be(200);
            assert_eq!(none["opened"], 0);

            // Arrived and not audited: held. Audited: eligible. Opened: registered.
            for a in &mine[..mine.len() - 1] {
                let place = format!("{base}/arrivals/{}", a.applicant);
                own.send(Method::PUT, &place, Some(json!({"arrived": true}))).await.must_be(204);
                // Said twice, it happened once.
                own.send(Method::PUT, &place, Some(json!({"arrived": true}))).await.must_be(204);
            }
            assert_eq!(gate(one).await.must_be(200)["standing"], "not_cleared");
            clerk.post(&format!("{base}/audit"), Value::Null).await.must_be(200);
            let told = gate(one).await.must_be(200);
            assert_eq!(
                (&told["state"], &told["standing"]),
                (&json!("eligible"), &json!("eligible"))
            );
            assert_eq!(told["evidence"]["audit"]["cleared"], true);
            let done = clerk.post(&opened, Value::Null).await.must_be(200);
            assert_eq!(done["opened"], mine.len() - 1);
            assert_eq!(gate(one).await.must_be(200)["standing"], "registered");
            let place = format!("{base}/arrivals/{one}");
            let told = own.send(Method::PUT, &place, Some(json!({"arrived": false}))).await;
            let told = told.must_be(409);
            assert!(told["detail"].as_str().is_some_and(|d| d.contains("先撤销学籍")), "{told}");

            // The pages have everybody once, in order.
            let mut after = String::new();
            let mut seen = Vec::new();
            loop {
                let page = registry.get(&format!("{base}/registry?limit=50&after={after}")).await;
                let link = page.headers.get(header::LINK).is_some();
                let page = page.must_be(200);
                let students = page["students"].as_array().expect("students").clone();
                seen.extend(
                    students.iter().map(|s| s["applicant_id"].as_str().expect("there").to_owned()),
                );
                assert_eq!(link, page["next"].is_string());
                let Some(next) = page["next"].as_str() else { break };
                after = next.to_owned();
            }
            let all: Vec<String> = admissions.iter().map(|a| a.applicant.clone()).collect();
            assert_eq!(seen, all, "{}", db.name);

            // Classes: even, of 55 at most, everybody once.
            let classes = format!("{base}/schools/{school}/classes");
            let formed = own.post(&classes, json!({})).await.must_be(201);
            assert_eq!(formed["formation"], 1);
            let list = own.get(&classes).await.must_be(200);
            let list = list.as_array().expect("pupils");
            assert_eq!(list.len(), mine.len() - 1);
            let sizes: Vec<u64> = formed["sizes"]
                .as_array()
                .expect("there")
                .iter()
                .filter_map(Value::as_u64)
                .collect();
            let (least, most) =
                (sizes.iter().min().expect("there"), sizes.iter().max().expect("there"));
            assert!(*most <= 55 && most - least <= 1, "{sizes:?}");
            let too_few = own.post(&classes, json!({"classes": 1})).await;
            assert_eq!(too_few.status.as_u16(), if mine.len() - 1 > 55 { 409 } else { 201 });
            let csv = own.get(&format!("{classes}?format=csv")).await.text();
            let header = csv.lines().next().unwrap_or_default();
            assert_eq!(header, "\u{feff}班号,序号,报名号,姓名,性别,毕业学校,学校");

            // A record is withdrawn, and with it the place in the class.
            let seen = drained(&registry, &base, None).await;
            let last = seen.last().expect("events")["cursor"].as_str().expect("there").to_owned();
            clerk.send(Method::DELETE, &format!("{base}/records/{two}"), None).await.must_be(204);
            let list = own.get(&classes).await.must_be(200);
            assert!(list.as_array().expect("there").iter().all(|p| p["applicant_id"] != two));
            assert_eq!(gate(two).await.must_be(200)["standing"], "eligible");

            // A revocation by two takes class place, record, clearance, arrival and seat, in this order.
            let body = json!({"kind": "revocation", "applicant": one, "reason": "\n 冒名顶替 "});
            for reason in ["冒名", "冒名\n顶替", "冒名\u{202e}顶替", &"冒".repeat(201)] {
                let body = json!({"kind": "revocation", "applicant": one, "reason": reason});
                clerk.post(&format!("{base}/decisions"), body).await.must_be(400);
            }
            let proposed = clerk.post(&format!("{base}/decisions"), body).await.must_be(201);
            let list = clerk.get(&format!("{base}/decisions?format=csv")).await.text();
            for words in ["冻结招生计划,已批准,", "撤销录取,待复核,冒名顶替,"] {
                assert!(list.contains(words), "{list}");
            }
            let approve = format!("{base}/decisions/{}/approve", proposed["id"]);
            let signature = json!({"digest": proposed["digest"]});
            clerk.matching(&approve, "*", signature.clone()).await.must_be(403);
            reviewer.matching(&approve, "*", signature).await.must_be(204);
            let told = gate(one).await.must_be(200);
            assert_eq!((&told["state"], &told["standing"]), (&json!("refused"), &json!("revoked")));
            assert_eq!(told["evidence"]["revoked_by"], proposed["id"]);
            assert_eq!(told["evidence"]["audit"]["cleared"], false);
            let list = own.get(&classes).await.must_be(200);
            assert_eq!(list.as_array().expect("there").len(), mine.len() - 3);

            // What the feed says: nothing twice, nothing skipped, in the order of what happened.
            let whole = drained(&registry, &base, None).await;
            let rest = drained(&registry, &base, Some(last)).await;
            assert_eq!(whole[..seen.len()], seen[..]);
            assert_eq!(whole[seen.len()..], rest[..]);
            let opened = ["admission_published", "arrived", "cleared", "record_opened"];
            let closed =
                ["record_withdrawn", "clearance_withdrawn", "arrival_undone", "admission_revoked"];
            assert_eq!(kinds(&whole, one), [&opened[..], &closed[..]].concat(), "{}", db.name);
            assert_eq!(kinds(&whole, two), [&opened[..], &["record_withdrawn"]].concat());
            assert_eq!(kinds(&rest, two), ["record_withdrawn"]);
            let published = whole.iter().filter(|e| e["kind"] == "admission_published").count();
            assert_eq!(published, admissions.len());
            let text = Value::Array(whole).to_string();
            let names = world.office.store().read().names(&world.season).await.expect("names");
            assert!(names.values().all(|n| !text.contains(n.as_str())), "names in the feed");
            let wrong = registry.get(&format!("{base}/registry-feed?after=zzz")).await;
            assert_eq!(wrong.status.as_u16(), 409);
        });
    }
}

#[test]
fn whoever_is_registered_late_joins_a_class_that_was_formed() {
    for db in TestDb::all() {
        block_on(async {
            let (world, admissions, school) = published(&db, 400).await;
            let base = format!("/v1/seasons/{}", world.season);
            let anybody = Client::anonymous(&world);
            let clerk = anybody.signed_in("zhao").await;
            world.school_account("wu", &school).await;
            let own = anybody.signed_in("wu").await;
            let mine: Vec<&str> = admissions
                .iter()
                .filter(|a| a.school == school)
                .map(|a| a.applicant.as_str())
                .collect();
            assert!(mine.len() > 56, "{}", mine.len());
            let register = |who: &[&str]| {
                let (clerk, base, school) = (clerk.clone(), base.clone(), school.clone());
                let who: Vec<String> = who.iter().map(ToString::to_string).collect();
                async move {
                    for one in &who {
                        let place = format!("{base}/arrivals/{one}");
                        let body = Some(json!({"arrived": true}));
                        clerk.send(Method::PUT, &place, body).await.must_be(204);
                    }
                    clerk.post(&format!("{base}/audit"), Value::Null).await.must_be(200);
                    let records = format!("{base}/schools/{school}/records");
                    clerk.post(&records, Value::Null).await.must_be(200)["opened"].clone()
                }
            };
            let join = |who: &str| {
                let (own, path) = (own.clone(), format!("{base}/class-places/{who}"));
                async move { own.send(Method::PUT, &path, None).await }
            };
            let refused = |told: Value| told["detail"].as_str().expect("words").to_owned();
            let classes = format!("{base}/schools/{school}/classes");

            // Not before there are classes, and not before there is a record.
            assert_eq!(register(&mine[..55]).await, 55);
            let told = refused(join(mine[0]).await.must_be(409));
            assert!(told.contains("尚未分班"), "{told}");
            let formed = own.post(&classes, json!({"classes": 1})).await.must_be(201);
            assert_eq!(formed["sizes"], json!([55]));
            let told = refused(join(mine[55]).await.must_be(409));
            assert!(told.contains("尚未建学籍"), "{told}");
            let theirs = admissions.iter().find(|a| a.school != school).expect("another school");
            join(&theirs.applicant).await.must_be(404);
            join("nobody").await.must_be(404);

            // A class of 55 is full, whoever asks; a seat that was left is given once.
            assert_eq!(register(&mine[55..56]).await, 1);
            let told = refused(join(mine[55]).await.must_be(409));
            assert!(told.contains("1班 55人，上限55人"), "{told}");
            let list = own.get(&classes).await.must_be(200);
            let left = list.as_array().expect("pupils")[6].clone();
            let left = left["applicant_id"].as_str().expect("a number");
            let record = format!("{base}/records/{left}");
            clerk.send(Method::DELETE, &record, None).await.must_be(204);
            let seat = json!({"formation": 1, "class_no": 1, "seat_no": 7});
            assert_eq!(join(mine[55]).await.must_be(201), seat, "{}", db.name);
            assert_eq!(join(mine[55]).await.must_be(200), seat);
            let list = own.get(&classes).await.must_be(200);
            assert_eq!(list.as_array().map(Vec::len), Some(55));
            assert_eq!(list[6]["applicant_id"], mine[55]);

            // Of two classes the smaller one, behind its last.
            let formed = own.post(&classes, json!({"classes": 2})).await.must_be(201);
            let sizes = formed["sizes"].as_array().expect("sizes").clone();
            let smaller = 1 + sizes.iter().position(|s| *s == 27).expect("27 and 28");
            // Whoever lost the record has arrived and is cleared, and gets another.
            assert_eq!(register(&mine[56..57]).await, 2);
            let told = join(mine[56]).await.must_be(201);
            assert_eq!(told, json!({"formation": 2, "class_no": smaller, "seat_no": 28}));
            // Of two that are alike the first.
            let told = join(left).await.must_be(201);
            assert_eq!(told, json!({"formation": 2, "class_no": 1, "seat_no": 29}));

            // The ledger has all three, by pseudonym.
            let sun = anybody.signed_in("sun").await;
            let entries = sun.get("/v1/ledger/entries?limit=1000").await.must_be(200);
            let entries = entries.as_array().expect("entries").iter();
            let joined: Vec<_> = entries.filter(|e| e["kind"] == "class_joined").collect();
            assert_eq!(joined.len(), 3);
            assert!(joined.iter().all(|e| e["actor"] == "wu"), "{joined:?}");
            let said = format!("{joined:?}");
            assert!(!said.contains(mine[55]) && !said.contains(mine[56]), "{said}");
        });
    }
}

#[test]
fn who_is_asked_about_by_number_is_found_by_its_hash() {
    let db = TestDb::sqlite();
    block_on(async {
        let (world, admissions, _) = published(&db, 120).await;
        let base = format!("/v1/seasons/{}", world.season);
        let registry = Client::anonymous(&world).signed_in("sun").await;
        let known = world.office.current(&world.season).await.expect("the season");
        let ask = |number: String| {
            let (registry, base) = (registry.clone(), base.clone());
            async move {
                let body = json!({"id_number": number});
                registry.post(&format!("{base}/registry-query"), body).await.must_be(200)
            }
        };
        let one = &admissions[0].applicant;
        let at = known.find_applicant(one).expect("an applicant");
        let number = known.applicant(at).id_number.clone().expect("a number").to_string();
        assert_eq!(ask(number.to_lowercase()).await["applicant_id"], one.as_str());
        assert_eq!(ask(format!(" {number} ")).await["state"], "held");
        let nobody = ask("11010519491231002X".to_owned()).await;
        assert_eq!((&nobody["state"], &nobody["applicant_id"]), (&json!("refused"), &json!("")));
    });
}

#[test]
fn the_feed_skips_nothing_while_others_write() {
    for db in TestDb::all() {
        block_on(async {
            let (world, admissions, _) = published(&db, 120).await;
            let office = &world.office;
            let season = world.season.clone();
            // Four writers let people arrive and leave again; a reader polls meanwhile.
            let mut writers = Vec::new();
            for part in admissions.chunks(admissions.len().div_ceil(4)) {
                let (office, season, clerk) = (office.clone(), season.clone(), world.clerk.clone());
                let part: Vec<String> = part.iter().take(12).map(|a| a.applicant.clone()).collect();
                writers.push(tokio::spawn(async move {
                    for who in &part {
                        for arrived in [true, false, true] {
                            office.arrive(&clerk, &season, who, arrived).await.expect("an arrival");
                        }
                    }
                    part.len() * 3
                }));
            }
            let written_all = Arc::new(AtomicBool::new(false));
            let reader = {
                let done = Arc::clone(&written_all);
                let (office, season, clerk) = (office.clone(), season.clone(), world.clerk.clone());
                tokio::spawn(async move {
                    let (mut after, mut seen) = (None::<String>, Vec::new());
                    loop {
                        // Asked before the page: what was written until then is on it or before it.
                        let over = done.load(Ordering::Acquire);
                        let page = office
                            .feed(&clerk, &season, after.as_deref(), 7)
                            .await
                            .expect("a page");
                        if page.events.is_empty() && over {
                            return seen;
                        }
                        if page.events.is_empty() {
                            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                        }
                        after = page.next;
                        seen.extend(page.events.into_iter().map(|e| e.cursor));
                    }
                })
            };
            let mut written = 0;
            for writer in writers {
                written += writer.await.expect("a writer");
            }
            written_all.store(true, Ordering::Release);
            let seen = reader.await.expect("a reader");
            let clerk = &world.clerk;
            let (mut after, mut whole) = (None::<String>, Vec::new());
            loop {
                let page =
                    office.feed(clerk, &season, after.as_deref(), 500).await.expect("a page");
                if page.events.is_empty() {
                    break;
                }
                after = page.next;
                whole.extend(page.events.into_iter().map(|e| e.cursor));
            }
            assert_eq!(whole.len(), admissions.len() + written, "{}", db.name);
            assert_eq!(seen, whole, "{}: what was polled is what there is", db.name);
        });
    }
}
