//! How a cookie's value is protected.

use std::time::SystemTime;

use session_core::{CookieContent, Result};

use crate::remix::RemixSigner;
use crate::sealed::Sealer;
use crate::signed::Signer;
use crate::{ConfigError, CookieValue, Secret, SessionCookie};

pub(crate) enum Protection {
    Ours { signer: Signer, sealer: Box<Sealer> },
    Remix(RemixSigner),
}

impl Protection {
    pub(crate) fn new(secrets: &[Secret], name: &str, remix: bool) -> Result<Self, ConfigError> {
        if remix {
            return Ok(Self::Remix(RemixSigner::new(secrets)));
        }
        Ok(Self::Ours {
            signer: Signer::new(secrets, name)?,
            sealer: Box::new(Sealer::new(secrets, name)?),
        })
    }
}

impl SessionCookie {
    /// `value` protected, as the cookie carries it: signed if it is an id, sealed until `deadline`
    /// if it is data.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](session_core::Error::Unsupported) if an id holds what a cookie cannot carry,
    /// and [`Random`](session_core::Error::Random).
    pub fn encode(
        &self,
        value: &str,
        content: CookieContent,
        deadline: SystemTime,
    ) -> Result<String> {
        match (&*self.protection, content) {
            (Protection::Ours { signer, .. }, CookieContent::Id) => signer.sign(value),
            (Protection::Ours { sealer, .. }, CookieContent::Data) => sealer.seal(value, deadline),
            (Protection::Remix(signer), _) => signer.sign(value),
        }
    }

    /// The value that [`encode`](Self::encode) protected. `now` decides whether sealed data has
    /// expired.
    pub fn decode<'h>(
        &self,
        text: &'h [u8],
        content: CookieContent,
        now: SystemTime,
    ) -> CookieValue<'h> {
        match (&*self.protection, content) {
            (Protection::Ours { signer, .. }, CookieContent::Id) => signer.verify(text),
            (Protection::Ours { sealer, .. }, CookieContent::Data) => sealer.open(text, now),
            (Protection::Remix(signer), _) => signer.verify(text),
        }
    }
}
