//! Each rule of the audit: at the limit, one over, and what it does not concern.

use luqu_engine::domain::{Severity, Text};
use luqu_engine::rules::{Attending, Code, Seal, SectionRow};

use crate::audit_world::World;

#[test]
fn v01_an_admission_needs_a_plan_line_and_an_applicant() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    assert_eq!(world.found(), [""; 0]);
    world.person("a2", 500);
    world.admit("a2", "S2", "returned");
    world.admit("ghost", "S1", "unified");
    world.admit("ghost2", "X9", "nothing").batch = "never".into();
    assert_eq!(world.found(), ["V01 S1 ghost", "V01 S2 a2", "V01 X9 ghost2"]);
    let last = world.audit().pop().expect("three");
    assert!(last.found.contains("X9") && last.found.contains("never"), "{}", last.found);
}

#[test]
fn v01_returned_seats_are_approved_with_the_line_that_returns_them() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "returned");
    world.admitted("a2", 590, "S1", "returned");
    assert_eq!(world.found(), [""; 0], "both quota seats are unfilled");
    world.admitted("a3", 580, "S1", "returned");
    assert_eq!(world.found(), ["V02 S1 a3"]);
}

#[test]
fn v02_names_the_excess_by_lowest_priority() {
    let mut world = World::new();
    world.admitted("a1", 500, "S1", "unified");
    world.admitted("a2", 600, "S1", "unified");
    assert_eq!(world.found(), [""; 0]);
    world.admitted("a3", 550, "S1", "unified");
    assert_eq!(world.found(), ["V02 S1 a1"]);
    let over = &world.audit()[0];
    assert_eq!((over.found.as_str(), over.allowed.as_str(), over.item.as_str()), ("3", "2", "18"));
    assert_eq!(
        over.detail,
        "一中（S1） 第一批统招 录取3人，计划2人；考生 a1 在超出之列（实施方案第18条）"
    );
}

#[test]
fn v02_a_filled_quota_seat_is_not_returned_as_well() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "quota");
    world.admitted("a2", 610, "S1", "returned");
    assert_eq!(world.found(), [""; 0]);
    world.admitted("a3", 605, "S1", "returned");
    assert_eq!(world.found(), ["V02 S1 a3"]);
}

#[test]
fn v02_a_cell_is_its_junior_school_s_own() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "quota");
    world.admitted("a2", 610, "S1", "quota");
    assert_eq!(world.found(), ["V02 S1 a1"], "both of J1, which has one seat");
}

#[test]
fn v03_the_opening_day_is_not_early() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    for (at, early) in [
        ("2026-07-04", true),
        ("2026-07-05", false),
        ("2026-07-05T08:59:59+08:00", true),
        ("2026-07-05T09:00:00+08:00", false),
    ] {
        world.inputs.admissions.as_mut().expect("list")[0].admitted_at = at.parse().ok();
        assert_eq!(world.found().is_empty(), !early, "{at}");
    }
    world.record("a1", "S1").opened_on = "2026-07-04".parse().ok();
    assert_eq!(world.found(), ["V03 S1 a1"]);
}

#[test]
fn v03_a_test_before_its_batch_is_early() {
    let mut world = World::new();
    world.person("a1", 500);
    world.test("a1", 80, true).test_date = Some("2026-07-01".into());
    assert_eq!(world.found(), [""; 0]);
    world.test("a1", 90, true).school_id = Some("S1".into());
    world.draft.special_scores.rows[1].1.test_date = Some("2026-06-30".into());
    assert_eq!(world.found(), ["V03 S1 a1"]);
    assert_eq!(world.audit()[0].batch, "special");
}

#[test]
fn v04_the_region_must_be_in_scope() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.person("a2", 610).region = Some("乙区".into());
    world.wish("a2", 1, "S1", "unified");
    world.admit("a2", "S1", "unified");
    assert_eq!(world.found(), ["V04 S1 a2"]);
    world.draft.plan.rows[1].1.region_scope = Some("甲区;乙区".into());
    assert_eq!(world.found(), [""; 0]);
    world.draft.plan.rows[1].1.region_scope = Some("*".into());
    assert_eq!(world.found(), [""; 0]);
}

