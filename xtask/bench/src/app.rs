//! An application with the same routes on every library, and its requests as cases.

use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, Request, Uri, header};
use tokio::runtime::Runtime;
use tower_service::Service;

use crate::Case;

/// An application with these routes, which all [`answer`]:
///
/// | route | what it does |
/// | --- | --- |
/// | `/new` | sets [`THREE`] in a new session |
/// | `/new50` | sets [`fifty`] in a new session, and `count` |
/// | `/untouched` | leaves the session alone |
/// | `/read` | reads `count` |
/// | `/write` | reads `count`, and sets it one higher |
/// | `/login` | gives the session a new id, and sets `user` |
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) subject: &'static str,
    pub(crate) router: Router,
    runtime: Rc<Runtime>,
}

/// What a session holds: a number, or a text.
#[derive(Clone, Debug)]
pub enum Value {
    /// A number.
    Number(u64),
    /// A text.
    Text(&'static str),
}

/// Three small keys, as most sessions are.
pub const THREE: [(&str, Value); 3] = [
    ("user", Value::Number(42)),
    ("theme", Value::Text("dark")),
    ("count", Value::Number(1)),
];

/// Fifty keys of a hundred bytes each.
pub fn fifty() -> impl Iterator<Item = (String, String)> {
    (0..50).map(|n| (format!("key{n:02}"), "x".repeat(100)))
}

/// What a route answers: whether the session held what it looked for.
pub fn answer(found: bool) -> &'static str {
    if found { "ok" } else { "no session" }
}

impl App {
    /// An application of whoever `subject` is.
    pub fn new(subject: &'static str, router: Router) -> Self {
        Self::on(&runtime(), subject, router)
    }

    /// One whose clients of servers live on this runtime.
    pub fn on(runtime: &Rc<Runtime>, subject: &'static str, router: Router) -> Self {
        Self {
            subject,
            // As `axum::serve` does; a router without it puts its layers around a handler anew for each request.
            router: router.with_state(()),
            runtime: Rc::clone(runtime),
        }
    }

    /// The requests of an application as cases.
    pub fn cases(&self) -> Vec<Case> {
        let three = self.cookie("/new");
        let fifty = self.cookie("/new50");
        let forged = three.as_ref().map(forge);
        let mut cases = self.simple_cases();
        cases.extend([
            self.login(three),
            self.case("read after a login", "/read", self.logged_in()),
            self.requests("forged, read", "/read", forged),
            self.case("50 keys: read", "/read", fifty.clone()),
            self.case("50 keys: read and write", "/write", fifty),
        ]);
        cases
    }

    /// Those that need neither ids nor much room. What is read is not what is written all the time: that record carries as
    /// many write ids as there can be.
    pub fn simple_cases(&self) -> Vec<Case> {
        let cookie = || self.cookie("/new");
        vec![
            self.case("no cookie, untouched", "/untouched", None),
            self.case("untouched", "/untouched", cookie()),
            self.case("read", "/read", cookie()),
            self.case("read and write", "/write", cookie()),
        ]
    }

    /// Those that a store on a server sees, or is spared.
    pub fn stored_cases(&self) -> Vec<Case> {
        let mut cases = self.simple_cases();
        cases.push(self.login(self.cookie("/new")));
        cases
    }

    /// Requests to `path` with this cookie, whose session is found.
    pub fn case(
        &self,
        scenario: &'static str,
        path: &'static str,
        cookie: Option<HeaderValue>,
    ) -> Case {
        self.check(path, cookie.as_ref());
        self.requests(scenario, path, cookie)
    }

    /// An error, or a session that is not found, is not what is measured.
    pub(crate) fn check(&self, path: &'static str, cookie: Option<&HeaderValue>) {
        let mut router = self.router.clone();
        let (status, body) = self.runtime.block_on(async {
            let response = call(&mut router, path, cookie).await;
            let status = response.status();
            let body = axum::body::to_bytes(response.into_body(), 1024).await;
            (status, body.expect("a short answer"))
        });
        let is_ok = status.is_success() && *body == *answer(true).as_bytes();
        assert!(is_ok, "{}, {path}: {status}, {body:?}", self.subject);
    }

    fn requests(
        &self,
        scenario: &'static str,
        path: &'static str,
        cookie: Option<HeaderValue>,
    ) -> Case {
        let (runtime, mut router) = (Rc::clone(&self.runtime), self.router.clone());
        Case::new(scenario, self.subject, move |times| {
            runtime.block_on(async {
                for _ in 0..times {
                    black_box(call(&mut router, path, cookie.as_ref()).await);
                }
            });
        })
    }

    /// Each request sends the cookie that the last one gave.
    fn login(&self, cookie: Option<HeaderValue>) -> Case {
        let (runtime, mut router) = (Rc::clone(&self.runtime), self.router.clone());
        let cookie = Rc::new(RefCell::new(cookie));
        Case::new("login", self.subject, move |times| {
            runtime.block_on(async {
                for _ in 0..times {
                    let sent = cookie.borrow().clone();
                    let response = call(&mut router, "/login", sent.as_ref()).await;
                    if let Some(new) = set_cookie(&response) {
                        *cookie.borrow_mut() = Some(new);
                    }
                }
            });
        })
    }

