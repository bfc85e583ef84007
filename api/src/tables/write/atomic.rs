//! Replaces a folder as a whole: whoever looks at it, at any moment and after any interruption, finds
//! the old content or the new one, never a mix.
//!
//! 1. The new content is written into a folder beside the target and synced to disk.
//! 2. Both folders change places in one step of the file system. Where there is none, the old folder is
//!    renamed away first; if the process dies in between, the next run puts it back.
//! 3. The old content is removed. What a killed run left beside the target, the next run removes.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::error::Failure;

/// A file of the folder: its name and its content.
pub type Named = (&'static str, Vec<u8>);

/// The bytes written between two looks at the interruption.
const PIECE: usize = 1 << 20;

/// Makes `dir` hold exactly `files`. It may be absent, be empty or hold files that `ours` names; anything
/// else in it is somebody's work and stays untouched. `check` is asked between the steps and may stop
/// the writing as long as nothing has changed.
///
/// # Errors
/// `Usage` when `dir` is a file or holds anything else; `Conflict` when another run put its own there
/// meanwhile; `Io` with the path; what `check` says.
pub fn replace_folder(
    dir: &Path,
    ours: fn(&str) -> bool,
    files: &[Named],
    check: fn() -> Result<(), Failure>,
) -> Result<(), Failure> {
    replace_folder_by(dir, ours, check, |folder| {
        files.iter().try_for_each(|(name, bytes)| folder.write(name, bytes, check))
    })
}

/// As [`replace_folder`], with the files that `fill` makes in the new folder.
///
/// # Errors
/// As there, and what `fill` says.
pub fn replace_folder_by(
    dir: &Path,
    ours: fn(&str) -> bool,
    check: fn() -> Result<(), Failure>,
    fill: impl FnOnce(&NewFolder<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let begun = Replacement::begin(dir, ours)?;
    fill(&begun.folder())?;
    begun.finish(check)
}

/// A folder that is being made beside the one that it shall replace; dropped unfinished, it is removed.
pub struct Replacement {
    target: Target,
    exists: bool,
    made: Made,
}

impl Replacement {
    /// Begins a folder in the place of `dir`.
    ///
    /// # Errors
    /// As [`may_replace`].
    pub fn begin(dir: &Path, ours: fn(&str) -> bool) -> Result<Self, Failure> {
        let target = Target::of(dir)?;
        target.sweep(ours);
        let exists = target.may_replace(ours)?;
        let made = Made::create(&target, ours)?;
        Ok(Self { target, exists, made })
    }

    /// The folder to put files in.
    pub fn folder(&self) -> NewFolder<'_> {
        NewFolder(&self.made.path)
    }

    /// Puts the folder in place.
    ///
    /// # Errors
    /// `Conflict` when another run put its own there meanwhile; `Io`; what `check` says.
    pub fn finish(self, check: fn() -> Result<(), Failure>) -> Result<(), Failure> {
        let Self { target, exists, made } = self;
        sync(&made.path);
        check()?;
        target.put(&made, exists)?;
        sync(&target.parent);
        // `made` now names the old content, or nothing; leaving the scope removes it.
        drop(made);
        Ok(())
    }
}

/// A folder whose files are being made.
pub struct NewFolder<'a>(&'a Path);

impl NewFolder<'_> {
    /// Writes a file as a whole; `check` is asked between its pieces.
    ///
    /// # Errors
    /// `Io` with the path; what `check` says.
    pub fn write(
        &self,
        name: &str,
        bytes: &[u8],
        check: fn() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut file = self.file(name)?;
        for piece in bytes.chunks(PIECE) {
            check()?;
            file.write(piece)?;
        }
        file.done()
    }

    /// Begins a file, which must be one of the folder's own.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn file(&self, name: &str) -> Result<NewFile, Failure> {
        let path = self.0.join(name);
        let file = File::create_new(&path).map_err(Failure::io(&path))?;
        Ok(NewFile { file, path })
    }
}

/// A file being made.
pub struct NewFile {
    file: File,
    path: PathBuf,
}

impl NewFile {
    /// Adds bytes.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(Failure::io(&self.path))
    }

    /// Ends the file: its content is on the disk.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn done(self) -> Result<(), Failure> {
        self.file.sync_all().map_err(Failure::io(&self.path))
    }
}

/// Refuses at once what [`replace_folder`] would refuse at the end.
///
/// # Errors
/// `Usage` when `dir` is a file or holds anything but `ours`; `Io` with the path.
pub fn may_replace(dir: &Path, ours: fn(&str) -> bool) -> Result<(), Failure> {
    Target::of(dir)?.may_replace(ours).map(drop)
}

/// Removes what killed runs left beside the folder `dir`, as [`replace_folder`] does first.
pub fn sweep(dir: &Path, ours: fn(&str) -> bool) {
    if let Ok(target) = Target::of(dir) {
        target.sweep(ours);
    }
}

/// The folder to be replaced, links resolved, and where it stands.
struct Target {
    path: PathBuf,
    parent: PathBuf,
    name: String,
}

impl Target {
    fn of(dir: &Path) -> Result<Self, Failure> {
        let path = match fs::canonicalize(dir) {
            Ok(path) => path,
            Err(e) if e.kind() == ErrorKind::NotFound => dir.to_owned(),
            Err(e) => return Err(Failure::io(dir)(e)),
        };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.ok_or_else(|| {
            Failure::Usage(format!("{} 不能作为结果目录，请给出一个目录名", dir.display()))
        })?;
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok(Self { path, parent, name })
    }

