//! Unusual `Cookie` fields, handlers that set headers themselves, and saves that only move a
//! deadline.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::AppendHeaders;
use axum::routing::{MethodRouter, get};
use session_cookie::CookieStorage;
use session_core::{Clock, Condition, CookieContent, ErrorKind, Lifetime, Outcome, SessionPolicy};
use session_http::{Session, SessionCookie, SessionLayer, SessionManager};
use session_store_memory::MemoryStore;
use support::{App, HookedStore, SECRET, TestResponse, read_body, request};
use tower::ServiceExt;

fn cookies(fields: &[&str]) -> HeaderMap {
    let field = |text: &&str| (header::COOKIE, HeaderValue::from_str(text).unwrap());
    fields.iter().map(field).collect()
}

#[tokio::test]
async fn the_session_is_found_among_malformed_cookies() {
    let app = App::new(MemoryStore::new());
    let pair = app.get("", "set/a/1").await.ok().cookie().unwrap();
    let (name, value) = pair.split_once('=').unwrap();
    let (quoted, spaced) = (format!("{name}=\"{value}\""), format!(" ;; {name} = {value} ;"));
    let forged = format!("{name}=s1.x.y");
    for fields in [
        &["theme=dark", pair.as_str()][..],
        &[&forged, &pair],
        &["", &pair],
        &[&format!("{name}="), &pair],
        &[&quoted],
        &[&spaced],
        &[&format!("{pair}; {forged}")],
    ] {
        let session = app.manager.open(&cookies(fields)).await.unwrap();
        assert!(session.has("a"), "{fields:?}");
    }
    let other = app.get("", "set/b/1").await.ok().cookie().unwrap();
    for (first, second, body) in [(&pair, &other, "\"1\"null"), (&other, &pair, "null\"1\"")] {
        let response = send(app.clone(), cookies(&[first, second]), "get/a+get/b").await;
        assert_eq!(response.body, body, "the first cookie that verifies is used");
    }
}

/// Sends a request with these headers.
async fn send(app: App, fields: HeaderMap, steps: &'static str) -> TestResponse {
    let mut request = request("", steps, None);
    *request.headers_mut() = fields;
    read_body(app.router().oneshot(request).await.unwrap()).await
}

#[tokio::test]
async fn a_request_sees_nothing_of_an_earlier_request() {
    let app = App::new(MemoryStore::new());
    let pair = app.get("", "set/a/1").await.ok().cookie().unwrap();
    let long = |bytes: usize| format!("{pair}; x={}", "x".repeat(bytes - pair.len() - 4));
    let (fits, longer, longest) = (long(512), long(513), long(6_000));
    for fields in [
        &[pair.as_str()][..],
        &[&fits],
        &[&longer],
        &[&longest],
        &["theme=dark", &pair],
        &[&pair, "theme=dark", "lang=en"],
        &["", &longer],
    ] {
        for (steps, panics) in [("get/a", false), ("get/a+panic", true)] {
            match tokio::spawn(send(app.clone(), cookies(fields), steps)).await {
                Ok(response) => assert_eq!((response.body.as_str(), panics), ("\"1\"", false)),
                Err(error) => assert!(error.is_panic() && panics, "{error}"),
            }
            for without_session in ["", "theme=dark"] {
                let response = app.get(without_session, "get/a").await.ok();
                assert_eq!(response.body, "null", "after {fields:?}, {steps}");
            }
        }
    }
}

/// The response of an application with this handler to a request without a cookie.
async fn response_of(handler: MethodRouter) -> TestResponse {
    let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
    let app = Router::new().route("/", handler).layer(SessionLayer::new(manager));
    read_body(app.oneshot(Request::new(Body::empty())).await.unwrap()).await
}

