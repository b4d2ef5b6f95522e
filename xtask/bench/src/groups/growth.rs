//! One request, with ever more sessions beside its own.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axum::Router;
use axum::extract::Request;
use axum::response::AppendHeaders;
use axum::routing::get;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderName, HeaderValue};
use memmap2::{Advice, MmapMut};

use super::memory::{MILLION, roomy};
use super::{bare, ours};
use crate::app::{call, runtime};
use crate::{App, Case, Random, answer};

/// Who looks at one record, and does nothing else.
pub(crate) const LOOK: &str = "bare router, one look";

/// Ours; the bare router, which shows that the bench itself takes no longer; and [`look`].
pub(super) fn cases() -> Vec<Case> {
    let mut cases = growing(|_| bare());
    cases.extend(growing(look));
    cases.extend(growing(|_| ours(roomy())));
    cases
}

/// Requests that each read from another session, with ever more of them in `app(sessions)`.
pub fn growing(app: impl Fn(usize) -> App) -> Vec<Case> {
    let sizes = [1_000, 10_000, 100_000, MILLION];
    sizes.map(|sessions| walk(app(sessions), sessions)).into()
}

fn walk(app: App, sessions: usize) -> Case {
    let mut cookies: Vec<_> = (0..sessions)
        .map(|_| app.cookie("/new").expect("a session"))
        .collect();
    let mut random = Random::default();
    for at in 1..sessions {
        cookies.swap(at, random.below(at + 1));
    }
    app.check("/read", cookies.first());
    // A server has a cookie fresh from its socket. Spread over the heap these would miss the processor's caches, the more of them
    // the more, which is the bench's own affair: so they lie one behind the other, and are fetched before their turn.
    let length = cookies[0].len();
    let texts = cookies.iter().flat_map(|cookie| cookie.as_bytes());
    let texts: Vec<u8> = texts.copied().collect();
    assert_eq!(texts.len(), sessions * length, "cookies of one length");
    let (runtime, mut router, mut next) = (runtime(), app.router, 0);
    Case::new(
        format!("read, {sessions} sessions"),
        app.subject,
        move |times| {
            runtime.block_on(async {
                for _ in 0..times {
                    let cookie = &texts[next * length..][..length];
                    next = (next + 1) % sessions;
                    let cookie = HeaderValue::from_bytes(cookie).expect("a cookie");
                    black_box(call(&mut router, "/read", Some(&cookie)).await);
                }
            });
        },
    )
    .long()
}

/// What a library with so many sessions in memory can hardly go below: a router whose handler looks at one record out of as many,
/// where the cookie says.
fn look(sessions: usize) -> App {
    let records = Arc::new(Records::new(sessions));
    let new = Arc::clone(&records);
    let router = Router::new()
        .route("/new", get(async move || new.cookie()))
        .route(
            "/read",
            get(async move |request: Request| answer(records.look(&request).is_some())),
        );
    App::new(LOOK, router)
}

/// As much as a load of a small session reads of its record: three cache lines each, and on huge pages where there are any, as our
/// store's.
struct Records {
    map: MmapMut,
    cookies: AtomicUsize,
}

impl Records {
    const SIZE: usize = 192;

    fn new(number: usize) -> Self {
        let mut map = MmapMut::map_anon(number * Self::SIZE).expect("memory");
        // A wish: where there are no huge pages, small ones do.
        let _ = map.advise(Advice::HugePage);
        map.fill(1);
        Self {
            map,
            cookies: AtomicUsize::new(0),
        }
    }

    /// The cookie of the next record, as long as that of a session.
    fn cookie(&self) -> AppendHeaders<[(HeaderName, String); 1]> {
        let number = self.cookies.fetch_add(1, Relaxed);
        AppendHeaders([(SET_COOKIE, format!("__Host-session={number:071}"))])
    }

    fn look(&self, request: &Request) -> Option<()> {
        let cookie = request.headers().get(COOKIE)?.as_bytes();
        let (_, digits) = cookie.split_last_chunk::<8>()?;
        let number: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let record: &[u8; Self::SIZE] = self.map.get(number * Self::SIZE..)?.first_chunk()?;
        black_box(*record);
        Some(())
    }
}
