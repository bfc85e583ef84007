//! Where the years begin: the classes of every school as they are now.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::Text;
use crate::plan::{DraftPlan, Resources};
use crate::policy::Limits;
use crate::rules::ClassRow;

/// A district before the season's intake.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Start {
    /// The season's year, that of the first intake.
    pub year: u16,
    /// The legal limits.
    pub limits: Limits,
    /// The schools, by id.
    pub schools: Vec<SchoolYears>,
}

/// A school before the season's intake.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SchoolYears {
    /// 学校代码
    pub id: Text,
    /// 学校名称
    pub name: Text,
    /// 新建高中
    pub is_new: bool,
    /// All ordinary classrooms, where known.
    pub rooms: Option<u32>,
    /// 教职工数, where known.
    pub staff: Option<u32>,
    /// The sizes of the classes of 高一, 高二, 高三 now.
    pub grades: [Vec<u32>; 3],
    /// The classes are not known: the older grades of next year were laid out in even classes of lawful size.
    pub estimated: bool,
    /// Seats of the draft plan.
    pub intake: u32,
    /// Classes of the draft plan: the most where rooms are not known.
    pub classes: u32,
}

impl Start {
    /// The schools of a draft with their classes of the current school year, the one before the season's intake.
    ///
    /// Grades are `1`–`3`, `高一`–`高三` or the year of entry (`2025级`); junior grades are left out. A class counts its listed
    /// students or its stated size, whichever is more.
    ///
    /// # Errors
    /// A sentence about a grade that cannot be read.
    pub fn of(
        plan: &DraftPlan,
        year: u16,
        resources: &[Resources],
        classes: &[ClassRow],
    ) -> Result<Self, String> {
        let size = plan.limits.class_size.as_ref().map_or(u32::MAX, |c| c.value).max(1);
        let mut known = sizes(year, classes)?;
        let school = |s: &crate::plan::SchoolDraft| {
            let own = resources.iter().find(|r| r.school == s.id);
            let grades = known.remove(&s.id);
            let estimated = grades.is_none() && s.enrolled > 0;
            SchoolYears {
                id: s.id.clone(),
                name: s.name.clone(),
                is_new: s.is_new,
                rooms: own.and_then(|r| r.rooms),
                staff: s.staff,
                grades: grades.unwrap_or_else(|| {
                    let half = s.enrolled / 2;
                    [even(s.enrolled - half, size), even(half, size), Vec::new()]
                }),
                estimated,
                intake: s.seats(),
                classes: s.classes,
            }
        };
        let schools = plan.schools.iter().map(school).collect();
        Ok(Self { year, limits: plan.limits.clone(), schools })
    }
}

/// So many students in as few classes as the size allows.
fn even(students: u32, size: u32) -> Vec<u32> {
    super::model::even(students.into(), students.div_ceil(size).into())
        .map(|n| u32::try_from(n).unwrap_or(u32::MAX))
        .collect()
}

/// The class sizes of every school by grade; classes are ordered by number.
fn sizes(year: u16, classes: &[ClassRow]) -> Result<BTreeMap<Text, [Vec<u32>; 3]>, String> {
    let mut listed: BTreeMap<(&Text, usize, &str), (u32, BTreeSet<&str>)> = BTreeMap::new();
    for row in classes {
        let Some(grade) = grade(&row.grade, year)? else { continue };
        let class = listed.entry((&row.school, grade, row.class_no.trim())).or_default();
        class.0 = class.0.max(row.size.unwrap_or(0));
        if !row.applicant.is_empty() {
            class.1.insert(&row.applicant);
        }
    }
    let mut schools: BTreeMap<Text, [Vec<u32>; 3]> = BTreeMap::new();
    for ((school, grade, _), (stated, students)) in listed {
        let size = stated.max(u32::try_from(students.len()).unwrap_or(u32::MAX));
        schools.entry(school.clone()).or_default()[grade].push(size);
    }
    Ok(schools)
}

/// The grade of the current school year: 0 for 高一; nothing for a junior grade or one that has left.
fn grade(text: &str, year: u16) -> Result<Option<usize>, String> {
    let word = text.trim().trim_end_matches("年级");
    if let Some(entered) = word.strip_suffix('级').and_then(|y| y.parse::<u16>().ok()) {
        let grade = usize::from(year).checked_sub(usize::from(entered) + 1);
        return grade.map(|g| (g < 3).then_some(g)).ok_or_else(|| {
            format!("“{text}”在 {year} 年招生之后入学；请给出招生前（本学年）的班级")
        });
    }
    match word {
        "1" | "一" | "高一" | "10" | "G10" => Ok(Some(0)),
        "2" | "二" | "高二" | "11" | "G11" => Ok(Some(1)),
        "3" | "三" | "高三" | "12" | "G12" => Ok(Some(2)),
        "7" | "8" | "9" | "G7" | "G8" | "G9" | "初一" | "初二" | "初三" | "七" | "八" | "九" => {
            Ok(None)
        }
        _ => Err(format!("年级“{text}”无法识别，应为 高一、高二、高三 或入学年份如 2025级")),
    }
}
