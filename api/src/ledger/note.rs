//! Checkpoints as signed notes (C2SP signed-note and tlog-checkpoint): three lines of text and a signature.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::auth::keys::Keys;

/// The name of every ledger of this program, and of its key.
const ORIGIN: &str = "luqu/ledger";

/// The kind of the signature within a note: Ed25519. SM2 would be another.
const ED25519: u8 = 1;

/// What a ledger was at one size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// How many entries it had.
    pub size: u64,
    /// The root of their tree.
    pub root: [u8; 32],
}

/// Why a note proves nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoteError {
    /// It has not the form of a note of this ledger.
    #[error("不是 luqu 日志的检查点")]
    Form,
    /// No signature in it is by the key.
    #[error("检查点不是这把密钥签名的")]
    Signature,
}

impl Checkpoint {
    fn text(self) -> String {
        format!("{ORIGIN}\n{}\n{}\n", self.size, STANDARD.encode(self.root))
    }

    /// The checkpoint as a note signed by an installation.
    #[must_use]
    pub fn signed(self, keys: &Keys) -> String {
        let text = self.text();
        let key = keys.verifying();
        let line = [&key_hash(&key)[..], &keys.sign(text.as_bytes())].concat();
        format!("{text}\n\u{2014} {ORIGIN} {}\n", STANDARD.encode(line))
    }

    /// Reads a note that the key has signed; further signatures are passed over. A mark at its front and line ends that an
    /// editor put there change nothing of what was signed.
    ///
    /// # Errors
    /// Another form, or no signature by the key.
    pub fn open(note: &str, key: &VerifyingKey) -> Result<Self, NoteError> {
        let note = note.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let (text, signatures) = note.split_once("\n\n").ok_or(NoteError::Form)?;
        let text = format!("{text}\n");
        let mut lines = text.lines();
        let (Some(ORIGIN), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(NoteError::Form);
        };
        let size: u64 = size.parse().map_err(|_| NoteError::Form)?;
        let root = STANDARD.decode(root).ok().and_then(|r| <[u8; 32]>::try_from(r).ok());
        let found = Self { size, root: root.ok_or(NoteError::Form)? };
        if found.text() != text {
            return Err(NoteError::Form);
        }
        let by_key = |line: &str| {
            let encoded = line.strip_prefix(&format!("\u{2014} {ORIGIN} "))?;
            let bytes = STANDARD.decode(encoded).ok()?;
            let (hash, signature) = bytes.split_first_chunk::<4>()?;
            let signature = Signature::from_slice(signature).ok()?;
            let whole = *hash == key_hash(key);
            (whole && key.verify_strict(text.as_bytes(), &signature).is_ok()).then_some(())
        };
        match signatures.lines().find_map(by_key) {
            Some(()) => Ok(found),
            None => Err(NoteError::Signature),
        }
    }
}

/// The four bytes by which a note names a key.
fn key_hash(key: &VerifyingKey) -> [u8; 4] {
    let hash = Sha256::new()
        .chain_update(ORIGIN)
        .chain_update(b"\n")
        .chain_update([ED25519])
        .chain_update(key.as_bytes())
        .finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        let folder = tempfile::tempdir().expect("a folder");
        Keys::open_or_create(&folder.path().join("keys.toml")).expect("keys")
    }

    #[test]
    fn a_note_opens_with_its_key_alone_and_unchanged() {
        let (keys, other) = (keys(), keys());
        let checkpoint = Checkpoint { size: 7, root: [3; 32] };
        let note = checkpoint.signed(&keys);
        assert_eq!(Checkpoint::open(&note, &keys.verifying()), Ok(checkpoint));
        let edited = format!("\u{feff}{}", note.replace('\n', "\r\n"));
        assert_eq!(Checkpoint::open(&edited, &keys.verifying()), Ok(checkpoint));
        assert_eq!(Checkpoint::open(&note, &other.verifying()), Err(NoteError::Signature));
        let changed = note.replacen("\n7\n", "\n8\n", 1);
        assert_eq!(Checkpoint::open(&changed, &keys.verifying()), Err(NoteError::Signature));
        let witnessed = format!("{note}\u{2014} witness AAAAAAAA\n");
        assert_eq!(Checkpoint::open(&witnessed, &keys.verifying()), Ok(checkpoint));
        for broken in ["", "luqu/ledger\n7\n", &note.replacen("\n7\n", "\n07\n", 1)] {
            assert_eq!(Checkpoint::open(broken, &keys.verifying()), Err(NoteError::Form));
        }
    }
}
