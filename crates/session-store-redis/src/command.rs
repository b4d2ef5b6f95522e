//! The four commands that the store sends, each about one key.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, KeysInterface};
use fred::types::{ClusterHash, CustomCommand, Expiration, Key, SetOptions, Value};
use session_core::Version;

use crate::version;

/// Writes each body over the one that was read, and answers 1 for it; or 0, if another stands there, or none; or what is wrong
/// with this key. Where a write itself fails, the server takes none at the moment: that ends the script before the first.
const REPLACE: &str = "\
local answers = {}
for i, key in ipairs(KEYS) do
  local expected = ARGV[3 * i - 2]
  local found = redis.pcall('GET', key)
  if type(found) == 'string' and #expected == 40 then
    found = redis.sha1hex(found)
  end
  if found == expected then
    redis.call('SET', key, ARGV[3 * i - 1], 'PX', ARGV[3 * i])
    answers[i] = 1
  else
    answers[i] = type(found) == 'table' and found.err or 0
  end
end
return answers";

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
    Insert { body: Bytes, ttl: Duration },
    Replace(Replacement),
    Remove,
}

#[derive(Clone)]
pub(crate) struct Replacement {
    pub(crate) expected: Version,
    pub(crate) body: Bytes,
    pub(crate) ttl: Duration,
}

/// How a script is named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    Digest,
    Text,
}

impl Command {
    pub(crate) fn replacement(&self) -> Option<(&Key, &Replacement)> {
        match &self.action {
            Action::Replace(new) => Some((&self.key, new)),
            _ => None,
        }
    }

    /// Sends the command; the script once more by its text if this node does not know its digest.
    pub(crate) async fn send<C>(&self, client: &C) -> Result<Value, Error>
    where
        C: KeysInterface,
    {
        // The other futures are several times as large as that of a load, which would be moved about with their room.
        match &self.action {
            Action::Load => client.get(self.key.clone()).await,
            Action::Replace(new) => Box::pin(replace(client, &[(&self.key, new)])).await,
            _ => Box::pin(self.send_as(client, Script::Digest)).await,
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
            Action::Replace(new) => replace_as(client, &[(&key, new)], script).await,
            Action::Remove => client.del(key).await,
        }
    }

    /// What the answer to a write says: whether it was applied.
    pub(crate) fn applied(&self, answer: &Value) -> Result<bool, Error> {
        match (&self.action, answer) {
            (Action::Insert { .. }, Value::Null) => Ok(false),
            (Action::Insert { .. }, Value::String(ok)) if *ok == "OK" => Ok(true),
            (Action::Replace(_), Value::Array(answers)) => match answers.as_slice() {
                [Value::Integer(count @ 0..=1)] => Ok(*count == 1),
                [Value::String(error)] => Err(Error::new(ErrorKind::Unknown, error.to_string())),
                _ => Err(foreign()),
            },
            (Action::Remove, Value::Integer(count @ 0..=1)) => Ok(*count == 1),
            _ => Err(foreign()),
        }
    }
}

/// Sends the script for these records; once more by its text if this node does not know its digest.
pub(crate) async fn replace<C: ClientLike>(
    client: &C,
    writes: &[(&Key, &Replacement)],
) -> Result<Value, Error> {
    match replace_as(client, writes, Script::Digest).await {
        Err(error) if is_unknown_script(&error) => replace_as(client, writes, Script::Text).await,
        result => result,
    }
}

async fn replace_as<C: ClientLike>(
    client: &C,
    writes: &[(&Key, &Replacement)],
    script: Script,
) -> Result<Value, Error> {
    let Some((first, _)) = writes.first() else {
        return Ok(Value::Array(Vec::new()));
    };
    // Not fred's `evalsha`: it knows neither options nor pipelines.
    let node = ClusterHash::Custom(first.cluster_hash());
    let (name, script) = match script {
        Script::Digest => ("EVALSHA", REPLACE_DIGEST.as_str()),
        Script::Text => ("EVAL", REPLACE),
    };
    let mut arguments = Vec::with_capacity(2 + 4 * writes.len());
    arguments.push(Value::from_static_str(script));
    arguments.push(i64::try_from(writes.len()).unwrap_or_default().into());
    arguments.extend(
        writes
            .iter()
            .map(|(key, _)| Value::Bytes((*key).clone().into_bytes())),
    );
    for (_, new) in writes {
        let expected = new.expected.as_bytes().unwrap_or_default();
        arguments.extend([
            Value::Bytes(Bytes::copy_from_slice(expected)),
            Value::Bytes(new.body.clone()),
            milliseconds(new.ttl).into(),
        ]);
    }
    let command = CustomCommand::new_static(name, node, false);
    client.custom(command, arguments).await
}

/// Never the answer itself: it could be another command's, with a record in it.
pub(crate) fn foreign() -> Error {
    let message = "the answer does not belong to the command";
    Error::new(ErrorKind::Protocol, message)
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
