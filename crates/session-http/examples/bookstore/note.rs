//! A note for the parcel: the only value in the session whose size the visitor chooses.

use axum::response::Redirect;
use serde::Deserialize;
use session_http::{Key, Session};

use crate::failure::Failure;
use crate::fields::Fields;
use crate::notice;

pub(crate) const NOTE: Key<String> = Key::new("note");

/// The same limit as in the form.
const MOST_CHARACTERS: usize = 4000;

#[derive(Deserialize)]
pub(crate) struct Note {
    note: String,
}

pub(crate) async fn keep(
    session: Session,
    Fields(sent): Fields<Note>,
) -> Result<Redirect, Failure> {
    let note = sent.note.trim();
    if note.chars().count() > MOST_CHARACTERS {
        return Err(Failure::Unreadable);
    }
    if note.is_empty() {
        session.unset(NOTE)?;
        notice::done(&session, "The parcel goes without a note.")?;
    } else {
        session.set(NOTE, note)?;
        notice::done(&session, "Your note goes with the parcel.")?;
    }
    Ok(Redirect::to("/cart"))
}
