//! What a session holds, as the explorer sees it: a few known values, in a form that is quick to compare.

use std::fmt;

use session_core::{Data, Session};

/// The values that the actions use: a count, a shared one, and for each request one of its own, one that it sets at a login, and
/// one that it sets after a restart.
pub(super) const KEYS: [&str; 11] = [
    "n", "s", "a", "b", "c", "userA", "userB", "userC", "restA", "restB", "restC",
];
pub(super) const COUNT: usize = 0;
pub(super) const SHARED: usize = 1;
pub(super) const OWN: usize = 2;
pub(super) const USER: usize = 5;
pub(super) const RESTARTED: usize = 8;
pub(super) const FLASH: &str = "f";
/// What stands under [`SHARED`] when a run begins.
pub(super) const AT_FIRST: u8 = b's';

/// Values by the place of their key in [`KEYS`], and one flash value; 0 is none. Texts are one letter.
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

    /// What stands in `data`; `None` if that is nothing that an action wrote.
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

/// A count, or a text of one letter.
fn parse(json: &str) -> Option<u8> {
    match json.as_bytes() {
        [b'"', letter, b'"'] => Some(*letter),
        _ => json.parse().ok(),
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        for (key, value) in KEYS
            .iter()
            .zip(self.values)
            .filter(|(_, value)| *value != 0)
        {
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
    /// Whether a session lives under its id.
    pub(super) lives: bool,
    /// `None`: something that nobody wrote.
    pub(super) content: Option<Content>,
}

impl View {
    pub(super) fn of(session: &Session) -> Self {
        Self {
            lives: !session.is_new(),
            content: Content::of(&session.data()),
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            None => write!(f, "values that nobody wrote"),
            Some(content) if self.lives => write!(f, "alive with {content}"),
            Some(content) if content.is_empty() => write!(f, "no session"),
            Some(content) => write!(f, "no session, but readable {content}"),
        }
    }
}
