//! The keys of an installation: for encryption, for keyed hashes, for signatures. They live in a file of their own.
//!
//! Whoever has the database alone reads no id number and forges no checkpoint.

use std::fs;
use std::io::Write;
use std::path::Path;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::error::Failure;

/// Bytes of a nonce of AES-GCM.
const NONCE: usize = 12;

/// The keys, ready for use. Printing them prints nothing.
pub struct Keys {
    data: Aes256Gcm,
    hash: [u8; 32],
    signing: SigningKey,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

/// The file: 32 bytes each, in hex.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    data_key: String,
    hash_key: String,
    signing_key: String,
}

/// Random bytes of the operating system.
///
/// # Errors
/// The system has none to give.
pub fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|e| Failure::Internal(format!("no random numbers: {e}")))?;
    Ok(bytes)
}

impl Keys {
    /// Reads the key file.
    ///
    /// # Errors
    /// A file that is absent or cannot be read, that others can read, or that holds no keys.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(Failure::io(path))?;
        owner_only(path)?;
        let file: KeyFile = toml::from_str(&text).map_err(|_| unusable(path))?;
        Self::of(&file).ok_or_else(|| unusable(path))
    }

    /// Reads the key file, or makes one that only its owner can read.
    ///
    /// # Errors
    /// As [`Keys::read`]; a file that cannot be written.
    pub fn open_or_create(path: &Path) -> Result<Self, Failure> {
        match fs::exists(path) {
            Ok(false) => Self::create(path),
            _ => Self::read(path),
        }
    }

    fn create(path: &Path) -> Result<Self, Failure> {
        let file = KeyFile {
            data_key: hex::encode(random::<32>()?),
            hash_key: hex::encode(random::<32>()?),
            signing_key: hex::encode(random::<32>()?),
        };
        let text = toml::to_string(&file).map_err(|e| Failure::Internal(e.to_string()))?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut to = options.open(path).map_err(Failure::io(path))?;
        to.write_all(text.as_bytes()).and_then(|()| to.sync_all()).map_err(Failure::io(path))?;
        Self::of(&file).ok_or_else(|| unusable(path))
    }

    fn of(file: &KeyFile) -> Option<Self> {
        let key = |text: &str| <[u8; 32]>::try_from(hex::decode(text).ok()?).ok();
        Some(Self {
            data: Aes256Gcm::new(&Key::<Aes256Gcm>::from(key(&file.data_key)?)),
            hash: key(&file.hash_key)?,
            signing: SigningKey::from_bytes(&key(&file.signing_key)?),
        })
    }

    /// Encrypts bytes for one place: they open nowhere else. The nonce stands in front.
    ///
    /// # Errors
    /// The system has no random numbers to give.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, Failure> {
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload { msg: plain, aad: place.as_bytes() };
        let sealed = self
            .data
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Failure::Internal("encryption failed".to_owned()))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// What was sealed for the place, or nothing if it was sealed elsewhere, with another key, or changed since.
    #[must_use]
    pub fn open(&self, place: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: body, aad: place.as_bytes() };
        self.data.decrypt(&Nonce::from(*nonce), payload).ok()
    }

    /// The keyed hash of a value for one purpose: equal values are found, and none is guessed from it.
    #[must_use]
    pub fn hash(&self, purpose: &str, value: &[u8]) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.hash)
            .unwrap_or_else(|_| <Hmac<Sha256> as hmac::KeyInit>::new(&Default::default()));
        mac.update(&(purpose.len() as u64).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(value);
        mac.finalize().into_bytes().into()
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message).to_bytes()
    }

    /// What checks the signatures; may be known to everybody.
    #[must_use]
    pub fn verifying(&self) -> VerifyingKey {
        self.signing.verifying_key()
    }
}

fn unusable(path: &Path) -> Failure {
    Failure::Usage(format!("{} 不是可用的密钥文件 (not a usable key file)", path.display()))
}

/// Refuses a key file that others than its owner can read.
#[cfg(unix)]
fn owner_only(path: &Path) -> Result<(), Failure> {
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(path).map_err(Failure::io(path))?.permissions(),
    );
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "密钥文件 {} 可被他人读取，请先 chmod 600 (the key file must be readable by its owner alone)",
        path.display()
    )))
}

#[cfg(not(unix))]
fn owner_only(_: &Path) -> Result<(), Failure> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (tempfile::TempDir, Keys) {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::open_or_create(&folder.path().join("keys.toml")).expect("keys");
        (folder, keys)
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let (folder, keys) = keys();
        let sealed = keys.seal("applicant/1", b"11010519491231002X").expect("sealed");
        let again = Keys::open_or_create(&folder.path().join("keys.toml")).expect("the same keys");
        assert_eq!(again.open("applicant/1", &sealed).as_deref(), Some(&b"11010519491231002X"[..]));
        assert_eq!(keys.open("applicant/2", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(keys.open("applicant/1", &changed), None, "byte {at}");
        }
        assert_eq!(keys.open("applicant/1", b"short"), None);
    }

    #[test]
    fn hashes_depend_on_key_purpose_and_value() {
        let (_a, one) = keys();
        let (_b, other) = keys();
        assert_eq!(one.hash("person", b"x"), one.hash("person", b"x"));
        assert_ne!(one.hash("person", b"x"), one.hash("code", b"x"));
        assert_ne!(one.hash("person", b"x"), other.hash("person", b"x"));
        assert_ne!(one.hash("ab", b"c"), one.hash("a", b"bc"));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_for_everybody_is_refused() {
        let (folder, _keys) = keys();
        let path = folder.path().join("keys.toml");
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        fs::set_permissions(&path, open).expect("permissions");
        assert!(Keys::open_or_create(&path).is_err());
        fs::write(&path, "data_key = 1").expect("a file");
        assert!(Keys::open_or_create(&path).is_err());
    }
}
