//! The problem in numbers: units that move as one, gathered into types, and what every count of every class costs.
//!
//! Pupils who must share a class are one unit; everyone else is a unit of one. Units of equal size, equal values and
//! equal apart groups are one type: the solvers see how many of a type are in a class and never who.

use std::collections::BTreeMap;

use super::Kind;
use super::pupils::{Pupils, Value};
use super::rules::Bonds;

/// Interchangeable units.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Type {
    /// Pupils in a unit.
    pub(super) size: u32,
    /// Values and how many pupils of a unit have them, ascending.
    pub(super) values: Vec<(u16, u32)>,
    /// The apart groups that a unit has a member of, ascending.
    pub(super) apart: Vec<u16>,
    /// The units, as places among the pupils.
    pub(super) units: Vec<Vec<u32>>,
}

impl Type {
    /// Whether its units can go anywhere: single pupils without an apart group.
    pub(super) fn free(&self) -> bool {
        self.size == 1 && self.apart.is_empty()
    }
}

/// Places that counts are off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Off {
    /// Off the nearest whole numbers, and within the rule.
    pub(super) within: i64,
    /// Off the rule.
    pub(super) beyond: i64,
}

impl Off {
    /// One for each place within the rule, `beyond` for each beyond it.
    pub(super) const fn priced(self, beyond: i64) -> i64 {
        self.within + beyond * self.beyond
    }

    pub(super) const fn plus(self, more: Self) -> Self {
        Self { within: self.within + more.within, beyond: self.beyond + more.beyond }
    }
}

/// How many units of each type are in each class: `types × classes`, type by type.
pub(super) type Counts = Vec<u32>;

pub(super) struct Model {
    /// The pupils of each class; larger classes first, and they differ by one at most.
    pub(super) sizes: Vec<u32>,
    pub(super) values: Vec<Value>,
    /// Ordered by size, values and apart groups.
    pub(super) types: Vec<Type>,
    /// The number of apart groups.
    pub(super) aparts: usize,
    /// For each value of a combination and each class, the pupils at home there.
    homes: BTreeMap<u16, Vec<u32>>,
    /// What a place beyond the rule costs more than one within it: more than all places within it together, so that
    /// the rule goes first.
    heavy: i64,
}

/// `pupils` over `classes` as evenly as can be, larger first.
pub(super) fn even_sizes(pupils: u32, classes: u32) -> Vec<u32> {
    (0..classes).map(|k| pupils / classes + u32::from(k < pupils % classes)).collect()
}

impl Model {
    pub(super) fn new(pupils: &Pupils, bonds: &Bonds, classes: u32) -> Self {
        let mut types: BTreeMap<_, Vec<Vec<u32>>> = BTreeMap::new();
        for unit in bonds.units(pupils.ids.len()) {
            let mut values: BTreeMap<u16, u32> = BTreeMap::new();
            for &value in unit.members.iter().flat_map(|&p| &pupils.of[p as usize]) {
                *values.entry(value).or_default() += 1;
            }
            let values: Vec<(u16, u32)> = values.into_iter().collect();
            let key = (unit.members.len(), values, unit.apart);
            types.entry(key).or_default().push(unit.members);
        }
        let types = types
            .into_iter()
            .map(|((size, values, apart), units)| Type { size: size as u32, values, apart, units })
            .collect();
        let sizes = even_sizes(pupils.ids.len() as u32, classes);
        let homes = homes(&pupils.values, &sizes);
        let whole = pupils.values.iter().filter(|v| v.kind.even() && v.count % classes == 0);
        let light =
            whole.count() * sizes.len() + if homes.is_empty() { 0 } else { pupils.ids.len() };
        Self {
            sizes,
            values: pupils.values.clone(),
            types,
            aparts: bonds.aparts(),
            homes,
            heavy: light as i64 + 1,
        }
    }

    pub(super) fn classes(&self) -> usize {
        self.sizes.len()
    }

