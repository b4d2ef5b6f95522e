//! Which core does what, where a server answers.
//!
//! Left alone, the kernel puts the server now beside the one that asks and now on a core of its own, and a core that halts wakes up
//! when the host of a virtual machine sees fit, which takes longer than a request. Both change what is measured by a third, from
//! one run to the next. So who asks and who answers have a core each, and something to do on it at all times.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::thread::JoinHandle;

use rustix::process::Pid;
use rustix::thread::{CpuSet, gettid, sched_getaffinity, sched_setaffinity};

/// A core for the thread that made it, and one for servers, for as long as it lives.
#[derive(Debug)]
pub struct Cores {
    before: CpuSet,
    servers: CpuSet,
    over: Arc<AtomicBool>,
    idlers: Vec<JoinHandle<()>>,
}

static SHARED: Mutex<Weak<Cores>> = Mutex::new(Weak::new());

impl Cores {
    /// Those that all share, with this server on its own; `None` on a machine with one core.
    pub fn beside(server: Option<u32>) -> Option<Arc<Self>> {
        let cores = Self::shared()?;
        if let Some(process) = server {
            cores.serve(process);
        }
        Some(cores)
    }

    /// Puts the calling thread, which serves, onto the core for servers.
    pub(crate) fn serve_here(&self) {
        sched_setaffinity(None, &self.servers).expect("a core of ours");
    }

    fn shared() -> Option<Arc<Self>> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cores) = shared.upgrade() {
            return Some(cores);
        }
        let before = sched_getaffinity(None).ok()?;
        let mut ours = (0..CpuSet::MAX_CPU).filter(|core| before.is_set(*core));
        let (asking, servers) = (only(ours.next()?), only(ours.next()?));
        let over = Arc::new(AtomicBool::new(false));
        let (ready, both) = mpsc::channel();
        let idlers = [asking, servers].map(|core| {
            let (over, ready) = (Arc::clone(&over), ready.clone());
            std::thread::spawn(move || {
                sched_setaffinity(None, &core).expect("a core of ours");
                give_way();
                let _ = ready.send(());
                drop(ready);
                while !over.load(Relaxed) {
                    std::hint::spin_loop();
                }
            })
        });
        // Until they give way, they hold up who is measured.
        drop(ready);
        assert_eq!(both.iter().count(), 2, "a core that does not halt");
        sched_setaffinity(None, &asking).expect("a core of ours");
        let cores = Arc::new(Self {
            before,
            servers,
            over,
            idlers: idlers.into(),
        });
        *shared = Arc::downgrade(&cores);
        Some(cores)
    }

    /// Puts a server onto its core, with all its threads.
    fn serve(&self, process: u32) {
        let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("a server of ours");
        for thread in threads {
            let name = thread.expect("a directory").file_name();
            let id = name.to_str().and_then(|name| name.parse().ok());
            let thread = id.and_then(Pid::from_raw);
            assert!(thread.is_some(), "{name:?}");
            // It may have ended meanwhile.
            let _ = sched_setaffinity(thread, &self.servers);
        }
    }
}

impl Drop for Cores {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        for idler in self.idlers.drain(..) {
            idler.join().expect("it only spins");
        }
        sched_setaffinity(None, &self.before).expect("the cores that we had");
    }
}

/// Whoever else wants the core of this thread gets it at once (`SCHED_IDLE` of sched(7), which the nicest thread is not).
fn give_way() {
    let thread = gettid().as_raw_nonzero().to_string();
    let chrt = Command::new("chrt")
        .args(["--idle", "--pid", "0", &thread])
        .status();
    assert!(chrt.is_ok_and(|chrt| chrt.success()), "chrt, of util-linux");
}

fn only(core: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(core);
    set
}
