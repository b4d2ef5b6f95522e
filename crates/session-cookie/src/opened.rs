//! What became of a request's cookie.

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

/// What a request's cookie turned out to be.
///
/// Whatever is not [`Valid`](Self::Valid) is a new session; the other variants tell a debug log why. It prints without the
/// value.
#[derive(Clone, PartialEq, Eq)]
pub enum Opened<'h> {
    /// The request carries no such cookie, or an empty one.
    Missing,
    /// It does not have the form of a value that this cookie carries.
    Malformed,
    /// It has the form, and was not made with any of the secrets: tampered with, or made with one that is no longer known.
    Forged,
    /// It was made with one of the secrets, and its time has passed.
    Expired,
    /// The value, as it was given to the cookie.
    Valid(Cow<'h, str>),
}

impl<'h> Opened<'h> {
    /// The value, if it is valid.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Valid(value) => Some(value),
            _ => None,
        }
    }

    /// The same, owning its value.
    pub fn into_owned(self) -> Opened<'static> {
        match self {
            Self::Missing => Opened::Missing,
            Self::Malformed => Opened::Malformed,
            Self::Forged => Opened::Forged,
            Self::Expired => Opened::Expired,
            Self::Valid(value) => Opened::Valid(Cow::Owned(value.into_owned())),
        }
    }

    /// The first valid one; of several failures, the one that came furthest.
    #[inline]
    pub(crate) fn first_valid(all: impl IntoIterator<Item = Self>) -> Self {
        let mut furthest = Self::Missing;
        // Not a `for` loop: what the iterator is made of can become loops within loops this way.
        let valid = all.into_iter().try_for_each(|opened| match opened {
            Self::Valid(_) => ControlFlow::Break(opened),
            failure => {
                if failure.progress() > furthest.progress() {
                    furthest = failure;
                }
                ControlFlow::Continue(())
            }
        });
        valid.break_value().unwrap_or(furthest)
    }

    fn progress(&self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Malformed => 1,
            Self::Forged => 2,
            Self::Expired => 3,
            Self::Valid(_) => 4,
        }
    }
}

impl fmt::Debug for Opened<'_> {
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
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_value() {
        assert_eq!(format!("{:?}", Opened::Valid("id".into())), "Valid(..)");
    }

    #[test]
    fn the_first_valid_value_wins_over_earlier_failures() {
        let all = [
            Opened::Expired,
            Opened::Valid("first".into()),
            Opened::Valid("second".into()),
        ];
        assert_eq!(Opened::first_valid(all).value(), Some("first"));
        assert_eq!(
            Opened::first_valid([Opened::Forged, Opened::Malformed]),
            Opened::Forged
        );
    }
}
