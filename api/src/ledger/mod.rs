//! The ledger: every act, in order, in words that can be checked by whoever holds an older checkpoint.

mod entry;

pub use entry::{Entry, Event};
