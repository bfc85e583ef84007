//! What an audit looks at beside the season: admissions, registry records, classes, sections – the tables
//! 录取名单, 学籍, 行政班 and 教学班 of the season's folder or workbook, or files of their own.
//!
//! A code that nothing defines is no fault here: the audit judges it. A cell that cannot be read is one.

use std::collections::BTreeMap;
use std::path::Path;

use luqu_engine::domain::{Fault, FaultCode, Moment, Season, Table, Text};
use luqu_engine::rules::{
    Attending, AuditInputs, ClassRow, RegistryRecord, RollAdmission, SectionRow,
};

use crate::error::Failure;

use super::cell::{self, Raw, Unreadable};
use super::folder::{self, Candidate};
use super::layout::{Context, Record};
use super::load::{Part, read_table};
use super::located::{Located, Source};
use super::rows::{Cell, Cells, TableRow, count};

/// Files that stand in for the tables of the season's folder.
#[derive(Clone, Copy, Debug, Default)]
pub struct Elsewhere<'a> {
    /// Instead of `admissions`; a `placements.csv` will do.
    pub admissions: Option<&'a Path>,
    /// Instead of `registry`.
    pub registry: Option<&'a Path>,
    /// Instead of `classes`.
    pub classes: Option<&'a Path>,
    /// Instead of `sections`.
    pub sections: Option<&'a Path>,
}

/// The inputs as read, with every fault found in them; where one blocks they must not be judged.
#[derive(Debug)]
pub struct LoadedInputs {
    /// The inputs; without seals.
    pub inputs: AuditInputs,
    /// The faults, warnings too, table by table.
    pub faults: Vec<Located>,
    /// Faults beyond those kept.
    pub omitted: u64,
}

impl LoadedInputs {
    /// Whether a fault blocks.
    pub fn blocked(&self) -> bool {
        self.omitted > 0 || self.faults.iter().any(Located::blocks)
    }
}

/// Reads the inputs of an audit of the season at `path`.
///
/// # Errors
/// A path that does not exist or cannot be listed, a file given that is neither CSV nor a workbook.
pub fn load_inputs(
    path: &Path,
    elsewhere: Elsewhere<'_>,
    season: &Season,
) -> Result<LoadedInputs, Failure> {
    let context = Context::of(Some(season.policy()));
    let home = folder::find(path)?;
    let mut reader =
        Reader { home: &home.candidates, context: &context, faults: Vec::new(), omitted: 0 };
    let admissions = reader.table::<Option<RollAdmission>>(elsewhere.admissions)?;
    if let Some(Part { rows, source: Some(source), .. }) = &admissions {
        reader.faults.extend(repeated(rows, source));
    }
    let inputs = AuditInputs {
        admissions: admissions.map(|t| t.rows.into_iter().filter_map(|(_, r)| r).collect()),
        registry: reader.rows(elsewhere.registry)?,
        classes: reader.rows(elsewhere.classes)?,
        sections: reader.rows(elsewhere.sections)?,
        sealed: Vec::new(),
    };
    Ok(LoadedInputs { inputs, faults: reader.faults, omitted: reader.omitted })
}

/// A dump of the registry as read.
#[derive(Debug)]
pub struct LoadedDump {
    /// The records, in the order of the file.
    pub records: Vec<RegistryRecord>,
    /// The row of the file of each.
    pub rows: Vec<u32>,
    /// The faults, warnings too.
    pub faults: Vec<Located>,
    /// Faults beyond those kept.
    pub omitted: u64,
}

impl LoadedDump {
    /// Whether a fault blocks.
    pub fn blocked(&self) -> bool {
        self.omitted > 0 || self.faults.iter().any(Located::blocks)
    }
}

