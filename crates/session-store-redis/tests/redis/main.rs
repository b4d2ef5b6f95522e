//! Against real servers, which `session-servers` starts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

/// Runs each of these tests against Redis and against Valkey.
macro_rules! on_redis_and_valkey {
    ($($test:ident),+ $(,)?) => {
        mod redis {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(session_servers::Program::Redis).await;
            })+
        }
        mod valkey {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(session_servers::Program::Valkey).await;
            })+
        }
    };
}

mod access;
mod batcher;
mod cancellation;
mod cluster;
mod connecting;
mod load;
mod outage;
mod proxy;
mod replicas;
mod sentinel;
mod single;
mod support;
mod switching;
#[cfg(feature = "tls")]
mod tls;
