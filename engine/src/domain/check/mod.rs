//! From a draft to a season: every check of SPEC §3 that needs more than one cell. All faults at once.
//!
//! Cells that the reader could not read are `None` here and already reported; nothing that depends on
//! them is judged.

mod applicants;
mod beds;
mod coverage;
mod plan;
mod schools;
mod special;
mod wishes;

use std::collections::BTreeMap;
use std::hash::Hash;
use std::mem::take;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

pub use self::coverage::policy_warnings;
use super::draft::{ApplicantRow, Draft, PlanRow, QuotaRow, Rows};
use super::fault::{Fault, FaultCode, Severity, Table};
use super::special_part::SpecialPart;
use super::wish_part::WishPart;
use super::{PlanLine, QuotaCell, RegionIx, SchoolIx, Scope, Season, Text};
use crate::policy::Policy;

/// Pieces of a long table that are checked before their results join the others: enough for every core,
/// few enough that the memory of one lot serves the next.
const LOT: usize = 16;

/// The rows of a piece of `applicants`.
const PIECE: usize = 1 << 12;

/// What a check came to.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The season, unless a fault blocks.
    pub season: Option<Season>,
    /// The faults that were kept, ordered by table, row and column.
    pub faults: Vec<Fault>,
    /// How many more there are that block.
    pub omitted_errors: u64,
    /// How many more there are that warn.
    pub omitted_warnings: u64,
}

impl Season {
    /// Checks a draft under a policy. The warnings come with the season.
    ///
    /// # Errors
    /// Every fault found, warnings included, ordered by table, row and column; at least one blocks.
    pub fn check(policy: Policy, draft: Draft) -> Result<(Self, Vec<Fault>), Vec<Fault>> {
        let checked = Self::check_keeping(usize::MAX, policy, draft);
        match checked.season {
            Some(season) => Ok((season, checked.faults)),
            None => Err(checked.faults),
        }
    }

    /// As [`Season::check`], but keeps at most so many faults of each table that block, and as many that
    /// warn, the first of them as a rule; the others are counted.
    pub fn check_keeping(most: usize, policy: Policy, mut draft: Draft) -> Checked {
        let keep = Keep { most, judged: draft.judged };
        let mut faults = Faults::new(keep);
        let regions = region_names(&draft);
        let schools = schools::check(&draft.schools, &regions, &mut faults);
        let mut of_people = Faults::new(keep);
        let (people, (graduates, plan, quotas)) = rayon::join(
            || applicants::check(&policy, &draft, &schools, &regions, &mut of_people),
            || {
                let graduates = schools::check_graduates(&draft.graduates, &schools, &mut faults);
                let plan = plan::check(&policy, &draft.plan, &schools, &regions, &mut faults);
                let quotas =
                    plan::check_quotas(&policy, &draft, &schools, &graduates, &plan, &mut faults);
                (graduates, plan, quotas)
            },
        );
        faults.append(of_people);
        let ties = applicants::check_ties(&policy, &draft.tie_decisions, &people, &mut faults);
        let mut parts = WishPart::pack(&take(&mut draft.wishes.rows));
        parts.append(&mut draft.packed_wishes);
        let mut special_parts = SpecialPart::pack(&take(&mut draft.special_scores.rows));
        special_parts.append(&mut draft.packed_special);
        let clean = !faults.block();
        let [mut unlikely, mut of_special, mut of_wishes] = [(); 3].map(|()| Faults::new(keep));
        let (wishes, special) = rayon::join(
            || wishes::check(&policy, parts, &schools, &people, &plan, &quotas, &mut of_wishes),
            || {
                let (places, tables) = ((&schools, &regions), (&plan, &*graduates, &people));
                if clean {
                    coverage::check(&policy, &draft, places, tables, &mut unlikely);
                }
                // The longest table finds the room of the second longest.
                drop(take(&mut draft.applicants));
                special::check(&policy, special_parts, &schools, &people, &mut of_special)
            },
        );
        faults.append(of_special);
        faults.append(of_wishes);
        plan::check_common_orders(&policy, &draft.plan, &plan, &quotas, &mut faults);
        check_seed(&policy, &mut faults);
        if faults.block() {
            return faults.checked();
        }
        faults.append(unlikely);
        let mut checked = faults.checked();
        checked.season = Some(Self {
            regions: regions.names,
            schools: schools.list,
            plan: plan.lines,
            graduates,
            quotas: quotas.cells,
            quota_papers: Arc::new(quotas.papers),
            scores: Arc::new(people.scores),
            special: Arc::new(special),
            restriction_papers: Arc::new(people.restrictions),
            applicants: Arc::new(people.list),
            wishes: Arc::new(wishes.list),
            wish_offsets: Arc::new(wishes.offsets),
            tie_decisions: Arc::new(ties.iter().map(|(b, a, o, _)| ((*b, *a), *o)).collect()),
            tie_papers: Arc::new(ties),
            policy,
        });
        checked
    }

