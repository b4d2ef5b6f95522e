//! What one browser does, from its first request to its last.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::history::{Event, Life, Outcome, Request};
use crate::http;

/// What the clients need to know.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) servers: Vec<SocketAddr>,
    pub(crate) began: Instant,
}

/// One life under way.
struct Browser {
    world: Arc<World>,
    rng: Rng,
    life: Life,
    /// The cookie that it holds, as an index of the life's cookies.
    cookie: Option<usize>,
    /// Whether the session is still worth asking for.
    alive: bool,
}

/// Lives one life, and returns its history.
pub(crate) async fn live(world: Arc<World>, marker: String, seed: u64) -> Life {
    let mut browser = Browser {
        world,
        rng: Rng::with_seed(seed),
        life: Life {
            marker: marker.clone(),
            ..Life::default()
        },
        cookie: None,
        alive: true,
    };
    browser.one(Request::Begin(marker)).await;
    browser.alive = browser.cookie.is_some();
    let steps = browser.rng.usize(4..24);
    for step in 0..steps {
        if !browser.alive {
            break;
        }
        browser.step(step).await;
    }
    if browser.alive {
        browser.one(Request::Read).await;
    }
    if browser.alive && browser.rng.bool() {
        browser.leave().await;
    }
    browser.life
}

/// Asks for every cookie of a life that was logged out once more.
pub(crate) async fn haunt(world: Arc<World>, life: &mut Life) {
    let logged_out = life.events.iter().any(|event| {
        event.request == Request::Logout && event.done().is_some_and(|(marker, _)| marker.is_some())
    });
    if !logged_out {
        return;
    }
    let mut browser = Browser {
        world,
        rng: Rng::with_seed(1),
        life: std::mem::take(life),
        cookie: None,
        alive: true,
    };
    for cookie in 0..browser.life.cookies.len() {
        let event = browser.send(Request::Read, Some(cookie), None);
        let (event, _) = event.await;
        browser.life.events.push(event);
    }
    *life = browser.life;
}

impl Browser {
    async fn step(&mut self, step: usize) {
        let own = |what: &str| format!("{what}{step}-{}", self.life.marker);
        let set = Request::Set(format!("k{step}"), own("v"));
        match self.rng.u32(0..100) {
            0..20 => self.one(Request::Count).await,
            20..35 => self.both(Request::Count, Request::Count).await,
            35..47 => self.both(Request::Count, set).await,
            47..55 => self.one(set).await,
            55..63 => self.one(Request::Read).await,
            63..70 => {
                self.one(Request::Flash(own("f"))).await;
            }
            70..77 => self.one(Request::Notice).await,
            77..80 => self.both(Request::Notice, Request::Flash(own("f"))).await,
            80..87 => self.one(Request::Login).await,
            87..90 => self.both(Request::Login, Request::Login).await,
            90..92 => self.both(Request::Login, Request::Count).await,
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

    /// One request, and its answer.
    async fn one(&mut self, request: Request) {
        let pause = Duration::from_millis(self.rng.u64(0..5));
        tokio::time::sleep(pause).await;
        let sent = self.send(request, self.cookie, None).await;
        self.receive(sent);
    }

    /// Two requests at once: a double click, or two tabs.
    async fn both(&mut self, first: Request, second: Request) {
        let sent = (
            self.send(first, self.cookie, None),
            self.send(second, self.cookie, None),
        );
        let (first, second) = tokio::join!(sent.0, sent.1);
        // The answers arrive in either order.
        let order = if first.0.end <= second.0.end {
            [first, second]
        } else {
            [second, first]
        };
        for sent in order {
            self.receive(sent);
        }
    }

    /// A request whose client goes away before the answer.
    async fn hang_up(&mut self, request: Request) {
        let patience = Duration::from_millis(self.rng.u64(0..25));
        let sent = self.send(request, self.cookie, Some(patience)).await;
        self.receive(sent);
    }

    /// A request with a cookie of before.
    async fn replay(&mut self) {
        let old = self.rng.usize(0..self.life.cookies.len());
        let (event, _) = self.send(Request::Read, Some(old), None).await;
        self.life.events.push(event);
    }

    /// Logs out, sometimes while something else is under way, and asks for everything again.
    async fn leave(&mut self) {
        let cookie = self.cookie;
        match self.rng.u32(0..4) {
            0 => self.both(Request::Logout, Request::Count).await,
            1 => self.both(Request::Logout, Request::Login).await,
            _ => self.one(Request::Logout).await,
        }
        self.cookie = cookie;
        for cookie in 0..self.life.cookies.len() {
            let (event, _) = self.send(Request::Read, Some(cookie), None).await;
            self.life.events.push(event);
        }
    }

    /// Starts a request; what comes back is not yet taken in.
    fn send(
        &mut self,
        request: Request,
        cookie: Option<usize>,
        patience: Option<Duration>,
    ) -> impl Future<Output = (Event, Option<String>)> + use<> {
        let server = self.rng.usize(0..self.world.servers.len());
        let hold = match self.rng.u32(0..4) {
            0 => self.rng.u64(0..20),
            _ => 0,
        };
        let path = format!("{}?hold={hold}", request.path());
        let text = cookie.and_then(|cookie| self.life.cookies.get(cookie).cloned());
        let world = Arc::clone(&self.world);
        async move {
            let start = world.began.elapsed();
            let (outcome, gave) = match world.servers.get(server) {
                Some(address) => http::get(*address, &path, text.as_deref(), patience).await,
                None => (Outcome::Gone("no server"), None),
            };
            let event = Event {
                start,
                end: world.began.elapsed(),
                request,
                cookie,
                server,
                outcome,
                gave: None,
            };
            (event, gave)
        }
    }

    /// Takes an answer in: the cookie that it gave, and whether the session still lives.
    fn receive(&mut self, (mut event, gave): (Event, Option<String>)) {
        let begins = matches!(event.request, Request::Begin(_));
        let gone = event.done().is_some_and(|(marker, _)| marker.is_none());
        if let Some(cookie) = gave
            && matches!(event.request, Request::Begin(_) | Request::Login)
            && (begins || !gone)
        {
            event.gave = Some(self.life.cookies.len());
            self.cookie = event.gave;
            self.life.cookies.push(cookie);
        }
        let ended = gone && !begins || event.request == Request::Logout || event.refused();
        if ended || event.outcome == Outcome::Stuck {
            self.alive = false;
        }
        self.life.events.push(event);
    }
}
