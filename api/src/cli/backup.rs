//! `luqu backup`: a consistent copy of the database, taken while it is served. The keys are not in it.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::installation::{block_on, existing, of_store, private_file};
use super::{Exit, data, say};
use crate::acts::now;
use crate::auth::keys::Keys;
use crate::config::{Config, Flags, ServerFlags};
use crate::error::Failure;

/// What a backup says of itself.
pub(super) const MANIFEST: &str = "manifest.json";

/// The arguments of `luqu backup`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    flags: Flags,
    /// 备份目录，须不存在
    out: PathBuf,
    /// 把密钥文件另存到此处（仅所有者可读）；须与备份分开保管
    #[arg(long, value_name = "FILE")]
    keys_to: Option<PathBuf>,
}

/// The manifest of a backup.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// The version of the program.
    pub(super) program: String,
    /// `sqlite` or `postgresql`.
    pub(super) kind: String,
    /// The file that holds the copy.
    pub(super) file: String,
    /// SHA-256 of it.
    pub(super) sha256: String,
    /// Microseconds of UTC.
    pub(super) made_at: i64,
    /// How many entries the ledger had when the copy began; the copy has them.
    pub(super) ledger_entries: u64,
    /// The last checkpoint then.
    pub(super) checkpoint: Option<String>,
    /// The public key that signs it: which keys belong to this copy.
    pub(super) signed_by: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let config = Config::of(&args.flags, &ServerFlags::default())?;
    if args.out.exists() {
        return Err(Failure::Usage(format!("{} 已存在，不覆盖", args.out.display())));
    }
    let parent = args.out.parent().filter(|p| !p.as_os_str().is_empty());
    let parent = parent.unwrap_or_else(|| Path::new("."));
    // What is half made has another name, and is gone if it fails.
    let mut room = tempfile::Builder::new();
    room.prefix(".luqu-backup-");
    #[cfg(unix)]
    room.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let room = room.tempdir_in(parent).map_err(Failure::io(parent))?;
    let manifest = block_on(copied(&config, room.path()))?;
    let text = serde_json::to_string_pretty(&manifest);
    let text = text.map_err(|e| Failure::Internal(e.to_string()))?;
    let path = room.path().join(MANIFEST);
    private_file(&path)?.write_all(text.as_bytes()).map_err(Failure::io(&path))?;
    for name in [MANIFEST, &manifest.file] {
        let path = room.path().join(name);
        let file = std::fs::File::open(&path).map_err(Failure::io(&path))?;
        file.sync_all().map_err(Failure::io(&path))?;
    }
    std::fs::rename(room.keep(), &args.out).map_err(Failure::io(&args.out))?;
    if let Some(to) = &args.keys_to {
        save_keys(&config, to, &args.out)?;
    }
    data(format_args!("{text}\n"))?;
    say(format_args!(
        "已备份到 {}。密钥文件 {} 不在其中：没有它，备份中的证件号码打不开、检查点无法续签；请另外保管",
        args.out.display(),
        config.keys.display()
    ));
    Ok(Exit::Ok)
}

async fn copied(config: &Config, room: &Path) -> Result<Manifest, Failure> {
    let store = existing(config).await?;
    let ledger_entries = store.read().ledger_size().await.map_err(of_store)?;
    let last = store.read().last_checkpoint().await.map_err(of_store)?;
    let (kind, file) = match config.sqlite_file() {
        Some(_) => ("sqlite", "luqu.db"),
        None => ("postgresql", "luqu.dump"),
    };
    let path = room.join(file);
    if let Some(table) = store.unreadable().await.map_err(of_store)? {
        return Err(Failure::NotPermitted(format!(
            "当前数据库角色不能读 {table}：备份须以所有者的身份连接，或用有 pg_read_all_data 的角色"
        )));
    }
    // What writes the copy finds an empty file that none but its owner can read.
    private_file(&path)?;
    if config.sqlite_file().is_some() {
        store.copy_to(&path).await.map_err(of_store)?;
    } else {
        let mut dump = tool("pg_dump", &config.database)?;
        succeed(
            dump.args(["--format=custom", "--no-owner", "--no-privileges", "--file"]).arg(&path),
        )?;
    }
    let keys = config.keys.exists().then(|| Keys::read(&config.keys)).transpose()?;
    Ok(Manifest {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        kind: kind.to_owned(),
        file: file.to_owned(),
        sha256: sha256_of(&path)?,
        made_at: now(),
        ledger_entries,
        checkpoint: last.map(|(_, note, _)| note),
        signed_by: keys.map(|keys| hex::encode(keys.verifying().as_bytes())),
    })
}

/// Saves the key file somewhere else than the backup, for its owner alone.
fn save_keys(config: &Config, to: &Path, backup: &Path) -> Result<(), Failure> {
    let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let real = |path: &Path| path.canonicalize().map_err(Failure::io(path));
    if real(folder)?.starts_with(real(backup)?) {
        return Err(Failure::Usage("密钥不能放进备份目录：两者在一起就失去了意义".to_owned()));
    }
    let bytes = std::fs::read(&config.keys).map_err(Failure::io(&config.keys))?;
    let mut file = private_file(to)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(Failure::io(to))
}

pub(super) fn sha256_of(path: &Path) -> Result<String, Failure> {
    let mut file = std::fs::File::open(path).map_err(Failure::io(path))?;
    let (mut hash, mut part) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut part).map_err(Failure::io(path))?;
        if read == 0 {
            return Ok(hex::encode(hash.finalize()));
        }
        hash.update(&part[..read]);
    }
}

/// A client program of PostgreSQL, told the database without its password on the command line.
pub(super) fn tool(name: &str, url: &str) -> Result<Command, Failure> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|v| v.path().join("bin").join(name)).filter(|p| p.exists()).collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|p| p.join(name)).find(|p| p.exists());
    let Some(program) = on_path.or_else(|| found.pop()) else {
        return Err(Failure::Usage(format!(
            "没有找到 {name}：请安装 PostgreSQL 客户端（Debian: apt install postgresql-client），\
             或在数据库服务器上执行 pg_dump --format=custom --no-owner --no-privileges"
        )));
    };
    let mut command = Command::new(program);
    let (shown, password) = split_password(url);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    command.arg("--dbname").arg(shown);
    Ok(command)
}

/// A URL without its password, and the password.
fn split_password(url: &str) -> (String, Option<String>) {
    let split = || {
        let (scheme, rest) = url.split_once("://")?;
        let (login, place) = rest.rsplit_once('@')?;
        let (user, password) = login.split_once(':')?;
        Some((format!("{scheme}://{user}@{place}"), percent_decoded(password)))
    };
    match split() {
        Some((shown, password)) => (shown, Some(password)),
        None => (url.to_owned(), None),
    }
}

fn percent_decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|d| u8::from_str_radix(std::str::from_utf8(d).ok()?, 16).ok());
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) fn succeed(command: &mut Command) -> Result<(), Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(Failure::io(Path::new(&name)))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::Internal(format!("{name}：{}", said.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_leaves_the_command_line() {
        let (shown, password) = split_password("postgres://luqu:p%40ss%2@db:5432/x");
        assert_eq!(shown, "postgres://luqu@db:5432/x");
        assert_eq!(password.as_deref(), Some("p@ss%2"));
        assert_eq!(split_password("postgres://luqu@db/x").1, None);
    }
}
