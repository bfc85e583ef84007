//! Who goes before whom in a class: the keys of SPEC §4 read exactly, compared left to right.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU64, Ordering as Memory};

use super::market::Market;
use crate::domain::{ApplicantIx, BatchIx, CategoryIx, Lottery, SchoolIx, Season};
use crate::policy::{Key, PriorityList};

/// The lottery numbers, each drawn when a tie first asks for it.
pub struct Lots<'s> {
    season: &'s Season,
    lottery: Lottery,
    /// By applicant: the number, 0 while nobody asked. Whoever asks first, the number is the same.
    drawn: Vec<AtomicU64>,
}

impl<'s> Lots<'s> {
    /// The lottery of the season's seed.
    pub fn new(season: &'s Season) -> Self {
        let drawn = (0..season.applicants().len()).map(|_| AtomicU64::new(0)).collect();
        let seed = season.policy().seed.as_deref().unwrap_or_default();
        Self { season, lottery: Lottery::new(seed), drawn }
    }

    fn number(&self, applicant: ApplicantIx) -> u64 {
        let place = &self.drawn[applicant.at()];
        let mut number = place.load(Memory::Relaxed);
        if number == 0 {
            number = self.lottery.number(&self.season.applicant(applicant).id);
            place.store(number, Memory::Relaxed);
        }
        number
    }

    /// By number, then by id; applicants are in the order of their ids.
    fn compare(&self, a: ApplicantIx, b: ApplicantIx) -> Ordering {
        if a == b {
            return Ordering::Equal;
        }
        self.number(a).cmp(&self.number(b)).then(a.cmp(&b))
    }
}

/// The order of proposals in a class.
#[derive(Clone, Copy)]
pub struct Order<'m> {
    season: &'m Season,
    lots: &'m Lots<'m>,
    batch: BatchIx,
    list: &'m PriorityList,
    category: Option<CategoryIx>,
    school: Option<SchoolIx>,
}

impl<'m> Order<'m> {
    /// The order of a class.
    pub fn of_class(market: &'m Market<'_>, class: usize) -> Self {
        Self::of(market, market.classes[class].school, market.classes[class].category)
    }

    /// The order of the classes of a school and category.
    pub fn of(market: &'m Market<'_>, school: SchoolIx, category: CategoryIx) -> Self {
        let season = market.season();
        Self {
            season,
            lots: &market.lots,
            batch: market.batch,
            list: season.policy().priority(market.batch, category),
            category: Some(category),
            school: Some(school),
        }
    }

    /// The batch's own order, which adjustment follows.
    pub fn of_batch(market: &'m Market<'_>) -> Self {
        let season = market.season();
        let list = &season.policy().batch(market.batch).priority;
        let lots = &market.lots;
        Self { season, lots, batch: market.batch, list, category: None, school: None }
    }

    /// Whether ties are left to recorded decisions.
    pub fn manual(&self) -> bool {
        self.list.manual()
    }

    /// The value of one key for one proposal; smaller goes first.
    fn value(&self, key: &Key, applicant: ApplicantIx, position: u16) -> i64 {
        let who = self.season.applicant(applicant);
        let special = || match (self.category, self.school) {
            (Some(category), Some(school)) => self
                .season
                .special_score(applicant, category, school)
                .map(|s| s.score)
                .unwrap_or_default(),
            _ => Default::default(),
        };
        match key {
            Key::Total => -i64::from(who.total.hundredths()),
            Key::Composite => {
                let mix = self.category.and_then(|c| self.season.policy().category(c).composite);
                -mix.map_or(0, |m| m.of(who.total, special()))
            }
            Key::Special => -i64::from(special().hundredths()),
            Key::Subjects(subjects) => subjects
                .iter()
                .map(|&s| -i64::from(self.season.subject_score(applicant, s).hundredths()))
                .sum(),
            Key::Evaluation => who.evaluation.map_or(i64::from(u8::MAX), |e| e as i64),
            Key::TieClass => i64::from(who.tie_class),
            Key::Wish => i64::from(position),
            Key::WishGroup(size) => i64::from(position.div_ceil(*size)),
            Key::WishGroups(sizes) => i64::from(block(sizes, position)),
            Key::Band(width) => {
                -i64::from(who.total.hundredths().div_euclid(width.hundredths().max(1)))
            }
            Key::Lines(lines) => {
                -i64::try_from(lines.iter().filter(|&&l| l <= who.total).count()).unwrap_or(0)
            }
            // Numbers fill all 64 bits: they are compared, and only in ties.
            Key::Lottery => 0,
            Key::Manual => {
                self.season.tie_decision(self.batch, applicant).map_or(i64::MAX, i64::from)
            }
        }
    }

