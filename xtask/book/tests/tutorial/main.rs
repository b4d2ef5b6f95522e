//! Tests of the page "Sessions in practice": it shows the program in `program.rs`, and the program
//! behaves as the page says.

include!("program.rs");

#[cfg(test)]
mod page;
