//! What is tested: how to make an empty store, and what the checks must know about it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use session_core::{RecordStore, SessionStorage};

use crate::check::{BoxFuture, Promise};

/// A backend under test.
///
/// A closure that makes an empty store is enough for most stores. The methods declare exceptions.
///
/// ```
/// use session_conformance::{Fixture, Subject};
/// use session_store_memory::MemoryStore;
///
/// let subject = Subject::new(|| async {
///     let store = MemoryStore::new();
///     let clock = store.clone();
///     Fixture::new(store).advance(move |by| clock.advance(by))
/// })
/// .named("memory");
/// ```
#[derive(Clone)]
pub struct Subject {
    pub(crate) name: String,
    pub(crate) make: Arc<dyn Fn() -> BoxFuture<Fixture> + Send + Sync>,
    pub(crate) largest_body: usize,
    pub(crate) cannot: Vec<(Promise, String)>,
    pub(crate) thorough: bool,
}

impl Subject {
    /// A backend; `make` makes an empty store, one for each check.
    pub fn new<F, Fut>(make: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: Into<Fixture>,
    {
        let make = move || -> BoxFuture<Fixture> {
            let made = make();
            Box::pin(async move { made.await.into() })
        };
        Self {
            name: "store".to_owned(),
            make: Arc::new(make),
            largest_body: 1 << 20,
            cannot: Vec::new(),
            thorough: false,
        }
    }

    /// Its name in reports: `store` unless set.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The largest body that it takes, in bytes. The default is 1 MiB.
    #[must_use]
    pub fn largest_body(mut self, bytes: usize) -> Self {
        self.largest_body = bytes;
        self
    }

    /// Declares that it cannot keep `promise` by its nature, and why. Reports show the reason in
    /// place of a verdict.
    #[must_use]
    pub fn cannot(mut self, promise: Promise, why: impl Into<String>) -> Self {
        self.cannot.push((promise, why.into()));
        self
    }

    /// Runs every schedule of overlapping requests, not only two thousand of them. That takes
    /// minutes on a store in memory, and hours on others.
    #[must_use]
    pub fn thorough(mut self) -> Self {
        self.thorough = true;
        self
    }

    /// Its name in reports.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl<F, Fut> From<F> for Subject
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'static,
    Fut::Output: Into<Fixture>,
{
    fn from(make: F) -> Self {
        Self::new(make)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("name", &self.name)
            .field("largest_body", &self.largest_body)
            .field("cannot", &self.cannot)
            .finish_non_exhaustive()
    }
}

/// One empty store, and what only its maker can do with it.
pub struct Fixture {
    pub(crate) kind: Kind,
    pub(crate) advance: Option<Advance>,
    pub(crate) reopen: Option<Reopen>,
    pub(crate) keep: Vec<Box<dyn Any + Send + Sync>>,
}

pub(crate) type Advance = Arc<dyn Fn(Duration) + Send + Sync>;
pub(crate) type Reopen = Arc<dyn Fn() -> BoxFuture<Arc<dyn RecordStore>> + Send + Sync>;

pub(crate) enum Kind {
    Records(Arc<dyn RecordStore>),
    Storage(Arc<dyn SessionStorage>),
}

impl Fixture {
    /// A store of records.
    pub fn new(store: impl RecordStore) -> Self {
        Self::of(Kind::Records(Arc::new(store)))
    }

    /// A storage without records, such as one that keeps the data in the cookie.
    pub fn storage(storage: impl SessionStorage) -> Self {
        Self::of(Kind::Storage(Arc::new(storage)))
    }

    fn of(kind: Kind) -> Self {
        Self { kind, advance: None, reopen: None, keep: Vec::new() }
    }

    /// Moves the clock by which this store expires records. Without it, the checks about time take
    /// a few seconds.
    #[must_use]
    pub fn advance(mut self, advance: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        self.advance = Some(Arc::new(advance));
        self
    }

    /// Opens the same records again, as another server would, or this one after a restart. With it
    /// the store declares that its records survive. The checks call it while the first store is
    /// open, and after that was dropped.
    #[must_use]
    pub fn reopen<F, Fut, S>(mut self, reopen: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = S> + Send + 'static,
        S: RecordStore,
    {
        self.reopen = Some(Arc::new(move || {
            let opened = reopen();
            Box::pin(async move { Arc::new(opened.await) as Arc<dyn RecordStore> })
        }));
        self
    }

    /// Keeps `guard`, such as a temporary directory, until the check is over.
    #[must_use]
    pub fn keep(mut self, guard: impl Any + Send + Sync) -> Self {
        self.keep.push(Box::new(guard));
        self
    }
}

impl<S: RecordStore> From<S> for Fixture {
    fn from(store: S) -> Self {
        Self::new(store)
    }
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("Fixture");
        match &self.kind {
            Kind::Records(store) => f.field("records", store),
            Kind::Storage(storage) => f.field("storage", storage),
        };
        f.finish_non_exhaustive()
    }
}
