//! The colour theme: a preference that is stored in the session.

use axum::response::Redirect;
use serde::{Deserialize, Serialize};
use session_http::{Key, Session};

use crate::failure::Failure;
use crate::fields::{Fields, local};

/// If it is not set, pages follow the visitor's system setting.
pub(crate) const THEME: Key<Theme> = Key::new("theme");

#[derive(Clone, Copy, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Choice {
    theme: Theme,
    back: String,
}

pub(crate) async fn choose(
    session: Session,
    Fields(choice): Fields<Choice>,
) -> Result<Redirect, Failure> {
    session.set(THEME, &choice.theme)?;
    Ok(Redirect::to(local(&choice.back)))
}
