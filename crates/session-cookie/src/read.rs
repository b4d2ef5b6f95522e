//! Reading a request's `Cookie` headers.

use std::borrow::Cow;
use std::time::SystemTime;

use session_core::CookieContent;
use tracing::debug;

use crate::chunks::Chunks;
use crate::{CookieValue, SessionCookie};

impl SessionCookie {
    /// This many cookies of the name are verified. Values that do not have the form of a value of
    /// this cookie, or that are longer than a browser allows, do not count.
    ///
    /// A browser sends one cookie for each path and domain under which the application has ever set
    /// it, so an honest one does not come near.
    pub const MAX_VERIFIED: usize = 64;

    /// [`read_all`](Self::read_all) returns at most this many valid values, so that a request makes
    /// no more lookups in the store than that.
    pub const MAX_VALID: usize = 8;

    /// What the `Cookie` headers of a request carry: the first cookie of the name that is valid. If
    /// there is none, the failure that passed the most checks.
    ///
    /// The session behind a valid value may have ended. Use [`read_all`](Self::read_all) if you can
    /// find that out.
    ///
    /// A value that was made for an id is not accepted as data, nor the other way round. `now`
    /// decides whether sealed data has expired.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use session_cookie::{CookieValue, Secret, SessionCookie};
    /// use session_core::CookieContent;
    ///
    /// let cookie = SessionCookie::new(Secret::random()?)?;
    /// let now = SystemTime::now();
    /// let text = cookie.encode("an-id", CookieContent::Id, now + Duration::from_secs(60))?;
    ///
    /// let header = format!("theme=dark; __Host-session={text}");
    /// let found = cookie.read([header.as_bytes()], CookieContent::Id, now);
    /// assert_eq!(found.value(), Some("an-id"));
    ///
    /// let found = cookie.read([b"theme=dark".as_slice()], CookieContent::Id, now);
    /// assert_eq!(found, CookieValue::Missing);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read<'h>(
        &self,
        headers: impl IntoIterator<Item = &'h [u8]>,
        content: CookieContent,
        now: SystemTime,
    ) -> CookieValue<'h> {
        let mut found = self.read_up_to(1, headers, content, now);
        found.pop().unwrap_or(CookieValue::Missing)
    }

    /// As [`read`](Self::read), but all valid values, each once and in the order of the request. If
    /// there is none, the only element is the failure.
    ///
    /// A browser may send several cookies of one name: of an earlier release that set another
    /// `Path` or `Domain`, or planted by a sibling domain. Use the first one whose session is
    /// alive, and let a logout end all of them.
    pub fn read_all<'h>(
        &self,
        headers: impl IntoIterator<Item = &'h [u8]>,
        content: CookieContent,
        now: SystemTime,
    ) -> Vec<CookieValue<'h>> {
        self.read_up_to(Self::MAX_VALID, headers, content, now)
    }

    /// The first `most` valid values, or the failure that passed the most checks.
    fn read_up_to<'h>(
        &self,
        most: usize,
        headers: impl IntoIterator<Item = &'h [u8]>,
        content: CookieContent,
        now: SystemTime,
    ) -> Vec<CookieValue<'h>> {
        let (mut valid, mut failure) = (Vec::new(), CookieValue::Missing);
        let mut verified = 0;
        for text in Chunks::find(headers, self.cookie_name()).joined(self.chunks) {
            let value = match text {
                Cow::Borrowed(text) => self.decode(text, content, now),
                Cow::Owned(text) => self.decode(&text, content, now).into_owned(),
            };
            match value {
                CookieValue::Missing | CookieValue::Malformed => {}
                _ => verified += 1,
            }
            match value {
                CookieValue::Valid(_) if valid.contains(&value) => {}
                CookieValue::Valid(_) => valid.push(value),
                other => failure = failure.or_better(other),
            }
            if valid.len() == most {
                break;
            }
            if verified == Self::MAX_VERIFIED {
                debug!(
                    name = self.cookie_name(),
                    "the request has {verified} cookies of the name or more; the rest was not read"
                );
                break;
            }
        }
        if valid.is_empty() {
            valid.push(failure);
        }
        valid
    }

    /// How many chunks of the cookie the `Cookie` headers of a request carry, so that
    /// [`set`](Self::set) and [`remove`](Self::remove) can remove those that are no longer needed.
    /// 0 unless [`chunks`](Self::chunks) are allowed.
    pub fn chunk_count<'h>(&self, headers: impl IntoIterator<Item = &'h [u8]>) -> usize {
        match self.chunks > 1 {
            true => Chunks::find(headers, self.cookie_name()).count(),
            false => 0,
        }
    }
}
