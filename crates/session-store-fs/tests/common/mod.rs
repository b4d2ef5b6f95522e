//! Temporary directories, keys, and copies of a test as child processes.
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

/// A temporary directory, removed with the test.
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

    /// The root of a store. Opening the store creates it.
    pub fn root(&self) -> PathBuf {
        self.0.join("sessions")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Keys are spread over the buckets, as real digests are.
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
        PutOutcome::Refused => panic!("{key:?} exists already"),
    }
}

/// Adds one to the number in the record, even while others do so too.
pub async fn increment(store: &FsStore, key: &RecordKey) {
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

/// The temporary files under `root`.
pub fn temp_files(root: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for directory in fs::read_dir(root).unwrap() {
        for file in fs::read_dir(directory.unwrap().path()).unwrap() {
            let file = file.unwrap();
            if file.file_name().to_string_lossy().starts_with(".tmp-") {
                paths.push(file.path());
            }
        }
    }
    paths
}

/// The environment variable that passes a child process its argument.
const CHILD: &str = "SESSION_STORE_FS_TEST_CHILD";

/// The argument of this process, if it is a child of a test.
pub fn child_argument() -> Option<String> {
    std::env::var(CHILD).ok()
}

/// Runs the test `name` alone, in a child process that is given `argument`. The command starts with
/// `wrapper`, such as `unshare`.
pub fn child(wrapper: &[&str], name: &str, argument: &Path) -> Command {
    let exe = std::env::current_exe().unwrap();
    child_of(&exe, wrapper, name, argument)
}

/// As [`child`], with a copy of the test program.
pub fn child_of(exe: &Path, wrapper: &[&str], name: &str, argument: &Path) -> Command {
    let mut command = match wrapper {
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
