//! The reconciliation of admissions and registry, in both directions.

use std::collections::BTreeMap;

use luqu_engine::domain::Severity;
use luqu_engine::reconcile::{Difference, Gate, Kind, reconcile, shown_number};
use luqu_engine::rules::Attending;

use crate::audit_world::World;

const ID: &str = "11010519491231002X";

/// Each difference as `missing S1 a3`.
fn found(world: &World, gate: Option<&[(&str, Gate)]>) -> Vec<String> {
    list(world, gate)
        .iter()
        .map(|d| format!("{} {} {}", d.kind.key(), d.school, d.applicant))
        .collect()
}

fn list(world: &World, gate: Option<&[(&str, Gate)]>) -> Vec<Difference> {
    let gate: Option<BTreeMap<_, _>> =
        gate.map(|g| g.iter().map(|&(id, stands)| (id.into(), stands)).collect());
    reconcile(&world.season(), &world.inputs, gate.as_ref())
}

fn with_id(world: &mut World, at: usize, number: &str, registry_no: &str) {
    let row = &mut world.draft.applicants.rows[at].1;
    row.id_number = Some(number.into());
    row.registry_no = (!registry_no.is_empty()).then(|| registry_no.into());
}

#[test]
fn two_systems_that_agree_differ_in_nothing() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.admitted("a2", 590, "S1", "unified");
    world.record("a1", "S1");
    world.record("a2", "S1");
    assert_eq!(found(&world, None), [""; 0]);
    assert_eq!(found(&world, Some(&[("a1", Gate::Open), ("a2", Gate::Open)])), [""; 0]);
}

#[test]
fn who_is_admitted_is_looked_for_in_the_registry() {
    let mut world = World::new();
    for (id, total) in [("a1", 600), ("a2", 590)] {
        world.admitted(id, total, "S1", "unified");
    }
    world.admitted("a3", 580, "S3", "unified");
    world.record("a2", "S1").status = "退学".into();
    assert_eq!(found(&world, None), ["missing S1 a1", "missing S3 a3", "ended S1 a2"]);
    // With a gate, those who are not through are not missing.
    let gate = [("a1", Gate::Ready), ("a2", Gate::Open), ("a3", Gate::Waiting)];
    let told = list(&world, Some(&gate));
    let short: Vec<_> = told.iter().map(|d| (d.kind, d.severity)).collect();
    assert_eq!(short, [(Kind::Missing, Severity::Warning), (Kind::Ended, Severity::Error)]);
    assert_eq!(told[1].records, [0]);
    // Registered before the gate: unlawful while waiting, to be looked at when ready.
    world.record("a3", "S3");
    world.record("a1", "S1");
    let told = list(&world, Some(&gate));
    let short: Vec<_> = told.iter().map(|d| (d.kind, d.severity, d.applicant.as_str())).collect();
    assert_eq!(
        short,
        [
            (Kind::Ended, Severity::Error, "a2"),
            (Kind::Premature, Severity::Warning, "a1"),
            (Kind::Premature, Severity::Error, "a3"),
        ]
    );
}

#[test]
fn what_the_audit_finds_in_records_is_taken_over_with_its_records() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.admitted("a2", 590, "S1", "unified");
    world.person("a3", 300);
    world.record("a1", "S1");
    world.record("a1", "S3");
    world.record("a2", "S1").attending = Attending::School("S3".into());
    world.record("a3", "S3");
    let told = list(&world, None);
    let short: Vec<_> =
        told.iter().map(|d| (d.kind, d.applicant.as_str(), d.records.clone())).collect();
    assert_eq!(
        short,
        [
            (Kind::Unadmitted, "a3", vec![3]),
            (Kind::Double, "a1", vec![0, 1]),
            (Kind::Elsewhere, "a1", vec![1]),
            (Kind::Split, "a2", vec![2]),
        ]
    );
    world.inputs.registry.remove(0);
    let told = found(&world, None);
    assert!(told.contains(&"elsewhere S3 a1".to_owned()), "{told:?}");
    assert!(!told.iter().any(|t| t.starts_with("missing")), "elsewhere is not missing: {told:?}");
}

