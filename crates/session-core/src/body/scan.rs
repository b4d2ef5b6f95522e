//! Finds what stands where in a JSON text, in one pass and without copying, and refuses what is not JSON (RFC 8259).
//!
//! A request reads one value of its session and writes one, so building all of them, even as borrowed text, would be most of
//! what opening costs. `tests` compares what it takes with what serde_json takes, and so does the fuzz target `record`.

use std::ops::Range;

/// A JSON text and a place in it.
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    /// Has the high bit of a byte, if there was one beyond ASCII.
    seen: u64,
}

/// A string: what stands between its quotes.
pub(super) struct Quoted {
    pub(super) inside: Range<usize>,
    /// Whether that is the string itself, without escapes.
    pub(super) plain: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            seen: 0,
        }
    }

    /// Whether the text is ASCII as far as it was scanned, and so is UTF-8; outside of strings, nothing else is taken.
    pub(super) fn is_ascii(&self) -> bool {
        self.seen & (EACH * 0x80) == 0
    }

    /// How far it has come, in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn go_back_to(&mut self, at: usize) {
        self.at = at;
    }

    pub(super) fn get(&self, range: Range<usize>) -> &'a [u8] {
        self.text.get(range).unwrap_or_default()
    }

    /// The first byte of what comes next.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        match self.text.get(self.at) {
            Some(byte) if *byte > b' ' => Some(*byte),
            _ => self.peek_past_space(),
        }
    }

    #[cold]
    fn peek_past_space(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Whether nothing but white space is left.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Goes past `byte` if it comes next, and says whether it did.
    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        // Before `peek`: mostly it is what is expected.
        let found = self.text.get(self.at) == Some(&byte) || self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Option<()> {
        self.eat(byte).then_some(())
    }

    /// Goes past an object; `member` is called behind each colon, and goes past the value.
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Quoted) -> Option<()>,
    ) -> Option<()> {
        self.expect(b'{')?;
        if self.eat(b'}') {
            return Some(());
        }
        loop {
            let key = self.key()?;
            member(self, key)?;
            if !self.eat(b',') {
                return self.expect(b'}');
            }
        }
    }

    /// Goes past a value of any kind, and says where it stands.
    #[inline]
    pub(super) fn value(&mut self) -> Option<Range<usize>> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'[' | b'{' => self.nested()?,
            _ => self.scalar(first)?,
        }
        Some(start..self.at)
    }

    #[inline(never)]
    fn nested(&mut self) -> Option<()> {
        // What closes the arrays and objects around this place. On the heap: no nesting is too deep.
        let mut around: Vec<u8> = Vec::new();
        loop {
            match self.peek()? {
                b'[' => {
                    self.at += 1;
                    if !self.eat(b']') {
                        around.push(b']');
                        continue;
                    }
                }
                b'{' => {
                    self.at += 1;
                    if !self.eat(b'}') {
                        around.push(b'}');
                        self.key()?;
                        continue;
                    }
                }
                first => self.scalar(first)?,
            }
            loop {
                let Some(&close) = around.last() else {
                    return Some(());
                };
                if self.eat(b',') {
                    if close == b'}' {
                        self.key()?;
                    }
                    break;
                }
                self.expect(close)?;
                around.pop();
            }
        }
    }

    #[inline]
    fn scalar(&mut self, first: u8) -> Option<()> {
        match first {
            b'"' => self.string().map(|_| ()),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    #[inline]
    pub(super) fn word<const N: usize>(&mut self, word: &[u8; N]) -> Option<()> {
        (self.text.get(self.at..)?.first_chunk() == Some(word)).then_some(())?;
        self.at += N;
        Some(())
    }

    #[inline]
    pub(super) fn string(&mut self) -> Option<Quoted> {
        self.expect(b'"')?;
        let start = self.at;
        self.skip_ordinary()?;
        let plain = self.is_next(|byte| byte == b'"');
        if plain {
            self.at += 1;
        } else {
            self.string_with_escapes()?;
        }
        Some(Quoted {
            inside: start..self.at - 1,
            plain,
        })
    }

    /// Goes past the rest of a string in which an escape comes next, or what no string may hold.
    #[inline(never)]
    fn string_with_escapes(&mut self) -> Option<()> {
        loop {
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                _ => return None,
            }
            self.skip_ordinary()?;
        }
    }

    /// Goes past what stands for itself in a string.
    #[inline]
    fn skip_ordinary(&mut self) -> Option<()> {
        let mut rest = self.text.get(self.at..)?;
        while let Some((word, behind)) = rest.split_first_chunk() {
            let word = u64::from_le_bytes(*word);
            self.seen |= word;
            let special = specials(word);
            if special != 0 {
                self.at += special.trailing_zeros() as usize / 8;
                return Some(());
            }
            self.at += 8;
            rest = behind;
        }
        self.skip_last_ordinary(rest);
        Some(())
    }

    #[cold]
    fn skip_last_ordinary(&mut self, rest: &[u8]) {
        for byte in rest {
            self.seen |= u64::from(*byte);
            if *byte < b' ' || matches!(byte, b'"' | b'\\') {
                return;
            }
            self.at += 1;
        }
    }

    #[inline]
    fn key(&mut self) -> Option<Quoted> {
        let key = self.string()?;
        self.expect(b':')?;
        Some(key)
    }

    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits = self.text.get(self.at..)?.first_chunk::<4>()?;
                self.at += digits.len();
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<()> {
        self.eat(b'-');
        // No digit follows a leading zero.
        match self.next()? {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.is_next(|byte| byte == b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if self.is_next(|byte| matches!(byte, b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(self.is_next(|byte| matches!(byte, b'+' | b'-')));
            self.some_digits()?;
        }
        Some(())
    }

    fn some_digits(&mut self) -> Option<()> {
        self.next()?.is_ascii_digit().then_some(())?;
        self.digits();
        Some(())
    }

    fn digits(&mut self) {
        while self.is_next(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    /// Goes past a number without sign, fraction and exponent, and says what it is.
    #[inline]
    pub(super) fn natural(&mut self) -> Option<u64> {
        let start = self.at;
        let mut number = 0_u64;
        loop {
            let rest = self.text.get(self.at..)?;
            let word = rest
                .first_chunk()
                .copied()
                .unwrap_or_else(|| last_word(rest));
            let digits = u64::from_le_bytes(word) ^ (EACH * 0x30);
            // The high bit of each byte that is no digit, right up to and including the first.
            let others = (digits | digits.wrapping_add(EACH * 0x76)) & (EACH * 0x80);
            let count = others.trailing_zeros() as usize / 8;
            let more = eight_digits(digits.checked_shl(64 - 8 * count as u32).unwrap_or(0));
            number = number.checked_mul(*TENS.get(count)?)?.checked_add(more)?;
            self.at += count;
            if count < word.len() {
                break;
            }
        }
        let leads_with_zero = self.at - start > 1 && self.text.get(start) == Some(&b'0');
        (self.at > start && !leads_with_zero).then_some(number)
    }

    /// Goes past so many bytes of a string that stand for themselves.
    #[inline]
    pub(super) fn eight_plain(&mut self) -> Option<[u8; 8]> {
        let eight = *self.text.get(self.at..)?.first_chunk()?;
        let word = u64::from_le_bytes(eight);
        (specials(word) == 0).then_some(())?;
        self.seen |= word;
        self.at += eight.len();
        Some(eight)
    }

    fn is_next(&self, is_it: impl Fn(u8) -> bool) -> bool {
        self.text.get(self.at).is_some_and(|byte| is_it(*byte))
    }

    /// Goes past one byte, white space included.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        let byte = *self.text.get(self.at)?;
        self.at += 1;
        Some(byte)
    }
}

/// A one in each byte.
const EACH: u64 = u64::MAX / 0xff;

/// The powers of ten.
const TENS: [u64; 9] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

/// What is left of a text, and behind it what no text holds.
#[cold]
fn last_word(rest: &[u8]) -> [u8; 8] {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(rest) {
        *to = *from;
    }
    word
}

/// What eight decimal digits stand for, the first of them in the lowest byte: made into pairs, fours, and the whole.
fn eight_digits(digits: u64) -> u64 {
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours * 10_000 + (fours >> 32)) & 0xffff_ffff
}

/// The high bit of each byte that ends a string or does not belong into one, right up to and including the lowest such byte.
fn specials(word: u64) -> u64 {
    let zeros = |word: u64| word.wrapping_sub(EACH) & !word;
    let quotes = zeros(word ^ (EACH * 0x22));
    let escapes = zeros(word ^ (EACH * 0x5c));
    let controls = word.wrapping_sub(EACH * 0x20) & !word;
    (quotes | escapes | controls) & (EACH * 0x80)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::Scanner;

    /// What it takes to be one value with nothing behind it.
    fn takes(text: &str) -> bool {
        let mut scanner = Scanner::new(text.as_bytes());
        let value = scanner.value();
        let whole = value.is_some_and(|range| scanner.get(range) == text.trim_ascii().as_bytes());
        whole && scanner.is_at_end()
    }

    fn serde_takes(text: &str) -> bool {
        serde_json::from_str::<&RawValue>(text).is_ok()
    }

    #[test]
    fn takes_json_and_nothing_else() {
        for (text, is_json) in [
            ("0", true),
            ("-0", true),
            ("-", false),
            ("01", false),
            ("- 1", false),
            ("1.", false),
            ("1.5e+3", true),
            ("1e", false),
            (".5", false),
            ("+1", false),
            ("true", true),
            ("tru", false),
            ("nulll", false),
            ("\"\"", true),
            ("\"a", false),
            ("\"\\", false),
            ("\"\\x\"", false),
            ("\"\\u12G4\"", false),
            ("\"\\ud800\"", true),
            ("\"a\nb\"", false),
            ("\"a\u{7f}\u{e9}\"", true),
            ("[]", true),
            ("[ ]", true),
            ("[1,]", false),
            ("[,1]", false),
            ("[1 2]", false),
            ("[1}", false),
            ("{}", true),
            ("{ \"a\" : 1 , \"b\" : [ { } ] }", true),
            ("{\"a\":1,}", false),
            ("{\"a\"}", false),
            ("{a:1}", false),
            ("{\"a\":1]", false),
            ("", false),
            ("1 2", false),
            (" 1 ", true),
        ] {
            assert_eq!(takes(text), is_json, "{text}");
            assert_eq!(serde_takes(text), is_json, "serde_json: {text}");
        }
    }

    #[test]
    fn strings_of_every_length_end_where_they_end() {
        for length in 0..70 {
            for end in ["\"", "\\n\"", "\u{1}\"", "\u{e9}\""] {
                let text = format!("\"{}{end}", "x".repeat(length));
                assert_eq!(takes(&text), serde_takes(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn natural_numbers_are_read() {
        let read = |text: &str| Scanner::new(format!("{text},\"rest\":0}}").as_bytes()).natural();
        for number in (0..u64::BITS).flat_map(|bits| [u64::MAX >> bits, 1 << bits]) {
            assert_eq!(read(&number.to_string()), Some(number));
        }
        for length in 1..20 {
            let digits = "1234567890123456789";
            let number = digits.get(..length).unwrap();
            assert_eq!(read(number), number.parse().ok());
        }
        for text in [
            "",
            "00",
            "01",
            "-1",
            "x",
            "18446744073709551616",
            "99999999999999999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("0"), Some(0));
        for (text, left) in [
            ("12", ""),
            ("12345678", ""),
            ("0}]", "}]"),
            ("1234567]", "]"),
        ] {
            let mut scanner = Scanner::new(text.as_bytes());
            let number = text.trim_end_matches(left).parse().ok();
            assert_eq!(scanner.natural(), number, "{text}");
            assert_eq!(scanner.get(scanner.at()..text.len()), left.as_bytes());
        }
    }

    #[test]
    fn no_nesting_is_too_deep() {
        let text = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(takes(&text));
        assert!(!takes(&text[1..]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn takes_what_serde_json_takes(text in r#"([\[\]{},:" \\]|"a"|"\\u00e9":|-?[0-9.eE+]{0,4}|true|null|\n){0,12}"#) {
            prop_assert_eq!(takes(&text), serde_takes(&text), "{}", text);
        }
    }
}
