//! What the parts of a workbook hold that its reader does not tell: their true sizes, whether cells are merged, which
//! sheets have rows that nobody sees.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Write};

use memchr::memmem::Finder;
use memchr::{memchr, memrchr};
use zip::ZipArchive;

use super::worker::{Stop, broken_part, too_large, unreadable};

/// Most bytes of all parts of a workbook together, unpacked.
const UNPACKED: u64 = 1 << 30;
/// Most parts of a workbook.
const PARTS: usize = 4_096;
/// The part that lists the sheets, and the one that says where they are.
const LISTS: [&str; 2] = ["xl/workbook.xml", "xl/_rels/workbook.xml.rels"];
/// Most bytes of a list that are looked at: a workbook of some hundred sheets has a fraction of it.
const LIST: usize = 1 << 20;
/// Most bytes of a tag that is looked at; those that matter have some hundred.
const TAG: usize = 1 << 12;

/// What was seen.
#[derive(Default)]
pub(super) struct Parts {
    /// Whether any part may merge cells: hardly any sheet does, and asking for it means reading a sheet twice.
    pub(super) merges: bool,
    /// Rows with cells that are hidden, by part.
    hidden: BTreeMap<String, u32>,
    /// The parts of the sheets, in the order of the workbook.
    sheets: Vec<String>,
}

impl Parts {
    /// Unpacks every part into nothing: what a part claims to hold is what it holds, and all of them together stay
    /// within bounds.
    pub(super) fn survey(file: &File) -> Result<Self, Stop> {
        let mut archive = ZipArchive::new(BufReader::new(file))?;
        if archive.len() > PARTS {
            return Err(too_large(format!("工作簿含 {} 个部件，上限 {PARTS}", archive.len())));
        }
        let bound = || too_large(format!("解压后超过 {} MB", UNPACKED >> 20));
        let mut left = UNPACKED;
        let mut parts = Self::default();
        let mut lists: [Vec<u8>; 2] = Default::default();
        let mut watch = Watch::default();
        for at in 0..archive.len() {
            let mut part = archive.by_index(at)?;
            let declared = part.size();
            left = left.checked_sub(declared).ok_or_else(bound)?;
            let name = part.name()?.trim_start_matches('/').to_owned();
            watch.begin(LISTS.contains(&name.as_str()));
            let mut bounded = io::Read::take(&mut part, declared.saturating_add(1));
            if io::copy(&mut bounded, &mut watch).map_err(broken_part)? != declared {
                return Err(unreadable("部件的实际大小与声明不符"));
            }
            parts.merges |= watch.merges;
            if watch.hidden > 0 {
                parts.hidden.insert(name, watch.hidden);
            } else if let Some(list) = LISTS.iter().position(|l| *l == name) {
                lists[list] = std::mem::take(&mut watch.kept);
            }
        }
        let [sheets, places] = lists;
        parts.sheets = sheet_parts(&sheets, &places);
        Ok(parts)
    }

    /// How many rows of a sheet, by its place in the workbook, are hidden.
    pub(super) fn hidden_rows(&self, sheet: usize) -> u32 {
        self.sheets.get(sheet).and_then(|part| self.hidden.get(part)).copied().unwrap_or(0)
    }
}

/// The parts of the sheets in the order in which the workbook lists them; blank where it does not say.
fn sheet_parts(sheets: &[u8], places: &[u8]) -> Vec<String> {
    let place = |tag: &[u8]| Some((value(tag, b"Id")?, value(tag, b"Target")?));
    let places: BTreeMap<String, String> =
        tags(places).filter(|t| named(t, b"Relationship")).filter_map(place).collect();
    let part = |tag: &[u8]| {
        let target = places.get(&value(tag, b":id")?)?;
        Some(match target.strip_prefix('/') {
            Some(whole) => whole.to_owned(),
            None => format!("xl/{target}"),
        })
    };
    tags(sheets).filter(|t| named(t, b"sheet")).map(|t| part(t).unwrap_or_default()).collect()
}

/// The tags of a text, each with what stands behind it.
fn tags(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'<').map(|rest| &rest[..memchr(b'>', rest).unwrap_or(rest.len())])
}

/// Whether a tag opens an element of a name, in whatever namespace.
fn named(tag: &[u8], name: &[u8]) -> bool {
    let end = tag.iter().position(u8::is_ascii_whitespace).unwrap_or(tag.len());
    let whole = &tag[..end];
    whole.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with(b":"))
}

