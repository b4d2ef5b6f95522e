//! A small browser: one connection per request, a cookie jar, and no automatic redirects.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

#[derive(Clone)]
pub(crate) struct Client {
    port: u16,
    pub(crate) cookies: BTreeMap<String, String>,
    /// The CSRF token of the last page with a form.
    pub(crate) token: String,
}

pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn new(port: u16) -> Self {
        Self { port, cookies: BTreeMap::new(), token: String::new() }
    }

    /// The same browser on a server that was started again on `port`.
    pub(crate) fn on(&self, port: u16) -> Self {
        Self { port, ..self.clone() }
    }

    pub(crate) fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, "")
    }

    /// Sends a form with the token of the last page.
    pub(crate) fn post(&mut self, path: &str, fields: &str) -> Page {
        let body = format!("csrf={}&{fields}", self.token);
        self.send("POST", path, &body)
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, body: &str) -> Page {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookie = match pairs.is_empty() {
            true => String::new(),
            false => format!("Cookie: {}\r\n", pairs.join("; ")),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{cookie}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let page = Page::parse(&response);
        self.remember(&page);
        page
    }

    /// Remembers the cookies and the token of `page`.
    fn remember(&mut self, page: &Page) {
        for line in page.all("set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some(token) = page.between("name=\"csrf\" value=\"", "\"") {
            self.token = token.to_owned();
        }
    }
}

impl Page {
    fn parse(response: &str) -> Self {
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let field = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        };
        Self {
            status: status.parse().unwrap(),
            headers: lines.map(field).collect(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.headers.iter().filter(move |(field, _)| field == name);
        fields.map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    pub(crate) fn between(&self, before: &str, after: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(before)?;
        rest.split_once(after).map(|(text, _)| text)
    }

    /// The text of the element with this id.
    pub(crate) fn text(&self, id: &str) -> Option<&str> {
        let element = self.between(&format!("id=\"{id}\""), "</")?;
        element.split_once('>').map(|(_, text)| text)
    }

    pub(crate) fn cart(&self) -> u32 {
        self.text("cart-count").unwrap().parse().unwrap()
    }

    pub(crate) fn notice(&self) -> &str {
        self.text("notice").unwrap_or_default()
    }
}
