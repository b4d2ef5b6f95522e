//! The parts of a URL (RFC 3986, section 3). No error quotes any of them, because a password may be
//! anywhere in one that was written wrongly.

use percent_encoding::percent_decode_str;

/// A URL, cut into its parts and decoded.
#[derive(Default)]
pub(crate) struct Url {
    pub(crate) scheme: String,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    /// Host and port; empty if there are none.
    pub(crate) server: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
}

impl Url {
    /// Cuts `text`, or says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or("has no scheme")?;
        if rest.contains('#') {
            return Err("has a #: in a password, write # as %23");
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        if query.contains('@') {
            return Err("has an @ after a ?: in a password, write ? as %3F");
        }
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if path.contains('@') {
            return Err("has an @ after a /: in a password, write / as %2F");
        }
        let (login, server) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let mut parameters = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            parameters.push((decode(name)?, decode(value)?));
        }
        Ok(Self {
            scheme: scheme.to_owned(),
            user: non_empty(user)?,
            password: non_empty(password)?,
            server: decode(server)?,
            path: decode(path)?,
            query: parameters,
        })
    }

    /// The values of a parameter that may be given several times.
    pub(crate) fn take_all(&mut self, name: &str) -> Vec<String> {
        let taken = self.query.extract_if(.., |(of, _)| of == name);
        taken.map(|(_, value)| value).collect()
    }

    /// The value of a parameter that may be given once.
    pub(crate) fn take(&mut self, name: &str) -> Result<Option<String>, String> {
        let mut values = self.take_all(name);
        match values.len() {
            0 | 1 => Ok(values.pop()),
            _ => Err(format!("has the parameter {name:?} more than once")),
        }
    }
}

fn non_empty(text: &str) -> Result<Option<String>, &'static str> {
    if text.is_empty() { Ok(None) } else { decode(text).map(Some) }
}

fn decode(text: &str) -> Result<String, &'static str> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(String::from).map_err(|_| "has a %-sequence that is not UTF-8")
}
