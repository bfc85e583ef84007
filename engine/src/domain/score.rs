//! Exact decimals: scores in hundredths of a point, shares in millionths. No floating point.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A score in integer hundredths of a point; files hold at most two decimal places.
///
/// Prints the shortest exact form: `612`, `612.5`, `612.25`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Score(i32);

/// Why a piece of text is not a decimal of the kind asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecimalError {
    /// Anything but digits with an optional sign and one point.
    #[error("not a decimal number")]
    NotANumber,
    /// More decimal places than are kept.
    #[error("more decimal places than the two that scores have")]
    TooPrecise,
    /// Beyond what the integer behind it holds.
    #[error("out of range")]
    TooLarge,
}

/// Reads `text` as an integer of `10^-places` units. Trailing zeros beyond `places` are allowed.
fn decimal(text: &str, places: usize) -> Result<i64, DecimalError> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut value: i64 = 0;
    let mut seen = false;
    let mut after_point: Option<usize> = None;
    for &byte in digits {
        match byte {
            b'0'..=b'9' => {
                seen = true;
                if let Some(n) = after_point.as_mut() {
                    *n += 1;
                    if *n > places {
                        if byte != b'0' {
                            return Err(DecimalError::TooPrecise);
                        }
                        continue;
                    }
                }
                value = value
                    .checked_mul(10)
                    .and_then(|v| v.checked_add(i64::from(byte - b'0')))
                    .ok_or(DecimalError::TooLarge)?;
            }
            b'.' if after_point.is_none() => after_point = Some(0),
            _ => return Err(DecimalError::NotANumber),
        }
    }
    if !seen {
        return Err(DecimalError::NotANumber);
    }
    for _ in after_point.unwrap_or(0).min(places)..places {
        value = value.checked_mul(10).ok_or(DecimalError::TooLarge)?;
    }
    Ok(if negative { -value } else { value })
}

impl Score {
    /// No points.
    pub const ZERO: Self = Self(0);

    /// A score of so many hundredths of a point.
    pub const fn from_hundredths(hundredths: i32) -> Self {
        Self(hundredths)
    }

    /// A score of so many whole points; saturates at the ends of the range.
    pub const fn from_points(points: i32) -> Self {
        Self(points.saturating_mul(100))
    }

    /// The hundredths of a point.
    pub const fn hundredths(self) -> i32 {
        self.0
    }

    /// The sum, saturating far outside any real score.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, saturating far outside any real score; may be below zero.
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Rounded to whole points, halves away from zero (四舍五入).
    pub const fn half_up(self) -> Self {
        let half = if self.0 < 0 { -50 } else { 50 };
        Self((self.0.saturating_add(half)) / 100 * 100)
    }
}

impl FromStr for Score {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        i32::try_from(decimal(text, 2)?).map(Self).map_err(|_| DecimalError::TooLarge)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        let text = match part {
            0 => format!("{sign}{whole}"),
            p if p % 10 == 0 => format!("{sign}{whole}.{}", p / 10),
            p => format!("{sign}{whole}.{p:02}"),
        };
        f.pad(&text)
    }
}

impl Serialize for Score {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Score {
    /// Takes text (`"612.5"`), a whole number, or a float of the policy file by its shortest decimal form.
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        decimal_value(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A share of a whole in millionths, `0` to `1` inclusive: `0.70` is 700,000.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Share(u32);

impl Share {
    /// One whole, in the unit of [`Share::millionths`].
    pub const ONE: u64 = 1_000_000;

    /// The millionths; at most [`Share::ONE`].
    pub const fn millionths(self) -> u64 {
        self.0 as u64
    }
}

impl FromStr for Share {
    type Err = DecimalError;

    /// Takes a decimal from 0 to 1 with at most six places, or a percentage such as `70%`.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let millionths = match text.strip_suffix('%') {
            Some(percent) => decimal(percent.trim_end(), 4)?,
            None => decimal(text, 6)?,
        };
        u32::try_from(millionths)
            .ok()
            .filter(|&m| u64::from(m) <= Self::ONE)
            .map(Self)
            .ok_or(DecimalError::TooLarge)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000);
        let short = text.trim_end_matches('0').trim_end_matches('.');
        f.pad(short)
    }
}

impl Serialize for Share {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Share {
    /// Takes text (`"0.70"`, `"70%"`) or a number of the policy file by its shortest decimal form.
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        decimal_value(from)?.parse().map_err(|_| {
            serde::de::Error::custom("a share is a decimal from 0 to 1, such as \"0.70\"")
        })
    }
}

/// The text of a decimal that a file may hold as a string or as a number.
fn decimal_value<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    struct Decimal;
    impl serde::de::Visitor<'_> for Decimal {
        type Value = String;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a decimal number, in quotes")
        }
        fn visit_str<E>(self, v: &str) -> Result<String, E> {
            Ok(v.trim().to_owned())
        }
        fn visit_i64<E>(self, v: i64) -> Result<String, E> {
            Ok(v.to_string())
        }
        fn visit_u64<E>(self, v: u64) -> Result<String, E> {
            Ok(v.to_string())
        }
        fn visit_f64<E>(self, v: f64) -> Result<String, E> {
            Ok(v.to_string())
        }
    }
    from.deserialize_any(Decimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_read_and_print_exactly() {
        for (text, hundredths, printed) in [
            ("612", 61200, "612"),
            ("612.5", 61250, "612.5"),
            ("612.50", 61250, "612.5"),
            ("612.05", 61205, "612.05"),
            ("-0.25", -25, "-0.25"),
            ("612.500", 61250, "612.5"),
        ] {
            let score: Score = text.parse().expect("a score");
            assert_eq!(score.hundredths(), hundredths);
            assert_eq!(score.to_string(), printed);
        }
        assert_eq!("612.505".parse::<Score>(), Err(DecimalError::TooPrecise));
        for bad in ["", ".", "-", "6e2", "1.2.3", "６１２", " 1"] {
            assert_eq!(bad.parse::<Score>(), Err(DecimalError::NotANumber), "{bad:?}");
        }
        assert_eq!("99999999999".parse::<Score>(), Err(DecimalError::TooLarge));
    }

    #[test]
    fn half_up_rounds_halves_away_from_zero() {
        assert_eq!(Score(61249).half_up(), Score(61200));
        assert_eq!(Score(61250).half_up(), Score(61300));
        assert_eq!(Score(-50).half_up(), Score(-100));
    }

    #[test]
    fn shares_are_between_nothing_and_the_whole() {
        assert_eq!("0.70".parse::<Share>().map(Share::millionths), Ok(700_000));
        assert_eq!("70%".parse::<Share>().map(Share::millionths), Ok(700_000));
        assert_eq!("1".parse::<Share>().map(Share::millionths), Ok(1_000_000));
        assert!("1.01".parse::<Share>().is_err());
        assert!("-0.1".parse::<Share>().is_err());
        assert_eq!("0.125".parse::<Share>().expect("share").to_string(), "0.125");
    }
}
