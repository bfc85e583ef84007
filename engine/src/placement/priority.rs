//! Priority 录取顺序: the keys of a list as numbers, and whole orders as ranks.
//!
//! Every value here is "smaller is better". A claim is an applicant proposing from a wish position to a
//! school; lists without wish or special keys order applicants, the others order claims.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::run::sort_packed;
use crate::domain::{ApplicantIx, BatchIx, CategoryIx, Lottery, SchoolIx, Score, Season};
use crate::policy::{Key, PriorityList};

/// An applicant proposing from a wish position (0 in adjustment) to a school.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Who.
    pub applicant: ApplicantIx,
    /// From which wish; 0 in adjustment.
    pub position: u16,
    /// To which school.
    pub school: SchoolIx,
}

impl Claim {
    /// The claim of an applicant wherever neither wish nor school matters.
    pub const fn of(applicant: ApplicantIx) -> Self {
        Self { applicant, position: 0, school: SchoolIx(u32::MAX) }
    }
}

/// Reads the keys of one list for the classes of one category in one batch.
#[derive(Clone, Copy)]
pub struct Reader<'s> {
    season: &'s Season,
    list: &'s PriorityList,
    batch: BatchIx,
    /// The category whose special scores count; nothing where the list reads none.
    category: Option<CategoryIx>,
    lottery: &'s Lottery,
}

impl<'s> Reader<'s> {
    /// A reader of the list that orders a category in a batch; without a category, of the batch's own list.
    pub fn new(
        season: &'s Season,
        batch: BatchIx,
        category: Option<CategoryIx>,
        lottery: &'s Lottery,
    ) -> Self {
        let policy = season.policy();
        let list = match category {
            Some(category) => policy.priority(batch, category),
            None => &policy.batch(batch).priority,
        };
        Self { season, list, batch, category, lottery }
    }

    /// The list that is read.
    pub const fn list(&self) -> &'s PriorityList {
        self.list
    }

    /// The value of one key; smaller is better. The lottery's value is read by [`Reader::compare`] alone.
    pub fn value(&self, key: &Key, claim: Claim) -> i64 {
        self.value_at(key, claim, self.season.applicant(claim.applicant).total)
    }

    /// The value of one key if the applicant's total were this, and all else as it is.
    pub fn value_at(&self, key: &Key, claim: Claim, total_score: Score) -> i64 {
        let applicant = self.season.applicant(claim.applicant);
        let total = i64::from(total_score.hundredths());
        match key {
            Key::Total => -total,
            Key::Composite | Key::Special => {
                let Some(category) = self.category else { return 0 };
                let special = self
                    .season
                    .special_score(claim.applicant, category, claim.school)
                    .map(|s| s.score)
                    .unwrap_or_default();
                match (key, self.season.policy().category(category).composite) {
                    (Key::Composite, Some(formula)) => -formula.of(total_score, special),
                    _ => -i64::from(special.hundredths()),
                }
            }
            Key::Subjects(subjects) => -subjects
                .iter()
                .map(|&s| i64::from(self.season.subject_score(claim.applicant, s).hundredths()))
                .sum::<i64>(),
            Key::Evaluation => applicant.evaluation.map_or(4, |grade| grade as i64),
            Key::TieClass => i64::from(applicant.tie_class),
            Key::Wish | Key::WishGroup(_) | Key::WishGroups(_) => wish_value(key, claim.position),
            Key::Band(width) => -total.div_euclid(i64::from(width.hundredths())),
            Key::Lines(lines) => {
                -(lines.iter().filter(|&&line| line <= total_score).count() as i64)
            }
            Key::Lottery | Key::Manual => 0,
        }
    }

    /// Compares two claims on every key but the last one.
    pub fn compare_before_last(&self, a: Claim, b: Claim) -> Ordering {
        let keys = self.list.keys.split_last().map_or(&[][..], |(_, rest)| rest);
        for key in keys {
            let order = self.value(key, a).cmp(&self.value(key, b));
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }

    /// Compares two claims on every key, then by applicant id and position.
    pub fn compare(&self, a: Claim, b: Claim) -> Ordering {
        self.compare_before_last(a, b)
            .then_with(|| self.last_value(a.applicant).cmp(&self.last_value(b.applicant)))
            .then_with(|| a.applicant.cmp(&b.applicant))
            .then_with(|| a.position.cmp(&b.position))
    }

    /// The value of the last key: the lottery number, or the recorded order with the undecided last.
    pub fn last_value(&self, applicant: ApplicantIx) -> u64 {
        match self.list.keys.last() {
            Some(Key::Lottery) => self.lottery.number(&self.season.applicant(applicant).id),
            Some(Key::Manual) => {
                self.season.tie_decision(self.batch, applicant).map_or(u64::MAX, u64::from)
            }
            _ => 0,
        }
    }
}

