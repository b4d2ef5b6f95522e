//! Throw-away certificate authorities.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::data::DataDir;
use crate::{Error, Program, Result, ensure};

const CONFIG: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
CN = session-servers
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[server]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1,DNS:localhost
";

/// An authority with one certificate, for a server at 127.0.0.1 and `localhost`; its files go when
/// it is dropped.
#[derive(Debug)]
pub struct Authority {
    dir: DataDir,
}

impl Authority {
    /// Makes a new one with `openssl`: no two trust each other.
    pub fn create() -> Result<Self> {
        let authority = Self { dir: DataDir::create("tls")? };
        authority.dir.write("openssl.cnf", CONFIG)?;
        authority.openssl(
            "req -config openssl.cnf -x509 -extensions authority -subj /CN=throw-away-authority -days 30 \
             -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt",
        )?;
        authority.openssl(
            "req -config openssl.cnf -new -subj /CN=localhost \
             -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr",
        )?;
        authority.openssl(
            "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -set_serial 1 -days 30 \
             -extfile openssl.cnf -extensions server -out server.crt",
        )?;
        Ok(authority)
    }

    /// The authority's own certificate, in PEM: what a client is told to trust.
    pub fn certificate(&self) -> PathBuf {
        self.dir.file("ca.crt")
    }

    /// The server's certificate, in PEM.
    pub fn server_certificate(&self) -> PathBuf {
        self.dir.file("server.crt")
    }

    /// The server's private key, in PEM.
    pub fn server_key(&self) -> PathBuf {
        self.dir.file("server.key")
    }

    fn openssl(&self, args: &str) -> Result<()> {
        let output = Command::new(ensure(Program::OpenSsl)?)
            .args(args.split_whitespace())
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Error::io("cannot run openssl", error))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Error::new(format!("openssl {args} failed:\n{said}")))
    }
}
