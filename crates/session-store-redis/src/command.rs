//! The four commands that the store sends, each about one key.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use fred::error::{Error, ErrorKind};
use fred::interfaces::KeysInterface;
use fred::types::{ClusterHash, CustomCommand, Expiration, Key, SetOptions, Value};

use crate::version;

/// Writes a body over the one that was read, and answers 1; or answers 0 if another stands there, or none.
const REPLACE: &str = "\
local body = redis.call('GET', KEYS[1])
if body and redis.sha1hex(body) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
return 0";

static REPLACE_DIGEST: LazyLock<String> = LazyLock::new(|| version::hex(REPLACE.as_bytes()));

/// One command, and the key that it is about.
#[derive(Clone)]
pub(crate) struct Command {
    pub(crate) key: Key,
    pub(crate) action: Action,
}

#[derive(Clone)]
pub(crate) enum Action {
    Load,
    Insert {
        body: Bytes,
        ttl: Duration,
    },
    Replace {
        expected: String,
        body: Bytes,
        ttl: Duration,
    },
    Remove,
}

/// How a script is named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    Digest,
    Text,
}

impl Command {
    /// Sends the command; the script once more by its text if this node does not know its digest.
    pub(crate) async fn send<C>(&self, client: &C) -> Result<Value, Error>
    where
        C: KeysInterface,
    {
        match self.send_as(client, Script::Digest).await {
            Err(error) if is_unknown_script(&error) => self.send_as(client, Script::Text).await,
            result => result,
        }
    }

    /// Sends the command once.
    pub(crate) async fn send_as<C>(&self, client: &C, script: Script) -> Result<Value, Error>
    where
        C: KeysInterface,
    {
        let key = self.key.clone();
        match &self.action {
            Action::Load => client.get(key).await,
            Action::Insert { body, ttl } => {
                let expiration = Some(Expiration::PX(milliseconds(*ttl)));
                client
                    .set(key, body.clone(), expiration, Some(SetOptions::NX), false)
                    .await
            }
            Action::Replace {
                expected,
                body,
                ttl,
            } => {
                // Not fred's `evalsha`: it knows neither options nor pipelines.
                let node = ClusterHash::Custom(key.cluster_hash());
                let (name, script) = match script {
                    Script::Digest => ("EVALSHA", REPLACE_DIGEST.as_str()),
                    Script::Text => ("EVAL", REPLACE),
                };
                let arguments: Vec<Value> = vec![
                    script.into(),
                    1.into(),
                    Value::Bytes(key.into_bytes()),
                    expected.as_str().into(),
                    Value::Bytes(body.clone()),
                    milliseconds(*ttl).into(),
                ];
                let command = CustomCommand::new_static(name, node, false);
                client.custom(command, arguments).await
            }
            Action::Remove => client.del(key).await,
        }
    }

    /// What the answer to a write says: whether it was applied.
    pub(crate) fn applied(&self, answer: &Value) -> Result<bool, Error> {
        match (&self.action, answer) {
            (Action::Insert { .. }, Value::Null) => Ok(false),
            (Action::Insert { .. }, Value::String(ok)) if *ok == "OK" => Ok(true),
            (Action::Replace { .. } | Action::Remove, Value::Integer(count @ 0..=1)) => {
                Ok(*count == 1)
            }
            // Never the answer itself: it could be another command's, with a record in it.
            _ => Err(Error::new(
                ErrorKind::Protocol,
                "the answer does not belong to the command",
            )),
        }
    }
}

/// Each node forgets its scripts at a restart and at SCRIPT FLUSH, and a replica that takes over may never have known them.
pub(crate) fn is_unknown_script(error: &Error) -> bool {
    error.details().starts_with("NOSCRIPT")
}

/// Rounded up, and low enough for the server to add the present time to it.
fn milliseconds(ttl: Duration) -> i64 {
    const LONGEST: i64 = i64::MAX / 4;
    let rounded = ttl.as_nanos().div_ceil(1_000_000);
    i64::try_from(rounded).map_or(LONGEST, |ttl| ttl.clamp(1, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_rounded_up_and_bounded() {
        assert_eq!(milliseconds(Duration::from_secs(1)), 1000);
        assert_eq!(milliseconds(Duration::from_nanos(1_000_001)), 2);
        assert_eq!(milliseconds(Duration::ZERO), 1);
        assert_eq!(milliseconds(Duration::MAX), i64::MAX / 4);
    }

    #[test]
    fn an_answer_of_another_command_is_an_error() {
        let command = |action| Command {
            key: "k".into(),
            action,
        };
        let insert = command(Action::Insert {
            body: Bytes::new(),
            ttl: Duration::from_secs(1),
        });
        assert!(insert.applied(&"OK".into()).unwrap());
        assert!(!insert.applied(&Value::Null).unwrap());
        assert!(insert.applied(&Value::Integer(1)).is_err());
        let remove = command(Action::Remove);
        assert!(!remove.applied(&Value::Integer(0)).unwrap());
        assert!(remove.applied(&"[{}]".into()).is_err());
    }
}
