//! From a layout to named sections: who follows which pattern, and which section of the block takes whom.

use std::collections::BTreeMap;

use super::school::World;
use super::search::{Layout, NONE};
use super::{Room, Section, Subject};

/// The sections, by subject, block and number; none is empty.
///
/// 1. Pupils of one class and combination are alike: the patterns found for them are put in order, fewest moves first,
///    and dealt by lottery number.
/// 2. Home sections take the pupils of their class. The others of the block are spread so that sizes differ as little
///    as they can, class after class, so that classmates walk together.
/// 3. Sections without a home meet in the room of a class that is home to nothing, then in extra rooms.
pub(super) fn sections(world: &World<'_>, layout: &Layout) -> Vec<Section> {
    let patterns = dealt(world, layout);
    let limit = world.limit as usize;
    let mut sections = Vec::new();
    for b in 0..world.blocks {
        let mut idle: Vec<usize> =
            (0..world.classes.len()).rev().filter(|&c| layout.homes[c][b] == NONE).collect();
        let mut extra = 0;
        for (s, &subject) in Subject::ALL.iter().enumerate() {
            let homes = (0..world.classes.len()).filter(|&c| usize::from(layout.homes[c][b]) == s);
            let mut open: Vec<(Option<usize>, Vec<usize>)> =
                homes.map(|c| (Some(c), Vec::new())).collect();
            open.resize(layout.grid[s][b].max(0) as usize, (None, Vec::new()));
            let mut walking = Vec::new();
            for (at, pupil) in world.pupils.iter().enumerate() {
                let here = pupil.subjects.iter().zip(&patterns[at]);
                if !here.into_iter().any(|(&t, &block)| t == s && usize::from(block) == b) {
                    continue;
                }
                match open
                    .iter_mut()
                    .find(|(c, inside)| *c == Some(pupil.class) && inside.len() < limit)
                {
                    Some((_, inside)) => inside.push(at),
                    None => walking.push(at),
                }
            }
            spread(&mut open, walking);
            let filled = open.into_iter().filter(|(_, inside)| !inside.is_empty());
            for (number, (home, inside)) in (1..).zip(filled) {
                let room = match home.or_else(|| idle.pop()) {
                    Some(class) => Room::Home(world.classes[class].clone()),
                    None => {
                        extra += 1;
                        Room::Extra(extra)
                    }
                };
                let mut pupils: Vec<usize> =
                    inside.iter().map(|&at| world.pupils[at].given).collect();
                pupils.sort_unstable();
                sections.push(Section { subject, block: b as u8 + 1, number, room, pupils });
            }
        }
    }
    sections.sort_by_key(|s| (s.subject, s.block, s.number));
    sections
}

/// The patterns of the pupils, dealt anew inside each type. The world has them in the order of the lottery.
fn dealt(world: &World<'_>, layout: &Layout) -> Vec<[u8; 3]> {
    let mut types: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, pupil) in world.pupils.iter().enumerate() {
        types.entry((pupil.class, pupil.combination)).or_default().push(at);
    }
    let mut patterns = layout.patterns.clone();
    for ((class, _), members) in types {
        let home = &layout.homes[class];
        let moves = |at: usize| {
            let lessons = world.pupils[at].subjects.iter().zip(&layout.patterns[at]);
            lessons.filter(|&(&s, &b)| usize::from(home[usize::from(b)]) != s).count()
        };
        let mut found: Vec<_> =
            members.iter().map(|&at| (moves(at), layout.patterns[at])).collect();
        found.sort_unstable();
        for (at, (_, pattern)) in members.into_iter().zip(found) {
            patterns[at] = pattern;
        }
    }
    patterns
}

/// Spreads pupils over sections: the smallest are filled up to one common size, in runs.
fn spread(open: &mut [(Option<usize>, Vec<usize>)], walking: Vec<usize>) {
    let mut sizes: Vec<usize> = open.iter().map(|(_, inside)| inside.len()).collect();
    for _ in 0..walking.len() {
        let smallest = (0..sizes.len()).min_by_key(|&at| sizes[at]);
        if let Some(at) = smallest {
            sizes[at] += 1;
        }
    }
    let mut walking = walking.into_iter();
    for ((_, inside), size) in open.iter_mut().zip(sizes) {
        inside.extend(walking.by_ref().take(size - inside.len()));
    }
}
