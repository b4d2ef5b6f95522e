//! The URL that says where Redis is.

use fred::error::ErrorKind;
use fred::types::config::{Config, Server, ServerConfig};
use session_core::{StoreError, StoreErrorKind};

const FORMS: &str = "redis://host:port/db, rediss://, redis+unix:///path, \
    redis-cluster://host:port?node=host2:port2 or \
    redis-sentinel://host:port?sentinelServiceName=name";

/// What a URL says.
pub(crate) struct Address {
    pub(crate) config: Config,
    pub(crate) tls: bool,
}

/// Reads `url`. No error quotes it, because it may contain a password.
pub(crate) fn parse(url: &str) -> Result<Address, StoreError> {
    let refuse = |why: &str| {
        let message = format!("the Redis URL {why}; expected {FORMS}");
        Err(StoreError::new(StoreErrorKind::Config, message))
    };
    let Some((scheme, rest)) = url.split_once("://") else {
        return refuse("has no scheme");
    };
    let (scheme, tls) = match scheme {
        "redis" | "redis-cluster" | "redis-sentinel" => (scheme, false),
        "redis+unix" if cfg!(unix) => (scheme, false),
        "rediss" => ("redis", true),
        "rediss-cluster" => ("redis-cluster", true),
        "rediss-sentinel" => ("redis-sentinel", true),
        _ => return refuse("has another scheme"),
    };
    // fred is never shown an `s`: without a TLS feature it would connect in plain text, and its own
    // connector panics in an application that holds two of rustls's providers.
    let mut config = match Config::from_url(&format!("{scheme}://{rest}")) {
        Ok(config) => config,
        Err(error) if *error.kind() == ErrorKind::Url => {
            return refuse(&format!("does not parse ({})", error.details()));
        }
        Err(error) if error.details().contains("sentinel service name") => {
            return refuse("does not say which master the Sentinels watch");
        }
        Err(_) => return refuse("does not parse"),
    };
    unbracket(&mut config.server);
    Ok(Address { config, tls })
}

/// How an error names the deployment: by its servers, and nothing else of the URL.
pub(crate) fn name(server: &ServerConfig) -> String {
    let hosts: Vec<_> = server
        .hosts()
        .iter()
        .map(|host| match host.port {
            0 => host.host.to_string(),
            port if host.host.contains(':') => format!("[{}]:{port}", host.host),
            port => format!("{}:{port}", host.host),
        })
        .collect();
    let hosts = hosts.join(", ");
    match server {
        ServerConfig::Sentinel { service_name, .. } => {
            format!("{service_name} (by the Sentinels at {hosts})")
        }
        _ => hosts,
    }
}

/// fred looks up `[::1]` with its brackets, which no resolver knows.
fn unbracket(server: &mut ServerConfig) {
    let strip = |server: &mut Server| {
        let host = server.host.trim_start_matches('[').trim_end_matches(']');
        if host.len() < server.host.len() {
            server.host = host.to_owned().into();
        }
    };
    match server {
        ServerConfig::Centralized { server } => strip(server),
        ServerConfig::Clustered { hosts, .. } | ServerConfig::Sentinel { hosts, .. } => {
            hosts.iter_mut().for_each(strip);
        }
        #[cfg(unix)]
        ServerConfig::Unix { .. } => {}
    }
}

#[cfg(test)]
#[path = "../tests/unit/address.rs"]
mod tests;
