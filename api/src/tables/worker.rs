//! The parsing process: reads a workbook under limits of memory and time, and writes frames.
//!
//! A workbook is a hostile file: a compressed one of a kilobyte can ask its reader for half a terabyte.
//! So it is read in a process of its own, which may die. The process bounds its own memory and CPU time
//! before it opens the file, never builds the rectangle that a sheet claims to fill, and takes the cells
//! one by one.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use calamine::{DataRef, Reader as _, SheetVisible, Xlsx, XlsxError};
use zip::result::ZipError;

use crate::error::said;

use super::answer_files;
use super::cell::Raw;
use super::columns::table_named;
use super::frames::{
    FrameWriter, MAX_CELLS, MAX_COLUMNS, MAX_MERGED, MAX_ROWS, MAX_STREAM, Merged, Trouble,
};
use super::parts::Parts;

/// Most address space of the process, in bytes.
pub const MEMORY: u64 = 512 << 20;
/// Most CPU time of the process, and most time the parent waits, in seconds.
pub const SECONDS: u64 = 30;
/// Why reading stopped.
pub(super) enum Stop {
    Fault(Trouble, String),
    /// The parent went away.
    Pipe(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Pipe(error)
    }
}

pub(super) fn unreadable(words: impl ToString) -> Stop {
    Stop::Fault(Trouble::Unreadable, words.to_string())
}

pub(super) fn too_large(words: impl ToString) -> Stop {
    Stop::Fault(Trouble::TooLarge, words.to_string())
}

impl From<XlsxError> for Stop {
    fn from(error: XlsxError) -> Self {
        match error {
            XlsxError::Zip(error) => error.into(),
            XlsxError::Io(error) => broken_part(error),
            XlsxError::CellError(value) => unreadable(format!("有不认识的错误值 {value}")),
            XlsxError::Password => unreadable("工作簿有密码保护"),
            XlsxError::FileNotFound(part) => unreadable(format!("缺少部件 {part}")),
            other => unreadable(format!("内容不合 .xlsx 的格式（{other}）")),
        }
    }
}

impl From<ZipError> for Stop {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::Io(error) => broken_part(error),
            ZipError::InvalidPassword => unreadable("工作簿有密码保护"),
            ZipError::CompressionMethodNotSupported(_) => unreadable("压缩方式不受支持"),
            ZipError::UnsupportedArchive(what) => {
                unreadable(format!("压缩方式不受支持，或有密码保护（{what}）"))
            }
            other => unreadable(format!("压缩包不完整或已损坏（{other}）")),
        }
    }
}

pub(super) fn broken_part(error: io::Error) -> Stop {
    unreadable(format!("部件不完整或已损坏（{error}）"))
}

/// Reads the workbook and writes its frames to `to`, under the limits. Faults of the file are frames.
///
/// # Errors
/// Limits that cannot be set, and a pipe that closed.
pub fn run(path: &Path, to: impl Write) -> io::Result<()> {
    limit()?;
    let mut out = FrameWriter::new(BufWriter::with_capacity(1 << 16, to))?;
    match File::open(path)
        .map_err(|e| unreadable(said(&e)))
        .and_then(|file| workbook(file, &mut out))
    {
        Ok(()) => out.end(),
        Err(Stop::Fault(trouble, words)) => out.fault(trouble, &words),
        Err(Stop::Pipe(error)) => Err(error),
    }
}

#[cfg(unix)]
fn limit() -> io::Result<()> {
    use rlimit::{Resource, setrlimit};
    setrlimit(Resource::AS, MEMORY, MEMORY)?;
    setrlimit(Resource::CPU, SECONDS, SECONDS)?;
    setrlimit(Resource::CORE, 0, 0)
}

#[cfg(not(unix))]
fn limit() -> io::Result<()> {
    Ok(())
}

fn workbook(file: File, out: &mut FrameWriter<impl Write>) -> Result<(), Stop> {
    let parts = Parts::survey(&file)?;
    let mut reader = BufReader::new(file);
    reader.rewind().map_err(broken_part)?;
    let mut book: Xlsx<_> = Xlsx::new(reader)?;
    let mut budget = Budget { cells: MAX_CELLS, merged: MAX_MERGED, bytes: MAX_STREAM };
    let sheets: Vec<(String, SheetVisible)> =
        book.sheets_metadata().iter().map(|s| (s.name.clone(), s.visible)).collect();
    for (at, (name, visible)) in sheets.into_iter().enumerate() {
        let known = table_named(&name).is_some() || answer_files::is_sheet(&name);
        out.sheet(&name, known, visible != SheetVisible::Visible, parts.hidden_rows(at))?;
        if known {
            if parts.merges {
                merged(&mut book, &name, out, &mut budget)?;
            }
            sheet(&mut book, &name, out, &mut budget)?;
        }
    }
    Ok(())
}

