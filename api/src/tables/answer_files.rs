//! The files of an answer in any of the forms that `place` writes them in, as rows with the columns of
//! the CSV files.
//!
//! Policy: SPEC §6. Whoever was given the workbook or the JSON can verify it like the CSV.

use std::io::ErrorKind;
use std::path::Path;

use csv::StringRecord;
use luqu_engine::domain::{Answer, ApplicantIx, ReasonKind, Season, answer_csv};
use luqu_engine::policy::Policy;

use super::cell::Raw;
use super::files;
use super::folder::Book;
use super::frames::{Sheet, SheetRecord};
use super::layout::Record as _;
use super::write::answer::{self as written, Format};
use super::write::style::Cell;
use super::write::{answer_xlsx, words};
use crate::error::Failure;

/// The file that lies beside every form.
pub(super) const CERTIFICATE: &str = "certificate.json";

/// One of the three tables of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    Placements,
    Cutoffs,
    Reasons,
}

impl Part {
    pub(super) const ALL: [Self; 3] = [Self::Placements, Self::Cutoffs, Self::Reasons];

    const fn key(self) -> &'static str {
        ["placements", "cutoffs", "reasons"][self as usize]
    }

    const fn sheet(self) -> &'static str {
        answer_xlsx::SHEETS[self as usize]
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Placements => &answer_csv::PLACEMENTS,
            Self::Cutoffs => &answer_csv::CUTOFFS,
            Self::Reasons => &answer_csv::REASONS,
        }
    }

    /// The columns of the sheet: title and the column of the files that it stands for.
    fn titles(self) -> Vec<(&'static str, &'static str)> {
        let titled = match self {
            Self::Placements => answer_xlsx::PLACEMENTS,
            Self::Cutoffs => answer_xlsx::CUTOFFS,
            Self::Reasons => answer_xlsx::REASONS,
        };
        titled.iter().map(|&(title, _, key)| (title, key)).collect()
    }
}

/// Whether a sheet of the name belongs to an answer; a long table goes on in `原因 (2)`.
pub(super) fn is_sheet(name: &str) -> bool {
    Part::ALL.iter().any(|part| is_sheet_of(name, *part))
}

fn is_sheet_of(name: &str, part: Part) -> bool {
    let more = name.strip_prefix(part.sheet());
    more.is_some_and(|more| more.is_empty() || (more.starts_with(" (") && more.ends_with(')')))
}

/// What holds the rows of a table.
enum Content {
    /// The bytes of its file.
    Bytes(Vec<u8>),
    /// Its sheets, by their place in the workbook.
    Sheets(Vec<usize>),
}

/// An answer as found in a folder.
pub(super) struct AnswerFiles {
    form: Format,
    parts: [Option<Content>; 3],
    book: Option<Book>,
    /// The bytes of `certificate.json`.
    pub(super) certificate: Option<Vec<u8>>,
    /// What is missing or cannot be read, in words; no part for the certificate.
    pub(super) missing: Vec<(Option<Part>, String)>,
}

/// Where a row stands.
#[derive(Clone, Copy)]
pub(super) struct At {
    sheet: usize,
    row: usize,
}

/// Whether the folder holds an answer of any form, whole or not.
pub fn is_answer(folder: &Path) -> bool {
    !forms(folder).is_empty()
}

fn forms(folder: &Path) -> Vec<Format> {
    let holds = |name: &str| folder.join(name).exists();
    let mut forms = Vec::new();
    for (form, ending) in [(Format::Csv, "csv"), (Format::Json, "json")] {
        if Part::ALL.iter().any(|part| holds(&format!("{}.{ending}", part.key()))) {
            forms.push(form);
        }
    }
    if holds(BOOK) {
        forms.push(Format::Xlsx);
    }
    forms
}

const BOOK: &str = "answer.xlsx";

