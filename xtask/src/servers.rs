//! `cargo xtask servers`: runs real servers until Ctrl-C.

use std::any::Any;
use std::io::{IsTerminal, Read, stdin};
use std::process::ExitCode;
use std::thread;

use session_servers::{Memcached, Program, Redis, RedisCluster, RedisSentinel, Result};
use xtask::{Args, UsageError, one_of};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    OneServer(Program),
    Cluster(Program),
    Sentinel(Program),
    Memcache(usize),
}

const KINDS: &[(&str, Kind)] = &[
    ("redis", Kind::OneServer(Program::Redis)),
    ("redis-cluster", Kind::Cluster(Program::Redis)),
    ("redis-sentinel", Kind::Sentinel(Program::Redis)),
    ("valkey", Kind::OneServer(Program::Valkey)),
    ("valkey-cluster", Kind::Cluster(Program::Valkey)),
    ("valkey-sentinel", Kind::Sentinel(Program::Valkey)),
    ("memcache", Kind::Memcache(1)),
];

pub(crate) fn run(args: Vec<String>) -> std::result::Result<ExitCode, UsageError> {
    let args = Args::parse(args, &[])?;
    let kinds = kinds(args.words())?;
    let mut running: Vec<Box<dyn Any>> = Vec::new();
    for kind in kinds {
        match start(kind) {
            Ok((url, server)) => {
                println!("{url}");
                running.push(server);
            }
            Err(error) => {
                eprintln!("cargo xtask servers: {error}");
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    wait();
    drop(running);
    Ok(ExitCode::SUCCESS)
}

/// A number is the count of servers for the `memcache` before it.
fn kinds(words: &[String]) -> std::result::Result<Vec<Kind>, UsageError> {
    let mut kinds: Vec<Kind> = Vec::new();
    for word in words {
        match (kinds.last_mut(), word.parse()) {
            (Some(Kind::Memcache(count)), Ok(number @ 1..=100)) => *count = number,
            (_, Ok(_)) => {
                let what = format!("unexpected number {word:?}: 1 to 100 can follow memcache");
                return Err(UsageError(what));
            }
            (_, Err(_)) => kinds.push(one_of("server", word, KINDS)?),
        }
    }
    if kinds.is_empty() {
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        let what = format!("which servers? (valid: {})", names.join(", "));
        return Err(UsageError(what));
    }
    Ok(kinds)
}

/// Starts servers. Returns the URL for `SESSION_STORE`, and a guard that stops them when dropped.
fn start(kind: Kind) -> Result<(String, Box<dyn Any>)> {
    Ok(match kind {
        Kind::OneServer(program) => {
            let redis = Redis::builder().program(program).start()?;
            (redis.url(), Box::new(redis))
        }
        Kind::Cluster(program) => {
            let cluster = RedisCluster::start_with([program; 3])?;
            (cluster.url(), Box::new(cluster))
        }
        Kind::Sentinel(program) => {
            let sentinel = RedisSentinel::start_with(program)?;
            (sentinel.url(), Box::new(sentinel))
        }
        Kind::Memcache(count) => {
            let servers = Memcached::start_many(count)?;
            let addrs: Vec<String> = servers.iter().map(Memcached::addr).collect();
            (format!("memcache://{}", addrs.join(",")), Box::new(servers))
        }
    })
}

/// Waits for Ctrl-D at a terminal. Otherwise waits until a signal such as Ctrl-C stops this
/// process, which stops the servers too.
fn wait() {
    if stdin().is_terminal() {
        eprintln!("Ctrl-C stops them.");
        // An error stops the wait too.
        let _ = stdin().read_to_end(&mut Vec::new());
        return;
    }
    loop {
        thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> std::result::Result<Vec<Kind>, UsageError> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        kinds(&words)
    }

    const REDIS: Kind = Kind::OneServer(Program::Redis);

    #[test]
    fn a_number_applies_to_the_memcache_before_it() {
        let read = parse("memcache 3 redis memcache").unwrap();
        assert_eq!(read, [Kind::Memcache(3), REDIS, Kind::Memcache(1)]);
    }

    #[test]
    fn an_error_names_the_word_and_the_valid_ones() {
        let error = |line: &str| parse(line).unwrap_err().0;
        let names = "(valid: redis, redis-cluster, redis-sentinel, valkey, valkey-cluster, \
                     valkey-sentinel, memcache)";
        assert_eq!(error("reddis"), format!(r#"unknown server "reddis" {names}"#));
        assert_eq!(error(""), format!("which servers? {names}"));
        let number = |n: &str| format!("unexpected number {n:?}: 1 to 100 can follow memcache");
        assert_eq!(error("redis 3"), number("3"));
        assert_eq!(error("memcache 0"), number("0"));
    }
}
