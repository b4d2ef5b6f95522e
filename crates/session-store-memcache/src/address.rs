//! Where a server listens: as the user writes it, and as the client library wants it.

use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use session_core::StoreError;
use tokio::net::lookup_host;

use crate::error::config;

/// A server's address, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    name: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Tcp { host: String, port: u16 },
    Unix(String),
}

/// An address to connect to.
#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Address {
    /// Parses `host:port`, `[::1]:port`, `unix:/path` or `unix:///path`.
    ///
    /// # Errors
    ///
    /// Anything else is [`Config`](session_core::StoreErrorKind::Config).
    pub(crate) fn parse(name: &str) -> Result<Self, StoreError> {
        let path = name.strip_prefix("unix://").or_else(|| name.strip_prefix("unix:"));
        let kind = match path {
            Some(path) => Kind::Unix(unix_path(path).map_err(|why| invalid(name, why))?),
            None => tcp(name).map_err(|why| invalid(name, why))?,
        };
        Ok(Self { name: name.to_owned(), kind })
    }

    /// What the user wrote. It names the server in errors, and decides which records it holds.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The addresses to try, in order. A name is looked up each time.
    pub(crate) async fn resolve(&self) -> io::Result<Vec<Endpoint>> {
        let (host, port) = match &self.kind {
            Kind::Unix(path) => return Ok(vec![Endpoint::Unix(path.into())]),
            Kind::Tcp { host, port } => (host.as_str(), *port),
        };
        let mut found: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
        // The client library makes connections over IPv4 itself.
        found.sort_by_key(SocketAddr::is_ipv6);
        Ok(found.into_iter().map(Endpoint::Tcp).collect())
    }
}

impl Endpoint {
    /// The address as the client library wants it.
    pub(crate) fn dsn(&self) -> String {
        match self {
            Self::Tcp(address) => format!("tcp://{address}"),
            Self::Unix(path) => format!("unix://{}", path.display()),
        }
    }
}

fn tcp(name: &str) -> Result<Kind, &'static str> {
    if name.contains("://") {
        return Err("URLs are not supported");
    }
    let (host, port) = match name.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once("]:").ok_or("the port is missing")?;
            if host.parse::<Ipv6Addr>().is_err() {
                return Err("what is in brackets is not an IPv6 address");
            }
            (host, port)
        }
        None if name.matches(':').count() > 1 => {
            return Err("an IPv6 address belongs in brackets, as in [::1]:11211");
        }
        None => {
            let (host, port) = name.split_once(':').ok_or("the port is missing")?;
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
            if host.is_empty() || !host.bytes().all(plain) {
                return Err("the host is not a name or an IP address");
            }
            (host, port)
        }
    };
    match port.parse() {
        Ok(port) if port > 0 => Ok(Kind::Tcp { host: host.to_owned(), port }),
        _ => Err("the port is not a number from 1 to 65535"),
    }
}

/// The client library puts the path through a URL parser, which would rewrite other characters.
fn unix_path(path: &str) -> Result<String, &'static str> {
    let plain = |b: u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'/' | b'.' | b'-' | b'_' | b'+' | b',' | b'=' | b'@')
    };
    if !path.starts_with('/') {
        return Err("the path of a unix socket must start with '/'");
    }
    if !path.bytes().all(plain) {
        return Err("the path of a unix socket may hold letters, digits and / . - _ + , = @ only");
    }
    if path.split('/').any(|part| part == "." || part == "..") {
        return Err("the path of a unix socket may have no . or .. in it");
    }
    Ok(path.to_owned())
}

fn invalid(name: &str, why: &str) -> StoreError {
    config(format!("memcached server {name:?}: {why}; write host:port, [::1]:port or unix:/path"))
}

#[cfg(test)]
#[path = "../tests/unit/address.rs"]
mod tests;