/// Reads a dump of the registry: any CSV, or a workbook with the sheet 学籍.
///
/// # Errors
/// A path that does not exist, a file that is neither CSV nor a workbook, a workbook without the sheet.
pub fn load_dump(file: &Path, season: &Season) -> Result<LoadedDump, Failure> {
    let context = Context::of(Some(season.policy()));
    let mut reader = Reader { home: &[], context: &context, faults: Vec::new(), omitted: 0 };
    let table = reader.table::<RegistryRecord>(Some(file))?;
    let (rows, records) = table.into_iter().flat_map(|t| t.rows).unzip();
    Ok(LoadedDump { records, rows, faults: reader.faults, omitted: reader.omitted })
}

/// Reads tables that stand beside the season, or in files of their own.
pub(super) struct Reader<'a> {
    pub(super) home: &'a [Candidate],
    pub(super) context: &'a Context,
    pub(super) faults: Vec<Located>,
    pub(super) omitted: u64,
}

impl Reader<'_> {
    /// A table, from the file given or from the season's home; nothing where there is none.
    pub(super) fn table<T: TableRow>(
        &mut self,
        file: Option<&Path>,
    ) -> Result<Option<Part<T>>, Failure> {
        let own;
        let candidates: Vec<&Candidate> = match file {
            Some(file) => {
                let found = folder::find_in(file, T::TABLE)?;
                self.faults.extend(found.faults);
                own = found.candidates;
                own.iter().collect()
            }
            None => self.home.iter().filter(|c| c.table == T::TABLE).collect(),
        };
        if candidates.is_empty() {
            return Ok(None);
        }
        let mut part: Part<T> = read_table(T::TABLE, &candidates, None, self.context);
        self.faults.append(&mut part.faults);
        self.omitted += part.omitted;
        Ok(Some(part))
    }

    /// The rows of a table without their numbers; none where there is no table.
    fn rows<T: TableRow<Item = (u32, T)>>(
        &mut self,
        file: Option<&Path>,
    ) -> Result<Vec<T>, Failure> {
        let table = self.table::<T>(file)?;
        Ok(table.into_iter().flat_map(|t| t.rows).map(|(_, row)| row).collect())
    }
}

/// Warns about admissions written twice; the audit counts them once.
fn repeated(rows: &[(u32, Option<RollAdmission>)], source: &Source) -> Vec<Located> {
    let mut first: BTreeMap<(&Text, &Text, &Text, &Text), u32> = BTreeMap::new();
    let mut found = Vec::new();
    for (number, row) in rows {
        let Some(row) = row else { continue };
        let key = (&row.applicant, &row.school, &row.batch, &row.category);
        if let Some(earlier) = first.get(&key) {
            let fault = Fault::at(FaultCode::Unlikely, Table::Admissions, *number, "applicant_id")
                .found(&row.applicant)
                .expected(format!("每条录取只写一次；第 {earlier} 行已有这一条"))
                .help("请核对是否重复；核查时只算一条");
            found.push(source.locate(fault, None));
        } else {
            first.insert(key, *number);
        }
    }
    found
}

/// A day, or a day with a time.
fn moment(raw: Raw<'_>) -> Result<Moment, Unreadable> {
    let read = match raw {
        Raw::Text(text) | Raw::Date(text) => text.parse().ok(),
        _ => None,
    };
    read.ok_or_else(|| {
        cell::bad("日期，如 2026-07-10 或 2026/7/10，或带时刻，如 2026-07-10T09:00:00+08:00")
    })
}

/// Whether an outcome is an admission. A word that means neither would lose one in silence.
fn admitted(raw: Raw<'_>) -> Result<bool, Unreadable> {
    match cell::text(raw)?.as_str() {
        "placed" | "adjusted" | "录取" | "调剂录取" | "服从调剂" | "已录取" => {
            Ok(true)
        }
        "unplaced" | "barred" | "no_wishes" | "未录取" | "取消资格" | "未填志愿" => {
            Ok(false)
        }
        _ => Err(cell::bad("录取、调剂录取，或未录取、取消资格、未填志愿")),
    }
}

