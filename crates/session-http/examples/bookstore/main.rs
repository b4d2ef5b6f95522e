//! A small bookstore that uses sessions: `cargo run --example bookstore`.
//!
//! It runs without any configuration. `PORT`, `SESSION_STORE`, `SESSION_SECRET` and
//! `SESSION_SECURE` configure it; see [`setup`]. Start reading at [`app`]: it lists the pages, and
//! shows where the session layer goes.

mod about;
mod account;
mod app;
mod assets;
mod backend;
mod books;
mod browse;
mod cart;
mod csrf;
mod failure;
mod fields;
mod note;
mod notice;
mod page;
mod serve;
mod setup;
mod theme;

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match serve::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bookstore: {}", problem.replace(['\r', '\n'], " "));
            ExitCode::from(2)
        }
    }
}
