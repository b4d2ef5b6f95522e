//! Several cookies of one name: the first one whose session is alive counts, and a logout ends all
//! of them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use bytes::Bytes;
use session_cookie::CookieStorage;
use session_core::{Clock, Condition, ErrorKind, RecordKey, RecordStore, SessionStorage};
use session_http::{
    FormerCookie, Secret, Session, SessionCookie, SessionManager, SessionPolicy, session_core,
};
use session_store_fs::FsStore;
use session_store_memory::MemoryStore;
use support::{App, HookedStore};

const HOUR: Duration = Duration::from_secs(3600);

/// A request with these cookies, in this order.
fn with_cookies(pairs: &[&str]) -> HeaderMap {
    let field = HeaderValue::from_str(&pairs.join("; ")).unwrap();
    HeaderMap::from_iter([(header::COOKIE, field)])
}

/// Releases of one application, with one storage and one secret.
struct Releases {
    managers: Vec<SessionManager>,
    clock: Clock,
}

impl Releases {
    /// One for each of these cookies.
    fn new(storage: impl SessionStorage, cookies: Vec<SessionCookie>) -> Self {
        let storage: Arc<dyn SessionStorage> = Arc::new(storage);
        let clock = Clock::manual();
        let policy = SessionPolicy::default().clock(clock.clone()).idle(HOUR);
        let manager = |cookie| {
            let storage: Arc<dyn SessionStorage> = Arc::clone(&storage);
            SessionManager::new(storage, cookie).policy(policy.clone())
        };
        Self { managers: cookies.into_iter().map(manager).collect(), clock }
    }
}

/// The cookies that a browser has after a response, by what tells them apart.
#[derive(Default)]
struct Browser {
    /// Name, path and domain; value. The longest path first, as browsers send them.
    cookies: Vec<(String, String)>,
}

impl Browser {
    fn header(&self) -> HeaderMap {
        let pairs = self.cookies.iter().map(|(key, value)| {
            let name = key.split(';').next().unwrap();
            format!("{name}={value}")
        });
        let pairs: Vec<_> = pairs.collect();
        with_cookies(&pairs.iter().map(String::as_str).collect::<Vec<_>>())
    }

    async fn visit(&mut self, manager: &SessionManager, handler: impl FnOnce(&Session)) {
        let session = manager.open(&self.header()).await.unwrap();
        handler(&session);
        let mut response = HeaderMap::new();
        manager.close(&session, &mut response).await.unwrap();
        for line in response.get_all(header::SET_COOKIE) {
            self.take(line.to_str().unwrap());
        }
    }

    fn take(&mut self, line: &str) {
        let mut parts = line.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let attributes: Vec<_> = parts.collect();
        let of = |name: &str| attributes.iter().find(|part| part.starts_with(name));
        let key = format!("{name};{:?};{:?}", of("Path="), of("Domain="));
        self.cookies.retain(|(known, _)| *known != key);
        if !attributes.contains(&"Max-Age=0") {
            self.cookies.push((key, value.to_owned()));
        }
        // The earlier release has set the longer path.
        self.cookies.sort_by_key(|(key, _)| std::cmp::Reverse(key.contains("/app")));
    }

    async fn user(&self, manager: &SessionManager) -> Option<String> {
        let session = manager.open(&self.header()).await.unwrap();
        session.get("user").unwrap()
    }
}

fn log_in(session: &Session) {
    session.regenerate_id().unwrap();
    session.set("user", "ada").unwrap();
}

fn cookie(secret: &Secret) -> SessionCookie {
    SessionCookie::new(secret.clone()).unwrap()
}

/// Release 1 and release 2 of applications that changed an attribute; the old cookie comes first.
fn changed_attributes() -> Vec<[SessionCookie; 2]> {
    let secret = Secret::random().unwrap();
    let new = || cookie(&secret);
    let named = || new().name("__Secure-shop").unwrap();
    vec![
        // The default name is the same, too.
        [new().path("/app").unwrap(), new().domain("shop.example").unwrap()],
        [named(), named().domain("shop.example").unwrap()],
        [named().path("/app").unwrap(), named()],
    ]
}

fn stores() -> Vec<(Arc<dyn SessionStorage>, Option<std::path::PathBuf>)> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, SeqCst);
    let root =
        std::env::temp_dir().join(format!("session-candidates-{}-{number}", std::process::id()));
    vec![
        (Arc::new(MemoryStore::new()), None),
        (Arc::new(FsStore::open(&root).unwrap()), Some(root)),
    ]
}