impl AnswerFiles {
    /// Opens the answer in `folder`. A file that is missing, no regular file or too large is no failure
    /// but among `missing`.
    ///
    /// # Errors
    /// `NotFound` for a folder that does not exist; `Usage` for one with answers in two forms; what the
    /// system will not let us read.
    pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
        if !folder.is_dir() {
            return Err(Failure::NotFound(format!("{}：没有这个结果目录", folder.display())));
        }
        let form = match forms(folder)[..] {
            [] => Format::Csv,
            [form] => form,
            _ => {
                return Err(Failure::Usage(format!(
                    "{} 中有不止一种格式的结果（csv、json、xlsx）；请只留一种",
                    folder.display()
                )));
            }
        };
        let mut files = Self {
            form,
            parts: [None, None, None],
            book: None,
            certificate: None,
            missing: Vec::new(),
        };
        if form == Format::Xlsx {
            files.open_book(&folder.join(BOOK));
        } else {
            for part in Part::ALL {
                let name = files.name(part);
                let bytes = files.bytes(folder, &name, files::MOST_CSV, Some(part))?;
                files.parts[part as usize] = bytes.map(Content::Bytes);
            }
        }
        files.certificate = files.bytes(folder, CERTIFICATE, files::MOST_CERTIFICATE, None)?;
        Ok(files)
    }

    fn open_book(&mut self, path: &Path) {
        match Book::open(path) {
            Ok(book) => {
                for part in Part::ALL {
                    let sheets: Vec<usize> = (0..book.sheets.len())
                        .filter(|&at| is_sheet_of(&book.sheets[at].name, part))
                        .collect();
                    if sheets.is_empty() {
                        let words = format!("{BOOK} 缺少工作表“{}”", part.sheet());
                        self.missing.push((Some(part), words));
                    } else {
                        self.parts[part as usize] = Some(Content::Sheets(sheets));
                    }
                }
                self.book = Some(book);
            }
            Err(why) => {
                let words = format!("{BOOK}：{}", why.found);
                self.missing.extend(Part::ALL.map(|part| (Some(part), words.clone())));
            }
        }
    }

    fn bytes(
        &mut self,
        folder: &Path,
        name: &str,
        most: u64,
        part: Option<Part>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let path = folder.join(name);
        match files::read_regular(&path, most) {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.missing.push((part, format!("缺少 {name}")));
            }
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                self.missing.push((part, format!("{name}：{error}")));
            }
            Err(error) => return Err(Failure::io(&path)(error)),
        }
        Ok(None)
    }

    /// What people call the file or sheet of a part.
    pub(super) fn name(&self, part: Part) -> String {
        match self.form {
            Format::Csv => format!("{}.csv", part.key()),
            Format::Json => format!("{}.json", part.key()),
            Format::Xlsx => format!("{BOOK} › {}", part.sheet()),
        }
    }

    /// Where a row stands, in words.
    pub(super) fn place(&self, part: Part, at: At) -> String {
        let sheet = if at.sheet > 0 { format!(" ({})", at.sheet + 1) } else { String::new() };
        format!("{}{sheet} 第 {} 行", self.name(part), at.row)
    }

    /// Whether the part is there.
    pub(super) fn has(&self, part: Part) -> bool {
        self.parts[part as usize].is_some()
    }

    /// Whether the form is CSV, with the bytes that a certificate digests.
    pub(super) fn is_csv(&self) -> bool {
        self.form == Format::Csv
    }

    /// The bytes of the CSV file of the part, where this form has one.
    pub(super) fn csv(&self, part: Part) -> Option<&[u8]> {
        match &self.parts[part as usize] {
            Some(Content::Bytes(bytes)) if self.is_csv() => Some(bytes),
            _ => None,
        }
    }

    /// Gives `each` every row of the part, or the words for what is wrong with it. The cells are those of
    /// the CSV file, in its order and its words.
    pub(super) fn rows(
        &self,
        part: Part,
        policy: &Policy,
        mut each: impl FnMut(At, Result<&StringRecord, String>),
    ) {
        match &self.parts[part as usize] {
            Some(Content::Bytes(bytes)) if self.form == Format::Json => json(bytes, part, each),
            Some(Content::Bytes(bytes)) => csv(bytes, part, each),
            Some(Content::Sheets(sheets)) => {
                let Some(book) = &self.book else { return };
                for (at, sheet) in sheets.iter().enumerate() {
                    sheet_rows(book, &book.sheets[*sheet], part, policy, |row, cells| {
                        each(At { sheet: at, row }, cells);
                    });
                }
            }
            None => {}
        }
    }

    /// Where a part is written otherwise than the answer it says would be: the first place, in words.
    ///
    /// # Errors
    /// `Internal`.
    pub(super) fn misspelt(
        &self,
        part: Part,
        season: &Season,
        answer: &Answer,
    ) -> Result<Option<String>, Failure> {
        let at = match &self.parts[part as usize] {
            None => None,
            Some(Content::Bytes(bytes)) => {
                let due = match (self.form, part) {
                    (Format::Json, Part::Placements) => written::placements_json(season, answer)?,
                    (Format::Json, Part::Cutoffs) => written::cutoffs_json(season, answer)?,
                    (Format::Json, Part::Reasons) => written::reasons_json(season, answer)?,
                    (_, Part::Placements) => answer_csv::placements(season, answer),
                    (_, Part::Cutoffs) => answer_csv::cutoffs(season, answer),
                    (_, Part::Reasons) => answer_csv::reasons(season, answer),
                };
                different_line(&due, bytes).map(|row| At { sheet: 0, row })
            }
            Some(Content::Sheets(sheets)) => self.different_row(sheets, part, season, answer),
        };
        Ok(at.map(|at| format!("{}的写法与约定的格式不同", self.place(part, at))))
    }

    /// The first row of the sheets that is not what a person would be shown for the answer.
    fn different_row(
        &self,
        sheets: &[usize],
        part: Part,
        season: &Season,
        answer: &Answer,
    ) -> Option<At> {
        let book = self.book.as_ref()?;
        let mut record = SheetRecord::default();
        let mut due: Vec<Cell<'_>> = Vec::new();
        let mut next = 0;
        for (at, sheet) in sheets.iter().enumerate() {
            for row in book.sheets[*sheet].rows.iter().skip(1) {
                due.clear();
                match part {
                    Part::Placements => {
                        if let Some(outcome) = answer.outcomes.get(next) {
                            let applicant = ApplicantIx::from(next);
                            answer_xlsx::placement(season, applicant, *outcome, &mut due);
                        }
                    }
                    Part::Cutoffs => {
                        if let Some(line) = answer.lines.get(next) {
                            answer_xlsx::cutoff(season, line, &mut due);
                        }
                    }
                    Part::Reasons => {
                        if let Some(reason) = answer.reasons.get(next) {
                            answer_xlsx::why(season, reason, &mut due);
                        }
                    }
                }
                record.fill(&book.bytes, *row);
                let width = record.width().max(due.len());
                let same = (0..width).all(|column| {
                    let due = due.get(column).map(Cell::text).unwrap_or_default();
                    text(record.cell(column)) == due.trim_matches(super::cell::is_space)
                });
                if !same {
                    return Some(At { sheet: at, row: row.number as usize });
                }
                next += 1;
            }
        }
        None
    }
}