/// The value of a wish key; position 0 is 0.
fn wish_value(key: &Key, position: u16) -> i64 {
    let position = i64::from(position);
    match key {
        Key::WishGroup(size) => (position + i64::from(*size) - 1) / i64::from(*size),
        Key::WishGroups(sizes) if position > 0 => {
            let mut left = position;
            let mut block = 0;
            let mut sizes = sizes.iter().map(|&s| i64::from(s)).peekable();
            while let Some(size) = sizes.next() {
                if sizes.peek().is_none() {
                    return block + (left + size - 1) / size;
                }
                block += 1;
                if left <= size {
                    return block;
                }
                left -= size;
            }
            block
        }
        _ => position,
    }
}

/// The order of a list over the participants of a market, as numbers to compare.
#[derive(Clone, Debug)]
pub enum Order {
    /// Wish-free: the rank of each participant, unique.
    Applicants {
        /// Rank by participant.
        rank: Vec<u32>,
    },
    /// One wish key: the tied rank on the keys before it, the wish's value, the unique rank on all others.
    Wish {
        /// `tied rank << (wish bits + rank bits) | unique rank`, by participant.
        frame: Vec<u64>,
        /// `value << rank bits`, by wish position.
        wish: Vec<u64>,
    },
    /// Anything else: the rank of each proposal among those of the order.
    Proposals {
        /// Rank by proposal; 0 for the proposals of other orders.
        rank: Vec<u32>,
    },
}

impl Order {
    /// The key of a proposal; smaller is better and no two participants are equal.
    #[inline]
    pub fn key(&self, participant: u32, proposal: usize, position: u16) -> u64 {
        match self {
            Self::Applicants { rank } => u64::from(rank[participant as usize]),
            Self::Wish { frame, wish } => frame[participant as usize] | wish[usize::from(position)],
            Self::Proposals { rank } => u64::from(rank[proposal]),
        }
    }
}

/// Orders the participants by a list, its wish keys left out; best first.
pub fn sort_participants(reader: &Reader<'_>, participants: &[ApplicantIx]) -> Vec<u32> {
    let keys: Vec<&Key> = reader.list.keys.iter().filter(|k| !k.reads_wish()).collect();
    sort_claims(reader, &keys, participants.len(), |p| Claim::of(participants[p]))
}

/// Orders so many claims by these keys of a list; best first.
///
/// Sorts one packed integer each: as many leading keys as fit beside the index, then the rest only
/// inside groups that are equal so far. O(n log n); the same for any number of threads.
pub fn sort_claims(
    reader: &Reader<'_>,
    keys: &[&Key],
    count: usize,
    claim: impl Fn(usize) -> Claim + Sync,
) -> Vec<u32> {
    let packs = |k: &&&Key| !matches!(k, Key::Lottery | Key::Manual);
    let keys: Vec<&Key> = keys.iter().filter(packs).copied().collect();
    let index_bits = bits(count as u64);
    let mut packed: Vec<u64> = vec![0; count];
    let mut values: Vec<i64> = Vec::new();
    let mut used = index_bits;
    let mut rest = &keys[..];
    while let [key, later @ ..] = rest {
        let claims = (0..count).into_par_iter().with_min_len(1 << 12);
        claims.map(|at| reader.value(key, claim(at))).collect_into_vec(&mut values);
        let least = values.iter().copied().min().unwrap_or(0);
        let most = values.iter().copied().max().unwrap_or(0);
        let step = common_step(&values, least);
        let width = bits(most.abs_diff(least) / step);
        if used + width > u64::BITS {
            break;
        }
        packed.par_iter_mut().zip(&values).with_min_len(1 << 12).for_each(|(packed, value)| {
            *packed = (*packed << width) | (value.abs_diff(least) / step);
        });
        used += width;
        rest = later;
    }
    drop(values);
    let mask = (1_u64 << index_bits) - 1;
    packed.iter_mut().zip(0_u64..).for_each(|(packed, at)| *packed = (*packed << index_bits) | at);
    sort_packed(&mut packed);
    packed.par_chunk_by_mut(|a, b| a >> index_bits == b >> index_bits).for_each(|group| {
        if group.len() > 1 {
            group.sort_by_cached_key(|&packed| {
                let claim = claim((packed & mask) as usize);
                let values: Vec<i64> = rest.iter().map(|key| reader.value(key, claim)).collect();
                let last = reader.last_value(claim.applicant);
                (values, last, claim.applicant, claim.position, packed)
            });
        }
    });
    packed.into_iter().map(|packed| (packed & mask) as u32).collect()
}

