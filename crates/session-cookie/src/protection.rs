//! How a cookie's value is protected.

use std::time::SystemTime;

use session_core::{CookieContent, Result};

use crate::remix::RemixSigner;
use crate::sealed::Sealer;
use crate::signed::Signer;
use crate::{ConfigError, Opened, Secret, SessionCookie};

/// There is one for each cookie, behind an `Arc`: boxing the larger variant would save nothing.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Protection {
    Ours { signer: Signer, sealer: Sealer },
    Remix(RemixSigner),
}

impl Protection {
    pub(crate) fn new(secrets: &[Secret], name: &str, remix: bool) -> Result<Self, ConfigError> {
        if remix {
            return Ok(Self::Remix(RemixSigner::new(secrets)));
        }
        Ok(Self::Ours {
            signer: Signer::new(secrets, name)?,
            sealer: Sealer::new(secrets, name)?,
        })
    }

    /// Appends `value`, protected, to `text`.
    pub(crate) fn protect(
        &self,
        value: &str,
        content: CookieContent,
        deadline: SystemTime,
        text: &mut String,
    ) -> Result<()> {
        match (self, content) {
            (Self::Ours { signer, .. }, CookieContent::Id) => signer.sign(value, text),
            (Self::Ours { sealer, .. }, CookieContent::Data) => sealer.seal(value, deadline, text),
            (Self::Remix(signer), _) => signer.sign(value, text),
        }
    }

    /// As many bytes as [`protect`](Self::protect) appends for `value`.
    pub(crate) fn length(&self, value: &str, content: CookieContent) -> usize {
        match (self, content) {
            (Self::Ours { .. }, CookieContent::Id) => Signer::length(value),
            (Self::Ours { .. }, CookieContent::Data) => Sealer::length(value),
            (Self::Remix(_), _) => RemixSigner::length(value),
        }
    }
}

impl SessionCookie {
    /// `value` protected, as the cookie carries it: signed if it is an id, sealed until `deadline` if it is data.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](session_core::Error::Unsupported) if an id holds what a cookie cannot carry, and
    /// [`Random`](session_core::Error::Random).
    pub fn encode(
        &self,
        value: &str,
        content: CookieContent,
        deadline: SystemTime,
    ) -> Result<String> {
        let mut text = String::with_capacity(self.protection.length(value, content));
        self.protection
            .protect(value, content, deadline, &mut text)?;
        Ok(text)
    }

    /// What [`encode`](Self::encode) protected. `now` decides whether sealed data has expired.
    pub fn decode<'h>(
        &self,
        text: &'h [u8],
        content: CookieContent,
        now: SystemTime,
    ) -> Opened<'h> {
        match (&*self.protection, content) {
            (Protection::Ours { signer, .. }, CookieContent::Id) => signer.verify(text),
            (Protection::Ours { sealer, .. }, CookieContent::Data) => sealer.open(text, now),
            (Protection::Remix(signer), _) => signer.verify(text),
        }
    }
}
