//! Schools and the graduates of junior schools.

use super::{Faults, FirstSeen, Regions, Schools};
use crate::domain::draft::{GraduatesRow, Rows, SchoolRow};
use crate::domain::fault::{Fault, FaultCode, Table};
use crate::domain::{Graduates, RegionIx, School, SchoolIx, Stage};

/// Checks the `schools` table. The list keeps the order of the table.
pub(super) fn check(rows: &Rows<SchoolRow>, regions: &Regions, faults: &mut Faults) -> Schools {
    let mut schools = Schools { list: Vec::new(), rows: Vec::new(), by_id: Default::default() };
    let mut seen = FirstSeen::with_capacity(rows.rows.len());
    for (row, r) in &rows.rows {
        let Some(id) = &r.school_id else { continue };
        if let Some(first) = seen.add(id.clone(), *row) {
            faults.duplicate(Table::Schools, *row, "school_id", id, first);
            continue;
        }
        schools.by_id.insert(id.clone(), SchoolIx::from(schools.list.len()));
        schools.rows.push(*row);
        schools.list.push(School {
            id: id.clone(),
            name: r.name.clone().unwrap_or_default(),
            // Unreadable stages are reported; taking them for both keeps one fault from becoming many.
            stage: r.stage.unwrap_or(Stage::Complete),
            ownership: r.ownership,
            tier: r.tier,
            region: r.region.as_deref().and_then(|n| regions.find(n)).unwrap_or(RegionIx(0)),
            is_new: r.is_new.unwrap_or(false),
            enrolled: r.enrolled,
            group: r.group.clone(),
            boarding_places: r.boarding_places,
        });
    }
    schools
}

/// Checks the `graduates` table; ordered by school.
pub(super) fn check_graduates(
    rows: &Rows<GraduatesRow>,
    schools: &Schools,
    faults: &mut Faults,
) -> Vec<Graduates> {
    let mut list = Vec::new();
    let mut seen = FirstSeen::with_capacity(rows.rows.len());
    for (row, r) in &rows.rows {
        if let (Some(graduates), Some(eligible)) = (r.graduates, r.eligible)
            && eligible > graduates
        {
            faults.push(
                Fault::at(FaultCode::EligibleOverGraduates, Table::Graduates, *row, "eligible")
                    .found(eligible)
                    .expected(format!("不多于应届毕业人数 {graduates}"))
                    .help("核对两个人数"),
            );
        }
        let Some(id) = &r.junior_id else { continue };
        if let Some(first) = seen.add(id.clone(), *row) {
            faults.duplicate(Table::Graduates, *row, "junior_id", id, first);
            continue;
        }
        let Some(junior) = junior_school(schools, Table::Graduates, *row, id, faults) else {
            continue;
        };
        list.push(Graduates {
            junior,
            graduates: r.graduates.unwrap_or(0),
            eligible: r.eligible.unwrap_or(0),
            tilt: r.tilt.unwrap_or(false),
            boarding: r.boarding.unwrap_or(false),
        });
    }
    list.sort_unstable_by(|a, b| {
        schools.list[a.junior.at()].id.cmp(&schools.list[b.junior.at()].id)
    });
    list
}

/// The junior school that a `junior_id` cell names; an unknown code or the wrong stage is a fault.
pub(super) fn junior_school(
    schools: &Schools,
    table: Table,
    row: u32,
    id: &str,
    faults: &mut Faults,
) -> Option<SchoolIx> {
    of_stage(schools, table, row, ("junior_id", id), Stage::has_junior, "初中或完全中学", faults)
}

/// The senior school that a `school_id` cell names; an unknown code or the wrong stage is a fault.
pub(super) fn senior_school(
    schools: &Schools,
    table: Table,
    row: u32,
    (column, id): (&str, &str),
    faults: &mut Faults,
) -> Option<SchoolIx> {
    of_stage(schools, table, row, (column, id), Stage::has_senior, "高中或完全中学", faults)
}

fn of_stage(
    schools: &Schools,
    table: Table,
    row: u32,
    (column, id): (&str, &str),
    fits: impl Fn(Stage) -> bool,
    wanted: &str,
    faults: &mut Faults,
) -> Option<SchoolIx> {
    let Some(found) = schools.find(id) else {
        faults.unknown(table, row, column, id, "学校表");
        return None;
    };
    let school = &schools.list[found.at()];
    if !fits(school.stage) {
        faults.push(
            Fault::at(FaultCode::WrongStage, table, row, column)
                .found(id)
                .expected(format!(
                    "{}的学段是{}，这里须是{wanted}",
                    school.name,
                    school.stage.label()
                ))
                .help("核对学校代码，或在学校表改正学段"),
        );
        return None;
    }
    Some(found)
}
