//! Unit tests of `src/change.rs`.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::body::Members;

fn change() -> impl Strategy<Value = Change> {
    (0..9, "[ab]", "[12]").prop_map(|(kind, key, value)| {
        let (key, value) = (Text::from(key), Text::from(value));
        match kind {
            0 => Change::Set(key, value),
            1 => Change::Unset(key),
            2 => Change::Update(key, Arc::new(move |_| Ok(Some(value.clone())))),
            3 => Change::Update(key, Arc::new(|_| Ok(None))),
            4 => Change::Flash(key, value),
            5 => Change::ConsumeFlash(key, value),
            6 => Change::KeepFlash(key, value),
            7 => Change::UnsetFlash(key, value),
            _ => Change::Clear,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_change_says_whether_it_changed_anything(
        values in vec(("[ab]", "[12]"), 0..3),
        flash in vec(("[ab]", "[12]"), 0..3),
        changes in vec(change(), 0..8),
    ) {
        let texts = |members: Vec<(String, String)>| {
            let mut texts = Members::default();
            for (key, value) in members {
                texts.set(&key.into(), &value.into());
            }
            texts
        };
        let mut content = Content { values: texts(values), flash: texts(flash) };
        for change in changes {
            let before = content.clone();
            let changed = change.apply(&mut content, &mut Vec::new()).unwrap();
            prop_assert_eq!(changed, content != before, "{:?}", change);
        }
    }
}
