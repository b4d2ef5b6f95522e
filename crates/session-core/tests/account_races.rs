//! Logins, new ids, logouts and "end all" of one account, interleaved at random, step by step, with
//! lost replies and crashes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use session_core::{Account, CookieChange, Session, SessionPolicy, SessionStorage};
use support::{Fault, Server};

/// Random numbers that are the same in every run (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap() % end
    }
}

/// What the clients have seen, with the step at which they did.
#[derive(Default)]
struct Seen {
    step: Cell<usize>,
    /// Ids that a browser was told, and when the account was taken, for logins, or the session that
    /// moved, for new ids.
    logins: RefCell<Vec<(String, usize)>>,
    moves: RefCell<Vec<(String, String)>>,
    logouts: RefCell<Vec<String>>,
    /// When an "end all" that was answered had begun.
    ends: RefCell<Vec<usize>>,
}

struct World {
    server: Server,
    seen: Seen,
}

impl World {
    async fn account(&self) -> Account {
        let storage: Arc<dyn SessionStorage> = Arc::new(Arc::clone(&self.server.store));
        Account::load(storage, &self.server.policy, "ada").await.unwrap()
    }

    async fn saved(&self, session: &Session) -> Option<String> {
        match self.server.save(session).await.ok()?.cookie {
            CookieChange::Set { value, .. } => Some(value),
            _ => None,
        }
    }

    async fn login(&self, guest: Option<&str>) {
        let account = self.account().await;
        let taken = self.seen.step.get();
        let session = self.server.open(guest).await;
        session.sign_in(&account).unwrap();
        for _ in 0..2 {
            if let Some(id) = self.saved(&session).await {
                self.seen.logins.borrow_mut().push((id, taken));
                return;
            }
        }
    }

    async fn new_id(&self, old: &str) {
        let session = self.server.open(old).await;
        if session.account().is_none() {
            return;
        }
        session.regenerate_id().unwrap();
        for _ in 0..2 {
            if let Some(id) = self.saved(&session).await {
                self.seen.moves.borrow_mut().push((id, old.to_owned()));
                return;
            }
        }
    }

    async fn logout(&self, id: &str) {
        let session = self.server.open(id).await;
        session.destroy().unwrap();
        for _ in 0..2 {
            if self.server.save(&session).await.is_ok() {
                self.seen.logouts.borrow_mut().push(id.to_owned());
                return;
            }
        }
    }

    async fn end_all(&self) {
        let began = self.seen.step.get();
        let account = self.account().await;
        for _ in 0..2 {
            if account.end_all().await.is_ok() {
                self.seen.ends.borrow_mut().push(began);
                return;
            }
        }
    }

    /// Checks what must hold once all is over. `first` was signed in at the beginning.
    async fn check(&self, first: &str) {
        let Seen { logins, moves, logouts, ends, .. } = &self.seen;
        let account = self.account().await;
        let listed = account.sessions().await.unwrap();
        let (logins, moves) = (logins.borrow().clone(), moves.borrow().clone());
        let logouts: HashSet<_> = logouts.borrow().iter().cloned().collect();
        let last_end = ends.borrow().iter().max().copied();
        let login_of = |id: &str| {
            let login = logins.iter().find(|(of, _)| of == id);
            login.map_or(0, |(_, taken)| *taken)
        };
        let told = logins.iter().map(|(id, _)| (id.as_str(), None));
        let moved = moves.iter().map(|(id, old)| (id.as_str(), Some(old.as_str())));
        for (id, old) in told.chain(moved).chain([(first, None)]) {
            let session = self.server.open(id).await;
            if session.account().is_none() {
                continue;
            }
            let origin = old.unwrap_or(id);
            assert!(last_end.is_none_or(|end| login_of(origin) >= end), "it survived an end");
            assert!(!logouts.contains(origin) && !logouts.contains(id), "it survived a logout");
            assert!(listed.iter().any(|device| device.is(&session)), "it lives and is not listed");
        }
    }
}

type Client<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Runs the clients to their end, one step of one of them at a time. One may stop half-way.
fn interleave(world: &World, mut clients: Vec<Client<'_>>, random: &mut Random) {
    let mut crash_at = random.below(60);
    while !clients.is_empty() {
        let chosen = random.below(clients.len());
        if random.below(12) == 0 {
            let fault = [Fault::LostReply, Fault::Fails][random.below(2)];
            *world.server.store.faults.lock().unwrap() = [fault].into();
        }
        world.seen.step.set(world.seen.step.get() + 1);
        let step = clients[chosen].as_mut().poll(&mut Context::from_waker(Waker::noop()));
        world.server.store.faults.lock().unwrap().clear();
        let crashes = crash_at == 0;
        crash_at = crash_at.wrapping_sub(1);
        if crashes || step.is_ready() {
            drop(clients.swap_remove(chosen));
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = Box::pin(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}

#[test]
fn what_was_ended_stays_ended_and_what_lives_is_listed() {
    for seed in 0..30_000 {
        let mut random = Random(seed);
        let world = World { server: Server::with(SessionPolicy::default()), seen: Seen::default() };
        let (first, guest) = block_on(async {
            world.login(None).await;
            let first = world.seen.logins.borrow_mut().pop().unwrap().0;
            (first, world.server.stored_session().await)
        });
        world.server.set_pausing(true);
        let mut clients: Vec<Client<'_>> = Vec::new();
        for _ in 0..2 + random.below(2) {
            clients.push(match random.below(6) {
                0 => Box::pin(world.login(None)),
                1 => Box::pin(world.login(Some(&guest))),
                2 => Box::pin(world.new_id(&first)),
                3 => Box::pin(world.logout(&first)),
                _ => Box::pin(world.end_all()),
            });
        }
        interleave(&world, clients, &mut random);
        world.server.set_pausing(false);
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            block_on(world.check(&first));
        }));
        assert!(checked.is_ok(), "seed {seed}");
    }
}
