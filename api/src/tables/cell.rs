//! One cell: what the file holds, and what it means in a column of a kind. What cannot be read for
//! certain is a fault; nothing is repaired.

use std::borrow::Cow;
use std::fmt;

use luqu_engine::domain::score::DecimalError;
use luqu_engine::domain::{FaultCode, Moment, Score, Share, Text, YearMonth};

/// Spaces that people and programs put around values: ASCII, full-width, no-break, a stray mark.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{3000}' | '\u{a0}' | '\u{feff}' | '\u{200b}')
}

/// What a cell of a file holds. Text is trimmed and not empty.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Raw<'a> {
    /// Nothing, or spaces.
    Blank,
    /// Text, as all cells of CSV are.
    Text(&'a str),
    /// A number of a spreadsheet.
    Number(f64),
    /// A date of a spreadsheet, as `YYYY-MM-DD` or `YYYY-MM-DDThh:mm:ss`.
    Date(&'a str),
    /// A truth value of a spreadsheet.
    Bool(bool),
    /// An error value of a spreadsheet, such as `#N/A`; text that says one is one.
    Error(&'a str),
    /// A formula of a spreadsheet without a result.
    Formula,
}

/// What spreadsheets show for the result of a formula that has none; CSV written by them holds it as text.
const ERRORS: [&str; 9] =
    ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"];

impl<'a> Raw<'a> {
    /// The cell that text makes.
    #[inline]
    pub(super) fn of_text(text: &'a str) -> Self {
        // The first and last bytes of the characters that are trimmed; nearly no value has them.
        let (first, last) = (text.as_bytes().first(), text.as_bytes().last());
        let may_be_space = matches!(first, Some(0..=b' ' | 0xC2 | 0xE2 | 0xE3 | 0xEF))
            || matches!(last, Some(0..=b' ' | 0x80 | 0x8B | 0xA0 | 0xBF));
        let text = if may_be_space { text.trim_matches(is_space) } else { text };
        if text.is_empty() {
            Self::Blank
        } else if text.starts_with('#') && ERRORS.contains(&text) {
            Self::Error(text)
        } else {
            Self::Text(text)
        }
    }
}

impl fmt::Display for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => Ok(()),
            Self::Text(text) | Self::Date(text) | Self::Error(text) => {
                // A whole page in a cell helps nobody.
                match text.char_indices().nth(80) {
                    Some((cut, _)) => write!(f, "{}…", &text[..cut]),
                    None => f.write_str(text),
                }
            }
            // Hundreds of digits help nobody either.
            Self::Number(number) if number.abs() >= 1e21 => write!(f, "{number:e}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Bool(true) => f.write_str("TRUE"),
            Self::Bool(false) => f.write_str("FALSE"),
            Self::Formula => f.write_str("（公式）"),
        }
    }
}

/// Why a cell cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Unreadable {
    pub(super) code: FaultCode,
    pub(super) expected: Cow<'static, str>,
    pub(super) help: Help,
}

/// What to do about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Help {
    Say(&'static str),
    /// Set the column to text and paste again; the reader names the column.
    MakeText,
}

type Read<T> = Result<T, Unreadable>;

fn fault(code: FaultCode, expected: &'static str, help: &'static str) -> Unreadable {
    Unreadable { code, expected: Cow::Borrowed(expected), help: Help::Say(help) }
}

/// A value that is not of the column's kind.
pub(super) fn bad(expected: &'static str) -> Unreadable {
    fault(FaultCode::BadValue, expected, "请按要求的格式填写")
}

fn as_number(expected: &'static str) -> Unreadable {
    Unreadable {
        code: FaultCode::StoredAsNumber,
        expected: Cow::Borrowed(expected),
        help: Help::MakeText,
    }
}

/// The most bytes of a code.
const MAX_CODE: usize = 64;
/// The most bytes of words.
const MAX_TEXT: usize = 2_000;
/// Below this a double holds every whole number, and a spreadsheet shows every digit.
const EXACT: f64 = 1e15;

/// A code: text as it stands, or the digits of a whole number that the spreadsheet kept exactly.
pub(super) fn code(raw: Raw<'_>) -> Read<Text> {
    match raw {
        Raw::Text(text) if is_scientific(text) => Err(as_number("按文本保存的代码")),
        Raw::Text(text) => code_text(text),
        Raw::Number(n) if n.fract() == 0.0 && (0.0..EXACT).contains(&n) => {
            // Without the sign that zero may have.
            Ok(Text::from(n.abs().to_string()))
        }
        Raw::Number(_) => Err(as_number("按文本保存的代码")),
        _ => Err(bad("代码")),
    }
}