fn clean_up(root: Option<std::path::PathBuf>) {
    if let Some(root) = root {
        std::fs::remove_dir_all(root).unwrap();
    }
}

#[tokio::test]
async fn the_ended_session_of_an_earlier_release_does_not_hide_a_login() {
    for cookies in changed_attributes() {
        for (store, root) in stores() {
            let releases = Releases::new(store, cookies.to_vec());
            let [old, new] = releases.managers.as_slice() else { panic!("two releases") };
            for ends_by_logout in [true, false] {
                let mut browser = Browser::default();
                browser.visit(old, log_in).await;
                assert_eq!(browser.user(new).await.as_deref(), Some("ada"), "taken over");
                if ends_by_logout {
                    // Release 2 cannot remove the cookie: it does not know of it.
                    browser.visit(new, |session| session.destroy().unwrap()).await;
                    assert_eq!(browser.cookies.len(), 1);
                } else {
                    releases.clock.advance(2 * HOUR);
                }
                assert_eq!(browser.user(new).await, None);
                browser.visit(new, log_in).await;
                assert_eq!(browser.cookies.len(), 2);
                assert_eq!(browser.user(new).await.as_deref(), Some("ada"));
                browser.visit(new, |session| session.destroy().unwrap()).await;
                assert_eq!(browser.user(new).await, None);
            }
            clean_up(root);
        }
    }
}

#[tokio::test]
async fn login_and_logout_remove_the_cookies_of_an_earlier_release() {
    let secret = Secret::random().unwrap();
    let storages: [Arc<dyn SessionStorage>; 2] =
        [Arc::new(MemoryStore::new()), Arc::new(CookieStorage::new())];
    for storage in storages {
        let old = cookie(&secret).path("/app").unwrap();
        let new = cookie(&secret).domain("shop.example").unwrap();
        let new = new.former(FormerCookie::new("__Secure-session").path("/app")).unwrap();
        let releases = Releases::new(storage, vec![old, new]);
        let [old, new] = releases.managers.as_slice() else { panic!("two releases") };

        let mut browser = Browser::default();
        browser.visit(old, |session| session.set("user", "bob").unwrap()).await;
        browser.visit(new, |session| session.destroy().unwrap()).await;
        assert_eq!(browser.cookies.len(), 0, "{:?}", browser.cookies);
        assert_eq!(browser.user(new).await, None);

        browser.visit(old, |session| session.set("cart", "a book").unwrap()).await;
        browser.visit(new, log_in).await;
        assert_eq!(browser.cookies.len(), 1, "{:?}", browser.cookies);
        assert_eq!(browser.user(new).await.as_deref(), Some("ada"));
        browser.visit(new, |session| session.destroy().unwrap()).await;
        assert_eq!(browser.cookies.len(), 0);
    }
}

/// A manager, and sessions in all states with what their browsers send.
struct Site {
    app: App,
    clock: Clock,
}

impl Site {
    fn new(storage: impl SessionStorage) -> Self {
        let clock = Clock::manual();
        let policy = SessionPolicy::default().clock(clock.clone()).idle(HOUR);
        Self { app: App::with(storage, policy), clock }
    }

    /// A new session with `who` under `user`; its pair.
    async fn session(&self, who: &str) -> String {
        self.app.get("", &format!("set/user/{who}")).await.ok().cookie().unwrap()
    }

    async fn user(&self, pairs: &[&str]) -> String {
        self.app.get(&pairs.join("; "), "get/user").await.ok().body
    }

    async fn is_alive(&self, pair: &str) -> bool {
        self.user(&[pair]).await != "null"
    }
}

