//! Requests over loopback connections, to a server on a core of its own.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;

use http::HeaderValue;
use tokio::net::TcpListener;

use crate::app::Visit;
use crate::{App, Case, cores};

/// How many connections have a request under way, each with a session of its own.
const CONNECTIONS: usize = 16;

/// Requests to the application that `app` makes.
pub(crate) fn loopback(
    visit: Visit,
    subject: &'static str,
    app: impl FnOnce() -> App + Send + 'static,
) -> Case {
    cores::pin_client();
    let (addr, cookies) = serve(visit, app);
    let client = |cookie| Client::new(addr, visit.path, cookie);
    let mut clients: Vec<Client> = cookies.iter().map(client).collect();
    Case::timed(visit.scenario, subject, move |times| {
        // The next request on a connection follows its answer, so the server never waits.
        let waiting = CONNECTIONS.min(times);
        for number in 0..times + waiting {
            let client = &mut clients[number % waiting];
            if number >= waiting {
                client.receive();
            }
            if number < times {
                client.send();
            }
        }
    })
}

struct Client {
    connection: TcpStream,
    request: String,
}

impl Client {
    fn new(addr: SocketAddr, path: &str, cookie: &HeaderValue) -> Self {
        let connection = TcpStream::connect(addr).expect("our server");
        // The client polls: waking it up would take longer than a request.
        connection.set_nonblocking(true).expect("a socket");
        let cookie = cookie.to_str().expect("visible");
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n");
        Self { connection, request }
    }

    fn send(&mut self) {
        let sent = self.connection.write_all(self.request.as_bytes());
        sent.expect("our server");
    }

    fn receive(&mut self) {
        let (mut text, mut length) = ([0; 1024], 0);
        while !text[..length].ends_with(b"\r\n\r\nok") {
            match self.connection.read(&mut text[length..]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Ok(read @ 1..) => length += read,
                ended => panic!("{ended:?} after {}", text[..length].escape_ascii()),
            }
            let status = &text[..length.min(STATUS.len())];
            assert!(STATUS.starts_with(status), "{}", text.escape_ascii());
        }
    }
}

const STATUS: &[u8] = b"HTTP/1.1 200 ";

/// Serves until the process ends. Returns a cookie for each connection.
fn serve(
    visit: Visit,
    app: impl FnOnce() -> App + Send + 'static,
) -> (SocketAddr, Vec<HeaderValue>) {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        cores::pin_this_server();
        let app = app();
        let cookies = (0..CONNECTIONS).filter_map(|_| app.cookie(visit)).collect();
        crate::runtime().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let addr = listener.local_addr().expect("a port");
            sender.send((addr, cookies)).expect("a client");
            axum::serve(listener, app.router).await
        })
    });
    receiver.recv().expect("a server")
}
