//! What one save does, in one step.
//!
//! The model is written from the table of outcomes in the documentation and shares no code with the
//! engine. An open takes a copy of what is under an id; a save applies the request's changes to
//! what is there *now*. So the saves of a run happen one at a time, in some order, and each sees
//! all those before it.

use super::action::Action;
use super::content::{AT_FIRST, COUNT, Content, OWN, RESTARTED, SHARED, USER, letter};
use super::world::{Node, State, World};

/// What the response says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Success; the cookie stays as it is.
    Keep,
    /// Success, with a cookie that names an id of this request.
    Set,
    /// Success; the cookie is removed.
    Remove,
    /// 409: the session has a new id.
    Moved,
    /// The handler learned that a logout came in between, and could not continue.
    Destroyed,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Set(usize, u8),
    Unset(usize),
    Count,
    Flash(u8),
    /// The flash value was read.
    Consume(u8),
    Clear,
}

impl Change {
    fn apply(self, content: &mut Content) {
        match self {
            Self::Set(key, value) => content.set(key, value),
            Self::Unset(key) => content.set(key, 0),
            Self::Count => content.set(COUNT, content.value(COUNT) + 1),
            Self::Flash(value) => content.flash = value,
            Self::Consume(value) if content.flash == value => content.flash = 0,
            Self::Consume(_) => {}
            Self::Clear => *content = Content::default(),
        }
    }

    /// Whether it changes anything: without a flash value there is nothing to consume.
    fn is_effective(&self) -> bool {
        !matches!(self, Self::Consume(0))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Intent {
    Keep,
    Regenerate { keep_old: bool },
    Destroy,
    Restart,
}

/// A request between its open and its save.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opened {
    /// The id of its session.
    id: usize,
    who: usize,
    /// The id that it makes, if it makes one.
    new: usize,
    found: Found,
    intent: Intent,
    changes: [Option<Change>; 2],
    /// How many contents the session had had before.
    since: usize,
    /// What it does after this save.
    then: Option<Action>,
    /// Whether it continued without waiting for a save of its own.
    hasty: bool,
    /// What its earlier saves would have made of an empty session.
    alone: Content,
    /// What its earlier saves owe the browser; `None` if there were none.
    owed: Option<Reply>,
}

/// How far a request is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Progress {
    Waiting,
    Opened(Opened),
    Ended(Reply),
}

/// How a request continues after a save.
#[derive(Clone, Copy, Debug)]
pub(super) enum After {
    Ended(Reply),
    /// It continues.
    Opened(Opened),
}

impl From<After> for Progress {
    fn from(after: After) -> Self {
        match after {
            After::Opened(opened) => Self::Opened(opened),
            After::Ended(reply) => Self::Ended(reply),
        }
    }
}

/// What a request found when it opened its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Live,
    Moved,
    Gone,
}

impl Opened {
    pub(super) fn new(world: &World, id: usize, who: usize, action: Action) -> Self {
        let node = world.node(id);
        let (_, seen) = node.view();
        let value = letter(who);
        let (first, then) = action.steps();
        let (intent, changes) = match first {
            Action::SetOwn => (Intent::Keep, [Some(Change::Set(OWN + who, value)), None]),
            Action::SetShared => (Intent::Keep, [Some(Change::Set(SHARED, value)), None]),
            Action::SetAgain => (Intent::Keep, [Some(Change::Set(SHARED, AT_FIRST)), None]),
            Action::Update => (Intent::Keep, [Some(Change::Count), None]),
            Action::ReadFlash => (Intent::Keep, [Some(Change::Consume(seen.flash)), None]),
            Action::WriteFlash => (Intent::Keep, [Some(Change::Flash(value)), None]),
            Action::Clear => (Intent::Keep, [Some(Change::Clear), None]),
            Action::Unset => (Intent::Keep, [Some(Change::Unset(SHARED)), None]),
            Action::Regenerate => (
                Intent::Regenerate { keep_old: false },
                [Some(Change::Set(USER + who, value)), Some(Change::Count)],
            ),
            Action::RegenerateKeepingOld => (
                Intent::Regenerate { keep_old: true },
                [Some(Change::Set(USER + who, value)), None],
            ),
            Action::Destroy => (Intent::Destroy, [None, None]),
            Action::Restart => (Intent::Restart, [Some(Change::Set(RESTARTED + who, value)), None]),
            Action::MoveDeadline | Action::SaveAndUpdate | Action::RegenerateAndSet => {
                (Intent::Keep, [None, None])
            }
        };
        Self {
            id,
            who,
            then,
            owed: None,
            hasty: false,
            alone: Content::default(),
            new: World::NEW + who,
            found: match node.state {
                State::Live => Found::Live,
                State::Moved(_) => Found::Moved,
                State::Absent | State::Destroyed => Found::Gone,
            },
            intent,
            changes: changes.map(|change| change.filter(Change::is_effective)),
            since: node.count.saturating_sub(1),
        }
    }

    /// The same request, if it may continue without waiting for its save.
    pub(super) fn hasty(self, hasty: bool) -> Self {
        Self { hasty, ..self }
    }

    /// The session with this request's changes, on top of `base`.
    fn on(&self, mut base: Content) -> Content {
        self.changes.iter().flatten().for_each(|c| c.apply(&mut base));
        base
    }

    fn is_unchanged(&self) -> bool {
        self.changes.iter().flatten().next().is_none()
    }

    fn only_reads(&self) -> bool {
        let mut changes = self.changes.iter().flatten();
        changes.all(|change| matches!(change, Change::Consume(_)))
    }

