//! Servers end with the process that started them, however it ends.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use session_servers::{Error, Memcached, Redis, until};

const CHILD: &str = "SESSION_SERVERS_TEST_CHILD";

/// Not a test of its own: what the test below runs in a process that it kills.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    // Started on a thread that ends at once, as a test's thread does, and never dropped.
    let start = || {
        let redis = Redis::builder().append_only().start().unwrap();
        let dir = redis.command(&["CONFIG", "GET", "dir"]).unwrap().texts();
        (redis, Memcached::start().unwrap(), dir[1].clone())
    };
    let (redis, memcached, dir) = std::thread::spawn(start).join().unwrap();
    redis.command(&["PING"]).unwrap();
    println!("\nservers {} {} {dir}", redis.pid().unwrap(), memcached.pid().unwrap());
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn a_killed_process_leaves_no_server_and_no_data() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.map(|line| line.unwrap()).find(|line| line.starts_with("servers ")).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    let dir = Path::new(words[3]).parent().unwrap();
    assert!(dir.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    until(Duration::from_secs(20), "something is left", || {
        let left = [format!("/proc/{}/exe", words[1]), format!("/proc/{}/exe", words[2])];
        // A zombie that nobody reaps yet has no executable any more.
        match dir.exists() || left.iter().any(|exe| std::fs::read_link(exe).is_ok()) {
            true => Err(Error::from(line.clone())),
            false => Ok(()),
        }
    })
    .unwrap();
}
