//! Reads whole files that somebody else made: regular ones only, and no larger than they can need to be.
//! A pipe or a device would keep the program waiting, or never end.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

/// The most bytes of a CSV file of an answer.
pub const MOST_CSV: u64 = 1 << 30;

/// The most bytes of a certificate.
pub const MOST_CERTIFICATE: u64 = 256 << 20;

/// The most bytes of a policy.
pub const MOST_POLICY: u64 = 4 << 20;

/// The bytes of the regular file at `path`, which may be `most` bytes long.
///
/// # Errors
/// What the system says; `InvalidData`, with a sentence for people, for anything but a regular file and
/// for a longer one.
pub fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidData, "不是普通文件，不读取"));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that is too long, even one that grows meanwhile.
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let size =
            if most < 1 << 20 { format!("{most} 字节") } else { format!("{} MB", most >> 20) };
        return Err(io::Error::new(ErrorKind::InvalidData, format!("文件超过 {size}，不读取")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_fitting_length_are_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.csv");
        fs::write(&path, "12345").expect("written");
        assert_eq!(read_regular(&path, 5).expect("read"), b"12345");
        for (path, most) in [(path.as_path(), 4), (dir.path(), 5)] {
            let error = read_regular(path, most).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        }
        let missing = read_regular(&dir.path().join("none"), 5).expect_err("missing");
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_read() {
        let error = read_regular(Path::new("/dev/zero"), 5).expect_err("refused");
        assert_eq!(error.to_string(), "不是普通文件，不读取");
    }
}