/// An identity number: text only.
pub(super) fn id_number(raw: Raw<'_>) -> Read<Text> {
    match raw {
        Raw::Text(text) if is_scientific(text) => Err(as_number("按文本保存的 18 位号码")),
        Raw::Text(text) => code_text(text),
        Raw::Number(_) => Err(as_number("按文本保存的 18 位号码")),
        _ => Err(bad("证件号码")),
    }
}

fn code_text(text: &str) -> Read<Text> {
    // Letters and digits alone, which nearly all codes are, need no second look.
    if text.len() <= MAX_CODE && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(Text::from(text));
    }
    let bad = |expected| fault(FaultCode::BadCode, expected, "请改为由字母、数字或汉字组成的代码");
    if text.len() > MAX_CODE {
        return Err(bad("不超过 64 字节的代码"));
    }
    // An apostrophe is how text is typed into a spreadsheet, which does not show it.
    if text.starts_with(['=', '+', '-', '@', '\'']) {
        return Err(bad("不以 = + - @ ' 开头的代码"));
    }
    // Other spaces than the plain one look like it, or like nothing, and make two codes of one.
    if text.chars().any(|c| is_hidden(c) || (c.is_whitespace() && c != ' ')) {
        return Err(bad("不含控制字符和特殊空格的代码"));
    }
    Ok(Text::from(text))
}

/// Characters that nobody sees: control characters, marks of writing direction, joiners.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Whether text is a number in the short form of a spreadsheet, such as `5.00222E+17`.
fn is_scientific(text: &str) -> bool {
    if !text.as_bytes().contains(&b'+') {
        return false;
    }
    let Some((front, power)) = text.split_once(['E', 'e']) else { return false };
    let Some(power) = power.strip_prefix('+') else { return false };
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let front = front.strip_prefix('-').unwrap_or(front);
    let front_is_number = match front.split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part),
        None => digits(front),
    };
    front_is_number && digits(power)
}

/// Words. A number or a date stands as the file shows it.
pub(super) fn text(raw: Raw<'_>) -> Read<Text> {
    match raw {
        Raw::Text(text) if text.chars().any(is_hidden) => Err(fault(
            FaultCode::BadValue,
            "一行文字，不含换行和控制字符",
            "请删去换行和不可见字符",
        )),
        Raw::Text(text) if text.len() > MAX_TEXT => Err(bad("不超过 2000 字节的文字")),
        Raw::Text(text) | Raw::Date(text) => Ok(Text::from(text)),
        Raw::Number(n) => Ok(Text::from(n.to_string())),
        _ => Err(bad("文字")),
    }
}

/// A number outside of what `expected` says.
pub(super) fn out_of_range(expected: &'static str) -> Unreadable {
    fault(FaultCode::OutOfRange, expected, "请核对数值")
}

/// A whole number within the range of `T`.
pub(super) fn whole<T: TryFrom<i64>>(raw: Raw<'_>, expected: &'static str) -> Read<T> {
    let out_of_range = || out_of_range(expected);
    let value: i64 = match raw {
        // As nearly all are.
        Raw::Text(text) if text.len() < 10 && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.bytes().fold(0, |value, b| 10 * value + i64::from(b - b'0'))
        }
        Raw::Text(text) => {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            // `612.0` is what some programs write for 612.
            let whole = match text.split_once('.') {
                Some((whole, part)) if !part.is_empty() && part.bytes().all(|b| b == b'0') => whole,
                _ => text,
            };
            let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            match whole.parse() {
                Ok(value) => value,
                Err(_) if plain && !digits.contains('.') && !digits.is_empty() => {
                    return Err(out_of_range());
                }
                Err(_) => return Err(bad(expected)),
            }
        }
        Raw::Number(n) if n.fract() == 0.0 && n.abs() < EXACT => {
            n.to_string().parse().map_err(|_| bad(expected))?
        }
        Raw::Number(n) if n.fract() == 0.0 => return Err(out_of_range()),
        _ => return Err(bad(expected)),
    };
    T::try_from(value).map_err(|_| out_of_range())
}

