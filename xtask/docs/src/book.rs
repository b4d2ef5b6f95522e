//! Builds the book, and checks the links in its pages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mdbook_driver::MDBook;

/// Builds the book in `source`, and returns the directory of its pages.
///
/// # Errors
///
/// mdBook fails or prints a warning.
pub(crate) fn build(source: &Path) -> Result<PathBuf, String> {
    let warnings = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&warnings);
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .without_time()
        .with_writer(move || {
            count.fetch_add(1, Ordering::Relaxed);
            io::stderr()
        })
        .finish();
    let book = tracing::subscriber::with_default(subscriber, || {
        let book = MDBook::load(source)?;
        book.build().map(|()| book)
    });
    let book = book.map_err(|error| format!("the book cannot be built: {error:#}"))?;
    match warnings.load(Ordering::Relaxed) {
        0 => Ok(normalize(&book.build_dir_for("html"))),
        count => Err(format!("the book was built with {count} warnings")),
    }
}

/// The links and the ids in a page.
#[derive(Debug, Default, PartialEq)]
struct Page {
    links: Vec<String>,
    ids: BTreeSet<String>,
}

/// Returns one line for each broken link of the pages in `output`.
pub(crate) fn broken_links(output: &Path) -> Vec<String> {
    let mut pages = BTreeMap::new();
    if let Err(error) = read(output, &mut pages) {
        return vec![format!("{}: {error}", output.display())];
    }
    // These repeat the links of other pages relative to another directory, or have no address of
    // their own.
    for name in ["print.html", "404.html", "toc.html"] {
        pages.remove(&output.join(name));
    }
    let mut broken = Vec::new();
    for (path, page) in &pages {
        for link in &page.links {
            if let Err(why) = check(link, path, output, &pages) {
                let name = path.strip_prefix(output).unwrap_or(path);
                broken.push(format!("book, {}: {link}: {why}", name.display()));
            }
        }
    }
    broken
}

fn check(
    link: &str,
    from: &Path,
    output: &Path,
    pages: &BTreeMap<PathBuf, Page>,
) -> Result<(), &'static str> {
    if link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:") {
        return Ok(());
    }
    let (file, id) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => from.to_owned(),
        file => normalize(&from.with_file_name("").join(file)),
    };
    if !target.starts_with(output) {
        return Err("leaves the book");
    }
    if !target.is_file() {
        return Err("no such page");
    }
    match pages.get(&target) {
        Some(page) if !id.is_empty() && !page.ids.contains(id) => Err("no such place on the page"),
        _ => Ok(()),
    }
}

/// Removes `.` and `..` from a path.
fn normalize(path: &Path) -> PathBuf {
    let mut normalized = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normalized.pop();
            }
            part => normalized.push(part),
        }
    }
    normalized
}

fn read(directory: &Path, pages: &mut BTreeMap<PathBuf, Page>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            let page = parse(&fs::read_to_string(&path)?);
            pages.insert(path, page);
        }
    }
    Ok(())
}

/// A full HTML parser is not needed: mdBook always writes `<` as `&lt;` in text and attributes, and
/// puts values in double quotes.
fn parse(html: &str) -> Page {
    let mut page = Page::default();
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or(tag);
        for (name, is_link) in [("href", true), ("src", true), ("id", false)] {
            let Some((_, rest)) = tag.split_once(&format!(" {name}=\"")) else {
                continue;
            };
            let value = rest.split('"').next().unwrap_or(rest).replace("&amp;", "&");
            if is_link {
                page.links.push(value);
            } else {
                page.ids.insert(value);
            }
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_ids_are_parsed() {
        let page = parse(
            "<h2 id=\"a\"><a class=\"x\" href=\"b.html?c&amp;d#e\">&lt;a href=\"no\"&gt;</a></h2>",
        );
        assert_eq!(page.links, ["b.html?c&d#e"]);
        assert_eq!(page.ids, BTreeSet::from(["a".to_owned()]));
    }

    #[test]
    fn a_link_must_lead_to_an_existing_page_and_id() {
        let output = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let main = Page { ids: BTreeSet::from(["here".to_owned()]), ..Page::default() };
        let pages = BTreeMap::from([(output.join("main.rs"), main)]);
        let check = |link| check(link, &output.join("main.rs"), &output, &pages);
        for link in ["https://example.org/x#y", "#here", "main.rs#here", "./../src/book.rs"] {
            assert_eq!(check(link), Ok(()), "{link}");
        }
        assert_eq!(check("gone.html"), Err("no such page"));
        assert_eq!(check("#there"), Err("no such place on the page"));
        assert_eq!(check("../Cargo.toml"), Err("leaves the book"));
    }
}
