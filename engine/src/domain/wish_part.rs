//! Wishes as read, packed: the longest table of a season in twenty bytes a row and every code once.

use rustc_hash::FxHashMap;

use super::Text;
use super::draft::WishRow;

/// The place of a code among the [`Codes`] of its column.
pub type Code = u32;

/// The code of a blank or unreadable cell.
pub(super) const NONE: Code = Code::MAX;
/// The same in the columns that have few codes.
pub(super) const NONE_SHORT: u16 = u16::MAX;

/// The codes of a column, each once, in the order in which they were first seen.
#[derive(Clone, Debug, Default)]
pub struct Codes {
    list: Vec<Text>,
    at: FxHashMap<Text, Code>,
    /// The place of the code that was found last: most columns say the same in many rows.
    last: Code,
}

impl Codes {
    /// The place of a code that was seen before.
    pub fn find(&mut self, text: &str) -> Option<Code> {
        if self.list.get(self.last as usize).is_none_or(|last| last != text) {
            self.last = *self.at.get(text)?;
        }
        Some(self.last)
    }

    /// The place of a code, seen before or not.
    pub fn add(&mut self, text: Text) -> Code {
        self.find(&text).unwrap_or_else(|| {
            let place = Code::try_from(self.list.len()).unwrap_or(NONE);
            self.at.insert(text.clone(), place);
            self.list.push(text);
            self.last = place;
            place
        })
    }

    /// The codes, by their places.
    pub(crate) fn list(&self) -> &[Text] {
        &self.list
    }
}

/// Whose wishes they are. Those of one applicant mostly stand together, so that only the last is looked at.
#[derive(Clone, Debug, Default)]
pub struct Applicants {
    list: Vec<Text>,
}

impl Applicants {
    /// The place of the applicant added last, if that is the id.
    pub fn find(&self, id: &str) -> Option<Code> {
        let last = self.list.last().filter(|last| *last == id);
        last.and_then(|_| Code::try_from(self.list.len() - 1).ok())
    }

    /// The place of an applicant, who may stand in the list more than once.
    pub fn add(&mut self, id: Text) -> Code {
        self.find(&id).unwrap_or_else(|| {
            self.list.push(id);
            Code::try_from(self.list.len() - 1).unwrap_or(NONE)
        })
    }

    /// The ids, by their places.
    pub(crate) fn list(&self) -> &[Text] {
        &self.list
    }
}

/// A row of `wishes` whose codes are places in the columns of its part.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)] // The fields are the columns of SPEC §3.
pub struct WishCodes {
    pub applicant_id: Option<Code>,
    pub batch: Option<Code>,
    pub position: Option<u16>,
    pub school_id: Option<Code>,
    pub category: Option<Code>,
    pub adjust: Option<bool>,
    pub wide: bool,
}

/// Rows of `wishes` that stand together in their file.
#[derive(Clone, Debug, Default)]
pub struct WishPart {
    /// The ids of the applicants.
    pub applicants: Applicants,
    /// The codes of the batches.
    pub batches: Codes,
    /// The codes of the schools.
    pub schools: Codes,
    /// The codes of the categories.
    pub categories: Codes,
    rows: Vec<Packed>,
}

#[derive(Clone, Copy, Debug)]
struct Packed {
    row: u32,
    applicant: Code,
    school: Code,
    batch: u16,
    category: u16,
    position: u16,
    flags: u8,
}

const HAS_POSITION: u8 = 1;
const HAS_ADJUST: u8 = 2;
const ADJUST: u8 = 4;
const WIDE: u8 = 8;

impl WishPart {
    /// A part with room for so many rows.
    pub fn with_room(rows: usize) -> Self {
        Self { rows: Vec::with_capacity(rows), ..Self::default() }
    }

    /// Whether another row can be added: a part has room for 65,000 batches and as many categories.
    pub fn has_room(&self) -> bool {
        self.batches.list.len().max(self.categories.list.len()) < usize::from(NONE_SHORT)
    }

    /// Adds a row; its codes are places in the columns of this part.
    pub fn push(&mut self, row: u32, wish: WishCodes) {
        let short = |code: Option<Code>| code.and_then(|c| u16::try_from(c).ok());
        let flag = |on: bool, bit: u8| if on { bit } else { 0 };
        self.rows.push(Packed {
            row,
            applicant: wish.applicant_id.unwrap_or(NONE),
            school: wish.school_id.unwrap_or(NONE),
            batch: short(wish.batch).unwrap_or(NONE_SHORT),
            category: short(wish.category).unwrap_or(NONE_SHORT),
            position: wish.position.unwrap_or(0),
            flags: flag(wish.position.is_some(), HAS_POSITION)
                | flag(wish.adjust.is_some(), HAS_ADJUST)
                | flag(wish.adjust == Some(true), ADJUST)
                | flag(wish.wide, WIDE),
        });
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows with their numbers, in the order of the file.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = (u32, WishCodes)> {
        self.rows.iter().map(|r| {
            let long = |code: Code| (code != NONE).then_some(code);
            let short = |code: u16| (code != NONE_SHORT).then_some(Code::from(code));
            let has = |bit: u8| r.flags & bit != 0;
            let wish = WishCodes {
                applicant_id: long(r.applicant),
                batch: short(r.batch),
                position: has(HAS_POSITION).then_some(r.position),
                school_id: long(r.school),
                category: short(r.category),
                adjust: has(HAS_ADJUST).then_some(has(ADJUST)),
                wide: has(WIDE),
            };
            (r.row, wish)
        })
    }

    /// Rows made one by one, packed.
    pub(crate) fn pack(rows: &[(u32, WishRow)]) -> Vec<Self> {
        let mut parts = vec![Self::default()];
        for (row, wish) in rows {
            if !parts.last().is_some_and(Self::has_room) {
                parts.push(Self::default());
            }
            let Some(part) = parts.last_mut() else { continue };
            let codes = WishCodes {
                applicant_id: wish.applicant_id.clone().map(|id| part.applicants.add(id)),
                batch: wish.batch.clone().map(|id| part.batches.add(id)),
                position: wish.position,
                school_id: wish.school_id.clone().map(|id| part.schools.add(id)),
                category: wish.category.clone().map(|id| part.categories.add(id)),
                adjust: wish.adjust,
                wide: wish.wide,
            };
            part.push(*row, codes);
        }
        parts
    }
}
