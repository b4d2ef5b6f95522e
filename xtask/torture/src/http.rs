//! One request over one connection, which the client may close at any time.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::history::Outcome;

/// A request without an answer after this time is stuck. Opening and saving a session may take 5 s
/// each.
const LIMIT: Duration = Duration::from_secs(15);

/// The outcome, and the session cookie if the response sets one.
pub(crate) type Answer = (Outcome, Option<String>);

/// Sends a request. Closes the connection after `hang_up_after`, if it is set.
pub(crate) async fn get(
    server: SocketAddr,
    path: &str,
    cookie: Option<&str>,
    hang_up_after: Option<Duration>,
) -> Answer {
    let exchange = exchange(server, path, cookie);
    let (limit, late) = match hang_up_after {
        Some(limit) => (limit, Outcome::Disconnected("hung up")),
        None => (LIMIT, Outcome::Stuck),
    };
    match tokio::time::timeout(limit, exchange).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => (Outcome::Disconnected("connection lost"), None),
        Err(_) => (late, None),
    }
}

async fn exchange(server: SocketAddr, path: &str, cookie: Option<&str>) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(server).await?;
    let cookie = cookie.map_or(String::new(), |cookie| format!("Cookie: {cookie}\r\n"));
    let request = format!("GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n{cookie}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await?;
    let response = String::from_utf8_lossy(&response);
    let (head, body) = response.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let set_cookie = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let pair = value.split(';').next()?;
        let sets = name.eq_ignore_ascii_case("set-cookie") && !pair.ends_with('=');
        sets.then(|| pair.to_owned())
    });
    let outcome = match (status, serde_json::from_str::<Value>(body)) {
        (Some(200), Ok(body)) => Outcome::Done {
            marker: body.get("marker").and_then(Value::as_str).map(str::to_owned),
            value: body.get("value").cloned().unwrap_or_default(),
        },
        (Some(200), Err(_)) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
        (Some(status), _) => Outcome::Status(status),
        (None, _) => return Err(std::io::ErrorKind::InvalidData.into()),
    };
    Ok((outcome, set_cookie))
}
