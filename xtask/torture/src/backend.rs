//! The backends: real servers, or a directory on a small file system of its own.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use session_servers::{Memcached, Program, Redis, RedisCluster, RedisSentinel};

use crate::faults::{Fault, Planned};
use crate::proxy::{Mode, Proxy};

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// The names that `--backend` takes.
pub(crate) const NAMES: [&str; 8] = [
    "redis",
    "redis-cluster",
    "redis-sentinel",
    "valkey",
    "valkey-cluster",
    "valkey-sentinel",
    "memcache",
    "fs",
];

/// Whether a replica takes over from a master that dies.
pub(crate) fn fails_over(name: &str) -> bool {
    name.ends_with("-cluster") || name.ends_with("-sentinel")
}

pub(crate) struct Backend {
    /// What the application servers are given.
    pub(crate) url: String,
    proxies: Vec<Proxy>,
    servers: Servers,
}

enum Servers {
    Redis(Box<Redis>),
    Cluster(RedisCluster),
    Sentinel(RedisSentinel),
    Memcache(Vec<Memcached>),
    Directory(Disk),
}

impl Backend {
    pub(crate) async fn start(name: &str) -> Result<Self> {
        let program = match name.starts_with("valkey") {
            true => Program::Valkey,
            false => Program::Redis,
        };
        let (servers, proxies, url) = match name {
            "redis" | "valkey" => {
                let redis = Redis::builder().program(program).append_only().start()?;
                let proxy = Proxy::start(redis.addr()).await?;
                let url = format!("redis://{}", proxy.address);
                (Servers::Redis(Box::new(redis)), vec![proxy], url)
            }
            "redis-cluster" | "valkey-cluster" => {
                let cluster = RedisCluster::start_with([program; 3])?;
                let url = cluster.url();
                (Servers::Cluster(cluster), Vec::new(), url)
            }
            "redis-sentinel" | "valkey-sentinel" => {
                let sentinel = RedisSentinel::start_with(program)?;
                let url = sentinel.url();
                (Servers::Sentinel(sentinel), Vec::new(), url)
            }
            "memcache" => {
                let servers = Memcached::start_many(3)?;
                let mut proxies = Vec::new();
                for server in &servers {
                    proxies.push(Proxy::start(server.addr()).await?);
                }
                let addresses: Vec<_> =
                    proxies.iter().map(|proxy| proxy.address.to_string()).collect();
                let url = format!("memcache://{}", addresses.join(","));
                (Servers::Memcache(servers), proxies, url)
            }
            _ => {
                let disk = Disk::create()?;
                let url = format!("fs:{}", disk.path.join("sessions").display());
                (Servers::Directory(disk), Vec::new(), url)
            }
        };
        Ok(Self { url, proxies, servers })
    }

