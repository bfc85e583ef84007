//! Special scores as read, packed: under own orders a table as long as the wishes, in 24 bytes a row and every
//! code once.

use super::draft::SpecialScoreRow;
use super::wish_part::{Applicants, Code, Codes, NONE, NONE_SHORT};
use super::{Score, Text};

/// A row of `special_scores` whose codes are places in the columns of its part.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)] // The fields are the columns of SPEC §3.
pub struct SpecialCodes {
    pub applicant_id: Option<Code>,
    pub category: Option<Code>,
    pub school_id: Option<Code>,
    pub score: Option<Score>,
    pub qualified: Option<bool>,
    pub test_date: Option<Code>,
}

/// Rows of `special_scores` that stand together in their file.
#[derive(Clone, Debug, Default)]
pub struct SpecialPart {
    /// The ids of the applicants.
    pub applicants: Applicants,
    /// The codes of the categories.
    pub categories: Codes,
    /// The codes of the schools.
    pub schools: Codes,
    /// The test dates as written.
    pub dates: Codes,
    rows: Vec<Packed>,
}

#[derive(Clone, Copy, Debug)]
struct Packed {
    row: u32,
    applicant: Code,
    school: Code,
    date: Code,
    /// A blank or unreadable score counts as none, which is what it is read as.
    score: Score,
    category: u16,
    qualified: bool,
}

impl SpecialPart {
    /// Whether another row can be added: a part has room for 65,000 categories.
    pub fn has_room(&self) -> bool {
        self.categories.list().len() < usize::from(NONE_SHORT)
    }

    /// Adds a row; its codes are places in the columns of this part.
    pub fn push(&mut self, row: u32, codes: SpecialCodes) {
        let category = codes.category.and_then(|c| u16::try_from(c).ok());
        self.rows.push(Packed {
            row,
            applicant: codes.applicant_id.unwrap_or(NONE),
            school: codes.school_id.unwrap_or(NONE),
            date: codes.test_date.unwrap_or(NONE),
            score: codes.score.unwrap_or(Score::ZERO),
            category: category.unwrap_or(NONE_SHORT),
            qualified: codes.qualified.unwrap_or(false),
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
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = (u32, SpecialCodes)> {
        self.rows.iter().map(|r| {
            let long = |code: Code| (code != NONE).then_some(code);
            let codes = SpecialCodes {
                applicant_id: long(r.applicant),
                category: (r.category != NONE_SHORT).then_some(Code::from(r.category)),
                school_id: long(r.school),
                score: Some(r.score),
                qualified: Some(r.qualified),
                test_date: long(r.date),
            };
            (r.row, codes)
        })
    }

    /// Rows made one by one, packed.
    pub(crate) fn pack(rows: &[(u32, SpecialScoreRow)]) -> Vec<Self> {
        let mut parts: Vec<Self> = Vec::new();
        for (row, special) in rows {
            if !parts.last().is_some_and(Self::has_room) {
                parts.push(Self::default());
            }
            let Some(part) = parts.last_mut() else { continue };
            let add = |codes: &mut Codes, text: &Option<Text>| text.clone().map(|t| codes.add(t));
            let codes = SpecialCodes {
                applicant_id: special.applicant_id.clone().map(|id| part.applicants.add(id)),
                category: add(&mut part.categories, &special.category),
                school_id: add(&mut part.schools, &special.school_id),
                score: special.score,
                qualified: special.qualified,
                test_date: add(&mut part.dates, &special.test_date),
            };
            part.push(*row, codes);
        }
        parts
    }
}
