//! What the log says about cookies that browsers will drop, and about names and caching that
//! protect them badly.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use axum::routing::get;
use session_cookie::CookieStorage;
use session_http::{Secret, Session, SessionCookie, SessionLayer, SessionManager};
use session_store_memory::MemoryStore;
use support::Log;
use tower::ServiceExt;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

impl Log {
    /// What this thread logs from now on.
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(log.clone())
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            .without_time()
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// The lines at `level` about what `what` says, since the last call.
    fn take(&self, level: &str, what: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let is_it = |line: &&str| line.trim_start().starts_with(level) && line.contains(what);
        text.lines().filter(is_it).map(str::to_owned).collect()
    }

    fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

const DROPPED: &str = "browsers may drop the session cookie";
const NEVER_BACK: &str = "no request has brought one back";

fn cookie() -> SessionCookie {
    SessionCookie::new(Secret::random().unwrap()).unwrap()
}

fn app(manager: SessionManager) -> Router {
    let visit = async |session: Session| session.set("a", &1).unwrap();
    Router::new().route("/", get(visit)).layer(SessionLayer::new(manager))
}

/// Sends a request for `target`; returns the pair of the cookie that the response sets.
async fn send(app: &Router, target: &str, headers: &[(&str, &str)]) -> Option<String> {
    let mut request = Request::get(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let line = response.headers().get(header::SET_COOKIE)?.to_str().unwrap();
    Some(line.split(';').next().unwrap().to_owned())
}

/// How a request may say that the browser's own connection is encrypted.
const HTTPS: [&[(&str, &str)]; 8] = [
    &[("x-forwarded-proto", "https")],
    &[("x-forwarded-proto", "https, http")],
    &[("x-forwarded-proto", "http"), ("x-forwarded-proto", "HTTPS")],
    &[("forwarded", "for=192.0.2.1;proto=https;by=203.0.113.43")],
    &[("forwarded", "for=192.0.2.1, for=\"[::1]\"; Proto=\"https\"")],
    &[("forwarded", "proto=https"), ("x-forwarded-proto", "http")],
    &[("sec-fetch-site", "same-origin"), ("upgrade-insecure-requests", "1")],
    &[("x-forwarded-proto", "https"), ("origin", "http://elsewhere.example")],
];

/// How it may say that it is not.
const HTTP: [&[(&str, &str)]; 5] = [
    &[("x-forwarded-proto", "http")],
    &[("forwarded", "for=192.0.2.1;proto=http")],
    &[("forwarded", "for=192.0.2.1;proto=\"http\"")],
    &[("origin", "http://192.0.2.1:3000")],
    &[("upgrade-insecure-requests", "1")],
];

#[tokio::test]
async fn a_secure_cookie_over_https_logs_nothing() {
    let (log, _guard) = Log::start();
    let app = app(SessionManager::new(MemoryStore::new(), cookie()));
    for headers in HTTPS {
        for _ in 0..5 {
            assert!(send(&app, "/", headers).await.is_some());
        }
    }
    for _ in 0..5 {
        // HTTP/2 has the scheme in the target.
        send(&app, "https://shop.example/", &[("origin", "http://a.example")]).await.unwrap();
        send(&app, "http://10.0.0.1/", &[("x-forwarded-proto", "https")]).await.unwrap();
    }
    assert_eq!(log.take("", "cookie"), [""; 0]);
}

#[tokio::test]
async fn a_secure_cookie_over_plain_http_is_a_warning_once_it_does_not_come_back() {
    for headers in HTTP.into_iter().chain([&[][..]]) {
        let target = if headers.is_empty() { "http://shop.example/" } else { "/" };
        let (log, _guard) = Log::start();
        let app = app(SessionManager::new(MemoryStore::new(), cookie()));
        for sent in 1..=5 {
            send(&app, target, headers).await.unwrap();
            assert_eq!(log.take("DEBUG", DROPPED).len(), sent, "{headers:?}");
            assert!(log.take("DEBUG", DROPPED)[0].contains("plain http"));
            let warnings = log.take("WARN", NEVER_BACK);
            assert_eq!(warnings.len(), usize::from(sent >= 3), "{headers:?}");
        }
        assert!(log.take("WARN", NEVER_BACK)[0].contains("insecure()"));
        assert_eq!(log.take("WARN", "").len(), 1);
    }
}

/// Behind a proxy that ends TLS and does not say so, or on localhost.
#[tokio::test]
async fn there_is_no_warning_once_a_cookie_has_come_back() {
    let (log, _guard) = Log::start();
    let app = app(SessionManager::new(MemoryStore::new(), cookie()));
    let plain = ("upgrade-insecure-requests", "1");
    let pair = send(&app, "/", &[plain]).await.unwrap();
    // Nobody but this application can have made it.
    send(&app, "/", &[plain, ("cookie", "__Host-session=x")]).await.unwrap();
    assert!(send(&app, "/", &[plain, ("cookie", &pair)]).await.is_none());
    for _ in 0..10 {
        send(&app, "/", &[plain]).await.unwrap();
    }
    assert_eq!(log.take("DEBUG", DROPPED).len(), 12);
    assert_eq!(log.take("WARN", ""), [""; 0]);
}

#[tokio::test]
async fn cookies_of_others_do_not_count_as_come_back() {
    let (log, _guard) = Log::start();
    let app = app(SessionManager::new(MemoryStore::new(), cookie()));
    for _ in 0..3 {
        let headers = [("origin", "http://a.example"), ("cookie", "__Host-session=s1.a.b")];
        send(&app, "/", &headers).await.unwrap();
    }
    assert_eq!(log.take("WARN", NEVER_BACK).len(), 1);
}

/// A probe of a proxy that ends TLS looks like this.
#[tokio::test]
async fn an_unknown_scheme_is_a_debug_line_and_no_warning() {
    let (log, _guard) = Log::start();
    let app = app(SessionManager::new(MemoryStore::new(), cookie()));
    for _ in 0..20 {
        send(&app, "/", &[("host", "10.0.0.1:8080"), ("user-agent", "probe")]).await.unwrap();
    }
    let lines = log.take("DEBUG", DROPPED);
    assert_eq!(lines.len(), 20);
    assert!(lines[0].contains("nothing in the request says that it came over https"), "{lines:?}");
    assert_eq!(log.take("WARN", ""), [""; 0]);
}

#[tokio::test]
async fn an_insecure_cookie_may_go_over_plain_http() {
    let (log, _guard) = Log::start();
    let app = app(SessionManager::new(MemoryStore::new(), cookie().insecure().unwrap()));
    for headers in HTTP {
        send(&app, "/", headers).await.unwrap();
    }
    assert_eq!(log.take("", "cookie"), [""; 0]);
}

#[tokio::test]
async fn a_domain_that_the_host_is_not_under_is_a_warning_once_it_does_not_come_back() {
    let https = ("x-forwarded-proto", "https");
    let shop = || cookie().domain("shop.example").unwrap();
    for (host, fits) in [
        ("shop.example", true),
        ("SHOP.example:443", true),
        ("www.shop.example", true),
        ("example", false),
        ("myshop.example", false),
        ("shop.example.evil.example", false),
        ("localhost:3000", false),
        ("[::1]:3000", false),
        ("192.0.2.1", false),
        // It is not known.
        ("", true),
    ] {
        let (log, _guard) = Log::start();
        let app = app(SessionManager::new(MemoryStore::new(), shop()));
        for _ in 0..4 {
            send(&app, "/", &[https, ("host", host)]).await.unwrap();
        }
        let lines = log.take("DEBUG", DROPPED);
        assert_eq!(lines.len(), if fits { 0 } else { 4 }, "{host}");
        let warnings = log.take("WARN", NEVER_BACK);
        assert_eq!(warnings.len(), usize::from(!fits), "{host}");
        assert!(fits || warnings[0].contains("shop.example"), "{warnings:?}");
    }
    // A proxy has replaced the host; HTTP/2 has it in the target.
    let (log, _guard) = Log::start();
    let app = app(SessionManager::new(MemoryStore::new(), shop()));
    let proxied = [https, ("host", "10.0.0.1"), ("x-forwarded-host", "www.shop.example")];
    send(&app, "/", &proxied).await.unwrap();
    send(&app, "https://shop.example/", &[]).await.unwrap();
    // A manager without a layer is given no target.
    send(&app, "/", &[https]).await.unwrap();
    assert_eq!(log.take("", DROPPED), [""; 0]);
}

/// Without a layer there is no target, only headers.
#[tokio::test]
async fn the_manager_alone_logs_it_too() {
    let (log, _guard) = Log::start();
    for storage in [true, false] {
        let manager = match storage {
            true => SessionManager::new(MemoryStore::new(), cookie()),
            false => SessionManager::new(CookieStorage::new(), cookie()),
        };
        let name = HeaderName::from_static("x-forwarded-proto");
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_static("http"))]);
        let session = manager.open(&headers).await.unwrap();
        session.set("a", &1).unwrap();
        manager.close(&session, &mut HeaderMap::new()).await.unwrap();
        assert_eq!(log.take("DEBUG", DROPPED).len(), 1);
        log.clear();
        // A removal is not dropped in silence: the cookie was not there.
        let session = manager.open(&headers).await.unwrap();
        session.destroy().unwrap();
        manager.close(&session, &mut HeaderMap::new()).await.unwrap();
        assert_eq!(log.take("DEBUG", DROPPED).len(), 0);
    }
}

