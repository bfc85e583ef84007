//! A district of a few people, made by hand, and what the audit says of it.

use luqu_engine::audit::audit;
use luqu_engine::domain::draft::{
    ApplicantRow, GraduatesRow, PlanRow, QuotaRow, Rows, SchoolRow, SpecialScoreRow, WishRow,
};
use luqu_engine::domain::{Draft, Ownership, Season, Stage};
use luqu_engine::policy::Policy;
use luqu_engine::rules::{
    AuditInputs, ClassRow, Code, RULES, RegistryRecord, RollAdmission, Violation,
};

const POLICY: &str = r#"
[season]
id = "made-2026"
district = "虚构区"
year = 2026
seed = "a made seed"

[limits.class_size]
value = 55
unit = "students"
item = "4"
quote = "普通高中新入学年级班额不得超过55人"

[limits.new_school_size]
value = 3000
unit = "students"
item = "4"
quote = "新建普通高中学校高中生规模不得超过3000人"

[[subjects]]
id = "chinese"
name = "语文"
max = "750"

[[batches]]
id = "special"
name = "提前批"
opens = "2026-07-01T09:00:00+08:00"
closes = "2026-07-02T18:00:00+08:00"
wishes = 2
seat_order = ["sports"]
priority = ["composite", "total", "lottery"]

[[batches]]
id = "key"
name = "第一批"
opens = "2026-07-05T09:00:00+08:00"
closes = "2026-07-06T18:00:00+08:00"
wishes = 3
seat_order = ["unified", "quota", "returned"]
priority = ["total", "lottery"]

[categories.unified]
name = "统招"

[categories.quota]
name = "指标到校"
by_junior = true
eligible = ["fresh", "registered_three_years", "attended", "quota_listed"]
floor = { line = "unified", minus = "50" }
returns_to = "returned"

[categories.returned]
name = "配转统"

[categories.sports]
name = "体育特长"
composite = { academic_pct = 40, special_pct = 60 }
eligible = ["qualified"]
floor = { at_least = "380" }
share_cap = "0.10"

[quota]
category = "quota"
share = "0.50"
"#;

/// A season in the making, and the inputs of its audit.
pub(crate) struct World {
    pub(crate) draft: Draft,
    pub(crate) inputs: AuditInputs,
}

/// Columns that the checks look for.
fn rows<R>(columns: &str) -> Rows<R> {
    Rows { present: true, columns: columns.split(' ').map(Into::into).collect(), rows: Vec::new() }
}

impl World {
    /// Junior schools J1 and J2; senior schools S1 (public) and S2 (private) of one group, and S3, new,
    /// with 2,997 older students. S1: 2 unified, 2 quota (one each), in the key batch; 2 sports. S2 and S3:
    /// 2 and 20 unified.
    pub(crate) fn new() -> Self {
        let mut draft = Draft {
            schools: rows("school_id name stage ownership tier region is_new enrolled group"),
            plan: rows("school_id batch category seats classes quota_share region_scope document"),
            graduates: rows("junior_id graduates eligible tilt"),
            quotas: rows("school_id batch junior_id seats"),
            applicants: rows(
                "applicant_id name gender id_number registry_no junior_id region fresh \
                 junior_since attended chinese bonus total evaluation tie_class",
            ),
            wishes: rows("applicant_id batch position school_id category adjust"),
            special_scores: rows("applicant_id category school_id score qualified test_date"),
            ..Draft::default()
        };
        let group = [("S1", Ownership::Public), ("S2", Ownership::Private)];
        for id in ["J1", "J2", "S1", "S2", "S3"] {
            let senior = id.starts_with('S');
            let ownership = group.iter().find(|(s, _)| *s == id).map(|(_, o)| *o);
            push(
                &mut draft.schools,
                SchoolRow {
                    school_id: Some(id.into()),
                    name: Some(
                        format!(
                            "{}中",
                            ["零", "一", "二", "三"][usize::from(id.as_bytes()[1] - b'0')]
                        )
                        .into(),
                    ),
                    stage: Some(if senior { Stage::Senior } else { Stage::Junior }),
                    ownership,
                    tier: None,
                    region: Some("甲区".into()),
                    is_new: Some(id == "S3"),
                    enrolled: (id == "S3").then_some(2_980),
                    group: ownership.map(|_| "一集团".into()),
                    ..SchoolRow::default()
                },
            );
        }
        let mut this = Self { draft, inputs: AuditInputs::default() };
        for (school, batch, category, seats) in [
            ("S1", "special", "sports", 2),
            ("S1", "key", "unified", 2),
            ("S1", "key", "quota", 2),
            ("S2", "key", "unified", 2),
            ("S3", "key", "unified", 20),
        ] {
            push(
                &mut this.draft.plan,
                PlanRow {
                    school_id: Some(school.into()),
                    batch: Some(batch.into()),
                    category: Some(category.into()),
                    seats: Some(seats),
                    document: Some("綦教〔2026〕1号".into()),
                    ..PlanRow::default()
                },
            );
        }
        for junior in ["J1", "J2"] {
            push(
                &mut this.draft.graduates,
                GraduatesRow {
                    junior_id: Some(junior.into()),
                    graduates: Some(30),
                    eligible: Some(30),
                    tilt: Some(false),
                    ..GraduatesRow::default()
                },
            );
            push(
                &mut this.draft.quotas,
                QuotaRow {
                    school_id: Some("S1".into()),
                    batch: Some("key".into()),
                    junior_id: Some(junior.into()),
                    seats: Some(1),
                    ..QuotaRow::default()
                },
            );
        }
        this
    }