#[test]
fn v05_another_school_may_not_register_or_admit_who_is_admitted() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.record("a1", "S1");
    assert_eq!(world.found(), [""; 0]);
    world.inputs.registry[0].school = "S3".into();
    assert_eq!(world.found(), ["V05 S3 a1"]);
    world.inputs.registry[0].status = "转出".into();
    assert_eq!(world.found(), [""; 0]);
    world.admit("a1", "S2", "unified");
    assert_eq!(world.found(), ["V05 S2 a1"], "two seats for one applicant");
}

#[test]
fn v05_a_line_written_twice_is_one_admission() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.admitted("a2", 600, "S1", "unified");
    world.admit("a2", "S1", "unified");
    assert_eq!(world.found(), [""; 0]);
}

#[test]
fn v06_a_person_is_known_by_number_not_by_record() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.draft.applicants.rows[0].1.id_number = Some("11010519491231002X".into());
    world.record("a1", "S1");
    let second = world.record("", "S3");
    second.registry_no = "G11010519491231002x".into();
    let found = world.found();
    assert!(found.contains(&"V06 S3 a1".to_owned()), "{found:?}");
    assert_eq!(found.iter().filter(|v| v.starts_with("V06")).count(), 1);
    assert!(world.audit().iter().all(|v| !v.detail.contains("19491231")), "numbers are masked");

    world.inputs.registry[1].status = "休学".into();
    assert!(world.found().iter().any(|v| v.starts_with("V06")), "leave keeps the record");
    world.inputs.registry[1].status = "毕业".into();
    assert_eq!(world.found(), [""; 0]);
}

#[test]
fn v07_a_record_needs_an_admission_of_that_person() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.person("a2", 300);
    world.record("a1", "S1");
    assert_eq!(world.found(), [""; 0]);
    world.record("a2", "S3");
    world.record("", "S3").id_number = "500222200001010000".into();
    assert_eq!(world.found(), ["V07 S3 ", "V07 S3 a2"]);
    world.inputs.admissions = None;
    assert_eq!(world.found(), [""; 0], "no list, nothing to hold a record against");
}

#[test]
fn v07_somebody_else_s_admission_is_not_one_s_own() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.draft.applicants.rows[0].1.id_number = Some("11010519491231002X".into());
    world.record("a1", "S1").id_number = "11010519491231002x".into();
    assert_eq!(world.found(), [""; 0]);
    world.inputs.registry[0].id_number = "500222200001010000".into();
    assert_eq!(world.found(), ["V07 S1 a1"]);
}

#[test]
fn v08_v09_who_is_registered_attends_there() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.record("a1", "S1");
    for (attending, status, expected) in [
        (Attending::Unknown, "在读", None),
        (Attending::School("S1".into()), "在读", None),
        (Attending::from_cell(" none "), "在读", Some("V08 S1 a1")),
        (Attending::from_cell("无"), "在读", Some("V08 S1 a1")),
        (Attending::Nowhere, "休学", None),
        (Attending::Nowhere, "毕业", None),
        (Attending::School("S3".into()), "在读", Some("V09 S1 a1")),
    ] {
        world.inputs.registry[0].attending = attending.clone();
        world.inputs.registry[0].status = status.into();
        let expected: Vec<&str> = expected.into_iter().collect();
        assert_eq!(world.found(), expected, "{attending:?} {status}");
    }
}

#[test]
fn v10_a_group_does_not_mix_public_and_private() {
    let mut world = World::new();
    world.admitted("a1", 600, "S2", "unified");
    world.record("a1", "S2").attending = Attending::School("S1".into());
    assert_eq!(world.found(), ["V09 S2 a1", "V10 S1 a1"]);
    world.inputs.registry[0].attending = Attending::School("S3".into());
    assert_eq!(world.found(), ["V09 S2 a1"], "S3 is of no group");
    for school in &mut world.draft.schools.rows {
        school.1.ownership = None;
    }
    world.inputs.registry[0].attending = Attending::School("S1".into());
    assert_eq!(world.found(), ["V09 S2 a1"], "nobody knows who runs them");
}

/// Admits on sports, with a qualified test.
fn athlete(world: &mut World, id: &str, total: i32) {
    world.admitted(id, total, "S1", "sports");
    world.test(id, 80, true);
}