#[tokio::test]
async fn a_name_that_browsers_do_not_protect_is_a_warning_when_the_manager_is_built() {
    let named = |name| cookie().name(name).unwrap();
    for (cookie, safer) in [
        (cookie(), None),
        (named("__Host-sid"), None),
        (named("__host-sid"), None),
        (named("sid"), Some("__Host-sid")),
        (named("__Secure-sid"), Some("__Host-sid")),
        (named("sid").path("/app").unwrap(), Some("__Secure-sid")),
        (named("sid").domain("shop.example").unwrap(), Some("__Secure-sid")),
        (named("__Secure-sid").domain("shop.example").unwrap(), None),
        (cookie().path("/app").unwrap(), None),
        (cookie().insecure().unwrap(), None),
        (SessionCookie::remix_compatible(["s1"]).unwrap(), Some("__Host-__session")),
    ] {
        let (log, _guard) = Log::start();
        let name = cookie.cookie_name().to_owned();
        let manager = SessionManager::new(MemoryStore::new(), cookie);
        let _clone = manager.clone();
        let lines = log.take("WARN", "");
        assert_eq!(lines.len(), usize::from(safer.is_some()), "{name}");
        let says = |safer: &str| lines[0].contains(&format!("call the session cookie {safer} "));
        assert!(safer.is_none_or(says), "{lines:?}");
    }
}

