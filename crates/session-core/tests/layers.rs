//! Each file of this crate imports only from lower layers, so that it can be read without the ones
//! above.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// From top to bottom. A directory is one layer; `DIRECTORIES` lists the layers inside it.
const LAYERS: &[&str] = &[
    "account",
    "session",
    "storage",
    "engine",
    "times",
    "state",
    "origin",
    "sign_in",
    "snapshot",
    "change",
    "json",
    "body",
    "store",
    "policy",
    "record",
    "seal",
    "outcome",
    "data",
    "key",
    "clock",
    "id",
    "random",
    "error",
    "store_error",
];

/// The layers inside each directory, from top to bottom.
const DIRECTORIES: &[(&str, &[&str])] = &[
    (
        "engine",
        &[
            "mod",
            "open",
            "regenerate",
            "destroy",
            "write",
            "create",
            "sign_in",
            "save",
            "index",
            "records",
            "plan",
        ],
    ),
    ("storage", &["mod", "draft", "request"]),
    ("body", &["mod", "index", "meta", "write_ids", "content", "text"]),
];

/// The modules that `code` imports with `use {prefix}{module}`.
fn imports<'a>(code: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    let tests = code.find("#[cfg(test)]").unwrap_or(code.len());
    let lines = code[..tests].lines().map(str::trim_start);
    lines.filter_map(move |line| {
        let path = line.strip_prefix("pub(crate) ").unwrap_or(line);
        let module = path.strip_prefix("use ")?.strip_prefix(prefix)?;
        module.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()
    })
}

fn source(path: &str) -> String {
    fs::read_to_string(Path::new("src").join(path)).unwrap()
}

fn names(directory: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(Path::new("src").join(directory)).unwrap();
    let names = entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_owned());
    names.map(|name| name.into_string().unwrap()).collect()
}

/// Fails if `code`, which is in layer `of`, imports from a layer that is not below it.
fn check(code: &str, prefix: &str, of: &str, layers: &[&str]) {
    let rank = |name: &str| layers.iter().position(|layer| *layer == name);
    for import in imports(code, prefix) {
        // Items of the parent module, such as `super::Plan`, have no layer of their own.
        let Some(below) = rank(import) else { continue };
        assert!(below > rank(of).unwrap(), "{of} imports {import}, which is not below it");
    }
}

#[test]
fn files_import_only_lower_layers() {
    let layers: BTreeSet<_> = LAYERS.iter().map(ToString::to_string).collect();
    let mut files = names("");
    files.remove("lib");
    assert_eq!(files, layers, "LAYERS must list every file");
    for layer in LAYERS {
        let Some((_, files)) = DIRECTORIES.iter().find(|(name, _)| name == layer) else {
            check(&source(&format!("{layer}.rs")), "crate::", layer, LAYERS);
            continue;
        };
        let listed: BTreeSet<_> = files.iter().map(ToString::to_string).collect();
        assert_eq!(names(layer), listed, "DIRECTORIES must list every file of {layer}");
        for file in *files {
            let code = source(&format!("{layer}/{file}.rs"));
            check(&code, "crate::", layer, LAYERS);
            check(&code, "super::", file, files);
        }
    }
}

#[test]
fn no_file_imports_from_the_root() {
    let mut pending = vec![Path::new("src").to_path_buf()];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let code = fs::read_to_string(&path).unwrap();
        for import in imports(&code, "crate::") {
            assert!(LAYERS.contains(&import), "{path:?} imports crate::{import}");
        }
    }
}

#[test]
fn no_file_is_longer_than_400_lines() {
    for layer in LAYERS {
        let files: Vec<_> = match DIRECTORIES.iter().find(|(name, _)| name == layer) {
            Some((_, files)) => files.iter().map(|file| format!("{layer}/{file}.rs")).collect(),
            None => vec![format!("{layer}.rs")],
        };
        for file in files {
            let lines = source(&file).lines().count();
            assert!(lines <= 400, "{file} has {lines} lines");
        }
    }
}
