//! The plan and the quota cells: documents, class sizes, school sizes, sums.
//!
//! Policy: item 4, 「普通高中新入学年级班额不得超过55人，新建普通高中学校高中生规模不得超过3000人」;
//! item 18, 「严禁无计划招生、超计划招生」.

use rustc_hash::{FxHashMap, FxHashSet};

use super::beds;
use super::schools::{junior_school, senior_school};
use super::{Faults, FirstSeen, Regions, Schools, scope_parts};
use crate::domain::draft::{Draft, PlanRow, QuotaRow, Rows};
use crate::domain::fault::{Fault, FaultCode, Table};
use crate::domain::season::QuotaPapers;
use crate::domain::{BatchIx, CategoryIx, Graduates, PlanLine, QuotaCell, SchoolIx, Scope};
use crate::policy::{Policy, RefusalKind};

/// The plan lines, ordered by school id, batch and category, and where each came from.
pub(super) struct Plan {
    pub(super) lines: Vec<PlanLine>,
    /// The row of each (school, batch, category).
    rows: FxHashMap<(SchoolIx, BatchIx, CategoryIx), u32>,
    /// Some row could not be placed at all: absence from the plan proves nothing.
    pub(super) incomplete: bool,
}

impl Plan {
    fn line(&self, school: SchoolIx, batch: BatchIx, category: CategoryIx) -> Option<&PlanLine> {
        self.lines.iter().find(|l| (l.school, l.batch, l.category) == (school, batch, category))
    }
}

/// Checks the `plan` table.
pub(super) fn check(
    policy: &Policy,
    rows: &Rows<PlanRow>,
    schools: &Schools,
    regions: &Regions,
    faults: &mut Faults,
) -> Plan {
    let mut plan = Plan { lines: Vec::new(), rows: FxHashMap::default(), incomplete: false };
    for (row, r) in &rows.rows {
        let row = *row;
        if r.document.is_none() {
            faults.push(
                Fault::at(FaultCode::NoPlanDocument, Table::Plan, row, "document")
                    .expected("每条招生计划须有批准文号；没有文号即无计划招生（实施方案第18条）")
                    .help("填写计划文号，或删去这条计划"),
            );
        }
        check_classes(policy, row, r, faults);
        let school = r
            .school_id
            .as_deref()
            .and_then(|id| senior_school(schools, Table::Plan, row, ("school_id", id), faults));
        let batch =
            r.batch.as_deref().and_then(|id| batch_named(policy, Table::Plan, row, id, faults));
        let category = r
            .category
            .as_deref()
            .and_then(|id| category_named(policy, Table::Plan, row, id, faults));
        let (Some(school), Some(batch), Some(category)) = (school, batch, category) else {
            plan.incomplete = true;
            continue;
        };
        if let Some(first) = plan.rows.get(&(school, batch, category)) {
            let found = r.category.as_deref().unwrap_or_default();
            faults.duplicate(Table::Plan, row, "category", found, *first);
            continue;
        }
        check_carry(policy, row, batch, category, faults);
        plan.rows.insert((school, batch, category), row);
        let own = schools.list[school.at()].region;
        let scope = match r.region_scope.as_deref().map(str::trim) {
            None | Some("") => Scope::Regions(vec![own]),
            Some("*") => Scope::Any,
            Some(list) => {
                let mut named: Vec<_> = scope_parts(list).filter_map(|n| regions.find(n)).collect();
                named.sort_unstable();
                named.dedup();
                for part in scope_parts(list).filter(|part| !regions.lived_in(part)) {
                    faults.push(
                        Fault::at(FaultCode::UnknownRegion, Table::Plan, row, "region_scope")
                            .found(part)
                            .expected("学校表、考生表中都没有这个区县，不会有考生符合")
                            .help("核对区县名称；多个区县用分号隔开"),
                    );
                }
                Scope::Regions(named)
            }
        };
        plan.lines.push(PlanLine {
            school,
            batch,
            category,
            seats: if r.seats_blank { None } else { Some(r.seats.unwrap_or(0)) },
            classes: r.classes,
            quota_share: r.quota_share,
            scope,
            document: r.document.clone().unwrap_or_default(),
        });
    }
    let id = |s: SchoolIx| &schools.list[s.at()].id;
    plan.lines.sort_unstable_by(|a, b| {
        (id(a.school), a.batch, a.category).cmp(&(id(b.school), b.batch, b.category))
    });
    check_new_schools(policy, schools, &plan, faults);
    plan
}

