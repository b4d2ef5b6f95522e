//! A proxy on loopback between the application servers and a backend. It delays replies and closes
//! connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the proxy does to the connections through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mode {
    Pass,
    /// Delays replies by up to 300 ms.
    Delay,
    /// Closes all connections, and new ones at once.
    Cut,
    /// Forwards a request, and closes the connection before the reply.
    CutReplies,
}

#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    mode: Arc<AtomicU8>,
}

impl Proxy {
    pub(crate) async fn start(backend: String) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mode = Arc::new(AtomicU8::new(Mode::Pass as u8));
        let shared = Arc::clone(&mode);
        tokio::spawn(async move {
            let count = Arc::new(AtomicU64::new(0));
            while let Ok((client, _)) = listener.accept().await {
                let (mode, backend, count) =
                    (Arc::clone(&shared), backend.clone(), Arc::clone(&count));
                // Errors are expected: breaking connections is the proxy's purpose.
                tokio::spawn(async move { forward(client, backend, mode, count).await });
            }
        });
        Ok(Self { address, mode })
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.mode.store(mode as u8, Ordering::SeqCst);
    }
}

async fn forward(
    mut client: TcpStream,
    backend: String,
    mode: Arc<AtomicU8>,
    count: Arc<AtomicU64>,
) -> std::io::Result<()> {
    let is = |wanted: Mode| mode.load(Ordering::SeqCst) == wanted as u8;
    if is(Mode::Cut) {
        return Ok(());
    }
    let mut server = TcpStream::connect(backend).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut up, mut down) = ([0; 16384], [0; 16384]);
    loop {
        let tick = tokio::time::sleep(Duration::from_millis(20));
        tokio::select! {
            read = client.read(&mut up) => match read? {
                0 => return Ok(()),
                read => server.write_all(up.get(..read).unwrap_or_default()).await?,
            },
            read = server.read(&mut down) => {
                let read = read?;
                if read == 0 || is(Mode::CutReplies) {
                    return Ok(());
                }
                if is(Mode::Delay) {
                    let number = count.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(number * 37 % 300)).await;
                }
                client.write_all(down.get(..read).unwrap_or_default()).await?;
            },
            () = tick => if is(Mode::Cut) {
                return Ok(());
            },
        }
    }
}
