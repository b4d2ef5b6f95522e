//! Visits to the shop, on every storage.

use std::thread;

use session_servers::{Memcached, Redis};

use crate::client::Client;
use crate::server::{Directory, Server};

const LOGIN: &str = "login=ada&password=engine";

#[test]
fn a_visit_with_sessions_in_memory() {
    visit(&Server::start(&[("SESSION_STORE", "memory")]), true);
}

#[test]
fn a_visit_with_sessions_in_files() {
    let directory = Directory::new();
    visit(&Server::with_files(&directory.0.join("sessions")), true);
}

#[test]
fn a_visit_with_sessions_in_the_cookie() {
    visit(&Server::start(&[("SESSION_STORE", "cookie")]), false);
}

#[test]
fn a_visit_with_sessions_in_redis() {
    let redis = Redis::start().unwrap();
    visit(&Server::start(&[("SESSION_STORE", &redis.url())]), true);
}

#[test]
fn a_visit_with_sessions_in_memcached() {
    let servers = Memcached::start_many(2).unwrap();
    let addresses: Vec<_> = servers.iter().map(Memcached::addr).collect();
    let store = format!("memcache://{}", addresses.join(","));
    visit(&Server::start(&[("SESSION_STORE", &store)]), true);
}

/// Uses everything in the shop. `by_id`: the cookie is an id, so the server can destroy the
/// session.
fn visit(server: &Server, by_id: bool) {
    let mut browser = server.client();
    let page = browser.get("/");
    assert_eq!((page.status, page.cart(), page.notice()), (200, 0, ""));
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.header("vary").contains("Cookie"));
    let first = browser.clone();

    let page = browser.post("/cart/add", "slug=walden&copies=2&back=/books/walden");
    assert_eq!((page.status, page.header("location")), (303, "/books/walden"));
    let page = browser.get("/books/walden");
    assert_eq!((page.cart(), page.notice()), (2, "“Walden” is in your cart."));
    assert_eq!(browser.get("/books/walden").notice(), "");

    assert_eq!(browser.post("/cart/add", "slug=dracula&copies=1&back=/").status, 303);
    assert_eq!(browser.post("/cart/change", "slug=walden&copies=5").status, 303);
    let page = browser.get("/cart");
    assert_eq!((page.cart(), page.text("total")), (6, Some("€70.40")));
    assert_eq!(browser.post("/cart/remove", "slug=dracula").status, 303);
    assert_eq!(browser.get("/cart").cart(), 5);

    let page = browser.post("/theme", "theme=dark&back=/cart");
    assert_eq!((page.status, page.header("location")), (303, "/cart"));
    assert!(browser.get("/cart").body.contains("data-theme=\"dark\""));

    assert_eq!(browser.post("/login", "login=ada&password=wrong").header("location"), "/login");
    let page = browser.get("/login");
    assert!(page.notice().contains("do not belong together"));
    assert!(page.text("user").is_none());

    let before = browser.clone();
    let page = browser.post("/login", LOGIN);
    assert_eq!((page.status, page.header("location")), (303, "/"));
    assert_ne!(browser.cookies, before.cookies);
    let page = browser.get("/");
    assert_eq!(page.notice(), "Welcome back, Ada.");
    assert_eq!((page.text("user"), page.cart()), (Some("Ada"), 5));
    assert!(page.body.contains("data-theme=\"dark\""));
    assert_eq!(browser.get("/").notice(), "");
    assert_ne!(browser.token, before.token);
    if by_id {
        let mut old = before.clone();
        assert_eq!(old.get("/session").text("user"), None);
        // A double click sends the form a second time, with the old cookie.
        assert_eq!(old.post("/login", LOGIN).status, 303);
        let page = old.get("/");
        assert_eq!((page.text("user"), page.cart()), (Some("Ada"), 5));
        browser = old;
    }

    let page = browser.get("/session");
    assert!(page.text("backend").unwrap().starts_with("in "));
    assert!(page.text("new").unwrap().starts_with("no"));
    assert!(page.body.contains("<code>cart</code>"));

    let ordered = browser.post("/checkout", "");
    assert_eq!(ordered.header("location"), "/");
    let page = browser.get("/");
    assert!(page.notice().starts_with("Thank you. 5 books for €57.50"));
    assert_eq!(page.cart(), 0);
    assert_eq!(browser.post("/cart/add", "slug=walden&copies=1&back=/").status, 303);

    let before = browser.clone();
    let page = browser.post("/logout", "");
    assert_eq!((page.status, page.header("location")), (303, "/"));
    assert_ne!(browser.cookies, before.cookies);
    let page = browser.get("/");
    assert!(page.notice().starts_with("Goodbye."));
    assert_eq!((page.text("user"), page.cart()), (None, 0));
    assert_eq!(browser.get("/").notice(), "");
    if by_id {
        assert_logged_out(&before);
        assert_logged_out(&first);
    }
}

/// The cookie of `old` opens a new, empty session.
fn assert_logged_out(old: &Client) {
    let page = old.clone().get("/session");
    assert_eq!((page.text("user"), page.cart()), (None, 0));
    assert!(page.text("new").unwrap().starts_with("yes"));
}

#[test]
fn a_login_survives_a_restart_of_the_server() {
    let directory = Directory::new();
    let server = Server::with_files(&directory.0);
    let mut browser = server.client();
    browser.get("/login");
    let page = browser.post("/login", &format!("{LOGIN}&remember=yes"));
    assert!(page.header("set-cookie").contains("Max-Age=2592000"));
    browser.get("/");
    browser.post("/cart/add", "slug=walden&copies=1&back=/");
    assert!(server.stop().success());

    let server = Server::with_files(&directory.0);
    let mut browser = browser.on(server.port);
    let page = browser.get("/session");
    assert_eq!((page.text("user"), page.cart()), (Some("Ada"), 1));
    assert!(page.text("left").unwrap().starts_with("29 days 23 hours"));
    assert!(page.notice().contains("Walden"));
}

