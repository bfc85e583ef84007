//! Who may call what: every role × every route that the served description lists × {own, other, absent}.
//!
//! A route that is not in the table fails the test, and so does a row of the table without a route: no cell is untested.

use std::collections::BTreeMap;

use axum::http::Method;
use luqu::auth::TokenRequest;
use luqu::store::{Mode, Scope};
use serde_json::{Value, json};

use crate::acts_world::{PASSWORD, World};
use crate::databases::{TestDb, block_on};
use crate::http_kit::{Client, Reply, admin};

/// Who asks, in the order of the letters of the table.
const ROLES: [&str; 7] = ["nobody", "zhao", "qian", "wu", "sun", "zhou", "li"];

/// What each route answers to: nobody, clerk, reviewer, school, regulator, admin, program.
///
/// `u` signs in first (401), `A` may, `-` may not (403), `S` for one's own school alone (others' are not there: 404),
/// `N` is told that there is no such thing (404), `O` is open to whoever asks.
const TABLE: &[(&str, &str, &str)] = &[
    ("post", "/v1/session", "OOOOOOO"),
    ("post", "/v1/public/results", "OOOOOOO"),
    ("post", "/v1/public/explanations", "OOOOOOO"),
    ("get", "/v1/public/seasons", "OOOOOOO"),
    ("get", "/v1/public/seasons/{season}/lines", "OOOOOOO"),
    ("get", "/v1/public/seasons/{season}/plan", "OOOOOOO"),
    ("get", "/v1/public/seasons/{season}/calendar", "OOOOOOO"),
    ("get", "/v1/me", "uAAAAAA"),
    ("get", "/v1/seasons", "uAAAAAA"),
    ("post", "/v1/seasons", "uAA----"),
    ("get", "/v1/seasons/{season}", "uAAAAAA"),
    ("get", "/v1/seasons/{season}/batches", "uAAAAA-"),
    ("get", "/v1/seasons/{season}/batches/{batch}", "uAAAAA-"),
    ("get", "/v1/seasons/{season}/plan", "uAAAAA-"),
    ("get", "/v1/seasons/{season}/schools", "uAAAAA-"),
    ("get", "/v1/seasons/{season}/vacancies", "uAAAA--"),
    ("get", "/v1/seasons/{season}/template", "uAA---A"),
    ("get", "/v1/seasons/{season}/imports", "uAA-A-A"),
    ("get", "/v1/seasons/{season}/imports/{import}", "uAA-A-A"),
    ("post", "/v1/seasons/{season}/imports", "uAA---A"),
    ("post", "/v1/seasons/{season}/imports/{import}/commit", "uAA----"),
    ("post", "/v1/seasons/{season}/imports/{import}/undo", "uAA----"),
    ("get", "/v1/seasons/{season}/decisions", "uAA-A--"),
    ("post", "/v1/seasons/{season}/decisions", "uAA----"),
    ("get", "/v1/seasons/{season}/decisions/{decision}", "uAA-A--"),
    ("post", "/v1/seasons/{season}/decisions/{decision}/approve", "u-A----"),
    ("post", "/v1/seasons/{season}/decisions/{decision}/withdraw", "uAA----"),
    ("post", "/v1/seasons/{season}/batches/{batch}/wishes/open", "uAA----"),
    ("post", "/v1/seasons/{season}/batches/{batch}/wishes/close", "uAA----"),
    ("post", "/v1/seasons/{season}/batches/{batch}/wishes", "uAA---A"),
    ("put", "/v1/seasons/{season}/batches/{batch}/wishes/{applicant}", "uAA---A"),
    ("get", "/v1/seasons/{season}/batches/{batch}/ties", "uAA-A--"),
    ("post", "/v1/seasons/{season}/batches/{batch}/ties", "uAA----"),
    ("post", "/v1/seasons/{season}/batches/{batch}/runs", "uAA----"),
    ("get", "/v1/seasons/{season}/jobs", "uAA-A--"),
    ("get", "/v1/seasons/{season}/jobs/{job}", "uAA-A--"),
    ("delete", "/v1/seasons/{season}/jobs/{job}", "uAA----"),
    ("get", "/v1/seasons/{season}/jobs/{job}/events", "uAA-A--"),
    ("get", "/v1/seasons/{season}/rounds", "uAA-A--"),
    ("get", "/v1/seasons/{season}/rounds/{round}", "uAA-A--"),
    ("get", "/v1/seasons/{season}/rounds/{round}/placements", "uAA-A--"),
    ("get", "/v1/seasons/{season}/rounds/{round}/cutoffs", "uAA-A--"),
    ("get", "/v1/seasons/{season}/rounds/{round}/reasons", "uAA-A--"),
    ("get", "/v1/seasons/{season}/rounds/{round}/{file}", "uAA-A--"),
    ("get", "/v1/seasons/{season}/rounds/{round}/explanations/{applicant}", "uAA-A--"),
    ("post", "/v1/seasons/{season}/rounds/{round}/sign", "uAA----"),
    ("post", "/v1/seasons/{season}/rounds/{round}/publish", "u-A----"),
    ("post", "/v1/seasons/{season}/rounds/{round}/discard", "uAA----"),
    ("post", "/v1/seasons/{season}/rounds/{round}/what-if", "uAA-A--"),
    ("post", "/v1/seasons/{season}/rounds/{round}/recompute", "uAA-A--"),
    ("get", "/v1/seasons/{season}/compare", "uAA-A--"),
    ("get", "/v1/seasons/{season}/quotas", "uAA-A--"),
    ("get", "/v1/seasons/{season}/violations", "uAA-A--"),
    ("post", "/v1/seasons/{season}/audit", "uAA----"),
    ("get", "/v1/seasons/{season}/applicants", "uAA-A--"),
    ("post", "/v1/seasons/{season}/applicants/find", "uAA-A--"),
    ("get", "/v1/seasons/{season}/applicants/{applicant}", "uAA-A--"),
    ("post", "/v1/seasons/{season}/applicants/{applicant}/reveal", "uAA-A--"),
    ("get", "/v1/seasons/{season}/schools/{school}/admissions", "uAASA--"),
    ("post", "/v1/seasons/{season}/schools/{school}/records", "uAA----"),
    ("delete", "/v1/seasons/{season}/records/{applicant}", "uAA----"),
    ("put", "/v1/seasons/{season}/arrivals/{applicant}", "uAAS---"),
    ("post", "/v1/seasons/{season}/schools/{school}/classes", "uAAS---"),
    ("get", "/v1/seasons/{season}/schools/{school}/classes", "uAASA--"),
    ("put", "/v1/seasons/{season}/class-places/{applicant}", "uAAS---"),
    ("post", "/v1/seasons/{season}/schools/{school}/sections", "uAAS---"),
    ("get", "/v1/seasons/{season}/schools/{school}/sections", "uAASA--"),
    ("put", "/v1/seasons/{season}/section-places/{applicant}", "uAAS---"),
    ("get", "/v1/seasons/{season}/registry/{applicant}", "uAASA-A"),
    ("get", "/v1/seasons/{season}/registry", "uAA-A-A"),
    ("get", "/v1/seasons/{season}/registry-feed", "uAA-A-A"),
    ("post", "/v1/seasons/{season}/registry-query", "uAA-A-A"),
    ("get", "/v1/seasons/{season}/registry-dumps", "uAA-A--"),
    ("post", "/v1/seasons/{season}/registry-dumps", "uAA---A"),
    ("get", "/v1/seasons/{season}/registry-dumps/{dump}/reconciliation", "uAA-A--"),
    ("get", "/v1/seasons/{season}/oneroster", "uAA---A"),
    ("post", "/v1/seasons/{season}/handover", "uAA----"),
    ("post", "/v1/seasons/{season}/slips", "uAA----"),
    ("get", "/v1/seasons/{season}/bundle", "uAA-A--"),
    ("get", "/v1/ledger/checkpoints", "uAA-A--"),
    ("get", "/v1/ledger/entries", "uAA-A--"),
    ("get", "/v1/access-log", "u---AA-"),
    ("get", "/v1/accounts", "u---AA-"),
    ("post", "/v1/accounts", "u----A-"),
    ("post", "/v1/accounts/{account}/disable", "u----A-"),
    ("post", "/v1/accounts/{account}/enable", "u----A-"),
    ("post", "/v1/accounts/{account}/reset-password", "u----A-"),
    ("get", "/v1/tokens", "u---AA-"),
    ("post", "/v1/tokens", "u----A-"),
    ("delete", "/v1/tokens/{token}", "u----A-"),
    // What ends sessions comes last.
    ("post", "/v1/me/password", "uAAAAA-"),
    ("delete", "/v1/session", "uAAAAA-"),
];