#[test]
fn a_formal_number_continues_a_temporary_one() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    with_id(&mut world, 0, ID, &format!("L{ID}"));
    let record = world.record("", "S1");
    record.registry_no = format!("G{ID}").as_str().into();
    assert_eq!(found(&world, None), ["continued S1 a1"]);
    // Both in the registry, at one school: one record that goes on, and no double.
    let record = world.record("", "S1");
    record.registry_no = format!("L{ID}").as_str().into();
    assert_eq!(found(&world, None), ["continued S1 a1"]);
    // At another school it is a second record.
    world.inputs.registry[1].school = "S3".into();
    let told = found(&world, None);
    assert!(told.contains(&"double S3 a1".to_owned()), "{told:?}");
    // Another number under the same identity number has to be looked at.
    world.inputs.registry.truncate(1);
    world.inputs.registry[0].id_number = ID.into();
    world.inputs.registry[0].registry_no = "G500222200001010000".into();
    assert_eq!(found(&world, None), ["number_differs S1 a1"]);
    let shown = shown_number(&world.inputs.registry[0]);
    assert!(!shown.contains("20000101"), "{shown}");
}

#[test]
fn a_number_without_a_person_accuses_nobody() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    with_id(&mut world, 0, ID, "CQ2023001");
    for number in [format!("J{ID}"), "CQ2023001".to_owned()] {
        world.inputs.registry.clear();
        world.record("", "S1").registry_no = number.as_str().into();
        let told = list(&world, None);
        let unidentified = told.iter().find(|d| d.kind == Kind::Unidentified).expect("somebody");
        assert_eq!(unidentified.severity, Severity::Warning);
        assert!(told.iter().all(|d| d.kind != Kind::Unadmitted), "{told:?}");
        assert!(told.iter().any(|d| d.kind == Kind::Missing), "the number is no key: {told:?}");
        assert_eq!(unidentified.detail.contains("a1"), number.starts_with("CQ"), "{told:?}");
        assert!(!unidentified.detail.contains("19491231"), "numbers are masked");
    }
    // An identity number beside the J makes the person known.
    let record = world.record("", "S1");
    (record.registry_no, record.id_number) = (format!("J{ID}").as_str().into(), ID.into());
    assert!(!found(&world, None).iter().any(|t| t.starts_with("missing")));
}

#[test]
fn a_record_written_many_times_is_told_once_with_a_number() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    for school in ["S1", "S3"] {
        for _ in 0..600 {
            world.record("a1", school);
        }
    }
    let told = list(&world, None);
    let double: Vec<_> = told.iter().filter(|d| d.kind == Kind::Double).collect();
    let short: Vec<_> = double.iter().map(|d| (d.school.as_str(), d.found.as_str())).collect();
    assert_eq!(short, [("S1", "1200"), ("S3", "1200")]);
    assert_eq!(double[0].records, (0..10).collect::<Vec<_>>());
    assert_eq!(double[1].records[..3], [0, 600, 601], "the first record, and those of the school");
    assert!(told.iter().all(|d| d.records.len() <= 10 && d.detail.len() < 400), "{:?}", told[0]);

    world.inputs.registry.iter_mut().for_each(|r| r.status = "转出".into());
    let told = list(&world, None);
    assert_eq!((told.len(), told[0].kind, told[0].records.len()), (1, Kind::Ended, 10));
    assert!(told[0].found.len() < 200, "{}", told[0].found);
}

#[test]
fn many_records_of_one_number_take_no_more_than_their_number() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    for (letter, school) in [("L", "S3"), ("G", "S1")] {
        for _ in 0..30_000 {
            world.record("", school).registry_no = format!("{letter}{ID}").as_str().into();
        }
    }
    let told = list(&world, None);
    assert!(told.iter().all(|d| d.kind != Kind::Continued), "at another school nothing goes on");
}

#[test]
fn the_order_of_the_records_changes_nothing_but_their_places() {
    let mut world = World::new();
    for (id, total) in [("a1", 600), ("a2", 590)] {
        world.admitted(id, total, "S1", "unified");
    }
    world.record("a1", "S3");
    world.record("a2", "S1");
    world.record("a2", "S3");
    world.record("", "S1").registry_no = "CQ1".into();
    let before: Vec<_> =
        list(&world, None).into_iter().map(|d| (d.kind, d.school, d.applicant)).collect();
    world.inputs.registry.reverse();
    let after: Vec<_> =
        list(&world, None).into_iter().map(|d| (d.kind, d.school, d.applicant)).collect();
    assert_eq!(before, after);
}
