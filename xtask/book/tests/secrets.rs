//! No secret that a page shows can be copied into an application.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use session_http::Secret;

/// The README, the book, and the pages of each crate.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let crates = fs::read_dir(root.join("crates")).unwrap();
    let mut directories = vec![root.clone(), root.join("docs")];
    for path in crates.map(|entry| entry.unwrap().path()) {
        directories.extend([path.join("docs"), path]);
    }
    let files = directories.iter().filter_map(|directory| fs::read_dir(directory).ok()).flatten();
    let files = files.map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

#[test]
fn a_secret_that_a_page_shows_is_refused() {
    let pages = pages();
    assert!(pages.len() > 20, "{pages:?}");
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for call in
            ["SessionCookie::new(", ".previous(", "Secret::from_text(", "secret = ", "SECRET="]
        {
            for rest in text.split(call).skip(1) {
                let shown = rest.strip_prefix('"').and_then(|rest| rest.split('"').next());
                let refused = shown.is_none_or(|shown| Secret::from_text(shown).is_err());
                assert!(refused, "{} shows {shown:?}", page.display());
            }
        }
    }
}
