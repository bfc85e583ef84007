//! Faults with the place in the file where a person finds them: `考生!E501`, `applicants.csv:501:id_number`.

use luqu_engine::domain::{Fault, FaultCode, Severity, Table, Text};
use serde::Serialize;
use serde::ser::SerializeStruct as _;

use super::layout::letters;

/// A fault and its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Located {
    /// The fault.
    pub fault: Fault,
    /// The name of the file, or of the folder where a file is missing.
    pub file: String,
    /// The sheet, in a workbook.
    pub sheet: Option<String>,
    /// The column of the file, from 0, where the fault has one.
    pub at: Option<u32>,
    /// The address of the cell, as people write it.
    pub cell: String,
}

impl Located {
    /// A fault in a file as a whole, or in a file of which only the line is known.
    pub fn in_file(fault: Fault, file: impl Into<String>) -> Self {
        let file = file.into();
        let cell = match fault.row {
            Some(row) => format!("{file}:{row}"),
            None => file.clone(),
        };
        Self { fault, file, sheet: None, at: None, cell }
    }

    /// A fault of a sheet of a workbook, or of a file that is none.
    pub(super) fn in_sheet(fault: Fault, file: String, sheet: Option<&str>) -> Self {
        let mut located = Self::in_file(fault, file);
        if let Some(sheet) = sheet {
            located.sheet = Some(sheet.to_owned());
            located.cell = sheet.to_owned();
        }
        located
    }

    /// Tells the fault of a file by the name that it was given elsewhere.
    pub fn rename(&mut self, from: &str, to: &str) {
        if self.file == from {
            to.clone_into(&mut self.file);
            if let Some(rest) = self.cell.strip_prefix(from) {
                self.cell = format!("{to}{rest}");
            }
        }
    }

    /// Whether the fault blocks.
    pub fn blocks(&self) -> bool {
        self.fault.severity == Severity::Error
    }

    /// The place in one line: `2026考生.xlsx › 考生!E501`, `applicants.csv:501:id_number`; a header that is
    /// an identity number loses its middle.
    pub fn place(&self) -> String {
        if self.cell.starts_with(&self.file) {
            masked(&self.cell)
        } else {
            masked(&format!("{} › {}", self.file, self.cell))
        }
    }

    /// The fault in a few words.
    pub fn title(&self) -> &'static str {
        match (self.fault.code, self.fault.column.as_deref()) {
            // Other numbers than those of identity are codes too.
            (FaultCode::StoredAsNumber, Some(column)) if column != "id_number" => {
                "号码被存成了数字，末几位可能已丢失"
            }
            (code, _) => code.title(),
        }
    }

    /// What was found, without the middle of identity numbers.
    pub fn found(&self) -> String {
        masked(&self.fault.found)
    }
}

/// Where a table was read from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The table.
    pub table: Table,
    /// The file.
    pub path: std::path::PathBuf,
    /// The sheet, in a workbook.
    pub sheet: Option<String>,
    /// The row of the header.
    pub header_row: u32,
    /// The columns found, by English key, with their place in the file from 0.
    pub places: Vec<(Text, u32)>,
}

impl Source {
    /// The name of the file.
    pub fn file_name(&self) -> String {
        name_of(&self.path)
    }

    /// Puts a fault in its place; `at` is the column of the file where its key does not say it.
    pub fn locate(&self, mut fault: Fault, at: Option<u32>) -> Located {
        tell_full_width(&mut fault);
        let known = |key: &String| self.places.iter().find(|(k, _)| k == key).map(|(_, at)| *at);
        let at = at.or_else(|| fault.column.as_ref().and_then(known));
        let file = self.file_name();
        let row = fault.row.or(fault.column.as_ref().map(|_| self.header_row));
        let cell = match &self.sheet {
            Some(sheet) => match (row, at) {
                (Some(row), Some(at)) => format!("{sheet}!{}{row}", letters(at as usize)),
                (Some(row), None) => format!("{sheet}!{row}:{row}"),
                (None, _) => sheet.clone(),
            },
            None => match (row, &fault.column) {
                (Some(row), Some(column)) => format!("{file}:{row}:{column}"),
                (Some(row), None) => format!("{file}:{row}"),
                (None, _) => file.clone(),
            },
        };
        Located { fault, file, sheet: self.sheet.clone(), at, cell }
    }
}

