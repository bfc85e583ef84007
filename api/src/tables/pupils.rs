//! The table 分班要求 (`pupils`): who shares a class and who may not, beside the season or in a file of its own.

use std::path::Path;

use luqu_engine::classes::{Groups, PupilRow, Wants};
use luqu_engine::domain::{Season, Table};

use super::audit_inputs::Reader;
use super::cell;
use super::folder;
use super::layout::{Context, Record};
use super::located::Located;
use super::rows::{Cells, TableRow};
use crate::error::Failure;

/// The table as read, with every fault found in it.
#[derive(Debug)]
pub struct LoadedGroups {
    /// What it says, if nothing blocks it; without a table, nothing is asked for.
    pub groups: Option<Groups>,
    /// The faults, warnings too.
    pub faults: Vec<Located>,
    /// Faults beyond those kept.
    pub omitted: u64,
}

/// Reads the table of the season at `path`, or the one in `file`.
///
/// # Errors
/// A path that does not exist or cannot be listed, a file given that is neither CSV nor a workbook.
pub fn load_groups(
    path: &Path,
    file: Option<&Path>,
    season: &Season,
) -> Result<LoadedGroups, Failure> {
    let context = Context::of(Some(season.policy()));
    let home = folder::find(path)?;
    let mut reader =
        Reader { home: &home.candidates, context: &context, faults: Vec::new(), omitted: 0 };
    let table = reader.table::<PupilRow>(file)?;
    let Reader { mut faults, omitted, .. } = reader;
    let mut groups = None;
    if let Some(part) = table {
        match (Groups::check(season, part.rows), part.source) {
            (Ok(checked), _) => groups = Some(checked),
            (Err(found), Some(source)) => {
                faults.extend(found.into_iter().map(|fault| source.locate(fault, None)));
            }
            (Err(found), None) => {
                let name = format!("{}.csv", Table::Pupils.key());
                faults.extend(found.into_iter().map(|f| Located::in_file(f, name.clone())));
            }
        }
    } else {
        groups = Some(Groups::default());
    }
    if omitted > 0 || faults.iter().any(Located::blocks) {
        groups = None;
    }
    Ok(LoadedGroups { groups, faults, omitted })
}

impl TableRow for PupilRow {
    type Item = (u32, Self);

    const TABLE: Table = Table::Pupils;

    fn read<R: Record>(c: &mut Cells<'_, R>, out: &mut Vec<(u32, Self)>) {
        let row = Self {
            applicant: c.required("applicant_id", cell::code),
            wants: Wants {
                together: c.optional("together", cell::text).value(),
                apart: c.optional("apart", cell::text).value(),
                squad: c.optional("squad", cell::text).value(),
                boarding: c.optional("boarding", cell::yes_no).value(),
                combination: c.optional("combination", cell::text).value(),
            },
        };
        out.push((c.row, row));
    }
}
