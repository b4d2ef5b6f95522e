//! "Sessions in practice": the page shows the program in `program.rs`, and the program does what the page says.

include!("program.rs");

#[cfg(test)]
mod page;
