//! `cargo xtask bench --peers`.

fn main() -> std::process::ExitCode {
    xtask_bench::main(xtask_bench_peers::PEERS)
}
