//! The URL that says where Redis is.

use fred::types::config::{ClusterDiscoveryPolicy, Config, Server, ServerConfig};
use session_core::{StoreError, StoreErrorKind};

use crate::url::Url;

const FORMS: &str = "redis://host:port/db, rediss://, redis+unix:///path, \
    redis-cluster://host:port?node=host2:port2 or \
    redis-sentinel://host:port?sentinelServiceName=name";

const RESERVED: &str = "in a password, write / as %2F, # as %23, ? as %3F and @ as %40";

/// What a URL says.
pub(crate) struct Address {
    pub(crate) config: Config,
    pub(crate) tls: bool,
}

/// Reads `url`. An error names the part that is wrong and quotes none, because a URL may contain a
/// password.
pub(crate) fn parse(url: &str) -> Result<Address, StoreError> {
    read(url).map_err(|why| {
        let message = format!("the Redis URL {why}; expected {FORMS}");
        StoreError::new(StoreErrorKind::Config, message)
    })
}

fn read(url: &str) -> Result<Address, String> {
    let mut url = Url::parse(url)?;
    let (kind, tls) = match url.scheme.as_str() {
        "redis+unix" if cfg!(unix) => ("redis+unix", false),
        "redis" | "redis-cluster" | "redis-sentinel" => (url.scheme.as_str(), false),
        "rediss" => ("redis", true),
        "rediss-cluster" => ("redis-cluster", true),
        "rediss-sentinel" => ("redis-sentinel", true),
        _ => return Err("has another scheme".to_owned()),
    };
    let kind = kind.to_owned();
    let (server, database) = match kind.as_str() {
        #[cfg(unix)]
        "redis+unix" => unix(&mut url)?,
        "redis-cluster" => cluster(&mut url)?,
        "redis-sentinel" => sentinel(&mut url)?,
        _ => {
            let server = server(&url.server, 6379)?;
            (ServerConfig::Centralized { server }, in_path(&url)?)
        }
    };
    if let Some((name, _)) = url.query.first() {
        let hint = if name == "db" { ": the number of the database is its path" } else { "" };
        return Err(format!("has the parameter {name:?}, which means nothing here{hint}"));
    }
    check_login("", &url.user, &url.password)?;
    let config = Config {
        server,
        database,
        username: url.user,
        password: url.password,
        ..Config::default()
    };
    Ok(Address { config, tls })
}

/// A socket, whose path takes the place where other URLs have the database.
#[cfg(unix)]
fn unix(url: &mut Url) -> Result<(ServerConfig, Option<u8>), String> {
    if !url.server.is_empty() {
        return Err("has a host, and a unix socket has none: write redis+unix:///path".to_owned());
    }
    if url.path.len() < 2 {
        return Err("has no path of a socket".to_owned());
    }
    let number = url.take("db")?;
    let database = number.map(|number| database(&number)).transpose()?;
    Ok((ServerConfig::Unix { path: url.path.clone().into() }, database))
}

fn cluster(url: &mut Url) -> Result<(ServerConfig, Option<u8>), String> {
    if in_path(url)?.is_some_and(|number| number != 0) {
        return Err("names a database, and a Cluster has only number 0".to_owned());
    }
    let hosts = servers(url, 6379)?;
    Ok((ServerConfig::Clustered { hosts, policy: ClusterDiscoveryPolicy::default() }, None))
}

fn sentinel(url: &mut Url) -> Result<(ServerConfig, Option<u8>), String> {
    let hosts = servers(url, 26379)?;
    let service_name = url.take("sentinelServiceName")?.filter(|name| !name.is_empty());
    let service_name = service_name
        .ok_or("does not say which master the Sentinels watch (sentinelServiceName)")?;
    let username = url.take("sentinelUsername")?.filter(|name| !name.is_empty());
    let password = url.take("sentinelPassword")?.filter(|password| !password.is_empty());
    check_login(" for the Sentinels", &username, &password)?;
    Ok((ServerConfig::Sentinel { hosts, service_name, username, password }, in_path(url)?))
}

/// Redis takes no user without a password, and would take the default one instead.
fn check_login(of: &str, user: &Option<String>, password: &Option<String>) -> Result<(), String> {
    if user.is_some() && password.is_none() {
        return Err(format!(
            "names a user{of} and no password: write user:password@, or any password for a user \
             that needs none"
        ));
    }
    Ok(())
}

fn in_path(url: &Url) -> Result<Option<u8>, String> {
    match url.path.strip_prefix('/').unwrap_or_default() {
        "" => Ok(None),
        number => database(number).map(Some),
    }
}

fn database(number: &str) -> Result<u8, String> {
    let is_number = number.bytes().all(|b| b.is_ascii_digit());
    let parsed = if is_number { number.parse().ok() } else { None };
    parsed.ok_or_else(|| {
        format!("has a path that is not the number of a database, 0 to 255; {RESERVED}")
    })
}

/// The server in the URL, and those in its `node` parameters.
fn servers(url: &mut Url, default_port: u16) -> Result<Vec<Server>, String> {
    let mut texts = vec![url.server.clone()];
    texts.extend(url.take_all("node"));
    texts.iter().map(|text| server(text, default_port)).collect()
}

/// `host`, `host:port`, `[::1]` or `[::1]:port`.
fn server(text: &str, default_port: u16) -> Result<Server, String> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or("has a host like [::1]x")?)),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let is_host = |c: char| c.is_alphanumeric() || "-._:%".contains(c);
    if host.is_empty() || !host.chars().all(is_host) {
        return Err(format!("has no host, or one with characters that no host has; {RESERVED}"));
    }
    let port =
        match port {
            None => default_port,
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
                format!("has a port that is no number from 1 to 65535; {RESERVED}")
            })?,
        };
    Ok(Server::new(host, port))
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

#[cfg(test)]
#[path = "../tests/unit/address.rs"]
mod tests;
