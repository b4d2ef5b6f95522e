//! One Redis or Valkey server.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::data::DataDir;
use crate::ports::{Port, with_free_port};
use crate::process::Process;
use crate::redis_client::{RedisClient, RedisMonitor, Reply};
use crate::stream::Address;
use crate::{Authority, Program, Result, ensure};

/// A running `redis-server` or `valkey-server` on 127.0.0.1. Dropped, it is killed and its data
/// removed.
///
/// Without [`RedisBuilder::append_only`] it keeps its data in memory alone, and a restart loses
/// them.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    port: Port,
    tls: Option<(Port, Arc<Authority>)>,
    options: RedisBuilder,
    dir: DataDir,
}

/// What a [`Redis`] is started with.
#[derive(Clone, Debug)]
pub struct RedisBuilder {
    program: Program,
    lines: String,
    args: Vec<String>,
    password: Option<String>,
    unix_socket: bool,
    tls: bool,
}

impl RedisBuilder {
    /// Runs [`Program::Valkey`] instead of [`Program::Redis`].
    pub fn program(mut self, program: Program) -> Self {
        self.program = program;
        self
    }

    /// Every acknowledged write survives a `kill -9`, and a crash of the machine: `appendonly yes`,
    /// `appendfsync always`.
    pub fn append_only(self) -> Self {
        self.line("appendonly yes").line("appendfsync always")
    }

    /// Every acknowledged write survives a `kill -9`, by `appendfsync no`: the kernel has it, and
    /// only a crash of the machine would lose it. Waiting for a busy disk, a master would seem dead
    /// to its peers, which wait a second or two.
    pub(crate) fn append_only_without_sync(self) -> Self {
        self.line("appendonly yes").line("appendfsync no")
    }

    /// What the default user must give; [`Redis::client`] and [`Redis::url`] do.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        let line = format!("requirepass {password}");
        self.line(&line)
    }

    /// A user with ACL rules, such as `user("app", "on >pw ~session:* +get +set")`.
    pub fn user(self, name: &str, rules: &str) -> Self {
        self.line(&format!("user {name} {rules}"))
    }

    /// Also listens on a unix socket.
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Also listens on a port with TLS, with a certificate of a new [`Authority`].
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Makes a command unknown to the server, as hosting services do: `forbid("CONFIG")`.
    pub fn forbid(self, command: &str) -> Self {
        self.line(&format!("rename-command {command} \"\""))
    }

    /// A line of `redis.conf`, such as `maxmemory 2mb`.
    pub fn line(mut self, line: &str) -> Self {
        self.lines.push_str(line);
        self.lines.push('\n');
        self
    }

    /// Runs it as a sentinel, which the program takes from its arguments alone.
    pub fn sentinel(mut self) -> Self {
        self.args.push("--sentinel".to_owned());
        self
    }

    /// Starts the server, after installing it where it is missing, and returns once it answers.
    pub fn start(&self) -> Result<Redis> {
        let program = ensure(self.program)?;
        with_free_port(|port| {
            let dir = DataDir::create("redis")?;
            let tls = match self.tls {
                true => Some((Port::free()?, Arc::new(Authority::create()?))),
                false => None,
            };
            let mut config = self.lines.clone();
            let shown = dir.path().display();
            // Writing to a String cannot fail.
            let _ = writeln!(config, "bind 127.0.0.1\nport {}\ndir {shown}", port.number());
            if self.args.is_empty() {
                config.push_str("save \"\"\n");
            }
            if self.unix_socket {
                let _ = writeln!(config, "unixsocket {shown}/socket\nunixsocketperm 700");
            }
            if let Some((tls_port, authority)) = &tls {
                let _ = writeln!(
                    config,
                    "tls-port {}\ntls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\ntls-auth-clients no",
                    tls_port.number(),
                    authority.server_certificate().display(),
                    authority.server_key().display(),
                    authority.certificate().display(),
                );
            }
            let config = dir.write("redis.conf", &config)?;
            let mut args = vec![config.display().to_string()];
            args.extend(self.args.iter().cloned());
            let redis = Redis {
                process: Process::new(program.clone(), args, &dir),
                port,
                tls,
                options: self.clone(),
                dir,
            };
            redis.restart()?;
            Ok(redis)
        })
    }
}

