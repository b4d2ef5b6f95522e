//! A cookie that an earlier release of the application has set.

use crate::attributes::{Attributes, has_prefix};
use crate::{ConfigError, SessionCookie};

/// A session cookie of an earlier release, by what a browser tells cookies apart with: name, path,
/// domain and partition. See [`SessionCookie::former`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerCookie {
    name: String,
    path: String,
    domain: Option<String>,
    partitioned: bool,
    chunks: usize,
}

impl FormerCookie {
    /// The cookie of this name, with the path `/` and no domain.
    ///
    /// If the earlier release did not set a name, it was `__Host-session`, or `__Secure-session`
    /// with a domain or a path, or `session` if it was insecure.
    pub fn new(name: impl Into<String>) -> Self {
        let (name, path) = (name.into(), "/".to_owned());
        Self { name, path, domain: None, partitioned: false, chunks: 1 }
    }

    /// It had this path.
    #[must_use]
    pub fn path(self, path: impl Into<String>) -> Self {
        Self { path: path.into(), ..self }
    }

    /// It had this domain.
    #[must_use]
    pub fn domain(self, domain: impl Into<String>) -> Self {
        Self { domain: Some(domain.into()), ..self }
    }

    /// It was partitioned.
    #[must_use]
    pub fn partitioned(self) -> Self {
        Self { partitioned: true, ..self }
    }

    /// It was split into at most this many chunks.
    #[must_use]
    pub fn chunks(self, most: usize) -> Self {
        Self { chunks: most, ..self }
    }

    /// The `Set-Cookie` lines that remove it, from an application that now sets `present`.
    pub(crate) fn removals(&self, present: &Attributes) -> Result<Vec<String>, ConfigError> {
        let attributes = self.attributes(present);
        attributes.check()?;
        if self.chunks != 1 && !(2..=SessionCookie::MAX_CHUNKS).contains(&self.chunks) {
            return Err(ConfigError::Chunks(self.chunks));
        }
        if attributes.is_same_cookie(present) {
            return Err(ConfigError::SameFormer(self.name.clone()));
        }
        let suffix = attributes.text();
        Ok((0..self.chunks).map(|number| removal(&self.name, number, &suffix)).collect())
    }

    /// Attributes with which a browser accepts the removal.
    fn attributes(&self, present: &Attributes) -> Attributes {
        let needs_secure = ["__Host-", "__Secure-", "__Http-"];
        let is_secure = needs_secure.iter().any(|prefix| has_prefix(&self.name, prefix));
        let insecure = present.insecure && !is_secure && !self.partitioned;
        Attributes {
            name: Some(self.name.clone()),
            path: Some(self.path.clone()),
            domain: self.domain.clone(),
            // A response to a request from another site needs it to change a cookie at all.
            same_site: present.same_site,
            partitioned: self.partitioned,
            insecure,
        }
    }
}

/// The line that removes chunk `number` of a cookie.
pub(crate) fn removal(name: &str, number: usize, suffix: &str) -> String {
    let chunk = match number {
        0 => String::new(),
        _ => format!(".{number}"),
    };
    format!("{name}{chunk}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT{suffix}")
}
