//! What the parsing process tells its parent: frames of a compact form, little endian, on a pipe.
//!
//! `MAGIC`, then frames of a tag and its content: `S` known, hidden, hidden rows, name — a sheet begins; `M` top, left,
//! bottom, right — cells of the sheet that are merged, rows and columns from 0; `R` row, count, cells — a row
//! of the sheet; `F` kind, words — the file is at fault, and nothing follows; `Z` — the end. A stream without
//! `Z` or `F` at its end was cut off. The parent trusts no length and no order in it.

use std::io::{self, Write};

use super::cell::Raw;
use super::layout::Record;

pub(super) const MAGIC: &[u8; 4] = b"LQ1\n";
/// The rows of a worksheet.
pub(super) const MAX_ROWS: u32 = 1_048_576;
/// The columns of a worksheet.
pub(super) const MAX_COLUMNS: u32 = 16_384;
/// The cells of all tables of a workbook: twice a season of a million wishes.
pub(super) const MAX_CELLS: u64 = 16_000_000;
/// The merged cells of all tables of a workbook.
pub(super) const MAX_MERGED: usize = 1 << 16;
/// The bytes of the whole stream.
pub(super) const MAX_STREAM: u64 = 512 << 20;

/// Why a workbook is at fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    Unreadable,
    TooLarge,
}

/// Writes frames.
pub(super) struct FrameWriter<W> {
    to: W,
    row: Vec<u8>,
    count: u32,
}

impl<W: Write> FrameWriter<W> {
    pub(super) fn new(mut to: W) -> io::Result<Self> {
        to.write_all(MAGIC)?;
        Ok(Self { to, row: Vec::new(), count: 0 })
    }

    pub(super) fn sheet(
        &mut self,
        name: &str,
        known: bool,
        hidden: bool,
        hidden_rows: u32,
    ) -> io::Result<()> {
        self.to.write_all(&[b'S', u8::from(known), u8::from(hidden)])?;
        self.to.write_all(&hidden_rows.to_le_bytes())?;
        write_text(&mut self.to, name)
    }

    /// Says that cells are merged, before the rows of their sheet.
    pub(super) fn merged(&mut self, cells: Merged) -> io::Result<()> {
        self.to.write_all(b"M")?;
        for number in [cells.top, cells.left, cells.bottom, cells.right] {
            self.to.write_all(&number.to_le_bytes())?;
        }
        Ok(())
    }

    /// Adds a cell to the row at hand. Blank cells are not written.
    pub(super) fn cell(&mut self, column: u32, raw: Raw<'_>) -> io::Result<()> {
        let (tag, text) = match raw {
            Raw::Blank => return Ok(()),
            Raw::Text(text) => (b't', text),
            Raw::Date(text) => (b'd', text),
            Raw::Error(text) => (b'e', text),
            Raw::Number(_) => (b'n', ""),
            Raw::Bool(true) => (b'1', ""),
            Raw::Bool(false) => (b'0', ""),
            Raw::Formula => (b'f', ""),
        };
        self.count += 1;
        self.row.extend_from_slice(&column.to_le_bytes());
        self.row.push(tag);
        match raw {
            Raw::Number(n) => self.row.extend_from_slice(&n.to_le_bytes()),
            Raw::Bool(_) | Raw::Formula => {}
            _ => write_text(&mut self.row, text)?,
        }
        Ok(())
    }

    /// Ends the row at hand; gives the bytes it took. A row without cells is not written.
    pub(super) fn end_row(&mut self, row: u32) -> io::Result<u64> {
        if self.count == 0 {
            return Ok(0);
        }
        self.to.write_all(b"R")?;
        self.to.write_all(&row.to_le_bytes())?;
        self.to.write_all(&self.count.to_le_bytes())?;
        self.to.write_all(&self.row)?;
        let bytes = self.row.len() as u64 + 9;
        self.row.clear();
        self.count = 0;
        Ok(bytes)
    }

    pub(super) fn fault(&mut self, trouble: Trouble, words: &str) -> io::Result<()> {
        self.to.write_all(match trouble {
            Trouble::Unreadable => b"Fu",
            Trouble::TooLarge => b"Fl",
        })?;
        write_text(&mut self.to, words)?;
        self.to.flush()
    }

    pub(super) fn end(&mut self) -> io::Result<()> {
        self.to.write_all(b"Z")?;
        self.to.flush()
    }
}

