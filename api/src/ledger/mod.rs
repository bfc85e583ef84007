//! The ledger: every act, in order, in bytes that can be checked by whoever holds an older checkpoint.
//!
//! A Merkle tree over the entries (RFC 9162 hashing) and signed checkpoints in the form of C2SP signed notes.

pub mod bundle;
mod entry;
mod guard;
mod note;
mod registry;
mod tree;

pub use entry::{Entry, Event, Personal, commitment};
pub use guard::Guard;
pub use note::{Checkpoint, NoteError};
pub use tree::Tree;
