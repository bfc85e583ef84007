//! Databases of the tests' own: an SQLite file in a temporary folder, a database in a private PostgreSQL cluster.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};

use luqu::store::Store;
use tempfile::TempDir;

/// A database that is gone with the value.
pub(crate) struct TestDb {
    pub(crate) url: String,
    pub(crate) name: &'static str,
    _folder: Option<TempDir>,
    cluster: Option<Arc<Cluster>>,
}

impl TestDb {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("luqu.db").display());
        Self { url, name: "SQLite", _folder: Some(folder), cluster: None }
    }

    /// Nothing where PostgreSQL is not installed; continuous integration always has it.
    pub(crate) fn postgres() -> Option<Self> {
        let cluster = cluster()?;
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let base = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        cluster.psql(&format!("CREATE DATABASE {base}"));
        let url = cluster.url(&base);
        Some(Self { url, name: "PostgreSQL", _folder: None, cluster: Some(cluster) })
    }

    /// A database of a cluster of its own, whose processes a test may kill.
    pub(crate) fn postgres_alone() -> Option<Self> {
        let cluster = Arc::new(Cluster::start(binaries()?));
        cluster.psql("CREATE DATABASE base");
        let url = cluster.url("base");
        Some(Self { url, name: "PostgreSQL", _folder: None, cluster: Some(cluster) })
    }

    /// A copy of a PostgreSQL database that nobody is connected to.
    pub(crate) fn copied(&self, name: &str) -> Self {
        let cluster = self.cluster.clone().expect("a cluster");
        let (_, from) = self.url.rsplit_once('/').expect("a name");
        cluster.psql(&format!("CREATE DATABASE {name} TEMPLATE {from}"));
        Self { url: cluster.url(name), name: self.name, _folder: None, cluster: Some(cluster) }
    }

    /// Runs a statement as the owner of the cluster; its answer.
    pub(crate) fn asked(&self, sql: &str) -> String {
        let cluster = self.cluster.as_ref().expect("a cluster");
        cluster.psql(sql)
    }

    /// One of each that there is.
    pub(crate) fn all() -> Vec<Self> {
        std::iter::once(Self::sqlite()).chain(Self::postgres()).collect()
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url).await.expect("a database that opens")
    }

    /// The same database for another role.
    pub(crate) fn url_as(&self, role: &str) -> String {
        self.url.replace("//luqu@", &format!("//{role}@"))
    }

    /// The statement with its bytes, `{b:0a}`, as this database writes them.
    pub(crate) fn dialect(&self, sql: &str) -> String {
        let mut text = String::with_capacity(sql.len());
        let mut rest = sql;
        while let Some((before, after)) = rest.split_once("{b:") {
            let (hex, after) = after.split_once('}').expect("a closing brace");
            text += before;
            text += &if self.is_postgres() { format!("'\\x{hex}'") } else { format!("X'{hex}'") };
            rest = after;
        }
        text + rest
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        self.cluster.is_some()
    }
}

/// A PostgreSQL server of this test process, stopped when its last database goes.
struct Cluster {
    binaries: PathBuf,
    folder: TempDir,
    port: u16,
}

fn binaries() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|e| Some(e.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop()
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn cluster() -> Option<Arc<Cluster>> {
    static RUNNING: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
    let mut running = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(cluster) = running.upgrade() {
        return Some(cluster);
    }
    let Some(binaries) = binaries() else {
        assert!(std::env::var_os("CI").is_none(), "PostgreSQL must be installed in CI");
        eprintln!("跳过 PostgreSQL 测试：未安装 (skipped: no /usr/lib/postgresql/*/bin)");
        return None;
    };
    let cluster = Arc::new(Cluster::start(binaries));
    *running = Arc::downgrade(&cluster);
    Some(cluster)
}

impl Cluster {
    fn start(binaries: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))
            .and_then(|l| l.local_addr())
            .map(|a| a.port())
            .expect("a free port");
        let cluster = Self { binaries, folder, port };
        if is_root() {
            let data = cluster.folder.path();
            run(Command::new("chown").arg("postgres").arg(data));
        }
        let data = cluster.data();
        run(cluster
            .server("initdb")
            .args(["--no-sync", "-A", "trust", "-U", "luqu", "-D"])
            .arg(&data));
        let settings = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c max_connections=200"
        );
        run(cluster
            .server("pg_ctl")
            .args(["-w", "-o", &settings, "-l"])
            .arg(cluster.folder.path().join("log"))
            .arg("-D")
            .arg(&data)
            .arg("start"));
        cluster
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of the server, which refuses to run as root.
    fn server(&self, name: &str) -> Command {
        let path = self.binaries.join(name);
        if !is_root() {
            return Command::new(path);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(path).current_dir("/");
        command
    }

    fn url(&self, base: &str) -> String {
        format!("postgres://luqu@127.0.0.1:{}/{base}", self.port)
    }

    fn psql(&self, sql: &str) -> String {
        let url = self.url("postgres");
        run(Command::new(self.binaries.join("psql")).args(["-qAt", "-c", sql]).arg(url))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.data();
        let mut stop = self.server("pg_ctl");
        let _ = stop
            .args(["-m", "immediate", "-D"])
            .arg(data)
            .arg("stop")
            .stdout(Stdio::null())
            .status();
    }
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(
        &std::fs::metadata(Path::new("/proc/self")).expect("this process"),
    ) == 0
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("a program that starts");
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a future to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}