#[tokio::test]
async fn the_first_session_that_is_alive_counts_among_ended_ones() {
    for (store, root) in stores() {
        let site = Site::new(store);
        let expired = site.session("expired").await;
        site.clock.advance(2 * HOUR);
        let destroyed = site.session("destroyed").await;
        site.app.get(&destroyed, "destroy").await.ok();
        let moved = site.session("moved").await;
        let successor = site.app.get(&moved, "regenerate").await.ok().cookie().unwrap();
        // Signed, but of another store.
        let unknown = Site::new(MemoryStore::new()).session("unknown").await;
        let (one, two) = (site.session("one").await, site.session("two").await);

        let dead = [expired, destroyed, moved, unknown];
        for dead in &dead {
            assert_eq!(site.user(&[dead]).await, "null");
            assert_eq!(site.user(&[dead, &one]).await, "\"one\"");
            assert_eq!(site.user(&[&one, dead]).await, "\"one\"");
            assert_eq!(site.user(&[dead, dead, &two, &one]).await, "\"two\"");
        }
        let all: Vec<_> = dead.iter().chain([&one, &two]).map(String::as_str).collect();
        assert_eq!(site.user(&all).await, "\"one\"");
        assert_eq!(site.user(&[&dead[2], &successor]).await, "\"moved\"");

        // A write goes to the session that was read, and sets no cookie.
        let written = site.app.get(&all.join("; "), "set/user/written").await.ok();
        assert_eq!(written.cookie(), None);
        assert_eq!(site.user(&[&one]).await, "\"written\"");
        clean_up(root);
    }
}

/// A browser is about to get the new cookie, so a new session would get in its way.
#[tokio::test]
async fn a_moved_session_counts_where_none_is_alive() {
    let site = Site::new(MemoryStore::new());
    let expired = site.session("expired").await;
    site.clock.advance(2 * HOUR);
    let moved = site.session("moved").await;
    site.app.get(&moved, "regenerate").await.ok();
    for pairs in [[&expired, &moved], [&moved, &expired]] {
        let written = site.app.get(&format!("{}; {}", pairs[0], pairs[1]), "set/a/1").await;
        assert_eq!(written.status, StatusCode::CONFLICT);
    }
    let live = site.session("live").await;
    let written = site.app.get(&format!("{moved}; {live}"), "set/a/1").await.ok();
    assert_eq!(written.cookie(), None);
}

#[tokio::test]
async fn a_logout_ends_the_sessions_of_all_cookies() {
    for (store, root) in stores() {
        for logout in ["destroy", "restart", "restart+set/notice/bye"] {
            let site = Site::new(Arc::clone(&store));
            let (one, two) = (site.session("one").await, site.session("two").await);
            let moved = site.session("moved").await;
            let successor = site.app.get(&moved, "regenerate").await.ok().cookie().unwrap();
            let unknown = Site::new(MemoryStore::new()).session("unknown").await;
            let bystander = site.session("bystander").await;
            let pairs = [&unknown, &one, &moved, &two].map(String::as_str).join("; ");
            site.app.get(&pairs, logout).await.ok();
            for ended in [&one, &two, &successor] {
                assert!(!site.is_alive(ended).await, "{logout}");
            }
            assert!(site.is_alive(&bystander).await);
        }
        clean_up(root);
    }
}

/// The session expires, a slow request that opened it in time saves it after the logout.
#[tokio::test]
async fn a_logout_ends_expired_sessions_of_further_cookies() {
    for logout in ["destroy", "restart", "restart+set/notice/bye"] {
        for with_live in [true, false] {
            let site = Site::new(MemoryStore::new());
            let (one, two) = (site.session("one").await, site.session("two").await);
            let slow =
                [site.app.start(&one, "set/a/1").await, site.app.start(&two, "set/a/1").await];
            site.clock.advance(HOUR);
            let mut pairs = format!("{one}; {two}");
            if with_live {
                pairs = format!("{pairs}; {}", site.session("live").await);
            }
            site.app.get(&pairs, logout).await.ok();
            for slow in slow {
                slow.resume().await;
            }
            for ended in [&one, &two] {
                assert!(!site.is_alive(ended).await, "{logout}, {with_live}");
            }
        }
    }
}

