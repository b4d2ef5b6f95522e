//! actix-session on Redis.

use std::io;
use std::sync::mpsc;
use std::thread;

use actix_session::storage::RedisSessionStore;
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::rt::System;
use actix_web::web::{Path, get};
use actix_web::{App, Error, HttpServer};

use crate::gate;
use crate::site::Site;

pub fn redis(url: &str) -> io::Result<Site> {
    let (send_port, port) = mpsc::channel();
    let url = url.to_owned();
    thread::spawn(move || {
        System::new().block_on(async move {
            let store = RedisSessionStore::new(url).await.map_err(io::Error::other)?;
            let key = Key::generate();
            let app = move || {
                App::new()
                    .wrap(SessionMiddleware::new(store.clone(), key.clone()))
                    .route("/set/{key}", get().to(set))
                    .route("/slow/{key}", get().to(slow))
                    .route("/has/{key}", get().to(has))
                    .route("/logout", get().to(logout))
            };
            let server = HttpServer::new(app).workers(2).disable_signals().bind("127.0.0.1:0")?;
            let port = server.addrs().first().map(|address| address.port());
            let _ = send_port.send(port.unwrap_or_default());
            server.run().await
        })
    });
    let port = port.recv().map_err(io::Error::other)?;
    Ok(Site { name: "actix-session 0.11, Redis", ports: [port; 3] })
}

async fn set(session: Session, key: Path<String>) -> Result<&'static str, Error> {
    session.insert(&**key, 1)?;
    Ok("")
}

async fn slow(session: Session, key: Path<String>) -> Result<&'static str, Error> {
    gate::wait().await;
    session.insert(&**key, 1)?;
    Ok("")
}

async fn has(session: Session, key: Path<String>) -> Result<&'static str, Error> {
    let value = session.get::<u8>(&key)?;
    Ok(if value.is_some() { "yes" } else { "no" })
}

async fn logout(session: Session) -> &'static str {
    session.purge();
    ""
}