#[test]
fn v11_specials_stay_in_their_share_of_the_whole_plan() {
    let mut world = World::new();
    // S1 plans 2 + 2 + 2 + 14; a tenth of it is 2, and the sports line has room for 3.
    world.draft.plan.rows[1].1.seats = Some(14);
    world.draft.plan.rows[0].1.seats = Some(3);
    athlete(&mut world, "a1", 600);
    assert_eq!(world.found(), [""; 0], "19 × 0.10 is one");
    athlete(&mut world, "a2", 590);
    assert_eq!(world.found(), ["V11 S1 a2"]);
    world.draft.plan.rows[1].1.seats = Some(15);
    assert_eq!(world.found(), [""; 0], "20 × 0.10 is two");
    athlete(&mut world, "a3", 610);
    assert_eq!(world.found(), ["V11 S1 a2"], "the lowest composite goes first");
    assert_eq!(world.audit()[0].allowed, "2");
}

#[test]
fn v12_an_announced_floor() {
    let mut world = World::new();
    world.draft.plan.rows[1].1.seats = Some(30);
    athlete(&mut world, "a1", 380);
    assert_eq!(world.found(), [""; 0]);
    athlete(&mut world, "a2", 379);
    assert_eq!(world.found(), ["V12 S1 a2"]);
    assert_eq!(world.audit()[0].allowed, "380");
}

#[test]
fn v12_a_relative_floor_binds_only_under_a_full_class() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.admitted("q1", 549, "S1", "quota");
    assert_eq!(world.found(), [""; 0], "one unified seat is free: no line");
    world.admitted("a2", 600, "S1", "unified");
    assert_eq!(world.found(), ["V12 S1 q1"]);
    assert_eq!(world.audit()[0].allowed, "550");
    world.draft.applicants.rows[1].1.total = Some("550".parse().expect("score"));
    world.draft.applicants.rows[1].1.scores = vec!["550".parse().ok()];
    assert_eq!(world.found(), [""; 0]);
}

#[test]
fn v12_tells_the_total_and_the_floor() {
    let mut world = World::new();
    world.draft.plan.rows[1].1.seats = Some(30);
    athlete(&mut world, "a1", 379);
    let found = &world.audit()[0];
    assert_eq!((found.found.as_str(), found.allowed.as_str()), ("379", "380"));
    assert_eq!((found.batch.as_str(), found.category.as_str()), ("special", "sports"));
    assert_eq!(
        found.detail,
        "一中（S1） 提前批体育特长录取考生 a1，总分379，最低380分（实施方案第18条）"
    );
    assert!(found.withholds("a1", "S1") && !found.withholds("a2", "S1"));
}

#[test]
fn v13_a_special_seat_needs_a_qualified_test() {
    let mut world = World::new();
    world.draft.plan.rows[1].1.seats = Some(30);
    world.admitted("a1", 500, "S1", "sports");
    assert_eq!(world.found(), ["V13 S1 a1"]);
    world.test("a1", 80, true);
    assert_eq!(world.found(), [""; 0]);
    let own = world.test("a1", 90, false);
    own.school_id = Some("S1".into());
    assert_eq!(world.found(), ["V13 S1 a1"], "the school's own test counts first");
}

#[test]
fn v14_fifty_five_is_lawful() {
    let mut world = World::new();
    world.class("S1", "高一", "3", 55);
    world.class("S1", "2", "1", 55);
    assert_eq!(world.found(), [""; 0]);
    world.class("S1", "1", "4", 56);
    let over = &world.audit()[0];
    assert_eq!(over.detail, "一中（S1） 高一(4)班 56人，上限55人，属大班额（实施方案第4条）");
    assert_eq!(over.severity, Severity::Error);
}

#[test]
fn v14_older_grades_are_warned_about_and_super_oversize_is_an_error() {
    let mut world = World::new();
    world.class("S1", "高二", "1", 56);
    world.class("S1", "高三", "1", 65);
    world.class("S1", "高三", "2", 66);
    let severities: Vec<Severity> = world.audit().iter().map(|v| v.severity).collect();
    assert_eq!(severities, [Severity::Warning, Severity::Error, Severity::Warning]);
    assert!(world.audit()[1].detail.contains("超大班额"));
}

