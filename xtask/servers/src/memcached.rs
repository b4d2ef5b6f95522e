//! One memcached server, or several.

use std::collections::BTreeMap;

use crate::data::DataDir;
use crate::memcached_client::MemcachedClient;
use crate::ports::{Port, with_free_port};
use crate::process::Process;
use crate::stream::Address;
use crate::{Error, Program, Result, ensure};

/// A running `memcached` on 127.0.0.1 or on a unix socket; dropped, it is killed.
#[derive(Debug)]
pub struct Memcached {
    process: Process,
    address: Address,
    _port: Port,
    _dir: DataDir,
}

/// What a [`Memcached`] is started with.
#[derive(Clone, Debug, Default)]
pub struct MemcachedBuilder {
    args: Vec<String>,
    unix_socket: bool,
}

impl MemcachedBuilder {
    /// The largest item, in kilobytes; a power of two.
    pub fn item_size_kb(self, kilobytes: u32) -> Self {
        // Items over this many kilobytes are kept in chunks, and it must divide the largest item.
        let chunk = format!("slab_chunk_max={}", kilobytes.min(512));
        self.args(&["-I", &format!("{kilobytes}k"), "-o", &chunk])
    }

    /// The memory for items, in megabytes.
    pub fn memory_mb(self, megabytes: u32) -> Self {
        self.args(&["-m", &megabytes.to_string()])
    }

    /// Listens on a unix socket, and on no port.
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Further arguments for the program.
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|&arg| arg.to_owned()));
        self
    }

    /// Starts the server, after installing it where it is missing, and returns once it answers.
    pub fn start(&self) -> Result<Memcached> {
        let program = ensure(Program::Memcached)?;
        with_free_port(|port| {
            let dir = DataDir::create("memcached")?;
            let address = match self.unix_socket {
                true => Address::Socket(dir.file("socket")),
                false => Address::Port(port.number()),
            };
            // It refuses to run as root unless told so, and ignores -u otherwise.
            let mut args: Vec<String> = ["-U", "0", "-u", "root"].map(String::from).into();
            args.extend(match &address {
                Address::Socket(path) => ["-s".to_owned(), path.display().to_string()].to_vec(),
                Address::Port(port) => {
                    ["-l", "127.0.0.1", "-p", &port.to_string()].map(String::from).to_vec()
                }
            });
            args.extend(self.args.iter().cloned());
            let memcached = Memcached {
                process: Process::new(program.clone(), args, &dir),
                address,
                _port: port,
                _dir: dir,
            };
            memcached.restart()?;
            Ok(memcached)
        })
    }
}

impl Memcached {
    /// Starts one with memcached's own defaults.
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// Starts `count` of them.
    pub fn start_many(count: usize) -> Result<Vec<Self>> {
        (0..count).map(|_| Self::start()).collect()
    }

    /// Starts one with options.
    pub fn builder() -> MemcachedBuilder {
        MemcachedBuilder::default()
    }

    /// `127.0.0.1:port`, or `unix:///path`.
    pub fn addr(&self) -> String {
        self.address.to_string()
    }

    /// The process, or `None` where it was killed.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Opens a connection.
    pub fn client(&self) -> Result<MemcachedClient> {
        MemcachedClient::connect(&self.address)
    }

    /// `stats`: what the server counted, by name.
    pub fn stats(&self) -> Result<BTreeMap<String, String>> {
        self.client()?.stats("")
    }

    /// One number of `stats`, such as `cmd_get`.
    pub fn stat(&self, name: &str) -> Result<u64> {
        let stats = self.stats()?;
        stats
            .get(name)
            .and_then(|value| value.parse().ok())
            .ok_or_else(|| Error::new(format!("memcached's stats have no number {name:?}")))
    }

    /// `stats settings`: what the server was told, by name.
    pub fn settings(&self) -> Result<BTreeMap<String, String>> {
        self.client()?.stats("settings")
    }

    /// Kills it with SIGKILL; nothing where it does not run.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Starts it again after [`Memcached::kill`], at the same address and empty, and returns once
    /// it answers.
    pub fn restart(&self) -> Result<()> {
        self.process.start(|| {
            let version = self.client()?.command("version")?;
            match version.starts_with("VERSION ") {
                true => Ok(()),
                false => Err(Error::new(format!("{} answers {version:?}", self.addr()))),
            }
        })
    }
}
