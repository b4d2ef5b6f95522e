//! The settings of a server, asked for once for each connection.
//!
//! The client library has no call for `stats settings`, so this uses a second connection. It is
//! opened after the first one. If the first one is still alive when the answer comes, both go to
//! the same process, and not to one that was restarted with other settings.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};

use crate::address::Endpoint;

/// More than any server sends, in bytes.
const LONGEST_ANSWER: u64 = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The size of the largest item, with its key and its header, in bytes.
    pub(crate) item_size_max: u64,
}

/// Why a server cannot be used.
#[derive(Debug)]
pub(crate) enum SettingsError {
    /// The server could not be asked.
    Io(io::Error),
    /// The server cannot hold sessions as it is set up.
    Unsuitable(&'static str),
}

impl From<io::Error> for SettingsError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(crate) async fn ask(endpoint: &Endpoint) -> Result<Settings, SettingsError> {
    match endpoint {
        Endpoint::Tcp(address) => read(TcpStream::connect(address).await?).await,
        Endpoint::Unix(path) => read(UnixStream::connect(path).await?).await,
    }
}

async fn read(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<Settings, SettingsError> {
    // `mn` tells whether the server knows the meta commands. One that does not would run the body
    // of a meta set as commands.
    stream.write_all(b"mn\r\nstats settings\r\n").await?;
    stream.flush().await?;
    let mut lines = BufReader::new(stream.take(LONGEST_ANSWER)).lines();
    let mut next = async || match lines.next_line().await? {
        Some(line) => Ok(line),
        None => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
    };
    let first = next().await?;
    if first.starts_with("CLIENT_ERROR unauthenticated") {
        return Err(SettingsError::Unsuitable(
            "it asks for a password, which this store does not support; protect it by its network",
        ));
    }
    if first != "MN" {
        return Err(SettingsError::Unsuitable(
            "it does not know the meta commands; use memcached 1.6.10 or newer, without a proxy",
        ));
    }
    let mut item_size_max = None;
    loop {
        let line = next().await?;
        match line.split_ascii_whitespace().collect::<Vec<_>>().as_slice() {
            ["END"] => break,
            ["STAT", "item_size_max", size] => item_size_max = size.parse().ok(),
            ["STAT", "cas_enabled", "no"] => {
                return Err(SettingsError::Unsuitable(
                    "it runs without compare-and-swap; start it without -C",
                ));
            }
            ["STAT", ..] => {}
            _ => return Err(SettingsError::Unsuitable("it refuses `stats settings`")),
        }
    }
    match item_size_max {
        Some(item_size_max) => Ok(Settings { item_size_max }),
        None => Err(SettingsError::Unsuitable("its `stats settings` has no item_size_max")),
    }
}

#[cfg(test)]
#[path = "../tests/unit/settings.rs"]
mod tests;
