//! Metadata as JSON.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::Deserialize;

use super::scan::Scanner;
use super::{Kind, Meta, Prev, Tombstone, WriteIds};
use crate::clock::millis;
use crate::policy::Lifetime;
use crate::{RecordKey, SessionId};

const FORMAT: u64 = 1;

/// Times beyond this would overflow sums; nobody wrote them in earnest.
const LATEST: u64 = 1 << 53;

#[derive(Deserialize)]
struct Wire<'a> {
    v: u64,
    c: u64,
    i: u64,
    #[serde(borrow)]
    k: &'a str,
    #[serde(borrow, default)]
    w: &'a str,
    l: Option<u64>,
    p: Option<(String, u64)>,
    t: Option<WireTombstone>,
}

#[derive(Deserialize)]
struct WireTombstone {
    kind: Kind,
    #[serde(default)]
    keep: u64,
    #[serde(default)]
    to: Vec<String>,
}

impl Meta {
    pub(super) fn encoded_len(&self) -> usize {
        let tombstone = self.tombstone.as_ref();
        let rare = tombstone.map_or(0, |tombstone| 64 + 140 * tombstone.successors.len());
        let prev = self.prev.as_ref().map_or(0, |_| 160);
        96 + self.writes.as_bytes().len() + prev + rare
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"v\":1,\"c\":");
        push_number(self.created, out);
        out.extend_from_slice(b",\"i\":");
        push_number(self.deadline, out);
        out.extend_from_slice(b",\"k\":\"");
        out.extend_from_slice(&self.tag);
        let writes = self.writes.as_bytes();
        if !writes.is_empty() {
            out.extend_from_slice(b"\",\"w\":\"");
            out.extend_from_slice(writes);
        }
        out.push(b'"');
        let lifetime = match self.lifetime {
            Lifetime::Policy => None,
            Lifetime::BrowserSession => Some(0),
            Lifetime::For(lifetime) => Some(millis(lifetime).max(1)),
        };
        if let Some(lifetime) = lifetime {
            out.extend_from_slice(b",\"l\":");
            push_number(lifetime, out);
        }
        if let Some(prev) = &self.prev {
            out.extend_from_slice(b",\"p\":[");
            push_key(&prev.key, out);
            out.push(b',');
            push_number(prev.until, out);
            out.push(b']');
        }
        if let Some(tombstone) = &self.tombstone {
            out.extend_from_slice(b",\"t\":");
            tombstone.write(out);
        }
        out.push(b'}');
    }

    /// Becomes the metadata that comes next in `body`; `None`, and without meaning, if there is something else. It was empty until
    /// now: what the body does not say stays as it is.
    pub(super) fn read(&mut self, scanner: &mut Scanner<'_>, body: &Bytes) -> Option<()> {
        let start = scanner.at();
        if self.read_usual(scanner, body).is_some() {
            return Some(());
        }
        scanner.go_back_to(start);
        *self = Self::read_any(scanner)?;
        Some(())
    }

    /// What [`write`](Self::write) makes, byte for byte, of all but tombstones and keys that JSON escapes: for most requests, this is
    /// the half of what opening costs, and this way a tenth of it. `None` for any other, which the caller reads in whatever form
    /// it is.
    fn read_usual(&mut self, scanner: &mut Scanner<'_>, body: &Bytes) -> Option<()> {
        scanner.word(b"{\"v\":1,\"c\":")?;
        self.created = scanner.natural()?.min(LATEST);
        scanner.word(b",\"i\":")?;
        self.deadline = scanner.natural()?.min(LATEST);
        scanner.word(b",\"k\":\"")?;
        self.tag = scanner.eight_plain()?;
        scanner.word(b"\"")?;
        if scanner.word(b",\"w\":").is_some() {
            let writes = scanner.string().filter(|writes| writes.plain)?;
            let writes = scanner.get(writes.inside);
            self.writes = WriteIds::parse(writes, |ids| body.slice_ref(ids))?;
        }
        if scanner.word(b",\"l\":").is_some() {
            self.lifetime = lifetime_of(scanner.natural()?);
        }
        if scanner.word(b",\"p\":[").is_some() {
            let text = scanner.string().filter(|text| text.plain)?;
            let key = parse_key(str::from_utf8(scanner.get(text.inside)).ok()?)?;
            scanner.word(b",")?;
            let until = scanner.natural()?;
            scanner.word(b"]")?;
            self.prev = Some(Box::new(Prev { key, until }));
        }
        scanner.word(b"}")
    }

    #[cold]
    fn read_any(scanner: &mut Scanner<'_>) -> Option<Self> {
        let text = scanner.value()?;
        let wire: Wire<'_> = serde_json::from_slice(scanner.get(text)).ok()?;
        let prev = wire.p.map(|(text, until)| {
            let key = parse_key(&text)?;
            Some(Box::new(Prev { key, until }))
        });
        let tombstone = wire.t.map(|wire| {
            let keys = wire.to.iter().map(|text| parse_key(text));
            Some(Box::new(Tombstone {
                kind: wire.kind,
                kept_until: wire.keep,
                successors: keys.collect::<Option<_>>()?,
            }))
        });
        (wire.v == FORMAT).then_some(())?;
        Some(Self {
            created: wire.c.min(LATEST),
            deadline: wire.i.min(LATEST),
            lifetime: wire.l.map_or(Lifetime::Policy, lifetime_of),
            writes: WriteIds::parse(wire.w.as_bytes(), Bytes::copy_from_slice)?,
            tag: wire.k.as_bytes().try_into().ok()?,
            prev: read_if_any(prev)?,
            tombstone: read_if_any(tombstone)?,
        })
    }
}

