//! Who may do what, and the keys that are kept outside the database.

pub mod keys;
mod password;
mod session;

pub use password::{hash_password, password_matches};
pub use session::{SignIn, SignedIn};