/// Whose thing is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whose {
    Own,
    Other,
    Absent,
}

/// The numbers and names that stand for the variables of a path.
struct Things {
    own: BTreeMap<&'static str, String>,
    /// Of another season, and of another school.
    other: BTreeMap<&'static str, String>,
}

impl Things {
    /// The path with the thing that is asked for; nothing where the route names none.
    fn path(&self, path: &str, role: &str, whose: Whose) -> Option<String> {
        let names: Vec<&str> =
            path.split('{').skip(1).filter_map(|p| p.split('}').next()).collect();
        let last = names.last().copied();
        if whose != Whose::Own && last.is_none() {
            return None;
        }
        // A school's other is another school's; an office's is another season's.
        let of_school = last.is_some_and(|n| ["school", "applicant"].contains(&n));
        let swapped = if role == "wu" && of_school { last } else { names.first().copied() };
        let mut path = path.to_owned();
        for name in &names {
            let value = match whose {
                Whose::Absent if Some(*name) == last => "987654321",
                Whose::Other if Some(*name) == swapped => &self.other[name],
                _ => &self.own[name],
            };
            path = path.replace(&format!("{{{name}}}"), value);
        }
        Some(path)
    }
}

#[test]
fn every_role_is_answered_as_the_table_says_on_every_route() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 200).await;
        let things = lived(&world).await;
        let anybody = Client::anonymous(&world);
        anybody.refresh().await;
        let described = described(&anybody.get("/openapi.json").await.must_be(200));
        let known: Vec<(String, String)> =
            TABLE.iter().map(|(m, p, _)| ((*m).to_owned(), (*p).to_owned())).collect();
        let missing: Vec<_> = described.iter().filter(|r| !known.contains(r)).collect();
        assert!(missing.is_empty(), "routes without a row in the table: {missing:#?}");
        let stale: Vec<_> = known.iter().filter(|r| !described.contains(r)).collect();
        assert!(stale.is_empty(), "rows without a route: {stale:#?}");

        let mut clients = Vec::new();
        for role in ROLES {
            let client =
                if role == "nobody" { anybody.clone() } else { anybody.signed_in(role).await };
            clients.push(client);
        }
        let (mut tested, mut wrong) = (0, Vec::new());
        let numbers = world.id_numbers();
        for (method, path, letters) in TABLE {
            assert_eq!(letters.len(), ROLES.len(), "{path}");
            for ((role, client), letter) in ROLES.iter().zip(&clients).zip(letters.chars()) {
                for whose in [Whose::Own, Whose::Other, Whose::Absent] {
                    let Some(at) = things.path(path, role, whose) else { continue };
                    if path.ends_with("/records/{applicant}") {
                        registered(&world, &things).await;
                    }
                    let body = body_of(method, path, &numbers[0]);
                    let reply = ask(client, method, &at, path, body).await;
                    let status = reply.status.as_u16();
                    let scoped = path.contains("}/") || path.ends_with('}');
                    if !fits(letter, whose, status, scoped, path) {
                        let said = reply.text().chars().take(160).collect::<String>();
                        wrong.push(format!("{role} {method} {at} ({whose:?}): {status} {said}"));
                    }
                    tested += 1;
                }
            }
        }
        assert!(wrong.is_empty(), "{} of {tested}:\n{}", wrong.len(), wrong.join("\n"));
        assert!(tested >= 1000, "{tested}");
        let (routes, roles) = (TABLE.len(), ROLES.len());
        eprintln!("G13: {routes} routes × {roles} roles, {tested} requests, 0 leaks, 0 untested");
    });
}

