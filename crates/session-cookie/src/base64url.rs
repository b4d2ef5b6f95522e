//! base64url without padding (RFC 4648, section 5), strict: trailing bits are zero, so a value has one encoding only.

use base64_simd::{Out, URL_SAFE_NO_PAD};

use crate::hmac::Tag;

/// Appends `bytes` to `text`.
pub(crate) fn append(bytes: &[u8], text: &mut String) {
    URL_SAFE_NO_PAD.encode_append(bytes, text);
}

/// How many characters a tag of 32 bytes takes.
pub(crate) const TAG_CHARS: usize = 43;

/// The tag that `text` encodes, if it encodes one.
pub(crate) fn tag(text: &[u8]) -> Option<Tag> {
    let text: &[u8; TAG_CHARS] = text.try_into().ok()?;
    let mut tag = Tag::default();
    URL_SAFE_NO_PAD
        .decode(text, Out::from_slice(&mut tag))
        .ok()?;
    Some(tag)
}

/// The bytes that `text` encodes, if it encodes any.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode_to_vec(text).ok()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn it_decodes_what_the_plain_engine_decodes(
            text in "[A-Za-z0-9_-]{0,200}",
            odd in proptest::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>())),
        ) {
            let mut text = text.into_bytes();
            if let Some((at, byte)) = odd && !text.is_empty() {
                let at = at.index(text.len());
                text[at] = byte;
            }
            prop_assert_eq!(decode(&text), URL_SAFE_NO_PAD.decode(&text).ok());
        }

        #[test]
        fn what_is_appended_decodes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut text = "e1.".to_owned();
            append(&bytes, &mut text);
            let text = text.strip_prefix("e1.").unwrap();
            prop_assert_eq!(text, URL_SAFE_NO_PAD.encode(&bytes));
            prop_assert_eq!(decode(text.as_bytes()), Some(bytes));
        }
    }
}
