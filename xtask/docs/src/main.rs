//! The second part of `cargo xtask docs`: builds the book with mdBook, and checks all links inside
//! the project.
//!
//! CI checks links to other sites, because that needs a network.

mod book;
mod markdown;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(root) = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2) else {
        return ExitCode::FAILURE;
    };
    let mut problems = Vec::new();
    match book::build(&root.join("docs")) {
        Ok(output) => {
            problems.extend(book::broken_links(&output));
            println!("the book: {}", output.join("index.html").display());
        }
        Err(error) => problems.push(error),
    }
    problems.extend(markdown::broken_links(root));
    for problem in &problems {
        eprintln!("{problem}");
    }
    match problems.len() {
        0 => ExitCode::SUCCESS,
        count => {
            eprintln!("{count} problems in the documentation");
            ExitCode::FAILURE
        }
    }
}
