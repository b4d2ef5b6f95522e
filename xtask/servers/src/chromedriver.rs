//! A browser that a program drives.

use std::net::TcpStream;
use std::path::{Path, PathBuf};

use crate::data::DataDir;
use crate::ports::{Port, with_free_port};
use crate::process::Process;
use crate::{Error, Program, Result, ensure};

/// A running `chromedriver` on 127.0.0.1; dropped, it is killed. It starts browsers when a
/// WebDriver client asks for them.
#[derive(Debug)]
pub struct ChromeDriver {
    _process: Process,
    port: Port,
    chromium: PathBuf,
    _dir: DataDir,
}

impl ChromeDriver {
    /// Starts it, after installing it and Chromium where they are missing, and returns once it
    /// answers.
    ///
    /// # Errors
    ///
    /// One line that says what to install, or why it does not start.
    pub fn start() -> Result<Self> {
        let chromium = ensure(Program::Chromium)?;
        let program = ensure(Program::ChromeDriver)?;
        with_free_port(|port| {
            let dir = DataDir::create("chromedriver")?;
            let args = vec![format!("--port={}", port.number())];
            let process = Process::new(program.clone(), args, &dir);
            let address = ("127.0.0.1", port.number());
            process.start(|| match TcpStream::connect(address) {
                Ok(_) => Ok(()),
                Err(error) => Err(Error::io("cannot connect to chromedriver", error)),
            })?;
            Ok(Self { _process: process, port, chromium: chromium.clone(), _dir: dir })
        })
    }

    /// Where WebDriver clients find it, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The browser that it starts.
    pub fn chromium(&self) -> &Path {
        &self.chromium
    }
}
