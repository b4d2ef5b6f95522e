#![doc = include_str!("../README.md")]

#[cfg(feature = "axum")]
mod axum;
mod candidates;
mod delivery;
mod error;
mod future;
mod handle;
mod headers;
mod layer;
mod manager;
mod service;
mod session;

pub use error::Error;
pub use future::ResponseFuture;
pub use handle::SessionHandle;
pub use layer::{OnError, SessionLayer, StatusOnly};
pub use manager::SessionManager;
pub use service::SessionService;
pub use session::{Committed, Session};

pub use session_cookie::{ConfigError, FormerCookie, SameSite, Secret, SessionCookie};
pub use session_core::{
    self, Account, AccountCheck, AccountSession, Clock, CookieChange, Data, ErrorKind, FlashPolicy,
    Key, Lifetime, Outcome, SessionId, SessionPolicy, SessionStorage, WhenFull,
};
