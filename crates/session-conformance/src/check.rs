//! What a check is, and the list of all checks.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;

use crate::Failure;
use crate::context::Context;

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
pub(crate) type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// One thing that a store must do.
#[derive(Clone, Copy)]
pub struct Check {
    /// The level, the file, and what must hold: `record/conditions/if_absent_refuses_a_taken_key`
    /// is a function of that name in `src/record/conditions.rs`.
    pub name: &'static str,
    /// What kind of check it is.
    pub level: Level,
    /// What a user would suffer if it failed.
    pub harm: &'static str,
    /// The promises that it tests. It is not run on a subject that declares that it cannot keep one
    /// of them.
    pub needs: &'static [Promise],
    pub(crate) run: fn(Context) -> BoxFuture<Result>,
}

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Level {
    /// The contract of [`RecordStore`](session_core::RecordStore).
    Record,
    /// Requests that overlap, in many orders of their store operations.
    Overlap,
    /// The same with one operation that fails, loses its reply, comes late or is cancelled.
    Fault,
    /// Sessions: every call and every outcome. Behind the feature `engine`.
    Session,
    /// Requests through the HTTP layer. Behind the feature `http`.
    Http,
}

/// What a storage may be unable to promise by its nature; see
/// [`Subject::cannot`](crate::Subject::cannot).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Promise {
    /// It has records: it implements [`RecordStore`](session_core::RecordStore).
    Records,
    /// Requests that overlap keep what both wrote.
    Merge,
    /// A session that was destroyed, or has a new id, cannot be opened with a copy of its old
    /// cookie.
    Revoke,
    /// A request may save its session several times, before its response.
    Commit,
    /// Several servers may share one place for their records.
    Share,
}

impl Level {
    /// The first part of the names of its checks.
    pub fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Overlap => "overlap",
            Self::Fault => "fault",
            Self::Session => "session",
            Self::Http => "http",
        }
    }

    /// How long one of its checks may take.
    pub(crate) fn time_limit(self) -> Duration {
        match self {
            Self::Overlap | Self::Fault => Duration::from_secs(15 * 60),
            Self::Record | Self::Session | Self::Http => Duration::from_secs(60),
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

/// All checks of this build, level by level.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    let lists = [
        crate::record::CHECKS,
        crate::overlap::CHECKS,
        crate::fault::CHECKS,
        #[cfg(feature = "engine")]
        crate::session::CHECKS,
        #[cfg(feature = "http")]
        crate::http::CHECKS,
    ];
    lists.into_iter().flatten()
}

/// Makes the table of a level's [`Check`]s from its list, such as `__record_checks`.
///
/// A list is the only place that names a check: [`suite!`](crate::suite) makes its tests from it
/// too.
macro_rules! table {
    ($level:ident $prefix:ident $($name:ident [$($need:ident),*] $harm:literal)*) => {
        &[$($crate::check::Check {
            name: concat!(stringify!($prefix), "/", stringify!($name)),
            level: $crate::check::Level::$level,
            harm: $harm,
            needs: &[$($crate::check::Promise::$need),*],
            run: |context| Box::pin($name(context)),
        }),*]
    };
    ($level:ident $prefix:ident $($group:ident {
        $($name:ident [$($need:ident),*] $harm:literal)*
    })*) => {
        &[$($($crate::check::Check {
            name: concat!(stringify!($prefix), "/", stringify!($group), "/", stringify!($name)),
            level: $crate::check::Level::$level,
            harm: $harm,
            needs: &[$($crate::check::Promise::$need),*],
            run: |context| Box::pin($group::$name(context)),
        },)*)*]
    };
}
pub(crate) use table;