    /// The same season under another policy, plan and quota cells, which are checked as those of the draft
    /// were. The policy must have the season's batches, categories and subjects, in their order; ids of the
    /// plan and the cells are those of this season.
    ///
    /// # Errors
    /// Every fault found; rows count along `plan` and `quotas`, the first being row 2.
    pub fn recheck(
        &self,
        policy: Policy,
        plan: Vec<PlanLine>,
        quotas: Vec<QuotaCell>,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::new(Keep { most: usize::MAX, judged: false });
        let known = Schools {
            list: self.schools.clone(),
            rows: (0..self.schools.len()).map(row_number).collect(),
            by_id: (0..)
                .map(SchoolIx)
                .zip(&self.schools)
                .map(|(ix, s)| (s.id.clone(), ix))
                .collect(),
        };
        let lived_in = vec![true; self.regions.len()];
        let regions = Regions { names: self.regions.clone(), lived_in };
        let draft = Draft {
            plan: rows_of(plan.iter().map(|line| self.plan_row(line))),
            quotas: rows_of(quotas.iter().map(|cell| self.quota_row(cell))),
            ..Draft::default()
        };
        let lines = plan::check(&policy, &draft.plan, &known, &regions, &mut faults);
        let cells =
            plan::check_quotas(&policy, &draft, &known, &self.graduates, &lines, &mut faults);
        plan::check_common_orders(&policy, &draft.plan, &lines, &cells, &mut faults);
        check_seed(&policy, &mut faults);
        let mut found = faults.checked().faults;
        found.retain(|f| f.severity == Severity::Error);
        if !found.is_empty() {
            return Err(found);
        }
        let mut season = self.clone();
        season.policy = policy;
        season.plan = lines.lines;
        season.quotas = cells.cells;
        Ok(season)
    }

    fn plan_row(&self, line: &PlanLine) -> PlanRow {
        let scope = match &line.scope {
            Scope::Any => "*".into(),
            // A blank cell would mean the school's own region.
            Scope::Regions(regions) if regions.is_empty() => ";".into(),
            Scope::Regions(regions) => {
                let names: Vec<&str> = regions.iter().map(|&r| self.region_name(r)).collect();
                Text::from(names.join(";"))
            }
        };
        PlanRow {
            school_id: Some(self.school(line.school).id.clone()),
            batch: Some(self.policy.batch(line.batch).id.clone()),
            category: Some(self.policy.category(line.category).id.clone()),
            seats: line.seats,
            seats_blank: line.seats.is_none(),
            classes: line.classes,
            quota_share: line.quota_share,
            region_scope: Some(scope),
            document: Some(line.document.clone()),
        }
    }

    fn quota_row(&self, cell: &QuotaCell) -> QuotaRow {
        QuotaRow {
            school_id: Some(self.school(cell.school).id.clone()),
            batch: Some(self.policy.batch(cell.batch).id.clone()),
            junior_id: Some(self.school(cell.junior).id.clone()),
            seats: Some(cell.seats),
            ..QuotaRow::default()
        }
    }
}

/// Rows as a file would have them.
fn rows_of<R>(rows: impl Iterator<Item = R>) -> Rows<R> {
    let rows = rows.enumerate().map(|(at, row)| (row_number(at), row)).collect();
    Rows { present: true, columns: Vec::new(), rows }
}

fn row_number(at: usize) -> u32 {
    u32::try_from(at + 2).unwrap_or(u32::MAX)
}

