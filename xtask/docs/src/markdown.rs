//! Checks the links in Markdown files outside the book: at the root, and beside each crate.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// Returns one line for each link to a missing file or heading in the project.
pub(crate) fn broken_links(root: &Path) -> Vec<String> {
    let files = match files(root) {
        Ok(files) => files,
        Err(error) => return vec![format!("{}: {error}", root.display())],
    };
    let mut broken = Vec::new();
    for path in files {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        match fs::read_to_string(&path) {
            Ok(text) => broken.extend(
                broken_links_in(&text, &path)
                    .into_iter()
                    .map(|problem| format!("{name}: {problem}")),
            ),
            Err(error) => broken.push(format!("{name}: {error}")),
        }
    }
    broken
}

/// The Markdown files at the root, and the `README.md` of each crate and example.
fn files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
    for folder in ["crates", "examples", "xtask"] {
        for entry in fs::read_dir(root.join(folder))? {
            let readme = entry?.path().join("README.md");
            if readme.is_file() {
                files.push(readme);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn broken_links_in(text: &str, path: &Path) -> Vec<String> {
    let links = Parser::new(text).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url),
        _ => None,
    });
    let problem = |link: &str| check(link, text, path).err().map(|why| format!("{link}: {why}"));
    links.filter_map(|link| problem(&link)).collect()
}

fn check(link: &str, text: &str, path: &Path) -> Result<(), &'static str> {
    if link.contains("://") || link.starts_with("mailto:") {
        return Ok(());
    }
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let other = path.with_file_name("").join(file);
    if !other.exists() {
        return Err("no such file");
    }
    if heading.is_empty() {
        return Ok(());
    }
    let found = match file {
        "" => headings(text).contains(heading),
        _ => fs::read_to_string(other).is_ok_and(|text| headings(&text).contains(heading)),
    };
    if found { Ok(()) } else { Err("no such heading") }
}

/// The ids of headings, as GitHub generates them.
fn headings(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                names.extend(heading.take().map(|text| heading_id(&text)))
            }
            _ => {}
        }
    }
    names
}

fn heading_id(heading: &str) -> String {
    let heading = heading.to_lowercase().replace(' ', "-");
    heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_and_headings_are_checked() {
        let page = "# What `put` means, and why\n\n[1](#what-put-means-and-why) [2](Cargo.toml) [3](https://example.org/gone)\n\
                    [4](gone.md) [5](#gone) `[6](code.md)`\n";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("page.md");
        assert_eq!(
            broken_links_in(page, &path),
            ["gone.md: no such file", "#gone: no such heading"]
        );
    }
}
