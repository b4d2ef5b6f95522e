//! All ids of a run and what is under them: the state of the model.

use super::content::Content;

/// What is under an id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Absent,
    Live,
    /// The session has a new id; these values may still be read.
    Moved(Content),
    Destroyed,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Node {
    pub(super) state: State,
    /// All contents that it had, oldest first; if it lives, the last is its content now.
    past: [Content; Node::HISTORY],
    pub(super) count: usize,
    /// The ids that it moved to, as bits.
    pub(super) successors: u16,
    /// The id that it came from, as a bit.
    pub(super) previous: u16,
}

impl Node {
    const HISTORY: usize = 6;

    pub(super) fn live(content: Content) -> Self {
        let mut node = Self { state: State::Live, ..Self::default() };
        node.push(content);
        node
    }

    /// Gives a live node another content.
    pub(super) fn push(&mut self, content: Content) {
        if let Some(slot) = self.past.get_mut(self.count) {
            *slot = content;
            self.count += 1;
        }
    }

    pub(super) fn past(&self) -> &[Content] {
        self.past.get(..self.count).unwrap_or_default()
    }

    pub(super) fn content(&self) -> Content {
        self.past().last().copied().unwrap_or_default()
    }

    /// Whether there is a live session, and what a reader sees.
    pub(super) fn view(&self) -> (bool, Content) {
        match self.state {
            State::Live => (true, self.content()),
            State::Moved(kept) => (false, kept),
            State::Absent | State::Destroyed => (false, Content::default()),
        }
    }
}

/// All ids that a run knows: first those at its beginning, then one for each request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct World {
    nodes: [Node; World::MOST],
}

impl World {
    pub(super) const MOST: usize = 8;
    /// Where the ids of the requests begin.
    pub(super) const NEW: usize = 4;

    pub(super) fn node(&self, at: usize) -> Node {
        self.nodes.get(at).copied().unwrap_or_default()
    }

    pub(super) fn put(&mut self, at: usize, node: Node) {
        if let Some(slot) = self.nodes.get_mut(at) {
            *slot = node;
        }
    }

    /// All ids that a logout on the id `at` reaches.
    pub(super) fn reach(&self, at: usize) -> u16 {
        let mut reached = 1_u16 << at;
        loop {
            let mut next = reached;
            for (n, node) in self.nodes.iter().enumerate() {
                if reached & (1 << n) != 0 {
                    next |= node.successors | node.previous;
                }
            }
            if next == reached {
                return reached;
            }
            reached = next;
        }
    }

    pub(super) fn destroy(&mut self, ids: u16) {
        for (n, node) in self.nodes.iter_mut().enumerate() {
            if ids & (1 << n) != 0 && node.state != State::Absent {
                node.state = State::Destroyed;
            }
        }
    }
}
