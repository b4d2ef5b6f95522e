//! The `Set-Cookie` header.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use session_core::{CookieContent, Error, Result};

use crate::{SessionCookie, chunks};

impl SessionCookie {
    /// The `Set-Cookie` values that give the browser `value`: one, or several if it is split or replaces one that was.
    ///
    /// `max_age` tells the browser when to drop the cookie; without it, it does so when it closes. `deadline` is sealed in with
    /// data. `carried` is what [`carried`](Self::carried) said about the request, 0 if there was none.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use session_cookie::SessionCookie;
    /// use session_core::CookieContent;
    ///
    /// let cookie = SessionCookie::new("3vJc0Ql1oXGqf9dS2nUBz8aKEpTy4RwM")?;
    /// let day = Duration::from_secs(24 * 60 * 60);
    /// let lines = cookie.set("an-id", CookieContent::Id, Some(day), SystemTime::now() + day, 0)?;
    /// assert_eq!(
    ///     lines,
    ///     ["__Host-session=s1.an-id.Mc15KihZP520vZ6slhgWpEIwDE2a3G_a72cla1_2KtE; Max-Age=86400; Path=/; HttpOnly; Secure; SameSite=Lax"],
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TooLarge`](Error::TooLarge) if a browser would drop it: a cookie takes [`MAX_BYTES`](Self::MAX_BYTES), name and attributes
    /// included. Otherwise as [`encode`](Self::encode).
    pub fn set(
        &self,
        value: &str,
        content: CookieContent,
        max_age: Option<Duration>,
        deadline: SystemTime,
        carried: usize,
    ) -> Result<Vec<String>> {
        let name = self.cookie_name();
        let mut digits = itoa::Buffer::new();
        let [attribute, seconds] = match max_age {
            Some(max_age) => ["; Max-Age=", digits.format(whole_seconds(max_age))],
            None => [""; 2],
        };
        let around = name.len() + "=".len() + attribute.len() + seconds.len() + self.suffix.len();
        // As long as it will be: a header takes it over as it stands then.
        let mut line = String::with_capacity(around + self.protection.length(value, content));
        line.push_str(name);
        line.push('=');
        self.protection
            .protect(value, content, deadline, &mut line)?;
        let end = line.len();
        line.push_str(attribute);
        line.push_str(seconds);
        line.push_str(&self.suffix);

        let mut lines = if line.len() <= Self::MAX_BYTES {
            vec![line]
        } else if self.chunks > 1 {
            let (pair, tail) = line.split_at_checked(end).unwrap_or_default();
            let text = pair.get(name.len() + 1..).unwrap_or_default();
            chunks::split(name, text, tail, self.chunks)?
        } else {
            return Err(Error::TooLarge {
                size: line.len(),
                limit: Self::MAX_BYTES,
                what: "the session does not fit into its cookie, name and attributes counted; keep less in it, use a store on the server, or allow chunks()",
            });
        };
        lines.extend(
            (lines.len()..carried.min(Self::MAX_CHUNKS)).map(|number| self.removal(number)),
        );
        Ok(lines)
    }

    /// The `Set-Cookie` values that make the browser drop the cookie.
    ///
    /// Browsers drop a cookie only for one with the same name, domain and path, and honour a prefixed name only with what it
    /// promises, so these have all attributes of those they remove.
    pub fn remove(&self, carried: usize) -> Vec<String> {
        let count = carried.clamp(1, Self::MAX_CHUNKS);
        (0..count).map(|number| self.removal(number)).collect()
    }

    fn removal(&self, number: usize) -> String {
        let mut line = self.cookie_name().to_owned();
        if number > 0 {
            // Writing to a String cannot fail.
            let _ = write!(line, ".{number}");
        }
        line.push_str("=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        line.push_str(&self.suffix);
        line
    }
}

/// Rounded up, so that a browser keeps the cookie for as long as the session may live.
fn whole_seconds(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_add(u64::from(duration.subsec_nanos() > 0))
}
