//! `cargo xtask bench --peers`: our groups, with other libraries beside us.

mod actix;
mod jars;
mod memory;
mod redis;
mod tower_sessions;

use session_servers::Redis;
use xtask_bench::{
    COMMANDS, COOKIE_STORAGE, COOKIE_VALUES, Group, MEMORY_STORE, REDIS, REQUESTS, VALKEY,
    commands, in_flight, valkey,
};

const PEERS: &[Group] = &[
    Group::new(REQUESTS, "memory", tower_sessions::cases),
    Group::new(COOKIE_STORAGE, "cookie", actix::cases),
    Group::new(COOKIE_VALUES, "cookie", jars::cases),
    Group::new(MEMORY_STORE, "memory", memory::cases),
    Group::new(REDIS, "redis", || in_flight(Redis::start, redis::app)),
    Group::new(VALKEY, "valkey", || in_flight(valkey, redis::app)),
    Group::new(COMMANDS, "redis", || commands(redis::app)),
];

fn main() -> std::process::ExitCode {
    xtask_bench::main(PEERS)
}
