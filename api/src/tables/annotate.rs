//! The clerk's own tables back as a workbook: every cell as read, faulty ones red with a note, warnings
//! amber, and in front a list of all faults with links to the cells and back. Where the policy could be read
//! it has what the template has: 说明, 代码表, lists to choose from, notes on the headers.

use std::collections::BTreeMap;
use std::path::Path;

use luqu_engine::domain::Table;
use rust_xlsxwriter::{Color, Format, Note, Url, Workbook, Worksheet, XlsxError};

use super::cell::Raw;
use super::columns::BACK_LINK;
use super::csv_file;
use super::csv_text::{CsvRecord, Records, delimiter_of};
use super::folder::{self, Candidate, Content};
use super::frames::SheetRecord;
use super::layout::{Record, letters};
use super::load::Loaded;
use super::located::{Located, Source, masked, name_of};
use super::template::{SchoolIds, Template};
use super::write::style::{Styles, column_number, failed, fitting, page, plain, row_number};
use crate::error::Failure;

/// The name of the list of faults.
const LIST: &str = "错误清单";
/// The row of the list's header, from 0; the faults follow.
const LIST_HEAD: u32 = 2;
/// The most notes of a sheet: spreadsheets draw each as a shape and grow slow. Colours have no bound.
const MAX_NOTES: usize = 5_000;
/// The most links of a sheet that Excel opens.
const MAX_LINKS: usize = 65_000;
/// The rows looked at for the widths of columns.
const WIDTH_ROWS: usize = 100;

/// What is wrong at one cell.
struct Mark {
    blocks: bool,
    words: String,
    /// Its place in the list, from 0.
    first: usize,
}

/// The marks of a sheet, by row from 1 and column from 0. A fault of a whole row stands in its first cell.
type Marks = BTreeMap<u32, BTreeMap<u32, Mark>>;

/// Where a fault stands: the file and the sheet.
type Place = (String, Option<String>);

/// Makes the workbook for the season at `path`, whose faults are `loaded`'s. Sheets that are no tables of a
/// season are not in it.
///
/// # Errors
/// `Io` when the season cannot be listed any more; `Internal`.
pub fn workbook(path: &Path, loaded: &Loaded) -> Result<Vec<u8>, Failure> {
    let inputs = folder::find(path)?;
    let mut marks: BTreeMap<Place, Marks> = BTreeMap::new();
    for (at, located) in loaded.faults.iter().enumerate() {
        if let Some(row) = row_of(located) {
            let place = (located.file.clone(), located.sheet.clone());
            mark(marks.entry(place).or_default(), row, at, located);
        }
    }
    let names = names(&inputs.candidates);
    let mut book = Workbook::new();
    let styles = Styles::new();
    let colours = Colours::new();
    list(&mut book, &styles, &colours, loaded, &names).map_err(failed)?;
    let source_of = |candidate: &Candidate| {
        loaded.sources.iter().find(|s| {
            s.table == candidate.table && s.path == candidate.path && s.sheet == candidate.sheet
        })
    };
    let schools = inputs.candidates.iter().zip(&names).find_map(|(candidate, name)| {
        let source = source_of(candidate).filter(|s| s.table == Table::Schools)?;
        let (_, column) = source.places.iter().find(|(key, _)| key == "school_id")?;
        let (column, header_row) = (*column, source.header_row);
        Some(SchoolIds { sheet: name.clone(), column, header_row })
    });
    let schools = schools.unwrap_or_default();
    let template = loaded.policy.as_ref().map(|p| Template::of(p, &styles, &schools));
    if let Some(template) = &template {
        template.words(&mut book, &styles).map_err(failed)?;
    }
    let none = Marks::new();
    for (candidate, name) in inputs.candidates.iter().zip(&names) {
        let place = place_of(candidate);
        let sheet = book.add_worksheet_with_constant_memory().map_err(failed)?;
        sheet.set_name(name).map_err(failed)?;
        let source = source_of(candidate);
        let mut writer = SheetWriter {
            sheet,
            colours: &colours,
            marks: marks.get(&place).unwrap_or(&none),
            header_row: source.map_or(1, |s| s.header_row),
            heads: BTreeMap::new(),
            notes: 0,
        };
        let dress = template.as_ref().zip(source);
        writer.candidate(candidate, dress).map_err(failed)?;
    }
    if let Some(template) = &template {
        template.codes(&mut book, &styles).map_err(failed)?;
    }
    book.save_to_buffer().map_err(failed)
}

fn place_of(candidate: &Candidate) -> Place {
    (name_of(&candidate.path), candidate.sheet.clone())
}