#[test]
fn every_refusal_is_described_as_a_problem() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let document = Client::anonymous(&world).get("/openapi.json").await.must_be(200);
        let mut refusals = 0;
        for (method, path) in described(&document) {
            let responses = &document["paths"][&path][&method]["responses"];
            for (status, response) in responses.as_object().expect("responses") {
                if status.as_str() < "400" {
                    continue;
                }
                // A file with faults is refused with them; the same status also tells what any request may meet.
                let problem = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(problem, "#/components/schemas/Problem", "{method} {path} {status}");
                refusals += 1;
            }
        }
        assert!(refusals > 500, "{refusals}");
        let faults = &document["paths"]["/v1/seasons/{season}/registry-dumps"]["post"]["responses"]
            ["422"]["content"]["application/json"];
        assert!(faults.is_object(), "{faults}");
    });
}

/// Whether a status is what the letter says.
fn fits(letter: char, whose: Whose, status: u16, scoped: bool, path: &str) -> bool {
    let passed = status < 500 && ![401, 403, 404].contains(&status);
    // What only names a season is another's own there.
    let by_content = path.ends_with("/compare") || path.ends_with("/find");
    let season_alone = path.matches('{').count() == 1 && path.contains("{season}") && !by_content;
    match (letter, whose) {
        ('u', _) => status == 401,
        ('-', _) => status == 403,
        ('N', _) => status == 404,
        ('O', _) => status < 500 && status != 401,
        ('S', Whose::Own) | ('A', Whose::Own) => passed,
        ('S', _) => status == 404,
        ('A', Whose::Other) if season_alone => passed,
        // Batches are the policy's, and both seasons have one policy.
        ('A', Whose::Other) if path.contains("{batch}") => passed || status == 404,
        ('A', _) if scoped => status == 404,
        _ => false,
    }
}

