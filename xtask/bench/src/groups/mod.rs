//! What is measured, group by group.

mod cookie;
mod fs;
mod http;
mod memcache;
mod memory;
mod redis;
mod request;

pub use cookie::SIZES;
pub use memory::resident;
pub use request::{bare, ours};

use crate::Group;

/// The groups that need no peer.
pub const GROUPS: &[Group] = &[
    // First: what a million sessions take is seen by how the process grows.
    Group {
        name: "memory store",
        backend: "memory",
        cases: memory::store,
    },
    Group {
        name: "request",
        backend: "memory",
        cases: request::cases,
    },
    Group {
        name: "growth",
        backend: "memory",
        cases: memory::growth,
    },
    Group {
        name: "cookie storage",
        backend: "cookie",
        cases: cookie::storage,
    },
    Group {
        name: "cookie",
        backend: "cookie",
        cases: cookie::formats,
    },
    Group {
        name: "fs",
        backend: "fs",
        cases: fs::cases,
    },
    Group {
        name: "redis",
        backend: "redis",
        cases: redis::cases,
    },
    Group {
        name: "memcache",
        backend: "memcache",
        cases: memcache::cases,
    },
    Group {
        name: "loopback http",
        backend: "http",
        cases: http::cases,
    },
];
