//! What sections are formed from: one school's pupils with their classes and combinations, the limit, the blocks of
//! the timetable, and how many rooms and teachers there are.

use std::ops::RangeInclusive;

use super::{Combination, Subject};
use crate::domain::Text;
use crate::domain::lottery::Lottery;

/// A pupil of the school.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pupil {
    /// The number by which the school knows the pupil; unique.
    pub id: Text,
    /// 姓名
    pub name: Text,
    /// The class 行政班.
    pub class_no: Text,
    /// What the pupil has chosen.
    pub combination: Combination,
}

/// What is counted by a limit of capacity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Resource {
    /// 教室
    Rooms,
    /// 教师
    Teachers,
}

/// A limit of capacity: at most so many sections at the same time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cap {
    /// The subject whose sections are counted; `None` for those of all subjects together.
    pub subject: Option<Subject>,
    /// The block it holds in, from 1; `None` for every block.
    pub block: Option<u8>,
    /// What there is no more of.
    pub resource: Resource,
    /// How many sections.
    pub most: u32,
}

impl Cap {
    /// Whether it counts sections of the subject in the block (from 0).
    pub(super) fn counts(&self, subject: Subject, block: usize) -> bool {
        self.subject.is_none_or(|s| s == subject) && self.holds_in(block)
    }

    /// Whether it holds in the block (from 0).
    pub(super) fn holds_in(&self, block: usize) -> bool {
        self.block.is_none_or(|b| usize::from(b) == block + 1)
    }
}

/// The fewest and the most blocks of a timetable: three subjects need three, and six subjects never more than six.
pub const BLOCKS: RangeInclusive<u8> = 3..=6;

/// The terms under which sections are formed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Most pupils of a section, from 1.
    pub limit: u32,
    /// Blocks of the timetable, within [`BLOCKS`].
    pub blocks: u8,
    /// Rooms and teachers; none where there are enough.
    pub caps: Vec<Cap>,
    /// The seed of the lottery that draws names inside a type.
    pub seed: String,
}

/// The pupils in the order of class, combination and lottery, so that rows in any order are the same school.
pub(super) struct World<'a> {
    pub(super) terms: &'a Terms,
    /// Classes by number.
    pub(super) classes: Vec<&'a Text>,
    /// For each class, its pupils.
    pub(super) members: Vec<std::ops::Range<usize>>,
    pub(super) pupils: Vec<Seat>,
    /// The number of blocks.
    pub(super) blocks: usize,
    pub(super) limit: i32,
}

/// A pupil of the world.
#[derive(Clone, Copy)]
pub(super) struct Seat {
    /// The place among the pupils given.
    pub(super) given: usize,
    pub(super) class: usize,
    pub(super) combination: Combination,
    pub(super) subjects: [usize; 3],
}

impl<'a> World<'a> {
    pub(super) fn of(pupils: &'a [Pupil], terms: &'a Terms) -> Self {
        let lottery = Lottery::new(&terms.seed);
        let mut order: Vec<(ClassKey<'a>, Combination, u64, &'a Text, usize)> = pupils
            .iter()
            .enumerate()
            .map(|(at, p)| {
                (class_key(&p.class_no), p.combination, lottery.number(&p.id), &p.id, at)
            })
            .collect();
        order.sort_unstable();
        let mut classes: Vec<&Text> = Vec::new();
        let mut members: Vec<std::ops::Range<usize>> = Vec::new();
        let mut seats = Vec::with_capacity(order.len());
        for (_, combination, _, _, given) in order {
            let class_no = &pupils[given].class_no;
            if classes.last() != Some(&class_no) {
                classes.push(class_no);
                members.push(seats.len()..seats.len());
            }
            let subjects = combination.subjects().map(|s| s as usize);
            seats.push(Seat { given, class: classes.len() - 1, combination, subjects });
            if let Some(range) = members.last_mut() {
                range.end = seats.len();
            }
        }
        Self {
            terms,
            classes,
            members,
            pupils: seats,
            blocks: usize::from(terms.blocks),
            limit: i32::try_from(terms.limit).unwrap_or(i32::MAX >> 12).clamp(1, i32::MAX >> 12),
        }
    }

    /// The pupils of a subject.
    pub(super) fn takers(&self, subject: usize) -> i32 {
        self.pupils.iter().filter(|p| p.subjects.contains(&subject)).count() as i32
    }

    /// The fewest sections that hold so many pupils.
    pub(super) const fn sections_for(&self, pupils: i32) -> i32 {
        (pupils + self.limit - 1) / self.limit
    }

    /// The fewest sections by arithmetic alone.
    pub(super) fn fewest_sections(&self) -> i32 {
        let by_subject: i32 = (0..6).map(|s| self.sections_for(self.takers(s))).sum();
        by_subject.max(self.fewest_at_once().map_or(0, |n| n * self.blocks as i32))
    }

    /// The fewest sections of any block: where three blocks leave no pupil free, all have to be somewhere.
    pub(super) fn fewest_at_once(&self) -> Option<i32> {
        (self.blocks == 3).then(|| self.sections_for(self.pupils.len() as i32))
    }

    /// The most sections of a subject in a block.
    pub(super) fn most_of(&self, subject: usize, block: usize) -> i32 {
        let own = |c: &&Cap| c.subject == Some(Subject::ALL[subject]) && c.holds_in(block);
        least(self.terms.caps.iter().filter(own))
    }

    /// The most sections of all subjects in a block.
    pub(super) fn most_at(&self, block: usize) -> i32 {
        least(self.terms.caps.iter().filter(|c| c.subject.is_none() && c.holds_in(block)))
    }
}

/// More sections than a school has.
pub(super) const MANY: i32 = 1 << 16;

fn least<'a>(caps: impl Iterator<Item = &'a Cap>) -> i32 {
    caps.map(|c| i32::try_from(c.most).unwrap_or(MANY)).fold(MANY, i32::min)
}

/// Class numbers in the order people count: 2 before 10, then as text.
type ClassKey<'a> = (u64, &'a str);

pub(super) fn class_key(class_no: &str) -> ClassKey<'_> {
    let digits = class_no.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    (digits[..end].parse().unwrap_or(u64::MAX), class_no)
}
