//! Unit tests of `src/body/meta.rs`.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::body::WriteId;
use crate::id::SessionId;

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
        "[!-~]{1,40}".prop_map(|id| RecordKey::plain_of(&SessionId::parse_foreign(&id).unwrap())),
    ]
}

prop_compose! {
    fn tombstone()(
        kind in prop_oneof![Just(Kind::Moved), Just(Kind::Destroyed)],
        kept_until in prop_oneof![Just(0), any::<u64>()],
        successors in vec(key(), 0..4),
    ) -> Tombstone {
        Tombstone { kind, kept_until, successors }
    }
}

prop_compose! {
    fn meta()(
        created in 0..1_u64 << 53,
        deadline in 0..1_u64 << 53,
        lifetime in lifetime(),
        ids in 0..9_usize,
        prev in option::of((key(), any::<u64>())),
        tombstone in option::of(tombstone()),
    ) -> Meta {
        let ids = (0..ids).map(|_| WriteId::random().unwrap());
        Meta {
            writes: WriteIds::default().with_newer(ids),
            prev: prev.map(|(key, until)| Box::new(Prev { key, until })),
            tombstone: tombstone.map(Box::new),
            ..Meta::new(&RecordKey::from_digest([7; 32]), created, deadline, lifetime)
        }
    }
}

proptest! {
    #[test]
    fn reads_what_it_writes(meta in meta()) {
        let text = serde_json::to_string(&meta).unwrap();
        let read: Meta = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
        prop_assert_eq!(format!("{read:?}"), format!("{meta:?}"));
    }
}