/// A score from 0 to `max`, with at most two decimal places.
pub(super) fn score(raw: Raw<'_>, max: Option<Score>) -> Read<Score> {
    let expected = || match max {
        Some(max) => Cow::Owned(format!("0 至 {max}，最多两位小数")),
        None => Cow::Borrowed("不小于 0 的分数，最多两位小数"),
    };
    let wrong = |code, help| Unreadable { code, expected: expected(), help: Help::Say(help) };
    let read = match raw {
        Raw::Text(text) => text.parse::<Score>(),
        Raw::Number(n) => two_places(n).ok_or(DecimalError::TooPrecise).and_then(|t| t.parse()),
        _ => Err(DecimalError::NotANumber),
    };
    let value = read.map_err(|error| match error {
        DecimalError::TooLarge => wrong(FaultCode::OutOfRange, "请核对分数"),
        DecimalError::NotANumber | DecimalError::TooPrecise => {
            wrong(FaultCode::BadValue, "请填写分数，最多两位小数；缺考填 0")
        }
    })?;
    if value < Score::ZERO || max.is_some_and(|max| value > max) {
        return Err(wrong(FaultCode::OutOfRange, "请核对分数"));
    }
    Ok(value)
}

/// The decimal of two places that a double stands for: a sum made by a spreadsheet may be off by
/// its own rounding, and by no more than that (1e-9).
fn two_places(n: f64) -> Option<String> {
    if !n.is_finite() || n.abs() >= 1e9 {
        return Some(n.to_string());
    }
    let text = format!("{n:.2}");
    let near: f64 = text.parse().ok()?;
    ((near - n).abs() <= 1e-9).then_some(text)
}

/// A share from 0 to 1, or a percentage.
pub(super) fn share(raw: Raw<'_>) -> Read<Share> {
    let expected = "0 至 1 的小数，或百分数";
    let read = match raw {
        Raw::Text(text) => text.parse::<Share>(),
        Raw::Number(n) => n.to_string().parse(),
        _ => return Err(bad(expected)),
    };
    read.map_err(|error| match error {
        DecimalError::TooLarge => fault(FaultCode::OutOfRange, expected, "请核对比例"),
        _ => bad(expected),
    })
}

/// `yes` or `no`, in any of the words for them.
pub(super) fn yes_no(raw: Raw<'_>) -> Read<bool> {
    const YES: [&str; 5] = ["yes", "是", "y", "true", "1"];
    const NO: [&str; 5] = ["no", "否", "n", "false", "0"];
    let one_of = |words: &[&str], text: &str| words.iter().any(|w| w.eq_ignore_ascii_case(text));
    match raw {
        Raw::Bool(value) => Ok(value),
        Raw::Text(text) if one_of(&YES, text) => Ok(true),
        Raw::Text(text) if one_of(&NO, text) => Ok(false),
        Raw::Number(n) if n.to_string() == "1" => Ok(true),
        Raw::Number(n) if n.to_string() == "0" => Ok(false),
        _ => Err(fault(FaultCode::BadValue, "是 或 否（yes 或 no）", "请填写 是 或 否")),
    }
}

/// A word of a list.
pub(super) fn choice<T: Copy>(raw: Raw<'_>, list: &[(T, &'static str, &'static str)]) -> Read<T> {
    let found = match raw {
        Raw::Text(text) => {
            list.iter().find(|(_, key, label)| key.eq_ignore_ascii_case(text) || *label == text)
        }
        _ => None,
    };
    found.map(|(value, ..)| *value).ok_or_else(|| {
        let words: Vec<String> =
            list.iter().map(|(_, key, label)| format!("{label}（{key}）")).collect();
        Unreadable {
            code: FaultCode::BadValue,
            expected: Cow::Owned(words.join("、")),
            help: Help::Say("请从中选填一项"),
        }
    })
}

/// A month: `2023-09`, `2023/9`, `202309`, a day of it, or a date of the spreadsheet.
pub(super) fn month(raw: Raw<'_>) -> Read<YearMonth> {
    let expected = "年月，如 2023-09";
    let six = |text: &str| {
        let (year, month) = text.split_at_checked(4)?;
        (text.len() == 6).then_some(())?;
        YearMonth::new(year.parse().ok()?, month.parse().ok()?)
    };
    let read = match raw {
        Raw::Text(text) if text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()) => six(text),
        Raw::Text(text) => text.parse().ok(),
        Raw::Date(text) => text.get(..10).and_then(|day| day.parse().ok()),
        Raw::Number(n) => six(&n.to_string()),
        _ => None,
    };
    read.ok_or_else(|| bad(expected))
}