#[test]
fn v14_students_listed_one_by_one_are_counted_once() {
    let mut world = World::new();
    for n in (0..56).chain(0..10) {
        world.class("S1", "高一", "1", 0);
        let row = world.inputs.classes.last_mut().expect("pushed");
        row.size = None;
        row.applicant = format!("a{n}").into();
    }
    assert_eq!(world.audit()[0].found, "56");
    world.inputs.classes.retain(|c| c.applicant != "a0");
    assert_eq!(world.found(), [""; 0]);
}

#[test]
fn v14_a_plan_beyond_its_classes_is_warned_of() {
    let mut world = World::new();
    world.draft.judged = true;
    let line = &mut world.draft.plan.rows[1].1;
    (line.seats, line.classes) = (Some(55), Some(1));
    assert_eq!(world.found(), [""; 0]);
    world.draft.plan.rows[1].1.seats = Some(56);
    let found = &world.audit()[0];
    assert_eq!((found.code, found.severity), (Code::V14, Severity::Warning));
    assert_eq!(found.detail, "一中（S1） 第一批统招计划56人，1个班×55人最多55人（实施方案第4条）");
}

#[test]
fn v15_a_plan_that_would_make_a_new_school_too_large_is_warned_of() {
    let mut world = World::new();
    world.draft.judged = true;
    world.admitted("a1", 500, "S3", "unified");
    assert_eq!(world.found(), [""; 0]);
    world.draft.plan.rows[4].1.seats = Some(21);
    let found = &world.audit()[0];
    assert_eq!((found.code, found.severity), (Code::V15, Severity::Warning));
    assert_eq!(
        found.detail,
        "新建高中 三中（S3） 按计划将有3001人（现有在校生2980人、招生计划21人），规模上限3000人（实施方案第4条）"
    );
    assert!(!found.withholds("a1", "S3"), "the school itself is not above it");
}

#[test]
fn v01_a_plan_line_without_a_document_is_no_plan() {
    let mut world = World::new();
    world.draft.judged = true;
    world.admitted("a1", 500, "S2", "unified");
    assert_eq!(world.found(), [""; 0]);
    world.draft.plan.rows[3].1.document = None;
    assert_eq!(world.found(), ["V01 S2 a1"]);
    assert_eq!(world.audit()[0].found, "第一批统招的招生计划没有批准文号");
    // Without any line the wishes for it are left without a seat, which is no obstacle either.
    world.draft.plan.rows.remove(3);
    assert_eq!(world.found(), ["V01 S2 a1"]);
    assert_eq!(world.audit()[0].found, "没有第一批统招的招生计划");
}

#[test]
fn v02_cells_do_not_make_more_seats_than_the_plan() {
    let mut world = World::new();
    world.draft.judged = true;
    world.draft.plan.rows[2].1.seats = Some(1);
    for (id, total) in [("a1", 600), ("a2", 590)] {
        world.admitted(id, total, "S1", "quota");
    }
    world.draft.applicants.rows[1].1.junior_id = Some("J2".into());
    assert_eq!(world.found(), ["V02 S1 a2"], "each is within the own cell");
    assert_eq!(
        world.audit()[0].detail,
        "一中（S1） 第一批指标到校（各初中合计） 录取2人，计划1人；考生 a2 在超出之列（实施方案第18条）"
    );
    // Who is beyond the own cell is listed once.
    world.draft.applicants.rows[1].1.junior_id = Some("J1".into());
    assert_eq!(world.found(), ["V02 S1 a2"]);
}

#[test]
fn v02_cells_lend_no_more_seats_than_the_plan_has() {
    let mut world = World::new();
    world.draft.judged = true;
    world.draft.plan.rows[2].1.seats = Some(1);
    for (id, total) in [("a1", 600), ("a2", 590)] {
        world.admitted(id, total, "S1", "returned");
    }
    assert_eq!(world.found(), ["V02 S1 a2"]);
}

