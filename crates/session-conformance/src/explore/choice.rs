//! What may happen next in a run.

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// A request's operation is done.
    Step(usize),
    /// The same, with a fault.
    Faulty(usize, Fault),
    /// A write that a fault had delayed is done.
    Late,
}

/// What may go wrong at an operation; once in a run.
///
/// A write that is late may be done at once (its reply is lost), after anything else, or after all (until then, it is as if it had
/// failed): so it stands for those too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A load fails.
    Fail,
    /// A load fails, and the request goes on if that was answered with an error: it saves again.
    FailThenGoOn,
    /// A write is answered with an error, and done later.
    Late,
    /// The server dies; a write is done later.
    Crash,
    /// The save is dropped, and the request goes on and saves again; a write is done later.
    Drop,
}

impl Fault {
    pub(super) const AT_LOAD: [Self; 4] = [Self::Fail, Self::FailThenGoOn, Self::Crash, Self::Drop];
    pub(super) const AT_WRITE: [Self; 3] = [Self::Late, Self::Crash, Self::Drop];
}

impl Choice {
    /// Whose it is: a request's number, or none's.
    pub(super) fn actor(self) -> Option<usize> {
        match self {
            Self::Step(who) | Self::Faulty(who, _) => Some(who),
            Self::Late => None,
        }
    }

    pub(super) fn is_faulty(self) -> bool {
        matches!(self, Self::Faulty(..))
    }
}