/// The greatest number that divides the distance of every value from `least`, at least 1: scores in whole
/// points are hundreds apart, and leave room for more keys in a word.
fn common_step(values: &[i64], least: i64) -> u64 {
    let mut step = 0;
    for value in values {
        let (mut a, mut b) = (value.abs_diff(least), step);
        if b != 0 && a % b == 0 {
            continue;
        }
        while b != 0 {
            (a, b) = (b, a % b);
        }
        step = a;
        if step == 1 {
            break;
        }
    }
    step.max(1)
}

/// How many bits hold the value.
const fn bits(value: u64) -> u32 {
    u64::BITS - value.leading_zeros()
}

/// The rank of each participant, from the participants in order.
pub fn ranks(sorted: &[u32]) -> Vec<u32> {
    let mut rank = vec![0; sorted.len()];
    for (at, &p) in (0_u32..).zip(sorted) {
        rank[p as usize] = at;
    }
    rank
}

/// The order of a list with exactly one wish key and no scores that differ between schools.
/// `positions` are the wish positions that occur.
pub fn wish_order(reader: &Reader<'_>, participants: &[ApplicantIx], positions: &[u16]) -> Order {
    // Sorted without the wish key, those equal on the keys before it still stand together.
    let sorted = sort_participants(reader, participants);
    let Some(at) = reader.list.keys.iter().position(Key::reads_wish) else {
        return Order::Applicants { rank: ranks(&sorted) };
    };
    let (prefix, key) = (&reader.list.keys[..at], &reader.list.keys[at]);
    let mut values: Vec<i64> = positions.iter().map(|&p| wish_value(key, p)).collect();
    values.sort_unstable();
    values.dedup();
    let rank_bits = bits(participants.len() as u64);
    let wish_bits = bits(values.len() as u64);
    let widest = usize::from(positions.iter().copied().max().unwrap_or(0));
    let mut wish = vec![0; widest + 1];
    for &position in positions {
        let dense = values.partition_point(|&v| v < wish_value(key, position)) as u64;
        wish[usize::from(position)] = dense << rank_bits;
    }
    let claim = |p: u32| Claim::of(participants[p as usize]);
    let mut frame = vec![0; participants.len()];
    let mut tied = 0_u64;
    for (at, &p) in sorted.iter().enumerate() {
        if at > 0 {
            let before = claim(sorted[at - 1]);
            let same = |k: &Key| reader.value(k, before) == reader.value(k, claim(p));
            tied += u64::from(!prefix.iter().all(same));
        }
        frame[p as usize] = (tied << (wish_bits + rank_bits)) | at as u64;
    }
    Order::Wish { frame, wish }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_divides_every_distance() {
        assert_eq!(common_step(&[], 0), 1);
        assert_eq!(common_step(&[-700, -700], -700), 1);
        assert_eq!(common_step(&[-61_200, -60_000, -71_950], -71_950), 50);
        assert_eq!(common_step(&[3, 5, 10], 3), 1);
        assert_eq!(common_step(&[i64::MIN, i64::MAX], i64::MIN), u64::MAX);
    }

    #[test]
    fn wish_groups_count_from_one_and_the_last_size_repeats() {
        let values = |key: &Key| (0..=8).map(|p| wish_value(key, p)).collect::<Vec<_>>();
        assert_eq!(values(&Key::Wish), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(values(&Key::WishGroup(3)), [0, 1, 1, 1, 2, 2, 2, 3, 3]);
        assert_eq!(values(&Key::WishGroups(vec![1, 3])), [0, 1, 2, 2, 2, 3, 3, 3, 4]);
        assert_eq!(values(&Key::WishGroups(vec![2])), [0, 1, 1, 2, 2, 3, 3, 4, 4]);
    }
}
