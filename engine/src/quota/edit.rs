//! Cells set by hand (手工调整): each with its reason and its document, the sums checked again.
//!
//! An edit replaces the seats of one cell. What a senior school gives in all does not change, so that edits come
//! in pairs at least; `min_per_junior` holds for the edited table too.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cell, Distribution, Fraction, Ground};
use crate::domain::draft::QuotaRow;
use crate::domain::{BatchIx, Fault, FaultCode, SchoolIx, Season, Table, Text};

/// One cell set by hand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// The row of the file.
    pub row: u32,
    /// The senior school.
    pub school: SchoolIx,
    /// 批次
    pub batch: BatchIx,
    /// The junior school.
    pub junior: SchoolIx,
    /// The seats from now on.
    pub seats: u32,
    /// Why.
    pub reason: Text,
    /// The decision.
    pub document: Text,
}

fn fault(row: u32, column: &str, code: FaultCode) -> Fault {
    Fault::at(code, Table::Quotas, row, column)
}

/// The edits that rows of the form of `quotas` ask for; each must say its reason and its document.
///
/// # Errors
/// Every fault, in the order of the rows: unknown codes, blanks, a cell set twice.
pub fn resolve(season: &Season, rows: &[(u32, QuotaRow)]) -> Result<Vec<Edit>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut edits = Vec::with_capacity(rows.len());
    let mut seen = BTreeSet::new();
    for (row, r) in rows {
        let row = *row;
        let mut known = |column: &str, id: &Option<Text>| {
            let id = id.as_ref()?;
            let found = season.find_school(id);
            if found.is_none() {
                let fault = fault(row, column, FaultCode::UnknownCode).found(id);
                faults.push(fault.expected("学校表中没有这个代码").help("核对代码"));
            }
            found
        };
        let school = known("school_id", &r.school_id);
        let junior = known("junior_id", &r.junior_id);
        let batch = r.batch.as_ref().and_then(|id| {
            let found = season.policy().batch_ix(id);
            if found.is_none() {
                let fault = fault(row, "batch", FaultCode::UnknownCode).found(id);
                faults.push(fault.expected("政策中没有这个批次").help("核对代码"));
            }
            found
        });
        for (column, label, cell) in
            [("reason", "调整理由", &r.reason), ("document", "文号", &r.document)]
        {
            if cell.is_none() {
                faults.push(
                    fault(row, column, FaultCode::MissingValue)
                        .expected(format!("手工调整须写明“{label}”"))
                        .help("请补填"),
                );
            }
        }
        let (Some(school), Some(batch), Some(junior)) = (school, batch, junior) else { continue };
        if !seen.insert((school, batch, junior)) {
            let fault =
                fault(row, "junior_id", FaultCode::DuplicateKey).found(&season.school(junior).id);
            faults.push(fault.expected("每一格只调整一次").help("请删去其中一行"));
        }
        if let (Some(seats), Some(reason), Some(document)) = (r.seats, &r.reason, &r.document) {
            let (reason, document) = (reason.clone(), document.clone());
            edits.push(Edit { row, school, batch, junior, seats, reason, document });
        }
    }
    if faults.is_empty() { Ok(edits) } else { Err(faults) }
}

