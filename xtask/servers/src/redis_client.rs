//! Just enough of Redis's protocol to ask a server what it did.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::stream::{Address, Stream};
use crate::{Error, Result};

/// What a server replied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `+OK` and the like.
    Status(String),
    /// A number.
    Integer(i64),
    /// A string of bytes.
    Bulk(Vec<u8>),
    /// Nothing at that key.
    Nil,
    /// A list.
    Array(Vec<Reply>),
}

impl Reply {
    /// The text of a status or of a string; `None` for anything else.
    pub fn text(&self) -> Option<String> {
        match self {
            Reply::Status(text) => Some(text.clone()),
            Reply::Bulk(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        }
    }

    /// The number; `None` for anything else.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Reply::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The texts in a list; empty for anything else.
    pub fn texts(&self) -> Vec<String> {
        match self {
            Reply::Array(items) => items.iter().filter_map(Reply::text).collect(),
            _ => Vec::new(),
        }
    }
}

/// One connection to a Redis server.
///
/// A reply that is an error is an `Err`, whose message contains the server's own.
#[derive(Debug)]
pub struct RedisClient {
    stream: Stream,
}

impl RedisClient {
    pub(crate) fn connect(address: &Address, password: Option<&str>) -> Result<Self> {
        let mut client = Self { stream: Stream::connect(address)? };
        if let Some(password) = password {
            client.command(&["AUTH", password])?;
        }
        Ok(client)
    }

    /// Sends one command and waits for its reply.
    pub fn command(&mut self, words: &[&str]) -> Result<Reply> {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.stream.send(request.as_bytes())?;
        self.reply()
    }

    fn reply(&mut self) -> Result<Reply> {
        let line = self.stream.line()?;
        let malformed = |_| Error::new(format!("not a reply of Redis: {line:?}"));
        let mut chars = line.chars();
        let kind = chars.next();
        let rest = chars.as_str();
        match kind {
            Some('+') => Ok(Reply::Status(rest.to_owned())),
            Some('-') => Err(Error::new(format!("Redis says: {rest}"))),
            Some(':') => Ok(Reply::Integer(rest.parse().map_err(malformed)?)),
            Some('$' | '*') if rest == "-1" => Ok(Reply::Nil),
            Some('$') => {
                let length: usize = rest.parse().map_err(malformed)?;
                let mut bytes = self.stream.bytes(length + 2)?;
                bytes.truncate(length);
                Ok(Reply::Bulk(bytes))
            }
            Some('*') => {
                let length: usize = rest.parse().map_err(malformed)?;
                let items: Result<Vec<Reply>> = (0..length).map(|_| self.reply()).collect();
                items.map(Reply::Array)
            }
            _ => Err(self.stream.unexpected(&line)),
        }
    }
}

/// Sees every command that clients send to one server, in order.
#[derive(Debug)]
pub struct RedisMonitor {
    watching: Mutex<RedisClient>,
    marking: Mutex<RedisClient>,
}

impl RedisMonitor {
    pub(crate) fn start(mut watching: RedisClient, marking: RedisClient) -> Result<Self> {
        watching.command(&["MONITOR"])?;
        Ok(Self { watching: Mutex::new(watching), marking: Mutex::new(marking) })
    }

    /// The commands since the last call, such as `"GET" "session:x"`, without those that scripts
    /// ran.
    ///
    /// Sends a marker of its own and reads up to it, so what was answered before this call is in
    /// the list.
    pub fn commands(&self) -> Result<Vec<String>> {
        static MARKS: AtomicU32 = AtomicU32::new(0);
        let mark = format!("monitor-mark-{}", MARKS.fetch_add(1, Ordering::Relaxed));
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        let mut marking = self.marking.lock().unwrap_or_else(PoisonError::into_inner);
        marking.command(&["ECHO", &mark])?;
        let marker = format!(r#""ECHO" "{mark}""#);
        let mut commands = Vec::new();
        loop {
            let line = watching.stream.line()?;
            // +1339518083.107412 [0 127.0.0.1:60866] "GET" "session:x"
            let (head, command) =
                line.split_once("] ").ok_or_else(|| watching.stream.unexpected(&line))?;
            if command == marker {
                return Ok(commands);
            }
            if !head.ends_with(" lua") {
                commands.push(command.to_owned());
            }
        }
    }
}
