//! A master and a replica, watched by three sentinels.

use std::time::Duration;

use crate::wait::until;
use crate::{Error, Program, Redis, Result};

const NAME: &str = "mymaster";

/// A running Sentinel group on 127.0.0.1: the sentinels take a master for dead after a second.
///
/// Started with the replica connected and all sentinels agreeing, so that a master that is killed
/// at once has a successor.
#[derive(Debug)]
pub struct RedisSentinel {
    nodes: Vec<Redis>,
    sentinels: Vec<Redis>,
}

impl RedisSentinel {
    /// Starts five servers, and returns once the sentinels know each other and the replica.
    pub fn start() -> Result<Self> {
        Self::start_with(Program::Redis)
    }

    /// As [`RedisSentinel::start`], with [`Program::Redis`] or [`Program::Valkey`].
    pub fn start_with(program: Program) -> Result<Self> {
        let builder = Redis::builder()
            .program(program)
            .append_only_without_sync()
            .line("repl-diskless-sync-delay 0");
        let master = builder.start()?;
        let port = master.port();
        let replica = builder.line(&format!("replicaof 127.0.0.1 {port}")).start()?;
        // A sentinel looks for replicas at its start, and then only every ten seconds.
        until(Duration::from_secs(30), "the replica is not connected", || connected(&replica))?;
        let sentinel = Redis::builder()
            .program(program)
            .sentinel()
            .line(&format!("sentinel monitor {NAME} 127.0.0.1 {port} 2"))
            .line(&format!("sentinel down-after-milliseconds {NAME} 1000"))
            .line(&format!("sentinel failover-timeout {NAME} 5000"));
        let sentinels: Result<Vec<Redis>> = (0..3).map(|_| sentinel.start()).collect();
        let group = Self { nodes: vec![master, replica], sentinels: sentinels? };
        for sentinel in &group.sentinels {
            // They tell each other of themselves, and look for returned nodes, more often than by
            // default: nothing else changes, and a Redis before 7 that refuses this is only slower
            // to start.
            let _ = sentinel.command(&[
                "SENTINEL",
                "DEBUG",
                "INFO-PERIOD",
                "1000",
                "PUBLISH-PERIOD",
                "300",
            ]);
        }
        group.wait_healthy()?;
        Ok(group)
    }

    /// `redis-sentinel://host:port?node=host:port&node=host:port&sentinelServiceName=mymaster`
    pub fn url(&self) -> String {
        let addrs: Vec<String> = self.sentinels.iter().map(Redis::addr).collect();
        let list = addrs.join("&node=").replacen('&', "?", 1);
        format!("redis-sentinel://{list}&sentinelServiceName={NAME}")
    }

    /// The two servers with data, the first master first.
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// The three sentinels.
    pub fn sentinels(&self) -> &[Redis] {
        &self.sentinels
    }

    /// The server that the sentinels name as master now.
    pub fn master(&self) -> Result<&Redis> {
        let asked = self
            .sentinels
            .iter()
            .find(|sentinel| sentinel.pid().is_some())
            .ok_or_else(|| Error::new("no sentinel is running"))?;
        let addr = asked.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME])?;
        let addr = addr.texts().join(":");
        self.nodes
            .iter()
            .find(|node| node.addr() == addr)
            .ok_or_else(|| Error::new(format!("the sentinels name {addr:?} as master")))
    }

    /// Waits until all running sentinels name one running master and could fail it over: each knows
    /// the two others and the replica, and the replica is connected. Where a node is down, only
    /// that they name the other one.
    pub fn wait_healthy(&self) -> Result<()> {
        until(Duration::from_secs(60), "the sentinels do not agree", || self.check())
    }

    fn check(&self) -> Result<()> {
        let master = self.master()?;
        if master.info("role")?.as_deref() != Some("master") {
            return Err(Error::new(format!("{} is no master yet", master.addr())));
        }
        let whole = self.nodes.iter().all(|node| node.pid().is_some());
        for sentinel in self.sentinels.iter().filter(|node| node.pid().is_some()) {
            let addr = sentinel.addr();
            let state = sentinel.command(&["SENTINEL", "MASTER", NAME])?.texts();
            let field = |name: &str| {
                let mut words = state.iter();
                words.find(|word| *word == name)?;
                words.next().map(String::as_str)
            };
            let mut wanted = vec![("port", master.port().to_string()), ("flags", "master".into())];
            if whole {
                wanted.push(("num-slaves", "1".into()));
                wanted.push(("num-other-sentinels", "2".into()));
                sentinel.command(&["SENTINEL", "CKQUORUM", NAME])?;
            }
            for (name, value) in wanted {
                let seen = field(name);
                if seen != Some(&value) {
                    return Err(Error::new(format!("{addr} says {name} is {seen:?}, not {value}")));
                }
            }
        }
        match self.nodes.iter().find(|node| node.addr() != master.addr()) {
            Some(replica) if whole => connected(replica),
            _ => Ok(()),
        }
    }
}

fn connected(replica: &Redis) -> Result<()> {
    match replica.info("master_link_status")?.as_deref() {
        Some("up") => Ok(()),
        other => Err(Error::new(format!("its link is {other:?}"))),
    }
}