    /// What can go wrong with this backend.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let mut faults = vec![Fault::App];
        faults.extend(match &self.servers {
            Servers::Redis(_) | Servers::Memcache(_) => {
                vec![Fault::Backend, Fault::Delay, Fault::Cut, Fault::CutReplies]
            }
            Servers::Cluster(_) | Servers::Sentinel(_) => vec![Fault::Failover],
            Servers::Directory(disk) if disk.mounted => vec![Fault::Full, Fault::ReadOnly],
            Servers::Directory(_) => Vec::new(),
        });
        faults
    }

    /// Whether a server that is killed takes its records with it.
    pub(crate) fn forgets(&self) -> bool {
        matches!(self.servers, Servers::Memcache(_))
    }

    /// Makes a fault happen, and returns once it is over. The faults of application servers are not the backend's.
    pub(crate) async fn suffer(&self, planned: Planned) -> Result<()> {
        let proxy = |mode| {
            for (at, proxy) in self.proxies.iter().enumerate() {
                if mode == Mode::Pass || at == planned.which % self.proxies.len() {
                    proxy.set(mode);
                }
            }
        };
        let wait = tokio::time::sleep(planned.lasts);
        match (planned.fault, &self.servers) {
            (Fault::Delay | Fault::Cut | Fault::CutReplies, _) => {
                proxy(match planned.fault {
                    Fault::Delay => Mode::Delay,
                    Fault::Cut => Mode::Cut,
                    _ => Mode::CutReplies,
                });
                wait.await;
                proxy(Mode::Pass);
            }
            (Fault::Backend, Servers::Redis(redis)) => {
                redis.kill();
                wait.await;
                tokio::task::block_in_place(|| redis.restart())?;
            }
            (Fault::Backend, Servers::Memcache(servers)) => {
                if let Some(server) = servers.get(planned.which % servers.len()) {
                    server.kill();
                    wait.await;
                    tokio::task::block_in_place(|| server.restart())?;
                }
            }
            (Fault::Failover, Servers::Sentinel(sentinel)) => {
                let master = tokio::task::block_in_place(|| sentinel.master())?;
                master.kill();
                wait.await;
                tokio::task::block_in_place(|| {
                    master.restart().and_then(|()| sentinel.wait_healthy())
                })?;
            }
            (Fault::Failover, Servers::Cluster(cluster)) => {
                let masters = tokio::task::block_in_place(|| cluster.masters())?;
                if let Some(master) = masters.get(planned.which % masters.len()) {
                    master.kill();
                    wait.await;
                    tokio::task::block_in_place(|| {
                        master.restart().and_then(|()| cluster.wait_healthy())
                    })?;
                }
            }
            (Fault::Full, Servers::Directory(disk)) => {
                disk.fill().await?;
                wait.await;
                disk.empty().await?;
            }
            (Fault::ReadOnly, Servers::Directory(disk)) => {
                disk.remount("ro").await?;
                wait.await;
                disk.remount("rw").await?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Far more than the sessions of ten minutes take: it must be full when it is to be, and at no other time.
const ROOM: &str = "2g";

/// A tmpfs that can be full or read-only without harm to anything else; a plain directory where none may be mounted.
struct Disk {
    path: PathBuf,
    mounted: bool,
}

impl Disk {
    fn create() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("session-torture-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        let ours = std::fs::metadata(&path)?.uid();
        let mut disk = Self { path, mounted: false };
        let options = format!("size={ROOM},mode=0700,uid={ours}");
        match disk.run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs"]) {
            Ok(()) => disk.mounted = true,
            Err(why) => eprintln!("fs: no disk will be full or read-only: {why}"),
        }
        Ok(disk)
    }

    /// Takes away all room that is not used. What is written meanwhile makes that fail, and it is tried again.
    async fn fill(&self) -> Result<()> {
        for _ in 0..2000 {
            let size = format!("remount,size={}k", self.used()?.max(4));
            if self.run("mount", &["-o", &size]).is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err("the file system could not be made full".into())
    }

    async fn empty(&self) -> Result<()> {
        self.remount(&format!("size={ROOM}")).await
    }

    /// How much of it is used, in KiB.
    fn used(&self) -> Result<u64> {
        let mut df = Command::new("df");
        let output = df.args(["--output=used", "-k"]).arg(&self.path).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let used = text.lines().nth(1).map(|line| line.trim().parse());
        Ok(used.ok_or("df says nothing")??)
    }

    /// Busy while a file is open for writing, so it is tried until a moment comes when none is.
    async fn remount(&self, how: &str) -> Result<()> {
        for _ in 0..2000 {
            if self.run("mount", &["-o", &format!("remount,{how}")]).is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err(format!("the file system could not be remounted {how}: always busy").into())
    }

    fn run(&self, program: &str, args: &[&str]) -> Result<()> {
        let root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        let mut command = match root {
            true => Command::new(program),
            false => {
                let mut sudo = Command::new("sudo");
                sudo.args(["-n", program]);
                sudo
            }
        };
        let output = command.args(args).arg(&self.path).output();
        let output = output.map_err(|error| format!("{program} needs root or sudo: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        let why = String::from_utf8_lossy(&output.stderr);
        Err(format!("{program} failed (it needs root, or sudo without a password): {}", why.trim())
            .into())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            let _ = self.run("umount", &["-l"]);
        }
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
