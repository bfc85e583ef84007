//! What things are: the words of the contract as types, shared by every other room.

pub mod answer;
pub mod answer_csv;
mod check;
pub(crate) mod csv;
pub mod date;
pub mod digest;
pub mod draft;
pub mod fault;
pub mod id_number;
pub mod ids;
pub mod lottery;
pub mod near;
pub mod score;
pub mod season;
pub mod special;
pub mod special_part;
pub mod wish_part;

/// Short text kept inline: ids, names and codes of up to 24 bytes cost no allocation.
pub type Text = compact_str::CompactString;

pub use answer::{Answer, FrozenLine, Line, Outcome, Reason, ReasonKind};
pub use check::policy_warnings;
pub use date::{Moment, YearMonth};
pub use draft::Draft;
pub use fault::{Fault, FaultCode, Severity, Table};
pub use ids::{ApplicantIx, BatchIx, CategoryIx, RegionIx, SchoolIx, SubjectIx};
pub use lottery::Lottery;
pub use score::{Score, Share};
pub use season::{
    Applicant, Evaluation, Gender, Graduates, Ownership, PlanLine, QuotaCell, Restriction, School,
    Scope, Season, Stage, Tier, Wish,
};
pub use special::SpecialScore;