/// The distribution with the edits in it.
///
/// # Errors
/// A fault for every edit of a school without quota seats in the batch, for every senior school whose cells no
/// longer add up to its quota seats or give boarders more seats than it has beds, and for every junior school left below
/// the policy's least number.
pub fn edited(
    season: &Season,
    mut distribution: Distribution,
    edits: &[Edit],
) -> Result<Distribution, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut touched: BTreeMap<(BatchIx, SchoolIx), u32> = BTreeMap::new();
    let mut lowered: BTreeMap<(BatchIx, SchoolIx), u32> = BTreeMap::new();
    for edit in edits {
        let done = distribution.batches.iter_mut().find(|b| b.batch == edit.batch);
        let Some(done) = done.filter(|b| b.lines.iter().any(|l| l.school == edit.school)) else {
            faults.push(
                fault(edit.row, "school_id", FaultCode::QuotaMismatch)
                    .found(&season.school(edit.school).id)
                    .expected("该校在这一批次没有指标计划")
                    .help("核对学校和批次"),
            );
            continue;
        };
        touched.insert((edit.batch, edit.school), edit.row);
        lowered.insert((edit.batch, edit.junior), edit.row);
        let at = |c: &&mut Cell| (c.school, c.junior) == (edit.school, edit.junior);
        let (reason, document) = (edit.reason.clone(), edit.document.clone());
        if let Some(cell) = done.cells.iter_mut().find(at) {
            let was = Some(cell.seats);
            cell.ground = Ground::Edited { was, reason, document };
            cell.seats = edit.seats;
        } else {
            done.cells.push(Cell {
                school: edit.school,
                junior: edit.junior,
                ideal: Fraction::new(0, 1),
                seats: edit.seats,
                ground: Ground::Edited { was: Some(0), reason, document },
                beds: None,
            });
        }
    }
    for done in &mut distribution.batches {
        let id = |school: SchoolIx| &season.school(school).id;
        done.cells.sort_by(|a, b| (id(a.school), id(a.junior)).cmp(&(id(b.school), id(b.junior))));
        let mut of_school: BTreeMap<SchoolIx, u64> = BTreeMap::new();
        let mut of_junior: BTreeMap<SchoolIx, u64> = BTreeMap::new();
        for cell in &done.cells {
            *of_school.entry(cell.school).or_default() += u64::from(cell.seats);
            *of_junior.entry(cell.junior).or_default() += u64::from(cell.seats);
        }
        for line in &done.lines {
            let Some(&row) = touched.get(&(done.batch, line.school)) else { continue };
            let sum = of_school.get(&line.school).copied().unwrap_or(0);
            if sum != u64::from(line.seats) {
                faults.push(
                    fault(row, "seats", FaultCode::QuotaMismatch)
                        .found(sum)
                        .expected(format!(
                            "{}各格合计须等于指标计划数 {}；调整后为 {sum}",
                            season.school(line.school).name,
                            line.seats
                        ))
                        .help("加给一所初中的名额，要从另一所减去"),
                );
            }
        }
        let least = season.policy().quota.as_ref().map_or(0, |q| q.min_per_junior);
        for graduates in season.graduates() {
            let Some(&row) = lowered.get(&(done.batch, graduates.junior)) else { continue };
            let sum = of_junior.get(&graduates.junior).copied().unwrap_or(0);
            let due = least.min(graduates.eligible);
            if sum < u64::from(due) {
                faults.push(
                    fault(row, "seats", FaultCode::OutOfRange)
                        .found(sum)
                        .expected(format!(
                            "{}至少 {due} 个名额；调整后为 {sum}",
                            season.school(graduates.junior).name
                        ))
                        .help("核对调整，或改政策的 min_per_junior"),
                );
            }
        }
        for total in &mut done.juniors {
            if lowered.contains_key(&(done.batch, total.junior)) {
                total.seats = of_junior.get(&total.junior).copied().unwrap_or(0);
                total.edited = true;
            }
        }
        // The least deviation was proved of the table before.
        if touched.keys().any(|(batch, _)| *batch == done.batch) {
            done.deviation = None;
        }
    }
    faults.extend(over_beds(season, &distribution, &touched));
    if !faults.is_empty() {
        faults.sort_by_key(|f| f.row);
        return Err(faults);
    }
    distribution.quotas = distribution.batches.iter().flat_map(super::cells_of).collect();
    Ok(distribution)
}

/// A fault for every senior school with an edit and more boarders than beds, over all batches.
fn over_beds(
    season: &Season,
    distribution: &Distribution,
    touched: &BTreeMap<(BatchIx, SchoolIx), u32>,
) -> Vec<Fault> {
    let board: BTreeSet<SchoolIx> =
        season.graduates().iter().filter(|g| g.boarding).map(|g| g.junior).collect();
    let rows: BTreeMap<SchoolIx, u32> =
        touched.iter().map(|(&(_, school), &row)| (school, row)).collect();
    let over = |(&school, &row): (&SchoolIx, &u32)| {
        let places = season.school(school).boarding_places?;
        let cells = distribution.batches.iter().flat_map(|b| &b.cells);
        let sum: u64 = cells
            .filter(|c| c.school == school && board.contains(&c.junior))
            .map(|c| u64::from(c.seats))
            .sum();
        let name = &season.school(school).name;
        (sum > u64::from(places)).then(|| {
            fault(row, "seats", FaultCode::OutOfRange)
                .found(sum)
                .expected(format!("{name}的住宿床位为 {places}；调整后寄宿初中共 {sum} 个名额"))
                .help("减少寄宿初中的名额，或增加床位（boarding_places）")
        })
    };
    rows.iter().filter_map(over).collect()
}
