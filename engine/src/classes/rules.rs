//! The rules that class formation must keep, each with the name a clerk knows it by.

use std::collections::BTreeMap;

use super::Groups;
use crate::domain::{ApplicantIx, Text};

/// What a group of pupils is bound to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Bind {
    /// 同班组
    Together,
    /// 专项队
    Squad,
    /// 分班组
    Apart,
}

impl Bind {
    /// The Chinese word.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Together => "同班组",
            Self::Squad => "专项队",
            Self::Apart => "分班组",
        }
    }
}

/// A group of one school with at least two pupils there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Bond {
    pub(super) bind: Bind,
    pub(super) name: Text,
    /// Places among the pupils, ascending.
    pub(super) members: Vec<u32>,
}

/// The groups of one school, ordered by what binds them, then by name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Bonds(pub(super) Vec<Bond>);

/// Pupils who move as one.
pub(super) struct Unit {
    /// Ascending.
    pub(super) members: Vec<u32>,
    /// The apart groups of the members, ascending; one twice is a contradiction.
    pub(super) apart: Vec<u16>,
}

impl Bonds {
    pub(super) fn of(ids: &[ApplicantIx], groups: &Groups) -> Self {
        let mut found: BTreeMap<(Bind, &Text), Vec<u32>> = BTreeMap::new();
        for (at, wants) in (0..).zip(ids).filter_map(|(at, &id)| Some((at, groups.of(id)?))) {
            let named = [
                (Bind::Together, &wants.together),
                (Bind::Squad, &wants.squad),
                (Bind::Apart, &wants.apart),
            ];
            for (bind, name) in named {
                if let Some(name) = name {
                    found.entry((bind, name)).or_default().push(at);
                }
            }
        }
        let bonds = found.into_iter().filter(|(_, members)| members.len() > 1);
        let bond = |((bind, name), members): ((Bind, &Text), _)| Bond {
            bind,
            name: name.clone(),
            members,
        };
        Self(bonds.map(bond).collect())
    }

    pub(super) fn aparts(&self) -> usize {
        self.0.iter().filter(|b| b.bind == Bind::Apart).count()
    }

    /// The units of so many pupils, ordered by their first member.
    pub(super) fn units(&self, pupils: usize) -> Vec<Unit> {
        let mut lead: Vec<usize> = (0..pupils).collect();
        for bond in self.0.iter().filter(|b| b.bind != Bind::Apart) {
            for pair in bond.members.windows(2) {
                let (a, b) = (root(&lead, pair[0] as usize), root(&lead, pair[1] as usize));
                lead[a.max(b)] = a.min(b);
            }
        }
        let mut apart: Vec<Vec<u16>> = vec![Vec::new(); pupils];
        for (label, bond) in (0..).zip(self.0.iter().filter(|b| b.bind == Bind::Apart)) {
            for &member in &bond.members {
                apart[member as usize].push(label);
            }
        }
        let mut units: BTreeMap<usize, Unit> = BTreeMap::new();
        for (at, labels) in apart.iter().enumerate() {
            let unit = units
                .entry(root(&lead, at))
                .or_insert_with(|| Unit { members: Vec::new(), apart: Vec::new() });
            unit.members.push(at as u32);
            unit.apart.extend(labels);
        }
        let mut units: Vec<Unit> = units.into_values().collect();
        for unit in &mut units {
            unit.apart.sort_unstable();
        }
        units
    }
}

fn root(lead: &[usize], mut at: usize) -> usize {
    while lead[at] != at {
        at = lead[at];
    }
    at
}
