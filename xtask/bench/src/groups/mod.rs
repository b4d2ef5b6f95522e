//! What is measured, group by group.

mod cookie;
mod fs;
mod http;
mod memcache;
mod memory;
mod redis;
mod request;

pub use cookie::SIZES;
pub use memory::million;
pub use redis::{commands, in_flight, valkey};
use session_servers::Redis;

use crate::Group;

/// Requests in process, with sessions in memory.
pub const REQUESTS: &str = "request, sessions in memory";
/// Requests in process, with the data in the cookie.
pub const COOKIE_STORAGE: &str = "request, data in the cookie";
/// Cookie values by themselves.
pub const COOKIE_VALUES: &str = "cookie value";
/// A memory store by itself.
pub const MEMORY_STORE: &str = "memory store, a million sessions";
/// Requests in process, with sessions in Redis.
pub const REDIS: &str = "Redis, 32 in flight";
/// The same with Valkey.
pub const VALKEY: &str = "Valkey, 32 in flight";
/// Commands that Redis receives.
pub const COMMANDS: &str = "store commands a request";
pub(crate) const MEMCACHED: &str = "memcached, 32 in flight";
pub(crate) const FILES: &str = "files";
pub(crate) const HTTP: &str = "loopback HTTP, 16 in flight";

/// The groups without peers.
pub(crate) const GROUPS: &[Group] = &[
    Group::new(REQUESTS, "memory", request::cases),
    Group::new(COOKIE_STORAGE, "cookie", cookie::storage),
    Group::new(COOKIE_VALUES, "cookie", cookie::values),
    Group::new(MEMORY_STORE, "memory", memory::cases),
    Group::new(REDIS, "redis", || redis::cases(Redis::start)),
    Group::new(VALKEY, "valkey", || redis::cases(valkey)),
    Group::new(MEMCACHED, "memcache", memcache::cases),
    Group::new(FILES, "fs", fs::cases),
    Group::new(HTTP, "http", http::cases),
    Group::new(COMMANDS, "redis", redis::our_commands),
];
