//! Tables on a terminal: Chinese characters take two columns, numbers stand to the right.

use std::fmt::Write as _;

/// A column: its header, and whether it holds numbers.
pub(super) type Head = (&'static str, bool);

/// The columns that a character takes on a terminal.
const fn char_width(c: char) -> usize {
    match c as u32 {
        0 | 0x0300..=0x036F | 0x200B..=0x200F | 0xFE00..=0xFE0F | 0xFEFF => 0,
        0x1100..=0x115F
        | 0x2E80..=0x303E
        | 0x3041..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

/// The columns that a text takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// The text in at most so many columns, its end cut off with `…` where it is longer.
fn clipped(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += char_width(c);
        if used + 1 > most {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// The lines of a table, header first, two spaces between columns; no cell is wider than 28 columns.
/// Cells beyond the header are left out.
pub(super) fn lines(head: &[Head], rows: &[Vec<String>]) -> Vec<String> {
    const WIDEST: usize = 28;
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| clipped(cell, WIDEST)).collect()).collect();
    let widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(at, (title, _))| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell));
            cells.chain([width(title)]).max().unwrap_or(0)
        })
        .collect();
    let titles: Vec<String> = head.iter().map(|(title, _)| (*title).to_owned()).collect();
    std::iter::once(&titles)
        .chain(&rows)
        .map(|row| {
            let mut line = String::new();
            for ((cell, (_, number)), wide) in row.iter().zip(head).zip(&widths) {
                let gap = wide.saturating_sub(width(cell));
                let (before, after) = if *number { (gap, 0) } else { (0, gap) };
                // Writing to a string does not fail.
                let _ = write!(line, "{:before$}{cell}{:after$}  ", "", "");
            }
            line.truncate(line.trim_end().len());
            line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [
            vec!["綦江中学".to_owned(), "600".to_owned()],
            vec!["A".to_owned(), "8".to_owned()],
            vec!["很长很长很长很长很长很长很长很长的学校名".to_owned(), String::new()],
        ];
        let lines = lines(&[("学校", false), ("计划数", true)], &rows);
        assert_eq!(lines[0], format!("学校{}计划数", " ".repeat(25)));
        assert_eq!(lines[1], format!("綦江中学{}600", " ".repeat(24)));
        assert_eq!(lines[2], format!("A{}8", " ".repeat(33)));
        assert!(lines[3].ends_with('…') && width(&lines[3]) <= 28);
        assert_eq!(width("a綦𬭼。"), 7);
    }
}
