//! The configuration of an installation: flags over environment over `luqu.toml` over what goes without saying.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Failure;

/// The file that is read from the working directory if none is named.
const FILE: &str = "luqu.toml";

/// The longest wait at the end, in seconds: a day. Longer ones are misunderstandings.
const MOST_DRAIN: u64 = 24 * 3600;

/// How the log is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// 文本
    #[default]
    Text,
    /// JSON
    Json,
}

/// What flags and environment say, common to every command of an installation.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Flags {
    /// 配置文件，不写则读当前目录的 luqu.toml（如有）
    #[arg(long, value_name = "FILE", env = "LUQU_CONFIG")]
    config: Option<PathBuf>,
    /// 数据目录：SQLite 数据库、密钥文件、守护文件 [默认 luqu-data]
    #[arg(long, value_name = "DIR", env = "LUQU_DATA")]
    data: Option<PathBuf>,
    /// 密钥文件 [默认 数据目录/keys.toml]
    #[arg(long, value_name = "FILE", env = "LUQU_KEYS")]
    keys: Option<PathBuf>,
    /// 守护文件：最高的检查点 [默认 密钥文件旁的 checkpoint.txt]
    #[arg(long, value_name = "FILE", env = "LUQU_GUARD")]
    guard: Option<PathBuf>,
    /// 外部留存的检查点，可重复；数据库不得比它旧
    #[arg(long, value_name = "FILE", env = "LUQU_WITNESS", value_delimiter = ',')]
    witness: Vec<PathBuf>,
    /// 数据库地址，代替数据目录中的 SQLite，如 postgres://用户@主机/库
    #[arg(long, value_name = "URL", env = "LUQU_DATABASE_URL", hide_env_values = true)]
    database: Option<String>,
}

/// What flags and environment say besides, for the server.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ServerFlags {
    /// 监听地址 [默认 127.0.0.1:8620]
    #[arg(long, value_name = "ADDR", env = "LUQU_LISTEN")]
    listen: Option<SocketAddr>,
    /// 运行指标（Prometheus）的监听地址，不写则不提供
    #[arg(long, value_name = "ADDR", env = "LUQU_METRICS")]
    metrics: Option<SocketAddr>,
    /// 日志格式 [默认 text]
    #[arg(long, value_enum, env = "LUQU_LOG_FORMAT")]
    log: Option<LogFormat>,
    /// 停止时最多等候进行中的请求和计算的秒数 [默认 30]
    #[arg(long, value_name = "SECONDS", env = "LUQU_DRAIN_SECONDS")]
    drain_seconds: Option<u64>,
    /// 每隔几秒查看别的服务器公布了什么 [默认 2]
    #[arg(long, value_name = "SECONDS", env = "LUQU_REFRESH_SECONDS")]
    refresh_seconds: Option<u64>,
    /// 是否承担录取计算 [默认 true]；多台服务器时可只让其中几台计算
    #[arg(long, value_name = "BOOL", env = "LUQU_WORK")]
    work: Option<bool>,
    /// 前面是否有反向代理 [默认 false]；有则来源地址取 X-Forwarded-For 的最后一段，X-Forwarded-Proto 为 https 时 Cookie 加 Secure
    #[arg(long, value_name = "BOOL", env = "LUQU_BEHIND_PROXY")]
    behind_proxy: Option<bool>,
}

/// The file. Unknown keys are refused: a misspelt one would be passed over in silence.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct File {
    data: Option<PathBuf>,
    keys: Option<PathBuf>,
    guard: Option<PathBuf>,
    #[serde(default)]
    witness: Vec<PathBuf>,
    database: Option<String>,
    listen: Option<SocketAddr>,
    metrics: Option<SocketAddr>,
    log: Option<LogFormat>,
    drain_seconds: Option<u64>,
    refresh_seconds: Option<u64>,
    work: Option<bool>,
    behind_proxy: Option<bool>,
    retention_years: Option<u16>,
}

