//! base64url without padding (RFC 4648, section 5), strict: trailing bits are zero, so a value has one encoding only.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::NO_PAD;

use crate::hmac::Tag;

/// Encoding is half the cost of a sealed cookie: the vectorised engine is three to four times as fast at 1 KiB.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static ENGINE: LazyLock<base64::engine::Simd> =
    LazyLock::new(|| base64::engine::Simd::url_safe(NO_PAD));

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static ENGINE: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, NO_PAD));

/// Appends `bytes` to `text`.
pub(crate) fn append(bytes: &[u8], text: &mut String) {
    ENGINE.encode_string(bytes, text);
}

/// How many characters a tag of 32 bytes takes.
pub(crate) const TAG_CHARS: usize = 43;

/// Appends a tag, faster than [`append`] would.
pub(crate) fn append_tag(tag: &Tag, text: &mut String) {
    let mut chars = [0; TAG_CHARS];
    // The length is right, and base64url is ASCII.
    if ENGINE.encode_slice(tag, &mut chars).is_ok()
        && let Ok(chars) = std::str::from_utf8(&chars)
    {
        text.push_str(chars);
    }
}

/// The bytes that `text` encodes, if it encodes any.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    ENGINE.decode(text).ok()
}

/// The `N` bytes that `text` encodes, if it encodes so many.
pub(crate) fn decode_array<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let length = ENGINE.decode_slice(text, &mut bytes).ok()?;
    (length == N).then_some(bytes)
}
