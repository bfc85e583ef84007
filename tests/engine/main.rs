//! Black-box tests of the engine.

// Unlike the engine, its tests read files.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod audit_clean;
mod audit_incidents;
mod audit_rules;
mod audit_world;
mod check_keeping;
mod classes;
mod classes_gather;
mod explain;
mod explain_moves;
mod explain_town;
mod fixtures_district;
mod invariants;
mod placement;
mod plan;
mod plan_class;
mod plan_district;
mod plan_years;
mod policy_properties;
mod policy_refusals;
mod policy_seasons;
mod policy_shipped;
mod quota_beds;
mod quota_beds_season;
mod quota_matrix;
mod quota_pool;
mod quota_season;
mod reconcile;
mod scenario_folder;
mod scenarios;
mod sections;
mod solver;
mod verify_agree;
mod verify_laws;
mod verify_lines;
mod verify_mutations;
