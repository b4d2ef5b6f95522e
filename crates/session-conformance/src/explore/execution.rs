//! One run of several requests, one store operation at a time.

use std::sync::Arc;
use std::time::Duration;

use session_core::{RecordKey, RecordStore, Result};

use super::check::{Ending, Moment, Run, Seen};
use super::choice::{Choice, Fault};
use super::content::View;
use super::gate::{Answer, Operation, Permit};
use super::request::Request;
use super::scene::{Part, Scene, Setup};
use super::world::World;

/// What a browser sees under each id of the model; `None` if no browser knows the id.
pub(super) type Views = [Option<View>; World::MOST];

/// A line of the report.
#[derive(Debug)]
pub(super) struct Line {
    /// `None` if no request waits for the answer.
    pub(super) who: Option<usize>,
    pub(super) operation: Operation,
    pub(super) answer: Option<Answer>,
    pub(super) fault: Option<Fault>,
}

pub(super) struct Execution {
    setup: Setup,
    scene: Scene,
    parts: Vec<Part>,
    pub(super) requests: Vec<Request>,
    late: Option<Operation>,
    /// The request that the fault hit, and which it was.
    hit: Option<(usize, Fault)>,
    moments: Vec<Moment>,
    pub(super) lines: Vec<Line>,
    touched: Vec<RecordKey>,
    /// What was there when all requests were answered and a write was still on its way.
    before: Option<Views>,
}

impl Execution {
    pub(super) async fn new(
        store: &Arc<dyn RecordStore>,
        scene: Scene,
        skew: Duration,
        parts: &[Part],
    ) -> Result<Self> {
        let setup = scene.set_up(skew, store).await?;
        let mut requests = Vec::new();
        for (who, part) in parts.iter().enumerate() {
            let mut request = Request::new(&setup, part.id, who, part.action);
            request.run().await;
            requests.push(request);
        }
        Ok(Self {
            setup,
            scene,
            parts: parts.to_vec(),
            requests,
            late: None,
            hit: None,
            moments: Vec::new(),
            lines: Vec::new(),
            touched: Vec::new(),
            before: None,
        })
    }

    fn request(&self, who: usize) -> Option<&Request> {
        self.requests.get(who)
    }

    /// Everything that may happen next.
    pub(super) fn choices(&self, faults: bool) -> Vec<Choice> {
        let mut choices = Vec::new();
        for (who, request) in self.requests.iter().enumerate() {
            if request.gate.is_waiting() {
                choices.push(Choice::Step(who));
            }
        }
        if self.late.is_some() {
            choices.push(Choice::Late);
        }
        if !faults || self.hit.is_some() {
            return choices;
        }
        for (who, request) in self.requests.iter().enumerate() {
            // A request whose open fails has done nothing: the others run as if there were no such
            // request.
            if request.view().is_none() {
                continue;
            }
            let faults: &[Fault] = match request.gate.waiting() {
                None => &[],
                Some(operation) if operation.is_load() => &Fault::AT_LOAD,
                Some(_) => &Fault::AT_WRITE,
            };
            choices.extend(faults.iter().map(|fault| Choice::Faulty(who, *fault)));
        }
        choices
    }

    /// Whether two choices that may both happen now have the same result in either order.
    pub(super) fn commute(&self, one: Choice, other: Choice) -> bool {
        if one.actor() == other.actor() || (one.is_faulty() && other.is_faulty()) {
            return false;
        }
        // The check depends on which requests have ended when a session is opened.
        let opens = |choice| match choice {
            Choice::Step(who) => self.request(who).is_some_and(|r| r.view().is_none()),
            Choice::Faulty(..) | Choice::Late => false,
        };
        if opens(one) || opens(other) {
            return false;
        }
        match (self.operation(one), self.operation(other)) {
            (Some(one), Some(other)) => one.commutes_with(&other),
            _ => false,
        }
    }

    fn operation(&self, choice: Choice) -> Option<Operation> {
        match choice {
            Choice::Step(who) | Choice::Faulty(who, _) => self.request(who)?.gate.waiting(),
            Choice::Late => self.late.clone(),
        }
    }

    pub(super) async fn step(&mut self, choice: Choice) {
        let Some(operation) = self.operation(choice) else {
            return;
        };
        if !self.touched.contains(&operation.key) {
            self.touched.push(operation.key.clone());
        }
        let (who, answer, fault) = match choice {
            Choice::Late => {
                self.late = None;
                let answer = operation.clone().act(&*self.setup.store).await;
                (None, Some(answer), None)
            }
            Choice::Step(who) => (Some(who), self.go(who).await, None),
            Choice::Faulty(who, fault) => {
                self.hit = Some((who, fault));
                if !operation.is_load() {
                    self.late = Some(operation.clone());
                }
                self.fail(who, fault).await;
                (Some(who), None, Some(fault))
            }
        };
        self.lines.push(Line { who, operation, answer, fault });
    }

