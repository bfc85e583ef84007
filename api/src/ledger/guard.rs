//! The guard: the highest checkpoint that was ever signed, in a file beside the keys and outside the database.
//!
//! A database restored from an older copy lacks what the guard has seen, and is not run.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use ed25519_dalek::VerifyingKey;

use super::Checkpoint;
use crate::error::Failure;

/// The file of a guard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guard {
    path: PathBuf,
}

impl Guard {
    /// The guard in this file, which need not be there yet.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The note that it holds; none before the first checkpoint.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn note(&self) -> Result<Option<String>, Failure> {
        match fs::read_to_string(&self.path) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::io(&self.path)(error)),
        }
    }

    /// Whether it could be raised, as far as its folder is concerned; nothing stays there.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn try_folder(&self) -> Result<(), Failure> {
        let folder = self.folder();
        tempfile::NamedTempFile::new_in(folder).map(drop).map_err(Failure::io(folder))
    }

    fn folder(&self) -> &Path {
        let folder = self.path.parent().filter(|p| !p.as_os_str().is_empty());
        folder.unwrap_or_else(|| Path::new("."))
    }

    /// Takes a higher checkpoint in the place of the one it holds, on disk before this returns. A lower one, or one of
    /// the same size, changes nothing.
    ///
    /// # Errors
    /// A file that cannot be read or written; one that holds no checkpoint of the key.
    pub fn raise(&self, note: &str, key: &VerifyingKey) -> Result<(), Failure> {
        let size =
            |note: &str| Checkpoint::open(note, key).map(|c| c.size).map_err(|e| self.odd(&e));
        let raised = size(note)?;
        match self.note()? {
            Some(held) if size(&held)? >= raised => Ok(()),
            _ => self.replace(note),
        }
    }

    /// Sets what it held aside, under a name that says how much of the ledger was lost, and takes this note.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn give_way(&self, lost: u64, note: &str) -> Result<PathBuf, Failure> {
        let aside = self.path.with_extension(format!("lost-{lost}.txt"));
        if self.path.exists() {
            fs::rename(&self.path, &aside).map_err(Failure::io(&self.path))?;
        }
        self.replace(note)?;
        Ok(aside)
    }

    fn replace(&self, note: &str) -> Result<(), Failure> {
        let folder = self.folder();
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(Failure::io(folder))?;
        file.write_all(note.as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .map_err(Failure::io(&self.path))?;
        file.persist(&self.path).map_err(|e| Failure::io(&self.path)(e.error))?;
        // The name is as lasting as the content.
        fs::File::open(folder).and_then(|f| f.sync_all()).map_err(Failure::io(folder))
    }

    fn odd(&self, error: &super::NoteError) -> Failure {
        Failure::Usage(format!("守护文件 {} 不是本密钥签发的检查点：{error}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::keys::Keys;

    #[test]
    fn it_only_rises_and_gives_way_with_a_trace() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::open_or_create(&folder.path().join("keys.toml")).expect("keys");
        let note = |size| Checkpoint { size, root: [7; 32] }.signed(&keys);
        let guard = Guard::at(folder.path().join("checkpoint.txt"));
        assert_eq!(guard.note().expect("no file"), None);
        for (size, held) in [(3, 3), (2, 3), (3, 3), (9, 9)] {
            guard.raise(&note(size), &keys.verifying()).expect("a file");
            assert_eq!(guard.note().expect("a file"), Some(note(held)));
        }
        let aside = guard.give_way(9, &note(4)).expect("files");
        assert_eq!(guard.note().expect("a file"), Some(note(4)));
        assert_eq!(fs::read_to_string(aside).expect("the old one"), note(9));
        let folder = tempfile::tempdir().expect("a folder");
        let other = Keys::open_or_create(&folder.path().join("keys.toml")).expect("keys");
        assert!(guard.raise(&note(5), &other.verifying()).is_err());
    }
}
