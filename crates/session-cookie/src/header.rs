//! The `Cookie` header.

/// So much of a request's `Cookie` headers is read, and no header that goes beyond.
const MAX_BYTES: usize = 64 * 1024;

/// The cookies in `headers`, in order, by name and value, without quotes.
///
/// It takes whatever browsers and proxies send: any white space around a pair, values in quotes, several headers, pairs that are
/// none (left out).
#[inline]
pub(crate) fn cookies<'h>(
    headers: impl IntoIterator<Item = &'h [u8]>,
) -> impl Iterator<Item = (&'h [u8], &'h [u8])> {
    let mut read = 0;
    headers
        .into_iter()
        .take_while(move |header| {
            read += header.len();
            read <= MAX_BYTES
        })
        .flat_map(pairs)
        .filter_map(|pair| {
            let equals = memchr::memchr(b'=', pair)?;
            let (name, value) = pair.split_at_checked(equals)?;
            Some((
                name.trim_ascii(),
                unquoted(value.strip_prefix(b"=")?.trim_ascii()),
            ))
        })
}

/// A search of many bytes at once, where `split` looks at one after the other: data in a cookie is long.
fn pairs(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(header);
    std::iter::from_fn(move || {
        let from = rest?;
        let end = memchr::memchr(b';', from);
        rest = end.and_then(|end| from.get(end + 1..));
        from.get(..end.unwrap_or(from.len()))
    })
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
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
    fn pairs_come_in_order_and_duplicates_stay() {
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
    fn what_goes_beyond_the_limit_is_not_read() {
        let long = format!("a={}", "x".repeat(MAX_BYTES - 10));
        assert_eq!(all(&[&long, "b=2"]).len(), 2);
        assert_eq!(all(&[&long, "b=2; c=3; d=4", "e=5"]).len(), 1);
    }
}
