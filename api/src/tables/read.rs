//! Reads one table, from the text of a CSV file or the rows of a sheet, in parallel pieces.
//!
//! The pieces depend on the file alone, and their results are joined in the order of the file, so that
//! the number of threads changes nothing.

use luqu_engine::domain::{Fault, FaultCode, Text};
use rayon::prelude::*;

use super::cell::Raw;
use super::csv_text::{
    Broken, CsvRecord, Cut, MAX_RECORD, Records, TITLE_ROWS, cuts, delimiter_of,
};
use super::frames::{Sheet, SheetRecord, SheetRow};
use super::layout::{Context, Finds, Found, Layout, MOST_HEADERS, Record, crammed, letters, named};
use super::located::clipped;
use super::rows::{Cells, TableRow};

/// Most faults of one table that are kept, here and in the check; the others are counted.
pub(super) const MAX_FAULTS: usize = 200_000;
/// The size of a piece of text, in bytes.
pub(super) const PIECE: usize = 1 << 19;
/// The size of a piece of a sheet, in rows.
const PIECE_ROWS: usize = 4_096;

/// How many pieces are read before their rows join the others: enough for every core, few enough that
/// the memory of one lot serves the next.
pub(super) fn lot() -> usize {
    2 * rayon::current_num_threads()
}

/// A table as read.
pub(super) struct TableRead<T: TableRow> {
    pub(super) rows: Vec<T::Item>,
    /// The English keys of the columns found.
    pub(super) columns: Vec<Text>,
    pub(super) finds: Finds,
    /// The columns found, by English key, with their place in the file from 0.
    pub(super) places: Vec<(Text, u32)>,
    /// The row of the header.
    pub(super) header_row: u32,
}

impl Record for CsvRecord<'_> {
    fn width(&self) -> usize {
        self.len()
    }

    #[inline]
    fn cell(&self, at: usize) -> Raw<'_> {
        self.field(at).map_or(Raw::Blank, Raw::of_text)
    }
}

/// Reads the text of a CSV file.
pub(super) fn from_csv<T: TableRow>(text: &str, context: &Context) -> TableRead<T> {
    let (mut reading, rest, line) = match Reading::<T>::begin(text, context) {
        Ok(begun) => begun,
        Err(nothing_below) => return nothing_below,
    };
    let whole = rest.contains('"');
    let cut = if whole {
        vec![Cut { range: 0..rest.len(), line, lines: 0 }]
    } else {
        cuts(rest.as_bytes(), line, PIECE).0
    };
    for some in cut.chunks(lot()) {
        reading.lot(some, |reading, cut| {
            let mut piece = reading.piece(rest.get(cut.range.clone()).unwrap_or(""), cut);
            if let Some(broken) = piece.broken {
                piece.finds.push(broken_fault::<T>(broken).into());
            }
            Some(piece)
        });
    }
    reading.done()
}

/// Reads the rows of a sheet.
pub(super) fn from_sheet<T: TableRow>(
    sheet: &Sheet,
    bytes: &[u8],
    context: &Context,
) -> TableRead<T> {
    let mut finds = Finds::at_most(MAX_FAULTS);
    let mut record = SheetRecord::default();
    let mut body = sheet.rows.as_slice();
    let mut header_row = 1;
    while let Some((row, rest)) = body.split_first() {
        record.fill(bytes, *row);
        header_row = row.number;
        body = rest;
        if !record.is_blank() {
            break;
        }
    }
    if record.is_blank() {
        return empty(true, context);
    }
    if named(T::TABLE, &record, context) < 2 {
        let first = (header_row, record.cell(0).to_string());
        let mut next = SheetRecord::default();
        for (at, row) in body.iter().enumerate().take(TITLE_ROWS) {
            next.fill(bytes, *row);
            if is_header::<T>(&next, context) {
                finds.push(title_rows::<T>(first, row.number));
                (header_row, body, record) = (row.number, &body[at + 1..], next);
                break;
            }
        }
    }
    if record.filled_to() > MOST_HEADERS {
        return too_wide(&record, header_row, true, context, finds);
    }
    if let Some(mark) = crammed(T::TABLE, &record, context) {
        return one_column(&record, header_row, mark, true, context, finds);
    }
    let layout = Layout::read(T::TABLE, &record, header_row, true, context, &mut finds);
    merged_cells::<T>(sheet, header_row, &layout.places(context), &mut finds);
    let mut reading = Reading::<T>::new(context, layout, header_row, finds);
    let pieces: Vec<&[SheetRow]> = body.chunks(PIECE_ROWS).collect();
    for some in pieces.chunks(lot()) {
        reading.lot(some, |reading, rows| {
            let mut piece = reading.empty(rows.len());
            let mut record = SheetRecord::default();
            for row in *rows {
                record.fill(bytes, *row);
                reading.row(&record, row.number, &mut piece);
            }
            Some(piece)
        });
    }
    let mut read = reading.done();
    // Those that a merge hides are told with it.
    read.finds.list.retain(|found| {
        let missing = found.fault.code == FaultCode::MissingValue;
        !(missing && sheet.merged.iter().any(|m| m.hides(found.fault.row, found.at)))
    });
    read
}

