//! The exact bytes of the files of class formation: UTF-8 without BOM, LF, schools in the order of ids, classes by number.

use serde::Serialize;

use super::{Formation, Margin};
use crate::domain::Season;
use crate::domain::csv::Csv;
use crate::domain::digest::of_bytes;
use crate::solver::End;

/// The grade that a new intake is in.
const GRADE: &str = "高一";

/// `classes.csv`, as the audit reads it: one row per pupil.
#[must_use]
pub fn classes(season: &Season, formations: &[Formation]) -> Vec<u8> {
    let mut out = Csv::new("school_id,grade,class_no,applicant_id");
    for formation in formations {
        for (number, members) in (1..).zip(&formation.classes) {
            for &id in members {
                out.field(&season.school(formation.school).id);
                out.field(GRADE);
                out.field(&number.to_string());
                out.field(&season.applicant(id).id);
                out.end();
            }
        }
    }
    out.bytes()
}

/// `class_report.csv`: of every class its size and each count beside the even share (two places, rounded); `within` is
/// whether it is off by one at most.
#[must_use]
pub fn report(season: &Season, formations: &[Formation]) -> Vec<u8> {
    let mut out = Csv::new("school_id,class_no,kind,value,count,total,share,within");
    for formation in formations {
        for class in 0..formation.classes.len() {
            let mut row = |kind: &str, value: &str, count: usize, total: usize, within| {
                out.field(&season.school(formation.school).id);
                out.field(&(class + 1).to_string());
                out.field(kind);
                out.field(value);
                out.field(&count.to_string());
                out.field(&total.to_string());
                out.field(&share(total, formation.classes.len()));
                out.option(within);
                out.end();
            };
            let word = |within| Some(if within { "yes" } else { "no" });
            // Sizes are within one of each other, or there would be no classes.
            row("size", "", formation.classes[class].len(), formation.pupils(), word(true));
            for margin in &formation.margins {
                let within = word(margin.within(class)).filter(|_| margin.kind.even());
                let (count, total) = (margin.counts[class] as usize, margin.total as usize);
                row(margin.kind.key(), &margin.value, count, total, within);
            }
        }
    }
    out.bytes()
}

/// `total ÷ classes` with two places, halves up.
#[must_use]
pub fn share(total: usize, classes: usize) -> String {
    let hundredths = (200 * total + classes) / (2 * classes.max(1));
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[derive(Serialize)]
struct Summary<'a> {
    version: &'static str,
    seed_digest: String,
    class_size: Option<u32>,
    schools: Vec<School<'a>>,
}

#[derive(Serialize)]
struct School<'a> {
    school_id: &'a str,
    pupils: usize,
    classes: usize,
    approved: Option<u32>,
    basis: &'static str,
    smallest: usize,
    largest: usize,
    /// Places off an even share by more than one.
    beyond: u32,
    objective: i64,
    bound: i64,
    gap: i64,
    end: &'static str,
    solver: &'static str,
    margins: Vec<Counts<'a>>,
}

#[derive(Serialize)]
struct Counts<'a> {
    kind: &'static str,
    value: &'a str,
    total: u32,
    share: String,
    counts: &'a [u32],
}

impl<'a> School<'a> {
    fn of(season: &'a Season, f: &'a Formation) -> Self {
        let sizes = || f.classes.iter().map(Vec::len);
        let classes = f.classes.len();
        Self {
            school_id: &season.school(f.school).id,
            pupils: f.pupils(),
            classes,
            approved: f.approved,
            basis: f.basis.key(),
            smallest: sizes().min().unwrap_or(0),
            largest: sizes().max().unwrap_or(0),
            beyond: f.beyond(),
            objective: f.objective,
            bound: f.bound,
            gap: f.gap(),
            end: end_word(f.end),
            solver: f.solver,
            margins: f.margins.iter().map(|m| Counts::of(m, classes)).collect(),
        }
    }
}

impl<'a> Counts<'a> {
    fn of(m: &'a Margin, classes: usize) -> Self {
        let share = share(m.total as usize, classes);
        Self { kind: m.kind.key(), value: &m.value, total: m.total, share, counts: &m.counts }
    }
}

/// The word for how a search ended.
#[must_use]
pub const fn end_word(end: End) -> &'static str {
    match end {
        End::Optimal => "optimal",
        End::Limit => "limit",
        End::Stopped => "stopped",
    }
}

/// `class_summary.json`: per school the sizes, the objective with its bound, how it was proved and every count.
#[must_use]
pub fn summary(season: &Season, formations: &[Formation], seed: &str) -> Vec<u8> {
    let schools = formations.iter().map(|f| School::of(season, f)).collect();
    let whole = Summary {
        version: env!("CARGO_PKG_VERSION"),
        seed_digest: of_bytes(seed.as_bytes()).to_string(),
        class_size: season.policy().limits.class_size.as_ref().map(|c| c.value),
        schools,
    };
    // Numbers and text alone: nothing that JSON cannot hold.
    let mut bytes = serde_json::to_vec_pretty(&whole).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
