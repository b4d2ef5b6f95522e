//! The value of a request's cookie.

use std::borrow::Cow;
use std::fmt;

/// The value of a request's cookie, or why there is none that can be used.
///
/// Everything but [`Valid`](Self::Valid) starts a new session; the variants are for a debug log.
/// `Debug` does not print the value.
#[derive(Clone, PartialEq, Eq)]
pub enum CookieValue<'h> {
    /// The request carries no such cookie, or an empty one.
    Missing,
    /// It does not have the form of a value of this cookie.
    Malformed,
    /// It has the form, but was not made with any of the secrets: it was tampered with, or made
    /// with a secret that is no longer known.
    Forged,
    /// It was made with one of the secrets, and its deadline has passed.
    Expired,
    /// The value, as it was given to the cookie.
    Valid(Cow<'h, str>),
}

impl<'h> CookieValue<'h> {
    /// The value, if it is valid.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Valid(value) => Some(value),
            _ => None,
        }
    }

    /// The same, owning its value.
    pub fn into_owned(self) -> CookieValue<'static> {
        match self {
            Self::Missing => CookieValue::Missing,
            Self::Malformed => CookieValue::Malformed,
            Self::Forged => CookieValue::Forged,
            Self::Expired => CookieValue::Expired,
            Self::Valid(value) => CookieValue::Valid(Cow::Owned(value.into_owned())),
        }
    }

    /// The one of the two that passed more checks; `self` if there is no difference.
    pub(crate) fn or_better(self, other: Self) -> Self {
        if other.checks_passed() > self.checks_passed() { other } else { self }
    }

    fn checks_passed(&self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Malformed => 1,
            Self::Forged => 2,
            Self::Expired => 3,
            Self::Valid(_) => 4,
        }
    }
}

impl fmt::Debug for CookieValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "Missing",
            Self::Malformed => "Malformed",
            Self::Forged => "Forged",
            Self::Expired => "Expired",
            Self::Valid(_) => "Valid(..)",
        })
    }
}

#[cfg(test)]
#[path = "../tests/unit/cookie_value.rs"]
mod tests;
