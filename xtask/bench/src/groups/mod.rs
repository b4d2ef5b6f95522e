//! What is measured, group by group.

mod cookie;
mod fs;
mod http;
mod memcache;
mod memory;
mod redis;
mod request;
mod values;

pub use cookie::SIZES;
pub use memory::resident;
pub use request::{bare, ours};

use crate::Group;

/// The groups that need no peer.
pub const GROUPS: &[Group] = &[
    // First: what a million sessions take is seen by how the process grows.
    Group::new("memory store", "memory", memory::store),
    Group::new("request", "memory", request::cases),
    Group::new("growth", "memory", memory::growth),
    Group::new("cookie storage", "cookie", cookie::storage).in_ten_processes(),
    Group::new("cookie", "cookie", cookie::formats),
    Group::new("fs", "fs", fs::cases).in_ten_times_the_rounds(),
    Group::new("redis", "redis", redis::cases),
    Group::new("redis: round trips", "redis", redis::round_trips),
    Group::new("memcache", "memcache", memcache::cases),
    Group::new("memcache: round trips", "memcache", memcache::round_trips),
    Group::new("loopback http", "http", http::untouched).in_ten_processes(),
    Group::new("loopback http: servers", "http", http::stored).in_ten_processes(),
];
