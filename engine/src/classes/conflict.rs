//! Rules that cannot be kept together: the smallest set found, and the cheapest legal change.

use std::fmt;

use super::model::{Model, even_sizes};
use super::pupils::Pupils;
use super::rules::{Bind, Bond, Bonds};
use super::seat::seat;
use crate::domain::Text;
use crate::solver::Effort;

/// A rule, by what a clerk knows of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rule {
    /// So many classes are approved.
    Approved(u32),
    /// So many classes are to be formed.
    Classes(u32),
    /// No class above so many pupils.
    ClassSize(u32),
    /// Sizes within one of each other, here of so many pupils at most.
    EvenSizes(u32),
    /// So many pupils of the school.
    Pupils(u32),
    /// A group with so many pupils at the school.
    Group {
        /// What binds them.
        bind: Bind,
        /// The word of the table.
        name: Text,
        /// The pupils.
        pupils: u32,
    },
}

impl fmt::Display for Rule {
    /// In the clerk's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approved(n) => write!(f, "核准班数 {n} 个"),
            Self::Classes(n) => write!(f, "要求编 {n} 个班"),
            Self::ClassSize(n) => write!(f, "班额不超过 {n} 人"),
            Self::EvenSizes(n) => write!(f, "各班人数至多相差一人（每班至多 {n} 人）"),
            Self::Pupils(n) => write!(f, "录取学生 {n} 人"),
            Self::Group { bind, name, pupils } => {
                write!(f, "{}“{name}” {pupils} 人", bind.label())?;
                f.write_str(if *bind == Bind::Apart {
                    "互不同班"
                } else {
                    "编在同一个班"
                })
            }
        }
    }
}

/// A change after which the rules can be kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Remedy {
    /// Have so many more classes approved.
    Approve {
        /// More than now.
        more: u32,
        /// Then.
        classes: u32,
    },
    /// Form so many classes, which is within the approved number.
    Form {
        /// Classes.
        classes: u32,
    },
    /// Take so many pupils out of a group.
    Leave {
        /// What binds the group.
        bind: Bind,
        /// The word of the table.
        name: Text,
        /// Pupils to take out; all but one dissolves it.
        pupils: u32,
    },
}

impl fmt::Display for Remedy {
    /// In the clerk's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approve { more, classes } => write!(f, "报批增加 {more} 个班，编 {classes} 个班"),
            Self::Form { classes } => write!(f, "改编 {classes} 个班"),
            Self::Leave { bind, name, pupils } => {
                write!(f, "从{}“{name}”中调出 {pupils} 人", bind.label())
            }
        }
    }
}

/// Rules in conflict.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// Without any one of these the others could be kept.
    pub rules: Vec<Rule>,
    /// Whether no smaller set conflicts, for certain.
    pub smallest: bool,
    /// The cheapest legal change, if one was found.
    pub remedy: Option<Remedy>,
}

/// What limits the classes of a school.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) classes: u32,
    pub(super) approved: Option<u32>,
    pub(super) cap: Option<u32>,
}

impl Limits {
    /// The rule that sets the number of classes.
    fn number(self) -> Rule {
        match self.approved {
            Some(approved) if approved == self.classes => Rule::Approved(approved),
            _ => Rule::Classes(self.classes),
        }
    }
}

/// What counting alone shows: too few classes for the pupils, or more than approved.
pub(super) fn counted(pupils: u32, limits: Limits) -> Result<(), Conflict> {
    let Limits { classes, approved, cap } = limits;
    let fewest = cap.map_or(1, |cap| pupils.div_ceil(cap)).max(1);
    let remedy = |least: u32| match approved {
        Some(approved) if least > approved => {
            Remedy::Approve { more: least - approved, classes: least }
        }
        _ => Remedy::Form { classes: least },
    };
    if classes < fewest {
        let mut rules = vec![limits.number()];
        rules.extend(cap.map(Rule::ClassSize));
        rules.push(Rule::Pupils(pupils));
        return Err(Conflict { rules, smallest: true, remedy: Some(remedy(fewest)) });
    }
    if let Some(approved) = approved.filter(|&a| classes > a) {
        let rules = vec![Rule::Classes(classes), Rule::Approved(approved)];
        let remedy = Some(remedy(approved.max(fewest)));
        return Err(Conflict { rules, smallest: true, remedy });
    }
    Ok(())
}

/// A rule that may be dropped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Switch {
    Number,
    Cap,
    Even,
    Bond(usize),
}

/// More groups than this and pairs are not all tried.
const PAIRS: usize = 60;
/// How far from the number asked for other numbers of classes are tried.
const NUMBERS: u32 = 30;

