//! Special scores 特长成绩 as a season keeps them: applicant by applicant, so that what is read of one stands together.

use super::{ApplicantIx, CategoryIx, SchoolIx, Score, Text};

/// A special score.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpecialScore {
    /// 专业测试分
    pub score: Score,
    /// 合格
    pub qualified: bool,
}

/// A special score with its category, and its school (nothing for a city-wide test).
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpecialRow {
    pub(crate) school: Option<SchoolIx>,
    pub(crate) score: Score,
    pub(crate) category: CategoryIx,
    pub(crate) qualified: bool,
}

impl SpecialRow {
    const fn key(&self) -> (CategoryIx, Option<SchoolIx>) {
        (self.category, self.school)
    }

    const fn value(&self) -> SpecialScore {
        SpecialScore { score: self.score, qualified: self.qualified }
    }
}

/// The special scores of a season.
#[derive(Clone, Debug, Default)]
pub(crate) struct SpecialScores {
    /// By applicant, category and school, city-wide first.
    rows: Vec<SpecialRow>,
    /// `applicants + 1` offsets into `rows`; none where there are no rows.
    offsets: Vec<u32>,
    /// The different test dates as written.
    dates: Vec<Text>,
    /// By row: the place of its date; none where no row has one.
    date_of: Vec<u32>,
    /// The categories for which a school has rows of its own, ascending.
    by_school: Vec<CategoryIx>,
}

/// No date.
pub(crate) const NO_DATE: u32 = u32::MAX;

impl SpecialScores {
    /// Keeps rows that are ordered by applicant, category and school, each key once, with the place of each
    /// row's date or [`NO_DATE`].
    pub(crate) fn of(
        applicants: usize,
        read: impl ExactSizeIterator<Item = (ApplicantIx, SpecialRow, u32)>,
        dates: Vec<Text>,
    ) -> Self {
        if read.len() == 0 {
            return Self::default();
        }
        let mut kept = Self { dates, ..Self::default() };
        kept.rows.reserve_exact(read.len());
        kept.offsets.reserve_exact(applicants + 1);
        for (applicant, row, date) in read {
            let at = kept.rows.len();
            kept.offsets.resize(applicant.at() + 1, at as u32);
            if row.school.is_some()
                && let Err(place) = kept.by_school.binary_search(&row.category)
            {
                kept.by_school.insert(place, row.category);
            }
            kept.rows.push(row);
            if !kept.dates.is_empty() {
                kept.date_of.push(date);
            }
        }
        kept.offsets.resize(applicants + 1, kept.rows.len() as u32);
        kept
    }

    fn range(&self, applicant: ApplicantIx) -> std::ops::Range<usize> {
        match self.offsets.get(applicant.at()..applicant.at() + 2) {
            Some(&[start, end]) => start as usize..end as usize,
            _ => 0..0,
        }
    }

    /// The score that counts at a school: the row of that school if there is one, else the city-wide row.
    pub(crate) fn counting(
        &self,
        applicant: ApplicantIx,
        category: CategoryIx,
        school: SchoolIx,
    ) -> Option<SpecialScore> {
        let rows = &self.rows[self.range(applicant)];
        let find = |school| rows.binary_search_by_key(&(category, school), SpecialRow::key).ok();
        let found = find(Some(school)).or_else(|| find(None));
        found.map(|at| rows[at].value())
    }

    /// Whether any school has rows of its own for the category.
    pub(crate) fn by_school(&self, category: CategoryIx) -> bool {
        self.by_school.binary_search(&category).is_ok()
    }

    /// The rows of an applicant in full, by category and school, city-wide first, with the date as written.
    pub(crate) fn rows(
        &self,
        applicant: ApplicantIx,
    ) -> impl Iterator<Item = (CategoryIx, Option<SchoolIx>, SpecialScore, &str)> {
        self.range(applicant).map(move |at| {
            let row = &self.rows[at];
            let date = self.date_of.get(at).and_then(|&date| self.dates.get(date as usize));
            (row.category, row.school, row.value(), date.map_or("", Text::as_str))
        })
    }
}
