//! All SQL of the program: the schema that carries the law, its migrations, and every query.
//!
//! Entities never leave this room: what goes in and out are values of the engine and plain structs.
//! SQLite is the default, PostgreSQL one URL away; both have the same tables, keys, checks and histories.

mod connect;
mod fingerprint;
mod migrations;
pub mod schema;

pub use connect::{Store, StoreError};
