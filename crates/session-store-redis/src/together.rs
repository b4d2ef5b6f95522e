//! Commands that go out together.
//!
//! With many requests under way, most of what a command costs is how fred handles it, and Redis takes longer to begin a
//! script than to compare and set a record; fred also hands each script to the kernel by itself. So what comes up at one moment
//! goes out as one: loads as one `MGET`, writes as one run of the script. Not on a Cluster, where one command asks one slot.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fred::clients::{Client, WithOptions};
use fred::error::{Error, ErrorKind};
use fred::interfaces::{ClientLike, KeysInterface};
use fred::types::{Key, Value};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

use crate::clients::once;
use crate::command::{Action, Command, foreign, replace};

/// After so long, whoever comes next does not wait for a departure any more.
const LATE: Duration = Duration::from_millis(5);
/// How many records go together at most.
const MOST: usize = 64;
/// How many are answered before these have had their turn. All of them together would ask again together, and then Redis would wait
/// for us, and we for Redis; so it works for some while others run here.
const AT_ONCE: usize = 16;
/// A longer body is written by itself, so that no script holds the server up.
const LONGEST: usize = 16 * 1024;

/// The commands that wait to go out over one client: for as long as the tasks that can run now have their turn.
#[derive(Default)]
pub(crate) struct Together {
    loads: Arc<Queue>,
    writes: Arc<Queue>,
}

#[derive(Default)]
struct Queue(Mutex<Vec<Waiting>>);

struct Waiting {
    command: Command,
    deadline: Instant,
    answer: oneshot::Sender<Result<Option<Value>, Error>>,
}

impl Together {
    pub(crate) fn takes(command: &Command) -> bool {
        match &command.action {
            Action::Load => true,
            Action::Replace(new) => new.body.len() <= LONGEST,
            Action::Insert { .. } | Action::Remove => false,
        }
    }

    /// Sends the command with others. `None`: it must be sent by itself.
    pub(crate) async fn send(
        &self,
        command: &Command,
        client: &Client,
        deadline: Instant,
    ) -> Result<Option<Value>, Error> {
        let queue = match command.action {
            Action::Load => &self.loads,
            _ => &self.writes,
        };
        let (answer, answered) = oneshot::channel();
        let is_first = queue.push(Waiting {
            command: command.clone(),
            deadline,
            answer,
        });
        if is_first {
            // In a task of its own: whoever came first may be dropped, and the others must not notice.
            let departure = Departure(Some(Arc::clone(queue)));
            tokio::spawn(departure.go(client.clone()));
        }
        match timeout_at(deadline, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Error::new_canceled()),
            Err(_) => Err(Error::new(ErrorKind::Timeout, "Request timed out.")),
        }
    }
}

impl Queue {
    /// Whether it needs a new departure: as the first of one, or because the last has not gone when it should have. It may be
    /// with a runtime that nobody drives any more.
    fn push(&self, waiting: Waiting) -> bool {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_late = |first: &Waiting| waiting.deadline > first.deadline + LATE;
        let is_late = queue.first().is_some_and(is_late);
        queue.push(waiting);
        is_late || queue.len() % MOST == 1
    }

    fn take(&self) -> Vec<Waiting> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let most = queue.len().min(MOST);
        queue.drain(..most).collect()
    }
}

/// Sends what waits, once. Dropped before, with its runtime, it leaves nobody behind who would wait for another.
struct Departure(Option<Arc<Queue>>);

impl Drop for Departure {
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            queue.take();
        }
    }
}

impl Departure {
    async fn go(mut self, client: Client) {
        yield_now().await;
        let mut all = self.0.take().map(|queue| queue.take()).unwrap_or_default();
        // Their callers have gone, and Redis need not see them.
        all.retain(|one| !one.answer.is_closed());
        let Some(deadline) = all.iter().map(|one| one.deadline).max() else {
            return;
        };
        let client = client.with_options(&once(deadline));
        let answers = match all.as_slice() {
            [one] => one
                .command
                .send(&client)
                .await
                .map(|answer| vec![Some(answer)]),
            all => send(all, &client).await,
        };
        let answers = answers.and_then(|answers| match answers.len() == all.len() {
            true => Ok(answers),
            false => Err(foreign()),
        });
        match answers {
            Ok(answers) => {
                for (count, (one, answer)) in all.into_iter().zip(answers).enumerate() {
                    if count > 0 && count % AT_ONCE == 0 {
                        // In the first turn they ask again, and their departure yields; in the second it goes.
                        yield_now().await;
                        yield_now().await;
                    }
                    let _ = one.answer.send(Ok(answer));
                }
            }
            Err(error) => {
                for one in all {
                    let _ = one.answer.send(Err(error.clone()));
                }
            }
        }
    }
}

/// The answer to each, as it would be by itself.
async fn send(all: &[Waiting], client: &WithOptions<Client>) -> Result<Vec<Option<Value>>, Error> {
    let writes: Vec<_> = all
        .iter()
        .filter_map(|one| one.command.replacement())
        .collect();
    let answer = if writes.is_empty() {
        let keys: Vec<Key> = all.iter().map(|one| one.command.key.clone()).collect();
        client.mget(keys).await?
    } else {
        replace(client, &writes).await?
    };
    let Value::Array(answers) = answer else {
        return Err(foreign());
    };
    let each = answers.into_iter().map(|answer| match answer {
        // `MGET` says the same of a key without a value and of a value that is no string.
        Value::Null => None,
        answer if writes.is_empty() => Some(answer),
        answer => Some(Value::Array(vec![answer])),
    });
    Ok(each.collect())
}
