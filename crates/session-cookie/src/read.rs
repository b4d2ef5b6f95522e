//! A request's `Cookie` headers, read.

use std::time::SystemTime;

use session_core::CookieContent;

use crate::chunks::Parts;
use crate::{Opened, SessionCookie, header};

impl SessionCookie {
    /// So many cookies of the name are tried. Someone who controls a sibling domain can plant more than one.
    pub(crate) const MAX_CANDIDATES: usize = 8;

    /// What the `Cookie` headers of a request carry: the first cookie of the name that is valid, or what was wrong with the one
    /// that came furthest.
    ///
    /// A value that was made for an id is not taken for data, nor the other way round. `now` decides whether sealed data has
    /// expired.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use session_cookie::{Opened, SessionCookie};
    /// use session_core::CookieContent;
    ///
    /// let cookie = SessionCookie::new("3vJc0Ql1oXGqf9dS2nUBz8aKEpTy4RwM")?;
    /// let now = SystemTime::now();
    /// let text = cookie.encode("an-id", CookieContent::Id, now + Duration::from_secs(60))?;
    ///
    /// let header = format!("theme=dark; __Host-session={text}");
    /// let opened = cookie.read([header.as_bytes()], CookieContent::Id, now);
    /// assert_eq!(opened.value(), Some("an-id"));
    ///
    /// let opened = cookie.read([b"theme=dark".as_slice()], CookieContent::Id, now);
    /// assert_eq!(opened, Opened::Missing);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read<'h>(
        &self,
        headers: impl IntoIterator<Item = &'h [u8]>,
        content: CookieContent,
        now: SystemTime,
    ) -> Opened<'h> {
        if self.chunks > 1 {
            let parts = Parts::new(headers, self.cookie_name());
            let wholes = parts.wholes(self.chunks);
            return Opened::first_valid(
                wholes.map(|whole| self.decode(&whole, content, now).into_owned()),
            );
        }
        let candidates = header::values(headers, self.cookie_name().as_bytes())
            .filter(|value| !value.is_empty())
            .take(Self::MAX_CANDIDATES);
        Opened::first_valid(candidates.map(|value| self.decode(value, content, now)))
    }

    /// How many chunks the `Cookie` headers of a request carry, for [`set`](Self::set) and [`remove`](Self::remove) to remove
    /// those that are left over. 0 unless [`chunks`](Self::chunks) are allowed.
    pub fn carried<'h>(&self, headers: impl IntoIterator<Item = &'h [u8]>) -> usize {
        if self.chunks > 1 {
            Parts::new(headers, self.cookie_name()).count()
        } else {
            0
        }
    }
}
