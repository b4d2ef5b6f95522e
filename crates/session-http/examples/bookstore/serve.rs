//! Starts and stops the server.

use std::future::IntoFuture;
use std::io::ErrorKind;
use std::time::Duration;

use session_http::{SessionManager, SessionPolicy};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::app::{self, Shop};
use crate::backend::Backend;
use crate::setup::Setup;

/// How long running requests may take after the shop is told to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves the shop until it is told to stop.
///
/// # Errors
///
/// The shop cannot start. The message is one line that says what to do.
pub(crate) async fn run() -> Result<(), String> {
    let setup = Setup::from_env()?;
    let listener = listen(setup.port).await?;
    let address = listener
        .local_addr()
        .map_err(|error| format!("cannot tell which port was taken: {error}"))?;
    let backend = Backend::open(setup.store.as_deref()).await?;
    let secret = if setup.has_secret {
        "secret from SESSION_SECRET"
    } else {
        "secret made for this run (set SESSION_SECRET to keep logins over a restart)"
    };
    println!("Bookstore on http://{address} - sessions {} - {secret}", backend.name);

    let policy = SessionPolicy::default();
    let shop = Shop::new(&backend.name, &policy, setup.cookie.cookie_name());
    let manager = SessionManager::new(backend.storage, setup.cookie).policy(policy);
    let _deleted_on_exit = backend.scratch;
    let (stopping, stopped) = oneshot::channel();
    let server = axum::serve(listener, app::router(shop, manager)).with_graceful_shutdown(async {
        stop_signal().await;
        let _ = stopping.send(());
    });
    let timeout = async {
        let _ = stopped.await;
        tokio::time::sleep(SHUTDOWN_TIMEOUT).await;
    };
    tokio::select! {
        result = server.into_future() => {
            result.map_err(|error| format!("the server stopped: {error}"))
        }
        () = timeout => Ok(()),
    }
}

async fn listen(port: u16) -> Result<TcpListener, String> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => format!(
            "port {port} is taken by another program; end that one, or choose another port: \
                 PORT={}",
            port.checked_add(1).unwrap_or(3000)
        ),
        ErrorKind::PermissionDenied => {
            format!(
                "port {port} is not allowed to this user; choose one above 1023, \
                     such as PORT=3000"
            )
        }
        _ => format!("cannot listen on port {port}: {error}; choose another one with PORT"),
    })
}

/// Ctrl-C, or SIGTERM from a service manager.
async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => {
                let _ = interrupt.await;
            }
        }
    }
    #[cfg(not(unix))]
    {
        let _ = interrupt.await;
    }
}