#[tokio::test]
async fn headers_of_the_handler_are_not_replaced() {
    let own = [
        (header::SET_COOKIE, "theme=dark"),
        (header::VARY, "accept, cookie"),
        (header::CACHE_CONTROL, "private, max-age=60"),
    ];
    let handler = get(move |session: Session| async move {
        session.set("a", &1).unwrap();
        own
    });
    let response = response_of(handler).await.ok();
    let lines: Vec<_> = response.headers.get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0], "theme=dark");
    assert_eq!(response.headers.get_all(header::VARY).iter().count(), 1);
    assert_eq!(response.headers[header::CACHE_CONTROL], "private, max-age=60");
}

/// A layer around ours that sets a default, as those that only fill in a missing header do.
#[tokio::test]
async fn the_default_of_an_outer_layer_is_not_weakened() {
    let default = HeaderValue::from_static("no-store");
    let fill_in = move |mut response: axum::response::Response| {
        let default = default.clone();
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(default);
        std::future::ready(response)
    };
    let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
    let set = async |session: Session| session.set("a", &1).unwrap();
    let app = Router::new()
        .route("/", get(set))
        .layer(SessionLayer::new(manager))
        .layer(axum::middleware::map_response(fill_in));
    let response = read_body(app.oneshot(Request::new(Body::empty())).await.unwrap()).await.ok();
    assert!(response.cookie().is_some());
    let fields: Vec<_> = response.headers.get_all(header::CACHE_CONTROL).iter().collect();
    assert_eq!(fields, ["no-store"]);
}

#[tokio::test]
async fn vary_gets_cookie_once_in_addition_to_the_handlers_fields() {
    for (own, all) in [
        (&[][..], &["Cookie"][..]),
        (&["accept"], &["accept", "Cookie"]),
        (&["accept", "origin"], &["accept", "origin", "Cookie"]),
        (&["accept", "origin, COOKIE"], &["accept", "origin, COOKIE"]),
        (&["accept", "*"], &["accept", "*"]),
    ] {
        let handler = get(move |_: Session| async move {
            AppendHeaders(own.iter().map(|field| (header::VARY, *field)))
        });
        let response = response_of(handler).await.ok();
        let fields: Vec<_> = response.headers.get_all(header::VARY).iter().collect();
        assert_eq!(fields, all);
    }
}

#[tokio::test]
async fn open_id_opens_only_live_sessions() {
    let app = App::new(MemoryStore::new());
    let is_alive_after = |steps: &'static str| {
        let app = app.clone();
        async move {
            let cookie = app.get("", "set/a/1").await.ok().cookie().unwrap();
            let session = app.manager.open(&cookies(&[&cookie])).await.unwrap();
            let id = session.id().unwrap();
            assert!(app.manager.open_id(&id).await.unwrap().is_some());
            app.get(&cookie, steps).await.ok();
            app.manager.open_id(&id).await.unwrap().is_some()
        }
    };
    assert!(is_alive_after("set/b/1").await);
    assert!(!is_alive_after("regenerate").await);
    assert!(!is_alive_after("destroy").await);
    assert!(!is_alive_after("restart").await);
}

#[tokio::test]
async fn a_timeout_is_an_error_for_a_write_but_not_for_a_deadline_move() {
    let clock = Clock::manual();
    let cookie = SessionCookie::new(SECRET).unwrap();
    // Only the first write of a session returns.
    let store = HookedStore::new(|condition| match condition {
        Some(Condition::IfVersion(_)) => Box::pin(std::future::pending()),
        _ => Box::pin(std::future::ready(Ok(()))),
    });
    let manager = SessionManager::new(store, cookie)
        .policy(SessionPolicy::default().clock(clock.clone()))
        .time_limit(Duration::from_millis(50));
    let session = manager.open(&HeaderMap::new()).await.unwrap();
    session.set("a", &1).unwrap();
    manager.close(&session, &mut HeaderMap::new()).await.unwrap();
    let field = manager.cookie_for(&session).unwrap().unwrap();
    let headers = HeaderMap::from_iter([(header::COOKIE, field)]);
    clock.advance(Duration::from_secs(12 * 3600));

    let reader = manager.open(&headers).await.unwrap();
    assert!(reader.has("a"));
    assert!(manager.close(&reader, &mut HeaderMap::new()).await.is_ok());
    let writer = manager.open(&headers).await.unwrap();
    writer.set("a", &2).unwrap();
    assert!(manager.close(&writer, &mut HeaderMap::new()).await.is_err());
}

