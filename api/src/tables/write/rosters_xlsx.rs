//! `rosters.xlsx`: the class rosters to print, one sheet per school.

use std::collections::BTreeSet;

use luqu_engine::classes::Formation;
use luqu_engine::domain::{Gender, Season};
use rust_xlsxwriter::Workbook;

use super::style::{Column, Styles, failed, table};
use crate::error::Failure;

const fn column(title: &'static str, width: f64) -> Column {
    Column { title, width }
}

const ROSTER: &[Column] = &[
    column("班号", 8.0),
    column("序号", 8.0),
    column("报名号", 18.0),
    column("姓名", 14.0),
    column("性别", 8.0),
    column("毕业学校", 28.0),
    column("学校", 28.0),
];

/// A pupil on a roster; scores stay out of it, since rosters hang on walls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pupil {
    /// 班号
    pub class_no: u32,
    /// 序号 in the class, from 1.
    pub seat_no: u32,
    /// 报名号
    pub applicant_id: String,
    /// 姓名
    pub name: String,
    /// 性别
    pub gender: Option<Gender>,
    /// 毕业学校
    pub junior: String,
}

/// The bytes of the workbook of classes that were formed.
///
/// # Errors
/// `Internal`.
pub fn rosters(season: &Season, formations: &[Formation]) -> Result<Vec<u8>, Failure> {
    let sheets: Vec<(&str, &str, Vec<Pupil>)> = formations
        .iter()
        .map(|formation| {
            let pupils = formation.classes.iter().zip(1..).flat_map(|(members, class_no)| {
                members.iter().zip(1..).map(move |(&id, seat_no)| {
                    let person = season.applicant(id);
                    Pupil {
                        class_no,
                        seat_no,
                        applicant_id: person.id.to_string(),
                        name: person.name.to_string(),
                        gender: person.gender,
                        junior: season.school(person.junior).name.to_string(),
                    }
                })
            });
            let school = season.school(formation.school);
            (school.id.as_str(), school.name.as_str(), pupils.collect())
        })
        .collect();
    workbook(&sheets)
}

/// A sheet for every school: its id, its name, its pupils by class and seat.
fn workbook(schools: &[(&str, &str, Vec<Pupil>)]) -> Result<Vec<u8>, Failure> {
    let mut book = Workbook::new();
    let styles = Styles::new();
    let mut names = BTreeSet::new();
    for (at, (id, school, pupils)) in schools.iter().enumerate() {
        let name = sheet_name(at, id, &mut names);
        table(&mut book, &styles, &name, ROSTER, pupils.iter(), |pupil, cells| {
            cells.push(pupil.class_no.into());
            cells.push(pupil.seat_no.into());
            cells.push(pupil.applicant_id.as_str().into());
            cells.push(pupil.name.as_str().into());
            cells.push(pupil.gender.map(Gender::label).into());
            cells.push(pupil.junior.as_str().into());
            cells.push((*school).into());
        })?;
    }
    book.save_to_buffer().map_err(failed)
}

/// The id of the school where a sheet can be called so; else its place goes in front and keeps names apart. Sheets are
/// the same to a spreadsheet in any case of letters.
fn sheet_name(at: usize, id: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let fits = id.chars().count() <= 20 && id.chars().all(plain) && id.to_lowercase() != "history";
    if fits && taken.insert(id.to_lowercase()) {
        return id.to_owned();
    }
    let rest: String = id.chars().filter(|&c| plain(c)).take(16).collect();
    format!("#{} {rest}", at + 1)
}