/// Says so where a value was refused that has full-width digits or letters, which look like plain ones.
fn tell_full_width(fault: &mut Fault) {
    let alike = |c: char| matches!(c, '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '．' | '－' | '＋');
    let of_a_value = matches!(
        fault.code,
        FaultCode::BadIdNumber | FaultCode::BadValue | FaultCode::BadCode | FaultCode::UnknownCode
    );
    if of_a_value && fault.found.contains(alike) {
        fault.help = format!("其中有全角字符，请改为半角；{}", fault.help);
    }
}

/// The last part of a path, for people.
pub(super) fn name_of(path: &std::path::Path) -> String {
    path.file_name()
        .map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

impl Serialize for Located {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let f = &self.fault;
        let mut object = to.serialize_struct("Located", 11)?;
        object.serialize_field("code", &f.code)?;
        object.serialize_field("severity", &f.severity)?;
        object.serialize_field("title", self.title())?;
        object.serialize_field("file", &self.file)?;
        object.serialize_field("table", &f.table)?;
        object.serialize_field("row", &f.row)?;
        object.serialize_field("column", &f.column.as_deref().map(masked))?;
        object.serialize_field("cell", &masked(&self.cell))?;
        object.serialize_field("found", &self.found())?;
        object.serialize_field("expected", &masked(&f.expected))?;
        object.serialize_field("help", &f.help)?;
        object.end()
    }
}

/// The text with U+FFFD for what would act on a terminal instead of being seen: control characters and
/// marks of writing direction.
fn visible(text: &str) -> String {
    text.chars().map(|c| if super::cell::is_hidden(c) { '\u{fffd}' } else { c }).collect()
}

/// The beginning of a text that nobody would read to its end.
pub(crate) fn clipped(text: &str) -> String {
    match text.char_indices().nth(160) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

/// The beginning of an argument, as messages may repeat it: [`masked`], without what cannot be seen.
pub fn echoed(text: &str) -> String {
    let mut seen = text.chars().filter(|&c| !super::cell::is_hidden(c));
    // Masked before it is cut: a number must not lose its mask with its end.
    let text = masked(&seen.by_ref().take(MOST_MASKED).collect::<String>());
    match text.char_indices().nth(MOST_ECHOED) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// The characters of an argument that a message repeats.
const MOST_ECHOED: usize = 64;

/// The characters of an argument that are looked at: more than are repeated, and a number behind them.
const MOST_MASKED: usize = 256;

/// The text without the middle eight digits of every run of fifteen digits or more, full-width ones too:
/// identity and registry numbers are personal data, and their ends are enough to recognise them by.
/// Characters that cannot be seen are replaced.
pub fn masked(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    let digit = |c: char| c.is_ascii_digit() || matches!(c, '０'..='９');
    while let Some(start) = rest.find(digit) {
        let (before, run) = rest.split_at(start);
        let (digits, after) = run.split_at(run.find(|c| !digit(c)).unwrap_or(run.len()));
        out.push_str(before);
        // Where the digit at a place begins, if there are so many.
        let place = |at: usize| digits.char_indices().nth(at).map(|(byte, _)| byte);
        match (place(6), place(14)) {
            (Some(middle), Some(end)) => {
                out.push_str(&digits[..middle]);
                out.push_str("********");
                out.push_str(&digits[end..]);
            }
            _ => out.push_str(digits),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_numbers_lose_their_middle() {
        assert_eq!(masked("11010519491231002X"), "110105********002X");
        assert_eq!(masked("学籍 G110105194912310021。"), "学籍 G110105********0021。");
        assert_eq!(masked("20260001 与 612.5"), "20260001 与 612.5");
        assert_eq!(masked("110105491231002"), "110105********2");
        assert_eq!(
            masked("号５００２２２２０１００９０１０００１。"),
            "号５００２２２********０００１。"
        );
        assert_eq!(masked("\u{1b}[2J\u{202e}a"), "\u{fffd}[2J\u{fffd}a");
    }

    #[test]
    fn an_argument_is_repeated_short_and_harmless() {
        assert_eq!(echoed("\u{1b}[2J\u{202e}2601"), "[2J2601");
        assert_eq!(echoed("110105\u{200b}19491231002X"), "110105********002X");
        assert_eq!(echoed(&"长".repeat(65)), format!("{}…", "长".repeat(64)));
        assert_eq!(echoed(&"长".repeat(64)), "长".repeat(64));
    }

    #[test]
    fn a_header_that_is_an_identity_number_is_masked_in_the_place() {
        let source = Source {
            table: Table::Wishes,
            path: "in/wishes.csv".into(),
            sheet: None,
            header_row: 1,
            places: Vec::new(),
        };
        let header = "110105194912310021";
        let fault = Fault::at(FaultCode::UnknownColumn, Table::Wishes, 1, header);
        let located = source.locate(fault, Some(4));
        assert_eq!(located.place(), "wishes.csv:1:110105********0021");
        let json = serde_json::to_string(&located).expect("JSON");
        assert!(!json.contains(header), "{json}");
    }

    #[test]
    fn places_are_those_people_use() {
        let mut source = Source {
            table: Table::Applicants,
            path: "in/2026考生.xlsx".into(),
            sheet: Some("考生".into()),
            header_row: 1,
            places: vec![("id_number".into(), 4)],
        };
        let fault = Fault::at(FaultCode::StoredAsNumber, Table::Applicants, 501, "id_number");
        assert_eq!(source.locate(fault.clone(), None).place(), "2026考生.xlsx › 考生!E501");
        let missing = Fault::at(FaultCode::MissingColumn, Table::Applicants, 1, "total");
        assert_eq!(source.locate(missing, None).cell, "考生!1:1");
        let number = |column| Fault::at(FaultCode::StoredAsNumber, Table::Applicants, 2, column);
        let title = |column| source.locate(number(column), None).title();
        assert!(title("id_number").starts_with("证件号码"));
        assert!(title("applicant_id").starts_with("号码"));
        source.sheet = None;
        source.path = "in/applicants.csv".into();
        assert_eq!(source.locate(fault, None).place(), "applicants.csv:501:id_number");
    }
}
