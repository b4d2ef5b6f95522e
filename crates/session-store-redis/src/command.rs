//! The four commands that the store sends, each about one key.

use std::time::Duration;

use bytes::Bytes;
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, KeysInterface};
use fred::types::{ClusterHash, CustomCommand, Expiration, Key, SetOptions, Value};

/// `SET .. IFEQ` for servers that do not know it, and for several records at once. For each record
/// it answers what `SET .. IFEQ` answers, or the text of an error: an error that ended the script
/// would hide that other records have been written. Only a server that has become a replica ends
/// the script, before it has written anything: fred must see that error to leave the server.
const SCRIPT: &str = "\
local answers = {}
for i, key in ipairs(KEYS) do
  local expected, body, ttl = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  local found = redis.pcall('GET', key)
  if type(found) == 'table' then
    answers[i] = found.err
  elseif found == expected then
    local written = redis.pcall('SET', key, body, 'PX', ttl)
    if written.err and string.find(written.err, 'READONLY', 1, true) then
      return redis.error_reply(written.err)
    end
    answers[i] = written.err or 'OK'
  else
    answers[i] = false
  end
end
return answers";

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

/// A write over a record whose body is still the one that was read.
#[derive(Clone)]
pub(crate) struct Replacement {
    pub(crate) expected: Bytes,
    pub(crate) body: Bytes,
    pub(crate) ttl: Duration,
}

/// How the server compares a record with the one that was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// By `SET key body IFEQ expected`: Valkey 8.1, Redis 8.4.
    Native,
    /// By a script: any server.
    Script,
}

impl Command {
    /// Sends the command. In a pipeline, it waits there.
    pub(crate) async fn send<C>(&self, client: &C, comparison: Comparison) -> Result<Value, Error>
    where
        C: KeysInterface,
    {
        let key = self.key.clone();
        match &self.action {
            Action::Load => client.get(key).await,
            Action::Insert { body, ttl } => {
                let expiration = Some(Expiration::PX(milliseconds(*ttl)));
                let options = Some(SetOptions::NX);
                client.set(key, body.clone(), expiration, options, false).await
            }
            Action::Replace(new) => match comparison {
                Comparison::Native => replace(client, key, new).await,
                Comparison::Script => run_script(client, &[(&key, new)]).await,
            },
            Action::Remove => client.del(key).await,
        }
    }

    /// What the server answered: the script answers with a list.
    pub(crate) fn answer(&self, value: Value, comparison: Comparison) -> Result<Value, Error> {
        match self.action {
            Action::Replace(_) if comparison == Comparison::Script => {
                script_answers(value)?.pop().ok_or_else(foreign)?
            }
            _ => Ok(value),
        }
    }

    /// Whether a write was applied.
    pub(crate) fn applied(&self, answer: &Value) -> Result<bool, Error> {
        match (&self.action, answer) {
            (Action::Insert { .. } | Action::Replace(_), Value::Null) => Ok(false),
            (Action::Insert { .. } | Action::Replace(_), Value::String(ok)) if *ok == "OK" => {
                Ok(true)
            }
            (Action::Remove, Value::Integer(count @ 0..=1)) => Ok(*count == 1),
            _ => Err(foreign()),
        }
    }
}

async fn replace<C: ClientLike>(client: &C, key: Key, new: &Replacement) -> Result<Value, Error> {
    let command = CustomCommand::new_static("SET", node_of(&key), false);
    let arguments: Vec<Value> = vec![
        Value::Bytes(key.into_bytes()),
        Value::Bytes(new.body.clone()),
        Value::from_static_str("IFEQ"),
        Value::Bytes(new.expected.clone()),
        Value::from_static_str("PX"),
        milliseconds(new.ttl).into(),
    ];
    client.custom(command, arguments).await
}

/// Runs the script for these records, which are on one node. Its text goes with it: a server that
/// has forgotten a digest would need a second round trip, and forgets it at each restart.
pub(crate) async fn run_script<C: ClientLike>(
    client: &C,
    writes: &[(&Key, &Replacement)],
) -> Result<Value, Error> {
    let Some((first, _)) = writes.first() else {
        return Ok(Value::Array(Vec::new()));
    };
    // Not fred's `eval`: it takes neither options nor pipelines.
    let command = CustomCommand::new_static("EVAL", node_of(first), false);
    let count = i64::try_from(writes.len()).unwrap_or_default();
    let mut arguments = vec![Value::from_static_str(SCRIPT), count.into()];
    let keys = writes.iter().map(|(key, _)| (*key).clone().into_bytes());
    arguments.extend(keys.map(Value::Bytes));
    for (_, new) in writes {
        arguments.extend([
            Value::Bytes(new.expected.clone()),
            Value::Bytes(new.body.clone()),
            milliseconds(new.ttl).into(),
        ]);
    }
    client.custom(command, arguments).await
}

/// The script's answer for each record.
pub(crate) fn script_answers(value: Value) -> Result<Vec<Result<Value, Error>>, Error> {
    let Value::Array(answers) = value else {
        return Err(foreign());
    };
    let answers = answers.into_iter().map(|answer| match answer {
        Value::String(text) if text != "OK" => {
            Err(Error::new(ErrorKind::Unknown, text.to_string()))
        }
        answer => Ok(answer),
    });
    Ok(answers.collect())
}

fn node_of(key: &Key) -> ClusterHash {
    ClusterHash::Custom(key.cluster_hash())
}

/// Never shows the answer itself: it could be another command's, with a record in it.
pub(crate) fn foreign() -> Error {
    let message = "the answer does not belong to the command";
    Error::new(ErrorKind::Protocol, message)
}

/// Rounded up, and low enough for the server to add the present time to it.
fn milliseconds(ttl: Duration) -> i64 {
    const LONGEST: i64 = i64::MAX / 4;
    let rounded = ttl.as_nanos().div_ceil(1_000_000);
    i64::try_from(rounded).map_or(LONGEST, |ttl| ttl.clamp(1, LONGEST))
}

#[cfg(test)]
#[path = "../tests/unit/command.rs"]
mod tests;
