//! What may happen next in a run.

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// An operation of a request is executed.
    Step(usize),
    /// The same, with a fault.
    Faulty(usize, Fault),
    /// A write that a fault had delayed is executed.
    Late,
}

/// What may go wrong with an operation, once in a run.
///
/// A late write may be executed at once (its reply is lost), after any other operation, or after
/// all of them (until then it is as if it had failed). So these faults need no choices of their
/// own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A load fails.
    Fail,
    /// A load fails. If the save fails for that reason, the request saves again.
    FailThenRetry,
    /// A write is answered with an error, and executed later.
    Late,
    /// The server dies; a write is executed later.
    Crash,
    /// The save is dropped, and the request saves again; a write is executed later.
    Drop,
}

impl Fault {
    pub(super) const AT_LOAD: [Self; 4] =
        [Self::Fail, Self::FailThenRetry, Self::Crash, Self::Drop];
    pub(super) const AT_WRITE: [Self; 3] = [Self::Late, Self::Crash, Self::Drop];
}

impl Choice {
    /// The number of the request whose operation it is.
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
