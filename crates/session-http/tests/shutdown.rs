//! A client hangs up during its logout, and the server is restarted. One test, since it sets the
//! global subscriber.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use session_core::Condition;
use session_http::{Session, SessionCookie, SessionLayer, SessionManager};
use support::{HookedStore, Log, SECRET, stored_session};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::time::sleep;

/// A manager whose store tells when it begins to replace a record, which then takes a while.
fn manager() -> (SessionManager, Arc<Notify>) {
    let replacing = Arc::new(Notify::new());
    let notify = Arc::clone(&replacing);
    let store = HookedStore::new(move |condition| {
        let replaces = matches!(condition, Some(Condition::IfVersion(_)));
        let notify = Arc::clone(&notify);
        Box::pin(async move {
            if replaces {
                notify.notify_one();
                sleep(Duration::from_millis(300)).await;
            }
            Ok(())
        })
    });
    (SessionManager::new(store, SessionCookie::new(SECRET).unwrap()), replacing)
}

/// Serves one logout whose client does not wait for the answer, and stops.
async fn serve_one_logout(manager: &SessionManager, headers: &HeaderMap, replacing: &Notify) {
    let app = Router::new()
        .route("/", get(async |session: Session| session.destroy().unwrap()))
        .layer(SessionLayer::new(manager.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hung_up = Arc::new(Notify::new());
    let stop = Arc::clone(&hung_up);
    let server =
        axum::serve(listener, app).with_graceful_shutdown(async move { stop.notified().await });
    let client = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let cookie = headers["cookie"].to_str().unwrap();
        let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        replacing.notified().await;
        drop(stream);
        hung_up.notify_one();
    };
    let (served, ()) = tokio::join!(server, client);
    served.unwrap();
}

#[test]
fn shutdown_waits_for_the_saves_of_clients_that_hung_up() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();

    for waits in [false, true] {
        let (manager, replacing) = manager();
        let runtime = Runtime::new().unwrap();
        let headers = runtime.block_on(async {
            let (_, headers) = stored_session(&manager, "user").await;
            serve_one_logout(&manager, &headers, &replacing).await;
            if waits {
                manager.shutdown().await;
            }
            headers
        });
        // What happens when `main` returns.
        runtime.shutdown_background();

        let session = Runtime::new().unwrap().block_on(manager.open(&headers)).unwrap();
        assert_eq!(session.has("user"), !waits);
        let text = String::from_utf8(std::mem::take(&mut *log.0.lock().unwrap())).unwrap();
        assert_eq!(text.contains("await SessionManager::shutdown"), !waits, "{text}");
    }
}
