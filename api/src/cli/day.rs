//! The table of the day: every school and category with its plan, its admissions, its vacancies and its
//! lowest total.

use std::collections::BTreeMap;
use std::io::{self, Write};

use luqu_engine::domain::{Answer, BatchIx, CategoryIx, SchoolIx, Score, Season};

use super::text_table::{Head, lines};

/// The most rows shown.
const MOST: usize = 30;

const HEAD: [Head; 7] = [
    ("招生学校", false),
    ("批次", false),
    ("类别", false),
    ("计划数", true),
    ("录取数", true),
    ("缺额", true),
    ("最低分", true),
];

#[derive(Default)]
struct Sum {
    seats: u32,
    placed: u32,
    lowest: Option<Score>,
}

/// Writes the first rows of the table, by batch, then in the order of the schools, the cells of a category
/// by junior school added up. Classes without seats are left out.
///
/// # Errors
/// What the writer says.
pub(super) fn table_of_the_day(
    to: &mut impl Write,
    season: &Season,
    answer: &Answer,
) -> io::Result<()> {
    let rows = rows(season, answer);
    for line in lines(&HEAD, &rows[..rows.len().min(MOST)]) {
        writeln!(to, "{line}")?;
    }
    if rows.len() > MOST {
        writeln!(to, "… 另有 {} 行，见结果中的分数线 cutoffs", rows.len() - MOST)?;
    }
    Ok(())
}

fn rows(season: &Season, answer: &Answer) -> Vec<Vec<String>> {
    let mut sums: BTreeMap<(BatchIx, SchoolIx, CategoryIx), Sum> = BTreeMap::new();
    for line in &answer.lines {
        let sum = sums.entry((line.batch, line.school, line.category)).or_default();
        sum.seats += line.seats;
        sum.placed += line.placed;
        sum.lowest = match (sum.lowest, line.lowest_total) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    let policy = season.policy();
    sums.into_iter()
        .filter(|(_, sum)| sum.seats > 0)
        .map(|((batch, school, category), sum)| {
            vec![
                season.school(school).name.to_string(),
                policy.batch(batch).name.clone(),
                policy.category(category).name.clone(),
                sum.seats.to_string(),
                sum.placed.to_string(),
                sum.seats.saturating_sub(sum.placed).to_string(),
                sum.lowest.map(|s| s.to_string()).unwrap_or_default(),
            ]
        })
        .collect()
}
