//! Who may do what, and the keys that are kept outside the database.

pub mod keys;
