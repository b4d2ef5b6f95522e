//! Parses command lines: positional words, and options that take a value.

use std::fmt;

/// The arguments of one subcommand.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Args {
    words: Vec<String>,
    options: Vec<(&'static str, String)>,
}

/// An invalid command line. The message is one line that names the argument and the valid values.
#[derive(Debug, PartialEq, Eq)]
pub struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Args {
    /// Splits `args` into words and the options named in `valid`, written `--name value` or
    /// `--name=value`.
    ///
    /// # Errors
    ///
    /// An option is unknown, has no value, or is given twice.
    pub fn parse(
        args: impl IntoIterator<Item = String>,
        valid: &[&'static str],
    ) -> Result<Self, UsageError> {
        let mut parsed = Self::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            if !arg.starts_with('-') {
                parsed.words.push(arg);
                continue;
            }
            let (given, value) = match arg.split_once('=') {
                Some((given, value)) => (given, Some(value.to_owned())),
                None => (arg.as_str(), None),
            };
            let Some(&name) = valid.iter().find(|&&name| name == given) else {
                return Err(unknown("option", given, valid));
            };
            let missing = || UsageError(format!("{name} needs a value"));
            let value = value.or_else(|| args.next()).ok_or_else(missing)?;
            if parsed.option(name).is_some() {
                return Err(UsageError(format!("{name} is given twice")));
            }
            parsed.options.push((name, value));
        }
        Ok(parsed)
    }

    /// The positional words.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Checks that there are no positional words.
    ///
    /// # Errors
    ///
    /// There is a word. The message names the first.
    pub fn no_words(&self, valid: &[&str]) -> Result<(), UsageError> {
        match self.words.first() {
            Some(word) => Err(unknown("argument", word, valid)),
            None => Ok(()),
        }
    }

    /// The value of an option.
    pub fn option(&self, name: &str) -> Option<&str> {
        let mut options = self.options.iter();
        let (_, value) = options.find(|(given, _)| *given == name)?;
        Some(value)
    }

    /// The values of an option that takes a list, such as `--skip redis,memcache`. Empty if it was
    /// not given.
    ///
    /// # Errors
    ///
    /// A value is not in `valid`.
    pub fn list<T: Copy>(&self, name: &str, valid: &[(&str, T)]) -> Result<Vec<T>, UsageError> {
        self.option(name)
            .map(|list| list.split(',').map(|given| one_of(name, given, valid)))
            .into_iter()
            .flatten()
            .collect()
    }
}

/// The value for the name `given` in `valid`.
///
/// # Errors
///
/// The name is unknown. The message says which kind of argument it is (`what`), and lists the valid
/// names.
pub fn one_of<T: Copy>(what: &str, given: &str, valid: &[(&str, T)]) -> Result<T, UsageError> {
    let mut entries = valid.iter();
    match entries.find(|(name, _)| *name == given) {
        Some((_, value)) => Ok(*value),
        None => {
            let names: Vec<&str> = valid.iter().map(|(name, _)| *name).collect();
            Err(unknown(what, given, &names))
        }
    }
}

fn unknown(what: &str, given: &str, valid: &[&str]) -> UsageError {
    let valid = match valid {
        [] => "none is taken".to_owned(),
        names => format!("valid: {}", names.join(", ")),
    };
    UsageError(format!("unknown {what} {given:?} ({valid})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &[&str] = &["--skip", "--format"];
    const NAMES: &[(&str, u8)] = &[("redis", 1), ("memcache", 2)];

    fn parse(line: &str) -> Result<Args, UsageError> {
        Args::parse(line.split_whitespace().map(str::to_owned), VALID)
    }

    #[test]
    fn reads_words_and_options() {
        let args = parse("redis --skip redis,memcache memcache --format=text 3").unwrap();
        assert_eq!(args.words(), ["redis", "memcache", "3"]);
        assert_eq!(args.option("--format"), Some("text"));
        assert_eq!(args.list("--skip", NAMES), Ok(vec![1, 2]));
        assert_eq!(parse("").unwrap().list("--skip", NAMES), Ok(vec![]));
    }

    #[test]
    fn an_error_names_the_argument_and_the_valid_ones() {
        let error = |line: &str| parse(line).unwrap_err().0;
        assert_eq!(error("--sip x"), r#"unknown option "--sip" (valid: --skip, --format)"#);
        assert_eq!(error("--skip"), "--skip needs a value");
        assert_eq!(error("--skip a --skip b"), "--skip is given twice");
        let args = parse("here --skip redis,mysql").unwrap();
        assert_eq!(
            args.list("--skip", NAMES).unwrap_err().0,
            r#"unknown --skip "mysql" (valid: redis, memcache)"#
        );
        let refused = args.no_words(VALID).unwrap_err();
        assert_eq!(refused.0, r#"unknown argument "here" (valid: --skip, --format)"#);
    }
}
