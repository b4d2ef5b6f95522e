//! The session, as a handler sees it.

use std::fmt;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::change::{Change, Step, Text, key_text};
use crate::clock;
use crate::key::{KeyFor, KeyName, KeyOf};
use crate::room::Room;
use crate::state::{Intent, Origin, State};
use crate::storage::{self, CookieContent, Outcome};
use crate::{
    Data, Error, FlashPolicy, Lifetime, Record, RecordKey, Result, SessionId, SessionPolicy, finite,
};

#[doc = include_str!("../docs/session.md")]
#[derive(Clone)]
pub struct Session {
    /// Without weak references, which take one step more at each end.
    room: triomphe::Arc<Room>,
}

/// What a [`commit`](Session::commit) did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Committed {
    /// What became of the record.
    pub outcome: Outcome,
    /// Keys of flash values that this request read although another request had read them before: whoever finds its key here was
    /// not the first.
    pub already_consumed: Vec<String>,
}

impl Session {
    /// The value under `key`: a value that was set, or else a flash value, which this read consumes.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if the value is not a `T`; nothing is consumed then. [`Error::Finished`] if reading would consume a flash
    /// value and the session has been saved with the response.
    pub fn get<T: DeserializeOwned>(&self, key: impl KeyOf<T>) -> Result<Option<T>> {
        let name = key.name();
        let mut state = self.state();
        if let Some(json) = state.content.value(name.as_bytes()) {
            return decode(name, json).map(Some);
        }
        let Some(json) = state.readable_flash(name.as_bytes()) else {
            return Ok(None);
        };
        let value = decode(name, json)?;
        if state.policy.flash_policy() == FlashPolicy::UntilRead && !state.keep_flash {
            state.writable()?;
            let (key, json) = (Text::from(name.as_bytes()), Text::from(json));
            state.consume_flash(key.clone(), json.clone());
            match state.content.flash(&key) {
                Some(waiting) if *waiting == *json => state.change(Change::Consume(key, json))?,
                // This request has itself put a newer one there.
                Some(_) => {}
                // An earlier commit of this request found that another had consumed it.
                None => state.missed.push(key),
            }
        }
        Ok(Some(value))
    }

    /// The value under `key`, as [`get`](Self::get), but a flash value stays.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if the value is not a `T`.
    pub fn peek<T: DeserializeOwned>(&self, key: impl KeyOf<T>) -> Result<Option<T>> {
        let name = key.name();
        let state = self.state();
        let json = state
            .content
            .value(name.as_bytes())
            .or_else(|| state.readable_flash(name.as_bytes()));
        json.map(|json| decode(name, json)).transpose()
    }

    /// Whether [`get`](Self::get) would find something under `key`. Consumes nothing.
    pub fn has(&self, key: impl KeyName) -> bool {
        let (state, name) = (self.state(), key.name().as_bytes());
        state.content.value(name).is_some() || state.readable_flash(name).is_some()
    }

    /// Sets the value under `key`. A value that encodes as JSON `null`, such as `None`, removes it.
    ///
    /// Of two requests that set one key at the same time, the one that is saved last wins; use [`update`](Self::update) to
    /// build on what stands there. A value that stands there already is not written again if the save finds the session as it was opened,
    /// for which it loads once.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] if the value has no JSON form; a float that is not finite has none. [`Error::Destroyed`] after
    /// [`destroy`](Self::destroy), [`Error::Finished`] after the response.
    pub fn set<V: Serialize + ?Sized>(&self, key: impl KeyFor<V>, value: &V) -> Result<()> {
        let json = encode(key.name(), value)?;
        let key = Text::from(key.name().as_bytes());
        self.apply(match json {
            Some(json) => Change::Set(key, json),
            None => Change::Unset(key),
        })
    }

