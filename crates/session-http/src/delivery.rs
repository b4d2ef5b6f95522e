//! Finds out that browsers drop the cookie, which otherwise shows only as logins that fail.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http::header::{FORWARDED, HOST, ORIGIN, UPGRADE_INSECURE_REQUESTS};
use http::{HeaderMap, Uri};
use session_cookie::SessionCookie;
use tracing::{debug, warn};

/// Why a browser may drop a cookie that the response to a request sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// There is no reason to think so.
    #[default]
    None,
    /// The cookie is `Secure`, and it is unknown whether the request came over https.
    UnknownScheme,
    /// The cookie is `Secure`, and the request came over plain http.
    PlainHttp,
    /// The cookie has a `Domain` that the request's host does not belong to.
    OtherHost,
}

impl Doubt {
    /// Whether a browser keeps `cookie` after a request with these headers and this target.
    pub(crate) fn of(cookie: &SessionCookie, headers: &HeaderMap, uri: Option<&Uri>) -> Self {
        if let Some(domain) = cookie.cookie_domain() {
            let mut hosts = hosts(headers, uri).peekable();
            if hosts.peek().is_some() && !hosts.any(|host| is_within(host, domain)) {
                return Self::OtherHost;
            }
        }
        match cookie.is_secure().then(|| is_https(headers, uri)) {
            None | Some(Some(true)) => Self::None,
            Some(None) => Self::UnknownScheme,
            Some(Some(false)) => Self::PlainHttp,
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "nothing is wrong",
            Self::UnknownScheme => {
                "the cookie is Secure, and nothing in the request says that it came over https"
            }
            Self::PlainHttp => {
                "the cookie is Secure, and the request came over plain http; use https, or \
                 insecure() for development without it"
            }
            Self::OtherHost => {
                "the host of the request is not within the cookie's Domain; correct domain(), or \
                 make the proxy pass the host on"
            }
        })
    }
}

/// Whether the cookies that a manager sets ever come back.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    came_back: AtomicBool,
    doubtful: AtomicUsize,
}

impl Delivery {
    /// A visitor may leave after the first response, so one cookie that does not come back means
    /// nothing.
    const ENOUGH: usize = 3;

    /// A request carried a valid cookie.
    pub(crate) fn came_back(&self) {
        self.came_back.store(true, Ordering::Relaxed);
    }

    /// A response sets the cookie.
    pub(crate) fn sent(&self, cookie: &SessionCookie, doubt: Doubt) {
        if doubt == Doubt::None {
            return;
        }
        let (name, domain) = (cookie.cookie_name(), cookie.cookie_domain());
        debug!(name, domain, "browsers may drop the session cookie of this response: {doubt}");
        if doubt == Doubt::UnknownScheme || self.came_back.load(Ordering::Relaxed) {
            return;
        }
        if self.doubtful.fetch_add(1, Ordering::Relaxed) + 1 == Self::ENOUGH {
            warn!(
                name,
                domain,
                "{} responses have set the session cookie and no request has brought one back, \
                 probably because browsers drop it: {doubt}",
                Self::ENOUGH
            );
        }
    }
}

/// Whether the browser's own connection uses https, as far as the request says.
///
/// A proxy that ends TLS says so in `Forwarded` or `X-Forwarded-Proto`, HTTP/2 has the scheme in
/// the target. Browsers send `Sec-Fetch-Site` over https and to localhost only, where they take
/// Secure cookies too. What says https wins: a wrong alarm is worse than none.
fn is_https(headers: &HeaderMap, uri: Option<&Uri>) -> Option<bool> {
    let scheme = uri.and_then(Uri::scheme_str);
    let forwarded = proto_of_proxy(headers);
    if scheme == Some("https") || forwarded == Some(true) || headers.contains_key("sec-fetch-site")
    {
        return Some(true);
    }
    let origin = headers.get(ORIGIN);
    let is_http = scheme == Some("http")
        || forwarded == Some(false)
        || origin.is_some_and(|origin| origin.as_bytes().starts_with(b"http://"))
        || headers.contains_key(UPGRADE_INSECURE_REQUESTS);
    is_http.then_some(false)
}

/// Whether the proxies in front say https; `None` if they say nothing.
fn proto_of_proxy(headers: &HeaderMap) -> Option<bool> {
    let forwarded = headers.get_all(FORWARDED).iter().flat_map(|field| {
        let pairs = field.as_bytes().split(|byte| matches!(byte, b',' | b';'));
        pairs.filter_map(|pair| {
            let (name, value) = pair.trim_ascii().split_at_checked("proto=".len())?;
            name.eq_ignore_ascii_case(b"proto=").then_some(value)
        })
    });
    let x_forwarded = headers.get_all("x-forwarded-proto").iter();
    let x_forwarded = x_forwarded.flat_map(|field| field.as_bytes().split(|byte| *byte == b','));
    let is_https = |proto: &[u8]| {
        let proto = proto.trim_ascii();
        let proto = proto.strip_prefix(b"\"").unwrap_or(proto);
        proto.strip_suffix(b"\"").unwrap_or(proto).eq_ignore_ascii_case(b"https")
    };
    forwarded.chain(x_forwarded).map(is_https).reduce(|one, other| one || other)
}

/// The hosts that the request may be for, without ports: what the browser asked for, and what
/// proxies have made of it.
fn hosts<'r>(headers: &'r HeaderMap, uri: Option<&'r Uri>) -> impl Iterator<Item = &'r str> {
    let forwarded = headers.get_all("x-forwarded-host").iter();
    let fields = headers.get_all(HOST).iter().chain(forwarded);
    let fields = fields.filter_map(|field| field.to_str().ok());
    let fields = fields.flat_map(|field| field.split(',')).map(|host| {
        let host = host.trim();
        let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
        host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(host, _)| host)
    });
    uri.and_then(Uri::host).into_iter().chain(fields).filter(|host| !host.is_empty())
}

/// Whether a browser lets `host` set a cookie for `domain` (RFC 6265, section 5.1.3).
fn is_within(host: &str, domain: &str) -> bool {
    let Some(start) = host.len().checked_sub(domain.len()) else { return false };
    let (sub, end) = host.split_at_checked(start).unwrap_or_default();
    end.eq_ignore_ascii_case(domain) && (sub.is_empty() || sub.ends_with('.'))
}
