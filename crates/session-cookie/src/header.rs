//! The `Cookie` header.

/// So much of a request's `Cookie` headers is read, and no header that goes beyond.
const MAX_BYTES: usize = 64 * 1024;

/// The cookies in `headers`, in order, by name and value, without quotes.
///
/// It takes whatever browsers and proxies send: any white space around a pair, values in quotes, several headers, pairs that are
/// none (left out).
pub(crate) fn cookies<'h>(
    headers: impl IntoIterator<Item = &'h [u8]>,
) -> impl Iterator<Item = (&'h [u8], &'h [u8])> {
    Pairs::new(headers).filter_map(|pair| {
        let equals = memchr::memchr(b'=', pair)?;
        let (name, value) = pair.split_at_checked(equals)?;
        Some((name.trim_ascii(), unquoted(value.strip_prefix(b"=")?)))
    })
}

/// The values of those [`cookies`] that are called `name`, in which there is neither white space nor `=`.
pub(crate) fn values<'h>(
    headers: impl IntoIterator<Item = &'h [u8]>,
    name: &[u8],
) -> impl Iterator<Item = &'h [u8]> {
    Pairs::new(headers).filter_map(move |pair| {
        let behind = pair.trim_ascii_start().strip_prefix(name)?;
        Some(unquoted(behind.trim_ascii_start().strip_prefix(b"=")?))
    })
}

/// What stands between semicolons.
struct Pairs<'h, I> {
    headers: I,
    /// How much of them was read.
    read: usize,
    /// What is left of the present one.
    rest: Option<&'h [u8]>,
}

impl<'h, I: Iterator<Item = &'h [u8]>> Pairs<'h, I> {
    fn new(headers: impl IntoIterator<IntoIter = I>) -> Self {
        Self {
            headers: headers.into_iter(),
            read: 0,
            rest: None,
        }
    }
}

impl<'h, I: Iterator<Item = &'h [u8]>> Iterator for Pairs<'h, I> {
    type Item = &'h [u8];

    #[inline]
    fn next(&mut self) -> Option<&'h [u8]> {
        let from = match self.rest.take() {
            Some(rest) => rest,
            None => {
                let header = self.headers.next()?;
                self.read += header.len();
                (self.read <= MAX_BYTES).then_some(header)?
            }
        };
        // It looks at many bytes at once, where `split` looks at one after the other: data in a cookie is long.
        match memchr::memchr(b';', from) {
            None => Some(from),
            Some(end) => {
                self.rest = from.get(end + 1..);
                from.get(..end)
            }
        }
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value.trim_ascii() {
        [b'"', inner @ .., b'"'] => inner,
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn values_are_those_of_the_cookies_of_the_name(
            headers in proptest::collection::vec(r#"([ab]{0,2}|[ \t="]|;){0,12}"#, 0..4),
            name in "[ab]{1,2}",
        ) {
            let headers = || headers.iter().map(|header| header.as_bytes());
            let named = cookies(headers()).filter(|(of, _)| *of == name.as_bytes());
            let named: Vec<_> = named.map(|(_, value)| value).collect();
            prop_assert_eq!(values(headers(), name.as_bytes()).collect::<Vec<_>>(), named);
        }
    }
}
