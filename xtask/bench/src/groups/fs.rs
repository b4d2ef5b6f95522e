//! Sessions in files.

use std::rc::Rc;

use session_servers::DataDir;
use session_store_fs::FsStore;

use super::request::ours;
use crate::Case;
use crate::app::{READ, WRITE};

pub(super) fn cases() -> Vec<Case> {
    let dir = Rc::new(DataDir::create("bench").expect("a directory"));
    let app = ours(FsStore::open(dir.path()).expect("an empty directory"));
    [READ, WRITE].map(|visit| app.case(visit).keeping(&dir)).into()
}
