#![no_main]
//! Any bytes as a record's file.

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use session_core::{RecordKey, RecordStore, SessionId, SessionPolicy, SessionStorage};
use session_store_fs::FsStore;
use tokio::runtime::Runtime;

struct Setting {
    runtime: Runtime,
    store: FsStore,
    file: PathBuf,
    key: RecordKey,
    policy: SessionPolicy,
}

const ID: &str = "an-id-of-24-characters--";

static SETTING: LazyLock<Setting> = LazyLock::new(|| {
    // Memory, where there is such a file system.
    let shm = PathBuf::from("/dev/shm");
    let base = if shm.is_dir() { shm } else { std::env::temp_dir() };
    let root = base.join(format!("session-fuzz-{}", std::process::id()));
    let store = FsStore::open(&root).unwrap();
    let key = RecordKey::hashed(&SessionId::parse(ID).unwrap());
    let (directory, name) = (root.join(&key.hex()[..2]), key.hex()[2..].to_owned());
    std::fs::create_dir_all(&directory).unwrap();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    Setting {
        runtime: builder.enable_time().build().unwrap(),
        store,
        file: directory.join(name),
        key,
        policy: SessionPolicy::default(),
    }
});

fuzz_target!(|data: &[u8]| {
    let Setting {
        runtime,
        store,
        file,
        key,
        policy,
    } = &*SETTING;
    std::fs::write(file, data).unwrap();
    let record = runtime.block_on(store.load(key)).unwrap().unwrap();
    assert_eq!(record.body, data);
    // An error or a session, and no panic.
    let _ = runtime.block_on(store.read(Some(ID), policy));
});
