//! What a check is, and the list of all.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;

use crate::Failure;
use crate::context::Context;

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
pub(crate) type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// One thing that a store must do, under a name that does not change.
#[derive(Clone, Copy)]
pub struct Check {
    /// `level/what_holds`, such as `record/if_absent_refuses_a_taken_key`.
    pub name: &'static str,
    /// What kind of check it is.
    pub level: Level,
    /// What a user would suffer if it failed.
    pub harm: &'static str,
    /// Which promises it puts to the test; a subject that declares one of them impossible is not asked.
    pub needs: &'static [Promise],
    pub(crate) limit: Duration,
    pub(crate) run: fn(Context) -> BoxFuture<Result>,
}

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Level {
    /// The contract of [`RecordStore`](session_core::RecordStore).
    Record,
    /// Sessions, one request after another and overlapping by hand.
    Session,
    /// Requests in every order of their store operations.
    Overlap,
    /// The same, with one operation that fails, loses its reply, comes late or is cancelled.
    Fault,
    /// Requests through the HTTP layer.
    Http,
}

/// What a storage may be unable to promise, by its nature; see [`Subject::cannot`](crate::Subject::cannot).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Promise {
    /// It is made of records: it implements [`RecordStore`](session_core::RecordStore).
    Records,
    /// Requests that overlap keep what both wrote.
    Merge,
    /// A session that was destroyed or moved is dead for whoever kept a copy of its cookie.
    Revoke,
    /// `commit` saves before the response.
    Commit,
    /// Two servers may keep their records in one place.
    Share,
}

impl Check {
    pub(crate) const LIMIT: Duration = Duration::from_secs(60);
}

impl Level {
    /// As it begins the names of its checks.
    pub fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Session => "session",
            Self::Overlap => "overlap",
            Self::Fault => "fault",
            Self::Http => "http",
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Check({})", self.name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A [`Check`] of an async fn in scope: `check!(Record, "record", name, "harm", [Promise, ..])`.
macro_rules! check {
    ($level:ident, $prefix:literal, $function:ident, $harm:literal, [$($need:ident),*]) => {
        $crate::check::Check {
            name: concat!($prefix, "/", stringify!($function)),
            level: $crate::check::Level::$level,
            harm: $harm,
            needs: &[$($crate::check::Promise::$need),*],
            limit: $crate::check::Check::LIMIT,
            run: |context| Box::pin($function(context)),
        }
    };
}
pub(crate) use check;

/// All checks that this build knows, level by level.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    let groups = crate::record::GROUPS.iter().chain(crate::session::GROUPS);
    let groups = groups.chain(crate::overlap::GROUPS);
    #[cfg(feature = "http")]
    let groups = groups.chain(crate::http::GROUPS);
    groups.flat_map(|group| group.iter())
}
