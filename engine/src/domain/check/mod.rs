//! From a draft to a season: every check of SPEC §3 that needs more than one cell. All faults at once.
//!
//! Cells that the reader could not read are `None` here and already reported; nothing that depends on
//! them is judged.

mod applicants;
mod plan;
mod schools;
mod wishes;

use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::draft::Draft;
use super::fault::{Fault, FaultCode, Severity, Table};
use super::{RegionIx, SchoolIx, Season, Text};
use crate::policy::Policy;

impl Season {
    /// Checks a draft under a policy. The warnings come with the season.
    ///
    /// # Errors
    /// Every fault found, warnings included, ordered by table, row and column; at least one blocks.
    pub fn check(policy: Policy, draft: Draft) -> Result<(Self, Vec<Fault>), Vec<Fault>> {
        let mut faults = Faults::default();
        let regions = region_names(&draft);
        let schools = schools::check(&draft.schools, &regions, &mut faults);
        let graduates = schools::check_graduates(&draft.graduates, &schools, &mut faults);
        let plan = plan::check(&policy, &draft.plan, &schools, &regions, &mut faults);
        let quotas = plan::check_quotas(&policy, &draft, &schools, &plan, &mut faults);
        let people = applicants::check(&policy, &draft, &schools, &regions, &mut faults);
        let wishes =
            wishes::check(&policy, &draft.wishes, &schools, &people, &plan, &quotas, &mut faults);
        let ties = applicants::check_ties(&policy, &draft.tie_decisions, &people, &mut faults);
        plan::check_common_orders(&policy, &draft.plan, &plan, &quotas, &mut faults);
        if policy.needs_seed() && policy.seed.as_deref().is_none_or(str::is_empty) {
            faults.push(
                Fault::of_table(
                    FaultCode::PolicyRefused,
                    Table::Policy,
                    "录取顺序或指标分配用到随机号，须有种子",
                )
                .help("在 policy.toml 的 [season] 写 seed，或用 --seed 给出"),
            );
        }

        let mut found = faults.list;
        Fault::sort(&mut found);
        if found.iter().any(|f| f.code.severity() == Severity::Error) {
            return Err(found);
        }
        let season = Self {
            regions: regions.names,
            schools: schools.list,
            plan: plan.lines,
            graduates,
            quotas: quotas.cells,
            scores: people.scores,
            special: people.special,
            test_dates: people.test_dates,
            restriction_papers: people.restrictions,
            applicants: people.list,
            wishes: wishes.list,
            wish_offsets: wishes.offsets,
            tie_decisions: ties.iter().map(|(b, a, o, _)| ((*b, *a), *o)).collect(),
            tie_papers: ties,
            policy,
        };
        Ok((season, found))
    }
}

/// The faults found so far.
#[derive(Default)]
struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    fn push(&mut self, fault: Fault) {
        self.list.push(fault);
    }

    fn unknown(&mut self, table: Table, row: u32, column: &str, found: &str, what: &str) {
        self.push(
            Fault::at(FaultCode::UnknownCode, table, row, column)
                .found(found)
                .expected(format!("{what}中没有这个代码"))
                .help(format!("核对代码，或先在{what}中补上")),
        );
    }

    fn duplicate(&mut self, table: Table, row: u32, column: &str, found: &str, first: u32) {
        self.push(
            Fault::at(FaultCode::DuplicateKey, table, row, column)
                .found(found)
                .expected(format!("每个主键只出现一次；第 {first} 行已有同一主键"))
                .help("删去重复的一行，或改正其中一行的代码"),
        );
    }
}

/// Remembers where a key was first seen.
struct FirstSeen<K>(FxHashMap<K, u32>);

impl<K: Eq + Hash> FirstSeen<K> {
    fn with_capacity(capacity: usize) -> Self {
        Self(FxHashMap::with_capacity_and_hasher(capacity, rustc_hash::FxBuildHasher))
    }

    /// The row that had the key before, if one had.
    fn add(&mut self, key: K, row: u32) -> Option<u32> {
        match self.0.entry(key) {
            std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(row);
                None
            }
        }
    }
}

/// The regions that any table names, in bytewise order.
struct Regions {
    names: Vec<Text>,
}

impl Regions {
    fn find(&self, name: &str) -> Option<RegionIx> {
        self.names.binary_search_by(|n| n.as_str().cmp(name)).ok().map(RegionIx::from)
    }
}

/// The parts of a `region_scope` cell.
fn scope_parts(cell: &str) -> impl Iterator<Item = &str> {
    cell.split([';', '；']).map(str::trim).filter(|part| !part.is_empty())
}

fn region_names(draft: &Draft) -> Regions {
    let mut seen: rustc_hash::FxHashSet<&str> = rustc_hash::FxHashSet::default();
    seen.extend(draft.schools.rows.iter().filter_map(|(_, r)| r.region.as_deref()));
    seen.extend(draft.applicants.rows.iter().filter_map(|(_, r)| r.region.as_deref()));
    for (_, row) in &draft.plan.rows {
        seen.extend(row.region_scope.as_deref().into_iter().flat_map(scope_parts));
    }
    let mut names: Vec<Text> = seen.into_iter().map(Text::from).collect();
    names.sort_unstable();
    Regions { names }
}

/// The schools read so far and where each id is.
struct Schools {
    list: Vec<super::School>,
    /// The row of each.
    rows: Vec<u32>,
    by_id: FxHashMap<Text, SchoolIx>,
}

impl Schools {
    fn find(&self, id: &str) -> Option<SchoolIx> {
        self.by_id.get(id).copied()
    }
}