    /// Puts `change(value)` in the place of the value under `key`, and returns it; `None` is no value.
    ///
    /// It is applied now, and again to the newest value if another request got in between: of two requests that count up by
    /// one, the end is two higher. So `change` may run several times, and its last run counts. It runs without a lock, and sees
    /// values only, not flash values.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if the value is not a `T`, [`Error::Encode`] if the new one has no JSON form; both may also come from the
    /// save, about a newer value. Otherwise as [`set`](Self::set).
    pub fn update<T: Serialize + DeserializeOwned + 'static>(
        &self,
        key: impl KeyOf<T>,
        change: impl Fn(Option<T>) -> Option<T> + Send + Sync + 'static,
    ) -> Result<Option<T>> {
        let name: Arc<str> = key.name().into();
        let key = Text::from(name.as_bytes());
        let run = {
            let name = Arc::clone(&name);
            move |json: Option<&[u8]>| -> Result<(Option<T>, Option<Text>)> {
                let old = json.map(|json| decode(&name, json)).transpose()?;
                let new = change(old);
                let json = match &new {
                    Some(new) => encode(&name, new)?,
                    None => None,
                };
                Ok((new, json))
            }
        };
        let run = Arc::new(run);
        loop {
            let before = {
                let state = self.state();
                state.writable()?;
                state.content.value(&key).map(Text::from)
            };
            let (new, after) = run(before.as_deref())?;
            let mut state = self.state();
            state.writable()?;
            if state.content.value(&key) != before.as_deref() {
                continue;
            }
            state.dirty |= match after {
                Some(json) => state.content.set_value(&key, &json),
                None => state.content.unset_value(&key),
            };
            let step: Step = Arc::new(move |json| run(json).map(|(_, json)| json));
            state.changes.push(Change::Update(key, step));
            return Ok(new);
        }
    }

    /// Removes the value under `key`. Flash values stay.
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Finished`]: as [`set`](Self::set).
    pub fn unset(&self, key: impl KeyName) -> Result<()> {
        self.apply(Change::Unset(key.name().as_bytes().into()))
    }

    /// Removes every value and every flash value, also those that another request sets before this one is saved.
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Finished`]: as [`set`](Self::set).
    pub fn clear(&self) -> Result<()> {
        self.apply(Change::Clear)?;
        self.state().forget_flash();
        Ok(())
    }

    /// How many values and readable flash values there are.
    pub fn len(&self) -> usize {
        let state = self.state();
        state.content.values.len() + state.readable().map_or(0, |readable| readable.flash.len())
    }

    /// Whether there is no value and no readable flash value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sets a value that is readable from the next request on, by one `get` of one request.
    ///
    /// A request that does not open the session, or does not read the key, leaves it (unless the policy is
    /// [`FlashPolicy::NextRequest`]). Requests that overlap may both read it; none that starts after its reader was answered
    /// does. A later flash under the same key takes its place. JSON `null` is no flash value: it removes one that waits.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub fn flash<V: Serialize + ?Sized>(&self, key: impl KeyFor<V>, value: &V) -> Result<()> {
        let json = encode(key.name(), value)?;
        let key = Text::from(key.name().as_bytes());
        match json {
            Some(json) => self.apply(Change::Flash(key, json)),
            None => {
                let waiting = self.state().content.flash(&key).map(Text::from);
                match waiting {
                    Some(json) => self.apply(Change::TakeBack(key, json)),
                    None => self.state().writable(),
                }
            }
        }
    }

    /// Keeps the flash values that this request found for another request, those that it has read included.
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Finished`]: as [`set`](Self::set).
    pub fn keep_flash(&self) -> Result<()> {
        let mut state = self.state();
        state.writable()?;
        state.keep_flash = true;
        for (key, json) in state.take_consumed() {
            state.change(Change::Keep(key, json))?;
        }
        Ok(())
    }

    /// Ends the session: its data goes, its id opens nothing any more, the cookie is cleared (a logout; OWASP ASVS 5.0 V7.4.1).
    ///
    /// Afterwards `get` finds nothing, and a write is [`Error::Destroyed`]. A request that was under way at that moment cannot
    /// bring it back. See [`restart`](Self::restart) for going on with an empty session.
    ///
    /// # Errors
    ///
    /// [`Error::Finished`] after the response.
    pub fn destroy(&self) -> Result<()> {
        let mut state = self.state();
        if state.finished {
            return Err(Error::Finished);
        }
        state.empty(Intent::Destroy);
        state.destroyed = true;
        Ok(())
    }

    /// Destroys the session and goes on with an empty one under a fresh id, for a logout that still flashes "Goodbye".
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Finished`]: as [`set`](Self::set).
    pub fn restart(&self) -> Result<()> {
        let mut state = self.state();
        state.writable()?;
        state.empty(Intent::Restart);
        Ok(())
    }

    /// Gives the session a new id with the same data. Call it whenever the user's rights change, above all at login, so that an id
    /// that someone planted before is worth nothing after (session fixation; OWASP ASVS 5.0 V7.2.4).
    ///
    /// The old id opens nothing any more. A request that was under way on it and writes gets [`Error::Moved`].
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Finished`]: as [`set`](Self::set).
    pub fn regenerate_id(&self) -> Result<()> {
        self.regenerate_id_keeping_old_for(Duration::ZERO)
    }

    /// As [`regenerate_id`](Self::regenerate_id), but the values stay readable under the old id for so long, as they are now: for a
    /// browser that sends several requests at once, or loses the response with the new cookie. They are never written there: also to set what
    /// stands there is [`Error::Moved`].
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Finished`]: as [`set`](Self::set).
    pub fn regenerate_id_keeping_old_for(&self, keep: Duration) -> Result<()> {
        self.move_record(keep, None)
    }

    /// Gives this session a lifetime of its own, from now on, and a new id with it: "remember me".
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Finished`]: as [`set`](Self::set).
    pub fn set_lifetime(&self, lifetime: Lifetime) -> Result<()> {
        self.move_record(Duration::ZERO, Some(lifetime))
    }

    /// The id: after [`regenerate_id`](Self::regenerate_id) or [`restart`](Self::restart) the new one, and for a new session the one
    /// that it is about to be saved under. Keep it out of logs and pages. It may change once more if the store fails in
    /// mid-save.
    ///
    /// # Errors
    ///
    /// [`Error::Random`] if a new id is needed and the operating system gives no random bytes.
    pub fn id(&self) -> Result<SessionId> {
        self.state().id()
    }

    /// A copy of all values and readable flash values.
    pub fn data(&self) -> Data {
        let state = self.state();
        Data::new(&state.content, state.readable())
    }

    /// Whether no stored session stands behind this one: the request had no cookie, or none that names a session that still lives under
    /// that id, and nothing was committed since. After [`destroy`](Self::destroy), once that is saved, it is new again.
    pub fn is_new(&self) -> bool {
        !matches!(self.state().origin, Origin::Live(_))
    }

    /// When the session began: its first save, or the last [`set_lifetime`](Self::set_lifetime).
    pub fn created(&self) -> SystemTime {
        let state = self.state();
        clock::at(state.span(state.policy.now()).0)
    }

    /// When the session ends if no further request uses it. A request that only reads moves that once a tenth of the idle timeout has run
    /// down.
    pub fn expires(&self) -> SystemTime {
        clock::at(self.state().expires())
    }

    /// Saves now, for a handler that must know before it goes on, a long stream, or a job without a response. It takes as long as the
    /// store takes, and tries for five seconds where other requests keep changing the session.
    ///
    /// The cookie that a new, regenerated or destroyed session needs goes with the response. The session can be changed
    /// and saved again afterwards.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], [`Error::Moved`], [`Error::Vanished`], [`Error::TooLarge`]: the changes were not kept, or with a store that was
    /// unavailable it is unknown; they stay in the session, and a later save tries again without doing them twice.
    /// [`Error::Unsupported`] if the data travels in the cookie, or no storage stands behind the session. [`Error::Finished`] after
    /// the response.
    pub async fn commit(&self) -> Result<Committed> {
        let (policy, finished) = {
            let state = self.state();
            (state.policy.clone(), state.finished)
        };
        let Some(storage) = policy.storage() else {
            return Err(Error::Unsupported(
                "no storage stands behind this session: commit() needs one opened through SessionManager",
            ));
        };
        if storage.content() == CookieContent::Data {
            return Err(Error::Unsupported(
                "the data of this session travels in the cookie, so it can only be saved with the response; commit() needs a server-side store",
            ));
        }
        if finished {
            return Err(Error::Finished);
        }
        let saved = storage::save(&**storage, self, &policy).await?;
        let missed = std::mem::take(&mut self.state().missed);
        Ok(Committed {
            outcome: saved.outcome,
            already_consumed: missed.iter().map(|key| key_text(key).to_owned()).collect(),
        })
    }

    pub(crate) fn new(policy: &SessionPolicy) -> Self {
        Self {
            room: Room::new(policy).shareable(),
        }
    }

    /// The session that a record holds at `key`; a new one if its time is over.
    #[inline]
    pub(crate) fn open(
        id: SessionId,
        key: RecordKey,
        record: Record,
        policy: &SessionPolicy,
    ) -> Result<Self> {
        Self::opened(policy, |state| state.open(id, key, record))
    }

    /// The same, where the storage sealed `id` and `body` as one.
    #[inline]
    pub(crate) fn open_sealed(id: SessionId, body: Bytes, policy: &SessionPolicy) -> Result<Self> {
        Self::opened(policy, |state| state.open_sealed(id, body))
    }

    #[inline]
    fn opened(policy: &SessionPolicy, open: impl FnOnce(&mut State) -> Result<()>) -> Result<Self> {
        let mut room = Room::new(policy);
        open(room.alone())?;
        Ok(Self {
            room: room.shareable(),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Only decoding may panic under the lock, before anything is changed: a poisoned state is a whole one.
        self.room
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn turn(&self) -> futures_util::lock::MutexGuard<'_, ()> {
        self.room.saving.lock().await
    }

    pub(crate) fn saving_around(&self) -> &futures_util::lock::Mutex<()> {
        &self.room.saving_around
    }

    pub(crate) fn release(self) {
        Room::release(self.room);
    }

    fn move_record(&self, keep_old: Duration, lifetime: Option<Lifetime>) -> Result<()> {
        let mut state = self.state();
        state.writable()?;
        let keep = clock::millis(keep_old);
        let intent = match state.intent {
            Intent::Keep => Intent::Regenerate { keep_old: keep },
            Intent::Regenerate { keep_old } => Intent::Regenerate {
                keep_old: keep_old.max(keep),
            },
            ending => ending,
        };
        state.order(intent);
        state.lifetime = lifetime.or(state.lifetime);
        Ok(())
    }

    fn apply(&self, change: Change) -> Result<()> {
        let mut state = self.state();
        state.writable()?;
        state.change(change)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Session")
            .field("content", &state.content)
            .field("intent", &state.intent)
            .finish_non_exhaustive()
    }
}

fn decode<T: DeserializeOwned>(key: &str, json: &[u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(|error| Error::Decode {
        key: key.to_owned(),
        expected: std::any::type_name::<T>(),
        found: match json.first() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        },
        column: error.column(),
    })
}

/// The value as JSON text; `None` for `null`.
fn encode<V: Serialize + ?Sized>(key: &str, value: &V) -> Result<Option<Text>> {
    let fail = |source| Error::Encode {
        key: key.to_owned(),
        source,
    };
    let json = serde_json::to_vec(value).map_err(fail)?;
    if json.windows(4).any(|part| part == b"null") {
        finite::check(value).map_err(fail)?;
    }
    Ok((json != b"null").then(|| json.into()))
}
