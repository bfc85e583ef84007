//! Faults for people: like a compiler's, each with its place, what is expected and what to do.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::load::Loaded;
use super::located::{Located, masked};

/// How many faults are shown unless asked otherwise.
pub const DEFAULT_MOST: usize = 200;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const PLACE: Style = AnsiColor::Blue.on_default().bold();
const BOLD: Style = Style::new().bold();

/// Writes the first `most` faults, the blocking ones first, and says how many there are besides.
///
/// # Errors
/// What the writer says.
pub fn faults(to: &mut impl Write, loaded: &Loaded, most: usize) -> io::Result<()> {
    list(to, &loaded.faults, loaded.omitted + loaded.omitted_warnings, most)
}

/// Writes faults as [`faults`] does, whatever was read; `omitted` is how many were not kept.
///
/// # Errors
/// What the writer says.
pub fn list(to: &mut impl Write, faults: &[Located], omitted: u64, most: usize) -> io::Result<()> {
    let blocking = faults.iter().filter(|f| f.blocks());
    let others = faults.iter().filter(|f| !f.blocks());
    for located in blocking.chain(others).take(most) {
        fault(to, located)?;
    }
    let hidden = (faults.len().saturating_sub(most)) as u64 + omitted;
    if hidden > 0 {
        writeln!(to, "{BOLD}… 另有 {hidden} 处未列出（--max 可列出更多）{BOLD:#}")?;
    }
    Ok(())
}

fn fault(to: &mut impl Write, located: &Located) -> io::Result<()> {
    let f = &located.fault;
    let (style, word) = if located.blocks() { (ERROR, "error") } else { (WARNING, "warning") };
    writeln!(to, "{style}{word}[{}]{style:#}{BOLD}: {}{BOLD:#}", f.code, located.title())?;
    write!(to, "  {PLACE}-->{PLACE:#} {}", located.place())?;
    if f.found.is_empty() {
        writeln!(to)?;
    } else {
        writeln!(to, "   值 {}", located.found())?;
    }
    if !f.expected.is_empty() {
        writeln!(to, "  {PLACE}={PLACE:#} {}", masked(&f.expected))?;
    }
    if !f.help.is_empty() {
        writeln!(to, "  {BOLD}help:{BOLD:#} {}", f.help)?;
    }
    Ok(())
}

/// Writes one line: what was read and how many faults there are.
///
/// # Errors
/// What the writer says.
pub fn summary(to: &mut impl Write, loaded: &Loaded) -> io::Result<()> {
    let counts = loaded.counts;
    let read =
        format!("学校 {}，考生 {}，志愿 {}", counts.schools, counts.applicants, counts.wishes);
    let (errors, warnings) = (loaded.errors(), loaded.warnings());
    if loaded.blocked() {
        writeln!(
            to,
            "{ERROR}未通过{ERROR:#}：{errors} 处错误，{warnings} 处提醒（{read}）。未导入任何数据。"
        )
    } else {
        writeln!(to, "{BOLD}通过{BOLD:#}：没有错误，{warnings} 处提醒（{read}）。")
    }
}
