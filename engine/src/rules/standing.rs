//! The order of applicants in a seat class, by the class's own priority keys (SPEC §4).

use crate::domain::{
    ApplicantIx, BatchIx, CategoryIx, Evaluation, Lottery, SchoolIx, Score, Season,
};
use crate::policy::Key;

/// Where an applicant stands in a class: smaller goes first. Equal only where the keys leave a tie
/// that nobody has decided.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Standing(Vec<i64>);

/// Works out standings for one season.
pub(super) struct Standings<'s> {
    season: &'s Season,
    lottery: Vec<u64>,
}

/// The position that an applicant without a wish for the class is given: behind every wish.
pub(super) const NO_WISH: u16 = u16::MAX;

impl<'s> Standings<'s> {
    /// Draws every lottery number once.
    pub(super) fn new(season: &'s Season) -> Self {
        let lottery = Lottery::new(season.policy().seed.as_deref().unwrap_or_default());
        let numbers = season.applicants().iter().map(|a| lottery.number(&a.id)).collect();
        Self { season, lottery: numbers }
    }

    /// An applicant's total.
    pub(super) fn total(&self, applicant: ApplicantIx) -> Score {
        self.season.applicant(applicant).total
    }

    /// The standing of an applicant in a class, on the wish with this position.
    pub(super) fn of(
        &self,
        applicant: ApplicantIx,
        (school, batch, category): (SchoolIx, BatchIx, CategoryIx),
        position: u16,
    ) -> Standing {
        let season = self.season;
        let a = season.applicant(applicant);
        let special =
            || season.special_score(applicant, category, school).map_or(Score::ZERO, |s| s.score);
        let high = |s: Score| -i64::from(s.hundredths());
        let mut values = Vec::with_capacity(8);
        for key in &season.policy().priority(batch, category).keys {
            let value = match key {
                Key::Total => high(a.total),
                Key::Special => high(special()),
                Key::Composite => season
                    .policy()
                    .category(category)
                    .composite
                    .map_or(0, |c| -c.of(a.total, special())),
                Key::Subjects(parts) => {
                    parts.iter().map(|&s| high(season.subject_score(applicant, s))).sum()
                }
                Key::Evaluation => a.evaluation.map_or(4, |e| match e {
                    Evaluation::A => 0,
                    Evaluation::B => 1,
                    Evaluation::C => 2,
                    Evaluation::D => 3,
                }),
                Key::TieClass => i64::from(a.tie_class),
                Key::Wish => i64::from(position),
                Key::WishGroup(size) => i64::from(position.div_ceil((*size).max(1))),
                Key::WishGroups(sizes) => block(sizes, position),
                Key::Band(width) => {
                    let width = width.hundredths().max(1);
                    -i64::from(a.total.hundredths().div_euclid(width))
                }
                Key::Lines(lines) => {
                    -(lines.iter().filter(|&&line| line <= a.total).count() as i64)
                }
                Key::Lottery => {
                    // Flipping the sign bit keeps the order of the unsigned number.
                    values.push((self.lottery[applicant.at()] ^ (1 << 63)).cast_signed());
                    i64::from(applicant.0)
                }
                Key::Manual => season.tie_decision(batch, applicant).map_or(i64::MAX, i64::from),
            };
            values.push(value);
        }
        Standing(values)
    }
}

/// The block of the position, from 1, by sizes of which the last repeats; 0 stays 0.
fn block(sizes: &[u16], position: u16) -> i64 {
    let mut left = position;
    let mut number = 0;
    let mut at = 0;
    while left > 0 {
        let size = sizes.get(at).or(sizes.last()).copied().unwrap_or(1).max(1);
        left = left.saturating_sub(size);
        number += 1;
        at += 1;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::block;

    #[test]
    fn uneven_blocks_repeat_the_last_size() {
        let blocks: Vec<i64> = (0..=8).map(|p| block(&[1, 3], p)).collect();
        assert_eq!(blocks, [0, 1, 2, 2, 2, 3, 3, 3, 4]);
    }
}