    /// Requests to `path`, 32 at a time, each of a session of its own.
    pub fn in_flight(&self, scenario: &'static str, path: &'static str) -> Case {
        let router = self.router.clone();
        let cookies: Vec<_> = (0..IN_FLIGHT).map(|_| self.cookie("/new")).collect();
        for cookie in &cookies {
            self.check(path, cookie.as_ref());
        }
        in_flight(&self.runtime, scenario, self.subject, move |task, times| {
            let (mut router, cookie) = (router.clone(), cookies[task].clone());
            async move {
                for _ in 0..times {
                    let response = call(&mut router, path, cookie.as_ref()).await;
                    assert!(response.status().is_success(), "{response:?}");
                }
            }
        })
    }

    /// Requests to `path`, each of another of these sessions, in no order.
    pub(crate) fn spread(
        &self,
        scenario: String,
        path: &'static str,
        cookies: Vec<Option<HeaderValue>>,
    ) -> Case {
        let (runtime, mut router) = (Rc::clone(&self.runtime), self.router.clone());
        let mut random = Random::default();
        self.check(path, cookies[0].as_ref());
        Case::new(scenario, self.subject, move |times| {
            runtime.block_on(async {
                for _ in 0..times {
                    let cookie = cookies[random.below(cookies.len())].as_ref();
                    black_box(call(&mut router, path, cookie).await);
                }
            });
        })
    }

    /// The cookie that a route gives to a visitor without one; a stranger's where the route gives none.
    pub fn cookie(&self, path: &'static str) -> Option<HeaderValue> {
        self.next_cookie(path, None)
    }

    /// The cookie of a session that was given a new id.
    fn logged_in(&self) -> Option<HeaderValue> {
        self.next_cookie("/login", self.cookie("/new"))
    }

    fn next_cookie(&self, path: &'static str, sent: Option<HeaderValue>) -> Option<HeaderValue> {
        let mut router = self.router.clone();
        let response = self
            .runtime
            .block_on(call(&mut router, path, sent.as_ref()));
        assert!(response.status().is_success(), "{path}: {response:?}");
        set_cookie(&response).or_else(|| Some(HeaderValue::from_static(STRANGER)))
    }
}

/// As long as a signed id is.
const STRANGER: &str =
    "__Host-session=s1.0123456789abcdefghijklmn.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

/// A runtime of one thread: the one that measures.
pub fn runtime() -> Rc<Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    Rc::new(builder.enable_all().build().expect("a runtime"))
}

/// How many requests are under way at once where that is what is measured.
pub const IN_FLIGHT: usize = 32;

/// A case whose work is split over as many tasks: `work(task, times)`.
pub fn in_flight<W>(
    runtime: &Rc<Runtime>,
    scenario: &'static str,
    subject: &'static str,
    work: impl Fn(usize, usize) -> W + 'static,
) -> Case
where
    W: Future<Output = ()> + Send + 'static,
{
    let runtime = Rc::clone(runtime);
    Case::new(scenario, subject, move |times| {
        let share = |task| times / IN_FLIGHT + usize::from(task < times % IN_FLIGHT);
        let tasks: Vec<_> = (0..IN_FLIGHT)
            .map(|task| runtime.spawn(work(task, share(task))))
            .collect();
        runtime.block_on(async {
            for task in tasks {
                task.await.expect("a task that did not panic");
            }
        });
    })
    .uncounted()
}

/// The same numbers in each run: xorshift.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

impl Random {
    /// One for each of so many threads, to go on with from run to run: what began anew would find all it meets in the processor's
    /// caches.
    pub fn walks(threads: usize) -> Vec<Self> {
        let seed = |thread: usize| (thread as u64).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let walks = (0..threads).map(|thread| Self(Self::default().0 ^ seed(thread)));
        walks.collect()
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end.max(1)
    }
}

pub(crate) async fn call(
    router: &mut Router,
    path: &'static str,
    cookie: Option<&HeaderValue>,
) -> Response {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static(path);
    if let Some(cookie) = cookie {
        request.headers_mut().insert(header::COOKIE, cookie.clone());
    }
    let Ok(response) = router.call(request).await;
    response
}

/// All of them: some libraries set two.
fn set_cookie(response: &Response) -> Option<HeaderValue> {
    let lines = response.headers().get_all(header::SET_COOKIE).iter();
    let pairs: Vec<&str> = lines
        .filter_map(|line| line.to_str().ok()?.split(';').next())
        .collect();
    (!pairs.is_empty()).then(|| HeaderValue::from_str(&pairs.join("; ")).ok())?
}

/// The cookie with another character in the middle of its value, where every library signs.
fn forge(cookie: &HeaderValue) -> HeaderValue {
    let mut bytes = cookie.as_bytes().to_vec();
    let middle = bytes.len() - 20;
    bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
    HeaderValue::from_bytes(&bytes).expect("a letter")
}
