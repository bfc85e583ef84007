//! What is lawful and hardly meant: applicants whom no plan covers or no quota can reach, a tilt that tilts
//! nothing, decisions about ties that lots are drawn for, a seed that anybody knows, a composite that is not of a
//! hundred parts. Warnings, of a season without blocking faults.

use super::applicants::People;
use super::plan::Plan;
use super::{Faults, Regions, Schools};
use crate::domain::draft::Draft;
use crate::domain::fault::{Fault, FaultCode, Table};
use crate::domain::{BatchIx, CategoryIx, Graduates, RegionIx};
use crate::policy::{Category, PLACEHOLDER_SEED, Policy, PriorityList, QuotaMethod};

/// Warns of it, each thing once, at the first row that it concerns.
pub(super) fn check(
    policy: &Policy,
    draft: &Draft,
    (schools, regions): (&Schools, &Regions),
    (plan, graduates, people): (&Plan, &[Graduates], &People),
    faults: &mut Faults,
) {
    check_regions(draft, regions, plan, people, faults);
    check_juniors(draft, schools, graduates, people, faults);
    check_tilt(policy, draft, faults);
    check_tie_decisions(policy, draft, faults);
    policy_warnings(policy).into_iter().for_each(|fault| faults.push(fault));
}

/// What of a policy by itself is lawful and hardly meant: a composite that is not of a hundred parts, a seed that anybody
/// knows.
pub fn policy_warnings(policy: &Policy) -> Vec<Fault> {
    let mut warnings: Vec<Fault> = policy.categories.iter().filter_map(odd_composite).collect();
    if policy.needs_seed() && policy.seed.as_deref() == Some(PLACEHOLDER_SEED) {
        let fault = Fault::of_table(
            FaultCode::PlaceholderSeed,
            Table::Policy,
            "填报截止后公布的种子；样例里的这一句谁都知道，可以事先算出随机号",
        );
        let help = "把 [season] seed 换成公布的种子，或用 --seed 给出";
        warnings.push(fault.found(PLACEHOLDER_SEED).help(help));
    }
    warnings
}

fn odd_composite(category: &Category) -> Option<Fault> {
    let composite = category.composite.as_ref()?;
    let (academic, special) = (composite.academic_pct, composite.special_pct);
    let sum = u64::from(academic) + u64::from(special);
    let expected = format!("学业与专业的比例合计 100；现在是 {sum}，综合成绩仍按所写的比例计算");
    let mut fault = Fault::of_table(FaultCode::CompositeSum, Table::Policy, expected)
        .found(format!("{academic} + {special}"))
        .help(format!("核对“{}”的 academic_pct 和 special_pct", category.name));
    fault.column = Some(format!("categories.{}.composite", category.id));
    (sum != 100).then_some(fault)
}

fn check_regions(
    draft: &Draft,
    regions: &Regions,
    plan: &Plan,
    people: &People,
    faults: &mut Faults,
) {
    let mut living = vec![0_usize; regions.names.len()];
    for applicant in &people.list {
        // Without a readable region there is none to count.
        living.get_mut(applicant.region.at()).into_iter().for_each(|count| *count += 1);
    }
    for (at, count) in living.into_iter().enumerate().filter(|(_, count)| *count > 0) {
        if plan.lines.iter().any(|l| l.scope.covers(RegionIx::from(at))) {
            continue;
        }
        let name = &regions.names[at];
        let rows = &draft.applicants.rows;
        // Where a cell could not be read nobody stands there.
        let Some((first, _)) = rows.iter().find(|(_, r)| r.region.as_ref() == Some(name)) else {
            continue;
        };
        faults.push(
            Fault::at(FaultCode::UncoveredRegion, Table::Applicants, *first, "region")
                .found(name)
                .expected(format!("{count} 名考生的区县不在任何招生计划的招生范围内，不可能录取"))
                .help("核对区县名称，或在招生计划的“招生范围”补上这个区县"),
        );
    }
}

fn check_juniors(
    draft: &Draft,
    schools: &Schools,
    graduates: &[Graduates],
    people: &People,
    faults: &mut Faults,
) {
    if graduates.is_empty() {
        return;
    }
    let mut from = vec![0_usize; schools.list.len()];
    for applicant in &people.list {
        // Without a readable school there is none to count.
        from.get_mut(applicant.junior.at()).into_iter().for_each(|count| *count += 1);
    }
    for known in graduates {
        from[known.junior.at()] = 0;
    }
    for (at, count) in from.into_iter().enumerate().filter(|(_, count)| *count > 0) {
        let school = &schools.list[at];
        let rows = &draft.applicants.rows;
        // Where a cell could not be read nobody stands there.
        let Some((first, _)) = rows.iter().find(|(_, r)| r.junior_id.as_ref() == Some(&school.id))
        else {
            continue;
        };
        faults.push(
            Fault::at(FaultCode::UnlistedJunior, Table::Applicants, *first, "junior_id")
                .found(&school.id)
                .expected(format!(
                    "{count} 名考生毕业于{}，初中毕业生表中没有这所学校，分不到指标",
                    school.name
                ))
                .help("在初中毕业生表补上这所学校，或核对考生的毕业学校"),
        );
    }
}

fn check_tilt(policy: &Policy, draft: &Draft, faults: &mut Faults) {
    let Some((row, _)) = draft.graduates.rows.iter().find(|(_, r)| r.tilt == Some(true)) else {
        return;
    };
    let why = match &policy.quota {
        Some(rule) if rule.method == QuotaMethod::Matrix => {
            "“倾斜”只在 method = \"pool\" 时起作用；现为 matrix，填了也不多给名额"
        }
        Some(rule) if rule.tilt.is_none() => "政策的 [quota] 没有写 tilt，填了也不多给名额",
        None => "政策没有 [quota]，填了也不多给名额",
        Some(_) => return,
    };
    faults.push(
        Fault::at(FaultCode::IdleTilt, Table::Graduates, *row, "tilt")
            .found("yes")
            .expected(why)
            .help("核对政策：该倾斜的写明 method = \"pool\" 和 tilt；不该倾斜的清空此列"),
    );
}

fn check_tie_decisions(policy: &Policy, draft: &Draft, faults: &mut Faults) {
    for (at, batch) in policy.batches.iter().enumerate() {
        let categories = (0..policy.categories.len()).map(CategoryIx::from);
        let mut orders = categories.map(|c| policy.priority(BatchIx::from(at), c));
        let rows = &draft.tie_decisions.rows;
        let first = rows.iter().find(|(_, r)| r.batch.as_ref() == Some(&batch.id));
        let Some((row, _)) = first.filter(|_| !orders.any(PriorityList::manual)) else { continue };
        faults.push(
            Fault::at(FaultCode::IdleTies, Table::TieDecisions, *row, "batch")
                .found(&batch.id)
                .expected(format!(
                    "只有录取顺序以 manual 结尾，才按裁定排先后；{}的同分由随机号排",
                    batch.name
                ))
                .help("核对政策的 priority；应按裁定的把末尾的 lottery 改为 manual"),
        );
    }
}
