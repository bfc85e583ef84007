//! Black-box tests of the engine.

mod fixtures_district;
mod policy_shipped;
