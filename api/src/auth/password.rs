//! Passwords: argon2id with its own salt each; checked in the same time whether the account exists or not.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use crate::error::Failure;

/// The fewest characters of a password.
const SHORTEST: usize = 10;

/// Hashes a password, about a tenth of a second.
///
/// # Errors
/// A password of fewer than ten characters.
pub fn hash_password(password: &str) -> Result<String, Failure> {
    if password.chars().count() < SHORTEST {
        return Err(Failure::Usage(format!("密码至少 {SHORTEST} 个字符")));
    }
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|e| Failure::Internal(format!("argon2: {e}")))?;
    Ok(hash.to_string())
}

/// Whether a password is that of a hash. Without a hash it takes as long, and it is not.
#[must_use]
pub fn password_matches(password: &str, hash: Option<&str>) -> bool {
    static NOBODY: OnceLock<String> = OnceLock::new();
    let nobody = || NOBODY.get_or_init(|| hash_password("nobody's password").unwrap_or_default());
    let known = hash.filter(|h| !h.is_empty());
    let Ok(parsed) = PasswordHash::new(known.unwrap_or_else(|| nobody())) else { return false };
    let matches = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    matches && known.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_hash_alone() {
        let hash = hash_password("correct horse battery").expect("a hash");
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(password_matches("correct horse battery", Some(&hash)));
        assert!(!password_matches("correct horse batterY", Some(&hash)));
        assert!(!password_matches("nobody's password", None));
        assert!(!password_matches("", Some("")));
        assert!(hash_password("123456789").is_err());
    }
}
