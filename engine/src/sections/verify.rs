//! Judges sections by the definitions alone: it shares types with the search, and no code.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cap, Pupil, Resource, Room, Section, Subject, Terms};
use crate::domain::Text;

/// What does not hold.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Breach {
    /// A pupil is not in exactly one section of a chosen subject.
    #[error("{pupil} 选了{}，却在其 {times} 个教学班中", .subject.label())]
    NotOnce {
        /// Who.
        pupil: Text,
        /// What.
        subject: Subject,
        /// In how many sections.
        times: usize,
    },
    /// A pupil is in a section of a subject not chosen.
    #[error("{pupil} 没有选{}，却在其教学班中", .subject.label())]
    NotChosen {
        /// Who.
        pupil: Text,
        /// What.
        subject: Subject,
    },
    /// A pupil has two sections in one block.
    #[error("{pupil} 在第 {block} 节段有 {times} 个教学班")]
    TwoAtOnce {
        /// Who.
        pupil: Text,
        /// When.
        block: u8,
        /// How many.
        times: usize,
    },
    /// A section above the limit, or an empty one.
    #[error("{section} {size} 人，应为 1 至 {limit} 人")]
    Size {
        /// Which.
        section: String,
        /// Its pupils.
        size: usize,
        /// The most.
        limit: u32,
    },
    /// A section that names a pupil who does not exist, a block that does not, or a class that does not.
    #[error("{section} 中有不存在的{what}")]
    Unknown {
        /// Which.
        section: String,
        /// What.
        what: &'static str,
    },
    /// Two sections of one name.
    #[error("{0} 重复")]
    Repeated(String),
    /// Two sections in one room at once.
    #[error("{section} 与另一教学班同在一间教室")]
    Room {
        /// Which.
        section: String,
    },
    /// More sections at once than rooms or teachers.
    #[error("第 {block} 节段 {found} 个教学班，{}", .cap.sentence())]
    Over {
        /// When.
        block: u8,
        /// How many sections.
        found: usize,
        /// The limit.
        cap: Cap,
    },
}

/// What a list of sections comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// Sections.
    pub sections: u32,
    /// Pupils who have every lesson in a room of their own class.
    pub staying: u32,
    /// Lessons that are not.
    pub moves: u32,
}

impl Section {
    /// The name of the section, unique within its school, such as 物理1-2: the second of physics in the first block.
    #[must_use]
    pub fn name(&self) -> String {
        self.subject.section(self.block, self.number)
    }
}

/// Counts sections, pupils who stay and moves.
#[must_use]
pub(super) fn figures(pupils: &[Pupil], sections: &[Section]) -> Figures {
    let mut away = vec![0_u32; pupils.len()];
    for section in sections {
        for &at in &section.pupils {
            let Some(pupil) = pupils.get(at) else { continue };
            if section.room != Room::Home(pupil.class_no.clone()) {
                away[at] += 1;
            }
        }
    }
    Figures {
        sections: sections.len() as u32,
        staying: away.iter().filter(|&&moves| moves == 0).count() as u32,
        moves: away.iter().sum(),
    }
}

/// Lists what does not hold, pupils first, then sections, then limits; nothing if the sections are as they must be:
/// every pupil once in each chosen subject, in no other, never in two places at once; every section within the
/// limit, alone in its room; no more at once than there are rooms and teachers.
#[must_use]
pub fn verify(pupils: &[Pupil], terms: &Terms, sections: &[Section]) -> Vec<Breach> {
    let mut found = Vec::new();
    let mut lessons: Vec<Vec<(Subject, u8)>> = vec![Vec::new(); pupils.len()];
    for section in sections {
        for &at in &section.pupils {
            if let Some(list) = lessons.get_mut(at) {
                list.push((section.subject, section.block));
            }
        }
    }
    for (pupil, lessons) in pupils.iter().zip(&lessons) {
        judge_pupil(pupil, lessons, &mut found);
    }
    let classes: BTreeSet<&Text> = pupils.iter().map(|p| &p.class_no).collect();
    let mut names = BTreeSet::new();
    let mut rooms = BTreeSet::new();
    for section in sections {
        let name = || section.name();
        if !names.insert(name()) {
            found.push(Breach::Repeated(name()));
        }
        if !rooms.insert((section.block, &section.room)) {
            found.push(Breach::Room { section: name() });
        }
        let size = section.pupils.len();
        if size == 0 || size > terms.limit as usize {
            found.push(Breach::Size { section: name(), size, limit: terms.limit });
        }
        let mut unknown = |what| found.push(Breach::Unknown { section: name(), what });
        if section.pupils.iter().any(|&at| at >= pupils.len()) {
            unknown("学生");
        }
        if !(1..=terms.blocks).contains(&section.block) {
            unknown("节段");
        }
        if matches!(&section.room, Room::Home(class) if !classes.contains(class)) {
            unknown("班级");
        }
    }
    for &cap in &terms.caps {
        for block in (1..=terms.blocks).filter(|b| cap.block.is_none_or(|c| c == *b)) {
            let counted =
                |s: &&Section| s.block == block && cap.subject.is_none_or(|c| c == s.subject);
            let count = sections.iter().filter(counted).count();
            if count > cap.most as usize {
                found.push(Breach::Over { block, found: count, cap });
            }
        }
    }
    found
}

fn judge_pupil(pupil: &Pupil, lessons: &[(Subject, u8)], found: &mut Vec<Breach>) {
    let chosen = pupil.combination.subjects();
    for subject in Subject::ALL {
        let times = lessons.iter().filter(|l| l.0 == subject).count();
        let id = pupil.id.clone();
        match (chosen.contains(&subject), times) {
            (true, 1) | (false, 0) => {}
            (true, times) => found.push(Breach::NotOnce { pupil: id, subject, times }),
            (false, _) => found.push(Breach::NotChosen { pupil: id, subject }),
        }
    }
    let mut at_once: BTreeMap<u8, usize> = BTreeMap::new();
    for &(_, block) in lessons {
        *at_once.entry(block).or_default() += 1;
    }
    for (block, times) in at_once.into_iter().filter(|&(_, times)| times > 1) {
        found.push(Breach::TwoAtOnce { pupil: pupil.id.clone(), block, times });
    }
}

impl Cap {
    /// The limit in the clerk's words: 第2节段化学教师只有 3 名.
    #[must_use]
    pub fn sentence(&self) -> String {
        let block = self.block.map_or_else(|| "每个节段".to_owned(), |b| format!("第{b}节段"));
        let (what, unit) = self.words();
        format!("{block}{what}只有 {} {unit}", self.most)
    }

    /// What is counted, and its counting word.
    pub(super) fn words(&self) -> (String, &'static str) {
        let subject = self.subject.map_or("全部科目", Subject::label);
        let (what, unit) = match self.resource {
            Resource::Rooms => ("教室", "间"),
            Resource::Teachers => ("教师", "名"),
        };
        (format!("{subject}{what}"), unit)
    }
}
