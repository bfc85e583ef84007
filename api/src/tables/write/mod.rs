//! Writes answers: the machine files of SPEC §6, the workbook for people, one folder at once.

pub mod answer;
pub(in crate::tables) mod answer_xlsx;
pub mod atomic;
pub mod handover;
pub mod listing;
pub mod oneroster;
pub mod people;
pub mod quota_xlsx;
pub mod reconciliation;
pub mod rosters_xlsx;
pub mod sections;
pub(crate) mod style;
pub mod words;
