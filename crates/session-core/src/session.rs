//! What may be done with a session.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::body::{Members, Text};
use crate::change::{Change, Step};
use crate::clock;
use crate::data::Data;
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::json::{decode, encode};
use crate::key::{KeyFor, KeyName, KeyOf};
use crate::origin::{Intent, Origin};
use crate::policy::{FlashPolicy, Lifetime};
use crate::state::{MAX_KEYS, Session};

impl Session {
    /// How many values a session may have, and how many flash values: 1,000 each. A record with
    /// more, such as two requests at once can make, opens, but takes no value under a new key.
    pub const MAX_KEYS: usize = MAX_KEYS;

    /// The value under `key`: a value that was set, or else a flash value, which this read
    /// consumes.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if the value is not a `T`; nothing is consumed then. [`Error::Closed`] if
    /// reading would consume a flash value and the session has been saved with the response.
    pub fn get<T: DeserializeOwned>(&self, key: impl KeyOf<T>) -> Result<Option<T>> {
        let name = key.name();
        // The application's code decodes the value, so no lock is held meanwhile.
        let (json, is_flash) = {
            let state = self.state();
            match state.content.values.get(name) {
                Some(json) => (Some(Text::from(json)), false),
                None => (state.readable_flash.get(name).map(Text::from), true),
            }
        };
        let Some(json) = json else { return Ok(None) };
        let value = decode(name, &json)?;
        if is_flash {
            self.consume_flash(name, json)?;
        }
        Ok(Some(value))
    }

    /// The request has read the flash value `json`.
    fn consume_flash(&self, name: &str, json: Text) -> Result<()> {
        let mut state = self.state();
        let is_unread = state.readable_flash.get(name) == Some(&*json);
        let keeps = state.policy.flash_policy() != FlashPolicy::UntilRead || state.keep_flash;
        if keeps || !is_unread {
            return Ok(());
        }
        state.check_writable()?;
        let key = Text::from(name);
        state.readable_flash.remove(&key);
        state.consumed_flash.push((key.clone(), json.clone()));
        match state.content.flash.get(&key) {
            Some(waiting) if *waiting == *json => state.change(Change::ConsumeFlash(key, json)),
            // This request has itself set a newer one.
            Some(_) => Ok(()),
            // An earlier commit of this request found that another request had consumed it.
            None => {
                state.missed_flash.push(key);
                Ok(())
            }
        }
    }

    /// The value under `key`, as [`get`](Self::get), but a flash value is not consumed.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if the value is not a `T`.
    pub fn peek<T: DeserializeOwned>(&self, key: impl KeyOf<T>) -> Result<Option<T>> {
        let name = key.name();
        let json = {
            let state = self.state();
            let value = state.content.values.get(name);
            let json = value.or_else(|| state.readable_flash.get(name));
            json.map(Text::from)
        };
        json.map(|json| decode(name, &json)).transpose()
    }

    /// Whether [`get`](Self::get) would find something under `key`. Consumes nothing.
    pub fn has(&self, key: impl KeyName) -> bool {
        let name = key.name();
        let state = self.state();
        state.content.values.contains(name) || state.readable_flash.contains(name)
    }

    /// Sets the value under `key`. A value that encodes as JSON `null`, such as `None`, `()` or a
    /// unit struct, removes it.
    ///
    /// If two requests set one key at the same time, the one that is saved last wins. Use
    /// [`update`](Self::update) if the new value depends on the old one. Setting the value that the
    /// key already has writes nothing, unless another request has changed the session in the
    /// meantime; the save loads the record once to find out.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] if the value has no JSON form (a float that is not finite has none) or is
    /// nested deeper than 127 levels, so that it could not be read back. [`Error::TooManyKeys`] for
    /// a new key beyond [`MAX_KEYS`](Self::MAX_KEYS). [`Error::Destroyed`] after
    /// [`destroy`](Self::destroy), [`Error::Closed`] after the response.
    pub fn set<V: Serialize + ?Sized>(&self, key: impl KeyFor<V>, value: &V) -> Result<()> {
        let json = encode(key.name(), value)?;
        let key = Text::from(key.name());
        self.apply(match json {
            Some(json) => Change::Set(key, json),
            None => Change::Unset(key),
        })
    }