fn write_text(to: &mut impl Write, text: &str) -> io::Result<()> {
    let length = u32::try_from(text.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(text.as_bytes())
}

/// A sheet as received: its name and, for a known table, its rows.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) known: bool,
    /// Whether its workbook hides it from people.
    pub(super) hidden: bool,
    /// How many rows with cells are hidden.
    pub(super) hidden_rows: u32,
    pub(super) merged: Vec<Merged>,
    /// In ascending order.
    pub(super) rows: Vec<SheetRow>,
}

/// Cells that people see as one; rows and columns from 0, the last ones included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Merged {
    pub(super) top: u32,
    pub(super) left: u32,
    pub(super) bottom: u32,
    pub(super) right: u32,
}

impl Merged {
    /// Whether a cell – its row from 1, its column from 0 – is one of those that are blank by the merge.
    pub(super) fn hides(&self, row: Option<u32>, column: Option<u32>) -> bool {
        let (Some(row), Some(column)) = (row.and_then(|r| r.checked_sub(1)), column) else {
            return false;
        };
        (self.top..=self.bottom).contains(&row)
            && (self.left..=self.right).contains(&column)
            && (row, column) != (self.top, self.left)
    }
}

/// A row, and where its cells are in the stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct SheetRow {
    /// From 1.
    pub(super) number: u32,
    start: u32,
    end: u32,
}

/// What a stream says.
#[derive(Debug)]
pub(super) enum Stream {
    Sheets(Vec<Sheet>),
    Fault(Trouble, String),
    /// Cut off or not in the form.
    Broken,
}

