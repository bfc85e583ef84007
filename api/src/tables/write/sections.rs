//! Writes sections: for the audit, for programs, for the pupils, and what was proved of them.

use std::path::Path;

use luqu_engine::domain::Text;
use luqu_engine::sections::{Pupil, Room, Section, Timetable};
use serde_json::Value;

use super::atomic;
use super::people::people_csv;
use crate::error::Failure;

/// The sections of one school.
pub struct SchoolSections {
    /// Its code.
    pub school: Text,
    /// Its pupils.
    pub pupils: Vec<Pupil>,
    /// Their sections.
    pub timetable: Timetable,
}

const SECTIONS: &str = "sections.csv";
const PUPILS: &str = "section_pupils.csv";
const LIST: &str = "走班名单.csv";
const SUMMARY: &str = "summary.json";

/// Whether [`write_sections`] writes a file of the name.
pub fn is_sections_file(name: &str) -> bool {
    [SECTIONS, PUPILS, LIST, SUMMARY].contains(&name)
}

/// Makes `dir` hold the files: `sections.csv`, which `luqu audit --sections` reads; `section_pupils.csv`, one row for
/// every pupil and block; `走班名单.csv`, one row for every pupil, for spreadsheets; and the summary. Schools by
/// code, sections by subject, block and number, pupils by number.
///
/// # Errors
/// As [`atomic::replace_folder`].
pub fn write_sections(
    dir: &Path,
    blocks: u8,
    schools: &[SchoolSections],
    summary: &Value,
) -> Result<(), Failure> {
    let files = [
        (SECTIONS, sections_csv(schools)?),
        (PUPILS, pupils_csv(schools)?),
        (LIST, list(blocks, schools)),
        (SUMMARY, format!("{summary:#}\n").into_bytes()),
    ];
    // What is found is written, even when the search was interrupted.
    atomic::replace_folder(dir, is_sections_file, &files, || Ok(()))
}

fn csv_of<const N: usize>(
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>, Failure> {
    let failed = |e: csv::Error| Failure::Internal(e.to_string());
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(header).map_err(failed)?;
    for row in rows {
        out.write_record(row).map_err(failed)?;
    }
    out.into_inner().map_err(|e| Failure::Internal(e.to_string()))
}

fn sections_csv(schools: &[SchoolSections]) -> Result<Vec<u8>, Failure> {
    let header = ["school_id", "section_no", "subject", "size", "block", "room", "home_class"];
    let rows = schools.iter().flat_map(|school| {
        school.timetable.sections.iter().map(|section| {
            let home = match &section.room {
                Room::Home(class) => class.to_string(),
                Room::Extra(_) => String::new(),
            };
            [
                school.school.to_string(),
                section.name(),
                section.subject.label().to_owned(),
                section.pupils.len().to_string(),
                section.block.to_string(),
                room(&section.room),
                home,
            ]
        })
    });
    csv_of(header, rows)
}

/// The name of a room, such as 3班教室 or 走班教室1.
pub fn room(room: &Room) -> String {
    match room {
        Room::Home(class) if class.bytes().all(|b| b.is_ascii_digit()) => format!("{class}班教室"),
        Room::Home(class) => format!("{class}教室"),
        Room::Extra(number) => format!("走班教室{number}"),
    }
}

/// The pupils by number, with their sections by block.
fn by_pupil(school: &SchoolSections) -> Vec<(&Pupil, Vec<&Section>)> {
    let mut all: Vec<(&Pupil, Vec<&Section>)> =
        school.pupils.iter().map(|pupil| (pupil, Vec::new())).collect();
    for section in &school.timetable.sections {
        for &at in &section.pupils {
            all[at].1.push(section);
        }
    }
    for (_, sections) in &mut all {
        sections.sort_by_key(|s| s.block);
    }
    all.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    all
}

/// Where every pupil is taught what, in the bytes of `section_pupils.csv`.
///
/// # Errors
/// None that input can cause.
pub fn pupils_csv(schools: &[SchoolSections]) -> Result<Vec<u8>, Failure> {
    let header =
        ["school_id", "applicant_id", "class_no", "block", "subject", "section_no", "room"];
    let rows = schools.iter().flat_map(|school| {
        by_pupil(school).into_iter().flat_map(|(pupil, sections)| {
            sections.into_iter().map(|section| {
                [
                    school.school.to_string(),
                    pupil.id.to_string(),
                    pupil.class_no.to_string(),
                    section.block.to_string(),
                    section.subject.label().to_owned(),
                    section.name(),
                    room(&section.room),
                ]
            })
        })
    });
    csv_of(header, rows)
}

/// The list that hangs on the wall: where every pupil goes in every block.
fn list(blocks: u8, schools: &[SchoolSections]) -> Vec<u8> {
    let mut header: Vec<String> =
        ["学校代码", "班号", "报名号", "姓名", "选科组合"].map(str::to_owned).to_vec();
    header.extend((1..=blocks).map(|block| format!("第{block}节段")));
    header.push("走班次数".to_owned());
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let rows = schools.iter().flat_map(|school| {
        by_pupil(school).into_iter().map(|(pupil, sections)| {
            let own = Room::Home(pupil.class_no.clone());
            let mut row = vec![
                school.school.to_string(),
                pupil.class_no.to_string(),
                pupil.id.to_string(),
                pupil.name.to_string(),
                pupil.combination.to_string(),
            ];
            row.extend((1..=blocks).map(|block| {
                let section = sections.iter().find(|s| s.block == block);
                section.map_or_else(
                    || "自习".to_owned(),
                    |s| format!("{} {}", s.name(), room(&s.room)),
                )
            }));
            row.push(sections.iter().filter(|s| s.room != own).count().to_string());
            row
        })
    });
    people_csv(&header, rows)
}
