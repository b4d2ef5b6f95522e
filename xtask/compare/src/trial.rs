//! What is tried.

use std::io;
use std::thread;

use tokio::runtime::Handle;

use crate::gate;
use crate::http::{Answer, Jar};
use crate::site::Site;

pub struct Ended {
    /// The id that logged out opens the session.
    pub alive: bool,
    /// What the browser holds after the slow response opens it.
    pub elsewhere: bool,
    /// Of the slow request.
    pub status: u16,
}

/// Two requests open one session, and then each sets a key of its own: is one of the keys missing?
pub fn overlap(site: &Site) -> io::Result<bool> {
    let [one, two, third] = site.ports;
    let mut jar = Jar::default();
    jar.get(one, "/set/first")?;
    let a = slow(&jar, one, "/slow/a")?;
    let b = slow(&jar, two, "/slow/b")?;
    for request in [a, b] {
        gate::open();
        request.end()?;
    }
    let both = has(&jar, third, "a")? && has(&jar, third, "b")?;
    Ok(!both)
}

/// A logout while a slow request of the same session is under way, which then sets a key.
pub fn logout(site: &Site) -> io::Result<Ended> {
    let [one, two, third] = site.ports;
    let mut jar = Jar::default();
    jar.get(one, "/set/user")?;
    let request = slow(&jar, one, "/slow/cart")?;
    jar.clone().get(two, "/logout")?;
    gate::open();
    let (after, answer) = request.end()?;
    Ok(Ended {
        alive: has(&jar, third, "user")?,
        elsewhere: after != jar && has(&after, third, "user")?,
        status: answer.status,
    })
}

struct Slow(thread::JoinHandle<io::Result<(Jar, Answer)>>);

/// Returns once the request has come to the gate.
fn slow(jar: &Jar, port: u16, path: &'static str) -> io::Result<Slow> {
    let (mut jar, runtime) = (jar.clone(), Handle::current());
    let thread = thread::spawn(move || {
        let _guard = runtime.enter();
        let answer = jar.get(port, path)?;
        Ok((jar, answer))
    });
    gate::entered()?;
    Ok(Slow(thread))
}

impl Slow {
    fn end(self) -> io::Result<(Jar, Answer)> {
        self.0
            .join()
            .map_err(|_| io::Error::other("the client panicked"))?
    }
}

fn has(jar: &Jar, port: u16, key: &str) -> io::Result<bool> {
    Ok(jar
        .clone()
        .get(port, &format!("/has/{key}"))?
        .body
        .contains("yes"))
}
