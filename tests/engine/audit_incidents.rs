//! What went wrong elsewhere, as the audit of a list would have found it; and who is cleared then.

use luqu_engine::audit::clear;

use crate::audit_world::World;

/// The applicants cleared.
fn cleared(world: &World) -> Vec<String> {
    let season = world.season();
    let (_, clearances) = clear(&season, &world.inputs);
    clearances.iter().map(|c| c.applicant().to_owned()).collect()
}

#[test]
fn chile_2024_students_enrolled_outside_the_process() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.record("a1", "S1");
    for n in 0..5 {
        let id = format!("out{n}");
        world.person(&id, 400);
        world.record(&id, "S1");
    }
    let found = world.found();
    assert_eq!(found.len(), 5);
    assert!(found.iter().all(|v| v.starts_with("V07 S1 out")), "{found:?}");
    assert_eq!(cleared(&world), ["a1"], "no admission, no clearance");
}

#[test]
fn new_orleans_2013_two_schools_with_hidden_seats() {
    let mut world = World::new();
    for school in ["S1", "S2"] {
        for n in 0..2 {
            world.admitted(&format!("{school}-{n}"), 600 - n, school, "unified");
        }
        for n in 0..3 {
            let id = format!("{school}-more{n}");
            world.person(&id, 500);
            world.admit(&id, school, "unified");
        }
    }
    let found = world.found();
    assert_eq!(found.len(), 6);
    assert!(found.iter().all(|v| v.starts_with("V02") && v.contains("more")), "{found:?}");
    assert_eq!(cleared(&world), ["S1-0", "S1-1", "S2-0", "S2-1"]);
}

#[test]
fn nashville_2015_two_seats_for_one_pupil() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.admit("a1", "S3", "unified");
    world.admitted("a2", 600, "S2", "unified");
    assert_eq!(world.found(), ["V05 S3 a1"]);
    assert_eq!(cleared(&world), ["a2"], "not even one of the two until it is settled");
}

#[test]
fn amsterdam_2019_pupils_placed_by_hand_ahead_of_better_numbers() {
    let mut world = World::new();
    world.admitted("a1", 600, "S2", "unified");
    // Same total: the lottery decides, and the better number is left out.
    for id in ["b1", "b2"] {
        world.person(id, 500);
        world.wish(id, 1, "S2", "unified");
    }
    world.admit("b1", "S2", "unified");
    let one = world.found();
    world.inputs.admissions.as_mut().expect("list").pop();
    world.admit("b2", "S2", "unified");
    let other = world.found();
    let mut both = [one, other];
    both.sort();
    assert_eq!(both[0], [""; 0], "the better number holds the seat");
    assert_eq!(both[1].len(), 1);
    assert!(both[1][0].starts_with("V18 S2 b"), "{both:?}");
}

#[test]
fn who_was_put_in_front_waits_and_who_was_passed_over_does_not() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.admitted("a2", 400, "S1", "unified");
    world.person("b1", 500);
    world.wish("b1", 1, "S1", "unified");
    world.wish("b1", 2, "S3", "unified");
    world.admit("b1", "S3", "unified");
    assert_eq!(world.found(), ["V18 S1 b1"]);
    assert_eq!(cleared(&world), ["a1", "b1"]);
}

#[test]
fn a_broken_seal_clears_nobody_and_a_large_class_stops_nobody() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.class("S1", "高一", "1", 60);
    assert_eq!(cleared(&world), ["a1"]);
    world.inputs.sealed.push(luqu_engine::rules::Seal {
        what: "plan".into(),
        sealed: "ab".into(),
        found: Some("cd".into()),
    });
    assert_eq!(cleared(&world), [""; 0]);
}
