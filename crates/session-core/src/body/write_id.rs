//! Names of batches of changes, by which a save finds out whether an earlier attempt of its own took effect.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher as _;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;

/// Names one batch of changes, however often it is sent: the second in which it was made, and 64 bits that no other has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct WriteId([u8; WriteId::CHARS]);

impl WriteId {
    const CHARS: usize = 16;

    pub(crate) fn new(now: u64) -> Self {
        let mut bytes = [0; 12];
        let (time, noise) = bytes.split_at_mut(4);
        time.copy_from_slice(&seconds(now).to_be_bytes());
        noise.copy_from_slice(&noise_bits().to_be_bytes());
        let mut text = [0; Self::CHARS];
        // Twelve bytes are sixteen characters, so this cannot fail.
        let _ = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text);
        Self(text)
    }

    /// Until this age, in seconds, it is asked for: a save that is tried again later than that cannot tell whether it came through.
    const ASKED_FOR: u32 = 60;
    /// Until this age a record names it: for a minute more, since other servers' clocks may be ahead.
    const KEPT: u32 = Self::ASKED_FOR + 60;

    /// Whether a record that has it certainly still names it, unless others took its place.
    pub(crate) fn is_kept(&self, now: u64) -> bool {
        !Self::is_older(&self.0, now, Self::ASKED_FOR)
    }

    /// Whether it was made more than so many seconds before `now`. Whatever is no id was.
    fn is_older(text: &[u8; Self::CHARS], now: u64, limit: u32) -> bool {
        // The time is in the first 32 of the 36 bits that six characters are.
        let (bits, all) = text.iter().take(6).fold((0, 0), |(bits, all), character| {
            let sextet = SEXTETS.get(usize::from(*character)).copied();
            let sextet = sextet.unwrap_or(NO_SEXTET);
            (bits << 6 | u64::from(sextet), all | sextet)
        });
        let age = seconds(now).wrapping_sub((bits >> 4) as u32);
        all & NO_SEXTET != 0 || (limit + 1..u32::MAX / 2).contains(&age)
    }
}

/// Six bits, by their character in base64url. A record names eight ids, and decoding them all as a whole cost more than writing it.
#[expect(clippy::indexing_slicing, reason = "done when this is compiled")]
const SEXTETS: [u8; 256] = {
    let mut sextets = [NO_SEXTET; 256];
    let mut rest: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut sextet = 0;
    while let [character, more @ ..] = rest {
        sextets[*character as usize] = sextet;
        sextet += 1;
        rest = more;
    }
    sextets
};

const NO_SEXTET: u8 = 1 << 7;

/// Not from the operating system each time, which is a system call: keys that did come from there, once a thread, and a count of
/// uses make it, which is what a `RandomState` is. So nobody outside knows it beforehand, and a store may tell bodies apart by
/// a weak digest. The time tells a process from the one that it was forked from.
fn noise_bits() -> u64 {
    RandomState::new().hash_one(SystemTime::now())
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

/// The last writes of a record, newest first, as the record names them: one after the other.
#[derive(Clone, Default)]
pub(crate) enum WriteIds {
    #[default]
    None,
    /// Most records name one, which then stands in place.
    One([u8; WriteId::CHARS]),
    Any(Bytes),
}

impl PartialEq for WriteIds {
    fn eq(&self, other: &Self) -> bool {
        self.texts() == other.texts()
    }
}

impl WriteIds {
    /// How many a record carries. A request that lost the reply to a write finds out whether it took effect as long as fewer
    /// writes than this came after it; beyond that it reports an unknown outcome.
    const MOST: usize = 8;

    fn texts(&self) -> &[[u8; WriteId::CHARS]] {
        match self {
            Self::None => &[],
            Self::One(id) => std::slice::from_ref(id),
            Self::Any(ids) => ids.as_chunks().0,
        }
    }

    /// `None` if `text` is no list of ids. What is more than there should be is left out. `share` makes the text one that can be
    /// kept.
    pub(crate) fn parse(text: &[u8], share: impl FnOnce(&[u8]) -> Bytes) -> Option<Self> {
        if let Ok(id) = text.try_into() {
            return Some(Self::One(id));
        }
        let most = text.len().min(Self::MOST * WriteId::CHARS);
        let whole = text.len().is_multiple_of(WriteId::CHARS);
        whole.then(|| Self::Any(share(text.get(..most).unwrap_or_default())))
    }

    /// What [`parse`](Self::parse) reads.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.texts().as_flattened()
    }

    pub(crate) fn contains(&self, id: &WriteId) -> bool {
        self.texts().contains(&id.0)
    }

    /// These with `newer` before them, without those that no request can ask for any more.
    pub(crate) fn after(&self, newer: impl Iterator<Item = WriteId>, now: u64) -> Self {
        let is_young = |id: &&[u8; WriteId::CHARS]| !WriteId::is_older(id, now, WriteId::KEPT);
        let young = self.texts().iter().filter(is_young);
        let all = newer.map(|id| id.0).chain(young.copied());
        let mut ids = [[0; WriteId::CHARS]; Self::MOST];
        let mut len = 0;
        for (place, id) in ids.iter_mut().zip(all) {
            *place = id;
            len += 1;
        }
        match ids.get(..len).unwrap_or_default() {
            [id] => Self::One(*id),
            // Room for more than there is would cost an allocation more.
            ids => Self::Any(Bytes::copy_from_slice(ids.as_flattened())),
        }
    }

    /// Whether a write made on top of `base` that is not in this list certainly did not take effect, if it [is kept](WriteId::is_kept):
    /// nothing newer than `base` has fallen off the end.
    pub(crate) fn reach_back_to(&self, base: &Self) -> bool {
        let head = base.texts().first();
        self.texts().len() < Self::MOST || head.is_some_and(|head| self.texts().contains(head))
    }
}

impl fmt::Debug for WriteIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.texts().iter().copied().map(WriteId);
        f.debug_list().entries(ids).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{WriteId, WriteIds};

    fn ids(count: usize, now: u64) -> Vec<WriteId> {
        (0..count).map(|_| WriteId::new(now)).collect()
    }

    #[test]
    fn keeps_the_last_eight_of_two_minutes() {
        let first = WriteIds::default().after(ids(8, 1_000).into_iter(), 1_000);
        let newer = ids(1, 2_000);
        let list = first.after(newer.iter().copied(), 2_000);
        assert_eq!(list.texts().len(), 8);
        assert!(list.contains(&newer[0]));
        assert!(!list.contains(&WriteId(first.texts()[7])));
        assert_eq!(
            list.after(ids(1, 121_000).into_iter(), 121_000)
                .texts()
                .len(),
            8
        );
        assert_eq!(
            list.after(ids(1, 123_000).into_iter(), 123_000)
                .texts()
                .len(),
            1
        );
    }

    #[test]
    fn an_id_from_a_clock_ahead_is_not_old() {
        let list = WriteIds::default().after(ids(1, 500_000).into_iter(), 1_000);
        assert_eq!(
            list.after(ids(1, 1_000).into_iter(), 1_000).texts().len(),
            2
        );
    }

    #[test]
    fn knows_how_far_back_it_reaches() {
        let base = WriteIds::default().after(ids(1, 0).into_iter(), 0);
        let seven_more = base.after(ids(7, 0).into_iter(), 0);
        assert!(seven_more.reach_back_to(&base));
        assert!(!base.after(ids(8, 0).into_iter(), 0).reach_back_to(&base));
    }
}
