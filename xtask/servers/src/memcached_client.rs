//! Just enough of memcached's text protocol to ask a server what it did.

use std::collections::BTreeMap;

use crate::Result;
use crate::stream::{Address, Stream};

/// One connection to a memcached server.
#[derive(Debug)]
pub struct MemcachedClient {
    stream: Stream,
}

impl MemcachedClient {
    pub(crate) fn connect(address: &Address) -> Result<Self> {
        Ok(Self { stream: Stream::connect(address)? })
    }

    /// Sends one command, and gives the first line of its reply: `command("version")`, `command("mg
    /// key")`.
    pub fn command(&mut self, command: &str) -> Result<String> {
        self.stream.send(format!("{command}\r\n").as_bytes())?;
        self.stream.line()
    }

    /// `stats`, or `stats settings` and the like: names and values.
    pub fn stats(&mut self, what: &str) -> Result<BTreeMap<String, String>> {
        self.stream.send(format!("stats {what}").trim_end().as_bytes())?;
        self.stream.send(b"\r\n")?;
        let mut stats = BTreeMap::new();
        loop {
            let line = self.stream.line()?;
            if line == "END" {
                return Ok(stats);
            }
            let mut words = line.splitn(3, ' ');
            match (words.next(), words.next(), words.next()) {
                (Some("STAT"), Some(name), value) => {
                    stats.insert(name.to_owned(), value.unwrap_or_default().to_owned());
                }
                _ => return Err(self.stream.unexpected(&line)),
            }
        }
    }
}
