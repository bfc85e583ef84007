//! Teaching sections by HTTP: formed of the classes, listed, joined late, gone with the record and with the classes.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, header};
use luqu::ledger::bundle::{Outside, check};
use serde_json::{Value, json};

use crate::databases::{TestDb, block_on};
use crate::http_kit::{Client, Reply};
use crate::registry_story::published;

const COMBINATIONS: [&str; 5] = ["物化生", "物化地", "物化政", "史政地", "史生政"];

fn rows(list: &Value) -> &Vec<Value> {
    list.as_array().expect("rows")
}

fn text<'v>(row: &'v Value, key: &str) -> &'v str {
    row[key].as_str().unwrap_or_else(|| panic!("{key} of {row}"))
}

/// The rows of one pupil.
fn of<'v>(list: &'v Value, applicant: &str) -> Vec<&'v Value> {
    rows(list).iter().filter(|r| r["applicant_id"] == applicant).collect()
}

/// What is wrong, as codes at their cells.
fn faults(reply: Reply) -> Vec<String> {
    let told = reply.must_be(422);
    rows(&told["errors"])
        .iter()
        .map(|e| format!("{} {}", text(e, "code"), text(e, "cell")))
        .collect()
}

fn detail(reply: Reply) -> String {
    text(&reply.must_be(409), "detail").to_owned()
}

