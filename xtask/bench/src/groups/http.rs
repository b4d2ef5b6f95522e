//! Requests over loopback connections, to a server on a thread of its own.

use std::convert::Infallible;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use axum::ServiceExt;
use axum::extract::Request;
use axum::response::Response;
use session_http::SessionLayer;
use session_store_memory::MemoryStore;
use tokio::net::TcpListener;
use tower_layer::Layer;
use tower_service::Service;

use super::ours;
use super::request::{bare, idle_layer, manager};
use crate::{App, Case, Cores};

/// How many connections have a request on them at once.
const CONNECTIONS: usize = 16;

pub(super) fn cases() -> Vec<Case> {
    let apps = [bare(), idle_layer(), ours(MemoryStore::new())];
    let mut cases: Vec<_> = apps.iter().map(App::loopback).collect();
    cases.push(around());
    cases
}

/// Our layer around the router, in place of around each of its routes.
fn around() -> Case {
    let store = MemoryStore::new();
    let app = ours(store.clone());
    let service = SessionLayer::new(manager(store)).layer(bare().router);
    app.requests_to(service, "ours, around the router")
}

impl App {
    /// Requests that leave the session alone, over HTTP.
    pub fn loopback(&self) -> Case {
        self.requests_to(self.router.clone(), self.subject)
    }

    /// The same to a service that takes this application's cookies.
    fn requests_to<S>(&self, service: S, subject: &'static str) -> Case
    where
        S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        let cookie = self.cookie("/new").expect("a cookie");
        let cookie = cookie.to_str().expect("visible");
        let request =
            format!("GET /untouched HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n");
        let cores = Cores::beside(None);
        let addr = serve(service, cores.clone());
        // Whoever asks stays awake: to be woken up takes longer than a request, and some of that counts for the one who answers.
        let connect = |_| {
            let connection = TcpStream::connect(addr).expect("our server");
            connection.set_nonblocking(true).expect("a socket");
            connection
        };
        let mut connections: Vec<_> = (0..CONNECTIONS).map(connect).collect();
        Case::new("untouched", subject, move |times| {
            // The next request on a connection follows its answer at once, so that the server always has something to do.
            let waiting = CONNECTIONS.min(times);
            for number in 0..times + waiting {
                let connection = &mut connections[number % waiting];
                if number >= waiting {
                    answer(connection);
                }
                if number < times {
                    connection
                        .write_all(request.as_bytes())
                        .expect("our server");
                }
            }
        })
        .uncounted()
        .keeping(&cores)
    }
}

fn answer(connection: &mut TcpStream) {
    let (mut answer, mut read) = ([0; 1024], 0);
    while !answer[..read].ends_with(b"\r\n\r\nok") {
        match connection.read(&mut answer[read..]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            more => {
                let more = more.expect("our server");
                assert!(more > 0, "the server closed the connection");
                read += more;
            }
        }
    }
}

/// Until the process ends, on a core of its own.
fn serve<S>(service: S, cores: Option<Arc<Cores>>) -> SocketAddr
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    std::thread::spawn(move || {
        if let Some(cores) = cores {
            cores.serve_here();
        }
        crate::app::runtime().block_on(async {
            let listener = TcpListener::from_std(listener).expect("a socket");
            axum::serve(listener, service.into_make_service()).await
        })
    });
    addr
}
