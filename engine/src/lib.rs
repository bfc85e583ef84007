//! The optimisation core of Luqu 录取: places the applicants of one district and proves that it did.
//!
//! Everything here is a pure function of values. The engine knows no database, HTTP, async, file,
//! clock, environment or unseeded randomness; see `ARCHITECTURE.md` for who may import whom.

pub mod audit;
pub mod classes;
pub mod domain;
pub mod explain;
pub mod explain_policy;
pub mod placement;
pub mod plan;
pub mod policy;
pub mod quota;
pub mod reconcile;
pub mod rules;
pub mod sections;
pub mod solver;
pub mod verify;
