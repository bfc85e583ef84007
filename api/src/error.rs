//! Failures: the program could not do what it was asked, through no fault in the data.

use std::path::{Path, PathBuf};

/// What went wrong with the world around the program.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file or folder that cannot be read or written.
    #[error("{path}: {source}")]
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
