//! `cargo xtask bench` without peers.

fn main() -> std::process::ExitCode {
    xtask_bench::main(&[])
}
