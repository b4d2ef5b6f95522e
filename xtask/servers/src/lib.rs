#![doc = include_str!("../README.md")]
// A test ends with the error, whichever it is, and shows it.
#![allow(clippy::missing_errors_doc)]

mod apt;
mod chromedriver;
mod cluster;
mod data;
mod error;
mod install;
mod memcached;
mod memcached_client;
mod pip;
mod ports;
mod process;
mod redis;
mod redis_client;
mod sentinel;
mod stream;
mod tls;
mod wait;

pub use chromedriver::ChromeDriver;
pub use cluster::RedisCluster;
pub use data::DataDir;
pub use error::{Error, Result};
pub use install::{Program, ensure};
pub use memcached::{Memcached, MemcachedBuilder};
pub use memcached_client::MemcachedClient;
pub use redis::{Redis, RedisBuilder};
pub use redis_client::{RedisClient, RedisMonitor, Reply};
pub use sentinel::RedisSentinel;
pub use tls::Authority;
pub use wait::until;
