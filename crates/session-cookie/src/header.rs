//! The `Cookie` header.

/// This much of a request's `Cookie` headers is read, and no header that goes beyond it.
const MAX_BYTES: usize = 64 * 1024;

/// The cookies in `headers`, in order, by name and value, without quotes.
///
/// It accepts whatever browsers and proxies send: white space around a pair, values in quotes,
/// several headers, and pairs without a `=`, which it skips.
pub(crate) fn cookies<'h>(
    headers: impl IntoIterator<Item = &'h [u8]>,
) -> impl Iterator<Item = (&'h [u8], &'h [u8])> {
    let mut read = 0;
    let within_limit = move |header: &&[u8]| {
        read += header.len();
        read <= MAX_BYTES
    };
    let headers = headers.into_iter().take_while(within_limit);
    let pairs = headers.flat_map(|header| header.split(|byte| *byte == b';'));
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
