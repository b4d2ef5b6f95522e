//! A crate of someone else, outside of this workspace: one page of code, and the suite.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// As the documentation says; the profile is this workspace's, so that what is built is built once.
const MANIFEST: &str = r#"
[package]
name = "stranger"
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
    by_key: HashMap<RecordKey, Kept>,
}

#[derive(Debug)]
struct Kept {
    record: Record,
    since: Instant,
    ttl: Duration,
}

impl Records {
    fn get(&self, key: &RecordKey) -> Option<&Record> {
        let kept = self.by_key.get(key)?;
        (kept.since.elapsed() < kept.ttl).then_some(&kept.record)
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
        let kept = Kept { record, since: Instant::now(), ttl };
        records.by_key.insert(key.clone(), kept);
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
fn a_strangers_crate_compiles_and_passes() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let tmp = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let stranger = env::temp_dir().join(format!("stranger-{}", std::process::id()));
    let _ = fs::remove_dir_all(&stranger);
    fs::create_dir_all(stranger.join("src")).unwrap();
    let manifest = MANIFEST.replace("CRATES", crates.canonicalize().unwrap().to_str().unwrap());
    fs::write(stranger.join("Cargo.toml"), manifest).unwrap();
    fs::write(stranger.join("src/lib.rs"), CODE).unwrap();
    // The versions that this workspace was built with need not be fetched.
    fs::copy(crates.join("../Cargo.lock"), stranger.join("Cargo.lock")).unwrap();

    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "--offline", "--lib"])
        .env("CARGO_TARGET_DIR", tmp.parent().unwrap())
        .current_dir(&stranger)
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let told = format!("{out}\n{err}");
    fs::remove_dir_all(&stranger).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(!err.contains("warning"), "{told}");
    for name in [
        "tests::record::if_absent_refuses_a_taken_key ... ok",
        "tests::session::overlapping_writes_both_stay ... ok",
        "tests::overlap::two_requests_in_every_order ... ok",
        " 0 failed",
    ] {
        assert!(out.contains(name), "{name} is missing in\n{told}");
    }
}
