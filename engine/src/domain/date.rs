//! Calendar values of the files: months (`2023-09`) and moments (`2026-07-05T09:00:00+08:00`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A month of a year; orders by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct YearMonth {
    year: u16,
    month: u8,
}

/// The text is not a date of the form asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a date")]
pub struct DateError;

impl YearMonth {
    /// The month, or nothing unless `month` is 1 to 12.
    pub fn new(year: u16, month: u8) -> Option<Self> {
        (1..=12).contains(&month).then_some(Self { year, month })
    }

    /// The digits `YYYYMM` as a number.
    pub(crate) const fn digits(self) -> u32 {
        self.year as u32 * 100 + self.month as u32
    }
}

impl FromStr for YearMonth {
    type Err = DateError;

    /// Takes `YYYY-MM`; `YYYY/MM`, `YYYY.MM` and a day after it are read the same way.
    fn from_str(text: &str) -> Result<Self, DateError> {
        let mut parts = text.splitn(3, ['-', '/', '.']);
        let year = parts.next().filter(|y| y.len() == 4).and_then(number);
        let month = parts.next().filter(|m| m.len() <= 2).and_then(number);
        let day = match parts.next() {
            None => Some(1),
            Some(day) => number(day).filter(|d| (1..=31).contains(d)),
        };
        match (year, month, day) {
            (Some(y), Some(m), Some(_)) => {
                u8::try_from(m).ok().and_then(|m| Self::new(y, m)).ok_or(DateError)
            }
            _ => Err(DateError),
        }
    }
}

impl fmt::Display for YearMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// A moment in seconds since 1970-01-01T00:00:00Z, kept with the text it was written as.
///
/// Equality and order are those of the instant.
#[derive(Clone, Debug)]
pub struct Moment {
    seconds: i64,
    text: String,
}

impl Moment {
    /// The moment so many seconds after 1970-01-01T00:00:00Z, written in UTC. Years beyond 9999 have more digits.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Self {
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Days since 0000-03-01, in eras of 400 years: the inverse of `days_from_civil`.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
        Self { seconds, text }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn seconds(&self) -> i64 {
        self.seconds
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.seconds == other.seconds
    }
}
impl Eq for Moment {}
impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.seconds.cmp(&other.seconds)
    }
}

/// China Standard Time, for moments written without an offset.
const CST_SECONDS: i64 = 8 * 3600;

impl FromStr for Moment {
    type Err = DateError;

    /// Takes RFC 3339, or a date with an optional time and no offset, which is read as China Standard Time.
    /// A date alone is its first second. Spreadsheets write `2026/7/5`; with the year first that is one day
    /// only, and the text becomes `2026-07-05`.
    fn from_str(text: &str) -> Result<Self, DateError> {
        let (date, rest) = text.split_at(text.find(['T', 't', ' ']).unwrap_or(text.len()));
        let mut fields = date.split(['-', '/']);
        let short = |f: &&str| f.len() <= 2;
        let year = fields.next().filter(|y| y.len() == 4).and_then(number);
        let month = fields.next().filter(short).and_then(number);
        let day = fields.next().filter(short).and_then(number);
        let (Some(year), Some(month), Some(day), None) = (year, month, day, fields.next()) else {
            return Err(DateError);
        };
        let days = days_from_civil(i64::from(year), i64::from(month), i64::from(day))?;
        let (time, offset) = match rest.as_bytes() {
            [] => ("", CST_SECONDS),
            _ => offset_of(&rest[1..])?,
        };
        let seconds = days * 86_400 + seconds_of_day(time)? - offset;
        Ok(Self { seconds, text: format!("{year:04}-{month:02}-{day:02}{rest}") })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|_| {
            serde::de::Error::custom(format!(
                "`{text}` is not a moment such as 2026-07-05T09:00:00+08:00"
            ))
        })
    }
}

fn number(text: &str) -> Option<u16> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// Splits `hh:mm:ss[.fff][Z|±hh:mm]` into the clock part and the offset in seconds.
fn offset_of(text: &str) -> Result<(&str, i64), DateError> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Ok((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return Ok((text, CST_SECONDS));
    };
    let (hours, minutes) = text[at + 1..].split_once(':').ok_or(DateError)?;
    let hours = number(hours).filter(|&h| h < 24).ok_or(DateError)?;
    let minutes = number(minutes).filter(|&m| m < 60).ok_or(DateError)?;
    let seconds = i64::from(hours) * 3600 + i64::from(minutes) * 60;
    let sign = if text.as_bytes()[at] == b'-' { -1 } else { 1 };
    Ok((&text[..at], sign * seconds))
}

fn seconds_of_day(clock: &str) -> Result<i64, DateError> {
    if clock.is_empty() {
        return Ok(0);
    }
    let clock = clock.split('.').next().unwrap_or(clock);
    let mut fields = clock.split(':');
    let hour = fields.next().and_then(number).filter(|&h| h < 24);
    let minute = fields.next().and_then(number).filter(|&m| m < 60);
    let second = match fields.next() {
        None => Some(0),
        Some(s) => number(s).filter(|&s| s <= 60),
    };
    match (hour, minute, second, fields.next()) {
        (Some(h), Some(m), Some(s), None) => {
            Ok(i64::from(h) * 3600 + i64::from(m) * 60 + i64::from(s))
        }
        _ => Err(DateError),
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counting years from 1 March so that
/// the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> Result<i64, DateError> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return Err(DateError),
    };
    if !(1..=length).contains(&day) {
        return Err(DateError);
    }
    let (shifted_year, shifted_month) =
        if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let days = shifted_year * 365 + shifted_year.div_euclid(4) - shifted_year.div_euclid(100)
        + shifted_year.div_euclid(400)
        + day_of_year;
    Ok(days - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_instants() {
        let seconds = |t: &str| t.parse::<Moment>().map(|m| m.seconds());
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Ok(0));
        assert_eq!(seconds("2000-02-29T12:00:00Z"), Ok(951_825_600));
        assert_eq!(seconds("2026-07-05T09:00:00+08:00"), seconds("2026-07-05T01:00:00Z"));
        assert_eq!(seconds("2026-07-05"), seconds("2026-07-04T16:00:00Z"));
        assert_eq!(seconds("2026-07-05 09:00"), seconds("2026-07-05T09:00:00+08:00"));
        for short in ["2026/7/5", "2026-7-5", "2026/07/05"] {
            let day: Moment = short.parse().expect("a day");
            assert_eq!(
                (day.to_string().as_str(), Ok(day.seconds())),
                ("2026-07-05", seconds("2026-07-05"))
            );
        }
        assert_eq!(seconds("2026/7/5 9:00"), seconds("2026-07-05T09:00:00+08:00"));
        for bad in [
            "2026-02-29",
            "2026/13/01",
            "05/07/2026",
            "5/7/26",
            "26/7/5",
            "2026/007/5",
            "",
            "2026/7/5x",
            "2026-07-05T25:00:00Z",
        ] {
            assert_eq!(seconds(bad), Err(DateError), "{bad}");
        }
    }

    #[test]
    fn months_order_by_time() {
        let month = |t: &str| t.parse::<YearMonth>();
        assert!(month("2023-09").expect("month") < month("2023-10").expect("month"));
        assert_eq!(month("2023/9"), month("2023-09-01"));
        for bad in ["2023", "2023-00", "2023-13", "23-09", "2023-09-32", "2023年9月"] {
            assert_eq!(month(bad), Err(DateError), "{bad}");
        }
    }
}
