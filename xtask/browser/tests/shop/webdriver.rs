//! A minimal WebDriver client: JSON commands over HTTP, one connection per command.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

/// Longer than any command takes: the driver gives up on a page after 30 s.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Sends `body` to `path` of the driver at `port`, and returns the `value` of its response.
///
/// # Errors
///
/// The driver returns an error or cannot be reached.
pub(crate) fn command(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let response = exchange(port, method, path, &body.to_string())
        .map_err(|error| format!("{method} {path}: {error}"))?;
    let mut response: Value =
        serde_json::from_slice(&response).map_err(|error| format!("{method} {path}: {error}"))?;
    let value = response["value"].take();
    match value["error"].as_str() {
        Some(error) => Err(format!("{method} {path}: {error}: {}", value["message"])),
        None => Ok(value),
    }
}

/// The capabilities of a new browser with an empty profile.
pub(crate) fn capabilities(chromium: &str, profile: &str) -> Value {
    let profile = format!("--user-data-dir={profile}");
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        // The certificate is signed by an authority of the test.
        "acceptInsecureCerts": true,
        "goog:chromeOptions": { "binary": chromium, "args": [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // The browser exits when the driver exits.
            "--remote-debugging-pipe",
            "--ignore-certificate-errors",
            profile,
        ]},
    }}})
}

fn exchange(port: u16, method: &str, path: &str, body: &str) -> io::Result<Vec<u8>> {
    let body = if method == "POST" { body } else { "" };
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    // The driver leaves the connection open, so `Content-Length` gives the end of the response.
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut response = vec![0; length];
    stream.read_exact(&mut response)?;
    Ok(response)
}