    /// Whether the folder exists; it then holds nothing but `ours`.
    fn may_replace(&self, ours: fn(&str) -> bool) -> Result<bool, Failure> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(false),
            Err(e) if e.kind() == ErrorKind::NotADirectory => {
                return Err(Failure::Usage(format!("{} 是文件，不是目录", self.path.display())));
            }
            Err(e) => return Err(Failure::io(&self.path)(e)),
        };
        for entry in entries {
            let entry = entry.map_err(Failure::io(&self.path))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_file = entry.file_type().is_ok_and(|t| t.is_file());
            if !(is_file && ours(&name)) {
                return Err(Failure::Usage(format!(
                    "{} 中已有“{name}”，不会覆盖；请换一个目录名",
                    self.path.display()
                )));
            }
        }
        Ok(true)
    }

    fn beside(&self, what: &str) -> PathBuf {
        self.parent.join(format!(".{}.luqu-{what}-{}", self.name, std::process::id()))
    }

    /// Removes what killed runs left beside the target, and puts the old content back if one died
    /// between the two renames. What a living run holds is left alone.
    fn sweep(&self, ours: fn(&str) -> bool) {
        let Ok(entries) = fs::read_dir(&self.parent) else { return };
        let (fresh, old) =
            (format!(".{}.luqu-new-", self.name), format!(".{}.luqu-old-", self.name));
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = entry.path();
            if name.starts_with(&old) && !self.path.exists() {
                let _ = fs::rename(&path, &self.path);
            } else if name.starts_with(&old) || name.starts_with(&fresh) {
                let living = File::open(&path)
                    .map(|f| matches!(f.try_lock(), Err(TryLockError::WouldBlock)));
                if !living.unwrap_or(false) {
                    remove(&path, ours);
                }
            }
        }
    }

    /// What it means that the folder could not be put in place: somebody else's stands there, or stood there
    /// and is gone.
    fn lost(&self, error: std::io::Error) -> Failure {
        match error.kind() {
            ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotFound => {
                Failure::Conflict(format!(
                    "{}：另一次运行同时写了这个目录，本次结果未写入；请再运行一次",
                    self.path.display()
                ))
            }
            _ => Failure::io(&self.path)(error),
        }
    }

    /// Puts the made folder in place.
    fn put(&self, made: &Made, exists: bool) -> Result<(), Failure> {
        if !exists {
            // An empty folder that appeared meanwhile gives way; one with content does not.
            return fs::rename(&made.path, &self.path).map_err(|e| self.lost(e));
        }
        if let Ok(old) = fs::metadata(&self.path) {
            let _ = fs::set_permissions(&made.path, old.permissions());
        }
        if exchange(&made.path, &self.path) {
            return Ok(());
        }
        let away = self.beside("old");
        fs::rename(&self.path, &away).map_err(|e| self.lost(e))?;
        if let Err(e) = fs::rename(&made.path, &self.path) {
            let _ = fs::rename(&away, &self.path);
            return Err(self.lost(e));
        }
        // The old content takes the place of the made folder, whose guard removes it.
        fs::rename(&away, &made.path).map_err(Failure::io(&away))
    }
}

/// The folder being made; removed at the end of its scope, with whatever it then holds.
struct Made {
    path: PathBuf,
    ours: fn(&str) -> bool,
    /// Held, it tells other runs that this one is alive.
    _lock: Option<File>,
}

impl Made {
    fn create(target: &Target, ours: fn(&str) -> bool) -> Result<Self, Failure> {
        fs::create_dir_all(&target.parent).map_err(Failure::io(&target.parent))?;
        let path = target.beside("new");
        fs::create_dir(&path).map_err(Failure::io(&path))?;
        let lock = File::open(&path).ok().filter(|f| f.try_lock().is_ok());
        Ok(Self { path, ours, _lock: lock })
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        remove(&self.path, self.ours);
    }
}

/// Removes a folder of ours; should anything else be in it, that stays, and so does the folder.
fn remove(dir: &Path, ours: fn(&str) -> bool) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if ours(&entry.file_name().to_string_lossy()) {
            let _ = fs::remove_file(entry.path());
        }
    }
    let _ = fs::remove_dir(dir);
}

/// Makes the file `path` hold `bytes`: the old content or the new one, whatever happens.
///
/// # Errors
/// `Io` with the path.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".luqu-")
        .tempfile_in(parent)
        .map_err(Failure::io(parent))?;
    file.write_all(bytes).map_err(Failure::io(path))?;
    file.as_file().sync_all().map_err(Failure::io(path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let rights = fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(rights).map_err(Failure::io(path))?;
    }
    file.persist(path).map_err(|e| Failure::io(path)(e.error))?;
    sync(parent);
    Ok(())
}

/// Writes the entries of a folder to disk, where the system can.
fn sync(dir: &Path) {
    if let Ok(dir) = File::open(dir) {
        let _ = dir.sync_all();
    }
}

/// Lets two folders change places in one step; false where the system cannot.
#[cfg(target_os = "linux")]
fn exchange(a: &Path, b: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> bool {
    false
}
