//! A reconciliation for people: CSV and workbook, one row for every difference, with what to do.

use luqu_engine::domain::{Season, Severity};
use luqu_engine::reconcile::{Difference, Kind, shown_number};
use luqu_engine::rules::RegistryRecord;
use rust_xlsxwriter::Workbook;
use serde::Serialize;

use super::people::people_csv;
use super::style::{Cell, Column, Styles, failed, table};
use crate::error::Failure;

/// A difference as data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
pub struct Row {
    /// What differs: `missing`, `ended`, `premature`, `unadmitted`, `double`, `elsewhere`, `split`, `ghost`, `early`,
    /// `mixed`, `number_differs`, `unidentified`, `continued`.
    pub kind: &'static str,
    /// The same in Chinese.
    pub label: &'static str,
    /// The rule of the audit, where it is a violation.
    pub code: Option<&'static str>,
    /// `error`: unlawful as it stands; `warning`: to be looked at.
    pub severity: &'static str,
    /// 学校代码
    pub school_id: String,
    /// 学校名称
    pub school: String,
    /// 报名号
    pub applicant_id: String,
    /// The registry records concerned.
    pub records: Vec<RecordRow>,
    /// What was found.
    pub found: String,
    /// What should be.
    pub allowed: String,
    /// The whole in one sentence.
    pub detail: String,
    /// What to do.
    pub remedy: &'static str,
}

/// A registry record as evidence.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
pub struct RecordRow {
    /// The row of the dump.
    pub row: u32,
    /// The registry number without its middle.
    pub registry_no: String,
    /// 学校代码
    pub school_id: String,
    /// 学籍状态 as written.
    pub status: String,
}

/// The differences as data; `rows` are the rows of the dump's records.
#[must_use]
pub fn rows(
    season: &Season,
    differences: &[Difference],
    registry: &[RegistryRecord],
    rows: &[u32],
) -> Vec<Row> {
    let record = |&at: &usize| {
        let (record, row) = (registry.get(at)?, rows.get(at)?);
        Some(RecordRow {
            row: *row,
            registry_no: shown_number(record),
            school_id: record.school.to_string(),
            status: record.status.to_string(),
        })
    };
    let name = |id: &str| {
        season.find_school(id).map(|s| season.school(s).name.to_string()).unwrap_or_default()
    };
    differences
        .iter()
        .map(|d| Row {
            kind: d.kind.key(),
            label: d.kind.label(),
            code: d.code.map(|c| c.key()),
            severity: if d.severity == Severity::Error { "error" } else { "warning" },
            school: name(&d.school),
            school_id: d.school.to_string(),
            applicant_id: d.applicant.to_string(),
            records: d.records.iter().filter_map(record).collect(),
            found: d.found.clone(),
            allowed: d.allowed.clone(),
            detail: d.detail.clone(),
            remedy: d.kind.remedy(),
        })
        .collect()
}

const TITLES: [(&str, f64); 11] = [
    ("类型", 14.0),
    ("规则", 8.0),
    ("程度", 8.0),
    ("学校代码", 12.0),
    ("学校", 24.0),
    ("报名号", 18.0),
    ("对账表行号", 12.0),
    ("学籍号", 20.0),
    ("学籍状态", 12.0),
    ("情况", 60.0),
    ("处理", 44.0),
];

fn cells(row: &Row) -> [String; 11] {
    let join =
        |of: fn(&RecordRow) -> String| row.records.iter().map(of).collect::<Vec<_>>().join("、");
    [
        row.label.to_owned(),
        row.code.unwrap_or_default().to_owned(),
        if row.severity == "error" { "违规" } else { "提醒" }.to_owned(),
        row.school_id.clone(),
        row.school.clone(),
        row.applicant_id.clone(),
        join(|r| r.row.to_string()),
        join(|r| r.registry_no.clone()),
        join(|r| r.status.clone()),
        row.detail.clone(),
        row.remedy.to_owned(),
    ]
}

/// The bytes of the CSV.
#[must_use]
pub fn csv(rows: &[Row]) -> Vec<u8> {
    people_csv(&TITLES.map(|(title, _)| title), rows.iter().map(cells))
}

/// The bytes of the workbook: how many of each kind, then every difference.
///
/// # Errors
/// `Internal`.
pub fn workbook(rows: &[Row]) -> Result<Vec<u8>, Failure> {
    let mut book = Workbook::new();
    let styles = Styles::new();
    let summary = [("类型", 16.0), ("数量", 8.0), ("处理", 60.0)];
    let columns = summary.map(|(title, width)| Column { title, width });
    table(&mut book, &styles, "汇总", &columns, Kind::ALL.into_iter(), |kind, cells| {
        let count = rows.iter().filter(|r| r.kind == kind.key()).count();
        cells.push(Cell::Text(kind.label()));
        cells.push(Cell::from(u32::try_from(count).unwrap_or(u32::MAX)));
        cells.push(Cell::Text(kind.remedy()));
    })?;
    let columns = TITLES.map(|(title, width)| Column { title, width });
    table(&mut book, &styles, "差异", &columns, rows.iter(), |row, out| {
        out.extend(cells(row).map(Cell::Owned));
    })?;
    book.save_to_buffer().map_err(failed)
}
