//! Throw-away directories, keys, and copies of this test as child processes.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use session_core::{Condition, PutOutcome, RecordKey, RecordStore, Version};
use session_store_fs::FsStore;

pub const HOUR: Duration = Duration::from_secs(3600);

/// A directory that goes with the test.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("session-store-fs-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::DirBuilder::new().mode(0o755).create(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where a store makes its root.
    pub fn root(&self) -> PathBuf {
        self.0.join("sessions")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Spread over the directories as digests are.
pub fn key(number: usize) -> RecordKey {
    let mut digest = [0; 32];
    let mut state = number as u64;
    for chunk in digest.chunks_mut(8) {
        state = (state ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 29;
        chunk.copy_from_slice(&state.to_le_bytes());
    }
    RecordKey::from_digest(digest)
}

pub fn path_of(root: &Path, key: &RecordKey) -> PathBuf {
    let hex = key.hex();
    let (directory, name) = hex.split_at(2);
    root.join(directory).join(name)
}

pub async fn insert(store: &FsStore, key: &RecordKey, body: impl Into<Bytes>) -> Version {
    let put = store.put(key, body.into(), HOUR, Condition::IfAbsent);
    match put.await.unwrap() {
        PutOutcome::Stored(version) => version,
        PutOutcome::Refused => panic!("{key:?} was taken"),
    }
}

/// Adds one to the number that the record holds, whoever else does so.
pub async fn count(store: &FsStore, key: &RecordKey) {
    loop {
        let record = store.load(key).await.unwrap().unwrap();
        let now: u64 = String::from_utf8_lossy(&record.body).parse().unwrap();
        let next = Bytes::from((now + 1).to_string());
        let condition = Condition::IfVersion(record.version);
        if store.put(key, next, HOUR, condition).await.unwrap() != PutOutcome::Refused {
            return;
        }
    }
}

/// The unfinished files under `root`.
pub fn leftovers(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for directory in fs::read_dir(root).unwrap() {
        for file in fs::read_dir(directory.unwrap().path()).unwrap() {
            let file = file.unwrap();
            if file.file_name().to_string_lossy().starts_with(".tmp-") {
                found.push(file.path());
            }
        }
    }
    found
}

/// Set in a child process: what it works on.
const CHILD: &str = "SESSION_STORE_FS_TEST_CHILD";

/// In a child process of a test: what it was given.
pub fn child_argument() -> Option<String> {
    std::env::var(CHILD).ok()
}

/// This test program, to run the one test `name` with `argument`, behind the words of `before`.
pub fn child(before: &[&str], name: &str, argument: &Path) -> Command {
    let exe = std::env::current_exe().unwrap();
    child_of(&exe, before, name, argument)
}

pub fn child_of(exe: &Path, before: &[&str], name: &str, argument: &Path) -> Command {
    let mut command = match before {
        [] => Command::new(exe),
        [program, rest @ ..] => {
            let mut command = Command::new(program);
            command.args(rest).arg(exe);
            command
        }
    };
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    command.env(CHILD, argument);
    command
}

pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").unwrap().uid() == 0
}
