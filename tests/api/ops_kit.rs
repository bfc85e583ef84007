//! Real `luqu` processes: a server with its addresses, a command with its exit code.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::acts_world::{PASSWORD, World};
use crate::databases::TestDb;

/// The program over a database and keys, with a folder of its own and nothing of the environment's configuration.
pub(crate) fn luqu(database: &str, keys: &Path, data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_luqu"));
    command
        .args(args)
        .env("LUQU_DATABASE_URL", database)
        .env("LUQU_KEYS", keys)
        .env("LUQU_DATA", data)
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null());
    command
}

/// Runs a command that is told these lines.
pub(crate) fn told(command: &mut Command, lines: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut stdin = child.stdin.take().expect("its input");
    // Whoever ends without reading closes the pipe.
    let _ = stdin.write_all(lines.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("its end")
}

/// The exit code of a command that must end with it; what it said otherwise.
pub(crate) fn must_exit(output: &Output, code: i32) -> String {
    let said = [&output.stdout[..], &output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

fn free() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).expect("a port")
}

/// A server; killed with the value.
pub(crate) struct Server {
    child: Child,
    pub(crate) listen: SocketAddr,
    pub(crate) metrics: SocketAddr,
    data: TempDir,
}

impl Server {
    /// A server over the database and keys of a world, once it is ready.
    pub(crate) fn start(db: &TestDb, world: &World) -> Self {
        Self::start_at(&db.url, world)
    }

    pub(crate) fn start_at(url: &str, world: &World) -> Self {
        let (data, listen, metrics) = (tempfile::tempdir().expect("a folder"), free(), free());
        let mut command = luqu(url, &world.keys_file(), data.path(), &["serve"]);
        command
            .env("LUQU_LISTEN", listen.to_string())
            .env("LUQU_METRICS", metrics.to_string())
            .env("LUQU_REFRESH_SECONDS", "1")
            .env("LUQU_GUARD", data.path().join("checkpoint.txt"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().expect("a server");
        let mut server = Self { child, listen, metrics, data };
        let begun = Instant::now();
        while server.get(server.metrics, "/readyz").is_none_or(|(status, _)| status != 200) {
            assert_eq!(server.child.try_wait().expect("a process"), None, "it ended");
            assert!(begun.elapsed() < Duration::from_secs(60), "it never got ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it keeps its guard.
    pub(crate) fn guard(&self) -> PathBuf {
        self.data.path().join("checkpoint.txt")
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let (signal, pid) = (format!("-{name}"), self.pid().to_string());
        let sent = Command::new("kill").args([signal, pid]).status().expect("kill");
        assert!(sent.success());
    }

    /// Whether it ends by itself within this time.
    pub(crate) fn ends_within(&mut self, most: Duration) -> bool {
        let begun = Instant::now();
        while self.child.try_wait().expect("a process").is_none() {
            if begun.elapsed() > most {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// Kills it, if it is not dead yet, and waits until it is.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a process of ours");
        self.child.wait().expect("its end");
    }

    /// Waits for its end; nothing if it was killed by a signal.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        assert!(self.ends_within(Duration::from_secs(60)), "it does not end");
        self.child.wait().expect("its end").code()
    }

    /// Signs somebody in; the token.
    pub(crate) fn sign_in(&self, name: &str) -> String {
        let body = json!({"name": name, "password": PASSWORD});
        let (status, reply) = self.send("POST", "/v1/session", None, &body).expect("an answer");
        assert_eq!(status, 200, "{reply}");
        reply["token"].as_str().expect("a token").to_owned()
    }

    /// Sends JSON, about whatever is there; nothing if the connection broke before the answer was whole.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> Option<(u16, Value)> {
        let token = token.map_or_else(String::new, |t| format!("Authorization: Bearer {t}\r\n"));
        let body = body.to_string();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: luqu\r\nConnection: close\r\nContent-Type: application/json\r\n\
             If-Match: *\r\n{token}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let (status, text) = exchange(self.listen, &request)?;
        Some((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Gets a page of either address as text.
    pub(crate) fn get(&self, from: SocketAddr, path: &str) -> Option<(u16, String)> {
        exchange(from, &format!("GET {path} HTTP/1.1\r\nHost: luqu\r\nConnection: close\r\n\r\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request and its answer, if a whole one came.
fn exchange(to: SocketAddr, request: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(to).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|l| {
        let (name, value) = l.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    if length.is_some_and(|length| body.len() < length) {
        return None;
    }
    Some((status, body.to_owned()))
}