    /// Compares two proposals exactly; `Less` goes first. Equal only for a tie that nothing recorded decides.
    pub fn compare(&self, a: (ApplicantIx, u16), b: (ApplicantIx, u16)) -> Ordering {
        self.compare_keys(a, b).0
    }

    /// Compares two proposals and says whether only the last key (the lottery or a decision) told them apart.
    pub fn compare_keys(&self, a: (ApplicantIx, u16), b: (ApplicantIx, u16)) -> (Ordering, bool) {
        let last = self.list.keys.len().saturating_sub(1);
        for (at, key) in self.list.keys.iter().enumerate() {
            let order = match key {
                Key::Lottery => self.lots.compare(a.0, b.0),
                key => self.value(key, a.0, a.1).cmp(&self.value(key, b.0, b.1)),
            };
            if order != Ordering::Equal {
                return (order, at == last);
            }
        }
        (Ordering::Equal, true)
    }

    /// Whether a tie of these two is left to a decision that does not tell them apart: one of them has no
    /// recorded order, or both have the same.
    pub fn undecided(&self, a: ApplicantIx, b: ApplicantIx) -> bool {
        let order = |applicant| self.season.tie_decision(self.batch, applicant);
        self.manual() && (order(a).is_none() || order(b).is_none() || order(a) == order(b))
    }

    /// The value of the first key, which alone tells most proposals apart; smaller goes first.
    pub fn first_value(&self, applicant: ApplicantIx, position: u16) -> Option<i64> {
        let (key, _) = self.list.keys.split_first().filter(|(_, rest)| !rest.is_empty())?;
        Some(self.value(key, applicant, position))
    }

    /// The leading keys, packed from the left and cut off at 128 bits: the smaller goes first, and equals
    /// are for [`Order::compare`] to tell apart.
    fn packed(&self, applicant: ApplicantIx, position: u16) -> u128 {
        let (mut packed, mut left) = (0_u128, u128::BITS);
        for key in &self.list.keys {
            let Some((bits, bias)) = packing(key).filter(|(bits, _)| *bits <= left) else { break };
            left -= bits;
            let value = self.value(key, applicant, position).wrapping_add(bias);
            packed |= u128::from(value.cast_unsigned()) << left;
        }
        packed
    }

    /// The first half of the packed keys, which tells most proposals apart.
    pub fn front(&self, applicant: ApplicantIx, position: u16) -> u64 {
        (self.packed(applicant, position) >> u64::BITS) as u64
    }

    /// The applicants in this order, best first, the wish read as 0 and equals by applicant.
    pub fn sorted(&self, applicants: impl IntoIterator<Item = ApplicantIx>) -> Vec<ApplicantIx> {
        let mut sorted: Vec<(u128, ApplicantIx)> =
            applicants.into_iter().map(|a| (self.packed(a, 0), a)).collect();
        let exact = |a, b| self.compare((a, 0), (b, 0)).then(a.cmp(&b));
        sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| exact(a.1, b.1)));
        sorted.into_iter().map(|(_, a)| a).collect()
    }
}

/// How many bits hold every value of a key, and what makes the least of them 0. The lottery and decisions
/// are not packed.
fn packing(key: &Key) -> Option<(u32, i64)> {
    let score = (32, i64::from(i32::MAX));
    match key {
        Key::Total | Key::Special | Key::Band(_) => Some(score),
        Key::Subjects(subjects) if subjects.len() == 1 => Some(score),
        Key::TieClass => Some((32, -i64::from(i32::MIN))),
        Key::Evaluation => Some((8, 0)),
        Key::Wish | Key::WishGroup(_) | Key::WishGroups(_) => Some((16, 0)),
        Key::Lines(lines) => Some((
            usize::BITS - (lines.len() | 1).leading_zeros(),
            i64::try_from(lines.len()).ok()?,
        )),
        Key::Subjects(subjects) if subjects.len() < 1 << 8 => Some((40, 1 << 39)),
        Key::Composite | Key::Subjects(_) => Some((64, i64::MIN)),
        Key::Lottery | Key::Manual => None,
    }
}

/// The block of a position, block sizes given and the last repeating; position 0 is block 0.
fn block(sizes: &[u16], position: u16) -> u16 {
    let mut left = position;
    let mut block = 0u16;
    while left > 0 {
        let size = sizes.get(usize::from(block)).or(sizes.last()).copied().unwrap_or(1).max(1);
        left = left.saturating_sub(size);
        block = block.saturating_add(1);
    }
    block
}
