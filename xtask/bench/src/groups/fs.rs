//! Sessions in files.

use std::rc::Rc;

use session_servers::DataDir;
use session_store_fs::FsStore;

use super::ours;
use crate::Case;

/// Requests with 1,000 and with 100,000 sessions beside their own.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for sessions in [1_000, 100_000] {
        let dir = Rc::new(DataDir::create("bench").expect("a directory"));
        let app = ours(FsStore::open(dir.path()).expect("an empty directory"));
        let cookies: Vec<_> = (0..sessions).map(|_| app.cookie("/new")).collect();
        for (what, path) in [("read", "/read"), ("read and write", "/write")] {
            let scenario = format!("{what}, {sessions} sessions");
            let case = app.spread(scenario, path, cookies.clone());
            cases.push(case.keeping(&dir).uncounted());
        }
    }
    cases
}