/// The number of the first line in which two texts differ.
pub(super) fn different_line(due: &[u8], given: &[u8]) -> Option<usize> {
    if due == given {
        return None;
    }
    let lines = due.split(|&b| b == b'\n').zip(given.split(|&b| b == b'\n'));
    Some(1 + lines.take_while(|(d, g)| d == g).count())
}

fn csv(bytes: &[u8], part: Part, mut each: impl FnMut(At, Result<&StringRecord, String>)) {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut cells = StringRecord::new();
    let columns = part.columns();
    let mut row = 0;
    loop {
        row += 1;
        let at = At { sheet: 0, row };
        match reader.read_record(&mut cells) {
            Ok(true) if row == 1 => {
                if !cells.iter().eq(columns.iter().copied()) {
                    return each(at, Err(format!("：表头应为 {}", columns.join(","))));
                }
            }
            Ok(true) if cells.len() == columns.len() => each(at, Ok(&cells)),
            Ok(true) => each(at, Err(wrong_width(columns.len(), cells.len()))),
            Ok(false) => {
                if row == 1 {
                    each(at, Err("：文件是空的".to_owned()));
                }
                return;
            }
            Err(_) => {
                // The reader goes on behind a row that is not UTF-8; anything else ends it.
                each(at, Err("：不是 UTF-8 文本或不成一行".to_owned()));
                if reader.is_done() {
                    return;
                }
            }
        }
    }
}

fn wrong_width(due: usize, found: usize) -> String {
    format!("：应有 {due} 列，实有 {found} 列")
}

