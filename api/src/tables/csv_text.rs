//! Splits CSV text into records: RFC 4180 with the liberties that spreadsheets take.
//!
//! One pass over the bytes, linear in their number, that holds nothing but the record at hand; for
//! that reason text is read in this process and only workbooks in another. It is ours and not a library's
//! because a fault must name the line on which its record starts, an open quote must be a fault and not
//! a silent loss of rows, and text without quotes must be readable in parallel.

use std::ops::Range;

/// The longest record: far beyond any honest row, so that a lost quote is found early.
pub(super) const MAX_RECORD: usize = 1 << 20;

/// The bytes that are looked at together.
const WORD: usize = size_of::<u64>();

/// A record that cannot be read; nothing after it can be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Broken {
    /// A quote is open at the end of the text.
    OpenQuote { line: u32 },
    /// Longer than [`MAX_RECORD`].
    TooLong { line: u32 },
}

/// Reads records from text, one after the other. Empty lines are passed over.
#[derive(Clone)]
pub(super) struct Records<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    delimiter: u8,
}

/// The record last read.
#[derive(Default)]
pub(super) struct CsvRecord<'t> {
    text: &'t str,
    /// The line on which it starts, from 1.
    pub(super) line: u32,
    fields: Vec<Field>,
    /// Fields with doubled quotes, as meant.
    unescaped: String,
}

enum Field {
    AsWritten(Range<usize>),
    Unescaped(Range<usize>),
}

impl CsvRecord<'_> {
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    /// The field, or nothing beyond the last.
    #[inline]
    pub(super) fn field(&self, at: usize) -> Option<&str> {
        match self.fields.get(at)? {
            Field::AsWritten(range) => self.text.get(range.clone()),
            Field::Unescaped(range) => self.unescaped.get(range.clone()),
        }
    }
}

/// The delimiter of the text: a comma, or a tab if the first line with either has tabs and no comma. Only
/// the lines are looked at where a header may be.
pub(super) fn delimiter_of(text: &str) -> u8 {
    let mut lines = text.split(['\n', '\r']).filter(|l| !l.is_empty()).take(1 + TITLE_ROWS);
    match lines.find(|l| l.contains(['\t', ','])) {
        Some(line) if !line.contains(',') => b'\t',
        _ => b',',
    }
}

/// The rows of titles and notes above a header that are looked behind.
pub(super) const TITLE_ROWS: usize = 8;

impl<'t> Records<'t> {
    /// Reads `text`, whose first line is line `line` of the file.
    pub(super) const fn new(text: &'t str, line: u32, delimiter: u8) -> Self {
        Self { text, at: 0, line, delimiter }
    }

    /// The text not read yet, and the number of its first line.
    pub(super) fn rest(&self) -> (&'t str, u32) {
        (self.text.get(self.at..).unwrap_or(""), self.line)
    }

    /// Reads the next record into `record`; false at the end.
    pub(super) fn next_into(&mut self, record: &mut CsvRecord<'t>) -> Result<bool, Broken> {
        let bytes = self.text.as_bytes();
        while let Some(byte @ (b'\n' | b'\r')) = bytes.get(self.at) {
            let before = self.at.checked_sub(1).and_then(|at| bytes.get(at));
            self.line = self.line.saturating_add(u32::from(ends_line(before, *byte)));
            self.at += 1;
        }
        record.text = self.text;
        record.line = self.line;
        record.fields.clear();
        record.unescaped.clear();
        if self.at >= bytes.len() {
            return Ok(false);
        }
        let first = self.at;
        let mut start = self.at;
        loop {
            if bytes.get(start) == Some(&b'"') {
                start = self.quoted(start, record)?;
                if start - first > MAX_RECORD {
                    return Err(Broken::TooLong { line: record.line });
                }
                match bytes.get(start) {
                    Some(&b) if b == self.delimiter => start += 1,
                    _ => {
                        self.at = start;
                        return Ok(true);
                    }
                }
                continue;
            }
            start = self.unquoted(start, record);
            if start - first > MAX_RECORD {
                return Err(Broken::TooLong { line: record.line });
            }
            // A delimiter is passed only where a quote opens behind it.
            if bytes.get(start) != Some(&b'"') {
                self.at = start;
                return Ok(true);
            }
        }
    }

