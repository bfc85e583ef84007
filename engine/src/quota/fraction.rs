//! Exact fractions of seats, and how they round. No floating point.

use std::fmt;

use crate::policy::Rounding;

/// An exact, non-negative number of seats that need not be whole, kept in lowest terms.
///
/// Displays as a decimal with six places, halves up, trailing zeros cut; [`Fraction::exact`] is the fraction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fraction {
    numerator: u128,
    denominator: u128,
}

impl Fraction {
    /// `numerator / denominator`; a denominator of zero means the fraction is zero.
    pub fn new(numerator: u128, denominator: u128) -> Self {
        match denominator {
            0 => Self { numerator: 0, denominator: 1 },
            _ => {
                let common = gcd(numerator, denominator);
                Self { numerator: numerator / common, denominator: denominator / common }
            }
        }
    }

    /// The numerator in lowest terms.
    pub const fn numerator(self) -> u128 {
        self.numerator
    }

    /// The denominator in lowest terms, at least 1.
    pub const fn denominator(self) -> u128 {
        self.denominator
    }

    /// The whole seats in it.
    pub const fn floor(self) -> u128 {
        self.numerator / self.denominator
    }

    /// The least whole number that is not below it.
    pub const fn ceil(self) -> u128 {
        self.numerator.div_ceil(self.denominator)
    }

    /// Whether nothing is left over.
    pub const fn is_whole(self) -> bool {
        self.denominator == 1
    }

    /// What is left over the floor.
    #[must_use]
    pub const fn remainder(self) -> Self {
        Self { numerator: self.numerator % self.denominator, denominator: self.denominator }
    }

    /// In lowest terms: `103/7`, or `15` where it is whole.
    pub fn exact(self) -> String {
        match self.denominator {
            1 => self.numerator.to_string(),
            d => format!("{}/{d}", self.numerator),
        }
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PLACES: u128 = 1_000_000;
        let part = self.numerator % self.denominator;
        let millionths = (2 * PLACES * part + self.denominator) / (2 * self.denominator);
        let whole = self.floor() + millionths / PLACES;
        let text = format!("{whole}.{:06}", millionths % PLACES);
        f.pad(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

const fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// `numerator / denominator` as whole seats; halves go up under [`Rounding::HalfUp`]. Zero over zero is zero.
pub fn rounded(numerator: u64, denominator: u64, rounding: Rounding) -> u64 {
    let (n, d) = (u128::from(numerator), u128::from(denominator.max(1)));
    let seats = match rounding {
        Rounding::Down => n / d,
        Rounding::Up => n.div_ceil(d),
        Rounding::HalfUp => (2 * n + d) / (2 * d),
    };
    u64::try_from(seats).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_print_exactly_and_as_decimals() {
        for (n, d, exact, decimal) in [
            (206, 14, "103/7", "14.714286"),
            (15, 1, "15", "15"),
            (5, 2, "5/2", "2.5"),
            (0, 7, "0", "0"),
            (19_999_999, 10_000_000, "19999999/10000000", "2"),
            (3, 0, "0", "0"),
        ] {
            let fraction = Fraction::new(n, d);
            assert_eq!(fraction.exact(), exact);
            assert_eq!(fraction.to_string(), decimal);
        }
    }

    #[test]
    fn halves_go_where_the_rule_sends_them() {
        assert_eq!(rounded(5, 2, Rounding::HalfUp), 3);
        assert_eq!(rounded(5, 2, Rounding::Down), 2);
        assert_eq!(rounded(5, 2, Rounding::Up), 3);
        assert_eq!(rounded(7, 3, Rounding::HalfUp), 2);
        assert_eq!(rounded(0, 0, Rounding::Up), 0);
    }
}