    /// Replaces the value under `key` by `change(value)`, and returns it; `None` is no value. Use
    /// it whenever the new value depends on the old one, so that concurrent requests do not
    /// overwrite each other.
    ///
    /// `change` runs now, and again on the newest value if another request has saved in the
    /// meantime: if two requests count up by one, the result is two higher. So it may run several
    /// times, and the last run counts. It runs without a lock, and sees values only, not flash
    /// values.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if the value is not a `T`, [`Error::Encode`] if the new one has no JSON
    /// form; the save may report both too, about a newer value. Otherwise as [`set`](Self::set).
    pub fn update<T: Serialize + DeserializeOwned + 'static>(
        &self,
        key: impl KeyOf<T>,
        change: impl Fn(Option<T>) -> Option<T> + Send + Sync + 'static,
    ) -> Result<Option<T>> {
        let key = Text::from(key.name());
        let run = {
            let key = key.clone();
            move |json: Option<&str>| -> Result<(Option<T>, Option<Text>)> {
                let old = json.map(|json| decode(&key, json)).transpose()?;
                let new = change(old);
                let json = match &new {
                    Some(new) => encode(&key, new)?,
                    None => None,
                };
                Ok((new, json))
            }
        };
        let run = Arc::new(run);
        loop {
            let before = {
                let state = self.state();
                state.check_writable()?;
                state.content.values.get(&key).map(Text::from)
            };
            let (new, after) = run(before.as_deref())?;
            let mut state = self.state();
            state.check_writable()?;
            if state.content.values.get(&key) != before.as_deref() {
                // Another task of this request has changed it since.
                continue;
            }
            let applied = match after {
                Some(json) => Change::Set(key.clone(), json),
                None => Change::Unset(key.clone()),
            };
            state.check_key_count(&applied)?;
            state.dirty |= applied.apply(&mut state.content, &mut Vec::new())?;
            let step: Step = Arc::new(move |json| run(json).map(|(_, json)| json));
            state.changes.push(Change::Update(key, step));
            return Ok(new);
        }
    }

    /// Removes the value under `key`. Flash values are not affected.
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Closed`]: as [`set`](Self::set).
    pub fn unset(&self, key: impl KeyName) -> Result<()> {
        self.apply(Change::Unset(key.name().into()))
    }

    /// Removes every value and every flash value, those included that another request sets before
    /// this one is saved.
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Closed`]: as [`set`](Self::set).
    pub fn clear(&self) -> Result<()> {
        self.apply(Change::Clear)?;
        self.state().forget_flash();
        Ok(())
    }

    /// The number of values and readable flash values.
    pub fn len(&self) -> usize {
        let state = self.state();
        state.content.values.len() + state.readable_flash.len()
    }

    /// Whether there is no value and no readable flash value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sets a value that is readable from the next request on, by one `get` of one request.
    ///
    /// A request that does not open the session, or does not read the key, leaves the value there
    /// (unless the policy is [`FlashPolicy::NextRequest`]). Requests that overlap may both read it;
    /// none that starts after its reader was answered does. A later flash under the same key
    /// replaces it. JSON `null` is no flash value: it removes one that is waiting.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub fn flash<V: Serialize + ?Sized>(&self, key: impl KeyFor<V>, value: &V) -> Result<()> {
        let json = encode(key.name(), value)?;
        let key = Text::from(key.name());
        if let Some(json) = json {
            return self.apply(Change::Flash(key, json));
        }
        let waiting = self.state().content.flash.get(&key).map(Text::from);
        match waiting {
            Some(json) => self.apply(Change::UnsetFlash(key, json)),
            None => self.state().check_writable(),
        }
    }

    /// Keeps the flash values that this request found for another request, those included that it
    /// has read.
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Closed`]: as [`set`](Self::set).
    pub fn keep_flash(&self) -> Result<()> {
        let mut state = self.state();
        state.check_writable()?;
        state.keep_flash = true;
        for (key, json) in std::mem::take(&mut state.consumed_flash) {
            state.change(Change::KeepFlash(key, json))?;
        }
        Ok(())
    }

    /// Ends the session (a logout; OWASP ASVS 5.0 V7.4.1): its data is deleted, its id no longer
    /// opens anything, and the cookie is cleared.
    ///
    /// Afterwards `get` finds nothing, and a write is [`Error::Destroyed`]. A request that was
    /// under way cannot bring the session back. To go on with an empty session, use
    /// [`restart`](Self::restart). Both also end the sessions of further cookies of the name that
    /// the request carried.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] after the response.
    pub fn destroy(&self) -> Result<()> {
        let mut state = self.state();
        if state.closed {
            return Err(Error::Closed);
        }
        state.clear(Intent::Destroy);
        state.destroyed = true;
        Ok(())
    }

    /// Destroys the session and continues with an empty one under a fresh id, for a logout that
    /// still flashes "Goodbye".
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Closed`]: as [`set`](Self::set).
    pub fn restart(&self) -> Result<()> {
        let mut state = self.state();
        state.check_writable()?;
        state.clear(Intent::Restart);
        Ok(())
    }

    /// Gives the session a new id with the same data. Call it whenever the user's rights change,
    /// above all at login: anyone who planted or saw the old id gains nothing (session fixation;
    /// OWASP ASVS 5.0 V7.2.4).
    ///
    /// The old id no longer opens anything. A request that is under way on it and writes gets
    /// [`Error::Moved`].
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Closed`]: as [`set`](Self::set).
    pub fn regenerate_id(&self) -> Result<()> {
        self.regenerate_id_keeping_old_for(Duration::ZERO)
    }

    /// As [`regenerate_id`](Self::regenerate_id), but for this long the values stay readable under
    /// the old id, as they are now: for a browser that sends several requests at once, or loses the
    /// response with the new cookie. A write under the old id is [`Error::Moved`].
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Closed`]: as [`set`](Self::set).
    pub fn regenerate_id_keeping_old_for(&self, keep: Duration) -> Result<()> {
        self.set_new_id(keep, None)
    }

    /// Gives this session a lifetime of its own, from now on, and a new id with it: "remember me".
    ///
    /// # Errors
    ///
    /// [`Error::Destroyed`], [`Error::Closed`]: as [`set`](Self::set).
    pub fn set_lifetime(&self, lifetime: Lifetime) -> Result<()> {
        self.set_new_id(Duration::ZERO, Some(lifetime))
    }

    fn set_new_id(&self, keep_old: Duration, lifetime: Option<Lifetime>) -> Result<()> {
        let mut state = self.state();
        state.check_writable()?;
        let keep = clock::millis(keep_old);
        let intent = match state.intent {
            Intent::Keep => Intent::Regenerate { keep_old: keep },
            Intent::Regenerate { keep_old } => Intent::Regenerate { keep_old: keep_old.max(keep) },
            ending => ending,
        };
        state.set_intent(intent);
        state.lifetime = lifetime.or(state.lifetime);
        Ok(())
    }

    /// The id. After [`regenerate_id`](Self::regenerate_id) or [`restart`](Self::restart) it is the
    /// new one; for a new session, the one that it will be saved under. Keep it out of logs and
    /// pages. It may change once more if the store fails during the save.
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
        Data { values: copy(&state.content.values), flash: copy(&state.readable_flash) }
    }

    /// Whether no stored session is behind this one: the request's cookie named none that lives
    /// under that id, and nothing was committed since. It is also true after
    /// [`destroy`](Self::destroy), once that is saved.
    pub fn is_new(&self) -> bool {
        !matches!(self.state().origin, Origin::Live(_))
    }

    /// When the session was created: its first save, or the last
    /// [`set_lifetime`](Self::set_lifetime).
    pub fn created(&self) -> SystemTime {
        let state = self.state();
        let (created, _) = state.created_and_lifetime(state.policy.now());
        clock::at(created)
    }

    /// When the session expires if no later request uses it. A request that only reads moves that
    /// once a tenth of the idle timeout has passed.
    pub fn expires(&self) -> SystemTime {
        clock::at(self.state().expires())
    }

    fn apply(&self, change: Change) -> Result<()> {
        let mut state = self.state();
        state.check_writable()?;
        state.change(change)
    }
}

fn copy(members: &Members) -> BTreeMap<String, Box<RawValue>> {
    let members = members.iter().filter_map(|(key, json)| {
        let json = RawValue::from_string(json.to_string()).ok()?;
        Some((key.to_string(), json))
    });
    members.collect()
}

/// Prints keys only.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Session")
            .field("content", &state.content)
            .field("intent", &state.intent)
            .finish_non_exhaustive()
    }
}
