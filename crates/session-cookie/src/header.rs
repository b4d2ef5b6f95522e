//! The `Cookie` header.

/// This much of a request's `Cookie` headers is read, and no header that goes beyond it.
const MAX_BYTES: usize = 64 * 1024;

/// The cookies in `headers`, in order, by name and value, without quotes.
///
/// It accepts whatever browsers and proxies send: white space around a pair, values in quotes, several
/// headers, and pairs without a `=`, which it skips.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn all<'h>(headers: &[&'h str]) -> Vec<(&'h str, &'h str)> {
        let text = |bytes| std::str::from_utf8(bytes).unwrap();
        cookies(headers.iter().map(|header| header.as_bytes()))
            .map(|(name, value)| (text(name), text(value)))
            .collect()
    }

    #[test]
    fn pairs_keep_their_order_and_duplicates() {
        assert_eq!(
            all(&["a=1; b=2", "a=3"]),
            [("a", "1"), ("b", "2"), ("a", "3")]
        );
    }

    #[test]
    fn sloppy_headers_are_read() {
        assert_eq!(
            all(&[" a=1;b = 2 ;; novalue; =x; c=; d=\"q\"; e=\"; f=g=h=;"]),
            [
                ("a", "1"),
                ("b", "2"),
                ("", "x"),
                ("c", ""),
                ("d", "q"),
                ("e", "\""),
                ("f", "g=h=")
            ]
        );
    }

    #[test]
    fn headers_beyond_the_limit_are_not_read() {
        let long = format!("a={}", "x".repeat(MAX_BYTES - 10));
        assert_eq!(all(&[&long, "b=2"]).len(), 2);
        assert_eq!(all(&[&long, "b=2; c=3; d=4", "e=5"]).len(), 1);
    }
}
