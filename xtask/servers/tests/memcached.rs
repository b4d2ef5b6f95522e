//! memcached servers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use session_servers::Memcached;

#[test]
fn counts_what_it_is_asked() {
    let memcached = Memcached::start().unwrap();
    let before = memcached.stat("cmd_get").unwrap();
    let mut client = memcached.client().unwrap();
    assert_eq!(client.command("set k 0 0 1\r\nv").unwrap(), "STORED");
    assert_eq!(client.command("mg k v").unwrap(), "VA 1");
    assert_eq!(memcached.stat("cmd_get").unwrap(), before + 1);
    assert!(memcached.stat("no_such_figure").is_err());
}

#[test]
fn starts_again_empty_at_the_same_address() {
    let memcached = Memcached::start().unwrap();
    let (addr, pid) = (memcached.addr(), memcached.pid());
    let mut client = memcached.client().unwrap();
    assert_eq!(client.command("set k 0 0 1\r\nv").unwrap(), "STORED");
    memcached.kill();
    assert_eq!(memcached.pid(), None);
    assert!(client.command("mg k v").is_err());
    memcached.restart().unwrap();
    assert_eq!(memcached.addr(), addr);
    assert_ne!(memcached.pid(), pid);
    assert_eq!(memcached.client().unwrap().command("mg k v").unwrap(), "EN");
}

#[test]
fn takes_its_limits() {
    let builder = Memcached::builder().item_size_kb(64).memory_mb(8);
    let settings = builder.start().unwrap().settings().unwrap();
    assert_eq!(settings["item_size_max"], "65536");
    assert_eq!(settings["maxbytes"], (8 << 20).to_string());
}

#[test]
fn listens_on_a_unix_socket_alone() {
    let memcached = Memcached::builder().unix_socket().start().unwrap();
    assert!(memcached.addr().starts_with("unix:///"));
    assert_eq!(listeners(memcached.pid().unwrap()), 0);
    assert_eq!(listeners(Memcached::start().unwrap().pid().unwrap()), 1);
    memcached.kill();
    memcached.restart().unwrap();
    assert!(memcached.stats().unwrap().contains_key("uptime"));
}

#[test]
fn several_are_apart() {
    let servers = Memcached::start_many(3).unwrap();
    let mut addrs: Vec<String> = servers.iter().map(Memcached::addr).collect();
    addrs.sort();
    addrs.dedup();
    assert_eq!(addrs.len(), 3);
    servers[1].kill();
    assert!(servers[0].stats().is_ok() && servers[2].stats().is_ok());
}

#[test]
fn a_bad_argument_is_an_error_with_the_end_of_the_log() {
    let error = Memcached::builder().args(&["--no-such-option"]).start();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("ended at once") && error.contains("no-such-option"), "{error}");
}

/// How many TCP ports a process listens on.
fn listeners(pid: u32) -> usize {
    let tcp = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let listening = tcp.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let inodes: Vec<String> = listening
        .filter(|words| words[3] == "0A")
        .map(|words| format!("socket:[{}]", words[9]))
        .collect();
    std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|link| inodes.iter().any(|inode| *link == *inode.as_str()))
        .count()
}
