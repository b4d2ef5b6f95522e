//! The session cookie, as the application configures it.

use std::fmt;
use std::sync::Arc;

use crate::attributes::Attributes;
use crate::protection::Protection;
use crate::{ConfigError, FormerCookie, SameSite, Secret};

/// The session cookie: its name, its attributes, and the secrets that protect its value.
///
/// | | unless changed |
/// | --- | --- |
/// | name | `__Host-session`; `__Secure-session` with a domain or a path; `session` when insecure |
/// | attributes | `Path=/; HttpOnly; Secure; SameSite=Lax`; `HttpOnly` always |
/// | an id | signed: HMAC-SHA256 |
/// | data | encrypted: AES-256-GCM, with its deadline inside |
/// | chunks | none: a cookie that browsers would drop for its size is an error |
///
/// A cookie is valid from the start, and each method that changes it checks the result, so an error
/// appears where its cause is. The order of the methods does not matter.
///
/// ```
/// use session_cookie::{SameSite, Secret, SessionCookie};
///
/// let cookie = SessionCookie::new(Secret::random()?)?;
/// assert_eq!(cookie.cookie_name(), "__Host-session");
///
/// let cookie = SessionCookie::new(Secret::random()?)?
///     .name("__Secure-shop")?
///     .domain("shop.example")?
///     .same_site(SameSite::Strict)?
///     .previous(Secret::random()?)?;
/// assert!(cookie.name("__Host-shop").is_err()); // It has a domain.
/// # Ok::<(), session_cookie::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct SessionCookie {
    attributes: Attributes,
    secrets: Vec<Secret>,
    remix: bool,
    pub(crate) chunks: usize,
    former_cookies: Vec<FormerCookie>,
    /// Derived from the fields above, as the next three.
    name: String,
    pub(crate) suffix: String,
    /// The lines that remove former cookies.
    pub(crate) former: Vec<String>,
    pub(crate) protection: Arc<Protection>,
}

impl SessionCookie {
    /// The largest cookie that browsers keep, in bytes, its name and attributes included.
    pub const MAX_BYTES: usize = 4096;
    /// The highest number of chunks that [`chunks`](Self::chunks) allows.
    pub const MAX_CHUNKS: usize = 8;

    /// A cookie with the defaults above: `secret` is a [`Secret`], or text or bytes that make one.
    ///
    /// # Errors
    ///
    /// The secret is too easy to guess; see [`Secret::from_text`].
    pub fn new<S>(secret: S) -> Result<Self, ConfigError>
    where
        S: TryInto<Secret>,
        ConfigError: From<S::Error>,
    {
        Self::build(Attributes::default(), vec![secret.try_into()?], false, 1, Vec::new())
    }

