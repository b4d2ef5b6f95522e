//! Valkey in the place of Redis.
#![allow(clippy::unwrap_used)]

use session_servers::{Program, Redis, RedisCluster, RedisSentinel, Reply};

fn ok() -> Reply {
    Reply::Status("OK".to_owned())
}

#[test]
fn valkey_compares_and_sets() {
    let valkey = Redis::builder().program(Program::Valkey).start().unwrap();
    assert_eq!(valkey.command(&["SET", "k", "a"]).unwrap(), ok());
    assert_eq!(valkey.command(&["SET", "k", "b", "IFEQ", "a"]).unwrap(), ok());
    assert_eq!(valkey.command(&["SET", "k", "c", "IFEQ", "a"]).unwrap(), Reply::Nil);

    let redis = Redis::start().unwrap();
    let error = redis.command(&["SET", "k", "b", "IFEQ", "a"]).unwrap_err();
    assert!(error.to_string().contains("syntax error"), "{error}");
}

#[test]
fn valkey_and_redis_take_over_from_each_other() {
    let server = Redis::builder()
        .program(Program::Valkey)
        .append_only()
        .line("aof-use-rdb-preamble no")
        .start()
        .unwrap();
    let mut written = vec!["0".to_owned()];
    server.command(&["RPUSH", "k", "0"]).unwrap();
    for (number, program) in
        [Program::Redis, Program::Valkey, Program::Redis].into_iter().enumerate()
    {
        server.kill();
        server.restart_with(program).unwrap();
        let is_valkey = server.info("valkey_version").unwrap().is_some();
        assert_eq!(is_valkey, program == Program::Valkey);
        let number = (number + 1).to_string();
        server.command(&["RPUSH", "k", &number]).unwrap();
        written.push(number);
        let list = server.command(&["LRANGE", "k", "0", "-1"]).unwrap();
        assert_eq!(list.texts(), written);
    }
}

#[test]
fn valkey_runs_as_a_cluster_and_with_sentinels() {
    let cluster = RedisCluster::start_with([Program::Valkey; 3]).unwrap();
    for node in cluster.nodes() {
        assert!(node.info("valkey_version").unwrap().is_some());
    }
    let group = RedisSentinel::start_with(Program::Valkey).unwrap();
    for node in group.nodes() {
        assert!(node.info("valkey_version").unwrap().is_some());
    }
    group.master().unwrap().kill();
    group.wait_healthy().unwrap();
}

#[test]
fn a_cluster_of_valkey_and_redis() {
    let programs = [Program::Valkey, Program::Redis, Program::Valkey];
    let cluster = RedisCluster::start_with(programs).unwrap();
    for (node, program) in cluster.nodes().iter().zip(programs) {
        let is_valkey = node.info("valkey_version").unwrap().is_some();
        assert_eq!(is_valkey, program == Program::Valkey);
    }
}
