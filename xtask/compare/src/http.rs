//! A minimal browser: requests with a cookie jar.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::gate::TIMEOUT;

#[derive(Clone, Default, PartialEq)]
pub struct Jar(BTreeMap<String, String>);

pub struct Response {
    pub status: u16,
    pub body: String,
}

impl Jar {
    /// Sends a request with the cookies, and stores the cookies of the response.
    pub fn get(&mut self, port: u16, path: &str) -> io::Result<Response> {
        let cookies: Vec<_> =
            self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {cookies}\r\n\r\n"
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        for line in head.lines() {
            let Some((name, line)) = line.split_once(": ") else {
                continue;
            };
            if name.eq_ignore_ascii_case("set-cookie") {
                let pair = line.split(';').next().unwrap_or(line);
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                if line.contains("Max-Age=0") || value.is_empty() {
                    self.0.remove(name);
                } else {
                    self.0.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        Ok(Response { status: status.ok_or(io::ErrorKind::InvalidData)?, body: body.to_owned() })
    }
}
