//! Finding server programs, and installing the missing ones.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::{Error, Result};

/// A program that the tests need, and that a machine may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `redis-server`, which also runs as a cluster node and as a sentinel.
    Redis,
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
            Program::Memcached => "memcached",
            Program::OpenSsl => "openssl",
            Program::Chromium => "chromium",
            Program::ChromeDriver => "chromedriver",
        }
    }

    /// Debian's package.
    fn package(self) -> &'static str {
        match self {
            Program::ChromeDriver => "chromium-driver",
            // The others carry the names of their executables.
            _ => self.executable(),
        }
    }

    fn find(self) -> Option<PathBuf> {
        let found = find(self.executable());
        match self {
            Program::Chromium => found.or_else(|| find("google-chrome")),
            _ => found,
        }
    }
}

/// Where `program` is, after installing it if it was missing and that is possible without asking.
///
/// Installs with `apt-get`, as root or with passwordless sudo, and keeps Debian from starting the system's own service.
/// Processes that call this at once wait for each other.
///
/// # Errors
///
/// One line that says what to install.
pub fn ensure(program: Program) -> Result<PathBuf> {
    let name = program.executable();
    if let Some(path) = program.find() {
        return Ok(path);
    }
    let _lock = lock()?;
    if let Some(path) = program.find() {
        return Ok(path);
    }
    let package = program.package();
    let missing = |why: &str| {
        Error::new(format!(
            "{name} is missing and {why}: install it (on Debian or Ubuntu: apt-get install {package})"
        ))
    };
    let mut shell = root_shell().ok_or_else(|| {
        missing(
            "could not be installed without asking (needs apt-get, and root or passwordless sudo)",
        )
    })?;
    eprintln!("installing {package} with apt-get");
    let output = shell
        .args(["-c", INSTALL, "sh", package])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Error::io(format!("cannot run apt-get to install {package}"), error))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    program
        .find()
        .ok_or_else(|| missing(&format!("apt-get failed ({})", last.unwrap_or("no output"))))
}

/// The policy file keeps the package's service from being started; one that is there already is the machine's own business.
/// Someone else's apt-get holds the lock on the package lists for a while only. Old lists may still do, so a failed update is
/// not the end.
const INSTALL: &str = r#"
exec 2>&1
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" || exit 1
fi
export DEBIAN_FRONTEND=noninteractive
try=0
until said=$(apt-get -q update 2>&1); do
    try=$((try + 1))
    case $said in *"get lock"*) ;; *) break ;; esac
    [ "$try" -lt 60 ] || break
    sleep 2
done
apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$1"
"#;

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

/// A shell that acts as root, if there is one without asking, on a system with apt-get.
fn root_shell() -> Option<Command> {
    find("apt-get")?;
    if fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
        return Some(Command::new("sh"));
    }
    let sudo = find("sudo")?;
    let allowed = Command::new(&sudo)
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    allowed.then(|| {
        let mut command = Command::new(sudo);
        command.args(["-n", "sh"]);
        command
    })
}

/// Opened for reading first: in a sticky directory nobody may create over another user's file, not even root.
fn lock() -> Result<File> {
    let path = std::env::temp_dir().join("session-servers-install.lock");
    let file = File::open(&path)
        .or_else(|_| File::create(&path))
        .map_err(|error| Error::io(format!("cannot open {}", path.display()), error))?;
    file.lock()
        .map_err(|error| Error::io(format!("cannot lock {}", path.display()), error))?;
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