/// A lottery needs a seed.
fn check_seed(policy: &Policy, faults: &mut Faults) {
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
}

/// How faults are kept.
#[derive(Clone, Copy)]
struct Keep {
    /// Most faults of a table and severity.
    most: usize,
    /// Those for an audit to judge warn.
    judged: bool,
}

/// The faults found so far.
struct Faults {
    list: Vec<Fault>,
    keep: Keep,
    found: BTreeMap<(Table, Severity), usize>,
}

impl Faults {
    const fn new(keep: Keep) -> Self {
        Self { list: Vec::new(), keep, found: BTreeMap::new() }
    }

    fn push(&mut self, mut fault: Fault) {
        if self.keep.judged && fault.code.is_for_audit() {
            fault.severity = Severity::Warning;
        }
        let found = self.found.entry((fault.table, fault.severity)).or_default();
        *found += 1;
        if *found <= self.keep.most {
            self.list.push(fault);
        }
    }

    /// Whether one of them blocks.
    fn block(&self) -> bool {
        self.found.keys().any(|(_, severity)| *severity == Severity::Error)
    }

    /// Takes over what was found in the next part of the season.
    fn append(&mut self, mut other: Self) {
        let kept = &self.found;
        let mut room: BTreeMap<_, usize> = other
            .found
            .keys()
            .map(|key| (*key, self.keep.most.saturating_sub(kept.get(key).copied().unwrap_or(0))))
            .collect();
        other.list.retain(|fault| {
            let left = room.entry((fault.table, fault.severity)).or_default();
            let keep = *left > 0;
            *left = left.saturating_sub(1);
            keep
        });
        self.list.append(&mut other.list);
        for (key, more) in other.found {
            *self.found.entry(key).or_default() += more;
        }
    }

    /// The faults in their order, and how many more there are.
    fn checked(self) -> Checked {
        let omitted = |severity: Severity| -> u64 {
            let of = self.found.iter().filter(|((_, s), _)| *s == severity);
            of.map(|(_, found)| found.saturating_sub(self.keep.most) as u64).sum()
        };
        let (omitted_errors, omitted_warnings) =
            (omitted(Severity::Error), omitted(Severity::Warning));
        let mut faults = self.list;
        Fault::sort(&mut faults);
        Checked { season: None, faults, omitted_errors, omitted_warnings }
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
    /// Which of them a school or an applicant has.
    lived_in: Vec<bool>,
}

impl Regions {
    /// Whether a school or an applicant is of the region.
    fn lived_in(&self, name: &str) -> bool {
        self.find(name).is_some_and(|r| self.lived_in[r.at()])
    }

    fn find(&self, name: &str) -> Option<RegionIx> {
        self.names.binary_search_by(|n| n.as_str().cmp(name)).ok().map(RegionIx::from)
    }
}

/// The parts of a `region_scope` cell; a list is written with `、` too, and no region has one in its name.
fn scope_parts(cell: &str) -> impl Iterator<Item = &str> {
    cell.split([';', '；', '、']).map(str::trim).filter(|part| !part.is_empty())
}

fn region_names(draft: &Draft) -> Regions {
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    seen.extend(draft.schools.rows.iter().filter_map(|(_, r)| r.region.as_deref()));
    let pieces: Vec<_> = draft.applicants.rows.par_chunks(PIECE).map(regions_of).collect();
    seen.extend(pieces.into_iter().flatten());
    let people = seen.clone();
    for (_, row) in &draft.plan.rows {
        seen.extend(row.region_scope.as_deref().into_iter().flat_map(scope_parts));
    }
    let mut names: Vec<Text> = seen.into_iter().map(Text::from).collect();
    names.sort_unstable();
    let lived_in = names.iter().map(|n| people.contains(n.as_str())).collect();
    Regions { names, lived_in }
}

/// The regions that rows of `applicants` name. Neighbours in the table mostly are neighbours.
fn regions_of(rows: &[(u32, ApplicantRow)]) -> FxHashSet<&str> {
    let together = rows.chunk_by(|a, b| a.1.region == b.1.region);
    together.filter_map(|some| some.first()?.1.region.as_deref()).collect()
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