#[test]
fn v15_a_new_school_holds_three_thousand() {
    let mut world = World::new();
    let ids: Vec<Text> = (0..21).map(|n| format!("a{n:02}").into()).collect();
    for id in &ids[..20] {
        world.admitted(id, 500, "S3", "unified");
    }
    assert_eq!(world.found(), [""; 0]);
    world.person("zz", 400);
    world.admit("zz", "S3", "unified");
    assert_eq!(world.found(), ["V02 S3 zz", "V15 S3 "]);
    assert_eq!(world.audit()[1].found, "3001");

    let mut classes = World::new();
    classes.class("S3", "高三", "1", 54);
    classes.class("S3", "高一", "1", 20);
    assert_eq!(classes.found(), [""; 0]);
    classes.class("S3", "高一", "2", 1);
    assert_eq!(classes.found(), ["V15 S3 "]);
    // The parts told add up to the figure told, whichever list it comes from.
    let told = |world: &World| {
        let mut told = world.audit().into_iter().map(|v| v.detail);
        told.find(|words| words.contains("规模上限")).expect("a V15")
    };
    assert!(
        told(&classes).contains("3001人（现有在校生2980人、高一班级名单21人，"),
        "{}",
        told(&classes)
    );
    classes.class("S3", "高二", "1", 2999);
    assert!(told(&classes).contains("3074人（各年级班级名单合计3074人）"), "{}", told(&classes));
}

#[test]
fn v16_a_quota_seat_asks_for_every_condition() {
    let mut world = World::new();
    world.admitted("q1", 500, "S1", "quota");
    assert_eq!(world.found(), [""; 0]);
    for wrong in 0..4 {
        let mut world = World::new();
        world.admitted("q1", 500, "S1", "quota");
        let row = &mut world.draft.applicants.rows[0].1;
        match wrong {
            0 => row.fresh = Some(false),
            1 => row.attended = Some(false),
            2 => row.junior_since = "2023-10".parse().ok(),
            _ => row.junior_since = None,
        }
        assert_eq!(world.found(), ["V16 S1 q1"], "{wrong}");
    }
    world.draft.quotas.rows.remove(0);
    world.draft.quotas.rows[0].1.seats = Some(2);
    let found = world.audit();
    assert_eq!(world.found(), ["V16 S1 q1"]);
    assert!(found[0].detail.contains("没有分配给一中的指标"), "{}", found[0].detail);
}

#[test]
fn v17_a_seal_that_does_not_fit() {
    let mut world = World::new();
    world.inputs.sealed =
        vec![Seal { what: "applicants".into(), sealed: "ab".into(), found: Some("AB".into()) }];
    assert_eq!(world.found(), [""; 0]);
    world.inputs.sealed.push(Seal { what: "plan".into(), sealed: "ab".into(), found: None });
    assert_eq!(world.found(), ["V17  "]);
}

#[test]
fn v18_nobody_better_is_passed_over() {
    let mut world = World::new();
    world.admitted("a1", 600, "S1", "unified");
    world.admitted("a2", 550, "S1", "unified");
    world.person("b1", 549);
    world.wish("b1", 1, "S1", "unified");
    assert_eq!(world.found(), [""; 0]);
    world.person("b2", 551);
    world.wish("b2", 1, "S2", "unified");
    assert_eq!(world.found(), [""; 0], "an empty seat is no envy");
    world.wish("b2", 2, "S1", "unified");
    assert_eq!(world.found(), ["V18 S1 b2"]);
    world.admit("b2", "S2", "unified");
    assert_eq!(world.found(), [""; 0], "got what comes first");
}

#[test]
fn v18_the_ineligible_have_no_claim() {
    let mut world = World::new();
    world.admitted("q1", 500, "S1", "quota");
    world.person("b1", 600);
    world.wish("b1", 1, "S1", "quota");
    assert_eq!(world.found(), ["V18 S1 b1"]);
    world.draft.applicants.rows[1].1.fresh = Some(false);
    assert_eq!(world.found(), [""; 0]);
    world.draft.applicants.rows[1].1.fresh = Some(true);
    world.draft.applicants.rows[1].1.junior_id = Some("J2".into());
    assert_eq!(world.found(), [""; 0], "another junior school's seat");
}

#[test]
fn v19_a_section_is_a_class_too() {
    let mut world = World::new();
    let section = |size| SectionRow {
        school: "S1".into(),
        section_no: "物化生1".into(),
        subject: "物理".into(),
        size,
    };
    world.inputs.sections = vec![section(55)];
    assert_eq!(world.found(), [""; 0]);
    world.inputs.sections.push(section(56));
    assert_eq!(world.found(), ["V19 S1 "]);
}