    /// Reads the fields from `start` on that have no quotes; gives the place of the line end after them, or of the
    /// quote that opens the next field. Ends early beyond [`MAX_RECORD`].
    fn unquoted(&self, start: usize, record: &mut CsvRecord<'t>) -> usize {
        let bytes = self.text.as_bytes();
        let (mut from, mut at) = (start, start);
        loop {
            let mut marks = self.marks(at);
            while marks != 0 {
                let mark = at + (marks.trailing_zeros() / u8::BITS) as usize;
                marks &= marks - 1;
                match bytes.get(mark) {
                    Some(&b) if b == self.delimiter => {}
                    Some(b'\n' | b'\r') => {
                        record.fields.push(Field::AsWritten(from..mark));
                        return mark;
                    }
                    _ => continue,
                }
                record.fields.push(Field::AsWritten(from..mark));
                from = mark + 1;
                if bytes.get(from) == Some(&b'"') {
                    return from;
                }
            }
            at += WORD;
            if at >= bytes.len() || at - start > MAX_RECORD + WORD {
                let end = at.min(bytes.len());
                record.fields.push(Field::AsWritten(from..end));
                return end;
            }
        }
    }

    /// The delimiters and line ends among the bytes of the word at `at`, as the highest bit of each; other control
    /// characters and what is beyond the text may be marked too.
    #[inline]
    fn marks(&self, at: usize) -> u64 {
        const ONES: u64 = u64::MAX / 0xFF;
        const LOW: u64 = 0x7F * ONES;
        let rest = self.text.as_bytes().get(at..).unwrap_or(&[]);
        let word = match rest.first_chunk::<WORD>() {
            Some(word) => u64::from_le_bytes(*word),
            None => rest.iter().rev().fold(0, |word, &b| (word << u8::BITS) | u64::from(b)),
        };
        // A byte above the limit carries into its highest bit, or has it.
        let above = |word: u64, limit: u8| ((word & LOW) + u64::from(0x7F - limit) * ONES) | word;
        let others = above(word, b'\r') & above(word ^ (u64::from(self.delimiter) * ONES), 0);
        !others & !LOW
    }

    /// Reads the quoted field that opens at `open`; gives the place of the delimiter or line end after it.
    /// Text between the closing quote and the delimiter belongs to the field, as spreadsheets have it.
    fn quoted(&mut self, open: usize, record: &mut CsvRecord<'t>) -> Result<usize, Broken> {
        let bytes = self.text.as_bytes();
        let line = record.line;
        let limit = bytes.len().min(open + MAX_RECORD + 2);
        let from = record.unescaped.len();
        let mut piece = open + 1;
        let mut copied = false;
        let mut at = open + 1;
        loop {
            match bytes.get(at) {
                _ if at >= limit && limit < bytes.len() => return Err(Broken::TooLong { line }),
                None => return Err(Broken::OpenQuote { line }),
                Some(b'"') if bytes.get(at + 1) == Some(&b'"') => {
                    record.unescaped.push_str(self.text.get(piece..=at).unwrap_or(""));
                    copied = true;
                    at += 2;
                    piece = at;
                }
                Some(b'"') => break,
                Some(&b) => {
                    self.line =
                        self.line.saturating_add(u32::from(ends_line(bytes.get(at - 1), b)));
                    at += 1;
                }
            }
        }
        let close = at;
        at += 1;
        while bytes.get(at).is_some_and(|&b| b != self.delimiter && b != b'\n' && b != b'\r') {
            at += 1;
        }
        if copied || at > close + 1 {
            record.unescaped.push_str(self.text.get(piece..close).unwrap_or(""));
            record.unescaped.push_str(self.text.get(close + 1..at).unwrap_or(""));
            record.fields.push(Field::Unescaped(from..record.unescaped.len()));
        } else {
            record.fields.push(Field::AsWritten(piece..close));
        }
        Ok(at)
    }
}

/// Whether `byte` ends a line: of `\r\n` the first alone does, so that a pair counts once.
fn ends_line(before: Option<&u8>, byte: u8) -> bool {
    byte == b'\r' || (byte == b'\n' && before != Some(&b'\r'))
}

/// A piece of text: where it is, the number of its first line, and how many lines it has.
pub(super) struct Cut {
    pub(super) range: Range<usize>,
    pub(super) line: u32,
    pub(super) lines: u32,
}

/// Cuts text without quotes into pieces of about `size` bytes at line ends; `line` is the number of the first line.
/// Gives the number of the line after the last piece too.
pub(super) fn cuts(text: &[u8], line: u32, size: usize) -> (Vec<Cut>, u32) {
    let mut list = Vec::with_capacity(text.len() / size.max(1) + 1);
    let (mut start, mut line) = (0, line);
    while start < text.len() {
        let from = text.len().min(start + size);
        let end = text[from..].iter().position(|&b| b == b'\n');
        let end = end.map_or(text.len(), |e| from + e + 1);
        let lines = line_ends(&text[start..end]);
        list.push(Cut { range: start..end, line, lines });
        line = line.saturating_add(lines);
        start = end;
    }
    (list, line)
}

