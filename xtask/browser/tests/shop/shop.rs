//! Builds and starts the shop.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

pub(crate) struct Shop {
    child: Child,
    pub(crate) port: u16,
}

impl Shop {
    /// Starts it on a free port, with sessions in `store`. With `secure`, it sets cookies for https
    /// only.
    pub(crate) fn start(store: &str, secure: bool) -> Self {
        static BINARY: OnceLock<PathBuf> = OnceLock::new();
        let mut child = Command::new(BINARY.get_or_init(build))
            .env("PORT", "0")
            .env("SESSION_STORE", store)
            .env("SESSION_SECURE", if secure { "1" } else { "0" })
            .env_remove("SESSION_SECRET")
            .env("RUST_LOG", "off")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let mut shop = Self { child, port: 0 };
        let port = line.split_once("http://127.0.0.1:").and_then(|(_, rest)| {
            let digits = rest.split(' ').next()?;
            digits.parse().ok()
        });
        shop.port = port.unwrap_or_else(|| panic!("the shop did not start: {line:?}"));
        shop
    }

    pub(crate) fn site(&self) -> String {
        format!("http://localhost:{}", self.port)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // Both fail only if the process has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Builds the example with the same features as `cargo test --workspace --all-features`, so that it
/// is built only once.
fn build() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    // These variables belong to this test. If cargo saw them, some build scripts would run again.
    let ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars().filter(|(name, _)| ours(name)) {
        cargo.env_remove(name);
    }
    let output = cargo
        .args(["build", "--workspace", "--all-features"])
        .args(["--example", "bookstore", "--message-format", "json"])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the bookstore does not build");
    let output = String::from_utf8(output.stdout).unwrap();
    let mut messages = output.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_shop = message["target"]["name"] == "bookstore";
        Some(message["executable"].as_str().filter(|_| is_shop)?.into())
    });
    messages.next().unwrap()
}
