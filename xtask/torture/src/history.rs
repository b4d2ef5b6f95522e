//! What was sent and what was answered.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// One browser's life from its first request to its last, with one session in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    /// What the session holds from its first save on; no other session holds it.
    pub(crate) marker: String,
    /// Every cookie that a server ever gave it.
    pub(crate) cookies: Vec<String>,
    pub(crate) events: Vec<Event>,
}

#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Since the run began.
    pub(crate) start: Duration,
    pub(crate) end: Duration,
    pub(crate) request: Request,
    /// The cookie that went with it, as an index of the life's cookies.
    pub(crate) cookie: Option<usize>,
    pub(crate) server: usize,
    pub(crate) outcome: Outcome,
    /// The cookie that came back, likewise.
    pub(crate) gave: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Begin(String),
    Count,
    Set(String, String),
    Read,
    Flash(String),
    Notice,
    Login,
    Logout,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// 200: the marker that the session held when it was opened, and what the handler said.
    Done {
        marker: Option<String>,
        value: Value,
    },
    /// Another status.
    Status(u16),
    /// The client hung up, or the server did: it may have happened or not.
    Gone(&'static str),
    /// No answer within the limit.
    Stuck,
}

impl Event {
    pub(crate) fn done(&self) -> Option<(Option<&str>, &Value)> {
        match &self.outcome {
            Outcome::Done { marker, value } => Some((marker.as_deref(), value)),
            _ => None,
        }
    }

    /// Whether what it was to do was certainly not done.
    pub(crate) fn refused(&self) -> bool {
        self.outcome == Outcome::Status(409)
    }

    /// Whether it may have been done, unknown to the client.
    pub(crate) fn unknown(&self) -> bool {
        self.done().is_none() && !self.refused()
    }
}

impl Request {
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Begin(marker) => format!("/begin/{marker}"),
            Self::Count => "/count".to_owned(),
            Self::Set(key, value) => format!("/set/{key}/{value}"),
            Self::Read => "/read".to_owned(),
            Self::Flash(value) => format!("/flash/{value}"),
            Self::Notice => "/notice".to_owned(),
            Self::Login => "/login".to_owned(),
            Self::Logout => "/logout".to_owned(),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = match &self.outcome {
            Outcome::Done { marker, value } => {
                format!("200 {} {value}", marker.as_deref().unwrap_or("(no marker)"))
            }
            Outcome::Status(status) => status.to_string(),
            Outcome::Gone(why) => format!("? {why}"),
            Outcome::Stuck => "no answer".to_owned(),
        };
        let cookie = |at: Option<usize>| at.map_or("-".to_owned(), |at| format!("c{at}"));
        write!(
            f,
            "{:9.3}s {:6.0}ms  server {}  {:<24} {:>3} -> {:<3} {outcome}",
            self.start.as_secs_f64(),
            (self.end - self.start).as_secs_f64() * 1000.0,
            self.server,
            self.request.path(),
            cookie(self.cookie),
            cookie(self.gave),
        )
    }
}
