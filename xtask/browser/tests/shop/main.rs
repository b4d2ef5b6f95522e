//! Visits the bookstore with a real browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod browser;
mod https;
mod limits;
mod pictures;
mod shop;
mod visit;
mod webdriver;
