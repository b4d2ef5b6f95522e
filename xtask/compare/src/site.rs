//! An application on one or three servers.

use axum::Router;

pub struct Site {
    pub name: &'static str,
    /// Two servers for the requests, and a third one that checks the result. With sessions in
    /// memory, all three are the same server.
    pub ports: [u16; 3],
}

impl Site {
    /// Three servers with the same storage.
    pub fn on_three(name: &'static str, router: impl Fn() -> Router) -> Self {
        Self { name, ports: [serve(router()), serve(router()), serve(router())] }
    }

    pub fn on_one(name: &'static str, router: Router) -> Self {
        Self { name, ports: [serve(router); 3] }
    }
}

fn serve(router: Router) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let listener = tokio::net::TcpListener::from_std(listener).expect("a runtime");
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}