/// A day, as `YYYY-MM-DD`; a time behind it is kept.
pub(super) fn date(raw: Raw<'_>) -> Read<Text> {
    let text = match raw {
        Raw::Text(text) | Raw::Date(text) => Some(text),
        _ => None,
    };
    text.and_then(|t| t.parse::<Moment>().ok())
        .map(|day| Text::from(day.to_string()))
        .ok_or_else(|| bad("日期，如 2026-05-10 或 2026/5/10"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_spreadsheet_are_exact_or_refused() {
        let points = |n| score(Raw::Number(n), None).map(Score::hundredths).ok();
        assert_eq!(points(612.1), Some(61210));
        assert_eq!(points(612.100_000_000_000_1), Some(61210));
        assert_eq!(points(0.1 + 0.2), Some(30));
        assert_eq!(points(612.101), None);
        assert_eq!(points(-0.01), None);
        assert_eq!(points(f64::NAN), None);
        assert_eq!(code(Raw::Number(1e15)).map_err(|e| e.code), Err(FaultCode::StoredAsNumber));
        assert_eq!(code(Raw::Number(20_260_001.0)).as_deref(), Ok("20260001"));
        assert_eq!(code(Raw::Number(-0.0)).as_deref(), Ok("0"));
        assert_eq!(code(Raw::Number(1.5)).map_err(|e| e.code), Err(FaultCode::StoredAsNumber));
        assert_eq!(id_number(Raw::Number(1.0)).map_err(|e| e.code), Err(FaultCode::StoredAsNumber));
    }

    #[test]
    fn codes_are_text_without_tricks() {
        let id = |t| id_number(Raw::Text(t)).map_err(|e| e.code);
        assert_eq!(id("5.00222E+17"), Err(FaultCode::StoredAsNumber));
        assert_eq!(id("E12345678").as_deref(), Ok("E12345678"));
        assert_eq!(id("=1+1"), Err(FaultCode::BadCode));
        assert_eq!(id("'0012"), Err(FaultCode::BadCode));
        assert_eq!(id("a\u{202e}b"), Err(FaultCode::BadCode));
        assert_eq!(id("a\u{a0}b"), Err(FaultCode::BadCode));
        assert_eq!(id("a b").as_deref(), Ok("a b"));
        let long = "9".repeat(65);
        assert_eq!(id(&long), Err(FaultCode::BadCode));
        assert_eq!(id(&long[1..]).map(|t| t.len()), Ok(64));
    }

    #[test]
    fn whole_numbers_keep_to_their_range() {
        let count = |t| whole::<u32>(Raw::Text(t), "").map_err(|e| e.code);
        assert_eq!(count("612.0"), Ok(612));
        assert_eq!(count("-1"), Err(FaultCode::OutOfRange));
        assert_eq!(count("99999999999999999999"), Err(FaultCode::OutOfRange));
        for bad in ["1.5", "1e3", "十", "6 1", "-", "+", "1.", "."] {
            assert_eq!(count(bad), Err(FaultCode::BadValue), "{bad}");
        }
    }

    #[test]
    fn a_day_keeps_its_time() {
        let day = |raw| date(raw).map(|d| d.to_string()).ok();
        let early = Some("2026-07-05T08:00:00".to_owned());
        assert_eq!(day(Raw::Date("2026-07-05T08:00:00")), early);
        assert_eq!(day(Raw::Text("2026-07-05T08:00:00")), early);
        assert_eq!(day(Raw::Date("2026-07-05")).as_deref(), Some("2026-07-05"));
    }

    #[test]
    fn months_in_every_form() {
        for raw in [
            Raw::Text("2023-09"),
            Raw::Text("2023/9"),
            Raw::Text("202309"),
            Raw::Text("2023-09-01"),
            Raw::Date("2023-09-01T00:00:00"),
            Raw::Number(202_309.0),
        ] {
            assert_eq!(month(raw).map(|m| m.to_string()).as_deref(), Ok("2023-09"), "{raw:?}");
        }
        assert!(month(Raw::Number(45_170.0)).is_err());
        assert!(month(Raw::Text("２０２３年")).is_err());
    }
}
