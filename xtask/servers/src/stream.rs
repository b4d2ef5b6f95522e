//! A connection to a server, over TCP or a unix socket, that never waits without end.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{Error, Result};

const LIMIT: Duration = Duration::from_secs(10);

/// Where a server listens.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    Port(u16),
    Socket(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Port(port) => write!(f, "127.0.0.1:{port}"),
            Address::Socket(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

trait ReadWrite: Read + Write + Send {}
impl<T: Read + Write + Send> ReadWrite for T {}

/// Lines and exact counts of bytes in, bytes out.
pub(crate) struct Stream {
    address: Address,
    inner: BufReader<Box<dyn ReadWrite>>,
}

impl Stream {
    pub(crate) fn connect(address: &Address) -> Result<Self> {
        let inner = match address {
            Address::Port(port) => tcp(*port),
            Address::Socket(path) => unix(path),
        };
        let inner =
            inner.map_err(|error| Error::io(format!("cannot connect to {address}"), error))?;
        Ok(Self { address: address.clone(), inner: BufReader::new(inner) })
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let sent = self.inner.get_mut().write_all(bytes);
        sent.map_err(|error| self.failed(error))
    }

    /// A line without its end.
    pub(crate) fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        match self.inner.read_until(b'\n', &mut line) {
            Ok(_) if line.ends_with(b"\n") => {
                let text = String::from_utf8_lossy(&line);
                Ok(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            Ok(_) => Err(self.failed(io::ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(self.failed(error)),
        }
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        let read = self.inner.read_exact(&mut bytes);
        read.map_err(|error| self.failed(error))?;
        Ok(bytes)
    }

    /// An answer that breaks the protocol.
    pub(crate) fn unexpected(&self, answer: &str) -> Error {
        Error::new(format!("{} answered {answer:?}", self.address))
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::io(format!("the connection to {} failed", self.address), error)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stream").field(&self.address).finish()
    }
}

fn tcp(port: u16) -> io::Result<Box<dyn ReadWrite>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    Ok(Box::new(stream))
}

fn unix(path: &Path) -> io::Result<Box<dyn ReadWrite>> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    Ok(Box::new(stream))
}
