//! A Redis Cluster: three masters, a replica each.

use std::time::Duration;

use crate::wait::until;
use crate::{Error, Program, Redis, Result};

const MASTERS: usize = 3;
const SLOTS: usize = 16384;

/// A running Cluster on 127.0.0.1, with a node timeout of two seconds.
///
/// Started with every replica connected, so that a master that is killed at once has a successor.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

/// What one line of `CLUSTER NODES` tells.
struct Node {
    port: u16,
    master: bool,
    slots: Vec<(usize, usize)>,
}

impl RedisCluster {
    /// Starts six servers, joins them, and returns once all agree that the cluster is whole.
    pub fn start() -> Result<Self> {
        Self::start_with([Program::Redis; MASTERS])
    }

    /// As [`RedisCluster::start`], with [`Program::Redis`] or [`Program::Valkey`] for each master
    /// and its replica.
    pub fn start_with(programs: [Program; MASTERS]) -> Result<Self> {
        let node = Redis::builder()
            .line("cluster-enabled yes")
            .line("cluster-config-file nodes.conf")
            .line("cluster-node-timeout 2000")
            .line("repl-diskless-sync-delay 0")
            // However long a replica was cut off, it may take over: a test kills more than one node
            // in a row.
            .line("cluster-replica-validity-factor 0")
            .append_only_without_sync();
        let masters_then_replicas = programs.iter().chain(&programs);
        let nodes: Result<Vec<Redis>> =
            masters_then_replicas.map(|&program| node.clone().program(program).start()).collect();
        let cluster = Self { nodes: nodes? };
        cluster.join()?;
        cluster.wait_healthy()?;
        Ok(cluster)
    }

    /// `redis-cluster://host:port?node=host:port&node=...`
    pub fn url(&self) -> String {
        let addrs: Vec<String> = self.nodes.iter().map(Redis::addr).collect();
        // The first separator starts the query, the others go on with it.
        let list = addrs.join("&node=").replacen('&', "?", 1);
        format!("redis-cluster://{list}")
    }

    /// All six servers, the first masters first.
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// The servers that are masters with slots now.
    pub fn masters(&self) -> Result<Vec<&Redis>> {
        let view = self.view()?;
        let owner = |node: &&Redis| {
            view.iter()
                .any(|seen| seen.port == node.port() && seen.master && !seen.slots.is_empty())
        };
        Ok(self.nodes.iter().filter(owner).collect())
    }

    /// The master that holds `key` now.
    pub fn master_of(&self, key: &str) -> Result<&Redis> {
        let asked = self.running()?.command(&["CLUSTER", "KEYSLOT", key])?;
        let slot = asked.integer().unwrap_or_default() as usize;
        let view = self.view()?;
        let holds = |seen: &&Node| {
            let mut ranges = seen.slots.iter();
            seen.master && ranges.any(|&(first, last)| (first..=last).contains(&slot))
        };
        let port = view.iter().find(holds).map(|seen| seen.port);
        self.nodes
            .iter()
            .find(|node| Some(node.port()) == port)
            .ok_or_else(|| Error::new(format!("no master of the cluster holds slot {slot} now")))
    }

    /// Waits until every running node sees all slots served, and every running replica is connected
    /// to its master.
    pub fn wait_healthy(&self) -> Result<()> {
        until(Duration::from_secs(60), "the cluster is not whole", || self.check())
    }

    fn join(&self) -> Result<()> {
        let (masters, replicas) = self.nodes.split_at(MASTERS);
        for (index, node) in masters.iter().enumerate() {
            let slots = SLOTS * index / MASTERS..SLOTS * (index + 1) / MASTERS;
            let slots: Vec<String> = slots.map(|slot| slot.to_string()).collect();
            let mut command = vec!["CLUSTER", "ADDSLOTS"];
            command.extend(slots.iter().map(String::as_str));
            node.command(&command)?;
        }
        for (index, node) in self.nodes.iter().enumerate() {
            let epoch = (index + 1).to_string();
            node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch])?;
        }
        for node in &self.nodes {
            for other in &self.nodes {
                node.command(&["CLUSTER", "MEET", "127.0.0.1", &other.port().to_string()])?;
            }
        }
        for (master, replica) in masters.iter().zip(replicas) {
            let id = master.command(&["CLUSTER", "MYID"])?.text();
            let id = id.unwrap_or_default();
            until(Duration::from_secs(30), "a replica does not join", || {
                replica.command(&["CLUSTER", "REPLICATE", &id])
            })?;
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let masters = self.masters()?;
        let alive = masters.iter().filter(|node| node.pid().is_some()).count();
        if alive != MASTERS {
            return Err(Error::new(format!("{alive} running masters have slots")));
        }
        let whole = self.nodes.iter().all(|node| node.pid().is_some());
        for node in self.nodes.iter().filter(|node| node.pid().is_some()) {
            let addr = node.addr();
            let info = node.command(&["CLUSTER", "INFO"])?.text().unwrap_or_default();
            for wanted in [
                "cluster_state:ok".to_owned(),
                format!("cluster_slots_ok:{SLOTS}"),
                format!("cluster_known_nodes:{}", self.nodes.len()),
                format!("cluster_size:{MASTERS}"),
            ] {
                if !info.lines().any(|line| line == wanted) {
                    return Err(Error::new(format!("{addr} does not say {wanted}")));
                }
            }
            let slave = node.info("role")?.as_deref() == Some("slave");
            if slave && node.info("master_link_status")?.as_deref() != Some("up") {
                return Err(Error::new(format!("{addr} is not connected to its master")));
            }
            // A node that does not yet know the replicas would not vote for one of them.
            let replicas = view_of(node)?.iter().filter(|seen| !seen.master).count();
            if whole && replicas != self.nodes.len() - MASTERS {
                return Err(Error::new(format!("{addr} knows of {replicas} replicas")));
            }
        }
        Ok(())
    }

    fn view(&self) -> Result<Vec<Node>> {
        view_of(self.running()?)
    }

    fn running(&self) -> Result<&Redis> {
        self.nodes
            .iter()
            .find(|node| node.pid().is_some())
            .ok_or_else(|| Error::new("no node of the cluster is running"))
    }
}

/// `id 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-5460 5462`
fn view_of(node: &Redis) -> Result<Vec<Node>> {
    let text = node.command(&["CLUSTER", "NODES"])?.text();
    let lines = text.iter().flat_map(|text| text.lines());
    Ok(lines.filter_map(parse).collect())
}

fn parse(line: &str) -> Option<Node> {
    let mut words = line.split(' ').skip(1);
    let (addr, _) = words.next()?.split_once('@')?;
    let flags = words.next()?;
    let slots = words.skip(5).filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some((first.parse().ok()?, last.parse().ok()?))
    });
    Some(Node {
        port: addr.rsplit_once(':')?.1.parse().ok()?,
        master: flags.split(',').any(|flag| flag == "master"),
        slots: slots.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_node_knows() {
        let line = "0a1b 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-5460 5462";
        let node = parse(line).unwrap();
        assert_eq!(node.port, 7000);
        assert!(node.master);
        assert_eq!(node.slots, [(0, 5460), (5462, 5462)]);
        let replica = parse("2c3d 127.0.0.1:7003@17003 slave 0a1b 0 0 1 connected").unwrap();
        assert!(!replica.master && replica.slots.is_empty());
        assert!(parse("").is_none());
    }
}
