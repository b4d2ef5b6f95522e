//! A Cluster that loses a master.
#![allow(clippy::unwrap_used)]

use session_servers::RedisCluster;

#[test]
fn a_replica_takes_over_and_the_dead_master_comes_back() {
    let cluster = RedisCluster::start().unwrap();
    assert_eq!(cluster.nodes().len(), 6);
    assert_eq!(cluster.url().matches("node=").count(), 5);
    let masters = cluster.masters().unwrap();
    assert_eq!(masters.len(), 3);

    let master = cluster.master_of("session:x").unwrap();
    let other = masters.iter().find(|node| node.port() != master.port());
    // `WAIT` speaks of the writes of its own connection.
    let mut client = master.client().unwrap();
    client.command(&["SET", "session:x", "v"]).unwrap();
    let moved = other.unwrap().command(&["GET", "session:x"]).unwrap_err();
    assert!(moved.to_string().contains("MOVED"), "{moved}");
    let reached = client.command(&["WAIT", "1", "5000"]).unwrap();
    assert_eq!(reached.integer(), Some(1));

    master.kill();
    cluster.wait_healthy().unwrap();
    let successor = cluster.master_of("session:x").unwrap();
    assert_ne!(successor.port(), master.port());
    let value = successor.command(&["GET", "session:x"]).unwrap();
    assert_eq!(value.text().as_deref(), Some("v"));

    master.restart().unwrap();
    cluster.wait_healthy().unwrap();
    assert_eq!(master.info("role").unwrap().as_deref(), Some("slave"));
}