impl Tombstone {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self.kind {
            Kind::Moved => b"{\"kind\":\"moved\"".as_slice(),
            Kind::Destroyed => b"{\"kind\":\"destroyed\"",
        });
        if self.kept_until > 0 {
            out.extend_from_slice(b",\"keep\":");
            push_number(self.kept_until, out);
        }
        for (at, key) in self.successors.iter().enumerate() {
            out.extend_from_slice(if at == 0 { b",\"to\":[" } else { b"," });
            push_key(key, out);
        }
        out.extend_from_slice(if self.successors.is_empty() {
            b"}"
        } else {
            b"]}"
        });
    }
}

fn push_number(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn lifetime_of(millis: u64) -> Lifetime {
    match millis {
        0 => Lifetime::BrowserSession,
        millis => Lifetime::For(Duration::from_millis(millis)),
    }
}

/// Nothing where there is nothing, but `None` where there is something that could not be read.
#[allow(clippy::option_option)]
fn read_if_any<T>(found: Option<Option<T>>) -> Option<Option<T>> {
    found.map_or(Some(None), |read| read.map(Some))
}

/// A string: 43 characters of base64url, or `=` and the id where keys are plain.
fn push_key(key: &RecordKey, out: &mut Vec<u8>) {
    match key.plain() {
        Some(id) => {
            // Writing a string to a Vec cannot fail.
            let _ = serde_json::to_writer(out, &format!("={id}"));
        }
        None => {
            let mut text = [0; 43];
            // Thirty-two bytes are forty-three characters, so this cannot fail.
            let _ = URL_SAFE_NO_PAD.encode_slice(key.digest(), &mut text);
            out.push(b'"');
            out.extend_from_slice(&text);
            out.push(b'"');
        }
    }
}

fn parse_key(text: &str) -> Option<RecordKey> {
    match text.strip_prefix('=') {
        Some(id) => SessionId::parse_foreign(id).map(|id| RecordKey::plain_of(&id)),
        None => {
            // The decoder asks for room in threes.
            let mut bytes = [0; 33];
            let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
            let digest = bytes.get(..length)?.try_into().ok()?;
            let key = RecordKey::from_digest(digest);
            // No record stands there, and nothing that is found there would be checked.
            (key != RecordKey::NONE).then_some(key)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::body::WriteId;

    fn lifetime() -> impl Strategy<Value = Lifetime> {
        prop_oneof![
            Just(Lifetime::Policy),
            Just(Lifetime::BrowserSession),
            (1..1_u64 << 50).prop_map(|millis| Lifetime::For(Duration::from_millis(millis))),
        ]
    }

    fn key() -> impl Strategy<Value = RecordKey> {
        prop_oneof![
            any::<[u8; 32]>().prop_map(RecordKey::from_digest),
            "[!-~]{1,40}".prop_map(|id| {
                RecordKey::plain_of(&SessionId::parse_foreign(&id).expect("printable"))
            }),
        ]
    }

    fn tombstone() -> impl Strategy<Value = Tombstone> {
        let kind = prop_oneof![Just(Kind::Moved), Just(Kind::Destroyed)];
        let keep = prop_oneof![Just(0), any::<u64>()];
        let successors = proptest::collection::vec(key(), 0..4);
        (kind, keep, successors).prop_map(|(kind, kept_until, successors)| Tombstone {
            kind,
            kept_until,
            successors,
        })
    }

    prop_compose! {
        fn meta()(
            created in 0..LATEST,
            deadline in 0..LATEST,
            lifetime in lifetime(),
            ids in 0..9_usize,
            prev in option::of((key(), any::<u64>())),
            tombstone in option::of(tombstone()),
        ) -> Meta {
            let ids = (0..ids).map(|_| WriteId::new(created));
            let meta = Meta::new(&RecordKey::from_digest([7; 32]), created, deadline, lifetime);
            Meta {
                writes: WriteIds::default().after(ids, created),
                prev: prev.map(|(key, until)| Box::new(Prev { key, until })),
                tombstone: tombstone.map(Box::new),
                ..meta
            }
        }
    }

    fn written(meta: &Meta) -> Bytes {
        let mut text = Vec::new();
        meta.write(&mut text);
        text.into()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_the_short_way_and_the_long_way_alike(meta in meta()) {
            let text = written(&meta);
            let long = Meta::read_any(&mut Scanner::new(&text)).expect("what was written");
            prop_assert_eq!(&written(&long), &text);
            let (mut short, mut scanner) = (Meta::default(), Scanner::new(&text));
            let usual = short.read_usual(&mut scanner, &text).is_some();
            prop_assert_eq!(usual, meta.tombstone.is_none() && !text.contains(&b'\\'));
            if usual {
                prop_assert!(scanner.is_at_end());
                prop_assert_eq!(&written(&short), &text);
            }
        }
    }
}
