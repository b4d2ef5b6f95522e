//! A core for the client and a core for the servers.
//!
//! Without this, the ratio of two cases that wait for a server depends on where the kernel puts the
//! server, and on how long a halted core of a virtual machine takes to wake up. So both sides have
//! a core of their own, and a thread of the lowest priority keeps each core busy.

use std::path::Path;
use std::process::Command;
use std::sync::{Once, mpsc};
use std::thread;

const CLIENT: &str = "0";
const SERVERS: &str = "1";

/// Pins the calling thread to the client's core, until the process ends.
pub fn pin_client() {
    static BUSY: Once = Once::new();
    BUSY.call_once(keep_busy);
    util_linux("taskset", &["--pid", "--cpu-list", CLIENT, &this_thread()]);
}

/// Pins the calling thread to the servers' core.
pub(crate) fn pin_this_server() {
    util_linux("taskset", &["--pid", "--cpu-list", SERVERS, &this_thread()]);
}

/// Pins all threads of a process to the servers' core.
pub fn pin_server(pid: Option<u32>) {
    let pid = pid.expect("a running server").to_string();
    let args = ["--all-tasks", "--pid", "--cpu-list", SERVERS, &pid];
    util_linux("taskset", &args);
}

/// Returns once both threads have the lowest priority: before that they would take their core from
/// what is measured.
fn keep_busy() {
    let (starting, started) = mpsc::channel::<()>();
    for core in [CLIENT, SERVERS] {
        let starting = starting.clone();
        thread::spawn(move || {
            let thread = this_thread();
            util_linux("taskset", &["--pid", "--cpu-list", core, &thread]);
            util_linux("chrt", &["--idle", "--pid", "0", &thread]);
            drop(starting);
            loop {
                std::hint::spin_loop();
            }
        });
    }
    drop(starting);
    let _ = started.recv();
}

fn this_thread() -> String {
    let link = std::fs::read_link("/proc/thread-self").expect("Linux");
    let id = link.file_name().map(Path::new).expect("a thread");
    id.display().to_string()
}

fn util_linux(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("{program}, of util-linux: {error}"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {text}");
}
