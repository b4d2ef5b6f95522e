//! Metadata as JSON.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

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

#[derive(Serialize, Deserialize)]
struct WireTombstone {
    kind: Kind,
    #[serde(default, skip_serializing_if = "is_zero")]
    keep: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    to: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Meta {
    pub(super) fn encoded_len(&self) -> usize {
        let tombstone = self.tombstone.as_ref();
        let rare = tombstone.map_or(0, |tombstone| 64 + 140 * tombstone.successors.len());
        let prev = self.prev.as_ref().map_or(0, |_| 160);
        96 + self.writes.as_bytes().len() + prev + rare
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut number = itoa::Buffer::new();
        out.extend_from_slice(b"{\"v\":1,\"c\":");
        out.extend_from_slice(number.format(self.created).as_bytes());
        out.extend_from_slice(b",\"i\":");
        out.extend_from_slice(number.format(self.deadline).as_bytes());
        out.extend_from_slice(b",\"k\":\"");
        out.extend_from_slice(&self.tag);
        let writes = self.writes.as_bytes();
        if !writes.is_empty() {
            out.extend_from_slice(b"\",\"w\":\"");
            out.extend_from_slice(writes);
        }
        out.push(b'"');
        match self.lifetime {
            Lifetime::Policy => {}
            Lifetime::BrowserSession => push_rare("l", &0, out),
            Lifetime::For(lifetime) => push_rare("l", &millis(lifetime).max(1), out),
        }
        if let Some(prev) = &self.prev {
            push_rare("p", &(key_text(&prev.key), prev.until), out);
        }
        if let Some(tombstone) = &self.tombstone {
            let wire = WireTombstone {
                kind: tombstone.kind,
                keep: tombstone.kept_until,
                to: tombstone.successors.iter().map(key_text).collect(),
            };
            push_rare("t", &wire, out);
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

    /// What [`write`](Self::write) makes of most metadata, byte for byte: for most requests, this is the half of what opening
    /// costs, and this way a tenth of it. `None` for any other, which the caller reads in whatever form it is.
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
            lifetime: match wire.l {
                None => Lifetime::Policy,
                Some(0) => Lifetime::BrowserSession,
                Some(millis) => Lifetime::For(Duration::from_millis(millis)),
            },
            writes: WriteIds::parse(wire.w.as_bytes(), Bytes::copy_from_slice)?,
            tag: wire.k.as_bytes().try_into().ok()?,
            prev: read_if_any(prev)?,
            tombstone: read_if_any(tombstone)?,
        })
    }
}

fn push_rare(name: &str, value: &impl Serialize, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    // Writing numbers and strings to a Vec cannot fail.
    let _ = serde_json::to_writer(out, value);
}

/// Nothing where there is nothing, but `None` where there is something that could not be read.
#[allow(clippy::option_option)]
fn read_if_any<T>(found: Option<Option<T>>) -> Option<Option<T>> {
    found.map_or(Some(None), |read| read.map(Some))
}

/// 43 characters of base64url, or `=` and the id where keys are plain.
fn key_text(key: &RecordKey) -> String {
    match key.plain() {
        Some(id) => format!("={id}"),
        None => URL_SAFE_NO_PAD.encode(key.digest()),
    }
}

fn parse_key(text: &str) -> Option<RecordKey> {
    match text.strip_prefix('=') {
        Some(id) => SessionId::parse_foreign(id).map(|id| RecordKey::plain_of(&id)),
        None => {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let key = RecordKey::from_digest(bytes.try_into().ok()?);
            // No record stands there, and nothing that is found there would be checked.
            (key != RecordKey::NONE).then_some(key)
        }
    }
}
