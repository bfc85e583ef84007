//! The exact bytes of the files of a distribution: UTF-8 without BOM, LF, rows in the order of ids.
//!
//! [`plan`] and [`quotas`] replace the tables of the season; the others are for reading.

use super::{BatchDistribution, Distribution, Ground};
use crate::domain::csv::Csv;
use crate::domain::{BatchIx, SchoolIx, Season};

/// `plan.csv`: every column of the plan table, the computed seats filled in.
pub fn plan(season: &Season, distribution: &Distribution) -> Vec<u8> {
    let mut out =
        Csv::new("school_id,batch,category,seats,classes,quota_share,region_scope,document");
    let policy = season.policy();
    for line in &distribution.plan {
        out.field(&season.school(line.school).id);
        out.field(&policy.batch(line.batch).id);
        out.field(&policy.category(line.category).id);
        out.option(line.seats);
        out.option(line.classes);
        out.option(line.quota_share);
        out.field(&season.scope_text(&line.scope));
        out.field(&line.document);
        out.end();
    }
    out.bytes()
}

/// `quotas.csv`: the cells of all batches, those without seats too; with the reason and the document of those
/// set by hand, where there are such.
pub fn quotas(season: &Season, distribution: &Distribution) -> Vec<u8> {
    let cells = cells(season, distribution);
    let edited = cells.iter().any(|(_, cell)| matches!(cell.ground, Ground::Edited { .. }));
    let mut out = Csv::new(if edited {
        "school_id,batch,junior_id,seats,reason,document"
    } else {
        "school_id,batch,junior_id,seats"
    });
    for (batch, cell) in cells {
        place(&mut out, season, cell.school, batch.batch);
        out.field(&season.school(cell.junior).id);
        out.field(&cell.seats.to_string());
        match &cell.ground {
            Ground::Edited { reason, document, .. } => {
                out.field(reason);
                out.field(document);
            }
            _ if edited => {
                out.field("");
                out.field("");
            }
            _ => {}
        }
        out.end();
    }
    out.bytes()
}

/// `quota_report.csv`: for every cell its ideal, its floor and why it got its last seat.
pub fn report(season: &Season, distribution: &Distribution) -> Vec<u8> {
    let mut out = Csv::new("school_id,batch,junior_id,ideal,floor,seats,reason,ideal_exact");
    for (batch, cell) in cells(season, distribution) {
        place(&mut out, season, cell.school, batch.batch);
        out.field(&season.school(cell.junior).id);
        out.field(&cell.ideal.to_string());
        out.field(&cell.ideal.floor().to_string());
        out.field(&cell.seats.to_string());
        out.field(&cell.reason());
        out.field(&cell.ideal.exact());
        out.end();
    }
    out.bytes()
}

/// `quota_juniors.csv`: the same for the total of every junior school, with the seats it got first.
pub fn juniors(season: &Season, distribution: &Distribution) -> Vec<u8> {
    let mut out = Csv::new("batch,junior_id,eligible,tilt,ideal,floor,seats,reason,ideal_exact");
    for batch in &distribution.batches {
        for total in &batch.juniors {
            out.field(&season.policy().batch(batch.batch).id);
            out.field(&season.school(total.junior).id);
            out.field(&total.eligible.to_string());
            out.field(&total.tilt.to_string());
            out.field(&total.ideal.to_string());
            out.field(&total.ideal.floor().to_string());
            out.field(&total.seats.to_string());
            out.field(&total.reason());
            out.field(&total.ideal.exact());
            out.end();
        }
    }
    out.bytes()
}

/// `draw.csv`: the protocol of the draws of all pools, in the order of drawing; `hash` is the lottery number of
/// the lot in hex.
pub fn draws(season: &Season, distribution: &Distribution) -> Vec<u8> {
    let mut out = Csv::new("batch,draw,junior_id,seat,school_id,hash");
    for batch in &distribution.batches {
        for draw in &batch.draws {
            out.field(&season.policy().batch(batch.batch).id);
            out.field(&draw.number.to_string());
            out.field(&season.school(draw.junior).id);
            out.field(&draw.seat.to_string());
            out.field(&season.school(draw.school).id);
            out.field(&format!("{:016x}", draw.lot));
            out.end();
        }
    }
    out.bytes()
}

/// All cells, ordered as the season keeps them: by school id, batch and junior school id.
fn cells<'a>(
    season: &Season,
    distribution: &'a Distribution,
) -> Vec<(&'a BatchDistribution, &'a super::Cell)> {
    let mut cells: Vec<_> =
        distribution.batches.iter().flat_map(|b| b.cells.iter().map(move |c| (b, c))).collect();
    // Stable: within a batch the cells are in the order of ids already.
    let id = |cell: &super::Cell| season.school(cell.school).id.as_str();
    cells.sort_by(|(b1, c1), (b2, c2)| (id(c1), b1.batch).cmp(&(id(c2), b2.batch)));
    cells
}

fn place(out: &mut Csv, season: &Season, school: SchoolIx, batch: BatchIx) {
    out.field(&season.school(school).id);
    out.field(&season.policy().batch(batch).id);
}