/// One object per line, as `place` writes them; the first and the last line are brackets.
fn json(bytes: &[u8], part: Part, mut each: impl FnMut(At, Result<&StringRecord, String>)) {
    let mut cells = StringRecord::new();
    let columns = part.columns();
    let mut lines = (1..).zip(bytes.split(|&b| b == b'\n'));
    if lines.next().is_none_or(|(_, first)| first != b"[") {
        return each(At { sheet: 0, row: 1 }, Err("：应为 [，其后每行一个对象".to_owned()));
    }
    for (row, line) in lines {
        let at = At { sheet: 0, row };
        let line = line.strip_suffix(b",").unwrap_or(line);
        if line.is_empty() || line == b"]" {
            continue;
        }
        let object = match serde_json::from_slice::<serde_json::Map<_, _>>(line) {
            Ok(object) => object,
            Err(_) => {
                each(at, Err("：不是 JSON 对象".to_owned()));
                continue;
            }
        };
        cells.clear();
        for value in columns.iter().filter_map(|column| object.get(*column)) {
            match value {
                serde_json::Value::Null => cells.push_field(""),
                serde_json::Value::Bool(true) => cells.push_field("yes"),
                serde_json::Value::Bool(false) => cells.push_field("no"),
                serde_json::Value::String(text) => cells.push_field(text),
                other => cells.push_field(&other.to_string()),
            }
        }
        if cells.len() == columns.len() && object.len() == columns.len() {
            each(at, Ok(&cells));
        } else {
            each(at, Err(format!("：应有且只有 {}", columns.join("、"))));
        }
    }
}

/// The rows of a sheet, in the words of the CSV file: names of batches and categories become ids.
fn sheet_rows(
    book: &Book,
    sheet: &Sheet,
    part: Part,
    policy: &Policy,
    mut each: impl FnMut(usize, Result<&StringRecord, String>),
) {
    let titles = part.titles();
    let places: Vec<usize> = part
        .columns()
        .iter()
        .filter_map(|column| titles.iter().position(|(_, key)| key == column))
        .collect();
    let mut record = SheetRecord::default();
    let mut cells = StringRecord::new();
    let Some((head, body)) = sheet.rows.split_first() else {
        return each(1, Err("：工作表是空的".to_owned()));
    };
    record.fill(&book.bytes, *head);
    let width = titles.len();
    let right = record.width() == width
        && titles.iter().enumerate().all(|(at, (title, _))| text(record.cell(at)) == *title);
    if !right {
        let titles: Vec<&str> = titles.iter().map(|(title, _)| *title).collect();
        return each(head.number as usize, Err(format!("：表头应为 {}", titles.join("、"))));
    }
    for row in body {
        record.fill(&book.bytes, *row);
        if record.width() > width {
            each(row.number as usize, Err(wrong_width(width, record.width())));
            continue;
        }
        cells.clear();
        let mut category = String::new();
        for (column, place) in part.columns().iter().zip(&places) {
            let mut cell = text(record.cell(*place));
            match *column {
                "outcome" => cell = key_of(words::OUTCOMES, cell),
                "full" => cell = key_of(&[("yes", "是"), ("no", "否")], cell),
                "batch" => {
                    let named = policy.batches.iter().find(|b| b.name == cell);
                    cell = named.map_or(cell, |b| b.id.to_string());
                }
                "category" => {
                    let named = policy.categories.iter().find(|c| c.name == cell);
                    cell = named.map_or(cell, |c| c.id.to_string());
                    category.clone_from(&cell);
                }
                "reason" => cell = reason_key(policy, &category, cell),
                _ => {}
            }
            cells.push_field(&cell);
        }
        each(row.number as usize, Ok(&cells));
    }
}

fn key_of(list: &[(&str, &str)], word: String) -> String {
    match list.iter().find(|(_, label)| *label == word) {
        Some((key, _)) => (*key).to_owned(),
        None => word,
    }
}

/// The word of `reasons.csv` for what people are told.
fn reason_key(policy: &Policy, category: &str, told: String) -> String {
    use ReasonKind::{BelowCutoff, BelowFloor, Ineligible, NoClass, NoSeats, OutOfRegion};
    let rules = policy.category_ix(category).map(|c| &policy.category(c).eligible);
    let conditions = rules.into_iter().flatten().cloned().map(Ineligible);
    [NoClass, NoSeats, OutOfRegion, BelowFloor, BelowCutoff]
        .into_iter()
        .chain(conditions)
        .find(|kind| words::reason(kind) == told)
        .map_or(told, |kind| kind.key())
}

/// What a cell of a sheet says, whole.
fn text(raw: Raw<'_>) -> String {
    match raw {
        Raw::Text(text) | Raw::Date(text) | Raw::Error(text) => text.to_owned(),
        other => other.to_string(),
    }
}
