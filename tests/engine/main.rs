//! Black-box tests of the engine.

mod policy_shipped;
