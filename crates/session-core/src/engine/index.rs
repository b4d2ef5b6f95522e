//! The index of an account. The order of the steps is what keeps it right: a session is entered
//! before its record is written, and its entry is removed after its record is destroyed.

use std::collections::HashSet;
use std::time::Duration;

use super::records::{Failures, Loaded, Records, Written};
use crate::body::{Entry, Epoch, Index, Kind};
use crate::clock::CLOCK_SKEW;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::{Lifetime, WhenFull};
use crate::record::{Condition, RecordKey, Version};
use crate::sign_in::Handle;
use crate::snapshot::Snapshot;

/// When a session was last written, and when it ends.
pub(crate) struct Times {
    pub(crate) seen: u64,
    pub(crate) end: u64,
}

impl Records<'_> {
    /// The most entries of one account.
    const MAX_ENTRIES: usize = 1000;

    /// The index at `account`, and its version if it is stored.
    pub(crate) async fn index(&self, account: &RecordKey) -> Result<(Index, Option<Version>)> {
        match self.store.load(account).await? {
            Some(record) => Ok((Index::decode(&record.body, account)?, Some(record.version))),
            None => Ok((Index::new(account), None)),
        }
    }

    async fn put_index(
        &self,
        account: &RecordKey,
        index: &Index,
        version: Option<Version>,
    ) -> Result<Written> {
        // Longer than any login may take that has loaded it, and than any session in it lives.
        let longest = self.policy.absolute_deadline(self.now, Lifetime::Policy);
        let end = index.entries.iter().map(|entry| entry.deadline).fold(longest, u64::max);
        let ttl = Duration::from_millis(end.saturating_sub(self.now) + CLOCK_SKEW);
        let condition = version.map_or(Condition::IfAbsent, Condition::IfVersion);
        self.written(self.store.put(account, index.encode()?, ttl, condition).await)
    }

    /// Enters a session whose record is about to be written. `login` is that of a login; a session
    /// that only gets a new id was admitted before. `replaces` is the record that it continues.
    pub(super) async fn enter(
        &self,
        account: &RecordKey,
        entry: Entry,
        replaces: Option<&RecordKey>,
        login: Option<&Handle>,
    ) -> Result<()> {
        let mut failures = Failures::default();
        let mut unknown = None;
        loop {
            self.check_time()?;
            let (mut index, version) = match self.index(account).await {
                Ok(found) => found,
                Err(error) => return Err(unknown.map_or(error, Error::from)),
            };
            if login.is_some_and(|handle| !self.admits(&index, handle)) {
                return Err(Error::SignedOut);
            }
            if index.contains(&entry.key) {
                return Ok(());
            }
            let mut entry = entry.clone();
            if login.is_none() {
                let before = index.entries.iter().find(|entry| Some(&entry.key) == replaces);
                if let Some(before) = before {
                    entry = Entry { key: entry.key, deadline: entry.deadline, ..before.clone() };
                }
            }
            self.make_space(&mut index, replaces, login.is_some()).await?;
            index.entries.push(entry);
            let too_large = index.encode()?.len() > Index::MAX_SIZE;
            if index.entries.len() > Self::MAX_ENTRIES || too_large {
                return Err(Error::TooManySessions { limit: index.entries.len() - 1 });
            }
            match self.put_index(account, &index, version).await? {
                Written::Stored(_) => return Ok(()),
                Written::Refused => {}
                Written::Unknown(error) => unknown = Some(failures.count(error)?),
            }
        }
    }

    /// Whether all sessions of the account were not ended since `handle` was taken. The index is
    /// kept for as long as a session may live, and longer than that no handle counts.
    fn admits(&self, index: &Index, handle: &Handle) -> bool {
        let longest = self.policy.absolute_deadline(handle.taken_at, Lifetime::Policy);
        index.epoch == handle.epoch() && self.policy.now() < longest
    }

    /// Makes space for one more entry, and for one more session if it is that of a login.
    async fn make_space(
        &self,
        index: &mut Index,
        replaces: Option<&RecordKey>,
        is_login: bool,
    ) -> Result<()> {
        let limit = self.policy.session_limit().filter(|_| is_login);
        let count = |index: &Index| {
            let others = index.entries.iter().filter(|entry| Some(&entry.key) != replaces);
            others.count()
        };
        let is_full = |index: &Index| limit.is_some_and(|(limit, _)| count(index) >= limit);
        // A full list is looked through, and one that has become twice as long as when it last was.
        if is_full(index) || index.entries.len() >= 2 * index.live + 16 {
            self.prune(index).await?;
        }
        while let Some((limit, when_full)) = limit.filter(|_| is_full(index)) {
            let others = index.entries.iter().filter(|entry| Some(&entry.key) != replaces);
            let oldest = others.min_by_key(|entry| entry.signed_in).map(|entry| entry.key.clone());
            let (WhenFull::EvictOldest, Some(oldest)) = (when_full, oldest) else {
                return Err(Error::TooManySessions { limit });
            };
            self.end(&oldest).await?;
            index.entries.retain(|entry| entry.key != oldest);
        }
        Ok(())
    }

    /// Removes the entries of sessions that are over.
    async fn prune(&self, index: &mut Index) -> Result<()> {
        let mut entries = Vec::with_capacity(index.entries.len());
        for entry in std::mem::take(&mut index.entries) {
            if !self.is_over(&entry).await? {
                entries.push(entry);
            }
        }
        index.live = entries.len();
        index.entries = entries;
        Ok(())
    }

    /// Whether the session of the entry is over, and cannot begin any more.
    async fn is_over(&self, entry: &Entry) -> Result<bool> {
        let now = self.policy.now();
        loop {
            self.check_time()?;
            return match self.load(&entry.key).await {
                // One that cannot be read may be mended.
                Err(error) if error.kind() == ErrorKind::Corrupt => Ok(false),
                Err(error) => Err(error),
                // A session that has moved has entered its new record before.
                Ok(Some(Loaded { snapshot, .. })) => {
                    Ok(snapshot.meta.kind().is_some() || snapshot.is_closed(self.policy, now))
                }
                // A login that is under way may write the record at any moment.
                Ok(None) if entry.signed_in + self.policy.window() + CLOCK_SKEW > now => Ok(false),
                Ok(None) if self.forbid(&entry.key).await? => Ok(true),
                Ok(None) => continue,
            };
        }
    }

    /// Ends the session at `key`, wherever it has moved to, even if its record is yet to be written.
    pub(crate) async fn end(&self, key: &RecordKey) -> Result<()> {
        loop {
            self.check_time()?;
            match self.load(key).await {
                Ok(Some(Loaded { snapshot, .. })) => {
                    return self.end_found(key, Some(snapshot)).await;
                }
                Ok(None) if self.forbid(key).await? => return Ok(()),
                Ok(None) => {}
                Err(error) if self.policy.may_replace(&error) => {
                    return self.end_found(key, None).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn end_found(&self, key: &RecordKey, found: Option<Snapshot>) -> Result<()> {
        let mut seen = HashSet::new();
        let ended = self.destroy(vec![key.clone()], found, Self::MAX_DESTROYED, &mut seen).await?;
        if ended { Ok(()) } else { Err(Self::too_many_moves()) }
    }

    /// Ends the session at `key` if it is signed in to `account`, and returns whether it is.
    pub(crate) async fn end_of_account(
        &self,
        key: &RecordKey,
        account: &RecordKey,
    ) -> Result<bool> {
        let Some(Loaded { snapshot, .. }) = self.load(key).await? else {
            let is_listed = self.index(account).await?.0.contains(key);
            if is_listed {
                self.end(key).await?;
            }
            return Ok(is_listed);
        };
        let bound = &snapshot.meta.account;
        let is_ours = snapshot.meta.kind() != Some(Kind::Destroyed)
            && bound.as_ref().is_some_and(|bound| bound.account == *account);
        if is_ours {
            self.end_found(key, Some(snapshot)).await?;
        }
        Ok(is_ours)
    }

    /// When the session at `key` was last written, and when it ends; `None` if it is over.
    pub(crate) async fn times(&self, key: &RecordKey) -> Result<Option<Times>> {
        let found = self.load(key).await?.map(|loaded| loaded.snapshot);
        let found = found.filter(|found| found.meta.kind().is_none());
        let live = found.filter(|found| !found.is_over(self.policy, self.now));
        Ok(live.map(|live| Times {
            seen: live.meta.account.as_ref().map_or(live.meta.created, |bound| bound.seen),
            end: live.end(self.policy),
        }))
    }

    /// Starts a new epoch of the account, which refuses the logins under way. Returns the index as
    /// it is now. `handle` goes with it, unless another "end all" has come before.
    pub(crate) async fn start_epoch(&self, handle: &Handle) -> Result<Index> {
        let epoch = Epoch::random()?;
        let mut failures = Failures::default();
        let mut unknown = None;
        let mut is_admitted = false;
        let index = loop {
            self.check_time()?;
            let (mut index, version) = match self.index(&handle.key).await {
                Ok(found) => found,
                Err(error) => return Err(unknown.map_or(error, Error::from)),
            };
            if index.epoch == Some(epoch) {
                break index;
            }
            is_admitted = self.admits(&index, handle);
            index.epoch = Some(epoch);
            match self.put_index(&handle.key, &index, version).await? {
                Written::Stored(_) => break index,
                Written::Refused => {}
                Written::Unknown(error) => unknown = Some(failures.count(error)?),
            }
        };
        if is_admitted {
            handle.set_epoch(epoch);
        }
        Ok(index)
    }

    /// Removes the entries of sessions that were ended.
    pub(crate) async fn leave(&self, account: &RecordKey, ended: &[RecordKey]) -> Result<()> {
        let mut failures = Failures::default();
        loop {
            self.check_time()?;
            let (mut index, version) = self.index(account).await?;
            let before = index.entries.len();
            index.entries.retain(|entry| !ended.contains(&entry.key));
            if index.entries.len() == before {
                return Ok(());
            }
            index.live = index.live.min(index.entries.len());
            match self.put_index(account, &index, version).await? {
                Written::Stored(_) => return Ok(()),
                Written::Refused => {}
                Written::Unknown(error) => drop(failures.count(error)?),
            }
        }
    }
}