    /// Tries everything that this request's save may make of `world`, and how the request
    /// continues, until `each` returns true.
    pub(super) fn step(&self, world: &World, each: &mut dyn FnMut(World, After) -> bool) -> bool {
        let destroyed = world.node(self.id).state == State::Destroyed;
        if destroyed && self.owed.is_some() {
            // It may have learned of the logout from the save before this one.
            if each(*world, After::Ended(Reply::Destroyed)) {
                return true;
            }
            // A request that did not wait for its new id may create a session of its own, as if the
            // logout had come before.
            let mut next = *world;
            next.put(self.new, Node::live(self.on(self.alone)));
            if self.hasty && self.id == self.new && each(next, After::Ended(Reply::Set)) {
                return true;
            }
        }
        self.save(world, &mut |next, reply| {
            let owed = match (reply, self.owed) {
                (Reply::Keep, Some(owed)) => owed,
                _ => reply,
            };
            let id = match reply {
                Reply::Set => self.new,
                _ => self.id,
            };
            let after = match self.then {
                None => After::Ended(owed),
                Some(_) if matches!(reply, Reply::Moved | Reply::Destroyed) => After::Ended(reply),
                // The handler learns of the logout, unless it did not wait.
                Some(_) if next.node(id).state != State::Live => {
                    return each(next, After::Ended(Reply::Destroyed))
                        || (self.hasty && each(next, After::Ended(Reply::Keep)));
                }
                Some(then) => After::Opened(Self {
                    owed: Some(owed),
                    hasty: self.hasty,
                    alone: self.on(Content::default()),
                    ..Self::new(&next, id, self.who, then)
                }),
            };
            each(next, after)
        })
    }

    /// Tries everything that this request's save may make of `world`. Only a regeneration that
    /// finds the session moved has several choices: it may continue from any state that it may have
    /// seen.
    fn save(&self, world: &World, each: &mut dyn FnMut(World, Reply) -> bool) -> bool {
        match self.intent {
            Intent::Destroy => {
                let mut next = *world;
                next.destroy(world.reach(self.id));
                each(next, Reply::Remove)
            }
            Intent::Restart => {
                let mut next = *world;
                next.destroy(world.reach(self.id));
                next.put(self.new, Node::live(self.on(Content::default())));
                each(next, Reply::Set)
            }
            _ if self.found == Found::Gone => self.create(world, each),
            Intent::Regenerate { keep_old } => self.regenerate(world, keep_old, each),
            Intent::Keep => self.write(world, each),
        }
    }

    /// A new session with what this request itself set, if it set anything.
    fn create(&self, world: &World, each: &mut dyn FnMut(World, Reply) -> bool) -> bool {
        let content = self.on(Content::default());
        if content.is_empty() {
            return each(*world, Reply::Keep);
        }
        let mut next = *world;
        next.put(self.new, Node::live(content));
        each(next, Reply::Set)
    }

    fn write(&self, world: &World, each: &mut dyn FnMut(World, Reply) -> bool) -> bool {
        if self.only_reads() && (self.is_unchanged() || self.found == Found::Moved) {
            return each(*world, Reply::Keep);
        }
        if self.found == Found::Moved {
            return each(*world, Reply::Moved);
        }
        let mut node = world.node(self.id);
        match node.state {
            State::Live => {
                node.push(self.on(node.content()));
                let mut next = *world;
                next.put(self.id, node);
                each(next, Reply::Keep)
            }
            State::Moved(_) if !self.only_reads() => each(*world, Reply::Moved),
            State::Moved(_) | State::Absent | State::Destroyed => each(*world, Reply::Keep),
        }
    }

    fn regenerate(
        &self,
        world: &World,
        keep_old: bool,
        each: &mut dyn FnMut(World, Reply) -> bool,
    ) -> bool {
        let mut old = world.node(self.id);
        let mut to = |old: Node, content: Content| {
            let mut new = Node::live(content);
            new.previous = 1 << self.id;
            let mut next = *world;
            next.put(self.id, old);
            next.put(self.new, new);
            each(next, Reply::Set)
        };
        match old.state {
            State::Live => {
                let base = old.content();
                let kept = Content { flash: 0, ..base };
                old.state = State::Moved(if keep_old { kept } else { Content::default() });
                old.successors |= 1 << self.new;
                to(old, self.on(base))
            }
            State::Moved(_) => {
                old.successors |= 1 << self.new;
                if self.found == Found::Moved {
                    return to(old, self.on(Content::default()));
                }
                let seen = old.past().get(self.since..).unwrap_or_default();
                // A request that changed more after the new record was written may find the session
                // moved before that is in it: as if it had been opened after the move.
                (self.hasty && to(old, self.on(Content::default())))
                    || seen.iter().any(|base| to(old, self.on(*base)))
            }
            State::Absent | State::Destroyed => self.create(world, each),
        }
    }

    /// Tries what a save without an answer may have done: all that it does, or a part of a logout.
    pub(super) fn part(&self, world: &World, each: &mut dyn FnMut(World, After) -> bool) -> bool {
        if matches!(self.intent, Intent::Destroy | Intent::Restart) {
            let reach = world.reach(self.id);
            // Every subset of the bits of `reach`.
            let mut some = reach;
            while some != 0 {
                let mut next = *world;
                next.destroy(some);
                if each(next, After::Ended(Reply::Keep)) {
                    return true;
                }
                some = (some - 1) & reach;
            }
        }
        self.step(world, each)
    }
}