/// A name for the sheet of every candidate, in their order: its own, or the table's, made different where
/// two are the same.
fn names(candidates: &[Candidate]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for candidate in candidates {
        let wanted = candidate.sheet.clone().unwrap_or_else(|| candidate.table.label().to_owned());
        let taken = |name: &str| names.iter().any(|n| n.to_lowercase() == name.to_lowercase());
        let name = (1..)
            .map(|n| if n == 1 { wanted.clone() } else { format!("{wanted} ({n})") })
            .find(|name| !taken(name));
        names.push(name.unwrap_or(wanted));
    }
    names
}

/// The row of a fault in its file, from 1.
fn row_of(located: &Located) -> Option<u32> {
    located.fault.row.filter(|&row| row > 0).or_else(|| located.at.map(|_| 1))
}

fn mark(marks: &mut Marks, row: u32, at: usize, located: &Located) {
    let f = &located.fault;
    let mut words = format!("{} {}", f.code, located.title());
    for (title, more) in [("应为", masked(&f.expected)), ("怎样改", f.help.clone())] {
        if !more.is_empty() {
            words.push_str(&format!("\n{title}：{more}"));
        }
    }
    let cells = marks.entry(row).or_default();
    match cells.get_mut(&located.at.unwrap_or(0)) {
        Some(mark) => {
            mark.blocks |= located.blocks();
            mark.words.push_str("\n\n");
            mark.words.push_str(&words);
        }
        None => {
            let mark = Mark { blocks: located.blocks(), words, first: at };
            cells.insert(located.at.unwrap_or(0), mark);
        }
    }
}

/// The formats of marked cells.
struct Colours {
    plain: Format,
    text: Format,
    error: Format,
    error_text: Format,
    warning: Format,
    warning_text: Format,
    link: Format,
    header: Format,
}

impl Colours {
    fn new() -> Self {
        let error = plain()
            .set_background_color(Color::RGB(0xF9_C7C7))
            .set_font_color(Color::RGB(0x8A_0F0F))
            .set_bold();
        let warning = plain()
            .set_background_color(Color::RGB(0xFD_E9B8))
            .set_font_color(Color::RGB(0x6B_4A00));
        Self {
            plain: plain(),
            text: plain().set_num_format("@"),
            error_text: error.clone().set_num_format("@"),
            error,
            warning_text: warning.clone().set_num_format("@"),
            warning,
            link: plain()
                .set_font_color(Color::RGB(0x1D_4F91))
                .set_underline(rust_xlsxwriter::FormatUnderline::Single),
            header: plain()
                .set_bold()
                .set_background_color(Color::RGB(0xE0_EAF4))
                .set_num_format("@"),
        }
    }

    fn of(&self, mark: Option<&Mark>, header: bool, text: bool) -> &Format {
        match (mark.map(|m| m.blocks), header, text) {
            (Some(true), _, true) => &self.error_text,
            (Some(true), _, false) => &self.error,
            (Some(false), _, true) => &self.warning_text,
            (Some(false), _, false) => &self.warning,
            (None, true, _) => &self.header,
            (None, false, true) => &self.text,
            (None, false, false) => &self.plain,
        }
    }
}

/// Columns of the list: title and width.
const LIST_COLUMNS: [(&str, f64); 9] = [
    ("序号", 7.0),
    ("级别", 8.0),
    ("代码", 8.0),
    ("位置", 28.0),
    ("问题", 30.0),
    ("值", 24.0),
    ("应为", 36.0),
    ("怎样改", 42.0),
    ("文件", 24.0),
];

