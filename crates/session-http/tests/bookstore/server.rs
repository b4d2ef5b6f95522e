//! Starts and stops the bookstore as a child process.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::client::Client;

pub(crate) const SECRET: &str = "a secret of the bookstore's tests, long enough";

pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    /// The line that it printed when it started.
    pub(crate) line: String,
}

impl Server {
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let mut command = command(settings);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let port = line.split_once("http://127.0.0.1:").and_then(|(_, rest)| {
            let digits = rest.split(' ').next()?;
            digits.parse().ok()
        });
        let Some(port) = port else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the shop did not start: {line:?}");
        };
        Self { child, port, line }
    }

    /// Starts a shop that stores sessions in `directory`, with the secret of these tests.
    pub(crate) fn with_files(directory: &Path) -> Self {
        let store = format!("fs:{}", directory.display());
        Self::start(&[("SESSION_STORE", &store), ("SESSION_SECRET", SECRET)])
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.port)
    }

    /// Stops it with SIGTERM, as a service manager does.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let deadline = Instant::now() + Duration::from_secs(15);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the shop does not stop");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a shop that cannot start, and returns the one line that it prints.
pub(crate) fn start_error(settings: &[(&str, &str)]) -> String {
    let mut child =
        command(settings).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("the shop runs with {settings:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let printed = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(2), "{printed}");
    assert!(stdout.is_empty());
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert!(printed.starts_with("bookstore: "), "{printed}");
    printed
}

fn command(settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary());
    for name in ["PORT", "SESSION_STORE", "SESSION_SECRET", "SESSION_SECURE", "RUST_LOG"] {
        command.env_remove(name);
    }
    // The tests request error pages, and each one would be logged.
    command.env("RUST_LOG", "off").env("PORT", "0");
    command.envs(settings.iter().copied());
    command
}

/// The example. `cargo test` builds it beside this test; otherwise it is built here.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let built = profile.join("examples").join("bookstore");
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bookstore");
        match modified(&built) > newest(&sources) {
            true => built,
            false => build(),
        }
    })
}

fn build() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--package", "session-http", "--example", "bookstore"])
        .args(["--message-format", "json"])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the example does not build");
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut messages = printed.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_shop = message["target"]["name"] == "bookstore";
        Some(message["executable"].as_str().filter(|_| is_shop)?.into())
    });
    messages.next().unwrap()
}

fn newest(directory: &Path) -> SystemTime {
    let entries = fs::read_dir(directory).unwrap();
    let times = entries.map(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => newest(&path),
            false => modified(&path),
        }
    });
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

fn modified(path: &Path) -> SystemTime {
    let time = fs::metadata(path).and_then(|metadata| metadata.modified());
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

/// A directory for one test. It is deleted when dropped.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bookstore-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