#[test]
fn sections_are_formed_of_the_classes_and_go_with_them() {
    for db in TestDb::all() {
        block_on(async {
            let (world, admissions, school) = published(&db, 300).await;
            let base = format!("/v1/seasons/{}", world.season);
            let anybody = Client::anonymous(&world);
            let clerk = anybody.signed_in("zhao").await;
            let regulator = anybody.signed_in("sun").await;
            world.school_account("wu", &school).await;
            let own = anybody.signed_in("wu").await;
            let elsewhere = admissions.iter().find(|a| a.school != school).expect("another");
            world.school_account("feng", &elsewhere.school).await;
            let other = anybody.signed_in("feng").await;
            let mine: Vec<&str> = admissions
                .iter()
                .filter(|a| a.school == school)
                .map(|a| a.applicant.as_str())
                .collect();
            let (late, seated) = mine.split_last().expect("pupils");
            let register = |who: &[&str]| {
                let (clerk, base, school) = (clerk.clone(), base.clone(), school.clone());
                let who: Vec<String> = who.iter().map(ToString::to_string).collect();
                async move {
                    for one in &who {
                        let body = Some(json!({"arrived": true}));
                        let place = format!("{base}/arrivals/{one}");
                        clerk.send(Method::PUT, &place, body).await.must_be(204);
                    }
                    clerk.post(&format!("{base}/audit"), Value::Null).await.must_be(200);
                    let records = format!("{base}/schools/{school}/records");
                    clerk.post(&records, Value::Null).await.must_be(200)["opened"].clone()
                }
            };
            let classes = format!("{base}/schools/{school}/classes");
            let sections = format!("{base}/schools/{school}/sections");
            let join = |who: &str, combination: &str| {
                let (own, path) = (own.clone(), format!("{base}/section-places/{who}"));
                let body = json!({"combination": combination});
                async move { own.send(Method::PUT, &path, Some(body)).await }
            };
            let choices: Vec<Value> = seated
                .iter()
                .zip(COMBINATIONS.iter().cycle())
                .map(|(who, chosen)| json!({"applicant_id": who, "combination": chosen}))
                .collect();
            let chosen: BTreeMap<&str, &str> =
                seated.iter().copied().zip(COMBINATIONS.iter().copied().cycle()).collect();

            // Not before there are classes.
            assert_eq!(register(seated).await, seated.len());
            let told = detail(own.post(&sections, json!({"choices": choices})).await);
            assert!(told.contains("尚未分班"), "{told}");
            own.post(&classes, json!({})).await.must_be(201);
            assert_eq!(own.get(&sections).await.must_be(200), json!([]));
            let told = detail(join(seated[0], "物化生").await);
            assert!(told.contains("尚未按现有班级编排"), "{told}");

            // Everything that is wrong is told at once, and nothing is written.
            let mut wrong = choices.clone();
            wrong[1] = json!({"applicant_id": seated[1], "combination": "物史化"});
            wrong[2] = json!({"applicant_id": elsewhere.applicant, "combination": "物化生"});
            wrong.push(json!({"applicant_id": seated[0], "combination": "物化生"}));
            let capacity = json!([
                {"subject": "音乐", "rooms": 1}, {"block": 4, "rooms": 9}, {"subject": "化学"},
                {"subject": "chemistry", "teachers": 1},
            ]);
            let asked = json!({"choices": wrong, "capacity": capacity, "limit": 56});
            let last = format!("E201 choices:{}", wrong.len());
            assert_eq!(
                faults(own.post(&sections, asked).await),
                [
                    "E107 limit",
                    "E106 choices:2",
                    "E202 choices:3",
                    last.as_str(),
                    "E103 choices",
                    "E106 capacity:1",
                    "E107 capacity:2",
                    "E103 capacity:3",
                    "E201 capacity:4",
                ],
                "{}",
                db.name
            );
            let asked = json!({"choices": choices, "blocks": 7});
            assert_eq!(faults(own.post(&sections, asked).await), ["E107 blocks"]);

            // Rooms and teachers that cannot do: the limits that conflict, and the cheapest change.
            let capacity = json!([{"subject": "化学", "teachers": 0}, {"rooms": 30}]);
            let told = detail(
                own.post(&sections, json!({"choices": choices, "capacity": capacity})).await,
            );
            assert!(told.contains("教学班不超过 55 人"), "{told}");
            assert!(told.contains("每个节段化学教师只有 0 名"), "{told}");
            assert!(told.contains("化学教师由 0 名增至"), "{told}");
            assert!(!told.contains("30"), "{told}");
            assert_eq!(own.get(&sections).await.must_be(200), json!([]));

            // A school forms its own, and the same request twice is done once.
            let asked = json!({"choices": choices});
            let key = [("idempotency-key", "sections-1")];
            let send = || own.send_with(Method::POST, &sections, Some(asked.clone()), &key);
            let formed = send().await.must_be(201);
            assert_eq!(send().await.must_be(201), formed);
            assert_eq!(
                (&formed["formation"], &formed["class_formation"]),
                (&json!(1), &json!(1)),
                "{}",
                db.name
            );
            assert_eq!(formed["pupils"], seated.len());
            assert_eq!(formed["sections"]["gap"], 0);
            assert_eq!(formed["stopped"], false);
            other.post(&sections, asked.clone()).await.must_be(404);
            regulator.post(&sections, asked.clone()).await.must_be(403);

            // Everybody once in each chosen subject, never twice at once; no section above 55.
            let list = own.get(&sections).await.must_be(200);
            let mut sizes: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
            for row in rows(&list) {
                let seat = row["seat_no"].as_u64().expect("a seat");
                sizes.entry(text(row, "section")).or_default().push(seat);
                match row["home_class"].as_u64() {
                    Some(class) => assert_eq!(row["room"], format!("{class}班教室")),
                    None => assert!(text(row, "room").starts_with("走班教室"), "{row}"),
                }
            }
            assert_eq!(formed["sections"]["value"], sizes.len());
            for (section, seats) in &sizes {
                assert!(seats.len() <= 55, "{section}");
                assert!(seats.iter().copied().eq(1..=seats.len() as u64), "{section}: {seats:?}");
            }
            for (who, combination) in &chosen {
                let own = of(&list, who);
                let blocks: BTreeSet<u64> =
                    own.iter().filter_map(|r| r["block"].as_u64()).collect();
                assert_eq!((own.len(), blocks.len()), (3, 3), "{who}");
                let short = |r: &&Value| text(r, "subject").chars().next().expect("a subject");
                let subjects: BTreeSet<char> = own.iter().map(short).collect();
                let wanted = combination.replace('史', "历").chars().collect();
                assert_eq!(subjects, wanted, "{who}");
            }
            assert_eq!(rows(&list).len(), 3 * seated.len());

            // Who sees it, and in what form.
            assert_eq!(regulator.get(&sections).await.must_be(200), list);
            assert_eq!(clerk.get(&sections).await.must_be(200), list);
            other.get(&sections).await.must_be(404);
            other
                .send(
                    Method::PUT,
                    &format!("{base}/section-places/{}", seated[0]),
                    Some(json!({"combination": "物化生"})),
                )
                .await
                .must_be(404);
            let csv = own.get(&format!("{sections}?format=csv")).await.text();
            assert_eq!(
                csv.lines().next(),
                Some("\u{feff}教学班,科目,节段,教室,序号,班号,报名号,姓名,学校")
            );
            assert_eq!(csv.lines().count(), 1 + 3 * seated.len());
            let book = own.get(&format!("{sections}?format=xlsx")).await;
            assert!(book.bytes.starts_with(b"PK"), "{}", book.status);
            let tag = book.headers.get(header::ETAG).and_then(|t| t.to_str().ok()).expect("a tag");
            let seen = [("if-none-match", tag)];
            let path = format!("{sections}?format=xlsx");
            let again = own.send_with(Method::GET, &path, None, &seen).await;
            assert_eq!(again.status.as_u16(), 304);

            // The same choices in another order are the same sections, as another formation.
            let mut turned = choices.clone();
            turned.reverse();
            let again = clerk.post(&sections, json!({"choices": turned})).await.must_be(201);
            assert_eq!(again["formation"], 2);
            assert_eq!(own.get(&sections).await.must_be(200), list, "{}", db.name);

            // Late: not without a class; then three places, kept when asked again, changed by another choice.
            assert_eq!(register(&[*late]).await, 1);
            let told = detail(join(late, "物化生").await);
            assert!(told.contains("请先编入班级"), "{told}");
            let class_place = format!("{base}/class-places/{late}");
            own.send(Method::PUT, &class_place, None).await.must_be(201);
            assert_eq!(faults(join(late, "物史化").await), ["E106 combination"]);
            join("nobody", "物化生").await.must_be(404);
            let given = join(late, "物化生").await.must_be(201);
            assert_eq!(join(late, "物化生").await.must_be(200), given);
            let changed = join(late, "物化地").await.must_be(201);
            assert_eq!(changed["sections"][0], given["sections"][0]);
            let now = own.get(&sections).await.must_be(200);
            let subjects: Vec<&str> = of(&now, late).iter().map(|r| text(r, "subject")).collect();
            assert_eq!(subjects, ["物理", "化学", "地理"]);
            let others = |list: &Value| {
                let mut rows = rows(list).clone();
                rows.retain(|r| r["applicant_id"] != **late);
                rows
            };
            assert_eq!(others(&now), others(&list), "nobody else was moved");

            // Whoever loses the record leaves the sections, in every formation.
            let gone = seated[3];
            clerk.send(Method::DELETE, &format!("{base}/records/{gone}"), None).await.must_be(204);
            let now = own.get(&sections).await.must_be(200);
            assert_eq!((of(&now, gone).len(), rows(&now).len()), (0, 3 * seated.len()));

            // Dividing the classes anew lets the sections fall.
            own.post(&classes, json!({})).await.must_be(201);
            assert_eq!(own.get(&sections).await.must_be(200), json!([]));
            let told = detail(join(late, "物化生").await);
            assert!(told.contains("尚未按现有班级编排"), "{told}");

            // All of it is in the ledger, and the bundle verifies.
            let entries = regulator.get("/v1/ledger/entries?limit=1000").await.must_be(200);
            let of_kind = |kind: &str| -> Vec<Value> {
                rows(&entries).iter().filter(|e| e["kind"] == kind).cloned().collect()
            };
            let formed = of_kind("sections_formed");
            let actors: Vec<&str> = formed.iter().map(|e| text(e, "actor")).collect();
            assert_eq!(actors, ["wu", "zhao"]);
            assert_eq!(of_kind("sections_joined").len(), 2);
            let bundle = world.office.bundle(&world.clerk, &world.season).await.expect("a bundle");
            let checked = check(&bundle, &Outside::default()).expect("a bundle");
            assert_eq!(checked.findings, [""; 0]);
        });
    }
}
