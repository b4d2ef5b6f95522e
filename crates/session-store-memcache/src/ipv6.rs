//! Connections over IPv6, which the client library does not make: it knows IPv4 and unix sockets.
//!
//! So it gets a unix socket of our own, in a directory that only this user may enter, and a task
//! carries the bytes between that and the server. Socket and directory are gone once it is connected.

use std::fs::{self, DirBuilder};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use async_memcached::{Client, Error};
use ring::rand::{SystemRandom, generate};
use tokio::io::copy;
use tokio::net::{TcpStream, UnixListener, UnixStream};

/// Connects to a server over IPv6.
pub(crate) async fn connect(address: SocketAddr) -> Result<Client, Error> {
    let server = TcpStream::connect(address).await.map_err(Error::Connect)?;
    server.set_nodelay(true).map_err(Error::Connect)?;
    let directory = Directory::create().map_err(Error::Connect)?;
    let socket = directory.0.join("socket");
    let listener = UnixListener::bind(&socket).map_err(Error::Connect)?;
    let dsn = format!("unix://{}", socket.display());
    let accepted = async { listener.accept().await.map_err(Error::Connect) };
    let (client, (local, _)) = tokio::try_join!(Client::new(dsn), accepted)?;
    tokio::spawn(carry(local, server));
    Ok(client)
}

/// Ends both connections when one of them ends.
async fn carry(local: UnixStream, server: TcpStream) {
    let (mut from_client, mut to_client) = local.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::select! {
        _ = copy(&mut from_client, &mut to_server) => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}

/// A directory that only this user may enter. Removed with its content on drop.
struct Directory(PathBuf);

impl Directory {
    fn create() -> io::Result<Self> {
        let random = generate::<[u8; 16]>(&SystemRandom::new())
            .map_err(|_| io::Error::other("the operating system gives no random bytes"))?;
        let random = u128::from_ne_bytes(random.expose());
        let path = std::env::temp_dir().join(format!("session-{random:032x}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left of it does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}
