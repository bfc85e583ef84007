//! `rosters.xlsx`: the class rosters to print, one sheet per school.

use std::collections::BTreeSet;

use luqu_engine::classes::Formation;
use luqu_engine::domain::Season;
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

/// The bytes of the workbook; scores stay out of it, since rosters hang on walls.
///
/// # Errors
/// `Internal`.
pub fn rosters(season: &Season, formations: &[Formation]) -> Result<Vec<u8>, Failure> {
    let mut book = Workbook::new();
    let styles = Styles::new();
    let mut names = BTreeSet::new();
    for (at, formation) in formations.iter().enumerate() {
        let school = season.school(formation.school);
        let pupils = formation.classes.iter().zip(1_u32..).flat_map(|(members, class)| {
            members.iter().zip(1_u32..).map(move |(&id, nth)| (class, nth, id))
        });
        let name = sheet_name(at, &school.id, &mut names);
        table(&mut book, &styles, &name, ROSTER, pupils, |(class, nth, id), cells| {
            let person = season.applicant(id);
            cells.push(class.into());
            cells.push(nth.into());
            cells.push(person.id.as_str().into());
            cells.push(person.name.as_str().into());
            cells.push(person.gender.map(luqu_engine::domain::Gender::label).into());
            cells.push(season.school(person.junior).name.as_str().into());
            cells.push(school.name.as_str().into());
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
