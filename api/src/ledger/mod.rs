//! The ledger: every act, in order, in bytes that can be checked by whoever holds an older checkpoint.
//!
//! A Merkle tree over the entries (RFC 9162 hashing) and signed checkpoints in the form of C2SP signed notes.

pub mod bundle;
mod entry;
mod note;
mod tree;

pub use entry::{Entry, Event};
pub use note::{Checkpoint, NoteError};
pub use tree::Tree;

use crate::auth::keys::Keys;

/// The signed checkpoint of a ledger of these leaves.
#[must_use]
pub fn checkpoint(keys: &Keys, leaves: &[Vec<u8>]) -> String {
    let tree = Tree::of(leaves);
    Checkpoint { size: leaves.len() as u64, root: tree.root() }.signed(keys)
}