/// The configuration in force. Serialized it holds no secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Config {
    /// Where an SQLite database, the keys and the guard are, unless said otherwise.
    pub data: PathBuf,
    /// The key file.
    pub keys: PathBuf,
    /// The file of the highest checkpoint.
    pub guard: PathBuf,
    /// Checkpoints kept elsewhere that the database must reach.
    pub witness: Vec<PathBuf>,
    /// The database.
    #[serde(serialize_with = "masked")]
    pub database: String,
    /// Where the service listens.
    pub listen: SocketAddr,
    /// Where the metrics are served; nowhere if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<SocketAddr>,
    /// How the log is written.
    pub log: LogFormat,
    /// Seconds that requests and runs under way are waited for at the end.
    pub drain_seconds: u64,
    /// Seconds between two looks at what other servers published.
    pub refresh_seconds: u64,
    /// Whether this server takes runs from the queue.
    pub work: bool,
    /// Whether a proxy of ours stands in front and says where requests come from.
    pub behind_proxy: bool,
    /// Whole years after the end of August of a season for which its personal data are kept.
    pub retention_years: u16,
}

impl Config {
    /// The configuration that these flags, the environment behind them and the file amount to.
    ///
    /// # Errors
    /// A file that was named and is not there, cannot be read, or has an unknown key or a value of another kind; an empty
    /// path; a wait beyond a day; no year of retention.
    pub fn of(flags: &Flags, server: &ServerFlags) -> Result<Self, Failure> {
        let file = read(flags.config.as_deref())?;
        let data = flags.data.clone().or(file.data).unwrap_or_else(|| "luqu-data".into());
        let keys = flags.keys.clone().or(file.keys).unwrap_or_else(|| data.join("keys.toml"));
        let beside = || keys.with_file_name("checkpoint.txt");
        let database = flags.database.clone().or(file.database);
        let drain_seconds = server.drain_seconds.or(file.drain_seconds).unwrap_or(30);
        let retention_years = file.retention_years.unwrap_or(3);
        for (key, path) in [("data", &data), ("keys", &keys)] {
            must(!path.as_os_str().is_empty(), format_args!("{key} 是空的，须是一个路径"))?;
        }
        must(
            drain_seconds <= MOST_DRAIN,
            format_args!("drain_seconds 是 {drain_seconds}，最多 {MOST_DRAIN}（一天）"),
        )?;
        must(retention_years > 0, format_args!("retention_years 是 0，个人数据至少保存 1 整年"))?;
        let witness = if flags.witness.is_empty() { file.witness } else { flags.witness.clone() };
        Ok(Self {
            guard: flags.guard.clone().or(file.guard).unwrap_or_else(beside),
            witness,
            database: database
                .unwrap_or_else(|| format!("sqlite://{}", data.join("luqu.db").display())),
            listen: server
                .listen
                .or(file.listen)
                .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8620))),
            metrics: server.metrics.or(file.metrics),
            log: server.log.or(file.log).unwrap_or_default(),
            drain_seconds,
            refresh_seconds: server.refresh_seconds.or(file.refresh_seconds).unwrap_or(2).max(1),
            work: server.work.or(file.work).unwrap_or(true),
            behind_proxy: server.behind_proxy.or(file.behind_proxy).unwrap_or(false),
            retention_years,
            data,
            keys,
        })
    }

    /// The file of an SQLite database; nothing for PostgreSQL.
    #[must_use]
    pub fn sqlite_file(&self) -> Option<&Path> {
        let path = self.database.strip_prefix("sqlite://")?;
        Some(Path::new(path.split_once('?').map_or(path, |(path, _)| path)))
    }

    /// How long requests and runs under way are waited for.
    #[must_use]
    pub const fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    /// The configuration as a file that says the same, passwords left out.
    ///
    /// # Errors
    /// A path that is no text.
    pub fn to_toml(&self) -> Result<String, Failure> {
        toml::to_string(self).map_err(|e| Failure::Internal(e.to_string()))
    }
}

fn must(holds: bool, words: std::fmt::Arguments<'_>) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::Usage(format!("配置 {words}"))) }
}

