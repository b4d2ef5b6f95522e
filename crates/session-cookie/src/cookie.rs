//! The session's cookie, as the application sets it up.

use std::fmt;
use std::sync::Arc;

use crate::attributes::Attributes;
use crate::protection::Protection;
use crate::{ConfigError, SameSite, Secret};

/// The session's cookie: what it is called, what it may do, and the secrets that protect its value.
///
/// | | unless changed |
/// | --- | --- |
/// | name | `__Host-session`; `__Secure-session` with a domain or a path; `session` when insecure |
/// | attributes | `Path=/; HttpOnly; Secure; SameSite=Lax`; `HttpOnly` always |
/// | an id | signed: HMAC-SHA256 |
/// | data | sealed: AES-256-GCM, with its deadline inside |
/// | chunks | none: a cookie that browsers would drop for its size is an error |
///
/// A cookie is valid from the start, and each method that changes it checks what it asked for, so an error stands where
/// its cause is. The rules only say what needs a default to stay as it is, so the order of the methods does not matter.
///
/// ```
/// use session_cookie::{SameSite, SessionCookie};
///
/// let secret = "3vJc0Ql1oXGqf9dS2nUBz8aKEpTy4RwM";
/// let cookie = SessionCookie::new(secret)?;
/// assert_eq!(cookie.cookie_name(), "__Host-session");
///
/// let cookie = SessionCookie::new(secret)?
///     .name("__Secure-shop")?
///     .domain("shop.example")?
///     .same_site(SameSite::Strict)?
///     .previous("mE1xq8Zr0KpWc5uHd7YtBv2NsLf4GaJi")?;
/// assert!(cookie.name("__Host-shop").is_err()); // It has a domain.
/// # Ok::<(), session_cookie::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct SessionCookie {
    attributes: Attributes,
    secrets: Vec<Secret>,
    remix: bool,
    pub(crate) chunks: usize,
    /// The three below follow from those above.
    name: String,
    pub(crate) suffix: String,
    pub(crate) protection: Arc<Protection>,
}

impl SessionCookie {
    /// The most bytes of a cookie, its name and attributes included.
    pub const MAX_BYTES: usize = 4096;
    /// The most chunks that [`chunks`](Self::chunks) allows.
    pub const MAX_CHUNKS: usize = 8;

    /// A cookie with the defaults above: `secret` is a [`Secret`], or text or bytes that make one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ShortSecret`] if it has fewer than [`Secret::MIN_BYTES`] bytes.
    pub fn new<S>(secret: S) -> Result<Self, ConfigError>
    where
        S: TryInto<Secret>,
        ConfigError: From<S::Error>,
    {
        Self::build(Attributes::default(), vec![secret.try_into()?], false, 1)
    }

