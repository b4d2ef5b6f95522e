//! Names of batches of changes, by which a save finds out whether an earlier attempt of its own took effect.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{Error, random};

/// Names one batch of changes, however often it is sent: the second in which it was made, and 64 random bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct WriteId([u8; WriteId::CHARS]);

impl WriteId {
    const CHARS: usize = 16;

    pub(crate) fn new(now: u64) -> Result<Self, Error> {
        let mut bytes = [0; 12];
        let (time, noise) = bytes.split_at_mut(4);
        random::fill(noise)?;
        time.copy_from_slice(&seconds(now).to_be_bytes());
        let mut text = [0; Self::CHARS];
        // Twelve bytes are sixteen characters, so this cannot fail.
        let _ = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text);
        Ok(Self(text))
    }

    fn made(&self) -> Option<u32> {
        let mut bytes = [0; 12];
        URL_SAFE_NO_PAD.decode_slice(self.0, &mut bytes).ok()?;
        bytes.first_chunk().map(|time| u32::from_be_bytes(*time))
    }

    /// Whether it was made more than a minute before `now`; the request that made it is over.
    fn is_old(&self, now: u64) -> bool {
        let age = |made: u32| seconds(now).wrapping_sub(made);
        self.made()
            .is_none_or(|made| (61..u32::MAX / 2).contains(&age(made)))
    }
}

/// Seconds since the epoch; wraps in 2106, and the comparison wraps with it.
#[allow(clippy::cast_possible_truncation)]
fn seconds(now: u64) -> u32 {
    (now / 1000) as u32
}

impl fmt::Debug for WriteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// The last writes of a record, newest first.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct WriteIds {
    len: usize,
    /// Those past `len` are empty. In place: every open of a record reads them, and few are looked at.
    ids: [[u8; WriteId::CHARS]; WriteIds::MOST],
}

impl WriteIds {
    /// How many a record carries. A request that lost the reply to a write finds out whether it took effect as long as fewer
    /// writes than this came after it; beyond that it reports an unknown outcome.
    const MOST: usize = 8;

    fn new(newest_first: impl Iterator<Item = WriteId>) -> Self {
        let mut list = Self::default();
        for (place, id) in list.ids.iter_mut().zip(newest_first) {
            *place = id.0;
            list.len += 1;
        }
        list
    }

    fn iter(&self) -> impl Iterator<Item = WriteId> {
        self.ids.iter().take(self.len).copied().map(WriteId)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (ids, rest) = text.as_bytes().as_chunks();
        rest.is_empty()
            .then(|| Self::new(ids.iter().copied().map(WriteId)))
    }

    /// What [`parse`](Self::parse) reads.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.ids.get(..self.len).unwrap_or_default().as_flattened()
    }

    pub(crate) fn contains(&self, id: &WriteId) -> bool {
        self.iter().any(|known| known == *id)
    }

    /// These with `newer` before them, without those that no request can ask for any more.
    pub(crate) fn after(&self, newer: impl Iterator<Item = WriteId>, now: u64) -> Self {
        Self::new(newer.chain(self.iter().filter(|id| !id.is_old(now))))
    }

    /// Whether a write made on top of `base` that is not in this list certainly did not take effect: nothing newer than `base` has
    /// fallen off the end.
    pub(crate) fn reach_back_to(&self, base: &Self) -> bool {
        let head = base.iter().next();
        self.len < Self::MOST || head.is_some_and(|head| self.contains(&head))
    }
}

impl fmt::Debug for WriteIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{WriteId, WriteIds};

    fn ids(count: usize, now: u64) -> Vec<WriteId> {
        (0..count).map(|_| WriteId::new(now).unwrap()).collect()
    }

    #[test]
    fn keeps_the_last_eight_of_the_last_minute() {
        let first = WriteIds::default().after(ids(8, 1_000).into_iter(), 1_000);
        let newer = ids(1, 2_000);
        let list = first.after(newer.iter().copied(), 2_000);
        assert_eq!(list.len, 8);
        assert!(list.contains(&newer[0]));
        assert!(!list.contains(&WriteId(first.ids[7])));
        assert_eq!(list.after(ids(1, 70_000).into_iter(), 70_000).len, 1);
    }

    #[test]
    fn an_id_from_a_clock_ahead_is_not_old() {
        let list = WriteIds::default().after(ids(1, 500_000).into_iter(), 1_000);
        assert_eq!(list.after(ids(1, 1_000).into_iter(), 1_000).len, 2);
    }

    #[test]
    fn knows_how_far_back_it_reaches() {
        let base = WriteIds::default().after(ids(1, 0).into_iter(), 0);
        let seven_more = base.after(ids(7, 0).into_iter(), 0);
        assert!(seven_more.reach_back_to(&base));
        assert!(!base.after(ids(8, 0).into_iter(), 0).reach_back_to(&base));
    }
}
