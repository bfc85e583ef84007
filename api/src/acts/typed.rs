//! What people type into an act: reasons, notes and the numbers of documents, by one rule each.

use super::ActError;
use crate::tables::is_hidden;

/// The fewest characters of a reason that says something.
const SHORTEST: usize = 4;
/// The most of a reason or a note.
const LONGEST: usize = 200;
/// The most of a document's number.
const LONGEST_NUMBER: usize = 100;

/// A reason 事由, without blanks around it: 4 to 200 characters on one line.
///
/// # Errors
/// `Malformed` for any other text.
pub(crate) fn reason(text: &str) -> Result<&str, ActError> {
    let words = || format!("请写明理由，{SHORTEST} 到 {LONGEST} 个字，不含换行和控制字符");
    within(text, SHORTEST, LONGEST).ok_or_else(|| ActError::Malformed(words()))
}

/// A note 说明, without blanks around it: at most 200 characters on one line, or nothing.
///
/// # Errors
/// `Malformed` for any other text.
pub(crate) fn note(text: &str) -> Result<&str, ActError> {
    let words = || format!("说明至多 {LONGEST} 个字，不含换行和控制字符");
    within(text, 0, LONGEST).ok_or_else(|| ActError::Malformed(words()))
}

/// The number of a document 文号, without blanks around it: 1 to 100 characters on one line.
///
/// # Errors
/// `Malformed` for any other text.
pub(crate) fn document(text: &str) -> Result<&str, ActError> {
    let words = || format!("请填写文号，1 到 {LONGEST_NUMBER} 个字，不含换行和控制字符");
    within(text, 1, LONGEST_NUMBER).ok_or_else(|| ActError::Malformed(words()))
}

fn within(text: &str, least: usize, most: usize) -> Option<&str> {
    let text = text.trim();
    let fits = (least..=most).contains(&text.chars().take(most + 1).count());
    (fits && !text.contains(is_hidden)).then_some(text)
}
