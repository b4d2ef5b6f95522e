//! `cargo xtask bench --peers`: our groups, with what others need for the same.

mod actix;
mod axum_session;
mod jars;
mod memory;
mod redis;
mod tower_sessions;

use xtask_bench::{App, Group, HTTP, HTTP_STORED, REDIS, growing, loopback};

/// What the peers add to our groups.
pub const PEERS: &[Group] = &[
    Group::new("request", "memory", || {
        let apps = [
            tower_sessions::unsigned(),
            tower_sessions::signed(),
            axum_session::memory(),
        ];
        apps.iter().flat_map(App::cases).collect()
    }),
    Group::new("growth", "memory", || growing(|_| tower_sessions::unsigned())),
    Group::new("cookie storage", "cookie", actix::cases),
    Group::new("cookie", "cookie", jars::cases),
    Group::new("memory store", "memory", memory::cases),
    Group::new(REDIS, "redis", redis::cases),
    Group::new("redis: round trips", "redis", redis::round_trips),
    Group::new(HTTP, "http", || {
        vec![loopback(
            "untouched",
            "/untouched",
            "tower-sessions",
            |_| tower_sessions::unsigned(),
        )]
    }),
    Group::new(HTTP_STORED, "http", redis::loopback_cases),
];
