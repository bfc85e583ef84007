//! The six subjects to choose from and the twelve combinations 选科组合 of 3+1+2: physics or history, and two of
//! chemistry, biology, politics and geography.

use std::fmt;
use std::str::FromStr;

/// A subject of choice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Subject {
    /// 物理
    Physics,
    /// 历史
    History,
    /// 化学
    Chemistry,
    /// 生物
    Biology,
    /// 思想政治
    Politics,
    /// 地理
    Geography,
}

impl Subject {
    /// Every subject: its key, the name on lists, the one character of short names, other names.
    const WORDS: [(Self, &'static str, &'static str, char, &'static str); 6] = [
        (Self::Physics, "physics", "物理", '物', "物理学"),
        (Self::History, "history", "历史", '史', "历史学"),
        (Self::Chemistry, "chemistry", "化学", '化', "化学科"),
        (Self::Biology, "biology", "生物", '生', "生物学"),
        (Self::Politics, "politics", "政治", '政', "思想政治"),
        (Self::Geography, "geography", "地理", '地', "地理学"),
    ];

    /// Every subject, the first choices in front.
    pub const ALL: [Self; 6] = [
        Self::Physics,
        Self::History,
        Self::Chemistry,
        Self::Biology,
        Self::Politics,
        Self::Geography,
    ];

    /// The English key, such as `physics`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        Self::WORDS[self as usize].1
    }

    /// The name on lists, such as 物理.
    #[must_use]
    pub const fn label(self) -> &'static str {
        Self::WORDS[self as usize].2
    }

    /// The one character of it in short names, such as 物.
    #[must_use]
    pub const fn short(self) -> char {
        Self::WORDS[self as usize].3
    }

    /// The name of a section by block and number, such as 物理1-2: the second of physics in the first block.
    #[must_use]
    pub fn section(self, block: u8, number: u32) -> String {
        format!("{}{block}-{number}", self.label())
    }

    /// Whether it is one of the two first choices 首选科目.
    #[must_use]
    pub const fn is_first(self) -> bool {
        matches!(self, Self::Physics | Self::History)
    }

    /// The subject that a word names: key, name, other name or short character.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        let same = |&&(_, key, label, short, other): &&(Self, &str, &str, char, &str)| {
            key.eq_ignore_ascii_case(word)
                || label == word
                || other == word
                || word.strip_prefix(short).is_some_and(str::is_empty)
        };
        Self::WORDS.iter().find(same).map(|w| w.0)
    }
}

/// A combination that 3+1+2 allows: three subjects, one of them physics or history.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Combination([Subject; 3]);

/// The text names no combination of 3+1+2.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("物理、历史中一门，化学、生物、政治、地理中两门，如 物化生")]
pub struct NoCombination;

impl Combination {
    /// The twelve combinations, in order.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = Vec::with_capacity(12);
        for &first in &Subject::ALL[..2] {
            for (at, &second) in Subject::ALL.iter().enumerate().skip(2) {
                all.extend(
                    Subject::ALL[at + 1..].iter().map(|&third| Self([first, second, third])),
                );
            }
        }
        all
    }

    /// The subjects: the first choice, then the others in the order of [`Subject::ALL`].
    #[must_use]
    pub const fn subjects(self) -> [Subject; 3] {
        self.0
    }
}

impl FromStr for Combination {
    type Err = NoCombination;

    /// `物化生` in any order, or names and keys joined by `+`, `,`, `、`, `/` or spaces.
    fn from_str(text: &str) -> Result<Self, NoCombination> {
        let is_joint = |c: char| {
            matches!(c, '+' | '＋' | ',' | '，' | '、' | '/' | ';' | '-') || c.is_whitespace()
        };
        let words: Vec<&str> = text.split(is_joint).filter(|w| !w.is_empty()).collect();
        let mut subjects = match words.as_slice() {
            [word] => word
                .chars()
                .map(|c| Subject::named(c.encode_utf8(&mut [0; 4])))
                .collect::<Option<Vec<_>>>(),
            words => words.iter().map(|w| Subject::named(w)).collect(),
        }
        .ok_or(NoCombination)?;
        subjects.sort_unstable();
        match subjects.as_slice() {
            &[a, b, c] if a.is_first() && !b.is_first() && b != c => Ok(Self([a, b, c])),
            _ => Err(NoCombination),
        }
    }
}

impl fmt::Display for Combination {
    /// The short name, such as 物化生.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|s| write!(f, "{}", s.short()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_combinations_read_back() {
        let all = Combination::all();
        assert_eq!(all.len(), 12);
        for combination in all {
            let [a, b, c] = combination.subjects();
            let short = combination.to_string();
            let turned: String = short.chars().rev().collect();
            let keys = format!("{} + {}+{}", c.key(), a.key().to_uppercase(), b.key());
            let names = format!("{}、{}，{}", b.label(), c.label(), a.label());
            for text in [short, turned, keys, names] {
                assert_eq!(text.parse(), Ok(combination), "{text}");
            }
        }
        assert_eq!(
            "历史/思想政治/地理".parse::<Combination>().map(|c| c.to_string()).as_deref(),
            Ok("史政地")
        );
    }

    #[test]
    fn what_3_1_2_forbids_is_refused() {
        for text in [
            "",
            "物",
            "物史化",
            "化生政",
            "物化化",
            "物化生地",
            "物理",
            "物+化",
            "physics+art+biology",
            "abc",
        ] {
            assert_eq!(text.parse::<Combination>(), Err(NoCombination), "{text}");
        }
    }
}
