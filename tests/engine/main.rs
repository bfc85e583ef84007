//! Black-box tests of the engine.

mod fixtures_district;
mod policy_refusals;
mod policy_seasons;
mod policy_shipped;
mod verify_lines;
