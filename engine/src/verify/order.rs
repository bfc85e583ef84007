//! Who goes before whom in a class: the keys of SPEC §4 read exactly, compared left to right.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::market::Market;
use crate::domain::{ApplicantIx, BatchIx, CategoryIx, Lottery, SchoolIx, Season};
use crate::policy::{Key, PriorityList};

/// The place of every applicant in the lottery: by number, then by id. Empty where no order uses it.
pub fn lottery_places(season: &Season) -> Vec<u32> {
    let policy = season.policy();
    let lists = policy.batches.iter().map(|b| &b.priority);
    let own = policy.categories.iter().filter_map(|c| c.priority.as_ref());
    if !lists.chain(own).any(|p| p.keys.contains(&Key::Lottery)) {
        return Vec::new();
    }
    let lottery = Lottery::new(policy.seed.as_deref().unwrap_or_default());
    let mut drawn: Vec<(u64, usize)> = season
        .applicants()
        .par_iter()
        .enumerate()
        .map(|(at, a)| (lottery.number(&a.id), at))
        .collect();
    drawn.par_sort_unstable();
    let mut places = vec![0; drawn.len()];
    for (place, (_, at)) in (0u32..).zip(drawn) {
        places[at] = place;
    }
    places
}

/// What decides an order: classes with the same context compare alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Context {
    /// The category, where its own list, mixing formula or special score decides.
    category: Option<CategoryIx>,
    /// The school, where special scores differ between schools.
    school: Option<SchoolIx>,
}

/// The order of proposals in the classes of one context.
#[derive(Clone, Copy, Debug)]
pub struct Order<'s> {
    season: &'s Season,
    batch: BatchIx,
    list: &'s PriorityList,
    category: Option<CategoryIx>,
    school: Option<SchoolIx>,
    lottery: &'s [u32],
}

impl<'s> Order<'s> {
    /// The order of a class.
    pub fn of_class(market: &Market<'s>, lottery: &'s [u32], class: usize) -> Self {
        let class = &market.classes[class];
        let season = market.season();
        Self {
            season,
            batch: market.batch,
            list: season.policy().priority(market.batch, class.category),
            category: Some(class.category),
            school: Some(class.school),
            lottery,
        }
    }

    /// The batch's own order, which adjustment follows.
    pub fn of_batch(season: &'s Season, lottery: &'s [u32], batch: BatchIx) -> Self {
        let list = &season.policy().batch(batch).priority;
        Self { season, batch, list, category: None, school: None, lottery }
    }

    /// The context of a class: what its order depends on.
    pub fn context(market: &Market<'_>, class: usize) -> Context {
        let class = &market.classes[class];
        let policy = market.season().policy();
        let own = policy.category(class.category).priority.is_some();
        let special = policy.priority(market.batch, class.category).reads_special();
        let by_school = special && market.season().special_by_school(class.category);
        Context {
            category: (own || special).then_some(class.category),
            school: by_school.then_some(class.school),
        }
    }

    /// Whether the wish does not matter.
    pub fn wish_free(&self) -> bool {
        self.list.wish_free()
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
            Key::Lottery => self.lottery.get(applicant.at()).copied().map_or(0, i64::from),
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
            let order = self.value(key, a.0, a.1).cmp(&self.value(key, b.0, b.1));
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

    /// One number per item that orders as [`Order::compare`] does; equal numbers are ties.
    pub fn keys(&self, items: &[(ApplicantIx, u16)]) -> Vec<u64> {
        let mut folded = Folded { acc: vec![0; items.len()], bits: 0 };
        for key in &self.list.keys {
            let column = items.par_iter().map(|&(a, p)| self.value(key, a, p)).collect();
            folded.push(column);
        }
        folded.acc
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

/// Columns folded into one number, made dense whenever the next column would not fit.
struct Folded {
    acc: Vec<u64>,
    bits: u32,
}

impl Folded {
    fn push(&mut self, column: Vec<i64>) {
        let (Some(&low), Some(&high)) = (column.par_iter().min(), column.par_iter().max()) else {
            return;
        };
        let spread = high.abs_diff(low);
        let mut bits = u64::BITS - spread.leading_zeros();
        let mut offsets: Vec<u64> = column.par_iter().map(|v| v.abs_diff(low)).collect();
        if bits > 30 {
            bits = densify(&mut offsets);
        }
        if self.bits + bits > u64::BITS {
            self.bits = densify(&mut self.acc);
        }
        self.acc.par_iter_mut().zip(offsets).for_each(|(acc, o)| *acc = (*acc << bits) | o);
        self.bits += bits;
    }
}

/// Replaces every number by its place among the distinct ones; returns the bits that takes.
fn densify(numbers: &mut [u64]) -> u32 {
    let mut distinct = numbers.to_vec();
    distinct.par_sort_unstable();
    distinct.dedup();
    numbers.par_iter_mut().for_each(|n| {
        *n = distinct.partition_point(|d| d < n) as u64;
    });
    u64::BITS - (distinct.len() as u64).leading_zeros()
}
