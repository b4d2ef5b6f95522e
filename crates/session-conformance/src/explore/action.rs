//! What a simulated request does with its session.

use std::time::Duration;

use session_core::{Result, Session};

use super::content::{AT_FIRST, COUNT, FLASH, KEYS, OWN, RESTARTED, SHARED, USER};

/// What a request does between opening its session and saving it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sets a value that no other request sets.
    SetOwn,
    /// Sets a value that other requests set too.
    SetShared,
    /// Sets the shared value to what it is at the beginning.
    SetAgain,
    /// Counts one up.
    Update,
    /// Reads the flash value, which consumes it.
    ReadFlash,
    /// Flashes under the key of the flash value that waits.
    WriteFlash,
    /// Removes everything.
    Clear,
    /// Removes the shared value.
    Unset,
    /// Logs in: a new id, a value, and a count.
    Regenerate,
    /// A new id; the old values stay readable for a while.
    RegenerateKeepingOld,
    /// Logs out.
    Destroy,
    /// Logs out, and goes on under a fresh id with a value.
    Restart,
    /// Changes nothing, at a time when the idle deadline is to be moved.
    MoveDeadline,
    /// Sets a value and commits it, then counts one up.
    CommitAndUpdate,
    /// Logs in and commits that, then sets a value.
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
        Self::CommitAndUpdate,
        Self::RegenerateAndSet,
    ];

    /// Those with one save.
    pub(super) fn once() -> impl Iterator<Item = Self> + Clone {
        let actions = Self::ALL.into_iter();
        actions.filter(|action| action.steps().1.is_none())
    }

    /// What it does before its first save, and then before a second one.
    pub(super) fn steps(self) -> (Self, Option<Self>) {
        match self {
            Self::CommitAndUpdate => (Self::SetOwn, Some(Self::Update)),
            Self::RegenerateAndSet => (Self::Regenerate, Some(Self::SetOwn)),
            _ => (self, None),
        }
    }

    /// Does its first step, as the request number `who`.
    pub(super) fn act(self, session: &Session, who: usize) -> Result<()> {
        let letter = letter(who).to_string();
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
            Self::MoveDeadline | Self::CommitAndUpdate | Self::RegenerateAndSet => Ok(()),
        }
    }
}

/// The name of request number `who`, which is also the value that it sets.
pub(super) fn letter(who: usize) -> char {
    char::from(b'A'.saturating_add(u8::try_from(who).unwrap_or(u8::MAX)))
}

fn key(at: usize) -> &'static str {
    KEYS.get(at).copied().unwrap_or("?")
}

fn count(session: &Session) -> Result<()> {
    let more = |n: Option<u8>| Some(n.unwrap_or(0) + 1);
    session.update(key(COUNT), more).map(|_| ())
}