/// Reports merged cells that hide a cell of a row and a column that are read: all but the first are blank, and a
/// blank may mean something.
fn merged_cells<T: TableRow>(
    sheet: &Sheet,
    header_row: u32,
    places: &[(Text, u32)],
    finds: &mut Finds,
) {
    let last_row = sheet.rows.last().map_or(0, |row| row.number);
    for cells in &sheet.merged {
        let (top, bottom) = (cells.top + 1, cells.bottom + 1);
        if bottom <= header_row || top > last_row {
            continue;
        }
        let hides =
            |at: u32| (cells.left..=cells.right).contains(&at) && (top < bottom || at > cells.left);
        let Some((key, at)) = places.iter().filter(|(_, at)| hides(*at)).min_by_key(|p| p.1) else {
            continue;
        };
        let corner = |column: u32, row: u32| format!("{}{row}", letters(column as usize));
        let fault = Fault::at(FaultCode::MergedCells, T::TABLE, top, key.as_str())
            .found(format!("{}:{}", corner(cells.left, top), corner(cells.right, bottom)))
            .expected("每个单元格各填各的值；合并后只有第一格有值，其余都是空白")
            .help("请取消合并，并在每一格填写");
        finds.push(Found { fault, at: Some(*at) });
    }
}

/// Whether a row below the first is the header after all.
fn is_header<T: TableRow>(record: &impl Record, context: &Context) -> bool {
    named(T::TABLE, record, context) > 1 || crammed(T::TABLE, record, context).is_some()
}

/// Titles above the header, which block; what stands below the header is read all the same, so that
/// every other fault is told with them.
fn title_rows<T: TableRow>((first, title): (u32, String), header: u32) -> Found {
    let mut fault = Fault::of_table(
        FaultCode::HeaderNotFirst,
        T::TABLE,
        format!("第一行就是表头；现在第 {header} 行才是"),
    )
    .found(clipped(&title))
    .help("请删去表头上面的标题和说明行");
    fault.row = Some(first);
    Found { fault, at: Some(0) }
}

/// A table of which nothing is there, not even a header.
fn empty<T: TableRow>(sheet: bool, context: &Context) -> TableRead<T> {
    let label = T::TABLE.label();
    let (what, help) = if sheet {
        ("工作表", format!("请填入“{label}”的表头和数据"))
    } else {
        ("文件", format!("请重新导出“{label}”；导出可能没有写完"))
    };
    let fault = Fault::of_table(
        FaultCode::EmptyTable,
        T::TABLE,
        format!("有表头和数据；现在{what}里什么也没有"),
    );
    let mut finds = Finds::at_most(1);
    finds.push(fault.help(help).into());
    nothing(&CsvRecord::default(), 1, sheet, context, finds)
}

/// A table below whose header nothing can be read.
fn nothing<T: TableRow>(
    record: &impl Record,
    header: u32,
    sheet: bool,
    context: &Context,
    finds: Finds,
) -> TableRead<T> {
    let mut ignored = Finds::at_most(0);
    let layout = Layout::read(T::TABLE, record, header, sheet, context, &mut ignored);
    Reading::<T>::new(context, layout, header, finds).done()
}

