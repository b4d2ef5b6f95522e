//! What a session holds: a few known values, in a form that is easy to copy and compare.

use std::fmt;

use session_core::{Data, Session};

/// The keys that the actions use: a counter, a shared value, and for each request one of its own,
/// one that it sets at a login, and one that it sets after a restart.
pub(super) const KEYS: [&str; 11] =
    ["n", "s", "a", "b", "c", "userA", "userB", "userC", "restA", "restB", "restC"];
pub(super) const COUNT: usize = 0;
pub(super) const SHARED: usize = 1;
pub(super) const OWN: usize = 2;
pub(super) const USER: usize = 5;
pub(super) const RESTARTED: usize = 8;
pub(super) const FLASH: &str = "f";
/// The value of [`SHARED`] when a run begins.
pub(super) const AT_FIRST: u8 = b's';

/// The key at this position of [`KEYS`].
pub(super) fn key(at: usize) -> &'static str {
    KEYS.get(at).copied().unwrap_or("?")
}

/// The name of a request, and the value that it sets.
pub(super) fn letter(who: usize) -> u8 {
    b'A'.saturating_add(u8::try_from(who).unwrap_or(u8::MAX))
}

/// Values, in the order of [`KEYS`], and one flash value; 0 is none. Texts are one letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) values: [u8; KEYS.len()],
    pub(super) flash: u8,
}

impl Content {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn value(&self, key: usize) -> u8 {
        self.values.get(key).copied().unwrap_or_default()
    }

    pub(super) fn set(&mut self, key: usize, value: u8) {
        if let Some(slot) = self.values.get_mut(key) {
            *slot = value;
        }
    }

    /// What `data` holds; `None` if no action wrote that.
    fn of(data: &Data) -> Option<Self> {
        let mut content = Self::default();
        for (key, json) in &data.values {
            let at = KEYS.iter().position(|name| name == key)?;
            content.set(at, parse(json.get())?);
        }
        for (key, json) in &data.flash {
            if key != FLASH {
                return None;
            }
            content.flash = parse(json.get())?;
        }
        Some(content)
    }
}

/// A number, or a text of one letter.
fn parse(json: &str) -> Option<u8> {
    match json.as_bytes() {
        [b'"', letter, b'"'] => Some(*letter),
        _ => json.parse().ok(),
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        for (key, value) in KEYS.iter().zip(self.values).filter(|(_, value)| *value != 0) {
            write!(f, "{gap}{key}={}", Shown(value))?;
            gap = " ";
        }
        if self.flash != 0 {
            write!(f, "{gap}flash={}", Shown(self.flash))?;
        } else if self.is_empty() {
            write!(f, "nothing")?;
        }
        Ok(())
    }
}

struct Shown(u8);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_ascii_graphic() {
            write!(f, "{}", char::from(self.0))
        } else {
            write!(f, "{}", self.0)
        }
    }
}

/// What a request sees of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    /// Whether there is a live session under its id.
    pub(super) lives: bool,
    /// `None` if no request wrote what is there.
    pub(super) content: Option<Content>,
}

impl View {
    pub(super) fn of(session: &Session) -> Self {
        Self { lives: !session.is_new(), content: Content::of(&session.data()) }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            None => write!(f, "values that no request wrote"),
            Some(content) if self.lives => write!(f, "alive with {content}"),
            Some(content) if content.is_empty() => write!(f, "no session"),
            Some(content) => write!(f, "no session, but readable {content}"),
        }
    }
}
