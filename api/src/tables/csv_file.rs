//! Reads a table from a CSV file, block by block where its text allows it.

use std::fs::File;
use std::io::{self, Read as _, Take};
use std::path::Path;

use luqu_engine::domain::FaultCode;

use super::csv_text::cuts;
use super::layout::Context;
use super::read::{PIECE, Reading, TableRead, from_csv, lot};
use super::rows::TableRow;
use super::workbook::FileFault;
use super::{encoding, files};

/// The largest CSV file, in bytes.
const MAX_CSV: u64 = 2 << 30;

/// Reads a table from the CSV file at `path`.
///
/// # Errors
/// A file that cannot be read, or not as text.
pub(super) fn read<T: TableRow>(path: &Path, context: &Context) -> Result<TableRead<T>, FileFault> {
    match in_blocks(path, context) {
        Some(read) => Ok(read),
        None => Ok(from_csv(&text(path)?, context)),
    }
}

/// The text of the CSV file at `path`.
///
/// # Errors
/// A file that cannot be read, or not as text.
pub(super) fn text(path: &Path) -> Result<String, FileFault> {
    let failed = |error: io::Error| FileFault {
        code: FaultCode::UnreadableFile,
        found: error.to_string(),
        expected: "可读的文件".to_owned(),
        help: "请核对权限，并关闭正在使用它的程序",
    };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > MAX_CSV {
        return Err(FileFault {
            code: FaultCode::FileTooLarge,
            found: format!("{} MB", length >> 20),
            expected: "不超过 2 GB 的 CSV".to_owned(),
            help: "请核对文件",
        });
    }
    let bytes = files::read_regular(path, MAX_CSV).map_err(failed)?;
    encoding::decode(bytes).map_err(|why| FileFault {
        code: why.code,
        found: String::new(),
        expected: why.expected.to_owned(),
        help: why.help,
    })
}

/// Reads a file of UTF-8 without quotes, which nearly all are, so that its text never is in memory as a
/// whole. Nothing for any other file, at whatever place it turns out to be one.
fn in_blocks<T: TableRow>(path: &Path, context: &Context) -> Option<TableRead<T>> {
    let mut blocks = Blocks::open(path)?;
    let block = blocks.next().ok()??;
    let block = block.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(block);
    let (head, rest) = block.split_at(cuts(block, 1, PIECE).0.first()?.range.end);
    let (mut reading, after, line) = Reading::<T>::begin(plain(head)?, context).ok()?;
    let given = block.len() as u64;
    if !reading.headed {
        return None;
    }
    let mut line = lines(&mut reading, after.as_bytes(), line)?;
    line = lines(&mut reading, rest, line)?;
    reading.expect(given, blocks.length);
    while let Some(block) = blocks.next().ok()? {
        line = lines(&mut reading, block, line)?;
    }
    Some(reading.done())
}

/// Reads whole lines, the first of which is line `line` of the file; gives the number of the next.
fn lines<T: TableRow>(reading: &mut Reading<'_, T>, bytes: &[u8], line: u32) -> Option<u32> {
    let (pieces, next) = cuts(bytes, line, PIECE);
    reading.lot(&pieces, |reading, cut| {
        let piece = reading.piece(plain(bytes.get(cut.range.clone())?)?, cut);
        piece.broken.is_none().then_some(piece)
    })?;
    Some(next)
}

/// The text of bytes that are UTF-8 without quotes and without what no text has.
fn plain(bytes: &[u8]) -> Option<&str> {
    let other = bytes.iter().fold(0, |found, &b| found | u8::from(b == 0 || b == b'"'));
    if other == 0 { std::str::from_utf8(bytes).ok() } else { None }
}

/// A file as blocks of whole lines.
struct Blocks {
    file: Take<File>,
    buffer: Vec<u8>,
    /// The bytes at the front of the buffer that were given.
    given: usize,
    size: usize,
    /// The bytes of the file.
    length: u64,
}

impl Blocks {
    /// Opens a regular file that is no workbook.
    fn open(path: &Path) -> Option<Self> {
        let data = std::fs::metadata(path).ok()?;
        if !data.is_file() || data.len() > MAX_CSV {
            return None;
        }
        let size = PIECE * lot();
        let buffer = Vec::with_capacity(size.min(usize::try_from(data.len()).ok()? + 1));
        let file = File::open(path).ok()?.take(MAX_CSV);
        Some(Self { file, buffer, given: 0, size, length: data.len() })
    }

    /// The next block, which ends with a line or the file; nothing after the last.
    ///
    /// # Errors
    /// What the system says, and a line that is longer than a block.
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.buffer.drain(..self.given);
        let room = self.size.saturating_sub(self.buffer.len());
        let read = self.file.by_ref().take(room as u64).read_to_end(&mut self.buffer)?;
        self.given = match self.buffer.iter().rposition(|&b| b == b'\n') {
            _ if read < room => self.buffer.len(),
            Some(end) => end + 1,
            None => return Err(io::ErrorKind::InvalidData.into()),
        };
        Ok((self.given > 0).then(|| &self.buffer[..self.given]))
    }
}