fn list(
    book: &mut Workbook,
    styles: &Styles,
    colours: &Colours,
    loaded: &Loaded,
    sheets: &[String],
) -> Result<(), XlsxError> {
    let sheet = book.add_worksheet_with_constant_memory()?;
    page(sheet.set_name(LIST)?).set_landscape();
    sheet.set_freeze_panes(LIST_HEAD + 1, 0)?.set_repeat_rows(LIST_HEAD, LIST_HEAD)?;
    for (at, (_, width)) in LIST_COLUMNS.iter().enumerate() {
        sheet.set_column_width(column_number(at), *width)?;
    }
    sheet.set_row_height(0, 26)?;
    sheet.write_with_format(0, 0, summary(loaded), &styles.title)?;
    let advice =
        "点“位置”跳到出错的单元格；红色必须改，黄色请核对。改好后保存，再运行 luqu check。";
    sheet.write_with_format(1, 0, advice, &plain())?;
    for (at, (title, _)) in LIST_COLUMNS.iter().enumerate() {
        sheet.write_with_format(LIST_HEAD, column_number(at), *title, &styles.header)?;
    }
    let wrapped =
        plain().set_text_wrap().set_align(rust_xlsxwriter::FormatAlign::Top).set_num_format("@");
    let top = plain().set_align(rust_xlsxwriter::FormatAlign::Top);
    let (red, amber) = (top.clone().set_bold().set_font_color(Color::RGB(0xB0_1414)), top.clone());
    for (at, located) in loaded.faults.iter().enumerate() {
        let f = &located.fault;
        let row = LIST_HEAD + 1 + row_number(at);
        sheet.set_row_height(row, 15 * lines(&f.expected, 36).max(lines(&f.help, 42)))?;
        sheet.write_number_with_format(row, 0, row_number(at + 1), &top)?;
        let (word, format) = if located.blocks() { ("错误", &red) } else { ("提醒", &amber) };
        sheet.write_string_with_format(row, 1, word, format)?;
        sheet.write_string_with_format(row, 2, f.code.code(), &top)?;
        match target(located, sheets).filter(|_| at < MAX_LINKS) {
            Some(target) => {
                let url = Url::new(target).set_text(masked(&located.cell));
                sheet.write_url_with_format(row, 3, url, &colours.link)?;
            }
            None => {
                sheet.write_string_with_format(row, 3, masked(&located.cell), &wrapped)?;
            }
        }
        sheet.write_string_with_format(row, 4, located.title(), &wrapped)?;
        sheet.write_string_with_format(row, 5, fitting(&located.found()), &wrapped)?;
        sheet.write_string_with_format(row, 6, fitting(&masked(&f.expected)), &wrapped)?;
        sheet.write_string_with_format(row, 7, fitting(&f.help), &wrapped)?;
        sheet.write_string_with_format(row, 8, fitting(&located.file), &wrapped)?;
    }
    Ok(())
}

/// The lines that a text takes in a column so many characters wide, a Chinese one counting two.
fn lines(text: &str, width: u32) -> u32 {
    let wide: u32 = text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    (wide / width + 1).min(20)
}

fn summary(loaded: &Loaded) -> String {
    let more = match loaded.omitted + loaded.omitted_warnings {
        0 => String::new(),
        n => format!("（其中 {n} 处未列出）"),
    };
    match (loaded.errors(), loaded.warnings()) {
        (0, 0) => "没有错误".to_owned(),
        (errors, warnings) => format!("{errors} 处错误，{warnings} 处提醒{more}"),
    }
}

/// The link to the place of a fault, where its sheet is in the workbook.
fn target(located: &Located, sheets: &[String]) -> Option<String> {
    let wanted = located.sheet.as_deref().unwrap_or_else(|| located.fault.table.label());
    let sheet = sheets.iter().find(|s| *s == wanted)?;
    let column = letters(located.at.unwrap_or(0) as usize);
    let row = row_of(located).unwrap_or(1);
    Some(format!("internal:'{}'!{column}{row}", sheet.replace('\'', "''")))
}

/// Writes the rows of one sheet from top to bottom.
struct SheetWriter<'a> {
    sheet: &'a mut Worksheet,
    colours: &'a Colours,
    marks: &'a Marks,
    header_row: u32,
    /// The look and the note of each header that the template knows.
    heads: BTreeMap<u32, (&'a Format, String)>,
    notes: usize,
}

impl<'a> SheetWriter<'a> {
    /// Writes the table as it was read, in the dress of the template where there is one.
    fn candidate(
        &mut self,
        candidate: &Candidate,
        dress: Option<(&'a Template<'_>, &Source)>,
    ) -> Result<(), XlsxError> {
        self.sheet.set_freeze_panes(self.header_row, 0)?;
        self.sheet.set_repeat_rows(self.header_row - 1, self.header_row - 1)?;
        page(self.sheet).set_landscape();
        match &candidate.content {
            Content::Rows(book, at) => {
                let Some(sheet) = book.sheets.get(*at) else { return Ok(()) };
                let mut widths = Widths::default();
                let mut record = SheetRecord::default();
                for row in sheet.rows.iter().take(WIDTH_ROWS) {
                    record.fill(&book.bytes, *row);
                    widths.look(&record);
                }
                widths.set(self.sheet)?;
                self.dress(dress)?;
                for row in &sheet.rows {
                    record.fill(&book.bytes, *row);
                    self.row(row.number, &record)?;
                }
            }
            Content::Csv => {
                // What cannot be read as text is in the list, and its sheet stays empty.
                let Ok(text) = csv_file::text(&candidate.path) else { return Ok(()) };
                let delimiter = delimiter_of(&text);
                let mut widths = Widths::default();
                let mut records = Records::new(&text, 1, delimiter);
                let mut record = CsvRecord::default();
                for _ in 0..WIDTH_ROWS {
                    if !matches!(records.next_into(&mut record), Ok(true)) {
                        break;
                    }
                    widths.look(&record);
                }
                widths.set(self.sheet)?;
                self.dress(dress)?;
                let mut records = Records::new(&text, 1, delimiter);
                while let Ok(true) = records.next_into(&mut record) {
                    self.row(record.line, &record)?;
                }
            }
        }
        Ok(())
    }

