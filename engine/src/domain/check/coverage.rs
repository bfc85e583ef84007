//! What is lawful and hardly meant: applicants whom no plan covers or no quota can reach, a tilt that tilts
//! nothing, a seed that anybody knows. Warnings, of a season without blocking faults.

use super::applicants::People;
use super::plan::Plan;
use super::{Faults, Regions, Schools};
use crate::domain::draft::Draft;
use crate::domain::fault::{Fault, FaultCode, Table};
use crate::domain::{Graduates, RegionIx};
use crate::policy::{PLACEHOLDER_SEED, Policy, QuotaMethod};

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
    if policy.needs_seed() && policy.seed.as_deref() == Some(PLACEHOLDER_SEED) {
        faults.push(
            Fault::of_table(
                FaultCode::PlaceholderSeed,
                Table::Policy,
                "填报截止后公布的种子；样例里的这一句谁都知道，可以事先算出随机号",
            )
            .found(PLACEHOLDER_SEED)
            .help("把 [season] seed 换成公布的种子，或用 --seed 给出"),
        );
    }
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
