//! Counts the allocations for `cargo xtask bench`.

fn main() -> std::process::ExitCode {
    xtask_bench::count_main(&[xtask_bench::GROUPS], |work| {
        let counted = allocation_counter::measure(work);
        (counted.count_total, counted.bytes_total)
    })
}