/// Reads a whole stream.
pub(super) fn read(bytes: &[u8]) -> Stream {
    let mut cursor = Cursor { rest: bytes };
    let mut sheets: Vec<Sheet> = Vec::new();
    let at = |rest: &[u8]| u32::try_from(bytes.len() - rest.len()).ok();
    if cursor.take(MAGIC.len()) != Some(MAGIC) {
        return Stream::Broken;
    }
    loop {
        match cursor.byte() {
            Some(b'Z') if cursor.rest.is_empty() => return Stream::Sheets(sheets),
            Some(b'F') => {
                let trouble = match cursor.byte() {
                    Some(b'u') => Trouble::Unreadable,
                    Some(b'l') => Trouble::TooLarge,
                    _ => return Stream::Broken,
                };
                return match cursor.text() {
                    Some(words) => Stream::Fault(trouble, words.to_owned()),
                    None => Stream::Broken,
                };
            }
            Some(b'S') => {
                let (Some(known), Some(hidden), Some(hidden_rows), Some(name)) =
                    (cursor.byte(), cursor.byte(), cursor.number(), cursor.text())
                else {
                    return Stream::Broken;
                };
                let (known, hidden) = (known == 1, hidden == 1);
                let (merged, rows) = (Vec::new(), Vec::new());
                let name = name.to_owned();
                sheets.push(Sheet { name, known, hidden, hidden_rows, merged, rows });
            }
            Some(b'M') => match (sheets.last_mut(), cursor.merged()) {
                (Some(sheet), Some(merged)) if sheet.merged.len() < MAX_MERGED => {
                    sheet.merged.push(merged);
                }
                _ => return Stream::Broken,
            },
            Some(b'R') => {
                let row = sheets.last_mut().and_then(|sheet| {
                    let (number, cells) = cursor.row()?;
                    let (start, end) = (at(cells)?, at(cursor.rest)?);
                    let ascending = sheet.rows.last().is_none_or(|last| last.number < number);
                    ascending.then(|| sheet.rows.push(SheetRow { number, start, end }))
                });
                if row.is_none() {
                    return Stream::Broken;
                }
            }
            _ => return Stream::Broken,
        }
    }
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(front)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    fn number(&mut self) -> Option<u32> {
        let bytes: [u8; 4] = self.take(4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes))
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    fn merged(&mut self) -> Option<Merged> {
        let (top, left) = (self.number()?, self.number()?);
        let (bottom, right) = (self.number()?, self.number()?);
        let inside = bottom < MAX_ROWS && right < MAX_COLUMNS && top <= bottom && left <= right;
        inside.then_some(Merged { top, left, bottom, right })
    }

    /// Passes over a row; gives its number and the stream from its first cell on.
    fn row(&mut self) -> Option<(u32, &'a [u8])> {
        let number = self.number().filter(|n| (1..=MAX_ROWS).contains(n))?;
        let count = self.number().filter(|n| *n <= MAX_COLUMNS)?;
        let start = self.rest;
        let mut last = None;
        for _ in 0..count {
            let (column, _) = self.cell()?;
            if last.is_some_and(|l| l >= column) {
                return None;
            }
            last = Some(column);
        }
        Some((number, start))
    }

    fn cell(&mut self) -> Option<(u32, Raw<'a>)> {
        let column = self.number().filter(|c| *c < MAX_COLUMNS)?;
        let raw = match self.byte()? {
            b't' => Raw::of_text(self.text()?),
            b'd' => Raw::Date(self.text()?),
            b'e' => Raw::Error(self.text()?),
            b'n' => Raw::Number(f64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            b'1' => Raw::Bool(true),
            b'0' => Raw::Bool(false),
            b'f' => Raw::Formula,
            _ => return None,
        };
        Some((column, raw))
    }
}

/// A row of a sheet: the cells that are not blank, by column.
#[derive(Default)]
pub(super) struct SheetRecord<'a> {
    cells: Vec<(u32, Raw<'a>)>,
}

impl<'a> SheetRecord<'a> {
    /// Takes the cells of a row of the stream `bytes`.
    pub(super) fn fill(&mut self, bytes: &'a [u8], row: SheetRow) {
        self.cells.clear();
        let rest = bytes.get(row.start as usize..row.end as usize).unwrap_or(&[]);
        let mut cursor = Cursor { rest };
        while let Some((column, raw)) = cursor.cell() {
            if raw != Raw::Blank {
                self.cells.push((column, raw));
            }
        }
    }
}

impl Record for SheetRecord<'_> {
    fn width(&self) -> usize {
        self.cells.last().map_or(0, |(column, _)| *column as usize + 1)
    }

    fn cell(&self, at: usize) -> Raw<'_> {
        // Rows without gaps have every cell at its own place.
        if let Some((column, raw)) = self.cells.get(at)
            && *column as usize == at
        {
            return *raw;
        }
        let found = self.cells.binary_search_by(|(column, _)| (*column as usize).cmp(&at));
        found.ok().and_then(|i| self.cells.get(i)).map_or(Raw::Blank, |(_, raw)| *raw)
    }

    fn is_blank(&self) -> bool {
        self.cells.is_empty()
    }

    fn filled_to(&self) -> usize {
        self.width()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MERGED: Merged = Merged { top: 1, left: 0, bottom: 4, right: 0 };

    fn sample() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = FrameWriter::new(&mut bytes).expect("memory");
        writer.sheet("考生", true, true, 3).expect("memory");
        writer.merged(MERGED).expect("memory");
        writer.cell(0, Raw::Text("报名号")).expect("memory");
        writer.cell(7, Raw::Number(612.5)).expect("memory");
        writer.end_row(1).expect("memory");
        writer.end_row(2).expect("memory");
        writer.cell(3, Raw::Bool(true)).expect("memory");
        writer.cell(4, Raw::Formula).expect("memory");
        writer.end_row(9).expect("memory");
        writer.end().expect("memory");
        bytes
    }

    #[test]
    fn rows_come_back_as_sent() {
        let bytes = sample();
        let Stream::Sheets(sheets) = read(&bytes) else { panic!("a whole stream") };
        assert_eq!((sheets.len(), sheets[0].known, sheets[0].hidden), (1, true, true));
        assert_eq!((sheets[0].name.as_str(), sheets[0].hidden_rows), ("考生", 3));
        assert_eq!(sheets[0].merged, [MERGED]);
        assert_eq!(sheets[0].rows.iter().map(|r| r.number).collect::<Vec<_>>(), [1, 9]);
        let mut record = SheetRecord::default();
        record.fill(&bytes, sheets[0].rows[0]);
        assert_eq!(record.cell(0), Raw::Text("报名号"));
        assert_eq!(record.cell(7), Raw::Number(612.5));
        assert_eq!((record.cell(1), record.cell(8), record.width()), (Raw::Blank, Raw::Blank, 8));
        record.fill(&bytes, sheets[0].rows[1]);
        assert_eq!((record.cell(3), record.cell(4)), (Raw::Bool(true), Raw::Formula));
    }

    proptest! {
        #[test]
        fn prop_a_cut_or_changed_stream_is_never_a_panic(
            cut in 0usize..80, at in 0usize..80, byte in any::<u8>(),
        ) {
            let mut bytes = sample();
            prop_assert!(matches!(read(&bytes[..cut.min(bytes.len() - 1)]), Stream::Broken));
            let place = at % bytes.len();
            bytes[place] = byte;
            if let Stream::Sheets(sheets) = read(&bytes) {
                let mut record = SheetRecord::default();
                for row in sheets.iter().flat_map(|s| &s.rows) {
                    record.fill(&bytes, *row);
                    let _ = record.cell(3);
                }
            }
        }
    }
}
