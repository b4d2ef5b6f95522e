//! Requests over loopback connections, to a server on a thread of its own.

use std::convert::Infallible;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::{Arc, mpsc};

use axum::extract::Request;
use axum::response::Response;
use axum::{Router, ServiceExt};
use http::HeaderValue;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tower_service::Service;

use crate::{App, Case, Cores, answer};

/// How many connections have a request on them at once, each with a session of its own.
const CONNECTIONS: usize = 16;

/// Requests to `path` over HTTP, to the application that `app` makes on the runtime where it then serves.
pub fn loopback(
    scenario: &'static str,
    path: &'static str,
    subject: &'static str,
    app: impl FnOnce(&Rc<Runtime>) -> App + Send + 'static,
) -> Case {
    loopback_to(scenario, path, subject, |runtime| {
        let app = app(runtime);
        let router: Router = app.router.clone();
        (app, router)
    })
}

/// The same to a service that takes the cookies of this application.
pub(crate) fn loopback_to<S>(
    scenario: &'static str,
    path: &'static str,
    subject: &'static str,
    app: impl FnOnce(&Rc<Runtime>) -> (App, S) + Send + 'static,
) -> Case
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let cores = Cores::beside(None);
    let (addr, cookies) = serve(app, cores.clone());
    let mut clients: Vec<_> = cookies
        .iter()
        .map(|cookie| Client::new(addr, path, cookie))
        .collect();
    Case::new(scenario, subject, move |times| {
        // The next request on a connection follows its answer at once, so that the server always has something to do.
        let waiting = CONNECTIONS.min(times);
        for number in 0..times + waiting {
            let client = &mut clients[number % waiting];
            if number >= waiting {
                client.answer();
            }
            if number < times {
                client.ask();
            }
        }
    })
    .uncounted()
    .keeping(&cores)
}

struct Client {
    connection: TcpStream,
    request: String,
}

impl Client {
    fn new(addr: SocketAddr, path: &str, cookie: &HeaderValue) -> Self {
        let connection = TcpStream::connect(addr).expect("our server");
        // Whoever asks stays awake: to be woken up takes longer than a request, and some of that counts for the one who answers.
        connection.set_nonblocking(true).expect("a socket");
        let cookie = cookie.to_str().expect("visible");
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n");
        Self {
            connection,
            request,
        }
    }

    fn ask(&mut self) {
        let sent = self.connection.write_all(self.request.as_bytes());
        sent.expect("our server");
    }

    fn answer(&mut self) {
        let (mut text, mut read) = ([0; 1024], 0);
        while !text[..read].ends_with(b"\r\n\r\nok") {
            match self.connection.read(&mut text[read..]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                more => {
                    let more = more.expect("our server");
                    assert!(more > 0, "the server closed the connection");
                    read += more;
                }
            }
            let so_far = &text[..read];
            let is_ours = so_far.starts_with(STATUS) || STATUS.starts_with(so_far);
            let is_other = !is_ours || so_far.ends_with(answer(false).as_bytes());
            assert!(!is_other && read < text.len(), "{}", so_far.escape_ascii());
        }
    }
}

const STATUS: &[u8] = b"HTTP/1.1 200 ";

/// Until the process ends, on the core for servers. Returns the cookies of as many sessions as there are connections.
fn serve<S>(
    app: impl FnOnce(&Rc<Runtime>) -> (App, S) + Send + 'static,
    cores: Option<Arc<Cores>>,
) -> (SocketAddr, Vec<HeaderValue>)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let (ready, served) = mpsc::channel();
    std::thread::spawn(move || {
        if let Some(cores) = cores {
            cores.serve_here();
        }
        let runtime = crate::runtime();
        let (app, service) = app(&runtime);
        let cookies = (0..CONNECTIONS).map(|_| app.cookie("/new").expect("a cookie"));
        let cookies: Vec<_> = cookies.collect();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let addr = listener.local_addr().expect("a port");
            ready.send((addr, cookies)).expect("who asks");
            axum::serve(listener, service.into_make_service()).await
        })
    });
    served.recv().expect("a server")
}