    /// The counts of a value that cost nothing in a class, and those that cost least beyond, both inclusive.
    pub(super) fn bounds(&self, value: usize, class: usize) -> [(i64, i64); 2] {
        let of = &self.values[value];
        if let Some(homes) = u16::try_from(value).ok().and_then(|v| self.homes.get(&v)) {
            return [(0, i64::from(homes[class])), (0, i64::from(u32::MAX))];
        }
        let classes = self.classes() as i64;
        let (floor, ceiling) =
            (i64::from(of.count) / classes, (i64::from(of.count) + classes - 1) / classes);
        [(floor, ceiling), (ceiling - 1, floor + 1)]
    }

    /// The places that so many pupils with a value in a class are off: those within the rule but off the nearest whole numbers
    /// to the even share, and those beyond it. Of a combination, all pupils beyond those at home are within.
    pub(super) fn off(&self, value: usize, class: usize, count: i64) -> Off {
        let [near, rule] = self.bounds(value, class);
        let off = |(low, high): (i64, i64)| (low - count).max(count - high).max(0);
        let beyond = off(rule);
        Off { within: off(near) - beyond, beyond }
    }

    /// What so many pupils with a value cost in a class: one for every place off the nearest whole numbers to the even
    /// share, `heavy` more for every place off the share by more than one. For a combination, one for every pupil
    /// beyond those at home.
    pub(super) fn cost(&self, value: usize, class: usize, count: i64) -> i64 {
        self.off(value, class, count).priced(1 + self.heavy)
    }

    pub(super) fn heavy(&self) -> i64 {
        self.heavy
    }

    /// How many pupils with each value are in each class: `values × classes`.
    pub(super) fn table(&self, counts: &Counts) -> Vec<i64> {
        let classes = self.classes();
        let mut table = vec![0; self.values.len() * classes];
        for (kind, row) in self.types.iter().zip(counts.chunks(classes)) {
            for &(value, many) in &kind.values {
                for (class, &units) in row.iter().enumerate() {
                    table[value as usize * classes + class] += i64::from(many * units);
                }
            }
        }
        table
    }

    /// What a table of counts is off.
    pub(super) fn off_table(&self, table: &[i64]) -> Off {
        let classes = self.classes();
        let off = |(at, &count): (usize, &i64)| self.off(at / classes, at % classes, count);
        table.iter().enumerate().map(off).fold(Off::default(), Off::plus)
    }

    /// The cost of a table of counts.
    pub(super) fn total(&self, table: &[i64]) -> i64 {
        self.off_table(table).priced(1 + self.heavy)
    }
}

/// Where the combinations are at home: each first fills as many classes as it can alone; what is left over fills the
/// remaining room in the order of the classes, larger remainders first.
fn homes(values: &[Value], sizes: &[u32]) -> BTreeMap<u16, Vec<u32>> {
    let mut left: Vec<(u16, u32)> = (0..)
        .zip(values)
        .filter(|(_, v)| v.kind == Kind::Combination)
        .map(|(at, v)| (at, v.count))
        .collect();
    left.sort_by_key(|&(at, count)| (std::cmp::Reverse(count), at));
    let mut homes: BTreeMap<u16, Vec<u32>> =
        left.iter().map(|&(at, _)| (at, vec![0; sizes.len()])).collect();
    let mut room = sizes.to_vec();
    for (at, count) in &mut left {
        for (class, room) in room.iter_mut().enumerate() {
            if *room == sizes[class] && *room > 0 && *count >= *room {
                homes.entry(*at).and_modify(|h| h[class] = *room);
                *count -= *room;
                *room = 0;
            }
        }
    }
    left.sort_by_key(|&(at, count)| (std::cmp::Reverse(count), at));
    for (at, mut count) in left {
        for (class, room) in room.iter_mut().enumerate() {
            let here = count.min(*room);
            homes.entry(at).and_modify(|h| h[class] += here);
            count -= here;
            *room -= here;
        }
    }
    homes
}
