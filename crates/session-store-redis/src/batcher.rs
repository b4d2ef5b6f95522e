//! Loads and writes that wait at the same moment share a command: an `MGET`, or one run of the
//! script.
//!
//! With many requests in flight, most of what a command costs is how the client library handles it,
//! and fred writes each command that it does not know, such as `SET .. IFEQ`, to the socket by
//! itself. So the script is cheaper for several writes, for both sides and on any server. One task
//! per connection takes the requests that wait. It does not wait for the replies to one batch
//! before it sends the next, and it hands a lone request back, so nothing is held up where little
//! is in flight.

use fred::clients::{Client, WithOptions};
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, KeysInterface};
use fred::types::{Key, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::command::{Action, Command, foreign, run_script, script_answers};
use crate::connection::once;

const MAX_BATCH: usize = 64;

/// Where the requests for one connection wait. Its task ends when it is dropped.
pub(crate) struct Batcher {
    requests: mpsc::UnboundedSender<Request>,
}

/// `None`: the command must be sent by itself.
type Reply = Result<Option<Value>, Error>;

struct Request {
    command: Command,
    deadline: Instant,
    reply: oneshot::Sender<Reply>,
}

impl Batcher {
    /// Batches for `client`, in a task of the current runtime. It must not be the runtime of a
    /// caller, which may stop before the others are answered.
    pub(crate) fn spawn(client: Client) -> Self {
        let (requests, receiver) = mpsc::unbounded_channel();
        tokio::spawn(run(receiver, client));
        Self { requests }
    }

    /// Sends the command with those that wait at the moment, if there are any.
    pub(crate) async fn send(&self, command: &Command, deadline: Instant) -> Reply {
        let (reply, replied) = oneshot::channel();
        let request = Request { command: command.clone(), deadline, reply };
        self.requests.send(request).map_err(|_| ended())?;
        match timeout_at(deadline, replied).await {
            Ok(reply) => reply.unwrap_or_else(|_| Err(ended())),
            Err(_) => Err(Error::new(ErrorKind::Timeout, "Request timed out.")),
        }
    }
}

fn ended() -> Error {
    let message = "the runtime on which the store was connected has ended";
    Error::new(ErrorKind::Canceled, message)
}

async fn run(mut requests: mpsc::UnboundedReceiver<Request>, client: Client) {
    let mut waiting = Vec::new();
    while requests.recv_many(&mut waiting, MAX_BATCH).await > 0 {
        // The callers of the others have gone.
        waiting.retain(|request| !request.reply.is_closed());
        let is_load = |request: &Request| matches!(request.command.action, Action::Load);
        let (loads, writes): (Vec<_>, Vec<_>) = waiting.drain(..).partition(is_load);
        for batch in [loads, writes] {
            match batch.len() {
                0 => {}
                1 => batch.into_iter().for_each(|lone| reply(lone, Ok(None))),
                _ => drop(tokio::spawn(send(batch, client.clone()))),
            }
        }
    }
}

fn reply(request: Request, reply: Reply) {
    // A caller that has gone needs no reply.
    let _ = request.reply.send(reply);
}

/// Sends what are all loads or all writes.
async fn send(batch: Vec<Request>, client: Client) {
    let Some(deadline) = batch.iter().map(|request| request.deadline).max() else {
        return;
    };
    let commands: Vec<&Command> = batch.iter().map(|request| &request.command).collect();
    let replies = match replies(&commands, &client.with_options(&once(deadline))).await {
        Ok(replies) if replies.len() == batch.len() => replies,
        Ok(_) => vec![Err(foreign()); batch.len()],
        Err(error) => vec![Err(error); batch.len()],
    };
    for (request, answer) in batch.into_iter().zip(replies) {
        reply(request, answer);
    }
}

async fn replies(commands: &[&Command], client: &WithOptions<Client>) -> Result<Vec<Reply>, Error> {
    let writes: Vec<_> = commands
        .iter()
        .filter_map(|command| match &command.action {
            Action::Replace(new) => Some((&command.key, new)),
            _ => None,
        })
        .collect();
    if !writes.is_empty() {
        let answers = script_answers(run_script(client, &writes).await?)?;
        return Ok(answers.into_iter().map(|answer| answer.map(Some)).collect());
    }
    let keys: Vec<Key> = commands.iter().map(|command| command.key.clone()).collect();
    let Value::Array(values) = client.mget(keys).await? else {
        return Err(foreign());
    };
    // MGET answers the same for a key without a value and for a value that is not a string.
    let known = |value| (value != Value::Null).then_some(value);
    Ok(values.into_iter().map(|value| Ok(known(value))).collect())
}
