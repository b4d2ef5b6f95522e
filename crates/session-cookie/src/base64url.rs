//! base64url without padding (RFC 4648, section 5). It is strict: unused trailing bits must be
//! zero, so that a value has one encoding only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Appends `bytes` to `text`.
pub(crate) fn append(bytes: impl AsRef<[u8]>, text: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

/// The `N` bytes that `text` encodes, if it encodes as many.
pub(crate) fn decode_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    // A text of another length would not fit.
    let fits = text.len() == (N * 4).div_ceil(3);
    let decoded = fits.then(|| URL_SAFE_NO_PAD.decode_slice_unchecked(text, &mut bytes));
    decoded?.ok().map(|_| bytes)
}

/// The bytes that `text` encodes, if it encodes any.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
