//! Whether a run can be explained: an order in which the saves happened, each at one moment, that gives what was seen.

use super::action::Action;
use super::content::{Content, View};
use super::model::{After, Opened, Reply};
use super::world::World;

/// What came out of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It was answered so.
    Replied(Reply),
    /// It was answered by an error of the store, or not at all: it may have had its effect, or have it yet.
    Unknown,
    /// It was answered in a way that is never right.
    Wrong,
}

/// Something that the world outside could see, in the order in which it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Opened(usize),
    Ended(usize),
}

/// One request of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) action: Action,
    /// The id that its cookie names.
    pub(super) id: usize,
    /// What it saw when it opened its session.
    pub(super) view: Option<View>,
    pub(super) ending: Ending,
    /// Whether it went on without waiting for a save of its own.
    pub(super) hasty: bool,
}

/// A whole run.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) start: World,
    pub(super) requests: &'a [Seen],
    pub(super) moments: &'a [Moment],
    /// What a browser sees that comes later, by id; `None` where no browser knows the id.
    pub(super) last: [Option<View>; World::MOST],
}

impl Run<'_> {
    /// Whether some order of the saves gives what was seen.
    pub(super) fn is_explained(&self) -> bool {
        self.follow(0, &self.start, [Stage::Waiting; 3])
    }

    fn follow(&self, at: usize, world: &World, stages: [Stage; 3]) -> bool {
        self.pass(at, world, stages) || self.save(at, world, stages)
    }

    /// The next moment comes.
    fn pass(&self, at: usize, world: &World, mut stages: [Stage; 3]) -> bool {
        match self.moments.get(at) {
            None => self.matches(world),
            Some(Moment::Opened(who)) => {
                let (Some(seen), Some(stage)) = (self.requests.get(*who), stages.get_mut(*who))
                else {
                    return false;
                };
                let (lives, content) = world.node(seen.id).view();
                if seen.view.is_some_and(|view| !same(&view, lives, &content)) {
                    return false;
                }
                let opened = Opened::new(world, seen.id, *who, seen.action);
                *stage = Stage::Opened(opened.hasty(seen.hasty));
                self.follow(at + 1, world, stages)
            }
            Some(Moment::Ended(who)) => {
                let done = matches!(stages.get(*who), Some(Stage::Saved));
                let unknown = self.requests.get(*who).map(|seen| seen.ending);
                (done || unknown == Some(Ending::Unknown)) && self.follow(at + 1, world, stages)
            }
        }
    }

    /// A save happens before the next moment.
    fn save(&self, at: usize, world: &World, stages: [Stage; 3]) -> bool {
        let mut requests = self.requests.iter().zip(stages).enumerate();
        requests.any(|(who, (seen, stage))| {
            let Stage::Opened(opened) = stage else {
                return false;
            };
            let go_on = |world: &World, stage: Stage| {
                let mut stages = stages;
                if let Some(slot) = stages.get_mut(who) {
                    *slot = stage;
                }
                self.follow(at, world, stages)
            };
            let mut each = |world: World, after: After| match (after, seen.ending) {
                (After::Opened(opened), _) => go_on(&world, Stage::Opened(opened)),
                (After::Ended(_), Ending::Unknown) => go_on(&world, Stage::Saved),
                (After::Ended(reply), ending) => {
                    ending == Ending::Replied(reply) && go_on(&world, Stage::Saved)
                }
            };
            match seen.ending {
                Ending::Wrong => false,
                Ending::Unknown => opened.part(world, &mut each),
                Ending::Replied(_) => opened.step(world, &mut each),
            }
        })
    }

    fn matches(&self, world: &World) -> bool {
        self.last.iter().enumerate().all(|(at, view)| {
            view.is_none_or(|view| {
                let (lives, content) = world.node(at).view();
                same(&view, lives, &content)
            })
        })
    }
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Waiting,
    Opened(Opened),
    Saved,
}

fn same(view: &View, lives: bool, content: &Content) -> bool {
    view.lives == lives && view.content.as_ref() == Some(content)
}