impl Redis {
    /// Starts one without a password that keeps its data in memory.
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// Starts one with options.
    pub fn builder() -> RedisBuilder {
        RedisBuilder {
            program: Program::Redis,
            lines: String::new(),
            args: Vec::new(),
            password: None,
            unix_socket: false,
            tls: false,
        }
    }

    /// `redis://127.0.0.1:port`, with the password if it has one.
    pub fn url(&self) -> String {
        match &self.options.password {
            Some(password) => self.user_url("", password),
            None => format!("redis://{}", self.addr()),
        }
    }

    /// The URL for a user made with [`RedisBuilder::user`], or for a wrong password.
    pub fn user_url(&self, user: &str, password: &str) -> String {
        format!("redis://{user}:{password}@{}", self.addr())
    }

    /// `redis+unix:///path`, if it was started with [`RedisBuilder::unix_socket`].
    pub fn unix_url(&self) -> Option<String> {
        let path = self.dir.file("socket");
        let url = || format!("redis+unix://{}", path.display());
        self.options.unix_socket.then(url)
    }

    /// `rediss://127.0.0.1:port`, if it was started with [`RedisBuilder::tls`]; without the
    /// password.
    pub fn tls_url(&self) -> Option<String> {
        let (port, _) = self.tls.as_ref()?;
        Some(format!("rediss://{}", Address::Port(port.number())))
    }

    /// The authority that a client must trust, if it was started with [`RedisBuilder::tls`].
    pub fn authority(&self) -> Option<&Authority> {
        self.tls.as_ref().map(|(_, authority)| authority.as_ref())
    }

    /// `127.0.0.1:port`.
    pub fn addr(&self) -> String {
        self.address().to_string()
    }

    /// Its port, without TLS.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The process, or `None` where it was killed.
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Opens a connection, with the password if it has one.
    pub fn client(&self) -> Result<RedisClient> {
        RedisClient::connect(&self.address(), self.options.password.as_deref())
    }

    /// Sends one command over a connection of its own.
    pub fn command(&self, words: &[&str]) -> Result<Reply> {
        self.client()?.command(words)
    }

    /// A field of `INFO`, such as `used_memory`; `None` where there is none of that name.
    pub fn info(&self, field: &str) -> Result<Option<String>> {
        let text = self.command(&["INFO", "everything"])?.text();
        let value = text.iter().flat_map(|text| text.lines()).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (name == field).then(|| value.to_owned())
        });
        Ok(value)
    }

    /// Starts to watch what clients send.
    pub fn monitor(&self) -> Result<RedisMonitor> {
        RedisMonitor::start(self.client()?, self.client()?)
    }

    /// Kills it with SIGKILL; nothing where it does not run.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Starts it again after [`Redis::kill`], at the same port and with the data that it saved, and
    /// returns once it answers.
    pub fn restart(&self) -> Result<()> {
        self.process.start(|| {
            let pong = self.client()?.command(&["PING"])?;
            debug_assert_eq!(pong.text().as_deref(), Some("PONG"));
            Ok(())
        })
    }

    /// As [`Redis::restart`], with another program on the same port and data: an upgrade, or the
    /// way back.
    ///
    /// Redis does not read the snapshots of Valkey, so a server with data needs the line
    /// `aof-use-rdb-preamble no`.
    pub fn restart_with(&self, program: Program) -> Result<()> {
        self.process.set_program(ensure(program)?);
        self.restart()
    }

    fn address(&self) -> Address {
        Address::Port(self.port.number())
    }
}
