//! The requests of one browser, chosen at random.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::history::{Event, History, Outcome, Request};
use crate::http;

/// What all clients share.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) servers: Vec<SocketAddr>,
    /// The start of the run.
    pub(crate) start: Instant,
}

struct Browser {
    setup: Arc<Setup>,
    rng: Rng,
    history: History,
    /// The cookie that the browser has now, as an index into [`History::cookies`].
    cookie: Option<usize>,
    /// Whether the session still exists, as far as the browser knows.
    alive: bool,
}

/// Runs one browser from its first request to its last, and returns its history.
pub(crate) async fn run(setup: Arc<Setup>, marker: String, seed: u64) -> History {
    let mut browser = Browser {
        setup,
        rng: Rng::with_seed(seed),
        history: History { marker: marker.clone(), ..History::default() },
        cookie: None,
        alive: true,
    };
    browser.request(Request::Start(marker)).await;
    browser.alive = browser.cookie.is_some();
    let steps = browser.rng.usize(4..24);
    for step in 0..steps {
        if !browser.alive {
            break;
        }
        browser.step(step).await;
    }
    if browser.alive {
        browser.request(Request::Read).await;
    }
    if browser.alive && browser.rng.bool() {
        browser.log_out().await;
    }
    browser.history
}

/// If the session was logged out, reads it again with each of its cookies.
pub(crate) async fn read_after_logout(setup: Arc<Setup>, history: &mut History) {
    let logged_out = history
        .events
        .iter()
        .any(|event| event.request == Request::Logout && event.found_session());
    if !logged_out {
        return;
    }
    let mut browser = Browser {
        setup,
        rng: Rng::with_seed(1),
        history: std::mem::take(history),
        cookie: None,
        alive: true,
    };
    for cookie in 0..browser.history.cookies.len() {
        let (event, _) = browser.send(Request::Read, Some(cookie), None).await;
        browser.history.events.push(event);
    }
    *history = browser.history;
}

impl Browser {
    async fn step(&mut self, step: usize) {
        let own = |what: &str| format!("{what}{step}-{}", self.history.marker);
        let set = Request::Set(format!("k{step}"), own("v"));
        match self.rng.u32(0..100) {
            0..20 => self.request(Request::Count).await,
            20..35 => self.two_requests(Request::Count, Request::Count).await,
            35..47 => self.two_requests(Request::Count, set).await,
            47..55 => self.request(set).await,
            55..63 => self.request(Request::Read).await,
            63..70 => {
                self.request(Request::Flash(own("f"))).await;
            }
            70..77 => self.request(Request::Notice).await,
            77..80 => self.two_requests(Request::Notice, Request::Flash(own("f"))).await,
            80..87 => self.request(Request::Login).await,
            87..90 => self.two_requests(Request::Login, Request::Login).await,
            90..92 => self.two_requests(Request::Login, Request::Count).await,
            92..97 => {
                let request = match self.rng.u32(0..4) {
                    0 => Request::Count,
                    1 => set,
                    2 => Request::Notice,
                    _ => Request::Login,
                };
                self.hang_up(request).await;
            }
            _ => self.replay().await,
        }
    }

    /// Sends one request, and waits for the answer.
    async fn request(&mut self, request: Request) {
        let pause = Duration::from_millis(self.rng.u64(0..5));
        tokio::time::sleep(pause).await;
        let sent = self.send(request, self.cookie, None).await;
        self.receive(sent);
    }

    /// Sends two requests at the same time, as a double click or two tabs do.
    async fn two_requests(&mut self, first: Request, second: Request) {
        let sent = (self.send(first, self.cookie, None), self.send(second, self.cookie, None));
        let (first, second) = tokio::join!(sent.0, sent.1);
        // The answers arrive in either order.
        let order = if first.0.end <= second.0.end { [first, second] } else { [second, first] };
        for sent in order {
            self.receive(sent);
        }
    }

    /// Sends a request, and closes the connection, perhaps before the answer.
    async fn hang_up(&mut self, request: Request) {
        let limit = Duration::from_millis(self.rng.u64(0..25));
        let sent = self.send(request, self.cookie, Some(limit)).await;
        self.receive(sent);
    }

    /// Sends a request with an earlier cookie.
    async fn replay(&mut self) {
        let old = self.rng.usize(0..self.history.cookies.len());
        let (event, _) = self.send(Request::Read, Some(old), None).await;
        self.history.events.push(event);
    }

    /// Logs out, sometimes at the same time as another request, and then reads with every cookie.
    async fn log_out(&mut self) {
        let cookie = self.cookie;
        match self.rng.u32(0..4) {
            0 => self.two_requests(Request::Logout, Request::Count).await,
            1 => self.two_requests(Request::Logout, Request::Login).await,
            _ => self.request(Request::Logout).await,
        }
        self.cookie = cookie;
        for cookie in 0..self.history.cookies.len() {
            let (event, _) = self.send(Request::Read, Some(cookie), None).await;
            self.history.events.push(event);
        }
    }

    /// Sends a request. The browser's cookie changes only when [`receive`](Self::receive) is called
    /// with the answer.
    fn send(
        &mut self,
        request: Request,
        cookie: Option<usize>,
        hang_up_after: Option<Duration>,
    ) -> impl Future<Output = (Event, Option<String>)> + use<> {
        let server = self.rng.usize(0..self.setup.servers.len());
        let delay = match self.rng.u32(0..4) {
            0 => self.rng.u64(0..20),
            _ => 0,
        };
        let path = format!("{}?delay={delay}", request.path());
        let text = cookie.and_then(|cookie| self.history.cookies.get(cookie).cloned());
        let setup = Arc::clone(&self.setup);
        async move {
            let start = setup.start.elapsed();
            let (outcome, set_cookie) = match setup.servers.get(server) {
                Some(address) => http::get(*address, &path, text.as_deref(), hang_up_after).await,
                None => (Outcome::Disconnected("no server"), None),
            };
            let event = Event {
                start,
                end: setup.start.elapsed(),
                request,
                cookie,
                server,
                outcome,
                set_cookie: None,
            };
            (event, set_cookie)
        }
    }

    /// Records an answer: the cookie that it sets, and whether the session still exists.
    fn receive(&mut self, (mut event, set_cookie): (Event, Option<String>)) {
        let starts = matches!(event.request, Request::Start(_));
        let gone = event.done().is_some_and(|(marker, _)| marker.is_none());
        if let Some(cookie) = set_cookie
            && matches!(event.request, Request::Start(_) | Request::Login)
            && (starts || !gone)
        {
            event.set_cookie = Some(self.history.cookies.len());
            self.cookie = event.set_cookie;
            self.history.cookies.push(cookie);
        }
        let ended = gone && !starts || event.request == Request::Logout || event.refused();
        if ended || event.outcome == Outcome::Stuck {
            self.alive = false;
        }
        self.history.events.push(event);
    }
}