#[tokio::test]
async fn a_sealed_session_with_the_longest_lifetime_can_be_opened() {
    let manager = SessionManager::new(CookieStorage::new(), SessionCookie::new(SECRET).unwrap())
        .policy(SessionPolicy::default().absolute(Duration::MAX).idle(Duration::MAX));
    for lifetime in [Lifetime::Policy, Lifetime::BrowserSession, Lifetime::For(Duration::MAX)] {
        let session = manager.open(&HeaderMap::new()).await.unwrap();
        session.set("a", &1).unwrap();
        session.set_lifetime(lifetime).unwrap();
        manager.close(&session, &mut HeaderMap::new()).await.unwrap();
        let field = manager.cookie_for(&session).unwrap().unwrap();
        let headers = HeaderMap::from_iter([(header::COOKIE, field)]);
        assert!(manager.open(&headers).await.unwrap().has("a"), "{lifetime:?}");
    }
}

#[tokio::test]
async fn a_sealed_session_that_is_too_large_is_an_error_and_sets_nothing() {
    let manager = SessionManager::new(CookieStorage::new(), SessionCookie::new(SECRET).unwrap());
    let app = Router::new()
        .route("/", get(async |session: Session| session.set("a", &"x".repeat(5000)).unwrap()))
        .layer(SessionLayer::new(manager));
    let request = Request::get("/").body(Body::empty()).unwrap();
    let response = read_body(app.oneshot(request).await.unwrap()).await;
    assert_eq!(response.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.cookie(), None);
}

/// remix writes no deadline, so every read tries to add one.
#[tokio::test]
async fn too_large_is_an_error_for_a_write_but_not_for_a_deadline_move() {
    let cookie = SessionCookie::remix_compatible([SECRET]).unwrap();
    let value = format!(r#"{{"i":"theirs","d":[{{"a":"{}"}},{{}}]}}"#, "x".repeat(2_900));
    let far = std::time::SystemTime::now() + Duration::from_secs(1000);
    let lines = cookie.set(&value, CookieContent::Data, None, far, 0);
    let line = lines.unwrap().remove(0);
    let pair = line.split(';').next().unwrap();
    let policy = SessionPolicy::remix_compatible();
    let manager = SessionManager::new(CookieStorage::new(), cookie).policy(policy);
    for changes in [false, true] {
        let session = manager.open(&cookies(&[pair])).await.unwrap();
        assert!(session.has("a"));
        if changes {
            session.set("b", &1).unwrap();
        }
        let mut headers = HeaderMap::new();
        let closed = manager.close(&session, &mut headers).await;
        assert!(!headers.contains_key(header::SET_COOKIE));
        let outcome = closed.map_err(|error| error.kind());
        match changes {
            false => assert_eq!(outcome.unwrap(), Outcome::Unchanged),
            true => assert_eq!(outcome.unwrap_err(), ErrorKind::TooLarge),
        }
    }
}

/// A log that prints the headers of a response must not reveal the id.
#[tokio::test]
async fn printed_headers_do_not_show_the_id() {
    let manager = SessionManager::new(MemoryStore::new(), SessionCookie::new(SECRET).unwrap());
    let session = manager.open(&HeaderMap::new()).await.unwrap();
    session.set("a", &1).unwrap();
    let mut headers = HeaderMap::new();
    manager.close(&session, &mut headers).await.unwrap();
    let cookie = manager.cookie_for(&session).unwrap().unwrap();
    let id = session.id().unwrap();
    assert!(headers[header::SET_COOKIE].to_str().unwrap().contains(id.as_str()));
    for printed in [format!("{headers:?}"), format!("{cookie:?}")] {
        assert!(!printed.contains(id.as_str()), "{printed}");
    }
}
