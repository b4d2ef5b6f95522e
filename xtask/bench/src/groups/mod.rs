//! What is measured, group by group.

mod cookie;
mod fs;
mod growth;
mod http;
mod memcache;
mod memory;
mod redis;
mod request;
mod values;

pub use cookie::SIZES;
pub(crate) use growth::LOOK;
pub use growth::growing;
pub use memory::resident;
pub use request::{bare, ours};

use crate::Group;

/// Many requests at once, on one thread.
pub const REDIS: &str = "redis, 32 in flight";
/// Requests that leave their session alone.
pub const HTTP: &str = "loopback http, 16 in flight";
/// Requests that wait for a server, which has the core of the application.
pub const HTTP_STORED: &str = "loopback http with servers on the application's core, 16 in flight";

/// The groups that need no peer.
pub const GROUPS: &[Group] = &[
    Group::new("memory store", "memory", memory::store),
    Group::new("request", "memory", request::cases),
    Group::new("growth", "memory", growth::cases),
    Group::new("cookie storage", "cookie", cookie::storage).in_ten_processes(),
    Group::new("cookie", "cookie", cookie::formats),
    Group::new("fs", "fs", fs::cases).in_ten_times_the_rounds(),
    Group::new(REDIS, "redis", redis::cases),
    Group::new("redis: round trips", "redis", redis::round_trips),
    Group::new("memcache, 32 in flight", "memcache", memcache::cases),
    Group::new("memcache: round trips", "memcache", memcache::round_trips),
    Group::new(HTTP, "http", http::untouched).in_ten_processes(),
    Group::new(HTTP_STORED, "http", http::stored).in_ten_processes(),
];
