//! Names of values, with or without their type.

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;

/// The name of a value together with its type, so that both are written once.
///
/// ```
/// use session_core::{Key, Session, SessionPolicy};
///
/// const COUNT: Key<u32> = Key::new("count");
///
/// # fn main() -> session_core::Result<()> {
/// # let session = session_core::storage::empty(&SessionPolicy::default());
/// session.set(COUNT, &3)?;
/// assert_eq!(session.get(COUNT)?, Some(3));
/// # Ok(())
/// # }
/// ```
///
/// A plain `&str` works wherever a `Key` does; the type is then named at the call:
/// `session.get::<u32>("count")`.
pub struct Key<T> {
    name: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// The key `name` of values of type `T`.
    pub const fn new(name: &'static str) -> Self {
        Self { name, value: PhantomData }
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.name)
    }
}

/// What names a value: a [`Key`] or a string.
pub trait KeyName {
    /// The name of the value.
    fn name(&self) -> &str;
}

/// A key under which a value of type `T` is read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a `{T}`",
    note = "a `Key<T>` names values of type `T`; a `&str` names values of any type"
)]
pub trait KeyOf<T>: KeyName {}

/// A key under which a `V` may be written.
#[diagnostic::on_unimplemented(
    message = "a `{V}` cannot be written under `{Self}`",
    note = "a `Key<T>` takes a `&T` (a `Key<String>` also a `&str`); a `&str` takes any `Serialize`"
)]
pub trait KeyFor<V: ?Sized>: KeyName {}

impl<T> KeyName for Key<T> {
    fn name(&self) -> &str {
        self.name
    }
}

impl<T> KeyOf<T> for Key<T> {}

impl<T: Borrow<V>, V: ?Sized> KeyFor<V> for Key<T> {}

impl KeyName for &str {
    fn name(&self) -> &str {
        self
    }
}

impl<T> KeyOf<T> for &str {}

impl<V: ?Sized> KeyFor<V> for &str {}

impl KeyName for &String {
    fn name(&self) -> &str {
        self
    }
}

impl<T> KeyOf<T> for &String {}

impl<V: ?Sized> KeyFor<V> for &String {}

impl KeyName for String {
    fn name(&self) -> &str {
        self
    }
}

impl<T> KeyOf<T> for String {}

impl<V: ?Sized> KeyFor<V> for String {}
