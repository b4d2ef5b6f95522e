//! The configuration, from environment variables.
//!
//! | variable | meaning | default |
//! | --- | --- | --- |
//! | `PORT` | the port on 127.0.0.1; 0 is any free one | 3000 |
//! | `SESSION_STORE` | where sessions are stored; see [`backend`](crate::backend) | files in a temporary directory |
//! | `SESSION_SECRET` | signs and encrypts cookies; at least 32 bytes | random for this run |
//! | `SESSION_SECURE` | `1`: browsers reach the shop over https, through a proxy | `0` |

use std::env::{self, VarError};

use session_http::{ConfigError, Secret, SessionCookie};

/// The settings of the shop.
pub(crate) struct Setup {
    pub(crate) port: u16,
    pub(crate) store: Option<String>,
    pub(crate) cookie: SessionCookie,
    /// Whether `SESSION_SECRET` was set, so that cookies stay valid after a restart.
    pub(crate) has_secret: bool,
}

impl Setup {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// A variable is invalid. The message is one line that says what to do, without the secret.
    pub(crate) fn from_env() -> Result<Self, String> {
        let secret = variable("SESSION_SECRET")?;
        let has_secret = secret.is_some();
        Ok(Self {
            port: port(variable("PORT")?.as_deref())?,
            store: variable("SESSION_STORE")?,
            cookie: cookie(secret, variable("SESSION_SECURE")?.as_deref())?,
            has_secret,
        })
    }
}

fn port(text: Option<&str>) -> Result<u16, String> {
    let Some(text) = text else { return Ok(3000) };
    text.parse()
        .map_err(|_| format!("PORT is {text:?}; give a number from 0 to 65535, such as PORT=3001"))
}

fn cookie(secret: Option<String>, secure: Option<&str>) -> Result<SessionCookie, String> {
    let of_secret = |error: ConfigError| format!("SESSION_SECRET cannot be used: {error}");
    let secret = match secret {
        Some(text) => Secret::from_text(&text),
        None => Secret::random(),
    };
    let cookie = SessionCookie::new(secret.map_err(of_secret)?).map_err(of_secret)?;
    match secure {
        Some("1") => Ok(cookie),
        // Browsers drop a Secure cookie that comes over plain http.
        None | Some("0") => cookie.insecure().map_err(of_secret),
        Some(other) => Err(format!(
            "SESSION_SECURE is {other:?}; give 1 behind a TLS proxy, or 0 for plain http"
        )),
    }
}

fn variable(name: &str) -> Result<Option<String>, String> {
    match env::var(name) {
        Ok(text) => Ok(Some(text)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8; set it to plain text")),
    }
}
