//! What the public is told: only what was signed, and nothing if any answer differs.

use luqu::acts::PlacementRow;
use serde_json::json;

use crate::acts_world::World;
use crate::databases::{TestDb, block_on};
use crate::http_kit::Client;

#[test]
fn every_public_answer_is_the_signed_result_or_the_look_up_stays_closed() {
    let tampered = [
        ("", "nothing"),
        (
            "DROP TRIGGER admission_fixed; DROP TRIGGER admission_forward; \
             UPDATE admission SET position = 0 WHERE id = 1 AND position > 0",
            "another way in",
        ),
        (
            "DROP TRIGGER admission_kept; DROP TRIGGER gate_event_kept; \
             DELETE FROM gate_event WHERE admission_id = (SELECT min(id) FROM admission); \
             DELETE FROM admission WHERE id = (SELECT min(id) FROM admission)",
            "an admission that is gone",
        ),
        (
            "DROP TRIGGER round_fixed; DROP TRIGGER round_forward; \
             UPDATE round SET answer = (SELECT answer FROM round WHERE id = 1) WHERE id > 1",
            "another answer",
        ),
        (
            "DROP TRIGGER applicant_fixed; UPDATE applicant SET lookup_hash = NULL \
             WHERE applicant_id = (SELECT min(applicant_id) FROM applicant)",
            "somebody who is not answered",
        ),
    ];
    let mut held = 0;
    for (sql, what) in tampered {
        let db = TestDb::sqlite();
        block_on(async {
            let world = World::lived(&db, 200).await;
            for statement in sql.split(';').filter(|s| !s.trim().is_empty()) {
                world.office.store().execute_raw(statement).await.expect(what);
            }
            let anybody = Client::anonymous(&world);
            anybody.refresh().await;
            let seasons = anybody.get("/v1/public/seasons").await.must_be(200);
            let open = sql.is_empty();
            assert_eq!(seasons[0]["open"], open, "{what}: {seasons}");
            assert_eq!(seasons[0]["closed"].is_string(), !open, "{what}: {seasons}");
            let applicant = world.applicant(5);
            let code = world.office.slip_code(&world.season, &applicant);
            let ask = json!({"season": world.season, "applicant_id": applicant, "code": code});
            let status = if open { 200 } else { 404 };
            anybody.post("/v1/public/results", ask.clone()).await.must_be(status);
            let said = anybody.post("/v1/public/explanations", ask).await.must_be(status);
            assert_eq!(said["batches"].is_array(), open, "{said}");
            let lines = format!("/v1/public/seasons/{}/lines", world.season);
            let lines = anybody.get(&lines).await.must_be(200);
            assert_eq!(lines.as_array().is_some_and(|l| !l.is_empty()), open, "{what}");
            if open {
                held = everybody_asked(&world, &anybody).await;
            }
        });
    }
    let kinds = tampered.len() - 1;
    eprintln!(
        "G12: {held} applicants asked, {held} told what was signed; closed under {kinds} kinds of tampering"
    );
}

/// Asks for every applicant of the signed file as the family would; how many were told what stands there.
async fn everybody_asked(world: &World, anybody: &Client) -> usize {
    let (office, season) = (&world.office, world.season.as_str());
    let rounds = office.store().read().rounds(season).await.expect("rounds");
    let last = rounds.iter().map(|r| r.id).max().expect("a round");
    let signed: Vec<PlacementRow> =
        office.round_rows(season, last, "placements.csv").await.expect("the signed file");
    assert_eq!(signed.len(), world.applicants());
    let schools = office.store().read().school_names(season).await.expect("schools");
    for row in &signed {
        let code = office.slip_code(season, &row.applicant_id);
        let ask = json!({"season": season, "applicant_id": row.applicant_id, "code": code});
        let told = anybody.post("/v1/public/results", ask).await.must_be(200);
        assert_eq!(told["outcome"], row.outcome, "{told}");
        assert_eq!(told["school"].as_str(), schools.get(&row.school_id).map(String::as_str));
    }
    signed.len()
}

#[test]
fn plan_and_calendar_are_read_without_signing_in() {
    let db = TestDb::sqlite();
    block_on(async {
        let world = World::lived(&db, 200).await;
        let anybody = Client::anonymous(&world);
        anybody.refresh().await;
        let base = format!("/v1/public/seasons/{}", world.season);
        let plan = anybody.get(&format!("{base}/plan")).await.must_be(200);
        assert!(plan[0]["seats"].is_u64() && plan[0]["school"].is_string(), "{plan}");
        let days = anybody.get(&format!("{base}/calendar?format=csv")).await;
        assert!(days.text().contains("是"), "{}", days.text());
        anybody.get("/v1/public/seasons/nobody/plan").await.must_be(404);
    });
}