#[test]
fn a_form_without_the_sessions_token_changes_nothing() {
    let server = Server::start(&[("SESSION_STORE", "memory")]);
    let (mut browser, mut other_visitor) = (server.client(), server.client());
    browser.get("/login");
    browser.post("/login", LOGIN);
    browser.get("/");
    other_visitor.get("/");
    assert_ne!(browser.token, other_visitor.token);

    let add = "slug=walden&copies=1&back=/";
    let theirs = format!("csrf={}&{add}", other_visitor.token);
    for body in [add, &format!("csrf=&{add}"), &theirs, "", "%%%", "csrf=1&csrf=2"] {
        for path in ["/cart/add", "/logout", "/login", "/theme", "/checkout"] {
            let page = browser.send("POST", path, body);
            assert_eq!(page.status, 403, "{path} {body}");
            assert!(page.body.contains("This form is out of date"));
            assert!(page.header("set-cookie").is_empty());
        }
    }
    // A browser without a session has no token either.
    assert_eq!(server.client().post("/cart/add", add).status, 403);

    let page = browser.get("/");
    assert_eq!((page.text("user"), page.cart()), (Some("Ada"), 0));
    assert_eq!(browser.post("/cart/add", add).status, 303);
}

#[test]
fn books_added_in_many_tabs_at_once_are_all_in_the_cart() {
    let directory = Directory::new();
    for server in [Server::start(&[("SESSION_STORE", "memory")]), Server::with_files(&directory.0)]
    {
        let mut browser = server.client();
        browser.get("/");
        let tabs: Vec<_> = ["walden", "dracula", "moby-dick", "walden"]
            .iter()
            .cycle()
            .take(16)
            .map(|slug| {
                let (mut tab, slug) = (browser.clone(), *slug);
                thread::spawn(move || {
                    let add = format!("slug={slug}&copies=1&back=/");
                    tab.post("/cart/add", &add).status
                })
            })
            .collect();
        for tab in tabs {
            assert_eq!(tab.join().unwrap(), 303);
        }
        assert_eq!(browser.get("/").cart(), 16);
    }
}

#[test]
fn pages_that_need_no_session_open_none() {
    let directory = Directory::new();
    let root = directory.0.join("sessions");
    let server = Server::with_files(&root);
    let mut browser = server.client();
    browser.get("/");
    let no_session = [
        ("/style.css", 200),
        ("/favicon.ico", 200),
        ("/nothing/here", 404),
        ("/books/nothing", 404),
        ("/logout", 405),
    ];
    for (path, status) in no_session {
        for mut browser in [browser.clone(), server.client()] {
            let page = browser.get(path);
            assert_eq!(page.status, status, "{path}");
            assert_eq!((page.header("set-cookie"), page.header("vary")), ("", ""), "{path}");
        }
    }

    // The store's directory is now a file. Waiting cannot repair that, so it is a 500 and not a
    // 503.
    std::fs::remove_dir_all(&root).unwrap();
    std::fs::write(&root, "").unwrap();
    for (path, status) in no_session {
        assert_eq!(browser.get(path).status, status, "{path}");
    }
    assert_all_fail(&browser, 500, "Something is broken");
    assert_all_fail(&server.client(), 500, "Something is broken");
}

#[test]
fn a_redis_that_is_down_is_an_error_page() {
    let redis = Redis::start().unwrap();
    let server = Server::start(&[("SESSION_STORE", &redis.url())]);
    let mut browser = server.client();
    browser.get("/");
    redis.kill();
    assert_all_fail(&browser, 503, "The shop cannot reach its sessions");
    assert_all_fail(&server.client(), 503, "The shop cannot reach its sessions");
}

/// With a cookie the load fails. Without one the save fails, after the handler has rendered its
/// page.
fn assert_all_fail(browser: &Client, status: u16, title: &str) {
    let mut browser = browser.clone();
    let page = browser.get("/cart");
    assert_eq!(page.status, status);
    assert!(page.body.contains(title));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("set-cookie"), "");
    if !browser.cookies.is_empty() {
        assert_eq!(browser.post("/theme", "theme=dark&back=/").status, status);
    }
}

#[test]
fn invalid_form_values_are_refused() {
    let server = Server::start(&[("SESSION_STORE", "memory")]);
    let mut browser = server.client();
    browser.get("/");
    for back in
        ["//elsewhere.example", "/%5Celsewhere.example", "https://elsewhere.example", "/%0D%0AX:y"]
    {
        let page = browser.post("/theme", &format!("theme=light&back={back}"));
        assert_eq!((page.status, page.header("location")), (303, "/"), "{back}");
    }
    for (path, fields, status) in [
        ("/theme", "theme=loud&back=/", 422),
        ("/cart/add", "slug=walden&copies=-1&back=/", 422),
        ("/cart/add", "slug=walden", 422),
        ("/cart/add", "slug=nothing&copies=1&back=/", 404),
    ] {
        assert_eq!(browser.post(path, fields).status, status, "{path} {fields}");
    }
    let long = "x".repeat(20_000);
    assert_eq!(browser.post("/theme", &long).status, 422);
    assert_eq!(browser.post("/cart/add", "slug=walden&copies=4000000000&back=/").status, 303);
    assert_eq!(browser.get("/").cart(), 99);
}