fn line_ends(text: &[u8]) -> u32 {
    // Sums of few bytes at a time fit into a byte, which lets many be added at once.
    let ends = |few: &[u8], byte: u8| few.iter().map(|&b| u8::from(b == byte)).sum::<u8>();
    let all = |byte: u8| text.chunks(255).map(|few| u64::from(ends(few, byte))).sum::<u64>();
    let pairs = || text.windows(2).filter(|pair| *pair == b"\r\n").count() as u64;
    let sum = match all(b'\r') {
        0 => all(b'\n'),
        returns => all(b'\n') + returns - pairs(),
    };
    u32::try_from(sum).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn records(text: &str) -> Result<Vec<(u32, Vec<String>)>, Broken> {
        let mut reader = Records::new(text, 1, b',');
        let mut record = CsvRecord::default();
        let mut list = Vec::new();
        while reader.next_into(&mut record)? {
            let fields = (0..record.len()).map(|at| record.field(at).unwrap_or("").to_owned());
            list.push((record.line, fields.collect()));
        }
        Ok(list)
    }

    #[test]
    fn records_start_on_the_line_where_they_start() {
        let text = "a,b\r\n\r\n\n\"x\ny\",\"say \"\"hi\"\"\"\nlast,\n";
        let expected = [
            (1, vec!["a".to_owned(), "b".to_owned()]),
            (4, vec!["x\ny".to_owned(), "say \"hi\"".to_owned()]),
            (6, vec!["last".to_owned(), String::new()]),
        ];
        assert_eq!(records(text).expect("records"), expected);
        assert_eq!(records("a\n\"b\nc"), Err(Broken::OpenQuote { line: 2 }));
        let long = format!("a\n{}\n", "x".repeat(MAX_RECORD + 1));
        assert_eq!(records(&long), Err(Broken::TooLong { line: 2 }));
    }

    #[test]
    fn lines_end_with_a_carriage_return_alone_too() {
        let expected = [
            (1, vec!["a".to_owned(), "b".to_owned()]),
            (2, vec!["x\ry".to_owned(), String::new()]),
            (5, vec!["last".to_owned()]),
        ];
        assert_eq!(records("a,b\r\"x\ry\",\r\rlast\r").expect("records"), expected);
        assert_eq!(records("a,b\r\n\"x\ry\",\n\rlast\r\n").expect("records"), expected);
        assert_eq!(delimiter_of("a\tb\r1,5\t2\r"), b'\t');
    }

    proptest! {
        /// The same fields as the csv package finds, whatever the text, where no quote stays open.
        #[test]
        fn prop_agrees_with_the_csv_package(text in "[ab,\"\n\r，é]{0,60}") {
            if let Ok(ours) = records(&text) {
                let mut reader = csv::ReaderBuilder::new()
                    .has_headers(false).flexible(true).from_reader(text.as_bytes());
                let theirs: Vec<Vec<String>> = reader.records()
                    .map(|r| r.expect("text").iter().map(str::to_owned).collect()).collect();
                let ours: Vec<Vec<String>> = ours.into_iter().map(|(_, f)| f).collect();
                prop_assert_eq!(ours, theirs);
            }
        }

        #[test]
        fn prop_cuts_are_the_text(text in "[ab,\n\r]{0,200}", size in 1usize..40) {
            let (cut, after) = cuts(text.as_bytes(), 1, size);
            let pieces = || cut.iter().map(|c| (&text[c.range.clone()], c.line));
            prop_assert_eq!(pieces().map(|(p, _)| p).collect::<String>(), text.clone());
            let ends = text.replace("\r\n", "\n").matches(['\n', '\r']).count();
            prop_assert_eq!(after as usize, 1 + ends);
            prop_assert_eq!(cut.iter().map(|c| c.lines as usize).sum::<usize>(), ends);
            let mut together = Vec::new();
            for (piece, line) in pieces() {
                let mut reader = Records::new(piece, line, b',');
                let mut record = CsvRecord::default();
                while reader.next_into(&mut record).expect("no quotes") {
                    together.push((record.line, record.len()));
                }
            }
            let whole: Vec<_> = records(&text).expect("no quotes").into_iter()
                .map(|(line, f)| (line, f.len())).collect();
            prop_assert_eq!(together, whole);
        }
    }
}
