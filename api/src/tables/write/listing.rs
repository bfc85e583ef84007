//! Lists of the API as files for people: one table, its columns by key, as CSV or as a workbook.

use luqu_engine::domain::Moment;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};
use serde_json::Value;

use super::people::people_csv;
use super::style::{Cell, Column, Styles, failed, table};
use super::words::{Words, told};
use crate::error::Failure;

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Text; ids above all.
    Text,
    /// Numbers, and scores written as text.
    Number,
    /// Microseconds of UTC, written as a time of UTC.
    Time,
    /// `true` and `false`, written as 是 and 否.
    Flag,
    /// Words of the API, written as people call them.
    Word(Words),
}

/// A column of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listed {
    /// The key of the value in a row.
    pub key: &'static str,
    /// The header.
    pub title: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// A column of text.
#[must_use]
pub const fn text(key: &'static str, title: &'static str) -> Listed {
    Listed { key, title, kind: Kind::Text }
}

/// A column of numbers.
#[must_use]
pub const fn number(key: &'static str, title: &'static str) -> Listed {
    Listed { key, title, kind: Kind::Number }
}

/// A column of times.
#[must_use]
pub const fn time(key: &'static str, title: &'static str) -> Listed {
    Listed { key, title, kind: Kind::Time }
}

/// A column of yes and no.
#[must_use]
pub const fn flag(key: &'static str, title: &'static str) -> Listed {
    Listed { key, title, kind: Kind::Flag }
}

/// A column of words that people call otherwise.
#[must_use]
pub const fn word(key: &'static str, title: &'static str, words: Words) -> Listed {
    Listed { key, title, kind: Kind::Word(words) }
}

impl Listed {
    /// What a cell of the column says; blank for nothing.
    fn said(&self, row: &Value) -> String {
        match (&row[self.key], self.kind) {
            (Value::Null, _) => String::new(),
            (Value::Bool(yes), _) => if *yes { "是" } else { "否" }.to_owned(),
            (Value::Number(n), Kind::Time) => n.as_i64().map_or_else(String::new, |micros| {
                Moment::from_unix_seconds(micros.div_euclid(1_000_000)).to_string()
            }),
            (Value::String(text), _) => self.told(text).to_owned(),
            (Value::Array(all), _) => {
                let word = |v: &Value| {
                    v.as_str().map_or_else(|| v.to_string(), |t| self.told(t).to_owned())
                };
                all.iter().map(word).collect::<Vec<_>>().join("；")
            }
            (other, _) => other.to_string(),
        }
    }

    fn told<'a>(&self, text: &'a str) -> &'a str {
        match self.kind {
            Kind::Word(words) => told(words, text),
            _ => text,
        }
    }

    fn cell(&self, row: &Value) -> Cell<'static> {
        let said = self.said(row);
        if said.is_empty() {
            return Cell::Blank;
        }
        match self.kind {
            // Figures to be read and added up; nothing is decided by them.
            Kind::Number => said.parse().map_or(Cell::Owned(said), Cell::Number),
            Kind::Text | Kind::Time | Kind::Flag | Kind::Word(_) => Cell::Owned(said),
        }
    }

    fn width(&self) -> f64 {
        match self.kind {
            Kind::Text | Kind::Word(_) => 20.0,
            Kind::Time => 24.0,
            Kind::Number | Kind::Flag => 10.0,
        }
    }
}

/// The list as CSV that spreadsheets read.
#[must_use]
pub fn csv(columns: &[Listed], rows: &[Value]) -> Vec<u8> {
    let header: Vec<&str> = columns.iter().map(|c| c.title).collect();
    people_csv(&header, rows.iter().map(|row| columns.iter().map(|c| c.said(row))))
}

/// The list as a workbook of one sheet. The same list gives the same bytes.
///
/// # Errors
/// `Internal`.
pub fn xlsx(sheet: &str, columns: &[Listed], rows: &[Value]) -> Result<Vec<u8>, Failure> {
    let mut book = Workbook::new();
    let made = ExcelDateTime::from_ymd(2000, 1, 1).map_err(failed)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let widths: Vec<Column> =
        columns.iter().map(|c| Column { title: c.title, width: c.width() }).collect();
    table(&mut book, &Styles::new(), sheet, &widths, rows.iter(), |row, cells| {
        cells.extend(columns.iter().map(|c| c.cell(row)));
    })?;
    book.save_to_buffer().map_err(failed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COLUMNS: [Listed; 5] = [
        text("id", "号"),
        number("total", "总分"),
        time("at", "时间"),
        flag("on", "有效"),
        word("states", "状态", &[("open", "开放")]),
    ];

    #[test]
    fn a_list_is_text_where_ids_are_and_never_a_formula() {
        let rows = [
            json!({"id": "500222201001010000", "total": "612.5", "at": 0, "on": true, "states": ["open", "x"]}),
            json!({"id": "=cmd|calc!A1", "total": null, "at": null, "on": false}),
        ];
        let said = String::from_utf8(csv(&COLUMNS, &rows)).expect("UTF-8");
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[0], "\u{feff}号,总分,时间,有效,状态");
        assert!(lines[1].starts_with("\"500222201001010000\t\",612.5,1970-01-01T"), "{said}");
        assert!(lines[1].ends_with("是,开放；x"), "{said}");
        assert!(lines[2].starts_with("'=cmd|calc!A1,,,否"), "{said}");
        let book = xlsx("表", &COLUMNS, &rows).expect("a workbook");
        assert_eq!(book, xlsx("表", &COLUMNS, &rows).expect("the same"));
    }
}