    fn dress(&mut self, dress: Option<(&'a Template<'_>, &Source)>) -> Result<(), XlsxError> {
        if let Some((template, source)) = dress {
            let (table, places) = (source.table, &source.places);
            self.heads = template.dress(self.sheet, table, places, self.header_row)?;
        }
        Ok(())
    }

    fn row(&mut self, row: u32, record: &impl Record) -> Result<(), XlsxError> {
        let marks = self.marks.get(&row);
        let header = row == self.header_row;
        let marked_to = marks.and_then(|m| m.keys().next_back()).map_or(0, |last| last + 1);
        let width = row_number(record.width());
        for column in 0..width.max(marked_to) {
            let mark = marks.and_then(|m| m.get(&column));
            self.cell(
                row - 1,
                column_number(column as usize),
                record.cell(column as usize),
                mark,
                header,
            )?;
        }
        if header && !self.marks.is_empty() {
            let column = column_number(record.width().max(marked_to as usize));
            let url = Url::new(format!("internal:'{LIST}'!A1")).set_text(BACK_LINK);
            self.sheet.write_url_with_format(row - 1, column, url, &self.colours.link)?;
            self.sheet.set_column_width(column, 14)?;
        }
        Ok(())
    }

    fn cell(
        &mut self,
        row: u32,
        column: u16,
        raw: Raw<'_>,
        mark: Option<&Mark>,
        header: bool,
    ) -> Result<(), XlsxError> {
        let text = matches!(raw, Raw::Text(_) | Raw::Date(_) | Raw::Error(_));
        let head = if header { self.heads.get(&u32::from(column)) } else { None };
        let format = match (mark, head) {
            (None, Some((look, _))) => *look,
            _ => self.colours.of(mark, header, text),
        };
        match raw {
            Raw::Blank if mark.is_none() => {}
            Raw::Blank => {
                self.sheet.write_blank(row, column, format)?;
            }
            Raw::Text(text) | Raw::Date(text) | Raw::Error(text) => {
                self.sheet.write_string_with_format(row, column, fitting(text), format)?;
            }
            Raw::Number(number) => {
                self.sheet.write_number_with_format(row, column, number, format)?;
            }
            Raw::Bool(value) => {
                self.sheet.write_boolean_with_format(row, column, value, format)?;
            }
            // Its text is not known here; left blank it would pass for no value at all.
            Raw::Formula => {
                self.sheet.write_string_with_format(row, column, "#N/A", format)?;
            }
        }
        if let Some(mark) = mark
            && self.notes < MAX_NOTES
        {
            self.notes += 1;
            let words = format!("{}\n\n（{LIST}第 {} 号）", mark.words, mark.first + 1);
            self.sheet.insert_note(row, column, &note(&words))?;
        } else if let (None, Some((_, words))) = (mark, head) {
            self.sheet.insert_note(row, column, &note(words))?;
        }
        Ok(())
    }
}

/// A note wide enough for its words.
pub(super) fn note(words: &str) -> Note {
    let lines: usize = words.lines().map(|l| l.chars().count() / 20 + 1).sum();
    let height = u32::try_from(lines * 18 + 16).unwrap_or(400).min(400);
    Note::new(words)
        .add_author_prefix(false)
        .set_author("luqu")
        .set_width(290)
        .set_height(height)
        .set_font_name("Microsoft YaHei")
        .set_font_size(9)
}

/// The widths of the columns, from the first rows.
#[derive(Default)]
struct Widths(Vec<usize>);

impl Widths {
    fn look(&mut self, record: &impl Record) {
        for at in 0..record.width() {
            let wide = match record.cell(at) {
                Raw::Blank => 0,
                raw => raw.to_string().chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum(),
            };
            match self.0.get_mut(at) {
                Some(width) => *width = wide.max(*width),
                None => self.0.push(wide),
            }
        }
    }

    fn set(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        for (at, &width) in self.0.iter().enumerate() {
            let width = u32::try_from(width).unwrap_or(40).clamp(6, 40) + 2;
            sheet.set_column_width(column_number(at), width)?;
        }
        Ok(())
    }
}