    /// Adds an eligible applicant of J1.
    pub(crate) fn person(&mut self, id: &str, total: i32) -> &mut ApplicantRow {
        let score = luqu_engine::domain::Score::from_points(total);
        push(
            &mut self.draft.applicants,
            ApplicantRow {
                applicant_id: Some(id.into()),
                name: Some("某生".into()),
                junior_id: Some("J1".into()),
                region: Some("甲区".into()),
                fresh: Some(true),
                junior_since: "2023-09".parse().ok(),
                attended: Some(true),
                scores: vec![Some(score)],
                total: Some(score),
                ..ApplicantRow::default()
            },
        );
        &mut self.draft.applicants.rows.last_mut().expect("just pushed").1
    }

    /// Adds a wish in the key batch, or for sports in the special one.
    pub(crate) fn wish(&mut self, id: &str, position: u16, school: &str, category: &str) {
        push(
            &mut self.draft.wishes,
            WishRow {
                applicant_id: Some(id.into()),
                batch: Some(batch_of(category).into()),
                position: Some(position),
                school_id: Some(school.into()),
                category: Some(category.into()),
                ..WishRow::default()
            },
        );
    }

    /// Adds a city-wide sports test.
    pub(crate) fn test(&mut self, id: &str, score: i32, qualified: bool) -> &mut SpecialScoreRow {
        push(
            &mut self.draft.special_scores,
            SpecialScoreRow {
                applicant_id: Some(id.into()),
                category: Some("sports".into()),
                school_id: None,
                score: Some(luqu_engine::domain::Score::from_points(score)),
                qualified: Some(qualified),
                test_date: None,
            },
        );
        &mut self.draft.special_scores.rows.last_mut().expect("just pushed").1
    }

    /// Admits an applicant, who need not exist.
    pub(crate) fn admit(&mut self, id: &str, school: &str, category: &str) -> &mut RollAdmission {
        let list = self.inputs.admissions.get_or_insert_default();
        list.push(RollAdmission {
            applicant: id.into(),
            school: school.into(),
            batch: batch_of(category).into(),
            category: category.into(),
            admitted_at: None,
        });
        list.last_mut().expect("just pushed")
    }

    /// Adds an applicant with a wish who is admitted on it.
    pub(crate) fn admitted(&mut self, id: &str, total: i32, school: &str, category: &str) {
        self.person(id, total);
        self.wish(id, 1, school, category);
        self.admit(id, school, category);
    }

    /// Adds an active record of an applicant at a school.
    pub(crate) fn record(&mut self, id: &str, school: &str) -> &mut RegistryRecord {
        self.inputs.registry.push(RegistryRecord {
            applicant: id.into(),
            school: school.into(),
            status: "在读".into(),
            ..RegistryRecord::default()
        });
        self.inputs.registry.last_mut().expect("just pushed")
    }

    /// Adds a class with its size.
    pub(crate) fn class(&mut self, school: &str, grade: &str, class_no: &str, size: u32) {
        self.inputs.classes.push(ClassRow {
            school: school.into(),
            grade: grade.into(),
            class_no: class_no.into(),
            applicant: "".into(),
            size: Some(size),
        });
    }

    pub(crate) fn season(&self) -> Season {
        let policy = Policy::load(POLICY, None).expect("a policy");
        let checked = Season::check(policy, self.draft.clone());
        checked.unwrap_or_else(|faults| panic!("{faults:#?}")).0
    }

    pub(crate) fn audit(&self) -> Vec<Violation> {
        audit(&self.season(), &self.inputs)
    }

    /// Each violation as `V02 S1 a3`.
    pub(crate) fn found(&self) -> Vec<String> {
        let list = self.audit();
        list.iter().map(|v| format!("{} {} {}", v.code, v.school, v.applicant)).collect()
    }
}

fn batch_of(category: &str) -> &'static str {
    if category == "sports" { "special" } else { "key" }
}

fn push<R>(rows: &mut Rows<R>, row: R) {
    let number = u32::try_from(rows.rows.len()).expect("few rows") + 2;
    rows.rows.push((number, row));
}

#[test]
fn the_table_lists_every_rule_once_and_in_order() {
    let codes: Vec<&str> = RULES.iter().map(|r| r.code.key()).collect();
    let expected: Vec<String> = (1..=19).map(|n| format!("V{n:02}")).collect();
    assert_eq!(codes, expected);
    for rule in RULES {
        assert_eq!(rule.code.rule().name, rule.name);
        assert!(!rule.quote.is_empty() && !rule.demand.is_empty());
    }
    assert_eq!(Code::V14.rule().item, "4");
}