/// A row of `admissions`; nothing for a row of `placements.csv` in which nobody is admitted. Without a batch or a
/// category it is an admission all the same, for the audit to judge.
impl TableRow for Option<RollAdmission> {
    type Item = (u32, Self);

    const TABLE: Table = Table::Admissions;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let applicant = c.required("applicant_id", cell::code);
        let context = c.context;
        let school = c.optional("school_id", cell::code);
        let batch = c.optional("batch", |r| cell::code(r).map(|t| context.batch_id(t)));
        let category = c.optional("category", |r| cell::code(r).map(|t| context.category_id(t)));
        let admitted_at = c.optional("admitted_at", moment).value();
        let outcome = c.optional("outcome", admitted).value();
        if outcome == Some(false) {
            out.push((c.row, None));
            return;
        }
        if matches!(school, Cell::Blank) {
            c.blank("school_id");
        }
        let row = RollAdmission {
            applicant: applicant.unwrap_or_default(),
            school: school.value().unwrap_or_default(),
            batch: batch.value().unwrap_or_default(),
            category: category.value().unwrap_or_default(),
            admitted_at,
        };
        out.push((c.row, Some(row)));
    }
}

impl TableRow for RegistryRecord {
    type Item = (u32, Self);

    const TABLE: Table = Table::Registry;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let registry_no = c.optional("registry_no", cell::code);
        let local_no = c.optional("local_no", cell::code);
        let id_number = c.optional("id_number", cell::id_number);
        let applicant = c.optional("applicant_id", cell::code);
        let nobody = [&registry_no, &local_no, &id_number, &applicant]
            .iter()
            .all(|cell| matches!(cell, Cell::Blank | Cell::Absent));
        let school = c.required("school_id", cell::code);
        let opened_on = c.optional("opened_on", moment).value();
        let status = c.optional("status", cell::text).value();
        let attending = match c.optional("attending_school_id", cell::text) {
            Cell::Absent | Cell::Unreadable => Attending::Unknown,
            Cell::Blank => Attending::Nowhere,
            Cell::Value(text) => Attending::from_cell(&text),
        };
        if nobody {
            c.blank("registry_no");
        }
        let row = Self {
            registry_no: registry_no.value().unwrap_or_default(),
            local_no: local_no.value().unwrap_or_default(),
            id_number: id_number.value().unwrap_or_default(),
            applicant: applicant.value().unwrap_or_default(),
            school: school.unwrap_or_default(),
            opened_on,
            status: status.unwrap_or_default(),
            attending,
        };
        out.push((c.row, row));
    }
}

impl TableRow for ClassRow {
    type Item = (u32, Self);

    const TABLE: Table = Table::Classes;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let school = c.required("school_id", cell::code);
        let grade = c.required("grade", cell::text);
        let class_no = c.required("class_no", cell::text);
        let applicant = c.optional("applicant_id", cell::code);
        let size = c.optional("size", count);
        let empty = |absent: bool, blank: bool| absent || blank;
        if empty(matches!(applicant, Cell::Absent), matches!(applicant, Cell::Blank))
            && empty(matches!(size, Cell::Absent), matches!(size, Cell::Blank))
        {
            c.blank("size");
        }
        let row = Self {
            school: school.unwrap_or_default(),
            grade: grade.unwrap_or_default(),
            class_no: class_no.unwrap_or_default(),
            applicant: applicant.value().unwrap_or_default(),
            size: size.value(),
        };
        out.push((c.row, row));
    }
}

impl TableRow for SectionRow {
    type Item = (u32, Self);

    const TABLE: Table = Table::Sections;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let row = Self {
            school: c.required("school_id", cell::code).unwrap_or_default(),
            section_no: c.required("section_no", cell::text).unwrap_or_default(),
            subject: c.optional("subject", cell::text).value().unwrap_or_default(),
            size: c.required("size", count).unwrap_or_default(),
        };
        out.push((c.row, row));
    }
}
