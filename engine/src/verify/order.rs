//! Who goes before whom in a class: the keys of SPEC §4 read exactly, compared left to right.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU64, Ordering as Memory};

use rayon::prelude::*;

use super::market::Market;
use crate::domain::{ApplicantIx, BatchIx, CategoryIx, Lottery, SchoolIx, Season, SubjectIx};
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

/// The least and the most of a figure over all applicants.
#[derive(Clone, Copy)]
struct Span {
    least: i64,
    most: i64,
}

impl Span {
    /// The span of nobody's figures, which any figure widens.
    const NOBODY: Self = Self { least: i64::MAX, most: i64::MIN };

    fn widen(&mut self, value: i64) {
        self.least = self.least.min(value);
        self.most = self.most.max(value);
    }

    /// How many bits hold any distance from the least.
    const fn bits(self) -> u32 {
        if self.most <= self.least {
            return 0;
        }
        u64::BITS - self.most.abs_diff(self.least).leading_zeros()
    }
}

/// The spans of what keys read, which say how few bits a value of a key takes.
pub struct Spans {
    total: Span,
    tie_class: Span,
    subjects: Vec<Span>,
}

impl Spans {
    /// The spans of a season. O(applicants × subjects).
    pub fn of(season: &Season) -> Self {
        let (mut total, mut tie_class) = (Span::NOBODY, Span::NOBODY);
        let mut subjects = vec![Span::NOBODY; season.policy().subjects.len()];
        for (at, who) in season.applicants().iter().enumerate() {
            total.widen(i64::from(who.total.hundredths()));
            tie_class.widen(i64::from(who.tie_class));
            for (subject, span) in subjects.iter_mut().enumerate() {
                let score = season.subject_score(ApplicantIx::from(at), SubjectIx::from(subject));
                span.widen(i64::from(score.hundredths()));
            }
        }
        Self { total, tie_class, subjects }
    }

    /// How many bits hold every value of a key, and what makes the least of them 0. The lottery and decisions
    /// are not packed.
    fn packing(&self, key: &Key) -> Option<(u32, i64)> {
        // A higher score is a smaller value.
        let score = |span: Span| (span.bits(), span.most);
        match key {
            Key::Total => Some(score(self.total)),
            Key::Subjects(subjects) => {
                let of = |s: &SubjectIx| self.subjects[s.at()];
                let sum = |figure: fn(Span) -> i64| {
                    subjects.iter().try_fold(0_i64, |sum, s| sum.checked_add(figure(of(s))))
                };
                Some(score(Span { least: sum(|s| s.least)?, most: sum(|s| s.most)? }))
            }
            Key::TieClass => Some((self.tie_class.bits(), self.tie_class.least.checked_neg()?)),
            Key::Band(width) => {
                let band = |total: i64| total.div_euclid(i64::from(width.hundredths().max(1)));
                let Span { least, most } = self.total;
                Some(score(Span { least: band(least), most: band(most) }))
            }
            Key::Evaluation => Some((8, 0)),
            Key::Wish | Key::WishGroup(_) | Key::WishGroups(_) => Some((16, 0)),
            Key::Lines(lines) => Some((
                usize::BITS - (lines.len() | 1).leading_zeros(),
                i64::try_from(lines.len()).ok()?,
            )),
            Key::Special => Some((32, i64::from(i32::MAX))),
            Key::Composite => Some((64, i64::MIN)),
            Key::Lottery | Key::Manual => None,
        }
    }
}

/// The order of proposals in a class.
#[derive(Clone, Copy)]
pub struct Order<'m> {
    season: &'m Season,
    lots: &'m Lots<'m>,
    spans: &'m Spans,
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
            spans: &market.spans,
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
        let (lots, spans, batch) = (&*market.lots, &*market.spans, market.batch);
        Self { season, lots, spans, batch, list, category: None, school: None }
    }

    /// The fronts of all applicants in this order, which reads neither wishes nor special scores.
    pub(super) fn fronts(&self) -> Vec<u64> {
        const TOGETHER: usize = 1 << 12;
        let mut fronts = vec![0; self.season.applicants().len()];
        // Key by key, so that each is looked up once for many.
        fronts.par_chunks_mut(TOGETHER).enumerate().for_each(|(chunk, fronts)| {
            for (key, left, bias) in self.packed_keys() {
                for (at, front) in fronts.iter_mut().enumerate() {
                    let value = self.value(key, ApplicantIx::from(chunk * TOGETHER + at), 0);
                    *front |= value.wrapping_add(bias).cast_unsigned() << left;
                }
            }
        });
        fronts
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

    /// The leading keys that fit into a word, each with its place there and what makes its least value 0.
    fn packed_keys(&self) -> impl Iterator<Item = (&'m Key, u32, i64)> {
        let (spans, mut left) = (self.spans, u64::BITS);
        self.list.keys.iter().map_while(move |key| {
            let (bits, bias) = spans.packing(key).filter(|(bits, _)| *bits <= left)?;
            left -= bits;
            // A key of no bits has one value, which is nowhere in the word.
            Some((key, left.min(u64::BITS - 1), bias))
        })
    }

    /// The leading keys in one word: the smaller goes first, and equals are for [`Order::compare`] to tell apart.
    pub fn front(&self, applicant: ApplicantIx, position: u16) -> u64 {
        self.packed_keys().fold(0, |front, (key, left, bias)| {
            let value = self.value(key, applicant, position).wrapping_add(bias);
            front | (value.cast_unsigned() << left)
        })
    }

    /// The applicants in this order, best first, the wish read as 0 and equals by applicant.
    pub fn sorted(&self, applicants: impl IntoIterator<Item = ApplicantIx>) -> Vec<ApplicantIx> {
        self.sorted_by(applicants.into_iter().map(|a| (self.front(a, 0), a)).collect())
    }

    /// The same with the fronts at hand.
    pub(super) fn sorted_by(&self, mut sorted: Vec<(u64, ApplicantIx)>) -> Vec<ApplicantIx> {
        let exact = |a, b| self.compare((a, 0), (b, 0)).then(a.cmp(&b));
        sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| exact(a.1, b.1)));
        sorted.into_iter().map(|(_, a)| a).collect()
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
