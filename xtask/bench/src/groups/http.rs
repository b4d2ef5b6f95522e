//! Requests over loopback connections, to a server on a thread of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use axum::Router;
use session_store_memory::MemoryStore;
use tokio::net::TcpListener;

use super::ours;
use super::request::bare;
use crate::{App, Case};

/// How many connections have a request on them at once.
const CONNECTIONS: usize = 16;

pub(super) fn cases() -> Vec<Case> {
    vec![bare().loopback(), ours(MemoryStore::new()).loopback()]
}

impl App {
    /// Requests that leave the session alone, over HTTP.
    pub fn loopback(&self) -> Case {
        let cookie = self.cookie("/new").expect("a cookie");
        let cookie = cookie.to_str().expect("visible");
        let request =
            format!("GET /untouched HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n");
        let addr = serve(self.router.clone());
        let connect = |_| TcpStream::connect(addr).expect("our server");
        let mut connections: Vec<_> = (0..CONNECTIONS).map(connect).collect();
        Case::new("untouched", self.subject, move |times| {
            for _ in 0..times.div_ceil(CONNECTIONS) {
                for connection in &mut connections {
                    connection
                        .write_all(request.as_bytes())
                        .expect("our server");
                }
                for connection in &mut connections {
                    answer(connection);
                }
            }
        })
        .uncounted()
    }
}

fn answer(connection: &mut TcpStream) {
    let (mut answer, mut read) = ([0; 1024], 0);
    while !answer[..read].ends_with(b"\r\n\r\nok") {
        let more = connection.read(&mut answer[read..]).expect("our server");
        assert!(more > 0, "the server closed the connection");
        read += more;
    }
}

/// Until the process ends.
fn serve(router: Router) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    std::thread::spawn(move || {
        crate::app::runtime().block_on(async {
            let listener = TcpListener::from_std(listener).expect("a socket");
            axum::serve(listener, router).await
        })
    });
    addr
}