    async fn go(&mut self, who: usize) -> Option<Answer> {
        let request = self.requests.get_mut(who)?;
        let opens = request.view().is_none();
        request.go(Permit::Act).await;
        let answer = request.gate.answer();
        if opens {
            self.moments.push(Moment::Opened(who));
        }
        self.note_end(who);
        answer
    }

    async fn fail(&mut self, who: usize, fault: Fault) {
        let Some(request) = self.requests.get_mut(who) else {
            return;
        };
        match fault {
            Fault::Fail | Fault::Late => request.go(Permit::Fail).await,
            Fault::FailThenRetry => {
                request.go(Permit::Fail).await;
                if request.answered.is_some() {
                    request.retry().await;
                }
            }
            Fault::Crash => request.die(),
            Fault::Drop => request.retry().await,
        }
        self.note_end(who);
    }

    fn note_end(&mut self, who: usize) {
        if self.request(who).is_some_and(|r| r.answered.is_some()) {
            self.moments.push(Moment::Ended(who));
        }
    }

    /// Whether every request has ended.
    pub(super) fn is_at_rest(&self) -> bool {
        self.requests.iter().all(|r| r.answered.is_some())
    }

    pub(super) fn awaits_late(&self) -> bool {
        self.late.is_some()
    }

    /// What a browser sees under every id that it knows.
    pub(super) async fn look(&mut self) -> Result<Views> {
        let mut last = [None; World::MOST];
        let told = self.requests.iter().enumerate();
        let told = told.filter_map(|(who, r)| Some((World::NEW + who, r.told()?.to_owned())));
        let first = self.setup.ids.iter().cloned().enumerate();
        let ids: Vec<_> = first.chain(told).collect();
        for (at, id) in ids {
            let session = self.setup.open(&id).await?;
            if let Some(slot) = last.get_mut(at) {
                *slot = Some(View::of(&session));
            }
        }
        Ok(last)
    }

    /// Whether an order of the saves explains what was seen.
    pub(super) fn is_explained(&self, last: Views) -> bool {
        let requests = self.seen();
        Run { start: self.scene.world(), requests: &requests, moments: &self.moments, last }
            .is_explained()
    }

    /// The fault that hit a request.
    fn fault(&self, who: usize) -> Option<Fault> {
        let hit = self.hit.filter(|(hit, _)| *hit == who);
        hit.map(|(_, fault)| fault)
    }

    /// What clients know of the requests.
    pub(super) fn seen(&self) -> Vec<Seen> {
        let requests = self.requests.iter().zip(&self.parts).enumerate();
        requests
            .map(|(who, (request, part))| Seen {
                action: part.action,
                id: part.id,
                view: request.view(),
                ending: request.ending(self.fault(who).is_some()),
                hasty: matches!(self.fault(who), Some(Fault::Drop | Fault::FailThenRetry)),
            })
            .collect()
    }

    /// Whether every id in a response was made by its request.
    pub(super) fn gives_only_own_ids(&self) -> bool {
        let mut told: Vec<_> = self.requests.iter().filter_map(Request::told).collect();
        told.extend(self.setup.ids.iter().map(String::as_str));
        let count = told.len();
        told.sort_unstable();
        told.dedup();
        told.len() == count
    }

    /// Removes the records of the run from the store.
    pub(super) async fn clean_up(&mut self) {
        for key in self.id_keys().iter().chain(&self.touched) {
            // Records that stay will expire.
            let _ = self.setup.store.remove(key).await;
        }
    }

    pub(super) fn id_keys(&self) -> Vec<RecordKey> {
        let ids = self.setup.ids.iter();
        let ids = ids.filter_map(|id| self.setup.policy.parse_id(id));
        ids.map(|id| self.setup.policy.record_key(&id)).collect()
    }

    /// Whether a late write changed anything after its request had a definite answer.
    pub(super) fn is_changed_by_late(&mut self, last: Views) -> bool {
        let hit = self.hit.and_then(|(who, _)| self.request(who));
        let settled = hit.is_some_and(|request| request.ending(true) != Ending::Unknown);
        let before = *self.before.get_or_insert(last);
        settled && before != last
    }

    pub(super) fn scene(&self) -> Scene {
        self.scene
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }
}