    /// A cookie that remix reads and writes too, called `__session`: for an application that moves from remix, or to it, one
    /// route at a time, with nobody logged out.
    ///
    /// `secrets` are those of remix's `createCookie`, in the same order: the first signs, all verify. Give it the same
    /// [`name`](Self::name), [`path`](Self::path) and [`domain`](Self::domain) as there. What one gives up by it:
    ///
    /// - Data is signed, not sealed: with cookie storage, whoever holds the cookie reads what is in it, and its deadline is not
    ///   protected by the cookie.
    /// - The name is not signed: a value that was signed for another cookie with the same secret is taken.
    /// - A secret of any length is taken, however easily guessed.
    /// - [`chunks`](Self::chunks) are refused, since remix does not read them.
    ///
    /// ```
    /// use session_cookie::SessionCookie;
    ///
    /// let cookie = SessionCookie::remix_compatible(["s2", "s1"])?.name("session")?;
    /// # Ok::<(), session_cookie::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoSecret`] if there is none, or an empty one.
    pub fn remix_compatible<S>(secrets: impl IntoIterator<Item = S>) -> Result<Self, ConfigError>
    where
        S: AsRef<[u8]>,
    {
        let secrets = secrets
            .into_iter()
            .map(|secret| Secret::of_any_length(secret.as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        let attributes = Attributes {
            name: Some("__session".to_owned()),
            ..Attributes::default()
        };
        Self::build(attributes, secrets, true, 1)
    }

    /// Calls the cookie this. Values that were made under another name are not taken.
    ///
    /// # Errors
    ///
    /// It is no name for a cookie, or begins with `__Host-`, `__Secure-` or `__Http-` and breaks what that promises.
    pub fn name(self, name: impl Into<String>) -> Result<Self, ConfigError> {
        self.with(|attributes| attributes.name = Some(name.into()))
    }

    /// Restricts the cookie to this path and those below. It is no protection against the other paths of a site.
    ///
    /// # Errors
    ///
    /// It is no path for a cookie, or the name begins with `__Host-`.
    pub fn path(self, path: impl Into<String>) -> Result<Self, ConfigError> {
        self.with(|attributes| attributes.path = Some(path.into()))
    }

    /// Extends the cookie to this domain and all below, each of which can then read and replace it.
    ///
    /// # Errors
    ///
    /// It is no host name, or the name begins with `__Host-`.
    pub fn domain(self, domain: impl Into<String>) -> Result<Self, ConfigError> {
        self.with(|attributes| attributes.domain = Some(domain.into()))
    }

    /// Says when the cookie goes with requests that another site caused.
    ///
    /// # Errors
    ///
    /// [`SameSite::None`] on an insecure cookie.
    pub fn same_site(self, same_site: SameSite) -> Result<Self, ConfigError> {
        self.with(|attributes| attributes.same_site = same_site)
    }

    /// Keeps a cookie for each site that embeds this one (`Partitioned`); use it with [`SameSite::None`].
    ///
    /// # Errors
    ///
    /// The cookie is insecure.
    pub fn partitioned(self) -> Result<Self, ConfigError> {
        self.with(|attributes| attributes.partitioned = true)
    }

    /// Drops `Secure`, for development without TLS: anyone on the way can read the cookie.
    ///
    /// # Errors
    ///
    /// What was asked for before needs `Secure`.
    pub fn insecure(self) -> Result<Self, ConfigError> {
        self.with(|attributes| attributes.insecure = true)
    }

    /// Takes values that were made with this older secret too; several are tried in the order they were given.
    ///
    /// To replace a secret, deploy the new one as `previous` everywhere, then swap the two, and drop the old one when the
    /// sessions that it protected have ended.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ShortSecret`] if it has fewer than [`Secret::MIN_BYTES`] bytes.
    pub fn previous<S>(mut self, secret: S) -> Result<Self, ConfigError>
    where
        S: TryInto<Secret>,
        ConfigError: From<S::Error>,
    {
        self.secrets.push(secret.try_into()?);
        self.with(|_| ())
    }

    /// Splits a value that is too large for one cookie over at most `most` cookies: `name`, `name.1`, `name.2` and so on.
    ///
    /// Every request carries all of them, and many servers and proxies refuse headers of more than 8 KiB: 2 pass in most
    /// places, more in few.
    ///
    /// # Errors
    ///
    /// `most` is not 2 to [`MAX_CHUNKS`](Self::MAX_CHUNKS), or remix is to read the cookie.
    pub fn chunks(mut self, most: usize) -> Result<Self, ConfigError> {
        if self.remix {
            return Err(ConfigError::RemixChunks);
        }
        if !(2..=Self::MAX_CHUNKS).contains(&most) {
            return Err(ConfigError::Chunks(most));
        }
        self.chunks = most;
        Ok(self)
    }

    /// What the cookie is called.
    pub fn cookie_name(&self) -> &str {
        &self.name
    }

    fn with(mut self, change: impl FnOnce(&mut Attributes)) -> Result<Self, ConfigError> {
        change(&mut self.attributes);
        Self::build(self.attributes, self.secrets, self.remix, self.chunks)
    }

    fn build(
        attributes: Attributes,
        secrets: Vec<Secret>,
        remix: bool,
        chunks: usize,
    ) -> Result<Self, ConfigError> {
        attributes.check()?;
        if secrets.is_empty() {
            return Err(ConfigError::NoSecret);
        }
        let name = attributes.name().to_owned();
        let protection = Protection::new(&secrets, &name, remix)?;
        Ok(Self {
            suffix: attributes.text(),
            protection: Arc::new(protection),
            name,
            attributes,
            secrets,
            remix,
            chunks,
        })
    }
}

impl fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCookie")
            .field("name", &self.name)
            .field("attributes", &self.suffix)
            .field("secrets", &self.secrets)
            .field("remix", &self.remix)
            .field("chunks", &self.chunks)
            .finish()
    }
}
