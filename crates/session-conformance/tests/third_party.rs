//! The suite in a crate outside this workspace, without features: what the author of a store sees.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// As documented. The profile is this workspace's, so that its builds are used again.
const MANIFEST: &str = r#"
[package]
name = "my-store"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
async-trait = "0.1"
bytes = "1"
session-core = { path = "CRATES/session-core" }

[dev-dependencies]
session-conformance = { path = "CRATES/session-conformance" }

[profile.dev]
debug = "line-tables-only"
[profile.dev.package]
session-core.opt-level = 2
session-conformance.opt-level = 2
serde_json.opt-level = 2
ring.opt-level = 2
"#;

const CODE: &str = r#"
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use session_core::{Condition, PutOutcome, Record, RecordKey, RecordStore, StoreError, Version};

#[derive(Debug, Default)]
pub struct MyStore(Mutex<Records>);

#[derive(Debug, Default)]
struct Records {
    writes: u64,
    by_key: HashMap<RecordKey, Entry>,
}

#[derive(Debug)]
struct Entry {
    record: Record,
    since: Instant,
    ttl: Duration,
}

impl Records {
    fn get(&self, key: &RecordKey) -> Option<&Record> {
        let entry = self.by_key.get(key)?;
        (entry.since.elapsed() < entry.ttl).then_some(&entry.record)
    }
}

#[async_trait]
impl RecordStore for MyStore {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn put(
        &self,
        key: &RecordKey,
        body: Bytes,
        ttl: Duration,
        condition: Condition,
    ) -> Result<PutOutcome, StoreError> {
        let mut records = self.0.lock().unwrap();
        let holds = match (records.get(key), &condition) {
            (None, Condition::IfAbsent) => true,
            (Some(record), Condition::IfVersion(version)) => record.version == *version,
            _ => false,
        };
        if !holds {
            return Ok(PutOutcome::Refused);
        }
        records.writes += 1;
        let version = Version::from(records.writes);
        let record = Record { body, version: version.clone() };
        let entry = Entry { record, since: Instant::now(), ttl };
        records.by_key.insert(key.clone(), entry);
        Ok(PutOutcome::Stored(version))
    }

    async fn remove(&self, key: &RecordKey) -> Result<bool, StoreError> {
        let mut records = self.0.lock().unwrap();
        let lived = records.get(key).is_some();
        records.by_key.remove(key);
        Ok(lived)
    }
}

#[cfg(test)]
mod tests {
    session_conformance::suite!(|| async { crate::MyStore::default() });
}
"#;

#[test]
fn a_store_of_another_crate_passes() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let tmp = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let directory = env::temp_dir().join(format!("my-store-{}", std::process::id()));
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(directory.join("src")).unwrap();
    let manifest = MANIFEST.replace("CRATES", crates.canonicalize().unwrap().to_str().unwrap());
    fs::write(directory.join("Cargo.toml"), manifest).unwrap();
    fs::write(directory.join("src/lib.rs"), CODE).unwrap();
    // With this workspace's versions, nothing has to be downloaded.
    fs::copy(crates.join("../Cargo.lock"), directory.join("Cargo.lock")).unwrap();

    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "--offline", "--lib"])
        .env("CARGO_TARGET_DIR", tmp.parent().unwrap())
        .current_dir(&directory)
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let output_text = format!("{out}\n{err}");
    fs::remove_dir_all(&directory).unwrap();
    assert!(output.status.success(), "{output_text}");
    assert!(!err.contains("warning"), "{output_text}");
    for name in [
        "tests::record::conditions::if_absent_refuses_a_taken_key ... ok",
        "tests::overlap::requests_in_any_order ... ok",
        "tests::fault::two_requests_with_one_fault ... ok",
        " 0 failed",
    ] {
        assert!(out.contains(name), "{name} is missing in\n{output_text}");
    }
    for level in ["tests::session::", "tests::http::"] {
        assert!(!out.contains(level), "{level} needs a feature\n{output_text}");
    }
    println!("{output_text}");
}