struct Budget {
    cells: u64,
    merged: usize,
    bytes: u64,
}

/// Writes which cells of a sheet are merged.
fn merged<R: Read + Seek>(
    book: &mut Xlsx<R>,
    name: &str,
    out: &mut FrameWriter<impl Write>,
    budget: &mut Budget,
) -> Result<(), Stop> {
    for cells in book.merge_cells_by_sheet_name(name)? {
        let ((top, left), (bottom, right)) = (cells.start, cells.end);
        if top > bottom || left > right || bottom >= MAX_ROWS || right >= MAX_COLUMNS {
            return Err(unreadable(format!("工作表“{name}”有超出范围的合并单元格")));
        }
        budget.merged = budget
            .merged
            .checked_sub(1)
            .ok_or_else(|| too_large(format!("合并单元格超过 {MAX_MERGED} 处")))?;
        out.merged(Merged { top, left, bottom, right })?;
    }
    Ok(())
}

fn sheet<R: Read + Seek>(
    book: &mut Xlsx<R>,
    name: &str,
    out: &mut FrameWriter<impl Write>,
    budget: &mut Budget,
) -> Result<(), Stop> {
    let mut cells = book.worksheet_cells_reader(name)?;
    let mut last: Option<(u32, u32)> = None;
    while let Some(cell) = cells.next_cell_with_formula_metadata()? {
        let (row, column) = cell.pos;
        if row >= MAX_ROWS || column >= MAX_COLUMNS {
            return Err(unreadable(format!("工作表“{name}”有超出范围的单元格")));
        }
        match last {
            Some((r, c)) if r > row || (r == row && c >= column) => {
                return Err(unreadable(format!("工作表“{name}”的单元格次序混乱")));
            }
            Some((r, _)) if r < row => end_row(out, r, budget)?,
            _ => {}
        }
        last = Some((row, column));
        // A formula whose result is no text has an empty text; without any, nobody has computed it.
        if cell.formula.is_some() || cell.value != DataRef::Empty {
            write(out, column, &cell.value, budget)?;
        }
    }
    match last {
        Some((row, _)) => end_row(out, row, budget),
        None => Ok(()),
    }
}

fn end_row(out: &mut FrameWriter<impl Write>, row: u32, budget: &mut Budget) -> Result<(), Stop> {
    let bytes = out.end_row(row + 1)?;
    budget.bytes = budget.bytes.checked_sub(bytes).ok_or_else(|| too_large("文字总量超出上限"))?;
    Ok(())
}

/// Writes a cell that is not blank; one that has no value is a formula.
fn write(
    out: &mut FrameWriter<impl Write>,
    column: u32,
    value: &DataRef<'_>,
    budget: &mut Budget,
) -> Result<(), Stop> {
    budget.cells = budget
        .cells
        .checked_sub(1)
        .ok_or_else(|| too_large(format!("单元格超过 {MAX_CELLS} 个")))?;
    let done = match value {
        DataRef::Empty => out.cell(column, Raw::Formula),
        DataRef::Int(n) => out.cell(column, Raw::Number(*n as f64)),
        DataRef::Float(n) => out.cell(column, Raw::Number(*n)),
        DataRef::String(text) | DataRef::DurationIso(text) => out.cell(column, Raw::Text(text)),
        DataRef::SharedString(text) => out.cell(column, Raw::Text(text)),
        DataRef::Bool(value) => out.cell(column, Raw::Bool(*value)),
        DataRef::DateTimeIso(text) => out.cell(column, Raw::Date(text)),
        DataRef::Error(error) => out.cell(column, Raw::Error(&error.to_string())),
        // A time of no day, or none at all, as a date would be one of 1899.
        DataRef::DateTime(at) if at.is_duration() || at.as_f64() < 1.0 => {
            out.cell(column, Raw::Number(at.as_f64()))
        }
        DataRef::DateTime(at) => {
            let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
            let text = if (hour, minute, second) == (0, 0, 0) {
                format!("{year:04}-{month:02}-{day:02}")
            } else {
                format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
            };
            out.cell(column, Raw::Date(&text))
        }
    };
    done.map_err(Stop::Pipe)
}
