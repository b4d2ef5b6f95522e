//! A page with the table between two comments.

use xtask::UsageError;

const START: &str = "<!-- table -->\n";
const END: &str = "<!-- end of table -->\n";

/// A page that was found to have a place for the table.
#[derive(Debug)]
pub(crate) struct Page {
    path: String,
    before: String,
    after: String,
}

impl Page {
    /// # Errors
    ///
    /// The page cannot be read, or lacks one of the comments.
    pub(crate) fn open(path: &str) -> Result<Self, UsageError> {
        let fail = |why: String| UsageError(format!("--page {path}: {why}"));
        let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
        let parts = text.split_once(START).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(END)?;
            Some((before.to_owned(), after.to_owned()))
        });
        let (before, after) = parts.ok_or_else(|| {
            let (start, end) = (START.trim_end(), END.trim_end());
            fail(format!("it needs the lines {start} and {end}"))
        })?;
        Ok(Self {
            path: path.to_owned(),
            before,
            after,
        })
    }

    /// Replaces what is between the comments.
    pub(crate) fn write(&self, table: &str) -> Result<(), UsageError> {
        let (before, after) = (&self.before, &self.after);
        let text = format!("{before}{START}\n{table}\n{END}{after}");
        let written = std::fs::write(&self.path, text);
        written.map_err(|error| UsageError(format!("--page {}: {error}", self.path)))
    }
}

#[cfg(test)]
mod tests {
    use session_servers::DataDir;

    use super::*;

    #[test]
    fn the_table_replaces_the_one_before() {
        let dir = DataDir::create("bench-page").unwrap();
        let path = dir.path().join("page.md");
        let name = path.to_str().unwrap();
        std::fs::write(&path, format!("Before.\n{START}\nold\n\n{END}After.\n")).unwrap();
        for table in ["| one |\n", "| two |\n"] {
            Page::open(name).unwrap().write(table).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("Before.\n{START}\n| two |\n\n{END}After.\n"));
    }

    #[test]
    fn a_page_without_a_place_for_the_table_is_refused() {
        let dir = DataDir::create("bench-page").unwrap();
        let path = dir.path().join("page.md");
        std::fs::write(&path, "No table.\n").unwrap();
        let error = Page::open(path.to_str().unwrap()).unwrap_err().0;
        assert!(error.ends_with("it needs the lines <!-- table --> and <!-- end of table -->"));
    }
}