/// Seats of one row against its own approved classes; exactly full classes are lawful.
fn check_classes(policy: &Policy, row: u32, r: &PlanRow, faults: &mut Faults) {
    let (Some(seats), Some(classes)) = (r.seats, r.classes) else { return };
    let Some(limit) = &policy.limits.class_size else { return };
    let most = u64::from(classes) * u64::from(limit.value);
    if u64::from(seats) > most {
        faults.push(
            Fault::at(FaultCode::SeatsOverClasses, Table::Plan, row, "seats")
                .found(seats)
                .expected(format!(
                    "{classes} 个班 × 班额 {} = {most}，计划数不得超过（实施方案第{}条「{}」）",
                    limit.value, limit.item, limit.quote
                ))
                .help("减少计划数，或报批增加班数"),
        );
    }
}

/// A new school's pupils of all grades against the limit; exactly the limit is lawful.
fn check_new_schools(policy: &Policy, schools: &Schools, plan: &Plan, faults: &mut Faults) {
    let Some(limit) = &policy.limits.new_school_size else { return };
    for (at, school) in schools.list.iter().enumerate() {
        if !school.is_new {
            continue;
        }
        let enrolled = school.enrolled.unwrap_or(0);
        let lines = plan.lines.iter().filter(|l| l.school.at() == at);
        let seats: u64 = lines.filter_map(|l| l.seats).map(u64::from).sum();
        let total = u64::from(enrolled) + seats;
        if total > u64::from(limit.value) {
            faults.push(
                Fault::at(
                    FaultCode::NewSchoolTooLarge,
                    Table::Schools,
                    schools.rows[at],
                    "enrolled",
                )
                .found(format!("{}：现有 {enrolled} + 计划 {seats} = {total}", school.name))
                .expected(format!(
                    "新建高中不得超过 {}（实施方案第{}条「{}」）",
                    limit.value, limit.item, limit.quote
                ))
                .help("减少计划数"),
            );
        }
    }
}

fn check_carry(
    policy: &Policy,
    row: u32,
    batch: BatchIx,
    category: CategoryIx,
    faults: &mut Faults,
) {
    if let Some((to, _)) = policy.category(category).carry_to
        && to < batch
    {
        faults.push(
            Fault::at(FaultCode::PolicyRefused, Table::Plan, row, "batch")
                .found(&policy.batch(batch).id)
                .expected(format!(
                    "{}的剩余计划转入批次 {}，早于本批次。{}{}",
                    policy.category(category).name,
                    policy.batch(to).id,
                    RefusalKind::CarryBackward.why(),
                    RefusalKind::CarryBackward.example()
                ))
                .help("改正 carry_to 或计划的批次"),
        );
    }
}

/// The batch that a cell names, by id.
pub(super) fn batch_named(
    policy: &Policy,
    table: Table,
    row: u32,
    id: &str,
    faults: &mut Faults,
) -> Option<BatchIx> {
    let found = policy.batch_ix(id);
    if found.is_none() {
        faults.unknown(table, row, "batch", id, "政策的批次");
    }
    found
}

/// The category that a cell names, by id.
pub(super) fn category_named(
    policy: &Policy,
    table: Table,
    row: u32,
    id: &str,
    faults: &mut Faults,
) -> Option<CategoryIx> {
    let found = policy.category_ix(id);
    if found.is_none() {
        faults.unknown(table, row, "category", id, "政策的类别");
    }
    found
}

/// The quota cells, ordered by school id, batch and junior school id.
pub(super) struct Quotas {
    pub(super) cells: Vec<QuotaCell>,
    /// The reason and the document of the cells set by hand.
    pub(super) papers: QuotaPapers,
    /// Some row could not be placed at all.
    pub(super) incomplete: bool,
}

