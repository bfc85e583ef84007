//! OneRoster 1.2, CSV binding, bulk: students, their schools, classes and enrollments for whatever reads the standard.
//!
//! Header order and vocabulary are the standard's (1EdTech OneRoster CSV Binding 1.2.1); what it has no column for
//! stands behind in `metadata.cn.*`. In bulk `status` and `dateLastModified` stay empty. The files are for machines:
//! UTF-8 without BOM, and no cell is altered but one that begins like a formula, since people open them too. No id number and no registry number, which holds one, is here.

use std::io::{Cursor, Write as _};

use luqu_engine::domain::Gender;
use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipWriter};

use super::people::harmless;
use crate::error::Failure;

/// A school and its district.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Org {
    /// 学校代码
    pub school_id: String,
    /// 学校名称
    pub name: String,
    /// 办学性质, in Chinese.
    pub ownership: &'static str,
    /// 所在区县
    pub region: String,
}

/// A class that was formed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Class {
    /// 学校代码
    pub school_id: String,
    /// 班号
    pub class_no: u32,
}

/// A student who may be registered, or is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Student {
    /// 报名号
    pub applicant_id: String,
    /// 姓名
    pub name: String,
    /// 性别
    pub gender: Option<Gender>,
    /// 学校代码
    pub school_id: String,
    /// 班号, once classes are formed.
    pub class_no: Option<u32>,
    /// 毕业学校代码
    pub junior_id: String,
    /// 毕业学校
    pub junior: String,
    /// 批次, in Chinese.
    pub batch: String,
    /// 类别, in Chinese.
    pub category: String,
    /// Whether a record is open.
    pub registered: bool,
}

/// What is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Roster {
    /// The id of the season.
    pub season: String,
    /// 区县
    pub district: String,
    /// The year of the season.
    pub year: u16,
    /// By school id.
    pub orgs: Vec<Org>,
    /// By school id and number.
    pub classes: Vec<Class>,
    /// By school id and applicant id.
    pub students: Vec<Student>,
}

/// Makes the sourcedId of a thing of a kind: the same for the same thing, in every export.
pub type SourcedId<'a> = &'a dyn Fn(&str, &str) -> String;

/// The files of the standard, in the order of the manifest.
const FILES: [&str; 21] = [
    "academicSessions",
    "categories",
    "classes",
    "classResources",
    "courses",
    "courseResources",
    "demographics",
    "enrollments",
    "lineItemLearningObjectiveIds",
    "lineItems",
    "lineItemScoreScales",
    "orgs",
    "resources",
    "resultLearningObjectiveIds",
    "results",
    "resultScoreScales",
    "roles",
    "scoreScales",
    "userProfiles",
    "userResources",
    "users",
];

const SESSIONS: &[&str] = &[
    "sourcedId",
    "status",
    "dateLastModified",
    "title",
    "type",
    "startDate",
    "endDate",
    "parentSourcedId",
    "schoolYear",
];
const ORGS: &[&str] = &[
    "sourcedId",
    "status",
    "dateLastModified",
    "name",
    "type",
    "identifier",
    "parentSourcedId",
    "metadata.cn.ownership",
    "metadata.cn.region",
];
const COURSES: &[&str] = &[
    "sourcedId",
    "status",
    "dateLastModified",
    "schoolYearSourcedId",
    "title",
    "courseCode",
    "grades",
    "orgSourcedId",
    "subjects",
    "subjectCodes",
];
const CLASSES: &[&str] = &[
    "sourcedId",
    "status",
    "dateLastModified",
    "title",
    "grades",
    "courseSourcedId",
    "classCode",
    "classType",
    "location",
    "schoolSourcedId",
    "termSourcedIds",
    "subjects",
    "subjectCodes",
    "periods",
];
const USERS: &[&str] = &[
    "sourcedId",
    "status",
    "dateLastModified",
    "enabledUser",
    "username",
    "userIds",
    "givenName",
    "familyName",
    "middleName",
    "identifier",
    "email",
    "sms",
    "phone",
    "agentSourcedIds",
    "grades",
    "password",
    "userMasterIdentifier",
    "preferredGivenName",
    "preferredMiddleName",
    "preferredFamilyName",
    "primaryOrgSourcedId",
    "pronouns",
    "metadata.cn.name",
    "metadata.cn.genderCode",
    "metadata.cn.juniorSchoolCode",
    "metadata.cn.juniorSchoolName",
    "metadata.cn.batch",
    "metadata.cn.category",
    "metadata.cn.registryStatus",
];
const ROLES: &[&str] = &[
    "sourcedId",
    "status",
    "dateLastModified",
    "userSourcedId",
    "roleType",
    "role",
    "beginDate",
    "endDate",
    "orgSourcedId",
    "userProfileSourcedId",
];
const ENROLLMENTS: &[&str] = &[
    "sourcedId",
    "status",
    "dateLastModified",
    "classSourcedId",
    "schoolSourcedId",
    "userSourcedId",
    "role",
    "primary",
    "beginDate",
    "endDate",
];

