//! What a simulated request does with its session.

use std::time::Duration;

use session_core::{Result, Session};

use super::content::{AT_FIRST, COUNT, FLASH, OWN, RESTARTED, SHARED, USER, key, letter};

/// What a request does between opening its session and saving it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sets a value that no other request sets.
    SetOwn,
    /// Sets a value that other requests set too.
    SetShared,
    /// Sets the shared value to what it is already.
    SetAgain,
    /// Counts up by one.
    Update,
    /// Reads the flash value, which consumes it.
    ReadFlash,
    /// Sets a flash value under the key of the one that waits.
    WriteFlash,
    /// Removes everything.
    Clear,
    /// Removes the shared value.
    Unset,
    /// Logs in: asks for a new id, sets a value, and counts up.
    Regenerate,
    /// Asks for a new id; the old id stays readable for a while.
    RegenerateKeepingOld,
    /// Logs out.
    Destroy,
    /// Logs out, and continues under a fresh id with a value.
    Restart,
    /// Changes nothing, at a time when the idle deadline must be moved.
    MoveDeadline,
    /// Sets a value and saves, then counts up.
    SaveAndUpdate,
    /// Logs in and saves, then sets a value.
    RegenerateAndSet,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 15] = [
        Self::SetOwn,
        Self::SetShared,
        Self::SetAgain,
        Self::Update,
        Self::ReadFlash,
        Self::WriteFlash,
        Self::Clear,
        Self::Unset,
        Self::Regenerate,
        Self::RegenerateKeepingOld,
        Self::Destroy,
        Self::Restart,
        Self::MoveDeadline,
        Self::SaveAndUpdate,
        Self::RegenerateAndSet,
    ];

    /// The actions with one save.
    pub(super) fn once() -> impl Iterator<Item = Self> + Clone {
        let actions = Self::ALL.into_iter();
        actions.filter(|action| action.steps().1.is_none())
    }

    /// What it does before its first save, and before a second one.
    pub(super) fn steps(self) -> (Self, Option<Self>) {
        match self {
            Self::SaveAndUpdate => (Self::SetOwn, Some(Self::Update)),
            Self::RegenerateAndSet => (Self::Regenerate, Some(Self::SetOwn)),
            _ => (self, None),
        }
    }

    /// Does its first step, as the request number `who`.
    pub(super) fn act(self, session: &Session, who: usize) -> Result<()> {
        let letter = char::from(letter(who)).to_string();
        match self.steps().0 {
            Self::SetOwn => session.set(key(OWN + who), &letter),
            Self::SetShared => session.set(key(SHARED), &letter),
            Self::SetAgain => session.set(key(SHARED), &char::from(AT_FIRST)),
            Self::Update => count(session),
            Self::ReadFlash => session.get::<String>(FLASH).map(|_| ()),
            Self::WriteFlash => session.flash(FLASH, &letter),
            Self::Clear => session.clear(),
            Self::Unset => session.unset(key(SHARED)),
            Self::Regenerate => {
                session.regenerate_id()?;
                session.set(key(USER + who), &letter)?;
                count(session)
            }
            Self::RegenerateKeepingOld => {
                session.regenerate_id_keeping_old_for(Duration::from_secs(60))?;
                session.set(key(USER + who), &letter)
            }
            Self::Destroy => session.destroy(),
            Self::Restart => {
                session.restart()?;
                session.set(key(RESTARTED + who), &letter)
            }
            Self::MoveDeadline | Self::SaveAndUpdate | Self::RegenerateAndSet => Ok(()),
        }
    }
}

fn count(session: &Session) -> Result<()> {
    let more = |n: Option<u8>| Some(n.unwrap_or(0) + 1);
    session.update(key(COUNT), more).map(|_| ())
}
