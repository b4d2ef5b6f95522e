//! A dense list that grows and shrinks by chunks: it never copies itself to grow, and gives memory back.

use crate::entry::Entry;

/// 256 KiB of entries: so large that the list of chunks stays in the cache. What is not used yet takes no memory.
const CHUNK: usize = 1024;

#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// All full but the last, and none empty.
    chunks: Vec<Vec<Entry>>,
    len: usize,
}

impl Entries {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Entry> {
        self.chunks.get(at / CHUNK)?.get(at % CHUNK)
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Entry> {
        self.chunks.get_mut(at / CHUNK)?.get_mut(at % CHUNK)
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.len += 1;
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => last.push(entry),
            // The first grows as it fills, so that a store of a few records stays small.
            None => self.chunks.push(vec![entry]),
            Some(_) => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(entry);
                self.chunks.push(chunk);
            }
        }
    }

    /// Takes out the entry at `at`, and puts the last one in its place.
    pub(crate) fn swap_remove(&mut self, at: usize) -> Option<Entry> {
        if at >= self.len {
            return None;
        }
        let chunk = self.chunks.last_mut()?;
        let last = chunk.pop()?;
        if chunk.is_empty() {
            self.chunks.pop();
        }
        self.len -= 1;
        match self.get_mut(at) {
            Some(place) => Some(std::mem::replace(place, last)),
            None => Some(last),
        }
    }
}