/// The grade of a new senior intake, by the standard's vocabulary (CEDS).
const GRADE: &str = "10";

/// The bytes of the archive; the same for the same roster. Classes, courses and enrollments are absent until a class is
/// formed, since an enrollment is one of a class.
///
/// # Errors
/// `Internal`.
pub fn archive(roster: &Roster, id: SourcedId<'_>) -> Result<Vec<u8>, Failure> {
    let broken = |e: &dyn std::fmt::Display| Failure::Internal(format!("OneRoster: {e}"));
    let mut files = vec![
        ("academicSessions", sessions(roster, id)),
        ("orgs", orgs(roster, id)),
        ("roles", roles(roster, id)),
        ("users", users(roster, id)),
    ];
    if !roster.classes.is_empty() {
        files.push(("classes", classes(roster, id)));
        files.push(("courses", courses(roster, id)));
        files.push(("enrollments", enrollments(roster, id)));
    }
    files.sort_by_key(|(name, _)| *name);
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().last_modified_time(DateTime::default());
    for (name, rows) in std::iter::once(("manifest", manifest(roster, &names))).chain(files) {
        let mut csv =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        for row in rows {
            let cells = row.iter().map(|cell| harmless(cell).into_owned());
            csv.write_record(cells).map_err(|e| broken(&e))?;
        }
        let bytes = csv.into_inner().map_err(|e| broken(&e))?;
        zip.start_file(format!("{name}.csv"), options).map_err(|e| broken(&e))?;
        zip.write_all(&bytes).map_err(|e| broken(&e))?;
    }
    Ok(zip.finish().map_err(|e| broken(&e))?.into_inner())
}

type Rows = Vec<Vec<String>>;

