//! The look of the workbooks: formats, columns and sheets that print well on A4.

use std::borrow::Cow;

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use crate::error::Failure;

/// The rows of a worksheet, the header included.
const MAX_ROWS: usize = 1_048_576;
/// The most characters of a cell.
const MAX_CELL: usize = 32_767;

const FONT: &str = "Microsoft YaHei";
const INK: Color = Color::RGB(0x1F_2937);
const RULE: Color = Color::RGB(0xD1_D5DB);
const HEAD: Color = Color::RGB(0xE0_EAF4);

/// What the library says of a workbook in memory is a fault of this program.
pub(crate) fn failed(error: XlsxError) -> Failure {
    Failure::Internal(format!("工作簿：{error}"))
}

/// The formats of a workbook.
pub(crate) struct Styles {
    /// Headers of tables.
    pub(crate) header: Format,
    /// Text, ids above all: never a number.
    pub(crate) text: Format,
    /// Numbers, to the right.
    pub(crate) number: Format,
    /// The title of a page of words.
    pub(crate) title: Format,
    /// The heading of a paragraph.
    pub(crate) heading: Format,
    /// Words, wrapped.
    pub(crate) words: Format,
    /// Words in a ruled line to write on.
    pub(crate) blank_line: Format,
}

/// The plain format of all others.
pub(crate) fn plain() -> Format {
    Format::new().set_font_name(FONT).set_font_size(10).set_font_color(INK)
}

impl Styles {
    pub(crate) fn new() -> Self {
        let ruled = plain().set_border_bottom(FormatBorder::Thin).set_border_color(RULE);
        Self {
            header: plain()
                .set_bold()
                .set_background_color(HEAD)
                .set_border_bottom(FormatBorder::Medium)
                .set_border_color(Color::RGB(0x5B_7FA6))
                .set_align(FormatAlign::VerticalCenter)
                .set_text_wrap(),
            text: ruled.clone().set_num_format("@"),
            number: ruled.set_align(FormatAlign::Right).set_indent(1),
            title: plain().set_bold().set_font_size(16),
            heading: plain().set_bold().set_font_size(11).set_align(FormatAlign::Top),
            words: plain().set_text_wrap().set_align(FormatAlign::Top),
            blank_line: plain().set_border_bottom(FormatBorder::Thin),
        }
    }
}

/// A column of a written table.
pub(crate) struct Column {
    /// The header.
    pub(crate) title: &'static str,
    /// The width in characters; a Chinese one counts two.
    pub(crate) width: f64,
}

/// A cell of a written table.
pub(crate) enum Cell<'a> {
    Blank,
    Text(&'a str),
    Owned(String),
    Number(f64),
}

impl Cell<'_> {
    /// What a reader of the cell finds.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Blank => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Owned(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
        }
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Cell<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<luqu_engine::domain::Score> for Cell<'_> {
    /// Hundredths up to millions print exactly from a double; nothing is decided by it.
    fn from(score: luqu_engine::domain::Score) -> Self {
        Self::Number(f64::from(score.hundredths()) / 100.0)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Blank, Into::into)
    }
}

/// Adds a sheet per million rows: header frozen and repeated on every printed page, landscape A4, one
/// page wide. `fill` turns a row into cells, one per column.
///
/// # Errors
/// `Internal`.
pub(crate) fn table<'a, R>(
    book: &mut Workbook,
    styles: &Styles,
    name: &str,
    columns: &[Column],
    rows: impl Iterator<Item = R>,
    fill: impl FnMut(R, &mut Vec<Cell<'a>>),
) -> Result<(), Failure> {
    signed_table(book, styles, name, columns, rows, fill, &[])
}

/// The same with a row to sign below the last one: each word at its column, with a line to write on behind it.
///
/// # Errors
/// `Internal`.
pub(crate) fn signed_table<'a, R>(
    book: &mut Workbook,
    styles: &Styles,
    name: &str,
    columns: &[Column],
    rows: impl Iterator<Item = R>,
    mut fill: impl FnMut(R, &mut Vec<Cell<'a>>),
    signed: &[(usize, &str)],
) -> Result<(), Failure> {
    let mut rows = rows.peekable();
    let mut cells = Vec::with_capacity(columns.len());
    for part in 1.. {
        let title = if part == 1 { name.to_owned() } else { format!("{name} ({part})") };
        let sheet = book.add_worksheet_with_constant_memory().map_err(failed)?;
        head(sheet, styles, &title, columns).map_err(failed)?;
        let mut at = 1;
        while at < MAX_ROWS
            && let Some(row) = rows.next()
        {
            cells.clear();
            fill(row, &mut cells);
            for (column, cell) in cells.iter().enumerate() {
                put(sheet, styles, at, column, cell).map_err(failed)?;
            }
            at += 1;
        }
        let last = column_number(columns.len().saturating_sub(1));
        sheet.autofilter(0, 0, row_number(at.max(2) - 1), last).map_err(failed)?;
        if rows.peek().is_none() {
            for &(column, word) in signed {
                let (row, column) = (row_number(at + 1), column_number(column));
                sheet.write_with_format(row, column, word, &styles.heading).map_err(failed)?;
                sheet.write_blank(row, column + 1, &styles.blank_line).map_err(failed)?;
            }
            break;
        }
    }
    Ok(())
}

fn head(
    sheet: &mut Worksheet,
    styles: &Styles,
    title: &str,
    columns: &[Column],
) -> Result<(), XlsxError> {
    sheet.set_name(title)?.set_freeze_panes(1, 0)?.set_repeat_rows(0, 0)?;
    page(sheet).set_landscape();
    sheet.set_row_height(0, 24)?;
    for (at, column) in columns.iter().enumerate() {
        let at = column_number(at);
        sheet.set_column_width(at, column.width)?;
        sheet.write_with_format(0, at, column.title, &styles.header)?;
    }
    Ok(())
}

/// A4, one page wide, with the sheet's name and the page number at the foot.
pub(crate) fn page(sheet: &mut Worksheet) -> &mut Worksheet {
    sheet
        .set_paper_size(9)
        .set_print_fit_to_pages(1, 0)
        .set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3)
        .set_footer("&L&A&R第 &P 页，共 &N 页")
}

fn put(
    sheet: &mut Worksheet,
    styles: &Styles,
    row: usize,
    column: usize,
    cell: &Cell<'_>,
) -> Result<(), XlsxError> {
    let (row, column) = (row_number(row), column_number(column));
    match cell {
        Cell::Blank => sheet.write_blank(row, column, &styles.text)?,
        Cell::Text(text) => {
            sheet.write_string_with_format(row, column, fitting(text), &styles.text)?
        }
        Cell::Owned(text) => {
            sheet.write_string_with_format(row, column, fitting(text), &styles.text)?
        }
        Cell::Number(number) => {
            sheet.write_number_with_format(row, column, *number, &styles.number)?
        }
    };
    Ok(())
}

/// The text as far as a cell can hold it.
pub(crate) fn fitting(text: &str) -> &str {
    if text.len() <= MAX_CELL {
        return text;
    }
    text.char_indices().nth(MAX_CELL).map_or(text, |(cut, _)| &text[..cut])
}

/// A row of a worksheet, from 0; beyond the last the library refuses it.
pub(crate) fn row_number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A column of a worksheet, from 0; beyond the last the library refuses it.
pub(crate) fn column_number(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}
