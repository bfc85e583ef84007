//! `quota.xlsx`: a distribution for people – the split 招生计划 and 指标分配 as the season wants them, then the
//! reason for every cell and total, and the draw.

use luqu_engine::domain::{Season, Table};
use luqu_engine::quota::{Distribution, files};
use rust_xlsxwriter::Workbook;

use super::style::{Cell, Column, Styles, failed, table};
use crate::error::Failure;
use crate::tables::columns::columns;

/// What the columns of the explaining files are called; the keys of the tables have labels of their own.
const TITLES: [(&str, &str); 11] = [
    ("school_id", "学校代码"),
    ("batch", "批次"),
    ("junior_id", "毕业学校代码"),
    ("ideal", "理想值"),
    ("floor", "下整"),
    ("ideal_exact", "理想值（分数）"),
    ("eligible", "有资格人数"),
    ("tilt", "倾斜先得"),
    ("draw", "签号"),
    ("seat", "第几席"),
    ("hash", "随机号"),
];

/// The bytes of the workbook. Ids are text; seats and counts are numbers.
///
/// # Errors
/// `Internal`.
pub fn workbook(season: &Season, distribution: &Distribution) -> Result<Vec<u8>, Failure> {
    let mut book = Workbook::new();
    let styles = Styles::new();
    let names = Names { season, table: None };
    let own = |table| Names { season, table: Some(table) };
    for (sheet, names, csv) in [
        ("招生计划", own(Table::Plan), files::plan(season, distribution)),
        ("指标分配", own(Table::Quotas), files::quotas(season, distribution)),
        ("分配说明", names, files::report(season, distribution)),
        ("初中合计", names, files::juniors(season, distribution)),
        ("抽签", names, files::draws(season, distribution)),
    ] {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&*csv);
        let internal = |e: csv::Error| Failure::Internal(e.to_string());
        let rows = reader.records().collect::<Result<Vec<_>, _>>().map_err(internal)?;
        let Some((head, body)) = rows.split_first() else { continue };
        if body.is_empty() && sheet == "抽签" {
            continue;
        }
        let keys: Vec<&str> = head.iter().collect();
        let columns: Vec<Column> = keys.iter().flat_map(|key| names.columns(key)).collect();
        table(&mut book, &styles, sheet, &columns, body.iter(), |row, cells| {
            for (key, cell) in keys.iter().zip(row) {
                names.cells(key, cell, cells);
            }
        })?;
    }
    book.save_to_buffer().map_err(failed)
}

/// Titles and names for ids. A sheet that is a table of the season has the template's columns and no others;
/// one for reading has the name of every school beside its id.
#[derive(Clone, Copy)]
struct Names<'s> {
    season: &'s Season,
    table: Option<Table>,
}

impl Names<'_> {
    fn columns(&self, key: &str) -> Vec<Column> {
        let own = self.table.and_then(|t| columns(t).iter().find(|c| c.key == key));
        let title = match own {
            Some(column) => column.label,
            None if key == "seats" => "名额",
            None if key == "reason" => "说明",
            None => TITLES.iter().find(|(k, _)| *k == key).map_or("", |(_, title)| title),
        };
        let width = match key {
            "reason" => 60.0,
            "document" | "batch" | "region_scope" | "ideal_exact" | "hash" => 20.0,
            _ => 14.0,
        };
        let mut list = vec![Column { title, width }];
        match (self.table, key) {
            (None, "school_id") => list.push(Column { title: "招生学校", width: 24.0 }),
            (None, "junior_id") => list.push(Column { title: "毕业学校", width: 24.0 }),
            _ => {}
        }
        list
    }

    fn cells<'a>(&self, key: &str, cell: &'a str, cells: &mut Vec<Cell<'a>>)
    where
        Self: 'a,
    {
        let number = !matches!(key, "school_id" | "junior_id" | "batch" | "category" | "hash")
            && !matches!(key, "reason" | "document" | "region_scope" | "ideal_exact");
        match cell.parse::<f64>() {
            Ok(value) if number => cells.push(Cell::Number(value)),
            _ if cell.is_empty() => cells.push(Cell::Blank),
            _ => cells.push(Cell::Text(cell)),
        }
        if self.table.is_none() && matches!(key, "school_id" | "junior_id") {
            let school = self.season.schools().iter().find(|s| s.id == cell);
            cells.push(Cell::Owned(school.map(|s| s.name.to_string()).unwrap_or_default()));
        }
    }
}
