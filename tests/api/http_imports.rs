//! Imports over HTTP: the template to fill in, and the clerk's own workbook back with its faults marked.

use std::io::{Cursor, Read};

use axum::http::{Method, header};
use calamine::{Data, Reader as _, Xlsx};
use luqu::acts::{ActError, Upload};
use luqu::tables::{season_csv, template};
use luqu_engine::domain::{Draft, Score, Table};
use luqu_fixtures::{DistrictSpec, district};
use serde_json::Value;
use zip::ZipArchive;

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};
use crate::http_kit::{Client, Reply};
use crate::races::staged;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

fn opened(bytes: &[u8]) -> Xlsx<Cursor<&[u8]>> {
    Xlsx::new(Cursor::new(bytes)).expect("a workbook")
}

/// The cells of every sheet.
fn cells(bytes: &[u8]) -> Vec<(String, Vec<Vec<Data>>)> {
    let mut book = opened(bytes);
    let sheet = |name: String| {
        let range = book.worksheet_range(&name).expect("the sheet");
        (name, range.rows().map(<[Data]>::to_vec).collect())
    };
    let names: Vec<String> = opened(bytes).sheet_names();
    names.into_iter().map(sheet).collect()
}

/// The parts of a workbook whose names hold a text.
fn parts(bytes: &[u8], like: &str) -> String {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let mut text = String::new();
    for at in 0..zip.len() {
        let mut part = zip.by_index(at).expect("a part");
        if part.name().is_ok_and(|n| n.contains(like)) {
            part.read_to_string(&mut text).expect("text");
        }
    }
    text
}

/// The made season as the workbook of a clerk, with a total that is no sum and a school that is not there.
fn faulty() -> (Draft, Vec<u8>) {
    let source = district(&DistrictSpec::new(120, 7));
    let mut draft = source.draft;
    let (_, applicant) = &mut draft.applicants.rows[3];
    applicant.total = applicant.total.map(|t| Score::from_hundredths(t.hundredths() + 100));
    draft.applicants.rows[5].1.junior_id = Some("X99".into());
    let book = template::workbook(&source.policy, &draft).expect("a workbook");
    (draft, book)
}

fn upload(bytes: Vec<u8>) -> [Upload; 1] {
    [Upload { name: "2026考生.xlsx".to_owned(), bytes }]
}

#[test]
fn the_template_is_that_of_the_command_line() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let clerk = Client::anonymous(&world).signed_in("zhao").await;
        let reply = clerk.get(&format!("/v1/seasons/{}/template", world.season)).await;
        assert_eq!(reply.headers[header::CONTENT_TYPE], XLSX);
        let named = reply.headers[header::CONTENT_DISPOSITION].to_str().expect("text");
        assert_eq!(named, "attachment; filename=\"season.xlsx\"");
        let policy = district(&DistrictSpec::new(60, 7)).policy;
        let own = template::workbook(&policy, &Draft::default()).expect("a workbook");
        assert_eq!(cells(&reply.bytes), cells(&own));
        let names = opened(&reply.bytes).sheet_names();
        for sheet in ["说明", "考生", "志愿", "代码表"] {
            assert!(names.iter().any(|n| n == sheet), "{names:?}");
        }
        clerk.get("/v1/seasons/nowhere/template").await.must_be(404);
    });
}

