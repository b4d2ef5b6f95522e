//! A message that the next page shows once.

use serde::{Deserialize, Serialize};
use session_core::Result;
use session_http::{Key, Session};

pub(crate) const NOTICE: Key<Notice> = Key::new("notice");

#[derive(Deserialize, Serialize)]
pub(crate) struct Notice {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Done,
    Refused,
}

impl Kind {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// Shows `text` on the next page.
pub(crate) fn done(session: &Session, text: impl Into<String>) -> Result<()> {
    flash(session, Kind::Done, text.into())
}

/// Shows on the next page why nothing was done.
pub(crate) fn refused(session: &Session, text: impl Into<String>) -> Result<()> {
    flash(session, Kind::Refused, text.into())
}

fn flash(session: &Session, kind: Kind, text: String) -> Result<()> {
    session.flash(NOTICE, &Notice { kind, text })
}
