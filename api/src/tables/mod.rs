//! The season folder and workbook: reading, faults with cell addresses, writing.
