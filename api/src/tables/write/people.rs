//! CSV for people who open it in a spreadsheet: UTF-8 with BOM, CRLF, cells that cannot act as formulas
//! and long numbers that stay text. The machine files of an answer are not written here.

use std::borrow::Cow;

/// Digits beyond this many lose their end when a spreadsheet makes a number of them.
const SAFE_DIGITS: usize = 11;

/// The bytes of a table: its header and its rows.
pub fn people_csv<R>(header: &[&str], rows: R) -> Vec<u8>
where
    R: IntoIterator,
    R::Item: IntoIterator,
    <R::Item as IntoIterator>::Item: AsRef<str>,
{
    table(header, rows, defused)
}

/// The same for a program: long numbers are as they are.
pub fn program_csv<R>(header: &[&str], rows: R) -> Vec<u8>
where
    R: IntoIterator,
    R::Item: IntoIterator,
    <R::Item as IntoIterator>::Item: AsRef<str>,
{
    table(header, rows, harmless)
}

fn table<R>(header: &[&str], rows: R, shown: fn(&str) -> Cow<'_, str>) -> Vec<u8>
where
    R: IntoIterator,
    R::Item: IntoIterator,
    <R::Item as IntoIterator>::Item: AsRef<str>,
{
    let mut out = "\u{feff}".to_owned();
    line(&mut out, header.iter().copied(), shown);
    for row in rows {
        line(&mut out, row, shown);
    }
    out.into_bytes()
}

fn line<S: AsRef<str>>(
    out: &mut String,
    cells: impl IntoIterator<Item = S>,
    shown: fn(&str) -> Cow<'_, str>,
) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let cell = shown(cell.as_ref());
        if cell.contains(['"', ',', '\n', '\r', '\t']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}

/// The cell as a spreadsheet may see it: one that begins like a formula gets an apostrophe in front, a
/// number that would be rounded or lose its zeros a tab behind. Plain negative numbers stay numbers.
pub fn defused(cell: &str) -> Cow<'_, str> {
    let long = cell.len() > SAFE_DIGITS || (cell.len() > 1 && cell.starts_with('0'));
    if long && digits(cell) { Cow::Owned(format!("{cell}\t")) } else { harmless(cell) }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The cell as it is, or with an apostrophe in front where it begins like a formula.
pub fn harmless(cell: &str) -> Cow<'_, str> {
    let number =
        |text: &str| text.split_once('.').map_or(digits(text), |(a, b)| digits(a) && digits(b));
    let first = cell.trim_start_matches([' ', '\u{3000}']).chars().next();
    match first {
        Some('-') if cell.strip_prefix('-').is_some_and(number) => Cow::Borrowed(cell),
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => {
            Cow::Owned(format!("'{cell}"))
        }
        _ => Cow::Borrowed(cell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_begins_like_a_formula_is_left() {
        for bad in ["=1+1", "+86", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"]
        {
            assert_eq!(defused(bad), format!("'{bad}"));
        }
        for fine in ["-5", "-0.25", "612.5", "张三", "", "12345678901", "0", "G10"] {
            assert_eq!(defused(fine), fine);
        }
        assert_eq!(defused("500222201001010000"), "500222201001010000\t");
        assert_eq!(defused("0042"), "0042\t");
        assert_eq!(harmless("0042"), "0042");
        assert_eq!(harmless("-1+1"), "'-1+1");
    }

    #[test]
    fn the_bytes_are_those_that_spreadsheets_read() {
        let bytes = people_csv(&["报名号", "说明"], [["001", "a,\"b\""], ["2", "=x"]]);
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert_eq!(text, "\u{feff}报名号,说明\r\n\"001\t\",\"a,\"\"b\"\"\"\r\n2,'=x\r\n");
    }
}
