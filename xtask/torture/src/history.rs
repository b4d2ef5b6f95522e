//! The history of a client: what it sent, and what was answered.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// The requests of one browser, which has one session.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// A value that the first request writes into the session. No other session has it.
    pub(crate) marker: String,
    /// Every session cookie that the browser received.
    pub(crate) cookies: Vec<String>,
    pub(crate) events: Vec<Event>,
}

#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Since the start of the run.
    pub(crate) start: Duration,
    pub(crate) end: Duration,
    pub(crate) request: Request,
    /// The cookie that was sent, as an index into [`History::cookies`].
    pub(crate) cookie: Option<usize>,
    pub(crate) server: usize,
    pub(crate) outcome: Outcome,
    /// The cookie that was received, as an index into [`History::cookies`].
    pub(crate) set_cookie: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Start(String),
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
    /// 200: the marker that the session had when the request opened it, and the handler's value.
    Done { marker: Option<String>, value: Value },
    /// Another status.
    Status(u16),
    /// The connection ended before the answer, so the request may have been executed or not.
    Disconnected(&'static str),
    /// No answer within the limit.
    Stuck,
}

impl History {
    /// When the first request was sent.
    pub(crate) fn start(&self) -> Duration {
        let first = self.events.first();
        first.map_or(Duration::ZERO, |first| first.start)
    }
}

impl Event {
    pub(crate) fn done(&self) -> Option<(Option<&str>, &Value)> {
        match &self.outcome {
            Outcome::Done { marker, value } => Some((marker.as_deref(), value)),
            _ => None,
        }
    }

    /// Whether the request was answered, and its session existed.
    pub(crate) fn found_session(&self) -> bool {
        self.done().is_some_and(|(marker, _)| marker.is_some())
    }

    /// Whether the request certainly changed nothing.
    pub(crate) fn refused(&self) -> bool {
        self.outcome == Outcome::Status(409)
    }

    /// Whether the client cannot know if the request changed something.
    pub(crate) fn unknown(&self) -> bool {
        self.done().is_none() && !self.refused()
    }
}

impl Request {
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Start(marker) => format!("/start/{marker}"),
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
            Outcome::Disconnected(why) => format!("? {why}"),
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
            cookie(self.set_cookie),
        )
    }
}
