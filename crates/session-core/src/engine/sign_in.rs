//! The account of a session that gets a new record.

use std::sync::Arc;

use super::save::Save;
use crate::body::{Binding, Entry, Meta};
use crate::error::Result;
use crate::id::SessionId;
use crate::record::RecordKey;
use crate::seal::{self, ACCOUNT_NAME};
use crate::state::State;

impl Save<'_> {
    /// Enters the record at `key`, which is about to be written, into the list of its account.
    /// `base` is the metadata of the record that it continues.
    pub(super) async fn enter_account(&self, key: &RecordKey, base: Option<&Meta>) -> Result<()> {
        let bound = base.and_then(|base| base.account.as_ref());
        let (account, signed_in) = match (&self.sign_in, bound) {
            (Some(sign_in), _) => (&sign_in.handle.key, sign_in.at),
            (None, Some(bound)) => (&bound.account, bound.authenticated),
            (None, None) => return Ok(()),
        };
        let (replaces, deadline) = {
            let state = self.session.state();
            let (created, lifetime) = state.created_and_lifetime(self.now);
            let replaces = state.base().ok().map(|old| old.key.clone());
            (replaces, self.records.policy.absolute_deadline(created, lifetime))
        };
        let label = self.sign_in.as_ref().and_then(|sign_in| sign_in.label.clone());
        let entry = Entry { key: key.clone(), signed_in, deadline, label };
        let login = self.sign_in.as_ref().map(|sign_in| &*sign_in.handle);
        self.records.enter(account, entry, replaces.as_ref(), login).await
    }

    /// What the new record says of its account: that of the login, or that of the record which it
    /// continues.
    pub(super) fn binding(
        &self,
        state: &State,
        id: &SessionId,
        base: Option<&Meta>,
    ) -> Result<Option<Binding>> {
        let (name, account, authenticated) = match &self.sign_in {
            Some(sign_in) => (&sign_in.handle.name, &sign_in.handle.key, sign_in.at),
            None => {
                let Some(bound) = base.and_then(|base| base.account.as_ref()) else {
                    return Ok(None);
                };
                let name = state.account.as_ref().ok_or_else(State::inconsistent)?;
                (name, &bound.account, bound.authenticated)
            }
        };
        let name = seal::seal(id, ACCOUNT_NAME, name)?;
        Ok(Some(Binding { account: account.clone(), name, authenticated, seen: self.now }))
    }

    /// Whether the handler has asked for no other login since the save began.
    pub(super) fn sign_in_is_unchanged(&self, state: &State) -> bool {
        match (&self.sign_in, &state.sign_in) {
            (Some(ours), Some(newest)) => Arc::ptr_eq(&ours.handle, &newest.handle),
            (ours, newest) => ours.is_none() && newest.is_none(),
        }
    }
}
