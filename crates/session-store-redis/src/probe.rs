//! Asks the nodes directly, once a client could not be connected to their Cluster or Sentinels.
//! fred says only that it did not work.

use fred::clients::Client;
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;
use fred::types::config::{Config, Server, ServerConfig};
use fred::types::{ClusterHash, CustomCommand, Value};

use crate::client_task::ClientTask;
use crate::redirect::single;

/// What to do instead.
pub(crate) enum Finding {
    /// This is a Cluster of one node. Such a node does not know its own address and leaves its host
    /// out of `CLUSTER SLOTS`, so that fred connects to no host. It has all slots, so a client of a
    /// single server does.
    LoneNode(Client),
    /// This is why.
    Reason(Error),
}

/// What the nodes say to why a client like `model` could not be connected; `None` if nothing new.
pub(crate) async fn ask(model: &Client) -> Option<Finding> {
    let config = model.client_config();
    match &config.server {
        ServerConfig::Clustered { hosts, .. } => ask_cluster(model, hosts).await,
        ServerConfig::Sentinel { hosts, service_name, username, password } => {
            let config =
                Config { username: username.clone(), password: password.clone(), ..config.clone() };
            let client = Client::new(config, None, Some(model.connection_config().clone()), None);
            ask_sentinels(&client, hosts, service_name).await.map(Finding::Reason)
        }
        _ => None,
    }
}

async fn ask_cluster(model: &Client, hosts: &[Server]) -> Option<Finding> {
    for host in hosts {
        let alone = single(model, host.clone());
        let Ok(answer) = command(&alone, "CLUSTER", vec!["SLOTS"]).await else { continue };
        let ranges = answer.into_array();
        if ranges.is_empty() {
            return Some(Finding::Reason(Error::new(
                ErrorKind::Config,
                "the Cluster has no slots: assign them to its nodes (CLUSTER ADDSLOTS)",
            )));
        }
        return ranges.iter().all(has_no_host).then_some(Finding::LoneNode(alone));
    }
    None
}

/// Whether the master of a range of slots, `[first, last, [host, port, ..], ..]`, has no host.
fn has_no_host(range: &Value) -> bool {
    let Value::Array(range) = range else { return false };
    let Some(Value::Array(master)) = range.get(2) else { return false };
    match master.first() {
        Some(Value::Null) => true,
        Some(host) => host.as_str().is_some_and(|host| host.is_empty() || host == "?"),
        None => false,
    }
}

async fn ask_sentinels(client: &Client, hosts: &[Server], name: &str) -> Option<Error> {
    for host in hosts {
        let sentinel = single(client, host.clone());
        let words = vec!["GET-MASTER-ADDR-BY-NAME", name];
        match command(&sentinel, "SENTINEL", words).await {
            Ok(Value::Null) => {
                let message = "the Sentinels watch no master of that name";
                return Some(Error::new(ErrorKind::Config, message));
            }
            Err(error) if is_refusal(&error) => {
                let message = format!(
                    "the Sentinels refuse the client ({}): check sentinelUsername and \
                     sentinelPassword in the URL",
                    error.details()
                );
                return Some(Error::new(ErrorKind::Config, message));
            }
            _ => {}
        }
    }
    None
}

/// Whether the user or the password is wrong.
fn is_refusal(error: &Error) -> bool {
    let code = error.details().split_whitespace().next();
    *error.kind() == ErrorKind::Auth || matches!(code, Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
}

async fn command(model: &Client, name: &'static str, words: Vec<&str>) -> Result<Value, Error> {
    let running = ClientTask::start(model).await?;
    let words: Vec<Value> = words.into_iter().map(Value::from).collect();
    let command = CustomCommand::new_static(name, ClusterHash::Random, false);
    running.client.custom(command, words).await
}
