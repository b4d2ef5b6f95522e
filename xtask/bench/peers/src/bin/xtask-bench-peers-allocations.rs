//! Counts the allocations for `cargo xtask bench --peers`.

fn main() -> std::process::ExitCode {
    let groups = [xtask_bench::GROUPS, xtask_bench_peers::PEERS];
    xtask_bench::count_main(&groups, |work| {
        let counted = allocation_counter::measure(work);
        (counted.count_total, counted.bytes_total)
    })
}
