//! The `Cookie` header.

/// The cookies in `headers`, in order, by name and value, without quotes.
///
/// It accepts whatever browsers and proxies send: white space around a pair, values in quotes,
/// several headers, and pairs without a `=`, which it skips. The server limits how long headers may
/// be; another limit here would let a long cookie of another application hide the session's.
pub(crate) fn cookies<'h>(
    headers: impl IntoIterator<Item = &'h [u8]>,
) -> impl Iterator<Item = (&'h [u8], &'h [u8])> {
    let pairs = headers.into_iter().flat_map(|header| header.split(|byte| *byte == b';'));
    pairs.filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = pair.split_at_checked(equals)?;
        Some((name.trim_ascii(), unquoted(value.strip_prefix(b"=")?)))
    })
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value.trim_ascii() {
        [b'"', inner @ .., b'"'] => inner,
        plain => plain,
    }
}
