//! Who may do what, and the keys that are kept outside the database.

mod accounts;
pub mod keys;
mod password;
mod session;
mod tokens;
mod tries;

pub use accounts::NewAccount;
pub use password::{hash_password, password_matches};
pub use session::{SignIn, SignedIn};
pub use tokens::TokenRequest;