fn described(document: &Value) -> Vec<(String, String)> {
    let paths = document["paths"].as_object().expect("paths");
    let methods = |(path, item): (&String, &Value)| {
        let methods = item.as_object().expect("methods").keys();
        methods.map(|m| (m.clone(), path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}

/// A season that has been lived to its end, beside another that has begun.
async fn lived(world: &World) -> Things {
    world.live().await;
    let all = world.office.store().read().admissions(&world.season).await.expect("admissions");
    let mine = &all[0];
    let other = all.iter().find(|a| a.school != mine.school).expect("another school");
    world.school_account("wu", &mine.school).await;
    world.school_account("victim", &mine.school).await;
    let second = world.policy_text().replace(&world.season, "second-2026");
    let request = TokenRequest {
        account: "li".to_owned(),
        note: String::new(),
        scopes: vec![Scope::Registry],
        days: None,
    };
    world.office.create_token(&admin(), &request).await.expect("a token");
    let second =
        world.office.create_season(&world.clerk, &second, Mode::Drill).await.expect("a season");
    let dump = luqu::acts::Upload {
        name: "registry.csv".to_owned(),
        bytes: b"registry_no,school_id\nJ1,S1\n".to_vec(),
    };
    let brought = world.office.bring_dump(&world.clerk, &world.season, dump).await;
    assert_eq!(brought.expect("a dump").id, Some(1));
    let own = BTreeMap::from([
        ("season", world.season.clone()),
        ("batch", world.batches().remove(0)),
        ("import", "1".to_owned()),
        ("decision", "1".to_owned()),
        ("job", "1".to_owned()),
        ("round", "1".to_owned()),
        ("token", "1".to_owned()),
        ("dump", "1".to_owned()),
        ("file", "placements.csv".to_owned()),
        ("account", "victim".to_owned()),
        ("school", mine.school.clone()),
        ("applicant", mine.applicant.clone()),
    ]);
    let mut another = own.clone();
    another.insert("season", second.id);
    another.insert("school", other.school.clone());
    another.insert("applicant", other.applicant.clone());
    another.insert("account", "nobody".to_owned());
    another.insert("token", "77".to_owned());
    Things { own, other: another }
}

/// A record of the school's own pupil, opened if it is not.
async fn registered(world: &World, things: &Things) {
    let (office, season) = (&world.office, world.season.as_str());
    let (school, applicant) = (&things.own["school"], &things.own["applicant"]);
    // Where one is open already, arriving again is refused, and all is as it should be.
    let _ = office.arrive(&world.clerk, season, applicant, true).await;
    office.clear(&world.clerk, season).await.expect("an audit");
    office.open_records(&world.clerk, season, school).await.expect("records");
}

async fn ask(client: &Client, method: &str, at: &str, path: &str, body: Value) -> Reply {
    let verb = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
    let at = if path.ends_with("/compare") { format!("{at}?a=1&b=1") } else { at.to_owned() };
    if method == "post"
        && ["/imports", "/wishes", "/registry-dumps"].iter().any(|end| path.ends_with(end))
    {
        let name = "schools.csv".to_owned();
        let file = luqu::acts::Upload { name, bytes: b"school_id\n".to_vec() };
        return client.upload(&at, &[file]).await;
    }
    let body = (verb != Method::GET).then_some(body);
    client.send_with(verb, &at, body, &[("if-match", "*")]).await
}

/// A body that is understood, so that what refuses is the guard.
fn body_of(method: &str, path: &str, id_number: &str) -> Value {
    let last = path.rsplit('/').next().unwrap_or_default();
    match last {
        "seasons" => json!({"policy": "", "mode": "drill"}),
        "decisions" => json!({"kind": "quota"}),
        "approve" | "sign" | "publish" => json!({"digest": "0"}),
        "{applicant}" if path.contains("arrivals") => json!({"arrived": true}),
        "{applicant}" if path.contains("section-places") => json!({"combination": "物化生"}),
        "{applicant}" => json!({"wishes": []}),
        "results" | "explanations" => json!({"season": "s", "applicant_id": "1", "code": "A"}),
        "session" if method == "post" => json!({"name": "nobody", "password": "nothing at all"}),
        "password" => json!({"old": PASSWORD, "new": "another ten characters"}),
        "ties" => json!({"document": "x", "applicants": []}),
        "what-if" => json!({"seed": "another"}),
        "find" | "registry-query" => json!({"id_number": id_number}),
        "handover" => json!({"reason": "报送学籍系统", "format": "csv"}),
        "slips" => json!({"reason": "印制准考证", "format": "csv"}),
        "classes" => json!({}),
        "sections" => json!({"choices": []}),
        "reveal" => json!({"reason": "核对考生来访"}),
        "accounts" => json!({"name": "fresh", "display": "新", "role": "clerk"}),
        "tokens" => json!({"account": "li", "scopes": ["registry"]}),
        _ => Value::Null,
    }
}