    /// A cookie that remix reads and writes too, called `__session`: for an application that moves
    /// from remix, or to it, one route at a time, without logging anyone out.
    ///
    /// `secrets` are those of remix's `createCookie`, in the same order: the first signs, all
    /// verify. Give it the same [`name`](Self::name), [`path`](Self::path) and
    /// [`domain`](Self::domain) as there. Trade-offs:
    ///
    /// - Data is signed, not encrypted: with cookie storage, anyone who has the cookie can read its
    ///   data, and its deadline is not protected by the cookie.
    /// - The name is not signed: a value that was signed for another cookie with the same secret is
    ///   accepted.
    /// - A secret of any length is accepted, however easy it is to guess.
    /// - [`chunks`](Self::chunks) are refused, because remix does not read them.
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
        let attributes = Attributes { name: Some("__session".to_owned()), ..Attributes::default() };
        Self::build(attributes, secrets, true, 1, Vec::new())
    }

    /// The cookie's name. Values that were made under another name are not accepted.
    ///
    /// # Errors
    ///
    /// It is not a valid cookie name, or it begins with `__Host-`, `__Secure-` or `__Http-` and the
    /// attributes do not meet what that prefix requires.
    pub fn name(self, name: impl Into<String>) -> Result<Self, ConfigError> {
        self.with(|attributes| attributes.name = Some(name.into()))
    }

    /// Restricts the cookie to this path and those below it. This does not protect it from other
    /// paths of the site.
    ///
    /// # Errors
    ///
    /// It is not a valid path, or the name begins with `__Host-`.
    pub fn path(self, path: impl Into<String>) -> Result<Self, ConfigError> {
        self.with(|attributes| attributes.path = Some(path.into()))
    }

    /// Sends the cookie to this domain and all its subdomains. Each of them can then read and
    /// replace it.
    ///
    /// # Errors
    ///
    /// It is not a valid host name, or the name begins with `__Host-`.
    pub fn domain(self, domain: impl Into<String>) -> Result<Self, ConfigError> {
        self.with(|attributes| attributes.domain = Some(domain.into()))
    }

    /// When the browser sends the cookie with requests that come from another site.
    ///
    /// # Errors
    ///
    /// [`SameSite::None`] on an insecure cookie.
    pub fn same_site(self, same_site: SameSite) -> Result<Self, ConfigError> {
        self.with(|attributes| attributes.same_site = same_site)
    }

    /// Keeps a separate cookie for each site that embeds this one (`Partitioned`). Use it with
    /// [`SameSite::None`].
    ///
    /// # Errors
    ///
    /// The cookie is insecure.
    pub fn partitioned(self) -> Result<Self, ConfigError> {
        self.with(|attributes| attributes.partitioned = true)
    }

    /// Drops `Secure`, for development without TLS. Anyone on the network path can read the cookie.
    ///
    /// # Errors
    ///
    /// Another setting needs `Secure`.
    pub fn insecure(self) -> Result<Self, ConfigError> {
        self.with(|attributes| attributes.insecure = true)
    }

    /// Also accepts values that were made with this older secret. Several are tried in the order in
    /// which they were given.
    ///
    /// To replace a secret, deploy the new one as `previous` everywhere, then swap the two, and
    /// remove the old one when the sessions that it protected have expired.
    ///
    /// # Errors
    ///
    /// The secret is too easy to guess; see [`Secret::from_text`].
    pub fn previous<S>(mut self, secret: S) -> Result<Self, ConfigError>
    where
        S: TryInto<Secret>,
        ConfigError: From<S::Error>,
    {
        self.secrets.push(secret.try_into()?);
        self.with(|_| ())
    }

    /// Splits a value that is too large for one cookie over at most `most` cookies: `name`,
    /// `name.1`, `name.2` and so on.
    ///
    /// Every request carries all of them, and many servers and proxies refuse headers of more than
    /// 8 KiB. Two chunks work almost everywhere, more do not.
    ///
    /// # Errors
    ///
    /// `most` is not 2 to [`MAX_CHUNKS`](Self::MAX_CHUNKS), or the cookie is remix-compatible.
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

    /// A cookie that an earlier release of the application has set, with another name, path, domain
    /// or partition. Each response that sets or removes the session cookie removes this one too:
    /// those of a login and a logout above all.
    ///
    /// Use it whenever you change one of these attributes, until the cookies of the earlier release
    /// have expired. Browsers keep both cookies and send both. If the names are the same and the
    /// old one comes first, it hides the new one for as long as its session is alive. With
    /// [`CookieStorage`](crate::CookieStorage) that is until its deadline, even after a logout.
    ///
    /// Call it after the methods that set the present attributes. Sessions of former cookies are
    /// not taken over, unless name and secret are still the same.
    ///
    /// ```
    /// use session_cookie::{FormerCookie, Secret, SessionCookie};
    ///
    /// // Release 1 had no domain, release 2 a path. Both had default names.
    /// let cookie = SessionCookie::new(Secret::random()?)?
    ///     .domain("shop.example")?
    ///     .former(FormerCookie::new("__Host-session"))?
    ///     .former(FormerCookie::new("__Secure-session").path("/app"))?;
    ///
    /// assert_eq!(
    ///     cookie.remove(0),
    ///     [
    ///         "__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; \
    ///          HttpOnly; Secure; SameSite=Lax",
    ///         "__Secure-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/app; \
    ///          HttpOnly; Secure; SameSite=Lax",
    ///         "__Secure-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; \
    ///          Domain=shop.example; HttpOnly; Secure; SameSite=Lax",
    ///     ],
    /// );
    /// # Ok::<(), session_cookie::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::SameFormer`] if it is the present cookie. An attribute is not valid, or does
    /// not go with a prefix of the name.
    pub fn former(mut self, former: FormerCookie) -> Result<Self, ConfigError> {
        self.former_cookies.push(former);
        self.with(|_| ())
    }

    /// The cookie's name.
    pub fn cookie_name(&self) -> &str {
        &self.name
    }

    /// The name with the strictest prefix that the attributes allow, `__Host-` or `__Secure-`;
    /// `None` if the cookie has it, or is insecure.
    ///
    /// Without a prefix, a sibling domain, and on plain http anyone on the network path, can set a
    /// cookie of the name.
    pub fn safer_name(&self) -> Option<String> {
        self.attributes.safer_name()
    }

    /// The domain, if the cookie goes to a domain and its subdomains.
    pub fn cookie_domain(&self) -> Option<&str> {
        self.attributes.domain.as_deref()
    }

    /// Whether the cookie is `Secure`, so that browsers take it over https only.
    pub fn is_secure(&self) -> bool {
        !self.attributes.insecure
    }

    fn with(mut self, change: impl FnOnce(&mut Attributes)) -> Result<Self, ConfigError> {
        change(&mut self.attributes);
        Self::build(self.attributes, self.secrets, self.remix, self.chunks, self.former_cookies)
    }

    fn build(
        attributes: Attributes,
        secrets: Vec<Secret>,
        remix: bool,
        chunks: usize,
        former_cookies: Vec<FormerCookie>,
    ) -> Result<Self, ConfigError> {
        attributes.check()?;
        if secrets.is_empty() {
            return Err(ConfigError::NoSecret);
        }
        let name = attributes.name().to_owned();
        let protection = Protection::new(&secrets, &name, remix)?;
        let former = former_cookies.iter().map(|former| former.removals(&attributes));
        let former = former.collect::<Result<Vec<_>, _>>()?.concat();
        Ok(Self {
            former,
            former_cookies,
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
            .field("former", &self.former_cookies)
            .finish()
    }
}
