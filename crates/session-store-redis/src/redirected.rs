//! Following a Cluster's redirections.
//!
//! While a slot moves to another node, the old one answers `ASK` for the keys that have gone over. fred 10.1 then writes
//! `ASKING` on a connection that other commands share, and takes the next answer for its own: each command in flight there gets
//! the answer of another. And it sends the command back to the old node, and its task ends when it has done so too often.
//! So our clients follow no redirection (`max_redirections` 0), and what is redirected is sent here, over a connection
//! of its own to each node in question. That is slow, and only for the keys of a slot that is moving at the moment.

use fred::clients::{Client, Pipeline};
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;
use fred::types::config::{Config, Server, ServerConfig};
use fred::types::{ClusterHash, CustomCommand, Value};
use tokio::time::{Instant, timeout_at};

use crate::clients::once;
use crate::command::{Command, Script};
use crate::running::Running;

const REDIRECTIONS: usize = 5;

/// Sends the command to its node in the Cluster of `client`, and then to wherever that one says.
pub(crate) async fn send(
    command: &Command,
    client: &Client,
    deadline: Instant,
) -> Result<Value, Error> {
    let following = follow(command, client, deadline);
    timeout_at(deadline, following).await.unwrap_or_else(|_| {
        let message = "a redirected command got no answer in time";
        Err(Error::new(ErrorKind::Timeout, message))
    })
}

async fn follow(command: &Command, client: &Client, deadline: Instant) -> Result<Value, Error> {
    let lost = || {
        Error::new(
            ErrorKind::Cluster,
            "no node of the Cluster takes the key now",
        )
    };
    let mut node = command.key.cluster_owner(client).ok_or_else(lost)?;
    let mut asking = false;
    for _ in 0..REDIRECTIONS {
        let running = Running::start(&single(client, node)).await?;
        let result = match asking {
            false => {
                command
                    .send(&running.client.with_options(&once(deadline)))
                    .await
            }
            true => ask(command, &running.client, deadline).await,
        };
        match result {
            Err(error) if error.is_ask() || error.is_moved() => {
                asking = error.is_ask();
                node = named(&error, client).ok_or_else(lost)?;
            }
            result => return result,
        }
    }
    Err(lost())
}

/// `ASKING` speaks of the command right after it.
async fn ask(command: &Command, client: &Client, deadline: Instant) -> Result<Value, Error> {
    let pipeline = Pipeline::from(client.with_options(&once(deadline)));
    let asking = CustomCommand::new_static("ASKING", ClusterHash::Random, false);
    let _: Value = pipeline.custom(asking, Vec::<Value>::new()).await?;
    command.send_as(&pipeline, Script::Text).await?;
    let answers = pipeline.try_all().await;
    answers
        .into_iter()
        .next_back()
        .ok_or_else(Error::new_canceled)?
}

/// A client of one node alone, which hands redirections to us.
fn single(client: &Client, node: Server) -> Client {
    let config = Config {
        server: ServerConfig::Centralized { server: node },
        fail_fast: true,
        ..client.client_config()
    };
    Client::new(
        config,
        Some(client.perf_config()),
        Some(client.connection_config().clone()),
        None,
    )
}

/// The node in `ASK 3999 127.0.0.1:6381`, with the name in its certificate if we are connected to it already.
fn named(error: &Error, client: &Client) -> Option<Server> {
    let (host, port) = error.details().rsplit(' ').next()?.rsplit_once(':')?;
    let port: u16 = port.parse().ok()?;
    let connected = client.active_connections();
    let known = |server: &Server| *server.host == *host && server.port == port;
    let known = connected.into_iter().find(known);
    Some(known.unwrap_or_else(|| Server::new(host, port)))
}
