//! Wishes while their window is open: one list by the API, many by a file, both judged like a season folder.

use axum::http::Method;
use luqu::acts::Upload;
use luqu_engine::domain::{Season, Table};
use serde_json::{Value, json};

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};
use crate::http_kit::Client;

/// A world whose first batch is open for wishes.
async fn open(db: &TestDb) -> (World, String) {
    let world = World::new(db, 120).await;
    world.bring_in().await;
    let batch = world.batches().remove(0);
    world.office.open_wishes(&world.clerk, &world.season, &batch).await.expect("an opening");
    (world, batch)
}

fn file(rows: &str) -> Vec<Upload> {
    let text = format!("报名号,批次,志愿序号,学校代码\n{rows}");
    vec![Upload { name: "征集志愿.csv".to_owned(), bytes: text.into_bytes() }]
}

fn wishes(season: &Season, applicant: &str, batch: &str) -> Vec<(u16, String)> {
    let who = season.find_applicant(applicant).expect("them");
    let batch = season.policy().batch_ix(batch).expect("the batch");
    let wishes = season.wishes_in(who, batch).iter();
    wishes.map(|w| (w.position, season.school(w.school).id.to_string())).collect()
}

#[test]
fn a_file_of_wishes_is_taken_whole_or_not_at_all() {
    for db in TestDb::all() {
        block_on(async {
            let (world, batch) = open(&db).await;
            let clerk = Client::anonymous(&world).signed_in("zhao").await;
            let place = format!("/v1/seasons/{}/batches/{batch}/wishes", world.season);
            let before = world.office.current(&world.season).await.expect("the season");
            let at = before.policy().batch_ix(&batch).expect("the batch");
            let school = before.plan().iter().find(|l| l.batch == at).map(|l| l.school);
            let school = school.map_or("", |s| before.school(s).id.as_str()).to_owned();
            let (one, other) = (world.applicant(0), world.applicant(1));
            let as_before = wishes(&before, &one, &batch);

            let rows = format!(
                "{one},{batch},1,{school}\n{other},{batch},1,S999\nX9,{batch},0,{school}\n"
            );
            let told = clerk.upload(&place, &file(&rows)).await.must_be(422);
            let cells: Vec<&str> = told["faults"]
                .as_array()
                .expect("faults")
                .iter()
                .filter_map(|f| f["cell"].as_str())
                .collect();
            for cell in [
                "征集志愿.csv:3:school_id",
                "征集志愿.csv:4:applicant_id",
                "征集志愿.csv:4:position",
            ] {
                assert!(cells.contains(&cell), "{}: {cell} in {told}", db.name);
            }
            let right = file(&format!("{one},{batch},2,{school}\n{other},{batch},1,{school}\n"));
            let rehearsed =
                clerk.upload(&format!("{place}?rehearse=true"), &right).await.must_be(200);
            assert_eq!(rehearsed["lists"], 2);
            let kept = world.office.current(&world.season).await.expect("the season");
            assert_eq!(wishes(&kept, &one, &batch), as_before, "nothing is written");

            clerk.upload(&place, &right).await.must_be(200);
            let after = world.office.current(&world.season).await.expect("the season");
            assert_eq!(wishes(&after, &one, &batch), [(2, school.clone())]);
            assert_eq!(wishes(&after, &other, &batch), [(1, school.clone())]);
            let third = world.applicant(2);
            assert_eq!(wishes(&after, &third, &batch), wishes(&before, &third, &batch));

            let mut more = right.clone();
            more.extend(world.upload(Table::Applicants, "applicants.csv"));
            clerk.upload(&place, &more).await.must_be(409);
            let later = &world.batches()[1];
            let line =
                before.plan().iter().find(|l| before.policy().batch(l.batch).id == later.as_str());
            let there = line.map_or("", |l| before.school(l.school).id.as_str());
            clerk.upload(&place, &file(&format!("{one},{later},1,{there}\n"))).await.must_be(409);
            world
                .office
                .close_wishes(&world.clerk, &world.season, &batch, None)
                .await
                .expect("a close");
            clerk.upload(&place, &right).await.must_be(409);
        });
    }
}

#[test]
fn a_list_that_the_policy_does_not_allow_says_why() {
    let db = TestDb::sqlite();
    block_on(async {
        let (world, batch) = open(&db).await;
        let clerk = Client::anonymous(&world).signed_in("zhao").await;
        let place =
            format!("/v1/seasons/{}/batches/{batch}/wishes/{}", world.season, world.applicant(0));
        let season = world.office.current(&world.season).await.expect("the season");
        let at = season.policy().batch_ix(&batch).expect("the batch");
        let schools: Vec<&str> = season
            .plan()
            .iter()
            .filter(|l| l.batch == at)
            .map(|l| season.school(l.school).id.as_str())
            .collect();
        let put = |wishes: Value| {
            let (clerk, place) = (clerk.clone(), place.clone());
            async move { clerk.send(Method::PUT, &place, Some(json!({"wishes": wishes}))).await }
        };
        let wish = |position: u16| json!({"position": position, "school_id": schools[0]});
        let most = season.policy().batch(at).wishes.expect("a limit");
        let too_many: Vec<Value> = (1..=u16::try_from(most).expect("few") + 1).map(wish).collect();
        for (wrong, code) in [
            (json!(too_many), "E308"),
            (json!([wish(1), wish(1)]), "E201"),
            (json!([wish(0)]), "E107"),
            (json!([{"position": 1, "school_id": "S999"}]), "E202"),
            (json!([{"position": 1, "school_id": schools[0], "category": "none"}]), "E202"),
        ] {
            let told = put(wrong).await.must_be(422);
            let codes: Vec<&str> = told["errors"]
                .as_array()
                .expect("faults")
                .iter()
                .filter_map(|f| f["code"].as_str())
                .collect();
            assert!(codes.contains(&code), "{code} in {told}");
            let cell = told["errors"][0]["cell"].as_str().expect("a place");
            assert!(cell.starts_with("志愿 "), "{told}");
        }
        // Numbers may be left out, as in a table.
        put(json!([wish(1), wish(5)])).await.must_be(204);
        put(json!([])).await.must_be(204);
    });
}
