//! Installing packages of Debian.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use crate::install::find;
use crate::{Error, Result};

/// Installs `package` as root or with passwordless sudo.
pub(crate) fn install(package: &str) -> Result<()> {
    let advice = format!("install it (on Debian or Ubuntu: apt-get install {package})");
    let mut shell = root_shell().ok_or_else(|| {
        Error::new(format!(
            "{package} could not be installed without asking (needs apt-get, and root or \
             passwordless sudo): {advice}"
        ))
    })?;
    eprintln!("installing {package} with apt-get");
    let output =
        shell.args(["-c", INSTALL, "sh", package]).stdin(Stdio::null()).output().map_err(
            |error| Error::io(format!("cannot run apt-get to install {package}"), error),
        )?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    let last = last.unwrap_or("no output");
    Err(Error::new(format!("apt-get failed ({last}): {advice}")))
}

/// The policy file keeps the package's service from being started; one that is there already is the
/// machine's own business. Someone else's apt-get holds the lock on the package lists for a while
/// only. Old lists may still do, so a failed update is not the end.
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
