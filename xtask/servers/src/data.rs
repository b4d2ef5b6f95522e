//! Throw-away directories, which outlive neither their server nor this process.

use std::collections::hash_map::RandomState;
use std::fs::{self, DirBuilder};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{Error, Result};

/// A directory that is removed, with all in it, when it is dropped, or when this process ends.
#[derive(Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Makes a new, empty one, with `name` in its name, under the system's directory for temporary
    /// files.
    pub fn create(name: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = process_dir()?.join(format!("{name}-{number}"));
        make(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> Result<PathBuf> {
        let path = self.file(name);
        fs::write(&path, content)
            .map_err(|error| Error::io(format!("cannot write {}", path.display()), error))?;
        Ok(path)
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // What remains is removed with the process's directory.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The directory above those of this process's servers, with the watchdog that removes it when this
/// process ends.
struct ProcessDir {
    path: PathBuf,
    /// Its standard input is a pipe from here, which closes however this process ends.
    _watchdog: Child,
}

fn process_dir() -> Result<PathBuf> {
    static DIR: Mutex<Option<ProcessDir>> = Mutex::new(None);
    let mut dir = DIR.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(dir) = &*dir {
        return Ok(dir.path.clone());
    }
    let random = RandomState::new().build_hasher().finish() as u32;
    let path = std::env::temp_dir().join(format!("session-servers-{random:08x}"));
    make(&path)?;
    let watchdog = watch(&path).map_err(|error| Error::io("cannot start sh", error))?;
    *dir = Some(ProcessDir { path: path.clone(), _watchdog: watchdog });
    Ok(path)
}

/// In a group of its own, so that the Ctrl-C or the kill that ends this process's group leaves it
/// its work. The servers end at the same moment, and one may still write a file: hence more than
/// one try.
fn watch(path: &Path) -> io::Result<Child> {
    let script = r#"read -r _; for try in 1 2 3 4 5; do rm -rf "$1" && exit; sleep 1; done"#;
    Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(path)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

fn make(path: &Path) -> Result<()> {
    DirBuilder::new()
        .mode(0o700)
        .create(path)
        .map_err(|error| Error::io(format!("cannot make {}", path.display()), error))
}
