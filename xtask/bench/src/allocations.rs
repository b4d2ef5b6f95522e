//! How often each case allocates, counted by a binary of its own: an allocator that counts takes its time, and those who allocate
//! more would be measured as slower than they are.

use std::process::{Command, ExitCode, Stdio};

use crate::{Case, Figures, Group};

/// Does some work, and says how many allocations that took, and of how many bytes.
pub type Counter = fn(&mut dyn FnMut()) -> (u64, u64);

/// What follows the name of a binary in that of the one that counts for it.
const SUFFIX: &str = "-allocations";

/// Prints a line for each case of the backends that the arguments name, or of all.
pub fn count_main(groups: &[&[Group]], counter: Counter) -> ExitCode {
    let backends: Vec<String> = std::env::args().skip(1).collect();
    for group in groups.iter().copied().flatten() {
        if !backends.is_empty() && !backends.iter().any(|name| name == group.backend) {
            continue;
        }
        for mut case in (group.cases)().into_iter().filter(|case| case.counted) {
            let (count, bytes) = allocations(&mut case, counter);
            let name = group.name;
            println!(
                "{name}\t{}\t{}\t{count}\t{bytes}",
                case.scenario, case.subject
            );
        }
    }
    ExitCode::SUCCESS
}

/// How many allocations, and of how many bytes, doing it once takes.
pub fn allocations(case: &mut Case, counter: Counter) -> (f64, f64) {
    let mut count = |times: usize| {
        let (count, bytes) = counter(&mut || (case.run)(times));
        (count as f64, bytes as f64)
    };
    count(20);
    // The difference of two runs, so that what a run costs by itself does not count.
    let (few, few_bytes) = count(20);
    let (many, many_bytes) = count(120);
    ((many - few) / 100.0, (many_bytes - few_bytes) / 100.0)
}

/// Fills in what the binary beside this one counts; nothing where there is none.
pub(crate) fn fill_in(figures: &mut Figures, backends: &[&str]) {
    let Ok(own) = std::env::current_exe() else {
        return;
    };
    let mut name = own.into_os_string();
    name.push(SUFFIX);
    let mut command = Command::new(name);
    let counted = command.args(backends).stderr(Stdio::inherit()).output();
    let Ok(counted) = counted else {
        eprintln!("not counting allocations: the binary that does is not built");
        return;
    };
    for line in String::from_utf8_lossy(&counted.stdout).lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [group, scenario, subject, count, bytes] = fields[..] else {
            continue;
        };
        let mut all = figures.0.iter_mut();
        if let Some(figure) = all.find(|figure| figure.is(group, scenario, subject)) {
            figure.allocations = count.parse().ok();
            figure.bytes = bytes.parse().ok();
        }
    }
}
