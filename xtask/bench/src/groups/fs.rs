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
            cases.push(keeping(
                &dir,
                app.spread(
                    format!("{what}, {sessions} sessions"),
                    path,
                    cookies.clone(),
                ),
            ));
        }
    }
    cases
}

/// The directory goes with the last case.
fn keeping(dir: &Rc<DataDir>, mut case: Case) -> Case {
    let dir = Rc::clone(dir);
    let mut run = case.run;
    case.run = Box::new(move |times| {
        let _kept = &dir;
        run(times);
    });
    case.uncounted()
}
