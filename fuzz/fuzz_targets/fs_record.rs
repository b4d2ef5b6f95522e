#![no_main]
//! Any bytes as a record's file, written at any time, and longer than it should be.

use std::fs::File;
use std::io::{Seek, Write};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;
use session_core::{SessionId, SessionPolicy, StoreErrorKind, storage};
use session_store_fs::fuzzing;

const LIFETIME: Duration = Duration::from_secs(3600);
const MAX_BODY: usize = 2048;
/// The fraction of a second by which the store knows its own expiry times.
const MARK: u32 = 373_737_000;

static FILE: LazyLock<File> = LazyLock::new(|| {
    // Memory, where there is such a file system; without a name, it ends with the process.
    let shm = std::path::PathBuf::from("/dev/shm");
    let base = if shm.is_dir() {
        shm
    } else {
        std::env::temp_dir()
    };
    let path = base.join(format!("session-fuzz-{}", std::process::id()));
    let mut options = File::options();
    let file = options.read(true).write(true).create_new(true).open(&path);
    std::fs::remove_file(&path).unwrap();
    file.unwrap()
});
static NOW: LazyLock<SystemTime> =
    LazyLock::new(|| SystemTime::UNIX_EPOCH + Duration::new(1_800_000_000, MARK));
static POLICY: LazyLock<SessionPolicy> = LazyLock::new(SessionPolicy::default);

// The input: what the file's time is, how much longer than written it is, and what is written.
fuzz_target!(|input: ([u8; 4], bool, u16, &[u8])| {
    let (seconds, marked, hole, data) = input;
    let seconds = Duration::from_secs(u32::from_le_bytes(seconds).into());
    let nanos = Duration::from_nanos(if marked { MARK.into() } else { 0 });
    let modified = SystemTime::UNIX_EPOCH + seconds + nanos;
    // Up to 4 TiB, which takes no room.
    let length = data.len() as u64 + (u64::from(hole) << 26);
    let mut file = &*FILE;
    file.rewind().unwrap();
    file.write_all(data).unwrap();
    file.set_len(length).unwrap();
    file.set_modified(modified).unwrap();
    file.rewind().unwrap();

    let read = fuzzing::read(file.try_clone().unwrap(), *NOW, LIFETIME, MAX_BODY);
    let end = if marked {
        modified
    } else {
        modified + LIFETIME
    };
    let expired = end < *NOW || marked && end == *NOW;
    match read {
        Ok(None) => assert!(expired),
        Ok(Some(record)) => {
            assert!(!expired);
            assert_eq!(record.body, data);
            let id = SessionId::parse("an-id-of-24-characters--").unwrap();
            // An error or a session, and no panic.
            let _ = storage::open(id, record.body, &POLICY);
        }
        Err(error) => {
            assert!(!expired && length > MAX_BODY as u64);
            assert_eq!(error.kind(), StoreErrorKind::Corrupt);
        }
    }
});
