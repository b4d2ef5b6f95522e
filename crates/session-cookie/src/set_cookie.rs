//! The `Set-Cookie` header.

use std::time::{Duration, SystemTime};

use session_core::{CookieContent, Error, Result};

use crate::former::removal;
use crate::{SessionCookie, chunks};

impl SessionCookie {
    /// The `Set-Cookie` values that give the browser `value`: one, or several if the value is split
    /// or replaces one that was, or if there are [former](Self::former) cookies to remove.
    ///
    /// `max_age` tells the browser when to drop the cookie, after 400 days at most: browsers keep
    /// no cookie longer (RFC 6265bis, section 5.5). Without it, that is when the browser closes.
    /// `deadline` is sealed in with data. `chunk_count` is what [`chunk_count`](Self::chunk_count)
    /// said about the request, 0 if there was none.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use session_cookie::{Secret, SessionCookie};
    /// use session_core::CookieContent;
    ///
    /// let cookie = SessionCookie::new(Secret::random()?)?;
    /// let day = Duration::from_secs(24 * 60 * 60);
    /// let lines = cookie.set("an-id", CookieContent::Id, Some(day), SystemTime::now() + day, 0)?;
    /// assert!(lines[0].starts_with("__Host-session=s1.an-id."));
    /// assert!(lines[0].ends_with("; Max-Age=86400; Path=/; HttpOnly; Secure; SameSite=Lax"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TooLarge`](Error::TooLarge) if a browser would drop the cookie: it takes
    /// [`MAX_BYTES`](Self::MAX_BYTES), name and attributes included. Otherwise as
    /// [`encode`](Self::encode).
    pub fn set(
        &self,
        value: &str,
        content: CookieContent,
        max_age: Option<Duration>,
        deadline: SystemTime,
        chunk_count: usize,
    ) -> Result<Vec<String>> {
        let name = self.cookie_name();
        let text = self.encode(value, content, deadline)?;
        let tail = match max_age {
            Some(age) => format!("; Max-Age={}{}", max_age_seconds(age), self.suffix),
            None => self.suffix.clone(),
        };
        let size = name.len() + "=".len() + text.len() + tail.len();
        let mut lines = if size <= Self::MAX_BYTES {
            vec![format!("{name}={text}{tail}")]
        } else if self.chunks > 1 {
            chunks::split(name, &text, &tail, self.chunks)?
        } else {
            return Err(Error::TooLarge {
                size,
                limit: Self::MAX_BYTES,
                what: "the session does not fit into its cookie, name and attributes counted; keep \
                       less in it, use a store on the server, or allow chunks()",
            });
        };
        let unused = lines.len()..chunk_count.min(Self::MAX_CHUNKS);
        lines.extend(unused.map(|number| self.removal(number)));
        Ok(self.after_former(lines))
    }

    /// The `Set-Cookie` values that make the browser drop the cookie, and the
    /// [former](Self::former) ones.
    ///
    /// Browsers drop a cookie only for one with the same name, domain and path, and accept a
    /// prefixed name only with the attributes that it promises, so these values have all attributes
    /// of the cookie that they remove.
    pub fn remove(&self, chunk_count: usize) -> Vec<String> {
        let count = chunk_count.clamp(1, Self::MAX_CHUNKS);
        self.after_former((0..count).map(|number| self.removal(number)).collect())
    }

    fn removal(&self, number: usize) -> String {
        removal(self.cookie_name(), number, &self.suffix)
    }

    /// `lines`, after those that remove former cookies: a browser that does not tell a cookie with
    /// a domain from one without must not remove what it has just been given.
    fn after_former(&self, lines: Vec<String>) -> Vec<String> {
        if self.former.is_empty() {
            return lines;
        }
        self.former.iter().cloned().chain(lines).collect()
    }
}

/// Rounded up, so that a browser keeps the cookie for as long as the session may live.
fn max_age_seconds(age: Duration) -> u64 {
    const LONGEST: u64 = 400 * 24 * 60 * 60;
    let seconds = age.as_secs().min(LONGEST);
    LONGEST.min(seconds + u64::from(age.subsec_nanos() > 0))
}
