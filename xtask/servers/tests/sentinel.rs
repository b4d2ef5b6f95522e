//! A Sentinel group that loses its master.
#![allow(clippy::unwrap_used)]

use session_servers::RedisSentinel;

#[test]
fn the_replica_takes_over_and_the_dead_master_comes_back() {
    let group = RedisSentinel::start().unwrap();
    assert_eq!(group.nodes().len(), 2);
    assert_eq!(group.sentinels().len(), 3);
    assert!(group.url().ends_with("&sentinelServiceName=mymaster"));

    let master = group.master().unwrap();
    // `WAIT` speaks of the writes of its own connection.
    let mut client = master.client().unwrap();
    client.command(&["SET", "k", "v"]).unwrap();
    let reached = client.command(&["WAIT", "1", "5000"]).unwrap();
    assert_eq!(reached.integer(), Some(1));

    master.kill();
    group.wait_healthy().unwrap();
    let successor = group.master().unwrap();
    assert_ne!(successor.port(), master.port());
    let value = successor.command(&["GET", "k"]).unwrap();
    assert_eq!(value.text().as_deref(), Some("v"));

    master.restart().unwrap();
    group.wait_healthy().unwrap();
    assert_eq!(master.info("role").unwrap().as_deref(), Some("slave"));
}
