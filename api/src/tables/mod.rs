//! The season folder and workbook: reading, faults with cell addresses, writing.

pub mod annotate;
pub mod answer;
mod answer_files;
mod answer_rows;
pub mod audit_inputs;
mod cell;
pub mod choices;
pub mod columns;
mod csv_file;
mod csv_text;
mod encoding;
pub mod files;
mod folder;
mod frames;
mod layout;
pub mod load;
pub mod located;
mod parts;
pub mod plan_inputs;
pub mod policy_comments;
pub mod pupils;
pub mod quota_edits;
mod read;
pub mod report;
mod rows;
pub mod seals;
pub mod season_csv;
pub mod template;
pub mod workbook;
pub mod worker;
pub mod write;

pub(crate) use cell::is_hidden;
pub use load::{Loaded, load, season_or_report};
pub use located::{Located, Source};
