//! One server process: started, awaited, killed, started again.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use crate::data::DataDir;
use crate::install::find;
use crate::{Error, Result, wait};

const START_LIMIT: Duration = Duration::from_secs(30);

/// A program with its arguments, and the child that runs it now, if one does.
#[derive(Debug)]
pub(crate) struct Process {
    program: Mutex<PathBuf>,
    args: Vec<String>,
    log: PathBuf,
    child: Mutex<Option<Child>>,
}

impl Process {
    /// Its output goes to the file `log` in `dir`.
    pub(crate) fn new(program: PathBuf, args: Vec<String>, dir: &DataDir) -> Self {
        Self { program: Mutex::new(program), args, log: dir.file("log"), child: Mutex::new(None) }
    }

    /// What the next start runs.
    pub(crate) fn set_program(&self, program: PathBuf) {
        *self.program.lock().unwrap_or_else(PoisonError::into_inner) = program;
    }

    fn program(&self) -> PathBuf {
        let program = self.program.lock();
        program.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts the program unless it runs, and returns once `ready` succeeds.
    pub(crate) fn start(&self, mut ready: impl FnMut() -> Result<()>) -> Result<()> {
        let mut slot = self.child();
        if let Some(child) = slot.as_mut()
            && matches!(child.try_wait(), Ok(None))
        {
            return Ok(());
        }
        let program = self.program();
        let name = program.display();
        let mut child =
            self.spawn().map_err(|error| Error::io(format!("cannot start {name}"), error))?;
        let started = wait::until(START_LIMIT, &format!("{name} does not answer"), || match child
            .try_wait()
        {
            Ok(Some(_)) => Ok(false),
            _ => ready().map(|()| true),
        });
        match started {
            Ok(true) => {
                *slot = Some(child);
                Ok(())
            }
            Ok(false) => Err(self.ended_at_once()),
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }

    /// Kills it with SIGKILL and waits for its end; nothing where it does not run.
    pub(crate) fn kill(&self) {
        if let Some(mut child) = self.child().take() {
            end(&mut child);
        }
    }

    /// `None` where it was killed, or ended by itself.
    pub(crate) fn pid(&self) -> Option<u32> {
        let mut slot = self.child();
        let child = slot.as_mut()?;
        matches!(child.try_wait(), Ok(None)).then(|| child.id())
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self) -> io::Result<Child> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = match find("setpriv") {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "KILL"]).arg(self.program());
                command
            }
            None => Command::new(self.program()),
        };
        command.args(&self.args).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        spawn_from_lasting_thread(command)
    }

    fn ended_at_once(&self) -> Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(8)..).unwrap_or(&[]);
        let mut error = Error::new(format!(
            "{} ended at once; its log ends:\n{}",
            self.program().display(),
            last.join("\n")
        ));
        error.port_taken = last.iter().any(|line| line.contains("already in use"));
        error
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn end(child: &mut Child) {
    // Both fail only where the child is gone, which is what is wanted.
    let _ = child.kill();
    let _ = child.wait();
}

type Request = (Command, Sender<io::Result<Child>>);

/// The kernel sends the parent-death signal when the *thread* that made the child ends. A test's
/// thread ends long before a server that its process shares, so one thread that lasts as long as
/// the process makes them all.
fn spawn_from_lasting_thread(command: Command) -> io::Result<Child> {
    static SPAWNER: OnceLock<Sender<Request>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        thread::spawn(move || {
            for (mut command, reply) in requests {
                // The one who asked waits for the answer.
                let _ = reply.send(command.spawn());
            }
        });
        sender
    });
    let gone = || io::Error::other("the thread that starts servers is gone");
    let (reply, answer) = mpsc::channel();
    spawner.send((command, reply)).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}