/// A logout that failed half-way is repeated, and ends the rest.
#[tokio::test]
async fn a_logout_that_failed_half_way_ends_the_rest_when_repeated() {
    let fails_at = Arc::new(AtomicUsize::new(usize::MAX));
    let countdown = Arc::clone(&fails_at);
    let store = HookedStore::new(move |condition| {
        let is_write = matches!(condition, Some(Condition::IfVersion(_)));
        let fails = is_write && countdown.fetch_sub(1, SeqCst) == 0;
        let down = session_core::StoreError::new(
            session_core::StoreErrorKind::Config,
            "the store refuses this write",
        );
        Box::pin(std::future::ready(if fails { Err(down) } else { Ok(()) }))
    });
    let manager = SessionManager::new(store, cookie(&Secret::random().unwrap()));
    let mut pairs = Vec::new();
    for n in 0..3 {
        let session = manager.open(&HeaderMap::new()).await.unwrap();
        session.set("n", &n).unwrap();
        manager.close(&session, &mut HeaderMap::new()).await.unwrap();
        pairs.push(manager.cookie_for(&session).unwrap().unwrap().to_str().unwrap().to_owned());
    }
    let pairs: Vec<_> = pairs.iter().map(String::as_str).collect();
    let session = manager.open(&with_cookies(&pairs)).await.unwrap();
    session.destroy().unwrap();
    fails_at.store(1, SeqCst);
    assert!(session.commit().await.is_err());
    fails_at.store(usize::MAX, SeqCst);
    session.commit().await.unwrap();
    for pair in pairs {
        assert!(manager.open(&with_cookies(&[pair])).await.unwrap().is_new());
    }
}

/// Each valid cookie costs a lookup, and anyone can get valid ones.
#[tokio::test]
async fn at_most_eight_sessions_are_looked_up() {
    let loads = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&loads);
    let store = HookedStore::new(move |condition| {
        if condition.is_none() {
            counter.fetch_add(1, SeqCst);
        }
        Box::pin(std::future::ready(Ok(())))
    });
    let site = Site::new(store);
    let mut dead = Vec::new();
    for _ in 0..20 {
        let pair = site.session("dead").await;
        site.app.get(&pair, "destroy").await.ok();
        dead.push(pair);
    }
    let live = site.session("live").await;
    let pairs = |count: usize| {
        let dead = dead.iter().take(count).map(String::as_str);
        dead.chain([live.as_str()]).collect::<Vec<_>>()
    };
    for (count, expected, lookups) in [(0, "\"live\"", 1), (7, "\"live\"", 8), (20, "null", 8)] {
        loads.store(0, SeqCst);
        assert_eq!(site.user(&pairs(count)).await, expected);
        assert_eq!(loads.load(SeqCst), lookups);
    }
}

#[tokio::test]
async fn a_damaged_record_does_not_hide_a_live_session() {
    let store = MemoryStore::new();
    let site = Site::new(store.clone());
    let (damaged, live) = (site.session("damaged").await, site.session("live").await);
    let session = site.app.manager.open(&with_cookies(&[&damaged])).await.unwrap();
    let key = RecordKey::hashed(&session.id().unwrap());
    store.remove(&key).await.unwrap();
    let body = Bytes::from_static(b"not a session");
    let _ = store.put(&key, body, HOUR, Condition::IfAbsent).await.unwrap();

    let error = site.app.manager.open(&with_cookies(&[&damaged])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(site.user(&[&damaged, &live]).await, "\"live\"");
    let logout = site.app.get(&format!("{damaged}; {live}"), "destroy").await.ok();
    assert_eq!(logout.cookie(), Some(String::new()));
    assert!(!site.is_alive(&live).await);
}

/// An outage must not open another session than the browser's own.
#[tokio::test]
async fn a_store_that_is_down_is_an_error_although_another_cookie_is_alive() {
    let loads = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&loads);
    let store = HookedStore::new(move |condition| {
        let fails = condition.is_none() && counter.fetch_sub(1, SeqCst) == 1;
        let down =
            session_core::StoreError::new(session_core::StoreErrorKind::Unavailable, "it is down");
        Box::pin(std::future::ready(if fails { Err(down) } else { Ok(()) }))
    });
    let site = Site::new(store);
    let (one, two) = (site.session("one").await, site.session("two").await);
    loads.store(1, SeqCst);
    let response = site.app.get(&format!("{one}; {two}"), "get/user").await;
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(site.user(&[&one, &two]).await, "\"one\"");
}

#[tokio::test]
async fn an_expired_session_in_a_cookie_does_not_hide_a_live_one() {
    let site = Site::new(CookieStorage::new());
    let expired = site.session("expired").await;
    site.clock.advance(2 * HOUR);
    let live = site.session("live").await;
    assert_eq!(site.user(&[&expired]).await, "null");
    assert_eq!(site.user(&[&expired, &live]).await, "\"live\"");
    assert_eq!(site.user(&[&live, &expired]).await, "\"live\"");
}
