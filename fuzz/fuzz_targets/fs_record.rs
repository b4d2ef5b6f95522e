#![no_main]
//! Arbitrary bytes as a record's file, with any modification time and any length.

use std::fs::File;
use std::io::{Seek, Write};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;
use session_core::{SessionId, SessionPolicy, StoreErrorKind, storage};
use session_store_fs::fuzzing;

const LIFETIME: Duration = Duration::from_secs(3600);
/// How long a sweep leaves an expired record alone.
const GRACE: Duration = Duration::from_secs(3600);
const MAX_BODY: usize = 2048;
/// The fraction of a second that marks a modification time as an expiry time of the store.
const MARK: u32 = 373_737_000;

static FILE: LazyLock<File> = LazyLock::new(|| {
    // In memory if possible. The file is unlinked, so it disappears with the process.
    let shm = std::path::PathBuf::from("/dev/shm");
    let base = if shm.is_dir() { shm } else { std::env::temp_dir() };
    let path = base.join(format!("session-fuzz-{}", std::process::id()));
    let mut options = File::options();
    let file = options.read(true).write(true).create_new(true).open(&path);
    std::fs::remove_file(&path).unwrap();
    file.unwrap()
});
static NOW: LazyLock<SystemTime> =
    LazyLock::new(|| SystemTime::UNIX_EPOCH + Duration::new(1_800_000_000, MARK));
static POLICY: LazyLock<SessionPolicy> = LazyLock::new(SessionPolicy::default);

// The input: the file's modification time, the size of the hole after its content, and its content.
fuzz_target!(|input: ([u8; 4], bool, u16, &[u8])| {
    let (seconds, marked, hole, data) = input;
    let seconds = Duration::from_secs(u32::from_le_bytes(seconds).into());
    let nanos = Duration::from_nanos(if marked { MARK.into() } else { 0 });
    let modified = SystemTime::UNIX_EPOCH + seconds + nanos;
    // Up to 4 TiB as a sparse file.
    let length = data.len() as u64 + (u64::from(hole) << 26);
    let mut file = &*FILE;
    file.rewind().unwrap();
    file.write_all(data).unwrap();
    file.set_len(length).unwrap();
    file.set_modified(modified).unwrap();
    file.rewind().unwrap();

    let read = fuzzing::read(file.try_clone().unwrap(), *NOW, LIFETIME, MAX_BODY);
    let is_swept = if marked { modified + GRACE <= *NOW } else { modified + LIFETIME < *NOW };
    match read {
        Ok((record, expired)) => {
            assert_eq!(expired, is_swept);
            assert_eq!(record.body, data);
            let id = SessionId::parse("an-id-of-24-characters--").unwrap();
            // It may be an error, but not a panic.
            let _ = storage::open(id, record.body, &POLICY);
        }
        Err(error) => {
            assert!(length > MAX_BODY as u64);
            assert_eq!(error.kind(), StoreErrorKind::Corrupt);
        }
    }
});
