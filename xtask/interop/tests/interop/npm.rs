//! Installs remix's packages from npm into the build directory.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The versions that `docs/remix.md` describes. Their dependencies are listed too, so that new
/// releases of those change nothing.
const PACKAGES: &[&str] = &[
    "@remix-run/session@0.4.2",
    "@remix-run/cookie@0.5.1",
    "@remix-run/session-middleware@0.2.2",
    "@remix-run/session-storage-redis@0.1.1",
    "@remix-run/session-storage-memcache@0.1.1",
    "@remix-run/fetch-router@0.18.2",
    "@remix-run/headers@0.19.0",
    "@remix-run/route-pattern@0.20.1",
    "@redis/client@5.12.1",
    "redis@5.12.1",
];

const LIMIT: Duration = Duration::from_secs(300);

/// The directory with `node_modules`. The packages are installed once, until the build directory is
/// cleaned.
pub fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(install)
}

fn install() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("remix");
    fs::create_dir_all(&directory).unwrap();
    // Another test process may be installing them at the same time.
    let lock = File::create(directory.join("lock")).unwrap();
    lock.lock().unwrap();
    let marker = directory.join("installed");
    let wanted = PACKAGES.join("\n");
    if fs::read_to_string(&marker).is_ok_and(|found| found == wanted) {
        return directory;
    }
    let _ = fs::remove_file(&marker);
    let _ = fs::remove_dir_all(directory.join("node_modules"));
    // Without a package.json, npm installs into the nearest parent directory that has one.
    fs::write(directory.join("package.json"), "{\"private\":true}\n").unwrap();
    npm(&directory);
    fs::write(&marker, wanted).unwrap();
    directory
}

fn npm(directory: &Path) {
    let log = directory.join("npm.log");
    let output = File::create(&log).unwrap();
    let mut npm = Command::new("npm")
        .args(["install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"])
        .args(PACKAGES)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap_or_else(|error| missing("npm", &error));
    let deadline = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = npm.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            npm.kill().unwrap();
            break npm.wait().unwrap();
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(
        status.success(),
        "npm could not install remix's packages ({status}); these tests need access to the npm \
         registry:\n{}",
        fs::read_to_string(log).unwrap_or_default(),
    );
}

/// Fails, and says what to install.
pub fn missing(program: &str, error: &std::io::Error) -> ! {
    match error.kind() {
        ErrorKind::NotFound => panic!(
            "{program} is missing: these tests run remix's own packages; install Node.js 20 or \
             newer, with npm"
        ),
        _ => panic!("cannot run {program}: {error}"),
    }
}
