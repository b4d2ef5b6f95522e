//! An application with the same routes on every library, and its requests as cases.

use std::hint::black_box;
use std::rc::Rc;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, Request, Uri, header};
use tokio::runtime::Runtime;
use tower_service::Service;

use crate::Case;

/// How many requests are under way at once where a server answers.
const IN_FLIGHT: usize = 32;

/// An application with these routes:
///
/// | route | what it does | its answer |
/// | --- | --- | --- |
/// | `/new` | sets [`THREE`] in a new session | any |
/// | `/untouched` | leaves the session alone | `ok` |
/// | `/read` | reads `count` | [`answer`] |
/// | `/write` | reads `count`, and sets it one higher | [`answer`] |
#[derive(Clone, Debug)]
pub struct App {
    subject: &'static str,
    pub(crate) router: Router,
    runtime: Rc<Runtime>,
}

/// A request, repeated on one session.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// What the report calls it.
    pub scenario: &'static str,
    /// The route.
    pub path: &'static str,
    /// Whether the request sends the cookie of a session.
    pub has_cookie: bool,
}

pub(crate) const UNTOUCHED: Visit = visit("untouched", "/untouched", true);
pub(crate) const READ: Visit = visit("read", "/read", true);
pub(crate) const WRITE: Visit = visit("read and write", "/write", true);
/// A new visitor, whose session stays empty.
pub(crate) const EMPTY: Visit = visit("empty visitor", "/read", false);

/// What is measured of every library.
pub const VISITS: [Visit; 4] =
    [visit("untouched, no cookie", "/untouched", false), UNTOUCHED, READ, WRITE];

const fn visit(scenario: &'static str, path: &'static str, has_cookie: bool) -> Visit {
    Visit { scenario, path, has_cookie }
}

/// The value of a key.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// A number.
    Number(u64),
    /// A text.
    Text(&'static str),
}

/// The keys of every session.
pub const THREE: [(&str, Value); 3] =
    [("user", Value::Number(42)), ("theme", Value::Text("dark")), ("count", Value::Number(1))];

/// What a route answers, so that a session that is not found is noticed.
pub fn answer(found: bool) -> &'static str {
    if found { "ok" } else { "no session" }
}

/// A runtime of one thread: the one that measures.
pub fn runtime() -> Rc<Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    Rc::new(builder.enable_all().build().expect("a runtime"))
}

impl App {
    /// An application that needs no server.
    pub fn new(subject: &'static str, router: Router) -> Self {
        Self::on(&runtime(), subject, router)
    }

    /// An application whose clients of servers live on this runtime.
    pub fn on(runtime: &Rc<Runtime>, subject: &'static str, router: Router) -> Self {
        Self {
            subject,
            // As `axum::serve` does. Without it, a router wraps its handlers anew for each request.
            router: router.with_state(()),
            runtime: Rc::clone(runtime),
        }
    }

    /// All [`VISITS`], one request at a time.
    pub fn cases(&self) -> Vec<Case> {
        VISITS.map(|visit| self.case(visit)).into()
    }

    pub(crate) fn case(&self, visit: Visit) -> Case {
        let cookie = self.cookie(visit);
        let (runtime, mut router) = (Rc::clone(&self.runtime), self.router.clone());
        Case::timed(visit.scenario, self.subject, move |times| {
            runtime.block_on(async {
                for _ in 0..times {
                    black_box(call(&mut router, visit.path, cookie.as_ref()).await);
                }
            });
        })
    }

    /// Reads and writes with many requests in flight, each on a session of its own.
    pub fn cases_in_flight(&self) -> Vec<Case> {
        [READ, WRITE].map(|visit| self.in_flight(visit)).into()
    }

    fn in_flight(&self, visit: Visit) -> Case {
        let cookies: Vec<_> = (0..IN_FLIGHT).map(|_| self.cookie(visit)).collect();
        let (runtime, router) = (Rc::clone(&self.runtime), self.router.clone());
        Case::timed(visit.scenario, self.subject, move |times| {
            let task = |(number, cookie): (usize, &Option<HeaderValue>)| {
                let share = times / IN_FLIGHT + usize::from(number < times % IN_FLIGHT);
                let (mut router, cookie) = (router.clone(), cookie.clone());
                runtime.spawn(async move {
                    for _ in 0..share {
                        let response = call(&mut router, visit.path, cookie.as_ref()).await;
                        assert!(response.status().is_success(), "{response:?}");
                    }
                })
            };
            let tasks: Vec<_> = cookies.iter().enumerate().map(task).collect();
            runtime.block_on(async {
                for task in tasks {
                    task.await.expect("only successful requests");
                }
            });
        })
    }

    /// The cookie that a visit sends: that of a new session, which it is known to find.
    pub(crate) fn cookie(&self, visit: Visit) -> Option<HeaderValue> {
        if !visit.has_cookie {
            return None;
        }
        self.runtime.block_on(async {
            let mut router = self.router.clone();
            let response = call(&mut router, "/new", None).await;
            let cookie = set_cookie(&response).unwrap_or(HeaderValue::from_static(UNKNOWN));
            let response = call(&mut router, visit.path, Some(&cookie)).await;
            let body = axum::body::to_bytes(response.into_body(), 1024).await;
            let body = body.expect("a short answer");
            assert_eq!(body, answer(true), "{}: {visit:?}", self.subject);
            Some(cookie)
        })
    }
}

/// Sent where there are no sessions; as long as one of ours.
const UNKNOWN: &str =
    "__Host-session=s1.0123456789abcdefghijklmn.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

async fn call(router: &mut Router, path: &'static str, cookie: Option<&HeaderValue>) -> Response {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static(path);
    if let Some(cookie) = cookie {
        request.headers_mut().insert(header::COOKIE, cookie.clone());
    }
    let Ok(response) = router.call(request).await;
    response
}

fn set_cookie(response: &Response) -> Option<HeaderValue> {
    let line = response.headers().get(header::SET_COOKIE)?.to_str().ok()?;
    let (pair, _) = line.split_once(';')?;
    HeaderValue::from_str(pair).ok()
}
