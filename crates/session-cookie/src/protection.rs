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

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of thirty-two bytes, ok";

    #[test]
    fn the_length_is_known_before() {
        let remix = SessionCookie::remix_compatible([SECRET]).unwrap();
        for cookie in [SessionCookie::new(SECRET).unwrap(), remix] {
            for content in [CookieContent::Id, CookieContent::Data] {
                for length in 0..100 {
                    let value = "x".repeat(length);
                    let text = cookie.encode(&value, content, SystemTime::now()).unwrap();
                    assert_eq!(text.len(), cookie.protection.length(&value, content));
                }
            }
        }
    }

    #[test]
    fn a_clone_counts_on_under_one_key_and_a_changed_cookie_draws_its_own() {
        let seal = |cookie: &SessionCookie| {
            let text = cookie.encode("", CookieContent::Data, SystemTime::now());
            let text = text.unwrap();
            let (key, nonce) = text["e1.".len()..].split_at(20);
            (key.to_owned(), nonce[..16].to_owned())
        };
        let cookie = SessionCookie::new(SECRET).unwrap();
        let (early, changed) = (cookie.clone(), cookie.clone().name("other").unwrap());
        let (one, two, three) = (seal(&cookie), seal(&early), seal(&cookie.clone()));
        assert!(one.0 == two.0 && two.0 == three.0);
        assert!(one.1 != two.1 && two.1 != three.1 && one.1 != three.1);
        assert_ne!(seal(&changed).0, one.0);
    }
}
