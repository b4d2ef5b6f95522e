//! Starts and stops the shop with different settings.

use std::fs;
use std::net::TcpListener;

use crate::server::{Directory, SECRET, Server, start_error};

#[test]
fn without_configuration_sessions_are_in_temporary_files() {
    let temporary = Directory::new();
    let root = temporary.0.display().to_string();
    let server = Server::start(&[("TMPDIR", &root)]);
    assert!(server.line.contains(&format!("in files under {root}/bookstore-")), "{}", server.line);
    assert!(server.line.contains("secret made for this run"), "{}", server.line);

    let mut browser = server.client();
    assert_eq!(browser.get("/").status, 200);
    assert_eq!(fs::read_dir(&temporary.0).unwrap().count(), 1);
    assert!(server.stop().success());
    assert_eq!(fs::read_dir(&temporary.0).unwrap().count(), 0);
}

#[test]
fn the_first_line_shows_the_configuration() {
    let server = Server::start(&[("SESSION_STORE", "memory"), ("SESSION_SECRET", SECRET)]);
    let line = format!(
        "Bookstore on http://127.0.0.1:{} - sessions in memory - secret from SESSION_SECRET\n",
        server.port
    );
    assert_eq!(server.line, line);
}

#[test]
fn behind_tls_the_cookie_is_secure() {
    let server = Server::start(&[("SESSION_STORE", "memory"), ("SESSION_SECURE", "1")]);
    let page = server.client().get("/");
    let cookie = page.header("set-cookie");
    assert!(cookie.starts_with("__Host-session=") && cookie.contains("Secure"), "{cookie}");
}

#[test]
fn a_busy_port_is_a_one_line_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let printed = start_error(&[("PORT", &port)]);
    assert!(printed.contains(&format!("port {port} is taken")), "{printed}");
    assert!(printed.contains("PORT="), "{printed}");
}

#[test]
fn invalid_settings_are_one_line_errors() {
    for (name, value, advice) in [
        ("PORT", "http", "a number from 0 to 65535"),
        ("PORT", "65536", "a number from 0 to 65535"),
        ("PORT", "", "a number from 0 to 65535"),
        ("SESSION_SECRET", "too short", "at least 32"),
        ("SESSION_SECRET", "", "at least 32"),
        ("SESSION_SECRET", "changemechangemechangemechangeme", "repeats the same 8 bytes"),
        ("SESSION_SECRET", "3vJc0Ql1oXGqf9dS2nUBz8aKEpTy4RwM", "everyone knows it"),
        ("SESSION_SECURE", "yes", "give 1"),
        ("SESSION_STORE", "", "give memory"),
        ("SESSION_STORE", "memory:big", "give memory"),
        ("SESSION_STORE", "fs:", "give memory"),
        ("SESSION_STORE", "postgres://u:hunter2@h/d", "give memory"),
        ("SESSION_STORE", "fs:/dev/null", "SESSION_STORE cannot be used"),
        ("SESSION_STORE", "redis://:hunter2@127.0.0.1:1", "127.0.0.1:1"),
        ("SESSION_STORE", "redis://", "SESSION_STORE cannot be used"),
        ("SESSION_STORE", "memcache://127.0.0.1:1", "127.0.0.1:1"),
        ("SESSION_STORE", "memcache://", "SESSION_STORE cannot be used"),
    ] {
        let printed = start_error(&[(name, value)]);
        assert!(printed.contains(name) && printed.contains(advice), "{name}={value}: {printed}");
        assert!(!printed.contains("hunter2") && !printed.contains("too short"), "{printed}");
    }
}
