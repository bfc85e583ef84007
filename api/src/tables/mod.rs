//! The season folder and workbook: reading, faults with cell addresses, writing.

pub mod season_csv;