/// A table of which all columns stand in one: nothing below its header can be read.
fn one_column<T: TableRow>(
    record: &impl Record,
    header: u32,
    mark: char,
    sheet: bool,
    context: &Context,
    mut finds: Finds,
) -> TableRead<T> {
    let mark = if mark == '\t' { "制表符".to_owned() } else { format!("“{mark}”") };
    let help = if sheet {
        "请在 Excel 中选中该列，用“数据 → 分列”把各列分开"
    } else {
        "请另存为“CSV UTF-8（逗号分隔）”，列之间用半角逗号"
    };
    let mut fault =
        Fault::of_table(FaultCode::OneColumn, T::TABLE, format!("各列分开；现在各列之间是{mark}"))
            .found(clipped(&record.cell(0).to_string()))
            .help(help);
    fault.row = Some(header);
    finds.push(Found { fault, at: Some(0) });
    nothing(record, header, sheet, context, finds)
}

/// A table of more columns than any has: its header is none.
fn too_wide<T: TableRow>(
    record: &impl Record,
    header: u32,
    sheet: bool,
    context: &Context,
    mut finds: Finds,
) -> TableRead<T> {
    let expected = format!("不超过 {MOST_HEADERS} 列；现在有 {} 列", record.filled_to());
    let mut fault = Fault::of_table(FaultCode::FileTooLarge, T::TABLE, expected)
        .help("请按模板的列名整理表头；行与列可能弄反了");
    fault.row = Some(header);
    finds.push(fault.into());
    nothing(&CsvRecord::default(), header, sheet, context, finds)
}

/// A table of which the header was read, and some rows.
pub(super) struct Reading<'c, T: TableRow> {
    context: &'c Context,
    layout: Layout,
    /// The row of the header, or where it should be.
    header_row: u32,
    /// Whether the first row is the header, beyond doubt.
    pub(super) headed: bool,
    /// Of text.
    delimiter: u8,
    rows: Vec<T::Item>,
    finds: Finds,
}

/// What was read of a piece.
pub(super) struct Piece<T: TableRow> {
    rows: Vec<T::Item>,
    finds: Finds,
    /// The record at which reading of the piece ended before its end.
    pub(super) broken: Option<Broken>,
}

impl<'c, T: TableRow> Reading<'c, T> {
    const fn new(context: &'c Context, layout: Layout, header_row: u32, finds: Finds) -> Self {
        let (headed, delimiter) = (true, b',');
        Self { context, layout, header_row, headed, delimiter, rows: Vec::new(), finds }
    }

