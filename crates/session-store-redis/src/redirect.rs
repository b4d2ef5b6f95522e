//! Following a Cluster's redirections.
//!
//! While a slot moves to another node, the old one answers `ASK` for the keys that have been moved.
//! fred 10.1 then writes `ASKING` on a connection that other commands share, and takes the next
//! reply for its own: each command in flight there gets the reply of another. And it sends the
//! command back to the old node, and its task ends when it has done so too often. So our clients
//! follow no redirection (`max_redirections` 0), and a redirected command is sent here, over a
//! connection of its own to each node in question. That is slow, and happens only for the keys of a
//! slot that is moving.

use fred::clients::{Client, Pipeline};
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;
use fred::types::config::{Config, Server, ServerConfig};
use fred::types::{ClusterHash, CustomCommand, Value};
use tokio::time::{Instant, timeout_at};

use crate::client_task::ClientTask;
use crate::command::{Command, Comparison};
use crate::connection::{Connection, once};

const MAX_REDIRECTIONS: usize = 5;

/// Sends the command to its node in the Cluster of `connection`, and then to wherever that one
/// says.
pub(crate) async fn send(
    command: &Command,
    connection: &Connection,
    deadline: Instant,
) -> Result<Value, Error> {
    let following = follow(command, connection, deadline);
    timeout_at(deadline, following).await.unwrap_or_else(|_| {
        let message = "a redirected command got no reply in time";
        Err(Error::new(ErrorKind::Timeout, message))
    })
}

async fn follow(
    command: &Command,
    connection: &Connection,
    deadline: Instant,
) -> Result<Value, Error> {
    let client = &connection.client;
    let lost = || {
        let message = "no node of the Cluster takes the key now";
        Error::new(ErrorKind::Cluster, message)
    };
    let mut node = command.key.cluster_owner(client).ok_or_else(lost)?;
    let mut asking = false;
    for _ in 0..MAX_REDIRECTIONS {
        let single = ClientTask::start(&single(client, node.clone())).await?;
        let send = |comparison| send_once(command, &single.client, asking, comparison, deadline);
        match connection.native.send(client, send).await {
            Err(error) if error.is_ask() || error.is_moved() => {
                asking = error.is_ask();
                node = named(&error, &node, client).ok_or_else(lost)?;
            }
            result => return result,
        }
    }
    Err(lost())
}

async fn send_once(
    command: &Command,
    client: &Client,
    asking: bool,
    comparison: Comparison,
    deadline: Instant,
) -> Result<Value, Error> {
    let client = client.with_options(&once(deadline));
    if !asking {
        let value = command.send(&client, comparison).await?;
        return command.answer(value, comparison);
    }
    // ASKING holds for the one command after it.
    let pipeline = Pipeline::from(client);
    let asking = CustomCommand::new_static("ASKING", ClusterHash::Random, false);
    let _: Value = pipeline.custom(asking, Vec::<Value>::new()).await?;
    command.send(&pipeline, comparison).await?;
    let answers = pipeline.try_all().await;
    let answer = answers.into_iter().next_back();
    command.answer(answer.ok_or_else(Error::new_canceled)??, comparison)
}

/// A client of one node alone, which leaves redirections to us.
pub(crate) fn single(client: &Client, node: Server) -> Client {
    let config = Config {
        server: ServerConfig::Centralized { server: node },
        fail_fast: true,
        ..client.client_config()
    };
    Client::new(config, Some(client.perf_config()), Some(client.connection_config().clone()), None)
}

/// The node in `ASK 3999 127.0.0.1:6381`, with the name in its certificate if we are connected to
/// it already. A node that does not know its address leaves the host out: it is that of `answered`,
/// which has answered (`cluster-preferred-endpoint-type unknown-endpoint`).
fn named(error: &Error, answered: &Server, client: &Client) -> Option<Server> {
    let (host, port) = error.details().rsplit(' ').next()?.rsplit_once(':')?;
    let port: u16 = port.parse().ok()?;
    let host = match host {
        "" | "?" => &*answered.host,
        host => host,
    };
    let connected = client.active_connections();
    let known = |server: &Server| *server.host == *host && server.port == port;
    let known = connected.into_iter().find(known);
    Some(known.unwrap_or_else(|| Server::new(host, port)))
}
