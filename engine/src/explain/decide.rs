//! What decided between the last one admitted and an applicant, and what total would have turned it.

use super::said::Decided;
use crate::domain::{Score, Season};
use crate::placement::priority::{Claim, Reader};
use crate::policy::Key;

/// The first key on which `mine` comes after `last`; nothing if it does not.
pub(super) fn decided(
    season: &Season,
    reader: &Reader<'_>,
    last: Claim,
    mine: Claim,
) -> Option<Decided> {
    if reader.compare(last, mine).is_ge() {
        return None;
    }
    let me = season.applicant(mine.applicant);
    for key in &reader.list().keys {
        let (theirs, own) = (reader.value(key, last), reader.value(key, mine));
        if theirs == own {
            continue;
        }
        // Smaller is better, so that the difference is what is missing.
        let missing = own - theirs;
        let short = Score::from_hundredths(i32::try_from(missing).unwrap_or(i32::MAX));
        return Some(match key {
            Key::Total => Decided::Total { short },
            Key::Composite => Decided::Composite { short: ten_thousandths(missing) },
            Key::Special => Decided::Special { short },
            Key::Subjects(subjects) => Decided::Subjects {
                names: subjects
                    .iter()
                    .map(|s| season.policy().subjects[s.at()].name.clone())
                    .collect(),
                short,
            },
            Key::Evaluation => Decided::Evaluation { mine: me.evaluation },
            Key::TieClass => Decided::TieClass { mine: me.tie_class },
            Key::Wish | Key::WishGroup(_) | Key::WishGroups(_) => Decided::Wish {
                last: u32::try_from(theirs).unwrap_or(0),
                mine: u32::try_from(own).unwrap_or(0),
                grouped: !matches!(key, Key::Wish),
            },
            Key::Band(width) => Decided::Band { width: Some(*width) },
            Key::Lines(_) => Decided::Band { width: None },
            // Read last; their values are all alike.
            Key::Lottery | Key::Manual => continue,
        });
    }
    Some(if reader.list().manual() { Decided::Manual } else { Decided::Lottery })
}

/// The smallest total above `from`, up to `most`, with which `mine` would come before `last`, all else of
/// both as it is. Every key that reads the total prefers a higher one, so that halving finds it.
pub(super) fn overtakes_at(
    reader: &Reader<'_>,
    last: Claim,
    mine: Claim,
    from: Score,
    most: Score,
) -> Option<Score> {
    let before = |total: i32| {
        let keys = reader.list().keys.split_last().map_or(&[][..], |(_, rest)| rest);
        let total = Score::from_hundredths(total);
        let order = keys
            .iter()
            .map(|key| reader.value_at(key, mine, total).cmp(&reader.value(key, last)))
            .find(|order| order.is_ne());
        let lots = || {
            (reader.last_value(mine.applicant), mine.applicant)
                .cmp(&(reader.last_value(last.applicant), last.applicant))
        };
        order.unwrap_or_else(lots).is_lt()
    };
    let (mut low, mut high) = (from.hundredths(), most.hundredths());
    if !before(high) {
        return None;
    }
    if before(low) {
        return Some(from);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if before(middle) { high = middle } else { low = middle }
    }
    Some(Score::from_hundredths(high))
}

/// A number of ten-thousandths in its shortest exact form.
fn ten_thousandths(value: i64) -> String {
    let text = format!("{}.{:04}", value / 10_000, value % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::ten_thousandths;

    #[test]
    fn ten_thousandths_print_short() {
        let printed = [0, 1, 10, 12_500, 30_000, 1_234_567].map(ten_thousandths);
        assert_eq!(printed, ["0", "0.0001", "0.001", "1.25", "3", "123.4567"]);
    }
}