/// The value of the attribute whose name ends so.
fn value(tag: &[u8], name: &[u8]) -> Option<String> {
    let mut words = tag.split(u8::is_ascii_whitespace);
    let found = words.find_map(|word| {
        let equals = memchr(b'=', word)?;
        word[..equals].ends_with(name).then(|| &word[equals + 1..])
    })?;
    let quote = *found.first()?;
    let inside = &found[1..];
    Some(String::from_utf8_lossy(&inside[..memchr(quote, inside)?]).into_owned())
}

/// Sees what comes by and keeps none of it but a list.
struct Watch {
    merged: Finder<'static>,
    hides: Finder<'static>,
    /// A tag that has not ended, after whole ones were looked at.
    open: Vec<u8>,
    merges: bool,
    hidden: u32,
    /// Whether the part is kept, and what of it.
    keeps: bool,
    kept: Vec<u8>,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            merged: Finder::new("mergeCell "),
            hides: Finder::new("hidden="),
            open: Vec::new(),
            merges: false,
            hidden: 0,
            keeps: false,
            kept: Vec::new(),
        }
    }
}

impl Watch {
    fn begin(&mut self, keeps: bool) {
        self.open.clear();
        self.kept.clear();
        (self.merges, self.hidden, self.keeps) = (false, 0, keeps);
    }

    /// Looks at text that ends where a tag begins.
    fn look(&mut self, text: &[u8]) {
        self.merges = self.merges || self.merged.find(text).is_some();
        for at in self.hides.find_iter(text) {
            let start = memrchr(b'<', &text[..at]).map_or(0, |before| before + 1);
            let tag = &text[start..];
            let tag = &tag[..memchr(b'>', tag).unwrap_or(tag.len())];
            // A row without cells hides nothing.
            let is_row = named(tag, b"row") && !tag.ends_with(b"/");
            let yes = matches!(text.get(at + b"hidden=".len() + 1), Some(b'1' | b't'));
            self.hidden = self.hidden.saturating_add(u32::from(is_row && yes));
        }
    }
}

impl Write for Watch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.keeps && self.kept.len() < LIST {
            self.kept.extend_from_slice(bytes);
        }
        let Some(last) = memrchr(b'<', bytes) else {
            if self.open.len() < TAG {
                self.open.extend_from_slice(bytes);
            }
            return Ok(bytes.len());
        };
        let first = memchr(b'<', bytes).unwrap_or(last);
        let mut open = std::mem::take(&mut self.open);
        open.extend_from_slice(&bytes[..first]);
        self.look(&open);
        self.look(&bytes[first..last]);
        open.clear();
        open.extend_from_slice(&bytes[last..]);
        self.open = open;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, piece: usize) -> (bool, u32) {
        let mut watch = Watch::default();
        watch.begin(false);
        for some in text.as_bytes().chunks(piece) {
            watch.write_all(some).expect("memory");
        }
        (watch.merges, watch.hidden)
    }

    #[test]
    fn rows_that_are_hidden_are_counted_wherever_the_text_is_cut() {
        let text = concat!(
            r#"<sheetData><row r="1"><c/></row><row r="2" hidden="1" ht="3"><c/></row>"#,
            r#"<x:row hidden='true' r="3"><c/></x:row><row r="4" hidden="0"><c/></row>"#,
            r#"<row r="5" hidden="1"/><col min="1" hidden="1"/><t>hidden="1"</t></sheetData>"#,
            r#"<mergeCells><mergeCell ref="A1:B2"/></mergeCells>"#,
        );
        for piece in 1..text.len() {
            assert_eq!(seen(text, piece), (true, 2), "cut every {piece}");
        }
        assert_eq!(seen("<row r='1'/>", 5), (false, 0));
    }

    #[test]
    fn sheets_are_found_in_the_order_of_the_workbook() {
        let sheets = br#"<sheets><sheet name="b" sheetId="2" r:id="rId7"/><sheet name="a" r:id="rId1"/></sheets>"#;
        let places = br#"<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Target="/xl/worksheets/s.xml" Id="rId7"/></Relationships>"#;
        assert_eq!(
            sheet_parts(sheets, places),
            ["xl/worksheets/s.xml", "xl/worksheets/sheet1.xml"]
        );
        assert_eq!(sheet_parts(sheets, b""), ["", ""]);
    }
}
