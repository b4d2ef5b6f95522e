//! A cookie's name and attributes, and the rules between them (RFC 6265bis).

use std::fmt::Write as _;

use crate::ConfigError;

/// When the browser sends the cookie with requests that come from another site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Never. A user who follows a link from another site looks logged out on the first page.
    Strict,
    /// Only when the user follows a link. The default.
    #[default]
    Lax,
    /// Always. It needs `Secure`, and the application needs another protection against cross-site
    /// request forgery.
    None,
}

/// Call [`check`](Self::check) after each change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes {
    /// `None`: the safest name that the other attributes allow.
    pub(crate) name: Option<String>,
    /// `None` is `/`.
    pub(crate) path: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) same_site: SameSite,
    pub(crate) partitioned: bool,
    pub(crate) insecure: bool,
}

impl Attributes {
    /// Browsers ignore longer attributes.
    const MAX_BYTES: usize = 1024;
    const MAX_DOMAIN: usize = 253;

    pub(crate) fn name(&self) -> &str {
        match &self.name {
            Some(name) => name,
            None if self.insecure => "session",
            None if self.domain.is_some() || self.path() != "/" => "__Secure-session",
            None => "__Host-session",
        }
    }

    pub(crate) fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/")
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if !is_token(self.name()) {
            return Err(ConfigError::Name(self.name().to_owned()));
        }
        if !is_path(self.path()) {
            return Err(ConfigError::Path(self.path().to_owned()));
        }
        if let Some(domain) = self.domain.as_deref().filter(|domain| !is_domain(domain)) {
            return Err(ConfigError::Domain(domain.to_owned()));
        }
        if self.insecure {
            self.check_insecure()?;
        }
        if has_prefix(self.name(), "__Host-") {
            if self.domain.is_some() {
                return Err(ConfigError::HostPrefix("no Domain"));
            }
            if self.path() != "/" {
                return Err(ConfigError::HostPrefix("the Path /"));
            }
        }
        Ok(())
    }

    fn check_insecure(&self) -> Result<(), ConfigError> {
        let needs = if has_prefix(self.name(), "__Host-") {
            "a name that begins with __Host-"
        } else if has_prefix(self.name(), "__Secure-") {
            "a name that begins with __Secure-"
        } else if has_prefix(self.name(), "__Http-") {
            "a name that begins with __Http-"
        } else if self.same_site == SameSite::None {
            "SameSite=None"
        } else if self.partitioned {
            "Partitioned"
        } else {
            return Ok(());
        };
        Err(ConfigError::NeedsSecure(needs))
    }

    /// The name with the strictest prefix that the attributes allow, if it has not got one.
    pub(crate) fn safer_name(&self) -> Option<String> {
        let name = self.name();
        if self.insecure || has_prefix(name, "__Host-") || has_prefix(name, "__Http-") {
            return None;
        }
        let is_prefixed = has_prefix(name, "__Secure-");
        if self.domain.is_some() || self.path() != "/" {
            return (!is_prefixed).then(|| format!("__Secure-{name}"));
        }
        let bare = if is_prefixed { name.get("__Secure-".len()..) } else { None };
        Some(format!("__Host-{}", bare.unwrap_or(name)))
    }

    /// Whether a browser keeps one cookie for both of them.
    pub(crate) fn is_same_cookie(&self, other: &Self) -> bool {
        let domain = |of: &Self| of.domain.as_ref().map(|domain| domain.to_ascii_lowercase());
        self.name() == other.name()
            && self.path() == other.path()
            && domain(self) == domain(other)
            && self.partitioned == other.partitioned
    }

    /// All attributes, as `Set-Cookie` has them after the value.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("; Path={}", self.path());
        if let Some(domain) = &self.domain {
            // Writing to a String cannot fail.
            let _ = write!(text, "; Domain={domain}");
        }
        text.push_str("; HttpOnly");
        if !self.insecure {
            text.push_str("; Secure");
        }
        text.push_str(match self.same_site {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        });
        if self.partitioned {
            text.push_str("; Partitioned");
        }
        text
    }
}

/// Browsers ignore the case of these prefixes, although they compare names exactly.
pub(crate) fn has_prefix(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= Attributes::MAX_BYTES
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && path.len() <= Attributes::MAX_BYTES
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';')
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    domain.len() <= Attributes::MAX_DOMAIN && domain.split('.').all(is_label)
}
