//! Digests: SHA-256 over a canonical form, so that the same content has one digest in any file format,
//! row order or column order.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest; prints as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Builds a digest of fields, each preceded by its length, so that no two lists of fields look alike.
#[derive(Clone, Default)]
pub struct Digester {
    hash: Sha256,
    buffer: Vec<u8>,
}

impl Digester {
    /// Adds one field.
    pub fn field(&mut self, bytes: &[u8]) {
        Self::write_field(&mut self.buffer, bytes);
        if self.buffer.len() >= 1 << 16 {
            self.hash.update(&self.buffer);
            self.buffer.clear();
        }
    }

    /// Writes a field as [`Digester::field`] adds it.
    pub fn write_field(to: &mut Vec<u8>, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        to.extend_from_slice(&length.to_le_bytes());
        to.extend_from_slice(bytes);
    }

    /// Adds fields that were written by [`Digester::write_field`].
    pub fn written(&mut self, fields: &[u8]) {
        self.hash.update(&self.buffer);
        self.buffer.clear();
        self.hash.update(fields);
    }

    /// The digest of all fields added.
    pub fn finish(mut self) -> Digest {
        self.hash.update(&self.buffer);
        Digest(self.hash.finalize().into())
    }
}

/// The plain SHA-256 of some bytes, as `sha256sum` prints it.
pub fn of_bytes(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}
