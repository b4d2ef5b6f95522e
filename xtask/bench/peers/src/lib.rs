//! `cargo xtask bench --peers`: our groups, with what others need for the same.

mod actix;
mod axum_session;
mod jars;
mod memory;
mod redis;
mod tower_sessions;

use xtask_bench::{App, Group};

/// What the peers add to our groups.
pub const PEERS: &[Group] = &[
    Group {
        name: "request",
        backend: "memory",
        cases: || {
            let apps = [
                tower_sessions::unsigned(),
                tower_sessions::signed(),
                axum_session::memory(),
            ];
            apps.iter().flat_map(App::cases).collect()
        },
    },
    Group {
        name: "cookie storage",
        backend: "cookie",
        cases: actix::cases,
    },
    Group {
        name: "cookie",
        backend: "cookie",
        cases: jars::cases,
    },
    Group {
        name: "memory store",
        backend: "memory",
        cases: memory::cases,
    },
    Group {
        name: "redis",
        backend: "redis",
        cases: redis::cases,
    },
    Group {
        name: "loopback http",
        backend: "http",
        cases: || vec![tower_sessions::unsigned().loopback()],
    },
];
