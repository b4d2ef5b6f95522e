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
    Group::new("request", "memory", || {
        let apps = [
            tower_sessions::unsigned(),
            tower_sessions::signed(),
            axum_session::memory(),
        ];
        apps.iter().flat_map(App::cases).collect()
    }),
    Group::new("cookie storage", "cookie", actix::cases),
    Group::new("cookie", "cookie", jars::cases),
    Group::new("memory store", "memory", memory::cases),
    Group::new("redis", "redis", redis::cases),
    Group::new("loopback http", "http", || {
        vec![tower_sessions::unsigned().loopback()]
    }),
];