    /// Reads the header of text; gives the text after it and the number of its first line.
    ///
    /// # Errors
    /// The table as read, where no row below the header can be.
    pub(super) fn begin<'t>(
        text: &'t str,
        context: &'c Context,
    ) -> Result<(Self, &'t str, u32), TableRead<T>> {
        let delimiter = delimiter_of(text);
        let mut records = Records::new(text, 1, delimiter);
        let mut record = CsvRecord::default();
        let mut finds = Finds::at_most(MAX_FAULTS);
        loop {
            match records.next_into(&mut record) {
                Ok(true) if record.is_blank() => {}
                Ok(true) => break,
                Ok(false) => return Err(empty(false, context)),
                Err(broken) => {
                    finds.push(broken_fault::<T>(broken).into());
                    break;
                }
            }
        }
        let headed = named(T::TABLE, &record, context) > 1;
        if !headed {
            let first = (record.line, record.cell(0).to_string());
            let (mut ahead, mut next) = (records.clone(), CsvRecord::default());
            for _ in 0..TITLE_ROWS {
                if !matches!(ahead.next_into(&mut next), Ok(true)) {
                    break;
                }
                if is_header::<T>(&next, context) {
                    finds.push(title_rows::<T>(first, next.line));
                    (records, record) = (ahead, next);
                    break;
                }
            }
        }
        let row = record.line.max(1);
        if record.filled_to() > MOST_HEADERS {
            return Err(too_wide(&record, row, false, context, finds));
        }
        if let Some(mark) = crammed(T::TABLE, &record, context) {
            return Err(one_column(&record, row, mark, false, context, finds));
        }
        let layout = Layout::read(T::TABLE, &record, row, false, context, &mut finds);
        let (rest, line) = records.rest();
        Ok((Self { headed, delimiter, ..Self::new(context, layout, row, finds) }, rest, line))
    }

    /// Reads some pieces in parallel and adds them in their order; nothing where one cannot be read.
    pub(super) fn lot<P: Sync>(
        &mut self,
        pieces: &[P],
        read: impl Fn(&Self, &P) -> Option<Piece<T>> + Sync,
    ) -> Option<()> {
        let this = &*self;
        let read: Option<Vec<Piece<T>>> = pieces.par_iter().map(|p| read(this, p)).collect();
        for mut piece in read? {
            self.rows.append(&mut piece.rows);
            self.finds.append(piece.finds);
        }
        Some(())
    }

    /// Makes room for all rows of a file of `whole` bytes, of which `read` were read. Where there is none, the rows
    /// find theirs as they come.
    pub(super) fn expect(&mut self, read: u64, whole: u64) {
        let more =
            (self.rows.len() as u64).saturating_mul(whole.saturating_sub(read)) / read.max(1);
        let _ = usize::try_from(more).map(|more| self.rows.try_reserve(more + more / 64));
    }

    /// Reads a piece of text.
    pub(super) fn piece(&self, text: &str, cut: &Cut) -> Piece<T> {
        // Lines of less than this have no cells to speak of.
        const SHORTEST: usize = 16;
        let mut piece = self.empty((text.len() / SHORTEST).min(cut.lines as usize));
        let mut records = Records::new(text, cut.line, self.delimiter);
        let mut record = CsvRecord::default();
        loop {
            match records.next_into(&mut record) {
                Ok(false) => return piece,
                Ok(true) => self.row(&record, record.line, &mut piece),
                Err(broken) => {
                    piece.broken = Some(broken);
                    return piece;
                }
            }
        }
    }

    fn empty(&self, lines: usize) -> Piece<T> {
        Piece { rows: T::room(lines), finds: Finds::at_most(self.finds.room()), broken: None }
    }

    fn row<R: Record>(&self, record: &R, row: u32, piece: &mut Piece<T>) {
        if record.is_blank() {
            return;
        }
        let Piece { rows, finds, .. } = piece;
        let layout = &self.layout;
        if record.width() > layout.width() {
            let filled = record.filled_to();
            if filled > layout.width() {
                let at = filled - 1;
                let fault = Fault::at(FaultCode::RaggedRow, T::TABLE, row, letters(at))
                    .found(record.cell(at))
                    .expected(format!("表头有 {} 列，本行却有 {filled} 列", layout.width()))
                    .help("请核对本行是否错位（例如值中含有逗号）");
                finds.push(Found { fault, at: u32::try_from(at).ok() });
            }
        }
        let context = self.context;
        T::read(&mut Cells { record, row, layout, context, found: finds, next: 0 }, rows);
    }

    pub(super) fn done(self) -> TableRead<T> {
        let places = self.layout.places(self.context);
        TableRead {
            rows: self.rows,
            columns: places.iter().map(|(key, _)| key.clone()).collect(),
            finds: self.finds,
            places,
            header_row: self.header_row,
        }
    }
}

fn broken_fault<T: TableRow>(broken: Broken) -> Fault {
    let (line, expected, help) = match broken {
        Broken::OpenQuote { line } => {
            (line, "成对的引号".to_owned(), "从本行开始的引号没有结束，请补上或删去")
        }
        Broken::TooLong { line } => (
            line,
            format!("一行不超过 {} KB", MAX_RECORD >> 10),
            "请核对本行的引号和换行；其后的内容没有读取",
        ),
    };
    let mut fault = Fault::of_table(FaultCode::UnreadableFile, T::TABLE, expected).help(help);
    fault.row = Some(line);
    fault
}
