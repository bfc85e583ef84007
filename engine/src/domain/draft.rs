//! The draft of a season: the rows of the tables as read, before anything is checked.
//!
//! A field is `None` when its cell is blank **or** could not be read; the reader has then already
//! reported the fault, so that the check never reports a cell twice.

use super::special_part::SpecialPart;
use super::wish_part::WishPart;
use super::{Evaluation, Gender, Ownership, Score, Share, Stage, Text, Tier, YearMonth};

/// The rows of one table, each with the row number of the file (the header being row 1).
#[derive(Clone, Debug)]
pub struct Rows<R> {
    /// Whether the table was there at all.
    pub present: bool,
    /// The English keys of the columns found.
    pub columns: Vec<Text>,
    /// The rows in the order of the file, blank ones left out.
    pub rows: Vec<(u32, R)>,
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self { present: false, columns: Vec::new(), rows: Vec::new() }
    }
}

impl<R> Rows<R> {
    /// A table that was there, with these rows from row 2 on and no columns named.
    pub fn of(rows: impl IntoIterator<Item = R>) -> Self {
        Self { present: true, columns: Vec::new(), rows: (2..).zip(rows).collect() }
    }

    /// The same table with the columns named.
    #[must_use]
    pub fn with_columns(self, columns: &[&str]) -> Self {
        Self { columns: columns.iter().map(|&c| c.into()).collect(), ..self }
    }

    /// Whether the table has the column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|c| c == column)
    }
}

/// A season as read.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// 学校
    pub schools: Rows<SchoolRow>,
    /// 招生计划
    pub plan: Rows<PlanRow>,
    /// 初中毕业生
    pub graduates: Rows<GraduatesRow>,
    /// 指标分配
    pub quotas: Rows<QuotaRow>,
    /// 考生
    pub applicants: Rows<ApplicantRow>,
    /// 志愿
    pub wishes: Rows<WishRow>,
    /// More rows of 志愿, as a reader of long files packs them; they follow those of `wishes`.
    pub packed_wishes: Vec<WishPart>,
    /// 特长成绩
    pub special_scores: Rows<SpecialScoreRow>,
    /// More rows of 特长成绩, packed as those of 志愿.
    pub packed_special: Vec<SpecialPart>,
    /// 资格与限制
    pub restrictions: Rows<RestrictionRow>,
    /// 同分裁定
    pub tie_decisions: Rows<TieDecisionRow>,
    /// The quota cells are still to be made: quota lines without any cell are no fault.
    pub undistributed: bool,
    /// For an audit, which judges the plan as it was used: what is unlawful about it warns
    /// ([`is_for_audit`](super::FaultCode::is_for_audit)).
    pub judged: bool,
}

/// A row of `schools`.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // The fields are the columns of SPEC §3, here and below.
pub struct SchoolRow {
    pub school_id: Option<Text>,
    pub name: Option<Text>,
    pub stage: Option<Stage>,
    pub ownership: Option<Ownership>,
    pub tier: Option<Tier>,
    pub region: Option<Text>,
    pub is_new: Option<bool>,
    pub enrolled: Option<u32>,
    pub group: Option<Text>,
    pub boarding_places: Option<u32>,
}

/// A row of `plan`. Blank `seats` is a value of its own there, so the reader says whether the cell was blank.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct PlanRow {
    pub school_id: Option<Text>,
    pub batch: Option<Text>,
    pub category: Option<Text>,
    pub seats: Option<u32>,
    /// The cell of `seats` was blank, and not merely unreadable.
    pub seats_blank: bool,
    pub classes: Option<u32>,
    pub quota_share: Option<Share>,
    /// The text of the cell, `;`-joined regions or `*`.
    pub region_scope: Option<Text>,
    pub document: Option<Text>,
}

/// A row of `graduates`.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct GraduatesRow {
    pub junior_id: Option<Text>,
    pub graduates: Option<u32>,
    pub eligible: Option<u32>,
    pub tilt: Option<bool>,
    pub boarding: Option<bool>,
}

/// A row of `quotas`.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct QuotaRow {
    pub school_id: Option<Text>,
    pub batch: Option<Text>,
    pub junior_id: Option<Text>,
    pub seats: Option<u32>,
    /// Why and under which document the cell was set by hand.
    pub reason: Option<Text>,
    pub document: Option<Text>,
}

/// A row of `applicants`.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct ApplicantRow {
    pub applicant_id: Option<Text>,
    pub name: Option<Text>,
    pub gender: Option<Gender>,
    pub id_number: Option<Text>,
    pub registry_no: Option<Text>,
    pub junior_id: Option<Text>,
    pub region: Option<Text>,
    pub fresh: Option<bool>,
    pub junior_since: Option<YearMonth>,
    pub attended: Option<bool>,
    /// One per subject of the policy, in its order.
    pub scores: Vec<Option<Score>>,
    pub bonus: Option<Score>,
    pub total: Option<Score>,
    pub evaluation: Option<Evaluation>,
    pub tie_class: Option<i32>,
    /// A cell that the total depends on was there and could not be read: the sum is not judged.
    pub sum_unknown: bool,
}

/// A row of `wishes`, or one wish column of a wide row.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct WishRow {
    pub applicant_id: Option<Text>,
    pub batch: Option<Text>,
    pub position: Option<u16>,
    pub school_id: Option<Text>,
    pub category: Option<Text>,
    pub adjust: Option<bool>,
    /// The wish stood in the wide column `wish_N` of its row, N being `position`.
    pub wide: bool,
}

/// A row of `special_scores`.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct SpecialScoreRow {
    pub applicant_id: Option<Text>,
    pub category: Option<Text>,
    pub school_id: Option<Text>,
    pub score: Option<Score>,
    pub qualified: Option<bool>,
    pub test_date: Option<Text>,
}

/// A row of `restrictions`.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct RestrictionRow {
    pub applicant_id: Option<Text>,
    pub kind: Option<super::Restriction>,
    pub reason: Option<Text>,
    pub document: Option<Text>,
}

/// A row of `tie_decisions`.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct TieDecisionRow {
    pub batch: Option<Text>,
    pub applicant_id: Option<Text>,
    pub order: Option<u32>,
    pub document: Option<Text>,
}
