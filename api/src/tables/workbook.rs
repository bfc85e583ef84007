//! Starts the parsing process for a workbook and takes what it says, whatever becomes of it.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use luqu_engine::domain::FaultCode;
use wait_timeout::ChildExt as _;

use crate::error::said;

use super::encoding::is_ole;
use super::frames::MAX_STREAM;
use super::worker::SECONDS;

/// The hidden subcommand of the parsing process.
pub const SUBCOMMAND: &str = "parse-worker";
/// The largest workbook, in bytes.
const MAX_FILE: u64 = 256 << 20;

/// Why a file is no table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct FileFault {
    pub(super) code: FaultCode,
    pub(super) found: String,
    pub(super) expected: String,
    pub(super) help: &'static str,
}

/// What an `.xls` is told.
pub(super) fn old_format() -> FileFault {
    FileFault {
        code: FaultCode::UnsupportedFile,
        found: ".xls 或加密的工作簿".to_owned(),
        expected: "不加密的 .xlsx 工作簿或 CSV".to_owned(),
        help: "请在 Excel 或 WPS 中另存为 .xlsx",
    }
}

/// A workbook that is none.
pub(super) fn unreadable(found: impl Into<String>) -> FileFault {
    FileFault {
        code: FaultCode::UnreadableFile,
        found: found.into(),
        expected: "完整的 .xlsx 工作簿".to_owned(),
        help: "请在 Excel 或 WPS 中打开并重新另存为 .xlsx",
    }
}

/// A workbook beyond the limits.
pub(super) fn too_large(found: impl Into<String>) -> FileFault {
    FileFault {
        code: FaultCode::FileTooLarge,
        found: found.into(),
        expected: "读取不超过 512 MB 内存和 30 秒".to_owned(),
        help: "请删去多余的工作表、格式和图片，或改用 CSV",
    }
}

/// The frames of the workbook at `path`, read by a process of its own.
///
/// # Errors
/// What the file, or the process that read it, is to blame for.
pub(super) fn frames(path: &Path) -> Result<Vec<u8>, FileFault> {
    let mut file = std::fs::File::open(path).map_err(|e| unreadable(said(&e)))?;
    let length = file.metadata().map_err(|e| unreadable(said(&e)))?.len();
    if length > MAX_FILE {
        return Err(too_large(format!("文件 {} MB", length >> 20)));
    }
    let mut front = Vec::with_capacity(8);
    file.by_ref().take(8).read_to_end(&mut front).map_err(|e| unreadable(said(&e)))?;
    drop(file);
    if is_ole(&front) {
        return Err(old_format());
    }
    if !front.starts_with(b"PK\x03\x04") {
        return Err(unreadable("不是 .xlsx 的内容"));
    }
    let program = worker_program().ok_or_else(|| unreadable("找不到解析程序 luqu"))?;
    ask(&program, path)
}

fn ask(program: &Path, path: &Path) -> Result<Vec<u8>, FileFault> {
    let failed = |error: std::io::Error| unreadable(format!("无法启动解析进程：{}", said(&error)));
    let mut child = Command::new(program)
        .arg(SUBCOMMAND)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    // The pipe is emptied while the clock runs; a child that says too much finds it closed.
    let pipe = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            let _ = pipe.take(MAX_STREAM + 1).read_to_end(&mut bytes);
        }
        bytes
    });
    let status = child.wait_timeout(Duration::from_secs(SECONDS));
    if !matches!(status, Ok(Some(_))) {
        let _ = child.kill();
        let _ = child.wait();
    }
    let bytes = reader.join().map_err(|_| unreadable("解析进程的结果无法接收"))?;
    match status {
        Ok(Some(_)) if bytes.len() as u64 > MAX_STREAM => {
            Err(too_large(format!("内容超过 {} MB", MAX_STREAM >> 20)))
        }
        Ok(Some(status)) if status.success() => Ok(bytes),
        // 101 is a panic of the parser; signals are the limits of memory and time at work.
        Ok(Some(status)) => Err(match ended_by(status) {
            None => unreadable(format!("解析中止（代码 {}）", status.code().unwrap_or_default())),
            Some(SIGABRT | SIGSEGV) => too_large("内存不够用"),
            Some(SIGXCPU | SIGKILL) => too_large("处理器时间或内存用尽"),
            Some(signal) => too_large(format!("解析进程被信号 {signal} 终止")),
        }),
        Ok(None) => Err(too_large(format!("{SECONDS} 秒内没有读完"))),
        Err(error) => Err(unreadable(format!("解析进程失去联系：{}", said(&error)))),
    }
}

// Signals by number, as every Unix that this runs on has them.
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
const SIGSEGV: i32 = 11;
const SIGXCPU: i32 = 24;

/// The signal that ended a process.
#[cfg(unix)]
fn ended_by(status: ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal()
}

#[cfg(not(unix))]
fn ended_by(_: ExitStatus) -> Option<i32> {
    None
}

/// This program, or the `luqu` beside it when another program (a test, say) uses this library.
fn worker_program() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    if own.file_stem().is_some_and(|stem| stem == "luqu") {
        return Some(own);
    }
    let name = format!("luqu{}", std::env::consts::EXE_SUFFIX);
    own.ancestors().skip(1).take(2).map(|folder| folder.join(&name)).find(|p| p.is_file())
}
