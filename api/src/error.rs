//! Failures: the program could not do what it was asked, through no fault in the data.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What went wrong with the world around the program.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file or folder that cannot be read or written.
    #[error("{}：{}", .path.display(), said(.source))]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A question that the season cannot answer, such as an applicant who does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The arguments do not fit together.
    #[error("{0}")]
    Usage(String),
    /// Whoever asks may not do this.
    #[error("{0}")]
    NotPermitted(String),
    /// Another run did the same at the same time.
    #[error("{0}")]
    Conflict(String),
    /// Interrupted by the user; nothing was half written.
    #[error("已中断，未改动任何结果 (interrupted)")]
    Interrupted,
    /// A fault of this program, not of the data.
    #[error("程序内部错误：{0}")]
    Internal(String),
}

impl Failure {
    /// Wraps what the system said about a path.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// What the system said, in the words of the office for what happens most, else as it said it.
pub(crate) fn said(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "没有这个文件或目录；请核对路径".to_owned(),
        ErrorKind::PermissionDenied => "没有读写权限".to_owned(),
        ErrorKind::NotADirectory => "路径中有一段是文件，不是目录".to_owned(),
        ErrorKind::IsADirectory => "是目录，不是文件".to_owned(),
        ErrorKind::StorageFull => "磁盘已满".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_told_in_the_words_of_the_office() {
        let told = |kind: ErrorKind| Failure::io(Path::new("a/b.csv"))(kind.into()).to_string();
        assert_eq!(told(ErrorKind::NotFound), "a/b.csv：没有这个文件或目录；请核对路径");
        assert_eq!(told(ErrorKind::PermissionDenied), "a/b.csv：没有读写权限");
        let other = std::io::Error::other("cable unplugged");
        let told = Failure::io(Path::new("b"))(other).to_string();
        assert_eq!(told, "b：cable unplugged");
    }
}
