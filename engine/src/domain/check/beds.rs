//! Beds 住宿床位: the quota cells of junior schools whose pupils board beside the beds of the senior school.
//!
//! The distribution keeps within the beds by itself (`quota/beds.rs`). Cells that a file gives may rest on a decision that
//! the tables do not show, so that going over the beds is told and blocks nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Faults, Schools};
use crate::domain::fault::{Fault, FaultCode, Table};
use crate::domain::{Graduates, QuotaCell, SchoolIx};

/// Warns of every senior school whose cells give boarding junior schools more seats than it has beds, over all batches. As
/// many seats as beds are in order, and where nothing is said of beds nothing is judged.
///
/// `cells` stand in the order of the file with their rows, and the cell at which the beds run out is pointed at. Those that
/// are `pending`, because their line is still to be computed, do not count.
pub(super) fn check(
    cells: &[(u32, QuotaCell)],
    pending: impl Fn(&QuotaCell) -> bool,
    schools: &Schools,
    graduates: &[Graduates],
    faults: &mut Faults,
) {
    let board: BTreeSet<SchoolIx> =
        graduates.iter().filter(|g| g.boarding).map(|g| g.junior).collect();
    let places = |cell: &QuotaCell| schools.list[cell.school.at()].boarding_places.map(u64::from);
    let boarders: Vec<(u32, &QuotaCell, u64)> = cells
        .iter()
        .filter(|(_, cell)| board.contains(&cell.junior))
        .filter_map(|(row, cell)| Some((*row, cell, places(cell)?)))
        .filter(|(_, cell, _)| !pending(cell))
        .collect();
    let mut sums: BTreeMap<SchoolIx, u64> = BTreeMap::new();
    for (_, cell, _) in &boarders {
        *sums.entry(cell.school).or_default() += u64::from(cell.seats);
    }
    let mut taken: BTreeMap<SchoolIx, u64> = BTreeMap::new();
    for (row, cell, places) in boarders {
        let so_far = taken.entry(cell.school).or_default();
        let before = *so_far;
        *so_far += u64::from(cell.seats);
        if before > places || *so_far <= places {
            continue;
        }
        let sum = sums.get(&cell.school).copied().unwrap_or(0);
        faults.push(
            Fault::at(FaultCode::OverBeds, Table::Quotas, row, "seats")
                .found(cell.seats)
                .expected(format!(
                    "{}的住宿床位为 {places}；寄宿初中的名额共 {sum} 个，多 {}，从这一格起住不下",
                    schools.list[cell.school.at()].name,
                    sum - places
                ))
                .help("减少寄宿初中的名额，或核对学校表的住宿床位、初中毕业生表的寄宿"),
        );
    }
}