fn headed(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Rows {
    std::iter::once(header.iter().map(|&h| h.to_owned()).collect()).chain(rows).collect()
}

/// The cells of a row of bulk data: id, empty status and date, then the rest.
fn row<const N: usize>(id: String, rest: [&str; N]) -> Vec<String> {
    let head = [id, String::new(), String::new()];
    head.into_iter().chain(rest.map(str::to_owned)).collect()
}

fn manifest(roster: &Roster, present: &[&str]) -> Rows {
    let pair = |name: &str, value: &str| vec![name.to_owned(), value.to_owned()];
    let files = FILES.iter().map(|file| {
        pair(&format!("file.{file}"), if present.contains(file) { "bulk" } else { "absent" })
    });
    let versions = [pair("manifest.version", "1.0"), pair("oneroster.version", "1.2")];
    let source =
        [pair("source.systemName", "Luqu"), pair("source.systemCode", roster.season.as_str())];
    headed(&["propertyName", "value"], versions.into_iter().chain(files).chain(source))
}

fn sessions(roster: &Roster, id: SourcedId<'_>) -> Rows {
    let (from, to) = (roster.year, roster.year + 1);
    let (start, end) = (format!("{from}-09-01"), format!("{to}-08-31"));
    let (year, school_year) = (id("schoolYear", &roster.season), to.to_string());
    let whole = format!("{from}—{to}学年");
    let term = format!("{whole}（全学年）");
    let rows = [
        row(year.clone(), [&whole, "schoolYear", &start, &end, "", &school_year]),
        row(id("term", &roster.season), [&term, "term", &start, &end, &year, &school_year]),
    ];
    headed(SESSIONS, rows.into_iter())
}

fn orgs(roster: &Roster, id: SourcedId<'_>) -> Rows {
    let district = id("district", &roster.district);
    let name = &roster.district;
    let first = row(district.clone(), [name, "district", "", "", "", name]);
    let school = |org: &Org| {
        let (own, region) = (org.ownership, org.region.as_str());
        let rest = [org.name.as_str(), "school", &org.school_id, &district, own, region];
        row(id("school", &org.school_id), rest)
    };
    headed(ORGS, std::iter::once(first).chain(roster.orgs.iter().map(school)))
}

fn courses(roster: &Roster, id: SourcedId<'_>) -> Rows {
    let year = id("schoolYear", &roster.season);
    let mut schools: Vec<&str> = roster.classes.iter().map(|c| c.school_id.as_str()).collect();
    schools.dedup();
    let course = |school: &str| {
        let org = id("school", school);
        row(id("course", school), [&year, "高一年级行政班", "HOMEROOM-10", GRADE, &org, "", ""])
    };
    headed(COURSES, schools.into_iter().map(course))
}

fn class_key(school: &str, class: u32) -> String {
    format!("{school}/{class}")
}

fn classes(roster: &Roster, id: SourcedId<'_>) -> Rows {
    let term = id("term", &roster.season);
    let class = |class: &Class| {
        let (school, number) = (class.school_id.as_str(), class.class_no.to_string());
        let (title, course, org) =
            (format!("高一({number})班"), id("course", school), id("school", school));
        let rest =
            [&title, GRADE, &course, &number, "homeroom", "", &org, term.as_str(), "", "", ""];
        row(id("class", &class_key(school, class.class_no)), rest)
    };
    headed(CLASSES, roster.classes.iter().map(class))
}

fn users(roster: &Roster, id: SourcedId<'_>) -> Rows {
    let user = |s: &Student| {
        let (family, given) = names(&s.name);
        let ids = format!("{{cn.applicantId:{}}}", s.applicant_id);
        let gender = match s.gender {
            Some(Gender::Male) => "1",
            Some(Gender::Female) => "2",
            None => "0",
        };
        let registered = if s.registered { "registered" } else { "cleared" };
        let org = id("school", &s.school_id);
        row(
            id("user", &s.applicant_id),
            [
                "true",
                &s.applicant_id,
                &ids,
                given,
                family,
                "",
                &s.applicant_id,
                "",
                "",
                "",
                "",
                GRADE,
                "",
                "",
                "",
                "",
                "",
                &org,
                "",
                &s.name,
                gender,
                &s.junior_id,
                &s.junior,
                &s.batch,
                &s.category,
                registered,
            ],
        )
    };
    headed(USERS, roster.students.iter().map(user))
}

fn roles(roster: &Roster, id: SourcedId<'_>) -> Rows {
    let role = |s: &Student| {
        let (user, org) = (id("user", &s.applicant_id), id("school", &s.school_id));
        let own = id("role", &format!("{}/{}", s.school_id, s.applicant_id));
        row(own, [&user, "primary", "student", "", "", &org, ""])
    };
    headed(ROLES, roster.students.iter().map(role))
}

fn enrollments(roster: &Roster, id: SourcedId<'_>) -> Rows {
    let enrolled = |s: &Student| {
        let key = class_key(&s.school_id, s.class_no?);
        let (class, org) = (id("class", &key), id("school", &s.school_id));
        let user = id("user", &s.applicant_id);
        let own = id("enrollment", &format!("{key}/{}", s.applicant_id));
        Some(row(own, [&class, &org, &user, "student", "false", "", ""]))
    };
    headed(ENROLLMENTS, roster.students.iter().filter_map(enrolled))
}

/// Family names of two characters.
const COMPOUND: [&str; 32] = [
    "欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "司空",
    "夏侯", "端木", "长孙", "宇文", "轩辕", "南宫", "西门", "独孤", "申屠", "太史", "濮阳", "淳于",
    "单于", "公冶", "宗政", "钟离", "闾丘", "澹台", "呼延", "百里",
];

/// Family and given name, which the standard wants apart and neither of them empty: before and behind a dot the other
/// way round (买买提 of 阿依古丽·买买提), else the first character, or the first two of a compound family name. The whole
/// name as registered stands in `metadata.cn.name`.
fn names(name: &str) -> (&str, &str) {
    let name = name.trim();
    if let Some((given, family)) = name.rsplit_once(['·', '•', '‧', '．'])
        && !given.is_empty()
        && !family.is_empty()
    {
        return (family, given);
    }
    let compound = COMPOUND.iter().find(|c| name.starts_with(**c) && name.len() > c.len());
    let cut = match compound {
        Some(family) => family.len(),
        None => name.chars().next().map_or(0, char::len_utf8),
    };
    let (family, given) = name.split_at(cut);
    if given.is_empty() { (family, family) } else { (family, given) }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use super::{Roster, Student, archive, names};

    #[test]
    fn no_cell_begins_like_a_formula() {
        let student = |name: &str| Student {
            applicant_id: "0042".to_owned(),
            name: name.to_owned(),
            gender: None,
            school_id: "S1".to_owned(),
            class_no: None,
            junior_id: "J1".to_owned(),
            junior: "@SUM(1)".to_owned(),
            batch: String::new(),
            category: String::new(),
            registered: false,
        };
        let roster = Roster {
            season: "s".to_owned(),
            district: "某区".to_owned(),
            year: 2026,
            orgs: Vec::new(),
            classes: Vec::new(),
            students: ["=HYPERLINK(\"http://x\")", "-1+1", "张三"].map(student).into(),
        };
        let bytes = archive(&roster, &|kind, key| format!("{kind}-{key}")).expect("an archive");
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
        let mut users = String::new();
        zip.by_name("users.csv").expect("users").read_to_string(&mut users).expect("text");
        let mut table = csv::Reader::from_reader(users.as_bytes());
        let rows: Vec<_> = table.records().map(|row| row.expect("a row")).collect();
        assert_eq!(rows.len(), 3);
        assert!(!rows.iter().flatten().any(|cell| cell.starts_with(['=', '-', '@'])), "{users}");
        assert_eq!((&rows[2][22], &rows[2][9]), ("张三", "0042"), "{users}");
    }

    #[test]
    fn a_name_has_two_parts_neither_of_them_empty() {
        for (name, parts) in [
            ("张三", ("张", "三")),
            ("欧阳娜", ("欧阳", "娜")),
            ("欧阳", ("欧", "阳")),
            ("阿依古丽·买买提", ("买买提", "阿依古丽")),
            ("甲", ("甲", "甲")),
            ("𬭼某", ("𬭼", "某")),
        ] {
            assert_eq!(names(name), parts);
        }
    }
}
