//! The report of a failed run.

use session_core::{Condition, Error, PutOutcome, RecordKey, Version};

use super::check::Ending;
use super::choice::Fault;
use super::content;
use super::execution::{Execution, Line, Views};
use super::gate::{Answer, Verb};
use super::outcomes;
use super::request::{Answered, Request};
use super::scene::Part;
use super::world::World;
use crate::Failure;

/// The store failed before the requests began.
pub(super) fn not_set_up(parts: &[Part], error: &Error) -> Failure {
    Failure {
        what: format!("{}: the store failed before they began", title(parts)),
        expected: "no error".to_owned(),
        seen: error.to_string(),
        operations: Vec::new(),
    }
}

/// What a run did, and why it is wrong.
pub(super) fn unexplained(run: &Execution, what: &str, last: Option<Views>) -> Failure {
    let mut names = Names::new(run);
    Failure {
        what: format!("{}: {what}", title(run.parts())),
        expected: outcomes::possible(run.scene(), run.parts()),
        seen: seen(run, last),
        operations: run.lines.iter().map(|line| names.line(line)).collect(),
    }
}

fn letter(who: usize) -> char {
    char::from(content::letter(who))
}

fn title(parts: &[Part]) -> String {
    let parts = parts.iter().enumerate();
    let parts =
        parts.map(|(who, part)| format!("{} ({:?} on id{})", letter(who), part.action, part.id));
    parts.collect::<Vec<_>>().join(", ")
}

fn seen(run: &Execution, last: Option<Views>) -> String {
    let mut parts = Vec::new();
    for (who, request) in run.requests.iter().enumerate() {
        let saw = request.view().map_or("nothing".to_owned(), |v| v.to_string());
        parts.push(format!("{} saw {saw}, got {}", letter(who), got(request)));
    }
    for (at, view) in last.iter().flatten().enumerate() {
        if let Some(view) = view {
            parts.push(format!("under {}: {view}", id_name(at)));
        }
    }
    parts.join("; ")
}

fn got(request: &Request) -> String {
    use session_core::CookieChange::{Keep, Remove, Set};
    match &request.answered {
        Some(Answered::Cookie(Keep)) => "ok".to_owned(),
        Some(Answered::Cookie(Set { .. })) => "ok with a new id".to_owned(),
        Some(Answered::Cookie(Remove)) => "ok, cookie removed".to_owned(),
        Some(Answered::Error(kind, text, _)) => format!("error {kind:?} ({text})"),
        Some(Answered::Nothing) => "no answer".to_owned(),
        None if request.ending(true) == Ending::Wrong => "no end".to_owned(),
        None => String::new(),
    }
}

/// The name of an id of the model in reports.
pub(super) fn id_name(at: usize) -> String {
    match at.checked_sub(World::NEW) {
        None => format!("id{at}"),
        Some(who) => format!("the id of {}", letter(who)),
    }
}

/// Short names for keys and versions, in the order in which they occur.
struct Names {
    keys: Vec<(RecordKey, String)>,
    versions: Vec<Version>,
}

impl Names {
    fn new(run: &Execution) -> Self {
        let keys = run.id_keys().into_iter().enumerate();
        Self {
            keys: keys.map(|(at, key)| (key, format!("id{at}"))).collect(),
            versions: Vec::new(),
        }
    }

    fn key(&mut self, key: &RecordKey, who: Option<usize>) -> String {
        if let Some((_, name)) = self.keys.iter().find(|(known, _)| known == key) {
            return name.clone();
        }
        let maker = who.map_or('?', letter);
        let known =
            self.keys.iter().filter(|(_, name)| name.starts_with("new") && name.ends_with(maker));
        let name = format!("new{}{maker}", known.count() + 1);
        self.keys.push((key.clone(), name.clone()));
        name
    }

    fn version(&mut self, version: &Version) -> String {
        let at = self.versions.iter().position(|known| known == version);
        let at = at.unwrap_or_else(|| {
            self.versions.push(version.clone());
            self.versions.len() - 1
        });
        format!("v{}", at + 1)
    }

    fn line(&mut self, line: &Line) -> String {
        let who = match line.who {
            Some(who) => letter(who).to_string(),
            None => "late:".to_owned(),
        };
        let key = self.key(&line.operation.key, line.who);
        let operation = match &line.operation.verb {
            Verb::Load => format!("load {key}"),
            Verb::Remove => format!("remove {key}"),
            Verb::Put(body, _, condition) => {
                let condition = match condition {
                    Condition::IfAbsent => "if absent".to_owned(),
                    Condition::IfVersion(version) => format!("if {}", self.version(version)),
                };
                format!("put {key} {condition}: {}", self.body(body))
            }
        };
        let answer = match (&line.answer, line.fault) {
            (Some(Answer::Loaded(None)), _) => "nothing".to_owned(),
            (Some(Answer::Loaded(Some(record))), _) => {
                format!("{} {}", self.version(&record.version), self.body(&record.body))
            }
            (Some(Answer::Put(PutOutcome::Stored(version))), _) => {
                format!("stored as {}", self.version(version))
            }
            (Some(Answer::Put(PutOutcome::Refused)), _) => "refused".to_owned(),
            (Some(Answer::Removed(found)), _) => format!("found: {found}"),
            (Some(Answer::Failed(error)), _) => error.clone(),
            (None, Some(fault)) => fault_name(fault, line).to_owned(),
            (None, None) => "no answer".to_owned(),
        };
        format!("{who} {operation} -> {answer}")
    }

    /// Values, flash values, and the tombstone.
    fn body(&mut self, body: &[u8]) -> String {
        let Ok(serde_json::Value::Array(elements)) = serde_json::from_slice(body) else {
            return "bytes that are not a record".to_owned();
        };
        let mut text = String::new();
        if let [values, flash, ..] = elements.as_slice() {
            text = format!("{values} {flash}");
        }
        let Some(tombstone) = elements.get(2).and_then(|meta| meta.get("t")) else {
            return text;
        };
        let kind = tombstone.get("kind").and_then(|kind| kind.as_str()).unwrap_or("?");
        let next = tombstone.get("to").and_then(|to| to.as_array()).map_or(0, Vec::len);
        format!("{text} {kind}, {next} successors")
    }
}

fn fault_name(fault: Fault, line: &Line) -> &'static str {
    match (fault, line.operation.is_load()) {
        (Fault::Fail | Fault::FailThenRetry, _) => "FAULT: fails",
        (Fault::Late, _) => "FAULT: an error, and the write is executed later",
        (Fault::Crash, true) => "FAULT: the server dies",
        (Fault::Crash, false) => "FAULT: the server dies, and the write is executed later",
        (Fault::Drop, true) => "FAULT: the save is dropped and repeated",
        (Fault::Drop, false) => {
            "FAULT: the save is dropped and repeated, and the write is executed later"
        }
    }
}
