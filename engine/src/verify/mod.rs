//! Verification: judges an answer from the season alone; P1–P8, the second algorithm, the certificate.
//!
//! Policy: SPEC §7. Imports nothing from `placement`: the two share types and no code.

pub mod figures;
pub mod floors;
pub mod lines;
pub mod market;
pub mod order;
pub mod second;
