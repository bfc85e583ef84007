//! What the plan advisor reads: a season's plan before there is a season, with 办学条件 and the classes of now.
//!
//! The rules about sums are not faults here: the draft is judged for them. Everything else that is wrong with the tables of the plan is.

use std::path::Path;

use luqu_engine::domain::draft::Rows;
use luqu_engine::domain::{Draft, Fault, FaultCode, Table, Text};
use luqu_engine::plan::{DraftPlan, Resources, Targets};
use luqu_engine::policy::Policy;
use luqu_engine::rules::ClassRow;

use super::cell;
use super::folder::{self, Candidate};
use super::layout::{Context, Record};
use super::load::{Gather, POLICY_FILE, Purpose, is_structural, read_table};
use super::located::Located;
use super::report;
use super::rows::{Cells, TableRow, count};
use crate::error::Failure;

/// A draft plan and where it came from.
#[derive(Debug)]
pub struct PlanInputs {
    /// The policy.
    pub policy: Policy,
    /// The tables as read.
    pub draft: Draft,
    /// The draft to be judged.
    pub plan: DraftPlan,
    /// 办学条件
    pub resources: Vec<Resources>,
    /// The classes of now.
    pub classes: Vec<ClassRow>,
}

/// Reads the plan of the season at `path`, tells its faults on stderr, and gives it where none blocks.
///
/// # Errors
/// A path that cannot be read; a target of a school or line that the plan does not have.
pub fn plan_or_report(path: &Path, targets: &Targets) -> Result<Option<PlanInputs>, Failure> {
    let home = folder::find(path)?;
    let complete = !home.faults.iter().any(Located::blocks);
    let mut gather =
        Gather { purpose: Purpose::Planning, faults: home.faults, complete, ..Gather::default() };
    let policy = gather.policy(&home.folder.join(POLICY_FILE), None);
    let context = Context::of(policy.as_ref());
    let draft = gather.tables(&home.candidates, &home.folder, &context);
    // Applicants and wishes are no part of a plan, and may be as unfinished as they like.
    gather.faults.retain(|f| is_of_plan(f.fault.table));
    gather.omitted = 0;
    let resources: Rows<Resources> = other(&mut gather, &home.candidates, &context);
    let classes: Rows<ClassRow> = other(&mut gather, &home.candidates, &context);
    let structure = gather.faults.iter().any(|f| is_structural(f.fault.code));
    if let (Some(policy), false) = (policy, structure) {
        let rows: Vec<Resources> = resources.rows.iter().map(|(_, r)| r.clone()).collect();
        gather.check_faults(strangers(&resources, &draft));
        let blocked = gather.faults.iter().any(Located::blocks);
        match DraftPlan::read(&policy, &draft, if blocked { &[] } else { &rows }, targets) {
            Ok(plan) if !blocked => {
                let plan = plan.map_err(Failure::Usage)?;
                tell(&gather);
                let classes = classes.rows.into_iter().map(|(_, row)| row).collect();
                return Ok(Some(PlanInputs { policy, draft, plan, resources: rows, classes }));
            }
            Ok(_) => {}
            Err(faults) => gather.check_faults(faults),
        }
    }
    tell(&gather);
    Ok(None)
}

fn tell(gather: &Gather) {
    let mut err = anstream::stderr().lock();
    // A closed stderr is nobody's fault.
    drop(report::list(&mut err, &gather.faults, gather.omitted, report::DEFAULT_MOST));
}

/// Whether a plan is judged by what stands in the table.
pub const fn is_of_plan(table: Table) -> bool {
    matches!(
        table,
        Table::Policy
            | Table::Schools
            | Table::Plan
            | Table::Graduates
            | Table::Quotas
            | Table::Resources
            | Table::Classes
    )
}

/// A table beside those of the season.
fn other<T: TableRow<Item = (u32, T)>>(
    gather: &mut Gather,
    all: &[Candidate],
    context: &Context,
) -> Rows<T> {
    let mine: Vec<&Candidate> = all.iter().filter(|c| c.table == T::TABLE).collect();
    gather.take(read_table(T::TABLE, &mine, None, context))
}

/// Rows of 办学条件 for schools without a plan, and second rows of one school.
fn strangers(resources: &Rows<Resources>, draft: &Draft) -> Vec<Fault> {
    let mut faults = Vec::new();
    let planned =
        |id: &Text| draft.plan.rows.iter().any(|(_, line)| line.school_id.as_ref() == Some(id));
    for (at, (row, r)) in resources.rows.iter().enumerate() {
        let fault = |code| Fault::at(code, Table::Resources, *row, "school_id").found(&r.school);
        let known = resources.rows.iter().take(at).any(|(_, other)| other.school == r.school);
        if r.school.is_empty() {
            continue;
        }
        if known {
            let words = "每所学校只有一行";
            faults.push(fault(FaultCode::DuplicateKey).expected(words).help("删去重复的一行"));
        } else if !planned(&r.school) {
            let words = "招生计划中没有这所学校";
            faults
                .push(fault(FaultCode::UnknownCode).expected(words).help("核对代码，或删去这一行"));
        }
    }
    faults
}

impl TableRow for Resources {
    type Item = (u32, Self);

    const TABLE: Table = Table::Resources;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let row = Self {
            school: c.required("school_id", cell::code).unwrap_or_default(),
            rooms: c.optional("rooms", count).value(),
            older_classes: c.optional("older_classes", count).value(),
            staff: c.optional("staff", count).value(),
            least: c.optional("least_seats", count).value(),
        };
        out.push((c.row, row));
    }
}
