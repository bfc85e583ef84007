//! The cells of a quota distribution that are set by hand: a file in the form of `quotas`, in which every row has
//! a reason and a document.

use std::path::Path;

use luqu_engine::domain::draft::QuotaRow;
use luqu_engine::domain::{Fault, Season, Table};
use luqu_engine::quota::{Distribution, Edit, edited, resolve};

use crate::error::Failure;

use super::folder;
use super::layout::Context;
use super::load::{Part, read_table};
use super::located::{Located, Source, name_of};

/// The edits of a file, and where to put what is wrong with them.
pub struct QuotaEdits {
    edits: Vec<Edit>,
    source: Option<Source>,
    file: String,
}

/// Reads the edits in `file`, or says at which cells they cannot be read.
///
/// # Errors
/// `Usage` for a file without the table; `Io`.
pub fn read(file: &Path, season: &Season) -> Result<Result<QuotaEdits, Vec<Located>>, Failure> {
    let context = Context::of(Some(season.policy()));
    let found = folder::find_in(file, Table::Quotas)?;
    let candidates: Vec<_> = found.candidates.iter().collect();
    let mut part: Part<QuotaRow> = read_table(Table::Quotas, &candidates, None, &context);
    part.faults.extend(found.faults);
    let mut read = QuotaEdits { edits: Vec::new(), source: part.source, file: name_of(file) };
    if part.faults.iter().any(Located::blocks) {
        return Ok(Err(part.faults));
    }
    match resolve(season, &part.rows) {
        Ok(edits) => read.edits = edits,
        Err(faults) => return Ok(Err(read.locate(faults))),
    }
    Ok(Ok(read))
}

impl QuotaEdits {
    /// The distribution with the edits in it, or at which rows they break its sums.
    ///
    /// # Errors
    /// The faults.
    pub fn apply(
        &self,
        season: &Season,
        distribution: Distribution,
    ) -> Result<Distribution, Vec<Located>> {
        edited(season, distribution, &self.edits).map_err(|faults| self.locate(faults))
    }

    fn locate(&self, faults: Vec<Fault>) -> Vec<Located> {
        let located = |fault| match &self.source {
            Some(source) => source.locate(fault, None),
            None => Located::in_file(fault, self.file.clone()),
        };
        faults.into_iter().map(located).collect()
    }
}