fn read(named: Option<&Path>) -> Result<File, Failure> {
    let path = named.unwrap_or_else(|| Path::new(FILE));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if named.is_none() && e.kind() == std::io::ErrorKind::NotFound => {
            return Ok(File::default());
        }
        Err(error) => return Err(Failure::io(path)(error)),
    };
    toml::from_str(&text)
        .map_err(|e| Failure::Usage(format!("配置文件 {}：{}", path.display(), e.message())))
}

fn masked<S: serde::Serializer>(url: &str, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&without_password(url))
}

/// A database URL with its password as `***`, wherever it stands.
#[must_use]
pub fn without_password(url: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(a, q)| (a, Some(q)));
    let mut shown = match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((login, place))) => match login.split_once("://") {
            Some((_, user)) if user.contains(':') => {
                let user = user.split(':').next().unwrap_or_default();
                format!("{scheme}://{user}:***@{place}")
            }
            _ => address.to_owned(),
        },
        _ => address.to_owned(),
    };
    if let Some(query) = query {
        let pair = |pair: &str| match pair.split_once('=') {
            Some((key, _)) if key.eq_ignore_ascii_case("password") => format!("{key}=***"),
            _ => pair.to_owned(),
        };
        shown += "?";
        shown += &query.split('&').map(pair).collect::<Vec<_>>().join("&");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, flags: Flags, server: ServerFlags) -> Result<Config, Failure> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("luqu.toml");
        std::fs::write(&path, text).expect("a file");
        Config::of(&Flags { config: Some(path), ..flags }, &server)
    }

    #[test]
    fn flags_come_before_the_file_and_the_file_before_what_goes_without_saying() {
        let text = "data = 'here'\nlisten = '127.0.0.1:1'\nwork = false\nlog = 'json'\n";
        let server = ServerFlags { listen: "127.0.0.1:2".parse().ok(), ..Default::default() };
        let config = of(text, Flags::default(), server).expect("a configuration");
        assert_eq!(config.keys, Path::new("here/keys.toml"));
        assert_eq!(config.guard, Path::new("here/checkpoint.txt"));
        assert_eq!(config.database, "sqlite://here/luqu.db");
        assert_eq!(config.sqlite_file(), Some(Path::new("here/luqu.db")));
        assert_eq!(config.listen.port(), 2);
        assert_eq!((config.work, config.log, config.drain_seconds), (false, LogFormat::Json, 30));
    }

    #[test]
    fn what_is_not_a_key_is_refused_and_so_is_a_file_that_is_not_there() {
        for text in ["lisen = '127.0.0.1:1'", "listen = 'x'", "[server]\nport = 1", "work = 1"] {
            assert!(of(text, Flags::default(), ServerFlags::default()).is_err(), "{text}");
        }
        let flags = Flags { config: Some("/nowhere/luqu.toml".into()), ..Default::default() };
        assert!(Config::of(&flags, &ServerFlags::default()).is_err());
    }

    #[test]
    fn what_nobody_can_mean_is_refused_in_words() {
        for (text, word) in [
            ("retention_years = 0", "retention_years"),
            ("data = ''", "data"),
            ("keys = ''", "keys"),
            ("drain_seconds = 86401", "drain_seconds"),
        ] {
            let refused = of(text, Flags::default(), ServerFlags::default()).expect_err(text);
            assert!(matches!(&refused, Failure::Usage(words) if words.contains(word)), "{refused}");
        }
        let last = of(
            "drain_seconds = 86400\nretention_years = 1",
            Flags::default(),
            ServerFlags::default(),
        );
        assert!(last.is_ok());
    }

    #[test]
    fn a_printed_configuration_says_the_same_and_no_password() {
        let flags = Flags {
            database: Some("postgres://luqu:p:a@ss@db:5432/x?password=b&sslmode=require".into()),
            ..Default::default()
        };
        let config = of("", flags, ServerFlags::default()).expect("a configuration");
        let text = config.to_toml().expect("text");
        assert!(
            text.contains("postgres://luqu:***@db:5432/x?password=***&sslmode=require"),
            "{text}"
        );
        let again = of(&text, Flags::default(), ServerFlags::default()).expect("the same");
        assert_eq!(Config { database: config.database.clone(), ..again }, config);
        assert_eq!(without_password("postgres://luqu@db/x"), "postgres://luqu@db/x");
    }
}