/// Checks the `quotas` table against the plan.
pub(super) fn check_quotas(
    policy: &Policy,
    draft: &Draft,
    schools: &Schools,
    graduates: &[Graduates],
    plan: &Plan,
    faults: &mut Faults,
) -> Quotas {
    let mut quotas =
        Quotas { cells: Vec::new(), papers: QuotaPapers::default(), incomplete: false };
    let mut seen = FirstSeen::with_capacity(draft.quotas.rows.len());
    let category = policy.quota.as_ref().map(|q| q.category);
    if let (None, Some((row, _))) = (category, draft.quotas.rows.first()) {
        faults.push(
            Fault::at(FaultCode::PolicyRefused, Table::Quotas, *row, "school_id")
                .expected("政策没有 [quota]，指标分配没有所属的类别")
                .help("在 policy.toml 写 [quota] category = …，或去掉指标分配表"),
        );
        quotas.incomplete = true;
        return quotas;
    }
    // Rows of a school and batch, so that their sum can be laid against the plan.
    let mut sums: FxHashMap<(SchoolIx, BatchIx), (u64, bool, u32)> = FxHashMap::default();
    let mut placed: Vec<(u32, QuotaCell)> = Vec::with_capacity(draft.quotas.rows.len());
    for (row, r) in &draft.quotas.rows {
        let row = *row;
        let school = r
            .school_id
            .as_deref()
            .and_then(|id| senior_school(schools, Table::Quotas, row, ("school_id", id), faults));
        let batch =
            r.batch.as_deref().and_then(|id| batch_named(policy, Table::Quotas, row, id, faults));
        let junior = r
            .junior_id
            .as_deref()
            .and_then(|id| junior_school(schools, Table::Quotas, row, id, faults));
        if let (Some(school), Some(batch)) = (school, batch) {
            let sum = sums.entry((school, batch)).or_insert((0, true, row));
            sum.0 += u64::from(r.seats.unwrap_or(0));
            sum.1 &= r.seats.is_some();
        }
        let (Some(school), Some(batch), Some(junior)) = (school, batch, junior) else {
            quotas.incomplete = true;
            continue;
        };
        if let Some(first) = seen.add((school, batch, junior), row) {
            let found = r.junior_id.as_deref().unwrap_or_default();
            faults.duplicate(Table::Quotas, row, "junior_id", found, first);
            if let Some(sum) = sums.get_mut(&(school, batch)) {
                sum.0 -= u64::from(r.seats.unwrap_or(0));
            }
            continue;
        }
        let cell = QuotaCell { school, batch, junior, seats: r.seats.unwrap_or(0) };
        check_edit(row, r, &cell, &mut quotas, faults);
        placed.push((row, cell));
    }
    // The cells of a line that is still to be computed will be others.
    let pending = |cell: &QuotaCell| {
        let line = category.and_then(|c| plan.line(cell.school, cell.batch, c));
        line.is_some_and(|l| l.seats.is_none())
    };
    beds::check(&placed, pending, schools, graduates, faults);
    quotas.cells = placed.into_iter().map(|(_, cell)| cell).collect();
    let id = |s: SchoolIx| &schools.list[s.at()].id;
    quotas.cells.sort_unstable_by(|a, b| {
        (id(a.school), a.batch, id(a.junior)).cmp(&(id(b.school), b.batch, id(b.junior)))
    });
    if let Some(category) = category {
        check_sums(policy, category, schools, plan, &quotas, &sums, draft.undistributed, faults);
    }
    quotas
}

/// A cell set by hand stays in sight, with its reason and its document.
fn check_edit(row: u32, r: &QuotaRow, cell: &QuotaCell, quotas: &mut Quotas, faults: &mut Faults) {
    match (&r.reason, &r.document) {
        (None, None) => {}
        (Some(reason), Some(document)) => {
            faults.push(
                Fault::at(FaultCode::EditedQuota, Table::Quotas, row, "seats")
                    .found(cell.seats)
                    .expected(format!("{reason}（{document}）"))
                    .help("核对文件；不是手工调整的，请清空这两列"),
            );
            let place = (cell.school, cell.batch, cell.junior);
            quotas.papers.insert(place, (cell.seats, reason.clone(), document.clone()));
        }
        (reason, _) => {
            let (column, label) =
                if reason.is_none() { ("reason", "调整理由") } else { ("document", "文号") };
            faults.push(
                Fault::at(FaultCode::MissingValue, Table::Quotas, row, column)
                    .expected(format!("手工调整须写明“{label}”"))
                    .help("请补填"),
            );
        }
    }
}

