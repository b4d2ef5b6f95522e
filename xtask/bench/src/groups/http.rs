//! Requests over HTTP, with sessions in memory.

use session_store_memory::MemoryStore;

use super::request::{bare, ours};
use crate::Case;
use crate::app::{READ, UNTOUCHED};
use crate::loopback::loopback;

pub(crate) const BARE: &str = "bare server";

pub(super) fn cases() -> Vec<Case> {
    let of = |visit| {
        [loopback(visit, BARE, || bare(BARE)), loopback(visit, "ours", || ours(MemoryStore::new()))]
    };
    [UNTOUCHED, READ].into_iter().flat_map(of).collect()
}
