//! What goes over the wire to a server.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::Case;

/// How often each case is done to be counted.
const TIMES: usize = 100;

/// A proxy on loopback that counts round trips: what is sent over a connection before the next answer comes on it is one,
/// whatever it asks.
///
/// It lives on the runtime of those who use it, and passes on what comes while that runs.
#[derive(Debug)]
pub struct Wire {
    addr: SocketAddr,
    trips: Arc<AtomicU64>,
}

impl Wire {
    /// One to the server at this address.
    pub fn to(server: String, runtime: &Rc<Runtime>) -> Self {
        let trips = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&trips);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a free port");
        let addr = listener.local_addr().expect("a port");
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.expect("the server");
                // A client that is no longer needed closes its connection.
                tokio::spawn(pass(client, server, Arc::clone(&count)));
            }
        });
        Self { addr, trips }
    }

    /// Where clients connect to.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How many round trips doing what these cases do takes, once after the other.
    pub fn round_trips(&self, cases: Vec<Case>) -> Vec<Case> {
        cases.into_iter().map(|case| self.count(case)).collect()
    }

    fn count(&self, mut case: Case) -> Case {
        // The first may set something up.
        (case.run)(1);
        let before = self.trips.load(Relaxed);
        (case.run)(TIMES);
        let trips = self.trips.load(Relaxed) - before;
        Case::fixed(
            case.scenario,
            case.subject,
            trips as f64 / TIMES as f64,
            "trips",
        )
    }
}

async fn pass(
    mut client: TcpStream,
    mut server: TcpStream,
    trips: Arc<AtomicU64>,
) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut request, mut answer) = ([0; 16_384], [0; 16_384]);
    let mut asked = false;
    loop {
        tokio::select! {
            read = client.read(&mut request) => match read? {
                0 => return Ok(()),
                read => {
                    if !asked {
                        trips.fetch_add(1, Relaxed);
                    }
                    asked = true;
                    server.write_all(&request[..read]).await?;
                }
            },
            read = server.read(&mut answer) => match read? {
                0 => return Ok(()),
                read => {
                    asked = false;
                    client.write_all(&answer[..read]).await?;
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A server that answers every four bytes with four.
    async fn echo() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut four = [0; 4];
            while client.read_exact(&mut four).await.is_ok() {
                client.write_all(&four).await.unwrap();
            }
        });
        addr
    }

    #[test]
    fn what_is_sent_before_an_answer_comes_is_one_round_trip() {
        let runtime = crate::runtime();
        let wire = Wire::to(runtime.block_on(echo()), &runtime);
        let client = runtime.block_on(TcpStream::connect(wire.addr())).unwrap();
        let mut client = Some(client);
        let case = Case::new("two, one of them in two parts", "a client", move |times| {
            runtime.block_on(async {
                let client = client.as_mut().unwrap();
                client.set_nodelay(true).unwrap();
                let mut answer = [0; 4];
                for _ in 0..times {
                    client.write_all(b"ab").await.unwrap();
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    client.write_all(b"cd").await.unwrap();
                    client.read_exact(&mut answer).await.unwrap();
                    client.write_all(b"efgh").await.unwrap();
                    client.read_exact(&mut answer).await.unwrap();
                }
            });
        });
        assert_eq!(wire.count(case).value, Some((2.0, "trips")));
    }
}