#[test]
fn a_faulty_workbook_comes_back_with_its_faults_marked() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let anybody = Client::anonymous(&world);
        let clerk = anybody.signed_in("zhao").await;
        let imports = format!("/v1/seasons/{}/imports", world.season);
        let (draft, book) = faulty();
        let brought = clerk.upload(&imports, &upload(book.clone())).await;
        let at = brought.headers[header::LOCATION].to_str().expect("text").to_owned();
        let told = brought.must_be(422);
        assert_eq!(
            (told["status"].as_str(), &at),
            (Some("refused"), &format!("{imports}/{}", told["id"]))
        );
        let faults = told["faults"].as_array().expect("faults");
        let places: Vec<&str> = faults.iter().filter_map(|f| f["cell"].as_str()).collect();
        assert!(places.iter().all(|p| p.starts_with("2026考生.xlsx › ")), "{places:?}");

        // The same faults whenever they are asked for, in three forms.
        assert_eq!(clerk.get(&at).await.must_be(200), told);
        let csv = clerk.get(&format!("{at}?format=csv")).await.text();
        assert_eq!(csv.lines().count(), faults.len() + 1, "{csv}");
        let accept = [("accept", XLSX)];
        let marked: Reply = clerk.send_with(Method::GET, &at, None, &accept).await;
        assert_eq!(marked.status, 200, "{}", marked.text());
        marked_as_read(&marked.bytes, &book, faults, &draft);

        // It is never in force, and its people are the office's alone.
        clerk.send(Method::POST, &format!("{at}/commit"), None).await.must_be(409);
        let sun = anybody.signed_in("sun").await;
        sun.get(&at).await.must_be(200);
        sun.get(&format!("{at}?format=xlsx")).await.must_be(403);
        anybody.signed_in("li").await.get(&format!("{at}?format=xlsx")).await.must_be(403);
        let looks = sun.get("/v1/access-log").await.must_be(200);
        let looks = looks.as_array().expect("looks").iter();
        let mine = looks.filter(|l| l["action"] == "annotated_import" && l["account"] == "zhao");
        assert_eq!(mine.count(), 1);
    });
}

/// Holds a marked workbook to the one that came and its faults.
fn marked_as_read(marked: &[u8], came: &[u8], faults: &[Value], draft: &Draft) {
    let mut book = opened(marked);
    let list = book.worksheet_range("错误清单").expect("the list of faults");
    let listed: Vec<String> = list.rows().flatten().map(ToString::to_string).collect();
    for fault in faults {
        let cell = fault["cell"].as_str().expect("a cell").rsplit(" › ").next().expect("a cell");
        assert!(listed.iter().any(|c| c.contains(cell)), "{cell}: {listed:?}");
    }
    let people = |bytes: &[u8]| {
        let range = opened(bytes).worksheet_range("考生").expect("the applicants");
        range.rows().map(|r| r.iter().map(ToString::to_string).collect()).collect::<Vec<Vec<_>>>()
    };
    let (was, now) = (people(came), people(marked));
    assert_eq!(now.len(), draft.applicants.rows.len() + 1);
    for (before, after) in was.iter().zip(&now) {
        assert_eq!(before[..], after[..before.len()], "the cells are those that came");
    }
    assert!(parts(marked, "xl/comments").contains("怎样改"), "notes at the cells");
    assert!(parts(marked, "xl/worksheets/_rels").contains("comments"), "notes belong to a sheet");
    let fills = |bytes: &[u8]| parts(bytes, "xl/styles.xml").matches("<fill>").count();
    assert!(fills(marked) > fills(came), "colours of faults");
}

#[test]
fn an_import_is_read_against_what_was_committed_before_it() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 120).await;
        let clerk = Client::anonymous(&world).signed_in("zhao").await;
        let imports = format!("/v1/seasons/{}/imports", world.season);
        let (_, book) = faulty();
        clerk.upload(&imports, &upload(book)).await.must_be(422);
        world.import().await;
        world.import_people().await;
        let all = clerk.get(&imports).await.must_be(200);
        let status: Vec<_> = all.as_array().expect("rows").iter().map(|i| &i["status"]).collect();
        assert_eq!(status, ["refused", "committed", "committed"]);

        // One in force has its faults told, and its people are not given back any more.
        let (plan, people) = (format!("{imports}/2"), format!("{imports}/3"));
        let (plan, read) = (clerk.get(&plan).await.must_be(200), clerk.get(&people).await);
        let read = read.must_be(200);
        assert_eq!((&plan["applicants"], &read["applicants"]), (&0.into(), &120.into()));
        clerk.get(&format!("{people}?format=xlsx")).await.must_be(409);
        clerk.send(Method::POST, &format!("{people}/undo"), None).await.must_be(204);
        clerk.get(&people).await.must_be(409);
        clerk.get(&format!("{people}?format=xlsx")).await.must_be(409);
        clerk.get(&format!("{imports}/99?format=xlsx")).await.must_be(404);
    });
}

