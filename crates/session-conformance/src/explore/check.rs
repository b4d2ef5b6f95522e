//! Whether a run can be explained: whether some order of the saves, one at a time, gives what was
//! seen.

use super::action::Action;
use super::content::{Content, View};
use super::model::{After, Opened, Progress, Reply};
use super::world::World;

/// How one request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It was answered so.
    Replied(Reply),
    /// It was answered with an error of the store, or not at all: it may have had its effect, or
    /// may still have it.
    Unknown,
    /// It was answered in a way that is never correct.
    Wrong,
}

/// Something that a client could observe.
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
    /// Whether it continued without waiting for a save of its own.
    pub(super) hasty: bool,
}

/// A whole run.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) start: World,
    pub(super) requests: &'a [Seen],
    pub(super) moments: &'a [Moment],
    /// What a later browser sees, by id; `None` if no browser knows the id.
    pub(super) last: [Option<View>; World::MOST],
}

impl Run<'_> {
    /// Whether some order of the saves gives what was seen.
    pub(super) fn is_explained(&self) -> bool {
        self.follow(0, &self.start, [Progress::Waiting; 3])
    }

    fn follow(&self, at: usize, world: &World, progress: [Progress; 3]) -> bool {
        self.pass(at, world, progress) || self.save(at, world, progress)
    }

    /// Tries to let the next moment happen.
    fn pass(&self, at: usize, world: &World, mut progress: [Progress; 3]) -> bool {
        match self.moments.get(at) {
            None => self.matches(world),
            Some(Moment::Opened(who)) => {
                let (Some(seen), Some(slot)) = (self.requests.get(*who), progress.get_mut(*who))
                else {
                    return false;
                };
                let (lives, content) = world.node(seen.id).view();
                if seen.view.is_some_and(|view| !same(&view, lives, &content)) {
                    return false;
                }
                let opened = Opened::new(world, seen.id, *who, seen.action);
                *slot = Progress::Opened(opened.hasty(seen.hasty));
                self.follow(at + 1, world, progress)
            }
            Some(Moment::Ended(who)) => {
                let done = matches!(progress.get(*who), Some(Progress::Ended(_)));
                let unknown = self.requests.get(*who).map(|seen| seen.ending);
                (done || unknown == Some(Ending::Unknown)) && self.follow(at + 1, world, progress)
            }
        }
    }

    /// Tries to let a save happen before the next moment.
    fn save(&self, at: usize, world: &World, progress: [Progress; 3]) -> bool {
        let mut requests = self.requests.iter().zip(progress).enumerate();
        requests.any(|(who, (seen, stage))| {
            let Progress::Opened(opened) = stage else {
                return false;
            };
            let go_on = |world: &World, stage: Progress| {
                let mut progress = progress;
                if let Some(slot) = progress.get_mut(who) {
                    *slot = stage;
                }
                self.follow(at, world, progress)
            };
            let mut each = |world: World, after: After| match (after, seen.ending) {
                (After::Ended(reply), Ending::Replied(seen)) if reply != seen => false,
                _ => go_on(&world, after.into()),
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

fn same(view: &View, lives: bool, content: &Content) -> bool {
    view.lives == lives && view.content.as_ref() == Some(content)
}