#[allow(clippy::too_many_arguments)] // Both tables and what was found in them, once.
fn check_sums(
    policy: &Policy,
    category: CategoryIx,
    schools: &Schools,
    plan: &Plan,
    quotas: &Quotas,
    sums: &FxHashMap<(SchoolIx, BatchIx), (u64, bool, u32)>,
    undistributed: bool,
    faults: &mut Faults,
) {
    let lines = plan.lines.iter().filter(|l| l.category == category);
    for line in lines {
        let Some(seats) = line.seats else { continue };
        if undistributed && !sums.contains_key(&(line.school, line.batch)) {
            continue;
        }
        let Some(&row) = plan.rows.get(&(line.school, line.batch, category)) else { continue };
        let (sum, complete, _) =
            sums.get(&(line.school, line.batch)).copied().unwrap_or((0, true, 0));
        if !complete || (quotas.incomplete && sum != u64::from(seats)) {
            continue;
        }
        if sum != u64::from(seats) {
            let name = &schools.list[line.school.at()].name;
            let cells = if sums.contains_key(&(line.school, line.batch)) {
                ""
            } else {
                "（没有任何分配）"
            };
            faults.push(
                Fault::at(FaultCode::QuotaMismatch, Table::Plan, row, "seats")
                    .found(seats)
                    .expected(format!(
                        "{name}在指标分配表的合计为 {sum}{cells}，须等于{}计划数",
                        policy.category(category).name
                    ))
                    .help("改正指标分配或计划数；尚未分配时计划数留空，用 luqu quota 计算"),
            );
        }
    }
    if plan.incomplete {
        return;
    }
    let mut orphans: Vec<_> = sums
        .iter()
        .filter(|((school, batch), _)| plan.line(*school, *batch, category).is_none())
        .map(|((school, batch), (.., row))| (*row, *school, *batch))
        .collect();
    orphans.sort_unstable();
    for (row, school, batch) in orphans {
        faults.push(
            Fault::at(FaultCode::QuotaMismatch, Table::Quotas, row, "school_id")
                .found(&schools.list[school.at()].id)
                .expected(format!(
                    "招生计划中没有{}在批次 {} 的{}计划",
                    schools.list[school.at()].name,
                    policy.batch(batch).id,
                    policy.category(category).name
                ))
                .help("补上这条招生计划，或删去这些指标"),
        );
    }
}

/// A batch with a relative floor of the same batch needs one common wish-free order over the classes
/// that the plan really has, listed in the seat order or not.
pub(super) fn check_common_orders(
    policy: &Policy,
    rows: &Rows<PlanRow>,
    plan: &Plan,
    quotas: &Quotas,
    faults: &mut Faults,
) {
    let classes = classes(policy, plan, quotas);
    for at in 0..policy.batches.len() {
        let batch = BatchIx::from(at);
        let mut categories: Vec<CategoryIx> =
            classes.iter().filter(|c| c.1 == batch).map(|c| c.2).collect();
        categories.sort_unstable();
        categories.dedup();
        let floored = categories.iter().any(|&c| {
            let relative = policy.category(c).floor.as_ref().and_then(|f| f.relative.as_ref());
            relative.is_some_and(|r| r.batch.is_none_or(|b| b == batch))
        });
        if !floored {
            continue;
        }
        let common = &policy.batch(batch).priority;
        for &category in &categories {
            let order = policy.priority(batch, category);
            if order != common || !order.wish_free() || order.reads_special() {
                let row = rows
                    .rows
                    .iter()
                    .find(|(_, r)| {
                        r.batch.as_deref() == Some(policy.batch(batch).id.as_str())
                            && r.category.as_deref() == Some(policy.category(category).id.as_str())
                    })
                    .map_or(1, |(row, _)| *row);
                faults.push(
                    Fault::at(FaultCode::UncommonOrder, Table::Plan, row, "category")
                        .found(&policy.category(category).id)
                        .expected(format!(
                            "{}{}",
                            RefusalKind::UncommonOrder.why(),
                            RefusalKind::UncommonOrder.example()
                        ))
                        .help("把该类别移到别的批次，或改用固定下限 at_least"),
                );
            }
        }
    }
}

/// Which (school, batch, category) have a seat class: a plan line, or one that seats return or carry to.
pub(super) fn classes(
    policy: &Policy,
    plan: &Plan,
    quotas: &Quotas,
) -> Vec<(SchoolIx, BatchIx, CategoryIx)> {
    let mut seen: FxHashSet<(SchoolIx, BatchIx, CategoryIx)> = FxHashSet::default();
    let mut classes = Vec::new();
    let mut queue: Vec<(SchoolIx, BatchIx, CategoryIx)> =
        plan.lines.iter().map(|l| (l.school, l.batch, l.category)).collect();
    if let Some(quota) = &policy.quota {
        queue.extend(quotas.cells.iter().map(|c| (c.school, c.batch, quota.category)));
    }
    while let Some((school, batch, category)) = queue.pop() {
        if seen.insert((school, batch, category)) {
            classes.push((school, batch, category));
            let rule = policy.category(category);
            queue.extend(rule.returns_to.map(|to| (school, batch, to)));
            let carries = rule.carry_to.filter(|(later, _)| *later > batch);
            queue.extend(carries.map(|(later, to)| (school, later, to)));
        }
    }
    classes
}
