//! Reading a request's `Cookie` headers.

use std::time::SystemTime;

use session_core::CookieContent;

use crate::chunks::Chunks;
use crate::{CookieValue, SessionCookie, header};

impl SessionCookie {
    /// This many cookies of the name are tried. Someone who controls a sibling domain can plant
    /// more than one.
    pub(crate) const MAX_CANDIDATES: usize = 8;

    /// What the `Cookie` headers of a request carry: the first cookie of the name that is valid. If
    /// there is none, the failure that passed the most checks.
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
        if self.chunks > 1 {
            let chunks = Chunks::find(headers, self.cookie_name());
            let values = chunks.joined(self.chunks);
            return CookieValue::first_valid(
                values.map(|value| self.decode(&value, content, now).into_owned()),
            );
        }
        let name = self.cookie_name().as_bytes();
        let candidates = header::cookies(headers)
            .filter(|(of, value)| *of == name && !value.is_empty())
            .take(Self::MAX_CANDIDATES);
        CookieValue::first_valid(candidates.map(|(_, value)| self.decode(value, content, now)))
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
