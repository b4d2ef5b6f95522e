//! Waiting with a deadline.

use std::thread;
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// Asks `probe` again and again until it succeeds, and gives its last error when `limit` has
/// passed.
///
/// ```
/// # use std::time::Duration;
/// # use session_servers::until;
/// let mut left = 3;
/// until(Duration::from_secs(5), "the countdown", || {
///     left -= 1;
///     if left == 0 { Ok(()) } else { Err(session_servers::Error::from(format!("{left} left"))) }
/// })?;
/// # Ok::<(), session_servers::Error>(())
/// ```
pub fn until<T>(limit: Duration, what: &str, mut probe: impl FnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        match probe() {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() >= deadline => {
                return Err(Error::new(format!("{what}: not within {limit:?}; at last: {error}")));
            }
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

impl From<String> for Error {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}
