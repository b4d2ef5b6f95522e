//! The trials.

use std::io;
use std::thread;

use tokio::runtime::Handle;

use crate::gate;
use crate::http::{Jar, Response};
use crate::site::Site;

/// The result of a logout during a slow request.
pub struct Logout {
    /// Whether the old id still opens the session.
    pub alive: bool,
    /// Whether the slow response set a new cookie that opens the session.
    pub alive_elsewhere: bool,
    /// The status of the slow request.
    pub status: u16,
}

/// Two requests open the same session, and then each sets a different key. Returns whether a key is
/// missing.
pub fn overlap(site: &Site) -> io::Result<bool> {
    let [one, two, third] = site.ports;
    let mut jar = Jar::default();
    jar.get(one, "/set/first")?;
    let a = slow(&jar, one, "/slow/a")?;
    let b = slow(&jar, two, "/slow/b")?;
    for request in [a, b] {
        gate::open();
        request.response()?;
    }
    let both = has(&jar, third, "a")? && has(&jar, third, "b")?;
    Ok(!both)
}

/// A logout during a slow request of the same session. The slow request sets a key afterwards.
pub fn logout(site: &Site) -> io::Result<Logout> {
    let [one, two, third] = site.ports;
    let mut jar = Jar::default();
    jar.get(one, "/set/user")?;
    let request = slow(&jar, one, "/slow/cart")?;
    jar.clone().get(two, "/logout")?;
    gate::open();
    let (after, response) = request.response()?;
    Ok(Logout {
        alive: has(&jar, third, "user")?,
        alive_elsewhere: after != jar && has(&after, third, "user")?,
        status: response.status,
    })
}

struct Slow(thread::JoinHandle<io::Result<(Jar, Response)>>);

/// Starts a request, and returns when it has reached the gate.
fn slow(jar: &Jar, port: u16, path: &'static str) -> io::Result<Slow> {
    let (mut jar, runtime) = (jar.clone(), Handle::current());
    let thread = thread::spawn(move || {
        let _guard = runtime.enter();
        let response = jar.get(port, path)?;
        Ok((jar, response))
    });
    gate::wait_for_request()?;
    Ok(Slow(thread))
}

impl Slow {
    fn response(self) -> io::Result<(Jar, Response)> {
        self.0.join().map_err(|_| io::Error::other("the client panicked"))?
    }
}

fn has(jar: &Jar, port: u16, key: &str) -> io::Result<bool> {
    Ok(jar.clone().get(port, &format!("/has/{key}"))?.body.contains("yes"))
}