/// The conflict among groups that have no seats together: the smallest set of at most two rules, else what is left when
/// every rule that is not needed for the conflict has been dropped.
pub(super) fn among(
    pupils: &Pupils,
    bonds: &Bonds,
    limits: Limits,
    effort: &Effort<'_>,
) -> Conflict {
    let court = Court { pupils, bonds, limits, effort };
    let base = [Switch::Number, Switch::Cap, Switch::Even];
    let groups: Vec<Switch> = (0..bonds.0.len()).map(Switch::Bond).collect();
    let all: Vec<Switch> = base.into_iter().chain(groups).collect();
    let few = all.len() <= PAIRS;
    let pairs = (0..all.len()).flat_map(|a| (0..a).map(move |b| (b, a)));
    let mut small = (0..all.len())
        .map(|a| vec![all[a]])
        .chain(pairs.take_while(|_| few).map(|(b, a)| vec![all[b], all[a]]));
    let found = small.find(|set| !court.fits(set));
    let set = found.unwrap_or_else(|| {
        let mut set = all.clone();
        // Groups are dropped last to first and then the limits, which people find hardest to change.
        for &switch in all.iter().rev() {
            let without: Vec<Switch> = set.iter().copied().filter(|s| *s != switch).collect();
            if !court.fits(&without) {
                set = without;
            }
        }
        set
    });
    let remedy = court.remedy(&set);
    let rules: Vec<Rule> = set.iter().map(|&s| court.rule(s)).collect();
    // What is one larger than every set that was tried and fits is a smallest one.
    Conflict { smallest: rules.len() <= if few { 3 } else { 2 }, rules, remedy }
}

struct Court<'a> {
    pupils: &'a Pupils,
    bonds: &'a Bonds,
    limits: Limits,
    effort: &'a Effort<'a>,
}

impl Court<'_> {
    fn rule(&self, switch: Switch) -> Rule {
        let pupils = self.pupils.ids.len() as u32;
        match switch {
            Switch::Number => self.limits.number(),
            Switch::Cap => self.limits.cap.map_or(Rule::Pupils(pupils), Rule::ClassSize),
            Switch::Even => Rule::EvenSizes(pupils.div_ceil(self.limits.classes.max(1))),
            Switch::Bond(at) => {
                let bond = &self.bonds.0[at];
                let pupils = bond.members.len() as u32;
                Rule::Group { bind: bond.bind, name: bond.name.clone(), pupils }
            }
        }
    }

    /// Whether these rules alone can be kept.
    fn fits(&self, set: &[Switch]) -> bool {
        let bonds = set.iter().filter_map(|s| match s {
            Switch::Bond(at) => Some(self.bonds.0[*at].clone()),
            _ => None,
        });
        let bonds = Bonds(bonds.collect());
        let has = |s| set.contains(&s);
        if has(Switch::Number) {
            return self.seats(&bonds, self.limits.classes, has(Switch::Cap), has(Switch::Even));
        }
        let pupils = self.pupils.ids.len() as u32;
        let near = (1..=NUMBERS)
            .flat_map(|d| [self.limits.classes + d, self.limits.classes.saturating_sub(d)]);
        let mut numbers = std::iter::once(self.limits.classes)
            .chain(near)
            .chain([pupils])
            .filter(|&n| (1..=pupils).contains(&n));
        numbers.any(|n| self.seats(&bonds, n, has(Switch::Cap), has(Switch::Even)))
    }

    fn seats(&self, bonds: &Bonds, classes: u32, cap: bool, even: bool) -> bool {
        let pupils = self.pupils.ids.len() as u32;
        let classes = classes.clamp(1, pupils.max(1));
        let cap = self.limits.cap.filter(|_| cap);
        if cap.is_some_and(|cap| u64::from(cap) * u64::from(classes) < u64::from(pupils)) {
            return false;
        }
        let room = if even {
            even_sizes(pupils, classes)
        } else {
            vec![cap.unwrap_or(pupils); classes as usize]
        };
        let model = Model::new(self.pupils, bonds, classes);
        // What is not found counts as possible: nobody is accused without proof.
        seat(&model, &room, self.effort) != Err(super::seat::Unseated::Never)
    }

    /// The change that touches least: pupils who leave a group of the set, or another number of classes; one that needs
    /// approval comes last.
    fn remedy(&self, set: &[Switch]) -> Option<Remedy> {
        let Limits { classes, approved, .. } = self.limits;
        let leave = set.iter().filter_map(|s| match s {
            Switch::Bond(at) => self.leave(*at),
            _ => None,
        });
        let most = approved.unwrap_or(classes + NUMBERS);
        let near = (1..=NUMBERS).flat_map(|d| [classes.saturating_sub(d), classes + d]);
        let other = near.filter(|&n| n > 0).find(|&n| self.seats(self.bonds, n, true, true));
        let other = other.map(|n| {
            let remedy = if n > most {
                Remedy::Approve { more: n - most, classes: n }
            } else {
                Remedy::Form { classes: n }
            };
            ((n > most, n.abs_diff(classes)), remedy)
        });
        let all = leave.map(|(n, remedy)| ((false, n), remedy)).chain(other);
        all.min_by_key(|(price, _)| *price).map(|(_, remedy)| remedy)
    }

    /// The fewest pupils of a group whose leaving makes room: any one of them, else the last ones of the roll.
    fn leave(&self, at: usize) -> Option<(u32, Remedy)> {
        let bond = &self.bonds.0[at];
        let fits_with = |members: Vec<u32>| {
            let mut bonds = self.bonds.clone();
            bonds.0[at] = Bond { members, ..bond.clone() };
            self.seats(&bonds, self.limits.classes, true, true)
        };
        let without = |one: &u32| bond.members.iter().copied().filter(|m| m != one).collect();
        let some = bond.members.iter().take(PAIRS).any(|one| fits_with(without(one)));
        let left = if some {
            Some(bond.members.len() - 1)
        } else {
            (1..bond.members.len() - 1).rev().find(|&n| fits_with(bond.members[..n].to_vec()))
        };
        let pupils = (bond.members.len() - left?) as u32;
        Some((pupils, Remedy::Leave { bind: bond.bind, name: bond.name.clone(), pupils }))
    }
}