/// The response of a handler that sets the cookie, and `Cache-Control` itself.
async fn cached(own: &'static [&'static str]) -> Vec<String> {
    let handler = async move |session: Session| {
        session.set("a", &1).unwrap();
        let fields = own.iter().map(|field| (header::CACHE_CONTROL, *field));
        axum::response::AppendHeaders(fields)
    };
    let manager = SessionManager::new(MemoryStore::new(), cookie());
    let app = Router::new().route("/", get(handler)).layer(SessionLayer::new(manager));
    let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
    let fields = response.headers().get_all(header::CACHE_CONTROL).iter();
    fields.map(|field| field.to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_response_that_sets_the_cookie_and_is_public_is_a_warning() {
    for (own, directive) in [
        (&["public"][..], Some("public")),
        (&["max-age=60, Public"], Some("public")),
        (&["max-age=60", "PUBLIC"], Some("public")),
        (&["s-maxage=60"], Some("s-maxage")),
        (&["private=\"x-user\", public"], Some("public")),
        (&["max-age=60"], None),
        (&["private, max-age=60"], None),
        (&["public, no-store"], None),
        (&["public", "private"], None),
        (&["no-cache=\"a, public, b\""], None),
        (&[], None),
    ] {
        let (log, _guard) = Log::start();
        let sent = cached(own).await;
        match own {
            [] => assert_eq!(sent, ["no-store"]),
            own => assert_eq!(sent, own, "it was changed"),
        }
        let lines = log.take("WARN", "shared caches");
        assert_eq!(lines.len(), usize::from(directive.is_some()), "{own:?}");
        assert!(directive.is_none_or(|directive| lines[0].contains(directive)), "{lines:?}");
    }
}