#[test]
fn what_is_no_import_is_refused_and_leaves_nothing() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::new(&db, 60).await;
        let clerk = Client::anonymous(&world).signed_in("zhao").await;
        let imports = format!("/v1/seasons/{}/imports", world.season);
        world.import().await;
        let staged = clerk.get(&imports).await.must_be(200);
        let csv =
            |name: &str, bytes: &[u8]| Upload { name: name.to_owned(), bytes: bytes.to_vec() };

        let notes = csv("会议记录.csv", b"a,b\n1,2\n");
        let told = clerk.upload(&imports, std::slice::from_ref(&notes)).await.must_be(409);
        assert!(told["detail"].as_str().is_some_and(|d| d.contains("没有认得的表")), "{told}");
        // Beside a table it is no more than a warning.
        let schools = district(&DistrictSpec::new(60, 7));
        let files = season_csv::tables_csv(&schools.policy, &schools.draft).expect("tables");
        let graduates = files.into_iter().find(|(n, _)| *n == "graduates.csv").expect("graduates");
        let told = clerk.upload(&imports, &[notes, csv(graduates.0, &graduates.1)]).await;
        let told = told.must_be(201);
        let codes: Vec<_> = told["faults"].as_array().expect("faults").iter().collect();
        assert!(codes.iter().any(|f| f["code"] == "W502"), "{told}");

        let long = vec![b'\n'; 2_000_001];
        let told = clerk.upload(&imports, &[csv("wishes.csv", &long)]).await.must_be(413);
        assert_eq!(told["type"], "/problems/too-large", "{told}");
        let old: Vec<u8> = long.iter().map(|_| b'\r').collect();
        clerk.upload(&imports, &[csv("wishes.csv", &old)]).await.must_be(413);
        let many: Vec<_> = (0..65).map(|at| csv(&format!("{at}.csv"), b"a\n")).collect();
        let told = clerk.upload(&imports, &many).await.must_be(413);
        assert!(told["detail"].as_str().is_some_and(|d| d.contains("64")), "{told}");
        let dumps = format!("/v1/seasons/{}/registry-dumps", world.season);
        clerk.upload(&dumps, &many[..2]).await.must_be(400);
        clerk.upload(&dumps, &[csv("registry.csv", &long)]).await.must_be(413);

        let after = clerk.get(&imports).await.must_be(200);
        let count = |list: &Value| list.as_array().map(Vec::len).expect("imports");
        assert_eq!(count(&after), count(&staged) + 1);
    });
}

#[test]
fn what_is_frozen_with_the_plan_is_no_longer_imported() {
    for db in TestDb::all() {
        block_on(async {
            let world = World::new(&db, 60).await;
            world.import().await;
            let (office, season) = (&world.office, world.season.as_str());
            let (clerk, reviewer) = (&world.clerk, &world.reviewer);
            let other = || staged(&world, Table::Plan, "plan.csv", ("2026", "2027"));

            // The plan of the imports is no longer the one proposed.
            let early = other().await;
            let old = office.propose_freeze(clerk, season, "").await.expect("a proposal");
            office.commit_import(clerk, season, early).await.expect("a commit");
            let stale = office.approve_freeze(reviewer, season, old.decision, &old.digest).await;
            assert!(matches!(stale, Err(ActError::Conflict(_))), "{stale:?}");
            office.withdraw(clerk, season, old.decision).await.expect("a withdrawal");
            let late = other().await;
            let people = staged(&world, Table::Applicants, "applicants.csv", ("", "")).await;
            world.freeze().await;

            let client = Client::anonymous(&world).signed_in("zhao").await;
            let place = format!("/v1/seasons/{season}/imports");
            for (table, name) in [
                (Table::Schools, "schools.csv"),
                (Table::Plan, "plan.csv"),
                (Table::Graduates, "graduates.csv"),
            ] {
                let upload = world.upload(table, name).expect("a table");
                let refused = client.upload(&place, &[upload]).await.must_be(409);
                assert!(refused["detail"].as_str().is_some_and(|d| d.contains("已经冻结")));
            }
            let act = |id: i64, what: &str| {
                let (client, path) = (client.clone(), format!("{place}/{id}/{what}"));
                async move { client.post(&path, Value::Null).await }
            };
            act(late, "commit").await.must_be(409);
            act(early, "undo").await.must_be(409);
            // What was never in force may go, and people come and go until wishes open.
            act(late, "undo").await.must_be(204);
            act(people, "commit").await.must_be(204);
            act(people, "undo").await.must_be(204);
        });
    }
}
